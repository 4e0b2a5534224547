"""One writer a lake: an advisory lock that the kernel frees when its owner dies."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path

from storage.errors import LakeHeldError
from storage.files import make_folder, storing


@contextlib.contextmanager
def hold(lock: Path, run_id: str) -> Iterator[None]:
    """Hold the lake for one run; the lock file says who holds it, and is empty when nobody does.

    Raises:
        LakeHeldError: another run holds it.
    """
    with storing(lock):
        make_folder(lock.parent)
        handle = lock.open("a+", encoding="utf-8")
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            raise LakeHeldError(
                f"another run holds the lake: {_owner(handle.read())}", "wait for it to end, or stop it, and run again"
            ) from None
        started = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
        owner = {"pid": os.getpid(), "host": socket.gethostname(), "run_id": run_id, "started_at": started}
        with storing(lock):
            handle.truncate(0)
            handle.write(json.dumps(owner))
            handle.flush()
        try:
            yield
        finally:
            handle.truncate(0)


def _owner(text: str) -> str:
    try:
        owner = json.loads(text)
        return f"run {owner['run_id']}, process {owner['pid']} on {owner['host']} since {owner['started_at']}"
    except (ValueError, KeyError, TypeError):
        return "its name is not written yet"
