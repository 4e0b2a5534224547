"""Whether a run can begin: what it was asked for makes sense, and so do the rules that it judges by.

A command asks before it starts a server, the flow asks for those that call it otherwise.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Sequence
from pathlib import Path

from storage.errors import UsageError
from tasks import formats
from tasks.told import read_language


def require_sense(
    *,
    inputs: Sequence[str] | None = None,
    source: str | None = None,
    format_name: str | None = None,
    language: str | None = None,
    accept_envelope: str | None = None,
    accept_loss: str | None = None,
    wait_seconds: float = 0,
    workers: int | None = None,
) -> None:
    """Raise unless the run can begin; the arguments are the parameters of the flows, None where nothing is said.

    Raises:
        UsageError: a parameter makes no sense, or a rule cannot be judged.
    """
    if inputs is not None and not inputs:
        raise UsageError("no input is named", "name files, folders, globs, s3:// addresses, or - for standard input")
    for name in inputs or ():
        if not _is_text(name):
            raise UsageError(f"no UTF-8: {name.encode(errors='replace').decode()}", "rename it, or give its folder")
    if source is not None and not re.fullmatch(r"[a-z0-9-]{1,63}", source):
        raise UsageError(f"not a slug: {source}", "use lower-case letters, digits and hyphens, 63 at most")
    if format_name is not None and format_name not in formats.FORMATS:
        raise UsageError(f"no such format: {format_name}", f"choose one of: {', '.join(sorted(formats.FORMATS))}")
    if language is not None and read_language(language) is None:
        raise UsageError(f"no tag of a language: {language}", "give a BCP 47 tag, such as en or pt-BR")
    for option, reason in (("--accept-envelope", accept_envelope), ("--accept-loss", accept_loss)):
        if reason is not None and not reason.strip():
            raise UsageError("no reason is given", f"say after {option} why it is right: it is kept")
    if not wait_seconds >= 0:  # nor is it what is no number
        raise UsageError(f"no time to wait: {wait_seconds:g} seconds", "wait for 0 seconds or more")
    if workers is not None and workers < 1:
        raise UsageError(f"no number of workers: {workers}", "give 1 or more; 1 for none but this process")
    require_rules()


def require_rules() -> None:
    """Raise unless the rules can be made, and judged.

    Raises:
        UsageError: one cannot; the message names it, or the line where it is made.
    """
    try:
        from expectations.sound import require_sound  # makes the rules
    except (AttributeError, NameError, SyntaxError, TypeError) as error:
        why = error.msg if isinstance(error, SyntaxError) else error
        raise UsageError(f"a rule cannot be made: {_place_of(error)}: {why}", "correct it there") from error
    require_sound()


def _place_of(error: Exception) -> str:
    """Where in expectations/ an error arose: `expectations/tags.py, line 40`."""
    places = [(one.filename, one.lineno) for one in traceback.extract_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):
        places.append((error.filename or "", error.lineno))
    name, line = next((place for place in reversed(places) if Path(place[0]).parent.name == "expectations"), places[-1])
    return f"expectations/{Path(name).name}, line {line}"


def _is_text(name: str) -> bool:
    """Whether a name can be written down: one in another encoding has bytes that are no characters here."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
