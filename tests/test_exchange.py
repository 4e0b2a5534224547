"""Documents that change places between partitions: a table of a source changes at one instant."""

from __future__ import annotations

import errno
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
