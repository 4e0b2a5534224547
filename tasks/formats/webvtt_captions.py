"""Captions as WebVTT (https://www.w3.org/TR/webvtt1/): voice tags, settings and notes included, damage forgiven.

The reader passes over what it cannot read, so the text is put in order for it first: times with commas or without
hours, and blank rows inside a cue, which would end it there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import webvtt

from tasks.formats import cues
from tasks.formats.blocks import Block
from tasks.formats.cues import TIMING_RE, Cue, canonical_timing, doubts, parse, split, to_ms

NAME = "webvtt"
VERSION = 2
SOURCE = ""
LANGUAGE = ""
TIME_ZONE = ""
MEDIA_TYPE = "text/vtt"

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

_HEAD_RE = re.compile(r"\ufeff?\s*WEBVTT(?:[ \t]+-?[ \t]*([^\n]*))?(?=\n|$)")
_ENTRY_RE = re.compile(r"^(Language|Title|Kind):[ \t]*([^\n]{1,200})$", re.MULTILINE | re.IGNORECASE)
_ASIDES = ("NOTE", "STYLE", "REGION")


def sniff(head: str) -> float:
    """1.0 for a text that opens with `WEBVTT`."""
    return 1.0 if _HEAD_RE.match(head.replace("\r\n", "\n")) else 0.0


def derive(markup: str) -> str:
    """The rendition of a WebVTT file: see `cues`. Nothing where it holds no cue.

    Raises:
        ValueError: it is no WebVTT.
    """
    text = markup.replace("\r\n", "\n").replace("\r", "\n").replace("\x00", "\N{REPLACEMENT CHARACTER}")
    head = _HEAD_RE.match(text)
    first, _, rest = text.partition("\n\n")
    if head is None or TIMING_RE.search(first):
        first, rest = "WEBVTT", text[head.end() if head else 0 :]
    facts = {name.casefold(): value.strip() for name, value in _ENTRY_RE.findall(first)}
    title = (head[1] or "").strip() if head else ""
    try:
        found = webvtt.from_string("WEBVTT\n\n" + _put_in_order(rest))
    except webvtt.errors.MalformedFileError as error:
        raise ValueError(str(error)) from error
    own = [Cue(to_ms(cue.start), to_ms(cue.end), cue.raw_text) for cue in found.captions]
    lost = sum(_count_lost(block) for block in rest.split("\n\n"))
    return cues.render(own, facts.get("title") or title, facts.get("language"), lost) if own else ""


def _count_lost(block: str) -> int:
    """Rows of a block that hold an arrow and no time that can be read."""
    if block.lstrip().startswith(_ASIDES):
        return 0
    return sum("-->" in row and not TIMING_RE.match(row) for row in block.split("\n"))


def _put_in_order(text: str) -> str:
    """Blocks with one blank row between: a cue with all its rows, or a note."""
    blocks: list[str] = []
    of_cue = False
    for block in re.split(r"\n[^\S\n]*(?:\n[^\S\n]*)+", text.strip("\n")):
        match = TIMING_RE.search(block)
        if match is None:
            block = "\n".join(row for row in block.split("\n") if "-->" not in row).strip()
            if block.startswith(_ASIDES):
                blocks.append(block)
                of_cue = False
            elif of_cue and block and not block.isdigit():  # a blank row inside a cue, or a cue with a broken time
                blocks[-1] = blocks[-1].rstrip("\n") + "\n" + block
            continue
        parts = _cut_cues(block)
        blocks += parts
        of_cue = bool(parts)
    return "\n\n".join(blocks) + "\n"


def _cut_cues(block: str) -> list[str]:
    """The cues of a block; blank rows between them may lack."""
    matches = list(TIMING_RE.finditer(block))
    edges = [*(match.start() for match in matches[1:]), len(block)]
    found = []
    for match, edge in zip(matches, edges, strict=True):
        words = block[match.end() : edge].strip("\n")
        if edge < len(block):
            before, _, last = words.rpartition("\n")
            words = before if last.strip().isdigit() else words  # the index of the next one
        found.append(f"{canonical_timing(match, '.')}\n{words}")
    return found


def is_complete(blocks: Sequence[Block]) -> bool:
    """Nothing in this format says where it ends: what is there is taken for whole."""
    return bool(blocks)
