"""Documents that change places between partitions: a table of a source changes at one instant."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from storage import commit, exchange, files
from storage.commit import Move
from storage.errors import StorageError
from storage.exchange import CannotExchangeError, exchange_files
from storage.records import Output
from tests.support import write


def move(root: Path, folder: Path, name: str, text: str, *, together: bool = True) -> Move:
    """A staged file that is to stand at a path of the lake; removed where there is no text."""
    staged = write(folder, name.replace("/", "-"), text) if text else None
    sha256 = files.sha256_file(staged) if staged else ""
    output = Output("turns", "year", name, bool(text), len(text), sha256)
    return Move(staged.name if staged else "", output, together)


@pytest.fixture
def moves(tmp_path: Path) -> list[Move]:
    """Years 1 and 2 of a source change, 3 goes, 4 comes, 5 stays."""
    folder = tmp_path / "staging"
    folder.mkdir()
    for year in (1, 2, 3, 5):
        (tmp_path / f"turns/source=a/year={year}").mkdir(parents=True)
        write(tmp_path / f"turns/source=a/year={year}", "part-0.parquet", f"old {year}")
    texts = {1: "new 1", 2: "new 2", 3: "", 4: "new 4"}
    return [move(tmp_path, folder, f"turns/source=a/year={year}/part-0.parquet", text) for year, text in texts.items()]


OLD = {1: "old 1", 2: "old 2", 3: "old 3", 5: "old 5"}
NEW = {1: "new 1", 2: "new 2", 4: "new 4", 5: "old 5"}


def standing(root: Path) -> dict[int, str]:
    return {int(path.parent.name[5:]): path.read_text() for path in sorted(root.glob("turns/source=a/*/*.parquet"))}


def test_all_files_change_at_one_instant(tmp_path: Path, moves: list[Move], monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []

    def look(name: str) -> None:
        seen.append((name, standing(tmp_path)))

    monkeypatch.setattr(exchange, "reach", look)
    monkeypatch.setattr(commit, "reach", look)
    commit.commit(tmp_path, tmp_path / "staging", moves)
    assert [name for name, _ in seen if name.startswith("exchange")] == ["exchange.made", "exchange.done"]
    at = [name for name, _ in seen].index("exchange.done")
    assert all(found == (NEW if number >= at else OLD) for number, (_, found) in enumerate(seen))


def test_done_once_more_nothing_changes_and_all_is_taken_back(tmp_path: Path, moves: list[Move]) -> None:
    folder = tmp_path / "staging"
    commit.commit(tmp_path, folder, moves)
    before = (tmp_path / "turns/source=a").stat().st_ino
    commit.redo(tmp_path, folder, moves)
    assert (tmp_path / "turns/source=a").stat().st_ino == before
    commit.undo(tmp_path, folder, moves)
    assert standing(tmp_path) == OLD
    commit.undo(tmp_path, folder, moves)
    assert standing(tmp_path) == OLD
    commit.redo(tmp_path, folder, moves)
    assert standing(tmp_path) == NEW


def test_a_failure_takes_all_back(tmp_path: Path, moves: list[Move]) -> None:
    folder = tmp_path / "staging"
    (tmp_path / "lineage").write_text("in the way")
    last = move(tmp_path, folder, "lineage/run.parquet", "a run", together=False)
    with pytest.raises(StorageError):
        commit.commit(tmp_path, folder, [*moves, last])
    assert standing(tmp_path) == OLD


def test_what_cannot_be_listed_is_not_taken_for_nothing(tmp_path: Path, moves: list[Move]) -> None:
    """Year 5, which stays, was left out of the new folder."""
    scan = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("year=5"):
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    with pytest.MonkeyPatch.context() as rights:
        rights.setattr(os, "scandir", refuse)
        with pytest.raises(StorageError, match=r"Permission denied: .*/turns/source=a/year=5"):
            commit.commit(tmp_path, tmp_path / "staging", moves)
    assert standing(tmp_path) == OLD


@pytest.fixture
def broken_off(tmp_path: Path, moves: list[Move]) -> list[Move]:
    """The moves, two of a file each, and a last one that cannot be made."""
    write(tmp_path, "speakers", "old")
    write(tmp_path, "blocks", "old")
    write(tmp_path, "lineage", "in the way")
    changes = {"speakers": "new", "blocks": "", "withdrawn": "new", "lineage/run.parquet": "a run"}
    folder = tmp_path / "staging"
    return [*moves, *(move(tmp_path, folder, name, text, together=False) for name, text in changes.items())]


def test_taking_back_needs_no_room(tmp_path: Path, broken_off: list[Move], monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk without room for another name: links and folders cannot be made any more."""
    undo = commit.undo

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    def undo_on_a_full_disk(root: Path, folder: Path, moves: list[Move]) -> None:
        with pytest.MonkeyPatch.context() as disk:
            disk.setattr(os, "link", full)
            disk.setattr(os, "mkdir", full)
            undo(root, folder, moves)

    monkeypatch.setattr(commit, "undo", undo_on_a_full_disk)
    with pytest.raises(StorageError, match="Not a directory"):
        commit.commit(tmp_path, tmp_path / "staging", broken_off)
    assert standing(tmp_path) == OLD
    assert [(tmp_path / name).read_text() for name in ("speakers", "blocks")] == ["old", "old"]
    assert not (tmp_path / "withdrawn").exists()
    assert not (tmp_path / "staging" / "intent.json").exists()


def test_what_cannot_be_taken_back_is_told_and_the_rest_is(
    tmp_path: Path, broken_off: list[Move], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(final: Path, *_: object) -> None:
        if final.name == "speakers":
            raise OSError(errno.EIO, "Input/output error", str(final))
        take_back(final, *_)

    take_back = commit._take_back
    monkeypatch.setattr(commit, "_take_back", refuse)
    with pytest.raises(StorageError, match="speakers; a part of what this run changed could not be taken back"):
        commit.commit(tmp_path, tmp_path / "staging", broken_off)
    assert standing(tmp_path) == OLD
    assert [(tmp_path / name).read_text() for name in ("speakers", "blocks")] == ["new", "old"]
    assert (tmp_path / "staging" / "intent.json").exists()


@pytest.mark.parametrize("error", [errno.EINVAL, errno.EXDEV], ids=["no-exchange", "no-links"])
def test_where_nothing_can_be_exchanged_files_are_renamed(
    tmp_path: Path, moves: list[Move], monkeypatch: pytest.MonkeyPatch, error: int
) -> None:
    def cannot(one: Path, other: Path) -> None:
        raise CannotExchangeError(error)

    monkeypatch.setattr(exchange, "exchange" if error == errno.EINVAL else "_link", cannot)
    commit.commit(tmp_path, tmp_path / "staging", moves)
    assert standing(tmp_path) == NEW
    commit.undo(tmp_path, tmp_path / "staging", moves)
    assert standing(tmp_path) == OLD


def test_a_folder_that_is_not_there_is_made(tmp_path: Path) -> None:
    source = write(tmp_path, "one", "1")
    exchange_files(tmp_path / "turns" / "source=b", {"year=1/part-0.parquet": source}, tmp_path / "scratch")
    assert (tmp_path / "turns/source=b/year=1/part-0.parquet").read_text() == "1"
