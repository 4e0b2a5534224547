"""The commit: all moves of a run are written down, durably, before the first of them is made.

    <lake>/_staging/<run id>/
        run.json          what the run is, written first: the next run records one that was killed
        objects.ndjson    raw objects, each listed before it is renamed into `_raw`
        <name>            staged files, synced
        kept/<n>          a second name (a hard link) of each file that is about to be replaced or removed
        intent.json       the moves, with sizes and hashes

While `intent.json` stands, the run is decided: every move can be made again, or taken back, at any time. A run that is
killed before is as if it had never been; one that is killed after is finished by the next run that holds the lake. An
error (a full disk, a folder that may not be written) takes all moves back, so that it leaves the lake as it was.

The ledger files of the run are moves like the others, the last ones: tables and ledger cannot tell different stories.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.failpoint import reach
from storage.files import make_folder, move_into_place, sha256_file, storing, sync_folder, write_bytes
from storage.records import Output

INTENT = "intent.json"
_KEPT = "kept"

# What a file system says that knows no hard links, or none to this file.
_NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})


@dataclass(frozen=True, slots=True)
class Move:
    """One file that a commit puts into its place, or, where `output` has 0 bytes, removes; `staged` is its name."""

    staged: str
    output: Output

    @property
    def removes(self) -> bool:
        """Whether the file goes."""
        return self.output.bytes == 0


def commit(root: Path, folder: Path, moves: Sequence[Move]) -> None:
    """Make all moves, or none.

    Args:
        root: the lake.
        folder: staging folder of the run; holds the staged files, synced.
        moves: in the order in which they become visible.

    Raises:
        StorageError: a move failed; all have been taken back, or, where even that failed, `intent.json` stays and the
            next run finishes them.
    """
    _keep(root, folder, moves)
    reach("commit.kept")
    write_bytes(folder, folder / INTENT, json.dumps([dataclasses.asdict(move) for move in moves]).encode())
    try:
        reach("commit.intended")
        redo(root, folder, moves)
    except BaseException:
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
        return [Move(item["staged"], Output(**item["output"])) for item in json.loads(path.read_bytes())]


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
        final, staged = root / move.output.path, folder / move.staged
        reach("commit.move")
        with storing(final):
            if move.removes:
                if final.exists():
                    final.unlink()
                    sync_folder(final.parent)
            elif staged.exists():
                move_into_place(staged, final)
        reach("commit.moved")
        if number + 1 == len(moves) or _stage_of(moves[number + 1]) != _stage_of(move):
            reach(f"commit.{_stage_of(move)}")
    reach("commit.done")


def _stage_of(move: Move) -> str:
    if not move.output.partition:
        return "ledger"
    return "documents" if move.output.table == "documents" else "tables"


def undo(root: Path, folder: Path, moves: Sequence[Move]) -> None:
    """Take back those moves that were made, and the intent.

    Each step leaves the intent redoable, so a process that is killed here, too, leaves a lake that the next run puts
    in order.

    Raises:
        StorageError: one failed; the intent stays.
    """
    reach("undo.begun")
    for number, move in reversed(list(enumerate(moves))):
        final, staged, kept = root / move.output.path, folder / move.staged, folder / _KEPT / str(number)
        with storing(final):
            if move.removes:
                if kept.exists() and not final.exists():
                    _restore(kept, final)
            elif final.exists() and not staged.exists():
                if kept.exists():
                    _link(final, staged)
                    _restore(kept, final)
                else:
                    final.replace(staged)
                    sync_folder(final.parent)
        reach("undo.move")
    with storing(folder):
        _forget(folder)
    reach("undo.done")


def _keep(root: Path, folder: Path, moves: Sequence[Move]) -> None:
    kept = folder / _KEPT
    with storing(kept):
        shutil.rmtree(kept, ignore_errors=True)
        make_folder(kept)
        for number, move in enumerate(moves):
            final = root / move.output.path
            if final.exists():
                _link(final, kept / str(number))
            reach("commit.keeping")
        sync_folder(kept)


def _restore(kept: Path, final: Path) -> None:
    again = kept.with_suffix(".again")  # `kept` itself stays, in case that this is done twice
    again.unlink(missing_ok=True)
    _link(kept, again)
    again.replace(final)
    sync_folder(final.parent)


def _link(path: Path, name: Path) -> None:
    try:
        os.link(path, name)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        shutil.copy2(path, name)


def _forget(folder: Path) -> None:
    (folder / INTENT).unlink(missing_ok=True)
    sync_folder(folder)
