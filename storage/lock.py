"""One writer a lake: an advisory lock that the kernel frees when its owner dies, and a lease for other hosts.

    <lake>/_staging/lock            JSON: who holds it; empty when nobody does. Its time of change is the heartbeat.
    <lake>/_staging/<run id>/lock   the same, of a run that has left the lake for a while: its folder is nobody else's

On one host the kernel's lock decides at once. A shared file system may not carry that lock to another host: there the
record of an owner elsewhere counts for as long as its heartbeat is younger than the lease.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import functools
import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from storage.errors import LakeHeldError
from storage.files import make_folder, storing

LEASE_SECONDS = 300  # as Prefect's leases: long beside a pause of a machine, short beside a person's patience
_HEARTBEAT_SECONDS = LEASE_SECONDS / 10
_POLL_SECONDS = 0.2


@contextlib.contextmanager
def hold(lock: Path, run_id: str, wait_seconds: float = 0, what: str = "the lake") -> Iterator[Callable[[], None]]:
    """Hold the lake, or something else, for one run.

    Yields:
        What raises LakeHeldError once the lake is somebody else's: a run that was asleep for longer than its lease must
        ask before it changes anything.

    Args:
        lock: the lock file.
        run_id: the run, for those who find the lake held.
        wait_seconds: how long to wait for another run to end.
        what: how messages name what is held.

    Raises:
        LakeHeldError: another run holds it, still after the wait.
        StorageError: the lock file cannot be written.
    """
    with storing(lock):
        make_folder(lock.parent)
        handle = lock.open("ab+", buffering=0)  # what a full disk refuses must not be tried again when it is closed
    with handle:
        _take(handle, wait_seconds, what)
        owner = {
            "pid": os.getpid(),
            "host": socket.gethostname(),
            "boot_id": boot_id(),
            "run_id": run_id,
            "started_at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        }
        token = json.dumps(owner).encode()
        with storing(lock):
            handle.truncate(0)
            handle.write(token)
        ended = threading.Event()
        beat = threading.Thread(target=_beat, args=(handle.fileno(), ended), name="heartbeat", daemon=True)
        beat.start()
        try:
            yield functools.partial(_require, lock, handle, token)
        finally:
            ended.set()
            beat.join()
            # the lock itself goes with the process, whatever the file says
            with contextlib.suppress(OSError, LakeHeldError):
                _require(lock, handle, token)
                handle.truncate(0)


@dataclass(slots=True)
class Tenure:
    """The lake as one run holds it, and may leave it for a while to come back.

    Args of the constructor: the lock file, and the run.
    """

    lock: Path
    run_id: str
    _held: contextlib.ExitStack = field(default_factory=contextlib.ExitStack)
    _ask: Callable[[], None] | None = None

    def take(self, wait_seconds: float) -> None:
        """Hold the lake from now on; see `hold`."""
        self._ask = self._held.enter_context(hold(self.lock, self.run_id, wait_seconds))

    def close(self) -> None:
        """Let others have it."""
        self._ask = None
        self._held.close()

    def require(self) -> None:
        """Raise LakeHeldError unless the lake is this run's, now."""
        if self._ask is None:
            raise LakeHeldError("this run has left the lake", "nothing of it is published; run it again")
        self._ask()


def is_held(lock: Path) -> bool:
    """Whether somebody who lives holds what a lock file stands for. Ask only where nobody may be about to take it.

    Raises:
        StorageError: the file cannot be read.
    """
    with storing(lock):
        if not lock.exists():
            return False
        with lock.open("rb") as handle:
            return _try(handle) is not None


def _require(lock: Path, handle: IO[bytes], token: bytes) -> None:
    """Raise LakeHeldError unless the lock file is the one that was taken, and names its taker."""
    with storing(lock):
        is_there = lock.exists() and os.path.samestat(lock.stat(), os.fstat(handle.fileno()))
        if is_there and os.pread(handle.fileno(), len(token) + 1, 0) == token:
            return
    raise LakeHeldError(
        f"this run lost the lake while it was at work: {_read(handle)[0] if is_there else 'its lock file is gone'}",
        "nothing of it is published; run it again",
    )


def _take(handle: IO[bytes], wait_seconds: float, what: str) -> None:
    deadline = time.monotonic() + wait_seconds
    while (owner := _try(handle)) is not None:
        if time.monotonic() >= deadline:
            waited = f", still after {wait_seconds:g} s" if wait_seconds else ""
            raise LakeHeldError(
                f"another run holds {what}{waited}: {owner}",
                "run again when it has ended, or have the run wait for it with --wait SECONDS",
            )
        time.sleep(min(_POLL_SECONDS, max(0.0, deadline - time.monotonic())))


def _try(handle: IO[bytes]) -> str | None:
    """Take the lock. Returns None, or who holds it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return _read(handle)[0]
    name, is_elsewhere = _read(handle)
    if is_elsewhere and (age := time.time() - os.fstat(handle.fileno()).st_mtime) < LEASE_SECONDS:
        fcntl.flock(handle, fcntl.LOCK_UN)
        return f"{name}, last heard of {max(age, 0):.0f} s ago, given up after {LEASE_SECONDS} s"
    return None


def _read(handle: IO[bytes]) -> tuple[str, bool]:
    """The owner as one line, and whether it runs under another kernel than this process."""
    handle.seek(0)
    try:
        owner = json.loads(handle.read())
        name = f"run {owner['run_id']}, process {owner['pid']} on {owner['host']} since {owner['started_at']}"
        return name, owner.get("boot_id", boot_id()) != boot_id()
    except (ValueError, KeyError, TypeError):
        return "its name is not written yet", False


def boot_id() -> str:
    """What tells this running kernel from all others, containers of one host being the same."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return socket.gethostname()


def _beat(fd: int, ended: threading.Event) -> None:
    while not ended.wait(_HEARTBEAT_SECONDS):
        with contextlib.suppress(OSError):
            os.utime(fd)
