"""Ctrl-C and SIGTERM end a run at once, with their exit codes, a word, and a lake that is whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from storage import ledger
from storage.lake import Lake
from tests.support import ROOT, Command, page, write


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
    while not (lake / "_raw").exists():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err.splitlines()[0]) == (code, f"stenolake: {word}"), err
    assert stenolake("verify", "--lake", lake).code == 0
    assert ledger.read(Lake(lake), "runs")["status"].to_pylist() == ["failed"]
