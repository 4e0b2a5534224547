"""Which files of a drop folder are to be taken: those that nobody writes any more and that no run has taken in.

A file counts as settled when its inode has not changed for a while. That time (ctime) is set by the kernel at every
write, and at a rename into the folder, and unlike the time of modification no tool that copies can set it back.
What was taken in before is known by its hash, so that a copy, a new name or a touched file costs a read and no more.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from storage.files import sha256_file


@dataclass(slots=True)
class Arrivals:
    """What stands in a drop folder: files to take, and how many are known or still change."""

    fresh: list[Path] = field(default_factory=list)
    known: int = 0
    changing: int = 0

    def __str__(self) -> str:
        return f"{len(self.fresh)} new, {self.known} taken in before, {self.changing} still changing"


def find_arrivals(files: Iterable[Path], known: Collection[str], settled_seconds: float, now: float) -> Arrivals:
    """Sort the files of a folder.

    Args:
        files: paths.
        known: SHA-256 of the dumps that were taken in before.
        settled_seconds: for how long a file must not have changed.
        now: seconds since 1970.
    """
    found = Arrivals()
    for path in files:
        with contextlib.suppress(FileNotFoundError):  # its owner has moved it on
            # a time in the future is that of a clock that was wrong: who writes now sets it to now
            if abs(now - path.stat().st_ctime) < settled_seconds:
                found.changing += 1
            elif sha256_file(path) in known:
                found.known += 1
            else:
                found.fresh.append(path)
    return found
