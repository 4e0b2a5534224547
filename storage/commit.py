"""The commit: all moves of a run are written down, durably, before the first of them is made.

    <lake>/_staging/<run id>/
        run.json          what the run is, written first: the next run records one that was killed
        objects.ndjson    raw objects, each listed before it is renamed into `_raw`
        <name>            staged files, synced
        kept/<n>          a second name (a hard link) of each file that is about to be replaced or removed
        kept/<n>.old      a third one, and kept/<n>.new, one of the file that replaces it: what taking the move back
                          takes, made before, since a disk that is full has no room for a name either
        intent.json       the moves, with sizes and hashes
        <table>/          the folder of a source as it will be, or was, where it is exchanged whole

While `intent.json` stands, the run is decided: every move can be made again, or taken back, at any time. A run that is
killed before is as if it had never been; one that is killed after is finished by the next run that holds the lake. An
error (a full disk, a folder that may not be written) takes all moves back, so that it leaves the lake as it was. That
takes renames and exchanges of what stands already.

The ledger files of the run are moves like the others, the last ones: tables and ledger cannot tell different stories.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.errors import StorageError
from storage.exchange import NO_LINKS, CannotExchangeError, exchange, exchange_files
from storage.failpoint import reach
from storage.files import list_files, make_folder, move_into_place, sha256_file, storing, sync_folder, write_bytes
from storage.records import Output

INTENT = "intent.json"
_KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Move:
    """One file that a commit puts into its place, or, where `output` has 0 bytes, removes; `staged` is its name.

    Those of one table and source that are `together` change at one instant: a document that goes from one partition to
    another stands in neither twice nor never.
    """

    staged: str
    output: Output
    together: bool = False

    @property
    def removes(self) -> bool:
        """Whether the file goes."""
        return self.output.bytes == 0


def commit(root: Path, folder: Path, moves: Sequence[Move], require_hold: Callable[[], None] = lambda: None) -> None:
    """Make all moves, or none.

    Args:
        root: the lake.
        folder: staging folder of the run; holds the staged files, synced.
        moves: in the order in which they become visible.
        require_hold: raises once the lake is another run's, which has put it in order already.

    Raises:
        LakeHeldError: it is; nothing is moved, and nothing taken back.
        StorageError: a move failed; all have been taken back, or, where even that failed, `intent.json` stays and the
            next run finishes them.
    """
    _keep(root, folder, moves)
    reach("commit.kept")
    require_hold()
    write_bytes(folder, folder / INTENT, json.dumps([dataclasses.asdict(move) for move in moves]).encode())
    try:
        reach("commit.intended")
        redo(root, folder, moves)
    except BaseException:
        require_hold()
        undo(root, folder, moves)
        raise
    with contextlib.suppress(OSError):  # all is in place: an intent that stays is redone, which changes nothing
        _forget(folder)
    reach("commit.forgotten")


def read_intent(folder: Path) -> list[Move] | None:
    """The moves that a run had decided on, or None where it had not come so far.

    Raises:
        StorageError: it cannot be read.
    """
    path = folder / INTENT
    with storing(path):
        if not path.exists():
            return None
        data = path.read_bytes()
    try:
        return [Move(**item | {"output": Output(**item["output"])}) for item in json.loads(data)]
    except (ValueError, TypeError, KeyError) as error:
        raise StorageError(
            f"storage: cannot be read: {path}: {error}",
            "keep a copy of its folder, delete it, and run `stenolake verify`",
        ) from error


def is_whole(root: Path, folder: Path, moves: Sequence[Move]) -> bool:
    """Whether each file is staged, or in place already, with the bytes that the intent says."""
    for move in moves:
        if not move.removes:
            staged = folder / move.staged
            path = staged if staged.exists() else root / move.output.path
            if not path.exists() or path.stat().st_size != move.output.bytes:
                return False
            if sha256_file(path) != move.output.file_sha256:
                return False
    return True


def redo(root: Path, folder: Path, moves: Sequence[Move]) -> None:
    """Make those moves that are not made yet.

    Raises:
        StorageError: one failed.
    """
    for number, move in enumerate(moves):
        reach("commit.move")
        with storing(root / move.output.path):
            if not _exchanged(root, folder, moves, move):
                _make(root, folder, move)
        reach("commit.moved")
        if number + 1 == len(moves) or _stage_of(moves[number + 1]) != _stage_of(move):
            reach(f"commit.{_stage_of(move)}")
    reach("commit.done")


def _make(root: Path, folder: Path, move: Move) -> None:
    final, staged = root / move.output.path, folder / move.staged
    if move.removes:
        if final.exists():
            final.unlink()
            sync_folder(final.parent)
    elif staged.exists():
        move_into_place(staged, final)


def _is_made(root: Path, folder: Path, move: Move) -> bool:
    final, staged = root / move.output.path, folder / move.staged
    if move.removes:
        return not final.exists()
    return final.exists() and (not staged.exists() or final.samefile(staged))


def _exchanged(root: Path, folder: Path, moves: Sequence[Move], move: Move) -> bool:
    """Make a move together with those of its table and source. Returns whether that was asked for, and could be."""
    if not move.together:
        return False
    home = _home(root, move)
    group = [one for one in moves if one.together and _home(root, one) == home]
    if any(not one.removes and not (folder / one.staged).exists() for one in group):
        return False  # begun one by one
    if not all(_is_made(root, folder, one) for one in group):
        files = {_below(root, one): None if one.removes else folder / one.staged for one in group}
        try:
            exchange_files(home, files, folder / move.output.table)
        except CannotExchangeError:
            return False
    return True


def _home(root: Path, move: Move) -> Path:
    """The folder of a table and source."""
    return (root / move.output.path).parent.parent


def _below(root: Path, move: Move) -> str:
    return (root / move.output.path).relative_to(_home(root, move)).as_posix()


def _stage_of(move: Move) -> str:
    if not move.output.partition:
        return "ledger"
    return "documents" if move.output.table == "documents" else "tables"


def undo(root: Path, folder: Path, moves: Sequence[Move]) -> None:
    """Take back those moves that were made, and the intent.

    Each step leaves the intent redoable, so a process that is killed here, too, leaves a lake that the next run puts
    in order.

    Raises:
        StorageError: one failed; the others are taken back, and the intent stays.
    """
    reach("undo.begun")
    failed = list[StorageError]()
    for number, move in reversed(list(enumerate(moves))):
        final = root / move.output.path
        try:
            with storing(final):
                if not _taken_back(root, folder, moves, move):
                    _take_back(final, folder / move.staged, folder / _KEPT / str(number), move)
        except StorageError as error:
            failed.append(error)
        reach("undo.move")
    if failed:
        raise StorageError(
            f"{failed[0].message}; a part of what this run changed could not be taken back",
            "make room, or give the right to write there, and run anything on this lake: it finishes this run first",
        ) from failed[0]
    with storing(folder):
        _forget(folder)
    reach("undo.done")


def _take_back(final: Path, staged: Path, kept: Path, move: Move) -> None:
    if move.removes:
        if kept.exists() and not final.exists():
            _restore(kept, final)
    elif final.exists() and not staged.exists():
        if kept.exists():
            if not _renamed(kept.with_suffix(".new"), staged):
                _link(final, staged)
            _restore(kept, final)
        else:
            final.replace(staged)
            sync_folder(final.parent)


def _taken_back(root: Path, folder: Path, moves: Sequence[Move], move: Move) -> bool:
    """Take back moves that were made together, together."""
    group = [(n, one) for n, one in enumerate(moves) if one.together and _home(root, one) == _home(root, move)]
    if not move.together or any(not one.removes and not (folder / one.staged).exists() for _, one in group):
        return False
    files = {}
    for number, one in group:
        kept = folder / _KEPT / str(number)
        files[_below(root, one)] = kept if kept.exists() else None
    home, scratch = _home(root, move), folder / move.output.table
    made = [_is_made(root, folder, one) for _, one in group]
    if all(made) and scratch.is_dir() and _holds(scratch, files, home):
        exchange(scratch, home)
        sync_folder(home.parent)
        sync_folder(folder)
    elif any(made):
        exchange_files(home, files, scratch)
    return True


def _holds(scratch: Path, files: Mapping[str, Path | None], home: Path) -> bool:
    """Whether what was exchanged is the old content still: these files, and all others as they stand."""
    standing = {name: home / name for name in list_files(home)}
    wanted = {name: path for name, path in {**standing, **files}.items() if path}
    found = list_files(scratch)
    return found == sorted(wanted) and all((scratch / name).samefile(wanted[name]) for name in found)


def _keep(root: Path, folder: Path, moves: Sequence[Move]) -> None:
    kept = folder / _KEPT
    with storing(kept):
        shutil.rmtree(kept, ignore_errors=True)
        make_folder(kept)
        for number, move in enumerate(moves):
            final = root / move.output.path
            if final.exists():
                _link(final, kept / str(number))
                # where there are no links, what is taken back is copied
                if _linked(final, kept / f"{number}.old") and not move.removes:
                    _linked(folder / move.staged, kept / f"{number}.new")
            reach("commit.keeping")
        sync_folder(kept)


def _restore(kept: Path, final: Path) -> None:
    if not _renamed(kept.with_suffix(".old"), final):
        again = kept.with_suffix(".again")  # `kept` itself stays, in case that this is done twice
        again.unlink(missing_ok=True)
        _link(kept, again)
        again.replace(final)
    sync_folder(final.parent)


def _renamed(path: Path, name: Path) -> bool:
    """Whether a file was there to be renamed."""
    try:
        path.replace(name)
    except FileNotFoundError:
        return False
    return True


def _link(path: Path, name: Path) -> None:
    if not _linked(path, name):
        shutil.copy2(path, name)


def _linked(path: Path, name: Path) -> bool:
    """Give a file another name. Returns whether there are such."""
    try:
        os.link(path, name)
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        return False
    return True


def _forget(folder: Path) -> None:
    (folder / INTENT).unlink(missing_ok=True)
    sync_folder(folder)
