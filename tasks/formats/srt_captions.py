"""Captions as SubRip (`.srt`): an index, a time, a few rows; any of them may lack or be damaged."""

from __future__ import annotations

import re
from collections.abc import Sequence

import srt  # type: ignore[import-untyped]

from tasks.formats import cues
from tasks.formats.blocks import Block
from tasks.formats.cues import TIMING_RE, Cue, canonical_timing, doubts, parse, split

NAME = "srt"
VERSION = 2
SOURCE = ""
LANGUAGE = ""
TIME_ZONE = ""
MEDIA_TYPE = "application/x-subrip"

__all__ = [
    "LANGUAGE",
    "NAME",
    "SOURCE",
    "TIME_ZONE",
    "VERSION",
    "derive",
    "doubts",
    "is_complete",
    "parse",
    "sniff",
    "split",
]

_OPENING_RE = re.compile(r"\s*+(?:\d{1,6}[^\S\n]*+\n\s*+)?(?=\d{1,3}:\d{1,2}:\d{1,2}[.,]\d{1,3}\s*-{1,2}>)")
_DIGITS_RE = re.compile(r"\d{51}")  # the reader takes seconds for thousands in a row
_BROKEN_RE = re.compile(r"^[^\n]*-->[^\n]*$", re.MULTILINE)


def sniff(head: str) -> float:
    """0.9 for a text that opens with a time row, or an index and one."""
    text = head[:4096].removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    opening = _OPENING_RE.match(text)
    return 0.9 if opening and TIMING_RE.match(text, opening.end()) else 0.0


def derive(markup: str) -> str:
    """The rendition of a SubRip file: see `cues`. Nothing where it holds no cue.

    Raises:
        ValueError: text stands before the first time that is no index, or between cues where no reader finds its place.
    """
    text = markup.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\ufffd")
    # The reader's time grows with the square of a run of blanks; none of them is a word.
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in text.split("\n")))
    ordered = TIMING_RE.sub(lambda match: "\n" + canonical_timing(match, ","), text)
    ordered = re.sub(r"^(\d+)[^\S\n]*\n+(?=\d\d+:\d\d:\d\d,\d{3} -->)", r"\n\1\n", ordered, flags=re.MULTILINE)
    broken = [match for match in _BROKEN_RE.finditer(ordered) if not TIMING_RE.match(match[0])]
    for match in reversed(broken):  # the time is lost; the words stay with the cue before
        ordered = ordered[: match.start()] + ordered[match.end() :]
    if _DIGITS_RE.search(ordered):
        raise ValueError("a row of more than 50 digits is in it")
    try:
        found = list(srt.parse(ordered.strip("\n") + "\n"))
    except srt.SRTParseError as error:
        raise ValueError(f"a cue cannot be read: {str(error)[:120]}") from error
    own = [
        Cue(round(one.start.total_seconds() * 1000), round(one.end.total_seconds() * 1000), one.content)
        for one in found
    ]
    return cues.render(own, lost=len(broken)) if own else ""


def is_complete(blocks: Sequence[Block]) -> bool:
    """Nothing in this format says where it ends: what is there is taken for whole."""
    return bool(blocks)
