"""Kill it anywhere, fail any operation: a slice of `python -m benchmarks.crash`, which does it hundreds of times."""

from __future__ import annotations

import contextlib
import errno
import random
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import flows.ingest
from benchmarks.contend import contend
from benchmarks.crash import fail, kill_after, kill_at, operations
from storage.failpoint import NAMES
from tests import faults
from tests.harness import Scene, leftovers, page, run, set_scene, write_scenes
from tests.support import Command, fingerprint, write

# Where a kill leaves most to do; the whole list is tried by the benchmark.
POINTS = ("raw.placed", "commit.move:9", "exchange.made", "exchange.done", "undo.move", "recover.undone")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return set_scene(tmp_path_factory.mktemp("crash"))


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_named_place(scene: Scene, point: str) -> None:
    assert kill_at(scene, point) == []


def test_every_place_has_one_name() -> None:
    assert len(set(NAMES)) == len(NAMES) >= 20


def test_killed_at_a_random_moment(scene: Scene) -> None:
    assert kill_after(scene, random.Random().uniform(0.05, 0.6))[1] == []


@pytest.mark.parametrize("kind", faults.KINDS)
def test_an_operation_fails(scene: Scene, kind: str) -> None:
    count = operations(scene)[kind]
    assert fail(scene, kind, random.Random().randint(1, count), errno.ENOSPC) == []


DISK_BYTES, STEP_BYTES = 4 << 20, 384 << 10


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 4 MiB and 2,000 names."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m,nr_inodes=2000", "stenolake-test", str(place)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a small file system")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_a_disk_that_is_really_full(small_disk: Path, tmp_path: Path) -> None:
    before, after = write_scenes(tmp_path)
    lake, filler = small_disk / "lake", small_disk / "filler"
    assert run(before, lake) == 0
    tables = fingerprint(lake, "documents", "turns")
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as stream:
        while True:
            stream.write(bytes(4096))
    codes: list[int] = []
    while codes[-1:] != [0] and len(codes) < DISK_BYTES // STEP_BYTES:  # a little more room each time
        assert fingerprint(lake, "documents", "turns") == tables
        codes.append(run(after, lake, prepare=ignore_preflight))
        with filler.open("r+b") as stream:
            stream.truncate(max(0, filler.stat().st_size - STEP_BYTES))
    assert set(codes[:-1]) == {5}
    assert codes[-1] == 0
    assert leftovers(lake) == []


def test_a_disk_that_has_no_room_for_another_name(small_disk: Path, tmp_path: Path) -> None:
    before, after = write_scenes(tmp_path)
    lake, filler = small_disk / "lake", small_disk / "filler"
    assert run(before, lake) == 0
    tables = fingerprint(lake, "documents", "turns", "speakers")
    filler.mkdir()
    names = [filler / str(number) for number in range(2000)]
    with contextlib.suppress(OSError):
        for name in names:
            name.touch()
    fillers, codes = [name for name in names if name.exists()], list[int]()
    while codes[-1:] != [0] and fillers:
        for _ in range(24):  # a little more room each time
            fillers.pop().unlink()
        assert fingerprint(lake, "documents", "turns", "speakers") == tables
        codes.append(run(after, lake, prepare=ignore_preflight))
    assert set(codes[:-1]) == {5}
    assert codes[-1] == 0
    assert leftovers(lake) == []


def ignore_preflight() -> None:
    """Let the run meet the end of the disk itself."""
    setattr(flows.ingest, "check_space", lambda lake, size: None)  # noqa: B010 - in a process of its own


def test_preflight_says_how_much_is_missing(stenolake: Command, small_disk: Path, tmp_path: Path) -> None:
    dump = write(tmp_path, "large.txt", "".join(page(day) for day in range(1, 29)) * 400)
    said = stenolake("ingest", dump, "--lake", small_disk / "lake", "--json")
    assert said.code == 5
    assert re.fullmatch(r"storage: 4\.0 MiB free at .*, and this run may need \d+\.\d MiB", said.json["error"])
    assert re.match(r"free \d+\.\d MiB or more", said.json["advice"])


def test_many_writers_lose_nothing(tmp_path: Path) -> None:
    ids, _ = contend(tmp_path, processes=4, ingests=2)
    assert len(ids) == len(set(ids)) == 8
