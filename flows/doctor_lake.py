"""The doctor's checks of a lake: place, rights, space, file system, staging, lock, foreign files."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import re
import shutil
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from flows.doctor import FAIL, OK, WARN, Check
from storage.lock import LEASE_SECONDS, boot_id

# A run rewrites whole partitions: the new file beside the old, and the fragments that it is merged from.
SPACE_PARTITIONS = 2
SPACE_BYTES = 256 << 20  # raw objects, ledger and staging of an ordinary run
FREE_INODES = 10_000  # a run over a year of pages makes a few thousand raw objects
SHOWN = 3  # paths named in one line

_FINAL_RE = re.compile(r"source=[a-z0-9-]+/year=-?[0-9]+/[^/]+\.parquet")
_PERMISSION = "give this user the right: chown -R or chmod -R u+rwX on the lake"
_TAKEN_OVER = "nothing to do: the next run takes the lake over"
_READ_ONLY = "mount its file system for writing, or name a lake elsewhere with --lake"


def examine_lake(lake: Path) -> list[Check]:
    """The checks of a lake; of one that is not there yet only those that can be made."""
    checks = [_look("lake", lambda: check_place(lake))]
    if checks[0].status == FAIL:
        return checks
    looks: list[tuple[str, Callable[[], Check]]] = [("space", lambda: _check_space_of(lake))]
    if lake.is_dir():
        looks = [
            ("permission", lambda: check_permission(lake)),
            *looks,
            ("file system", lambda: check_file_system(lake)),
            ("lock", lambda: check_lock(lake)),
            ("staging", lambda: check_staging(lake)),
            ("tables", lambda: check_tables(lake)),
        ]
    return checks + [_look(name, look) for name, look in looks]


def _look(name: str, look: Callable[[], Check]) -> Check:
    """A check, or the error that kept us from making it: a run would meet it too."""
    try:
        return look()
    except OSError as error:
        return Check(name, FAIL, f"cannot be looked at: {error.strerror or error}: {error.filename or ''}", _PERMISSION)


def _tables() -> list[str]:
    from storage.schemas import TABLES  # imports pyarrow: 0.5 s

    return list(TABLES)


def _standing(path: Path) -> Path:
    """The path or the nearest folder above it that exists."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path


def check_place(lake: Path) -> Check:
    """Is there a lake, or can one be made?"""
    if lake.is_dir():
        return Check("lake", OK, str(lake))
    standing = _standing(lake.absolute())
    if not standing.is_dir():
        return Check("lake", FAIL, f"{standing} is no folder", "name another folder with --lake, or move that file")
    if not os.access(standing, os.W_OK | os.X_OK):
        return Check("lake", FAIL, f"{lake} is not there and cannot be made in {standing}", "name another with --lake")
    return Check("lake", OK, f"{lake} is not there yet; the first run makes it")


def check_permission(lake: Path) -> Check:
    """May this user write in every folder, and read every file of the tables? (Raw objects: `verify` opens them.)"""
    refused = [] if _may(lake, os.R_OK | os.W_OK | os.X_OK) else [lake]
    lock = lake / "_staging" / "lock"
    refused += [] if _may(lock, os.R_OK | os.W_OK) else [lock]
    for folder, folders, files in os.walk(lake):
        here = Path(folder)
        refused += [here / name for name in folders if not _may(here / name, os.R_OK | os.W_OK | os.X_OK)]
        refused += [here / name for name in files if name.endswith(".parquet") and not _may(here / name, os.R_OK)]
    if refused:
        if refused[0].exists() and os.statvfs(refused[0]).f_flag & os.ST_RDONLY:
            return Check("permission", FAIL, f"mounted read-only: {_name(refused, lake)}", _READ_ONLY)
        return Check("permission", FAIL, f"not readable or writable: {_name(refused, lake)}", _PERMISSION)
    return Check("permission", OK, "every folder can be written")


def _may(path: Path, rights: int) -> bool:
    return os.access(path, rights) or not os.path.lexists(path)  # gone meanwhile: a run is at work


def largest_partition(lake: Path) -> int:
    """Bytes of the largest `source/year`, all tables together; 0 for an empty lake."""
    sizes: dict[str, int] = defaultdict(int)
    for table in _tables():
        for path in (lake / table).glob("source=*/year=*/*.parquet"):
            with contextlib.suppress(FileNotFoundError):  # a run at work has removed it
                sizes[f"{path.parent.parent.name}/{path.parent.name}"] += path.stat().st_size
    return max(sizes.values(), default=0)


