"""What `verify` finds, and what to do about it."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass

from storage.errors import DamageError, StenolakeError, StorageError

ROW_ADVICE = "run `stenolake reprocess`; if it stays, report it with `stenolake trace` of this id"
UNREADABLE = (DamageError, StorageError, OSError)
"""What is raised where a file cannot be read: it is named, and the proof goes on."""

_RIGHTS = "give this user the right to read it, and run `stenolake verify` again"
_DISK = (
    "check the disk (`stenolake doctor`) and run `stenolake verify` again; if it stays, restore the lake from a copy"
)


@dataclass(frozen=True, slots=True)
class Damage:
    """One thing that does not hold: rule of the contract (1 to 5), file or row, what is wrong and what to do."""

    rule: int
    where: str
    problem: str
    advice: str


def describe(rule: int, where: str, error: StenolakeError | OSError) -> Damage:
    """What was raised while a file was read, as damage; what the system said goes before what we made of it."""
    said = error if isinstance(error, OSError) else error.__cause__
    if isinstance(said, OSError) and said.errno:
        advice = _RIGHTS if said.errno in (errno.EACCES, errno.EPERM) else _DISK
        return Damage(rule, where, f"cannot be read: {os.strerror(said.errno)}", advice)
    if isinstance(error, OSError):
        return Damage(rule, where, f"cannot be read: {error}", _DISK)
    return Damage(rule, where, error.message, error.advice)
