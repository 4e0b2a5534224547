"""Captions as SubViewer (`.sbv`), as video sites export them: a row with two times, a few rows, a blank one."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tasks.formats import cues
from tasks.formats.blocks import Block
from tasks.formats.cues import Cue, parse, split, to_ms

NAME = "sbv"
VERSION = 1
SOURCE = ""
LANGUAGE = ""
TIME_ZONE = ""
MEDIA_TYPE = "text/x-subviewer"

__all__ = ["LANGUAGE", "NAME", "SOURCE", "TIME_ZONE", "VERSION", "derive", "is_complete", "parse", "sniff", "split"]

_CLOCK = r"\d{1,3}:\d{1,2}:\d{1,2}(?:\.\d{1,3})?"
_TIMING_RE = re.compile(rf"^[^\S\n]*({_CLOCK}),({_CLOCK})[^\S\n]*$", re.MULTILINE)
_BREAK = "[br]"


def sniff(head: str) -> float:
    """0.9 for a text that opens with a row of two times."""
    return 0.9 if _TIMING_RE.match(_plain(head[:4096]).lstrip()) else 0.0


def _plain(text: str) -> str:
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def derive(markup: str) -> str:
    """The rendition of a SubViewer file: see `cues`. Nothing where it holds no cue.

    Raises:
        ValueError: text stands before the first time.
    """
    before, *found = _TIMING_RE.split(_plain(markup).replace("\x00", "\N{REPLACEMENT CHARACTER}"))
    if found and before.strip():
        raise ValueError(f"text stands before the first time: {before.strip()[:60]!r}")
    own = [
        Cue(to_ms(start), to_ms(end), words.replace(_BREAK, "\n").strip("\n"))
        for start, end, words in zip(found[::3], found[1::3], found[2::3], strict=True)
    ]
    return cues.render(own) if own else ""


def is_complete(blocks: Sequence[Block]) -> bool:
    """Nothing in this format says where it ends: what is there is taken for whole."""
    return bool(blocks)
