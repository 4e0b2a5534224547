"""A run on its own, with Prefect's embedded server: nothing on the terminal but our lines, every task run recorded."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

from tests.support import ROOT, page, write

# Anything that connects or resolves outside loopback is written to the file that AUDIT names.
AUDIT = """
import os, sys
def hook(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo"):
        address = arguments[1] if event == "socket.connect" else arguments[:2]
        host = address[0] if isinstance(address, tuple) else address
        if host not in (None, "127.0.0.1", "localhost", "::1", "0.0.0.0") and not str(host).startswith("/"):
            with open(os.environ["AUDIT"], "a") as log:
                log.write(f"{event} {host}\\n")
sys.addaudithook(hook)
"""


def test_run_is_quiet_and_every_task_run_is_recorded(prefect_template: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    shutil.copy(prefect_template, home / "prefect.db")
    write(tmp_path, "sitecustomize.py", AUDIT)
    dump = write(
        tmp_path,
        "pages.txt",
        "".join(page(day, f"Talks {chr(64 + day)}", f"{chr(96 + day) * 9}.") for day in range(1, 27)),
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "DO_NOT", "GX_"))}
    environ |= {"PREFECT_HOME": str(home), "AUDIT": str(tmp_path / "audit.log"), "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", "from flows.cli import main; main()", "ingest", str(dump), "--lake", f"{tmp_path}/lake"],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    first = [line.split()[0] for line in done.stdout.splitlines()]
    assert first == ["1", "documents", "rows", "next", "stenolake", "stenolake", "stenolake"]
    assert not (tmp_path / "audit.log").exists(), (tmp_path / "audit.log").read_text()
    with sqlite3.connect(home / "prefect.db") as database:
        runs = database.execute("select name, state_type from task_run order by name").fetchall()
        flows = database.execute("select name, state_name from flow_run").fetchall()
    database.close()
    names = [
        "acquire 1 files",
        "fold speakers",
        "parse batch 0",
        "plan",
        "publish",
        "recall known dumps",
        "stage source=kremlin/year=2021",
        "validate batch 0",
    ]
    assert runs == [(name, "COMPLETED") for name in names]
    assert flows == [("ingest pages.txt", "Completed")]
