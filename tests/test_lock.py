"""One writer a lake: who waits, who is refused, and whose lock is worth nothing any more."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage import ledger
from storage import lock as locks
from storage.errors import LakeHeldError
from storage.lake import Lake
from storage.lock import LEASE_SECONDS, hold
from tests import harness
from tests.support import PATIENCE_SECONDS, ROOT, Command, fingerprint, page, wait_for, write

HOLDER = """
import sys, time
from pathlib import Path
from storage.lock import hold
with hold(Path(sys.argv[1]), "the-other-run"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@contextlib.contextmanager
def holder(lock: Path, seconds: float) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lake for some seconds, or until it is killed."""
    command = [sys.executable, "-c", HOLDER, str(lock), str(seconds)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_lock_of_a_killed_owner_is_free_at_once(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with holder(lock, 600) as process, pytest.raises(LakeHeldError, match=f"the-other-run, process {process.pid} on "):
        hold(lock, "mine").__enter__()
    with hold(lock, "mine"):
        assert json.loads(lock.read_text())["run_id"] == "mine"
    assert lock.read_text() == ""


def test_a_run_waits_for_the_lake(tmp_path: Path) -> None:
    with holder(tmp_path / "lock", 1) as process, hold(tmp_path / "lock", "mine", wait_seconds=PATIENCE_SECONDS):
        assert process.wait(PATIENCE_SECONDS) == 0


def test_runs_stand_in_the_ledger_in_the_order_in_which_they_held_the_lake(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who began first and waited changed the lake last."""
    lake, waited = tmp_path / "lake", list[float]()
    with holder(lake / "_staging" / "lock", 600) as process:

        def sleep(seconds: float) -> None:
            process.kill()
            process.wait()
            waited.append(time.time())

        monkeypatch.setattr(locks.time, "sleep", sleep)
        harness.plain_ingest([str(write(tmp_path, "a.txt", page(1)))], str(lake), wait_seconds=600)
    (run,) = (lake / "_lineage" / "runs").iterdir()
    at = dt.datetime.strptime(run.name.partition("Z-")[0] + "+0000", "%Y%m%dT%H%M%S.%f%z")
    (row,) = ledger.read(Lake(lake), "runs").to_pylist()
    assert row["started_at"].timestamp() < waited[0] < at.timestamp() < row["ended_at"].timestamp()


def test_a_wait_has_an_end_and_names_the_owner(stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    with holder(lake / "_staging" / "lock", 600):
        said = stenolake("ingest", write(tmp_path, "a.txt", page(1)), "--lake", lake, "--wait", "0.5", "--json")
    assert said.code == 11
    assert "still after 0.5 s: run the-other-run, process" in said.json["error"]
    assert "--wait" in said.json["advice"]


def test_owner_on_another_host_counts_until_its_lease_is_over(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    elsewhere = {"pid": 1, "host": "other", "boot_id": "another kernel", "run_id": "far", "started_at": "then"}
    lock.write_text(json.dumps(elsewhere))
    with pytest.raises(LakeHeldError, match=r"run far, process 1 on other since then, last heard of [0-9]+ s ago"):
        hold(lock, "mine").__enter__()
    old = time.time() - LEASE_SECONDS - 1
    os.utime(lock, (old, old))
    with hold(lock, "mine"):
        assert json.loads(lock.read_text())["run_id"] == "mine"


def test_owner_in_another_container_of_this_kernel_is_dead_when_its_lock_is_free(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    gone = {"pid": 1, "host": "container", "boot_id": locks.boot_id(), "run_id": "gone", "started_at": "then"}
    lock.write_text(json.dumps(gone))
    with hold(lock, "mine"):
        pass


def test_heartbeat_keeps_the_lease(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "_HEARTBEAT_SECONDS", 0.05)
    lock = tmp_path / "lock"
    with hold(lock, "mine"):
        os.utime(lock, (1, 1))
        assert wait_for(lambda: time.time() - lock.stat().st_mtime < 60)


def test_a_run_that_lost_its_lease_changes_nothing(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    harness.plain_ingest([str(write(tmp_path, "a.txt", page(1)))], str(lake))
    before = fingerprint(lake)
    lock = lake / "_staging" / "lock"
    elsewhere = json.dumps({"pid": 1, "host": "other", "boot_id": "another", "run_id": "far", "started_at": "then"})

    def lose(name: str) -> None:
        if name == "ledger.made":  # the last step before the commit
            lock.write_text(elsewhere)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "reach", lose)
        with pytest.raises(LakeHeldError, match="this run lost the lake while it was at work: run far, process 1 on"):
            harness.plain_ingest([str(write(tmp_path, "b.txt", page(2)))], str(lake))
    assert lock.read_text() == elsewhere  # not ours to clear
    now = fingerprint(lake)
    assert {name: now[name] for name in before} == before
    assert {name.split("/")[0] for name in set(now) - set(before)} == {"_raw", "_lineage"}  # raw bytes, the first event


def test_a_lock_file_that_was_removed_is_lost(tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    with hold(lock, "mine") as require_hold:
        require_hold()
        lock.unlink()
        with hold(lock, "other"), pytest.raises(LakeHeldError, match="its lock file is gone"):
            require_hold()
        assert lock.read_text() == ""
