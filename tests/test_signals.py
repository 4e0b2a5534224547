"""Ctrl-C and SIGTERM end a run at once, with their exit codes, a word, and a lake that is whole."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import uuid
from pathlib import Path

import pytest
from prefect.exceptions import TerminationSignal

from flows import cli
from flows.session import session
from storage import ledger
from storage.lake import Lake
from tests.support import PATIENCE_SECONDS, ROOT, Command, page, wait_for, write


@pytest.mark.parametrize(
    ("number", "code", "word"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")]
)
def test_signal_ends_a_run(
    stenolake: Command, prefect_api: str, tmp_path: Path, number: signal.Signals, code: int, word: str
) -> None:
    lake = tmp_path / "lake"
    dump = write(tmp_path, "big.txt", "".join(page(1 + day % 31, title=f"Talks {day}") for day in range(6000)))
    process = subprocess.Popen(
        [sys.executable, "-c", "from flows.cli import main; main()", "ingest", str(dump), "--lake", str(lake)],
        cwd=ROOT, env={**os.environ, "PREFECT_API_URL": prefect_api}, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert wait_for(lambda: (lake / "_raw").exists() or process.poll() is not None)
    assert process.poll() is None
    process.send_signal(number)
    _, err = process.communicate(timeout=PATIENCE_SECONDS)
    assert (process.returncode, err.splitlines()[0]) == (code, f"stenolake: {word}"), err
    assert stenolake("verify", "--lake", lake).code == 0
    assert ledger.read(Lake(lake), "runs")["status"].to_pylist() == ["failed"]


def test_a_signal_that_prefect_stumbles_over(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has a handler of its own for SIGTERM, and in the first steps of a task no task run that it could end."""

    def stumble(**_: object) -> None:
        try:
            raise TerminationSignal(signal=signal.SIGTERM)
        except TerminationSignal:
            raise ValueError("Task run is not set")  # noqa: B904 - so it is

    monkeypatch.setattr(cli, "app", stumble)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit) as ended:
        cli.main(["ingest"])
    assert ended.value.code == 143
    assert capsys.readouterr().err.startswith("stenolake: terminated\n")


@pytest.mark.parametrize("gathered", [False, True])
def test_an_end_right_after_a_rename_leaves_a_whole_lake(
    stenolake: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, gathered: bool
) -> None:
    """The object stands, and the run that put it there has not noted it yet."""
    lake, dump = tmp_path / "lake", write(tmp_path, "page.txt", page(1))
    rename = Path.replace

    def rename_and_end(staged: Path, final: Path) -> Path:
        rename(staged, final)
        if final.suffix == ".zst":
            raise KeyboardInterrupt
        return final

    monkeypatch.setattr(Path, "replace", rename_and_end)
    with (
        pytest.raises(KeyboardInterrupt),
        session("ingest", str(uuid.uuid4()), lake, {}) as at_work,
        at_work.raw.gathering() if gathered else contextlib.nullcontext(at_work.raw) as raw,
    ):
        raw.add_file(dump)
    monkeypatch.undo()
    assert [output.path for output in at_work.run.outputs] == [str(next(lake.rglob("*.zst")).relative_to(lake))]
    assert stenolake("verify", "--lake", lake).code == 0


def processes_with(mark: str) -> list[int]:
    """Processes of this machine that have a mark in their environment."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark.encode() in (place / "environ").read_bytes().split(b"\0"):
                found.append(int(place.name))
    return found


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are looked for in /proc")
def test_a_killed_run_leaves_no_process(prefect_template: Path, tmp_path: Path) -> None:
    """Prefect's own server, which a run starts where none is named, stayed for ever."""
    (tmp_path / "home").mkdir()
    shutil.copy(prefect_template, tmp_path / "home" / "prefect.db")
    mark = f"STENOLAKE_TEST={tmp_path}"
    environ = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
    environ |= {"PREFECT_HOME": str(tmp_path / "home"), "STENOLAKE_TEST": str(tmp_path)}
    dump = write(tmp_path, "big.txt", "".join(page(1 + day % 31, title=f"Talks {day}") for day in range(6000)))
    lake = tmp_path / "lake"
    process = subprocess.Popen(
        [sys.executable, "-c", "from flows.cli import main; main()", "ingest", str(dump), "--lake", str(lake)],
        cwd=ROOT, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert wait_for(lambda: (lake / "_raw").exists() or process.poll() is not None)
    assert process.poll() is None
    assert len(processes_with(mark)) > 2, "the command, its server, and what watches it"
    process.kill()
    process.wait()
    assert wait_for(lambda: processes_with(mark), lambda left: not left) == []