def _check_space_of(lake: Path) -> Check:
    standing = _standing(lake.absolute())
    inodes = os.statvfs(standing)
    free_inodes = inodes.f_favail if inodes.f_files else None
    return check_space(standing, shutil.disk_usage(standing).free, free_inodes, largest_partition(lake))


def check_space(place: Path, free_bytes: int, free_inodes: int | None, partition_bytes: int) -> Check:
    """Is there room for a run that rewrites the largest partition? `free_inodes` None: the file system has no limit."""
    needed = SPACE_PARTITIONS * partition_bytes + SPACE_BYTES
    detail = f"{_size(free_bytes)} free at {place}; a run may need {_size(needed)}"
    if free_bytes < needed:
        return Check("space", FAIL, detail, f"free {_size(needed - free_bytes)} or more")
    if free_inodes is not None and free_inodes < FREE_INODES:
        return Check(
            "space",
            FAIL,
            f"{free_inodes} files can still be made at {place}",
            "remove small files: the table of files is full",
        )
    return Check("space", OK, detail)


def mounts(lake: Path) -> Mapping[tuple[int, str], list[Path]]:
    """Mounted file systems of the folders that files are renamed between, with those folders."""
    found: dict[tuple[int, str], list[Path]] = defaultdict(list)
    for folder in _renamed_between(lake):
        with contextlib.suppress(FileNotFoundError):
            found[_mount(folder)].append(folder)
    return found


