"""`verify` on a disk that fails, and beside runs: what cannot be read is named, what only changes is no damage."""

from __future__ import annotations

import errno
import io
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows import verify
from flows.verify import ATTEMPTS, prove
from storage.errors import StorageError
from storage.files import list_files
from storage.lake import Lake
from tasks import verify_files
from tasks.verify_damage import Damage
from tests.harness import page, plain_ingest
from tests.support import write

RIGHTS = "give this user the right to read it, and run `stenolake verify` again"
DISK = "check the disk (`stenolake doctor`) and run `stenolake verify` again; if it stays, restore the lake from a copy"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("meanwhile")
    plain_ingest([str(write(folder, "1.txt", page(1) + page(2, year=2022)))], str(folder / "lake"), workers=1)
    plain_ingest([str(write(folder, "letter.txt", "Dear all,\n"))], str(folder / "lake"), workers=1)
    return folder / "lake"


@pytest.fixture
def lake(made: Path, tmp_path: Path) -> Lake:
    """A lake of two runs, with a file in quarantine."""
    shutil.copytree(made, tmp_path / "lake")
    return Lake(tmp_path / "lake")


@pytest.fixture
def fail(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path, int], None]:
    """Have the system refuse to read a file."""

    def install(path: Path, number: int) -> None:
        def refusing(call: Any) -> Any:
            def refuse(file: Any, *arguments: Any, **options: Any) -> Any:
                if str(file) == str(path):
                    raise OSError(number, os.strerror(number), str(file))
                return call(file, *arguments, **options)

            return refuse

        for module, name in ((io, "open"), (pq, "ParquetFile")):
            monkeypatch.setattr(module, name, refusing(getattr(module, name)))

    return install


@pytest.mark.parametrize(("number", "said", "advice"), [
    (errno.EIO, "Input/output error", DISK), (errno.EACCES, "Permission denied", RIGHTS),
])  # fmt: skip
@pytest.mark.parametrize(
    ("place", "also"),
    [
        ("documents", {(5, "source=kremlin/year=2021")}),
        ("turns", {(5, "source=kremlin/year=2021")}),
        ("speakers", set()),
        ("_raw", set()),
        ("_quality", set()),
        ("_quarantine", set()),
        ("_lineage/blocks", {(5, "source=kremlin/year=2021")}),
        ("_lineage/appearances", {(5, "source=kremlin/year=2021")}),
        *((f"_lineage/{table}", set()) for table in ("inputs", "versions", "openlineage")),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_named(
    lake: Lake, fail: Callable[[Path, int], None], place: str, also: set[tuple[int, str]], number: int, said: str,
    advice: str,
) -> None:  # fmt: skip
    name = f"{place}/{list_files(lake.root / place)[0]}"
    fail(lake.root / name, number)
    damage, counts = prove(lake)
    rule = 1 if place == "_raw" else 5
    assert {(one.rule, one.where) for one in damage} == {(rule, name), *also}
    assert {one.problem for one in damage} == {f"cannot be read: {said}"}
    assert {one.advice for one in damage} == {advice}
    assert counts["partitions"] == 2  # the proof went on


@pytest.mark.parametrize("table", ["outputs", "runs"])
def test_a_ledger_file_that_cannot_be_read_makes_no_file_garbage(
    lake: Lake, fail: Callable[[Path, int], None], table: str
) -> None:
    name = f"_lineage/{table}/{list_files(lake.root / '_lineage' / table)[0]}"
    fail(lake.root / name, errno.EIO)
    damage, _ = prove(lake)
    assert (name, "cannot be read: Input/output error", DISK) in [
        (one.where, one.problem, one.advice) for one in damage
    ]
    unlisted = [one for one in damage if one.problem == "is listed by no run"]
    assert {one.advice for one in unlisted} == ({verify_files._LEDGER_ADVICE} if table == "outputs" else set())


@pytest.mark.parametrize("place", ["documents/source=kremlin", "_raw", "_quarantine", "_quality", "_lineage/inputs"])
def test_a_folder_that_cannot_be_listed_is_not_empty(lake: Lake, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    scan = os.scandir

    def refuse(path: Any = ".") -> Any:
        if Path(path) == lake.root / place:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(StorageError, match=f"storage: Permission denied: .*/{place}") as told:
        prove(lake)
    assert told.value.exit_code == 5


def test_staging_is_not_looked_into(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = lake.staging / "at-work"
    folder.mkdir()
    scan, seen = os.scandir, []

    def note(path: Any = ".") -> Any:
        seen.append(Path(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", note)
    assert list_files(lake.root, "_staging") == [
        name for name in list_files(lake.root) if not name.startswith("_staging/")
    ]
    assert seen.count(folder) == 1


def test_a_folder_that_goes_while_it_is_listed_has_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, "file", "")
    scan = os.scandir

    def sweep(path: Any = ".") -> Any:
        if path == tmp_path / "b/":
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", sweep)
    assert list_files(tmp_path) == ["a/file"]


def test_a_file_that_goes_while_it_is_looked_at_is_looked_for_again(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check, emptied = verify_files._check_file, []

    def move_the_year(*arguments: Any) -> Any:
        if not emptied:
            emptied.append(True)
            dump = write(tmp_path, "2.txt", page(2))  # its day moves to 2021, and 2022 has no file any more
            plain_ingest([str(dump)], str(lake.root), workers=1)
        yield from check(*arguments)

    monkeypatch.setattr(verify_files, "_check_file", move_the_year)
    assert lake.partitions()[-1].year == 2022
    assert prove(lake)[0] == []
    assert [one.year for one in lake.partitions()] == [2021]


def test_a_lake_that_never_rests_is_damaged_where_that_lasts(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    lasting = Damage(5, "turns/x", "has 1 bytes, 2 are listed", "delete it")
    passing = [Damage(5, f"_lineage/runs/{number}", "is listed by no run", "delete it") for number in range(ATTEMPTS)]
    states, found = iter(range(2 * ATTEMPTS)), iter(passing)
    monkeypatch.setattr(verify, "_state", lambda lake: next(states))
    monkeypatch.setattr(verify, "_prove", lambda lake, sample: ([next(found), lasting], {"files": 1}))
    assert prove(lake) == ([lasting], {"files": 1})
    assert (list(states), list(found)) == ([], [])
