"""Damage that a run must not build on: bits that flip, notes cut by a power cut, a folder that is somebody else's."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
from pathlib import Path

import pytest

from flows.cli import Stopped, _stop
from flows.destination import Destination, lock_of
from flows.gc import find_unreached
from flows.verify import prove
from storage import commit, ledger
from storage.errors import DamageError, StorageError, UsageError
from storage.lake import Lake
from storage.lock import hold
from tests.harness import page, plain_ingest
from tests.support import write


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rot")
    for day in range(1, 4):
        ingest(folder, day)
    return folder / "lake"


@pytest.fixture
def lake(made: Path, tmp_path: Path) -> Lake:
    """A lake after three runs."""
    shutil.copytree(made, tmp_path / "lake")
    return Lake(tmp_path / "lake")


def ingest(folder: Path, day: int) -> None:
    plain_ingest([str(write(folder, f"{day}.txt", page(day)))], str(folder / "lake"), workers=1)


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1 << at % 8
    path.chmod(0o644)
    path.write_bytes(data)


def test_a_value_that_is_damaged_is_not_merged_into_a_new_file(lake: Lake, tmp_path: Path) -> None:
    (file,) = (lake.root / "documents").rglob("*.parquet")
    (partition,), whole = lake.partitions(), file.read_bytes()
    rows = lake.read("documents", partition)
    told = 0
    for at in range(4, int(len(whole) * 0.4), 29):  # pages come first: their values have checksums
        flip(file, at)
        with contextlib.suppress(DamageError):
            assert lake.read("documents", partition).equals(rows), at
            told -= 1
        told += 1
        file.write_bytes(whole)
    assert told > 20
    flip(file, next(at for at in range(4, 400) if is_told(file, whole, at, lake)))
    with pytest.raises(DamageError, match="documents"):
        ingest(tmp_path, 9)
    assert {one.where for one in prove(lake)[0]} >= {file.relative_to(lake.root).as_posix()}


def is_told(file: Path, whole: bytes, at: int, lake: Lake) -> bool:
    flip(file, at)
    try:
        lake.read("documents", lake.partitions()[0])
    except DamageError:
        return True
    finally:
        file.write_bytes(whole)
    return False


@pytest.mark.parametrize("what", ["a bit is flipped", "one is missing"])
@pytest.mark.parametrize("table", ["outputs", "runs"])
def test_gc_deletes_nothing_where_the_ledger_is_not_whole(lake: Lake, table: str, what: str) -> None:
    assert find_unreached(lake) == []
    file = sorted((lake.root / "_lineage" / table).glob("*.parquet"))[1]
    if what == "one is missing":
        file.unlink()
    else:
        flip(file, random.Random().randrange(file.stat().st_size))
    with pytest.raises(DamageError, match="so nothing is deleted"):
        find_unreached(lake)


def test_gc_leaves_raw_objects_to_a_run_that_downloads(lake: Lake, tmp_path: Path) -> None:
    lake.raw.add_file(write(tmp_path, "stray", b"nobody knows me"))
    folder = lake.staging / "away"
    with hold(folder / "lock", "away", 0, "the folder of the run"):
        assert find_unreached(lake) == []
    assert [name.split("/")[0] for name, _, _ in find_unreached(lake)] == ["_raw"]


@pytest.mark.parametrize("name", ["run.json", "objects.ndjson", "fetches.ndjson"])
@pytest.mark.parametrize("left", [b"", b"\0" * 40 + b"\n", b"\xff\n", b"[1]\n", b'{"run_id"'])
def test_a_note_that_nobody_can_read_stops_no_run(lake: Lake, tmp_path: Path, name: str, left: bytes) -> None:
    folder = lake.staging / "killed"
    folder.mkdir()
    write(folder, "run.json", b'{"run_id": "x"}')
    write(folder, name, left)
    ingest(tmp_path, 8)
    assert not folder.exists()
    assert ledger.read(lake, "runs")["status"].to_pylist() == ["completed"] * 4
    assert prove(lake)[0] == []


def test_an_intent_that_nobody_can_read_is_named(lake: Lake, tmp_path: Path) -> None:
    folder = lake.staging / "killed"
    folder.mkdir()
    write(folder, "intent.json", b"\0" * 40)
    with pytest.raises(StorageError, match=r"cannot be read: .*/killed/intent\.json: ") as told:
        ingest(tmp_path, 8)
    assert "stenolake verify" in told.value.advice


def test_a_run_that_is_told_to_end_after_its_commit_is_recorded_once(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = commit.sync_folder

    def end(folder: Path) -> None:
        sync(folder)
        if folder.parent == lake.staging and (folder / "kept").exists() and not (folder / "intent.json").exists():
            monkeypatch.setattr(commit, "sync_folder", sync)
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, _stop)
    monkeypatch.setattr(commit, "sync_folder", end)
    try:
        with pytest.raises(Stopped):
            ingest(tmp_path, 8)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert ledger.read(lake, "runs")["status"].to_pylist() == ["completed"] * 4
    assert prove(lake)[0] == []


def test_a_folder_of_copies_in_a_table_is_named_and_left_alone(lake: Lake, tmp_path: Path) -> None:
    (year,) = (lake.root / "documents").glob("*/*")
    shutil.copytree(year, year.with_name(f"{year.name} (copy)"))
    ingest(tmp_path, 8)
    where = year.with_name(f"{year.name} (copy)").relative_to(lake.root).as_posix()
    assert [(one.where, one.problem) for one in prove(lake)[0]] == [(f"{where}/part-0.parquet", "is listed by no run")]


@pytest.mark.parametrize("kind", ["link", "open to all"])
def test_the_lock_of_a_host_is_where_nobody_else_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    goal = Destination.__new__(Destination)
    monkeypatch.setattr(Destination, "host", "valdoria.example:443")
    assert lock_of(goal).parent.parent.stat().st_mode & 0o777 == 0o700
    folder = lock_of(goal).parent.parent
    if kind == "link":
        folder.rename(tmp_path / "elsewhere")
        folder.symlink_to(tmp_path / "elsewhere")
    else:
        folder.chmod(0o777)
    with pytest.raises(UsageError, match="is not this user's alone"):
        lock_of(goal)
