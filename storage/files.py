"""Files that are there whole or not at all: write beside, fsync, rename, fsync the folder."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import hashlib
import json
import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any

from storage.errors import StorageError, UsageError
from storage.failpoint import reach

CHUNK_BYTES = 1 << 20
MANY = 8  # files: from here on one sync of the file system (9 ms) takes less than each of them by itself (3 ms)

_LIBC = ctypes.CDLL(None, use_errno=True)  # Python has no `syncfs`

_ADVICE = {
    errno.ENOSPC: "free some space and run the same command again: what was published is untouched",
    errno.EDQUOT: "the quota is used up; free some space and run the same command again",
    errno.EACCES: "give this user the right to read and write there and run the same command again",
    errno.EPERM: "give this user the right to read and write there and run the same command again",
    errno.EROFS: "the file system is read-only; remount it or choose another lake with --lake",
}
# What a disk says and a network does not: an error like this is one of storage, wherever it came up.
DISK_ERRORS = frozenset({errno.EIO, *_ADVICE})
_SEAL_CHARS = 16
_ADDRESS_RE = re.compile(r"[a-z][a-z0-9+.-]+:/")  # a path has lost the second slash


@contextlib.contextmanager
def storing(what: Path | str, only: Collection[int] | None = None) -> Iterator[None]:
    """Turn an OSError raised while `what` is read or written into a StorageError that names it.

    Args:
        what: the file, where the error itself does not name one.
        only: error numbers that are turned; all without.
    """
    try:
        yield
    except OSError as error:
        if only is not None and error.errno not in only:
            raise
        where = error.filename or what
        advice = _ADVICE.get(error.errno or 0, "check the disk (`stenolake doctor`) and run the same command again")
        raise StorageError(f"storage: {error.strerror or error}: {where}", advice) from error


def list_names(folder: Path) -> list[str]:
    """The names of what stands in a folder, in order; none where there is no such folder.

    Raises:
        StorageError: it cannot be listed.
    """
    with storing(folder), contextlib.suppress(FileNotFoundError):
        return sorted(os.listdir(folder))  # noqa: PTH208 - names are what is asked for
    return []


def require_folder(path: Path) -> Path:
    """A path as it is, unless it is an address: `s3://bucket/lake` would be taken for a folder here.

    Raises:
        UsageError: it is one.
    """
    if _ADDRESS_RE.match(str(path)):
        raise UsageError(f"a lake is a folder of this machine, and {path} is an address", "name a folder with --lake")
    return path


def read_journal(journal: Path) -> Iterator[dict[str, Any]]:
    """The JSON objects of a journal, one a line, less lines that a power cut left half written or full of zeros.

    Raises:
        StorageError: it is there and cannot be read.
    """
    with storing(journal):
        data = journal.read_bytes() if journal.exists() else b""
    for line in data.split(b"\n")[:-1]:
        with contextlib.suppress(ValueError):
            row = json.loads(line)
            if isinstance(row, dict):
                yield row


def list_files(root: Path, left_out: str = "") -> list[str]:
    """Every file below a folder by its path in it, in order; none where there is no such folder.

    What goes meanwhile may be among them or not. A folder that cannot be listed is never taken for empty.

    Args:
        root: the folder.
        left_out: a folder right below it that is not looked into.

    Raises:
        StorageError: a folder cannot be listed.
    """
    found, waiting = [], [""]
    while waiting:
        folder = waiting.pop()
        with storing(root / folder), contextlib.suppress(FileNotFoundError), os.scandir(root / folder) as entries:
            for entry in entries:
                name = folder + entry.name
                if entry.is_dir(follow_symlinks=False):
                    waiting += [] if name == left_out else [f"{name}/"]
                elif entry.is_file():
                    found.append(name)
    return sorted(found)


def seal(data: bytes) -> str:
    """The hash of its own bytes that a file of the ledger carries in its name."""
    return hashlib.sha256(data).hexdigest()[:_SEAL_CHARS]


def sha256_file(path: Path) -> str:
    """SHA-256 of the bytes of a file, in hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def sync_file(path: Path) -> None:
    """Make the bytes of a file durable."""
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


# A folder is synced as a file is: opened for reading, fsynced.
sync_folder = sync_file


def sync_together(paths: Sequence[Path]) -> None:
    """Make several files or folders of one file system durable; many of them by one sync of it, where there is such."""
    if len(paths) >= MANY and hasattr(_LIBC, "syncfs"):
        reach("disk.syncing")
        sync_file_system(paths[0])
        reach("disk.synced")
        return
    for path in paths:
        sync_file(path)


def sync_file_system(path: Path) -> None:
    """Make all that was written to the file system of a path durable."""
    fd = os.open(path, os.O_RDONLY)
    try:
        if _LIBC.syncfs(fd):
            raise OSError(error := ctypes.get_errno(), os.strerror(error), str(path))
    finally:
        os.close(fd)


def move_into_place(staged: Path, final: Path) -> None:
    """Put a staged, synced file in its final place by one atomic rename on the same file system."""
    with storing(final):
        make_folder(final.parent)
        staged.replace(final)
        sync_folder(final.parent)


def make_folder(folder: Path) -> None:
    """Make a folder and its parents, each durable in its own parent."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):
        folder.mkdir()
        sync_folder(folder.parent)


def write_synced(path: Path, data: bytes) -> None:
    """Write a staged file and make its bytes durable; its name is, once the folder is synced."""
    with storing(path):
        make_folder(path.parent)
        with path.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())


def write_bytes(staging: Path, final: Path, data: bytes) -> None:
    """Write a small file whole: staged, synced, renamed."""
    staged = staging / f"{final.name}.staged"
    write_synced(staged, data)
    if final.name == "intent.json":
        reach("commit.intent_made")
    move_into_place(staged, final)