def _mount(folder: Path) -> tuple[int, str]:
    """Device and mount of a folder: a rename from one mount to another is refused, though both show one device."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with contextlib.suppress(OSError):
            facts = Path(f"/proc/self/fdinfo/{handle}").read_text(encoding="ascii")
            return os.fstat(handle).st_dev, next((line for line in facts.splitlines() if line.startswith("mnt_id")), "")
        return os.fstat(handle).st_dev, ""
    finally:
        os.close(handle)


def _renamed_between(lake: Path) -> Iterator[Path]:
    yield lake
    for name in ("_staging", "_raw", "_lineage", "_quarantine", "_quality", *_tables()):
        folder = lake / name
        if folder.is_dir():
            yield folder
            yield from (inner for pattern in ("*", "*/*") for inner in sorted(folder.glob(pattern)) if inner.is_dir())


def check_file_system(lake: Path) -> Check:
    """Do `_staging` and the tables stand on one file system, so that a rename between them is atomic?"""
    found = mounts(lake)
    if len(found) == 1:
        return Check("file system", OK, "staging and tables share one")
    staging = lake / "_staging"
    home = _mount(staging if staging.is_dir() else lake)
    others = [folder for mount, folders in found.items() if mount != home for folder in folders]
    return Check(
        "file system",
        FAIL,
        f"on another file system than _staging: {_name(others, lake)}",
        "put the whole lake on one file system: no atomic rename leads from one to another",
    )


def check_lock(lake: Path) -> Check:
    """Is the lake held, by whom, and is that run still alive?

    The file is only read: trying the lock itself could turn away a run that starts in that instant.
    """
    lock = lake / "_staging" / "lock"
    if not lock.is_file():
        return Check("lock", OK, "nobody holds the lake")
    try:
        text = lock.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        return Check("lock", FAIL, f"{lock} cannot be read: {error}", _PERMISSION)
    if not text.strip():
        return Check("lock", OK, "nobody holds the lake")
    try:
        owner = json.loads(text)
        pid, host, run_id, started = int(owner["pid"]), owner["host"], owner["run_id"], owner["started_at"]
    except (ValueError, KeyError, TypeError):
        if not _is_locked(lock):
            return Check("lock", WARN, f"stale: {lock} does not say who held the lake, and nobody does", _TAKEN_OVER)
        return Check("lock", WARN, f"held by a process that {lock} does not name", "wait for it: ingest --wait SECONDS")
    who = f"run {run_id}, process {pid} on {host} since {started}"
    if owner.get("boot_id", boot_id()) != boot_id():  # another machine, or this one before it was started again
        silent = max(time.time() - lock.stat().st_mtime, 0)
        if silent >= LEASE_SECONDS:
            return Check("lock", WARN, f"stale: left by {who}, last heard of {silent:.0f} s ago", _TAKEN_OVER)
        advice = f"see whether process {pid} runs there; if not, the lake is free in {LEASE_SECONDS - silent:.0f} s"
        return Check("lock", WARN, f"held by {who}, which cannot be seen from here", advice)
    if host != socket.gethostname():  # another container of this kernel, whose processes and locks are hidden
        advice = f"see whether process {pid} runs there; if not, the next run takes the lake over"
        return Check("lock", WARN, f"held by {who}, which cannot be seen from here", advice)
    if not is_alive(pid):
        return Check("lock", WARN, f"stale: left by {who}, which is gone", _TAKEN_OVER)
    if not _is_locked(lock):
        return Check("lock", WARN, f"stale: left by {who}, a number that another process has now", _TAKEN_OVER)
    return Check("lock", OK, f"held by {who}")


def _is_locked(path: Path) -> bool:
    """Does a process of this host hold the kernel's lock on a file? True where the kernel does not tell.

    It tells in lines as `1: FLOCK ADVISORY WRITE 20059 fe:00:2211987 0 EOF`, the last number of the three the inode's.
    """
    inode = path.stat().st_ino
    try:
        return f":{inode} " in Path("/proc/locks").read_text(encoding="ascii")
    except OSError:
        return True


def is_alive(pid: int) -> bool:
    """Is there such a process on this host, a zombie aside?"""
    if pid <= 0:
        return False  # to the kernel these are groups
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True  # somebody else's, and alive
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (OSError, IndexError):
        return True


def check_staging(lake: Path) -> Check:
    """Did a run that was killed leave files behind?"""
    staging = lake / "_staging"
    found = sorted(path for path in staging.iterdir() if path.name != "lock") if _readable(staging) else []
    left = [path for path in found if not _lives(path)]
    if not left:
        detail = f"{_count(len(found), 'run')} that downloads, and has left the lake to others" if found else "empty"
        return Check("staging", OK, detail)
    if check_lock(lake).detail.startswith("held by"):
        return Check("staging", OK, f"{_count(len(left), 'item')} of the run at work")
    files = [path for top in left for path in (top.rglob("*") if top.is_dir() else [top]) if path.is_file()]
    size, newest = sum(path.lstat().st_size for path in files), max(path.lstat().st_mtime for path in left)
    when = dt.datetime.fromtimestamp(newest, dt.UTC).isoformat(timespec="seconds")
    return Check(
        "staging",
        WARN,
        f"left by a run that was killed, {when}: {_name(left, lake)}; {_count(len(files), 'file')}, {_size(size)}",
        "nothing to do: the next run removes it; no table reads it",
    )


def _lives(folder: Path) -> bool:
    """Does the run that a folder belongs to live, though it does not hold the lake?"""
    lock = folder / "lock"
    try:
        owner = json.loads(lock.read_text(encoding="utf-8"))
        if owner["boot_id"] == boot_id():
            return _is_locked(lock)
        return time.time() - lock.stat().st_mtime < LEASE_SECONDS
    except (OSError, ValueError, KeyError, TypeError):
        return False


def check_tables(lake: Path) -> Check:
    """Is there anything below the tables but final files?"""
    foreign = [
        path
        for table in _tables()
        for path in sorted((lake / table).rglob("*"))
        if not path.is_dir() and not _FINAL_RE.fullmatch(path.relative_to(lake / table).as_posix())
    ]
    if foreign:
        return Check(
            "tables",
            WARN,
            f"foreign files, which readers may stumble over: {_name(foreign, lake)}",
            "move them out of the tables' folders, then prove the rest: stenolake verify",
        )
    return Check("tables", OK, "nothing but final files")


def _readable(folder: Path) -> bool:
    return folder.is_dir() and os.access(folder, os.R_OK | os.X_OK)


def _name(paths: list[Path], lake: Path) -> str:
    shown = [str(path.relative_to(lake)) if path != lake else str(lake) for path in paths[:SHOWN]]
    return ", ".join(shown) + (f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else "")


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / (1 << 30):.1f} GiB" if size_bytes >= 1 << 30 else f"{size_bytes / (1 << 20):.1f} MiB"
