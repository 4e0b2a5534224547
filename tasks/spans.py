"""The blocks of a document as bytes and words: where each stands in the UTF-8 of its text, and what it says, folded.

Most texts have no white space but single spaces and line feeds. That is asked once a document; then a block is folded
as it is, unless it holds a line feed. Every text is encoded once: its bytes say where the next block starts, and they
are what is hashed and goes into the tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import add, sub

from tasks.formats.blocks import fold

# White space but the space and the line feed: a text without any, and without two spaces in a row, is folded but for
# its line feeds.
_ODD_SPACES = tuple(mark for mark in map(chr, range(0x3001)) if mark.isspace() and mark not in " \n")
_ODD_ASCII = tuple(mark for mark in _ODD_SPACES if mark.isascii())


@dataclass(frozen=True, slots=True)
class Spans:
    """The blocks of a document in order, and how many bytes of its text are inked: no white space.

    `starts` and `ends` are bytes of the rendition, half-open; `texts` is what the blocks say, folded; `encoded` is that
    in UTF-8.
    """

    starts: list[int]
    ends: list[int]
    texts: list[str]
    encoded: list[bytes]
    inked: int


def read_spans(text: str, firsts: Sequence[int], lasts: Sequence[int], base: int) -> Spans:
    """Read the spans of a document.

    Args:
        text: the document.
        firsts, lasts: where its blocks stand, half-open, in code points of the text.
        base: byte of the rendition at which the text starts.
    """
    texts = [text[first:last] for first, last in zip(firsts, lasts, strict=True)]
    encoded = list(map(str.encode, texts))
    data = text.encode()
    lengths = list(map(len, encoded))
    starts = _byte_starts(text, data, firsts, lasts, lengths, base)
    ends = list(map(add, starts, lengths))
    marks = _ODD_ASCII if text.isascii() else _ODD_SPACES
    is_odd = "  " in text or any(mark in text for mark in marks)
    inked = count_inked(text) if is_odd else len(data) - data.count(b" ") - data.count(b"\n")
    if is_odd or "\n" in text:
        for index, words in enumerate(texts):
            if is_odd or "\n" in words:
                texts[index] = fold(words)
                encoded[index] = texts[index].encode()
    return Spans(starts, ends, texts, encoded, inked)


def _byte_starts(
    text: str, data: bytes, firsts: Sequence[int], lasts: Sequence[int], lengths: Sequence[int], base: int
) -> list[int]:
    """First bytes of the blocks: each is shifted by the bytes that characters before it have beyond one."""
    if not firsts:
        return []
    more = list(map(sub, lengths, map(sub, lasts, firsts)))
    shifts = [0, *more]
    if len(data) - len(text) != sum(more):  # the white space between has such characters too
        between = [text[last:first] for last, first in zip((0, *lasts), firsts, strict=False)]
        shifts = [shift + len(space.encode()) - len(space) for shift, space in zip(shifts, between, strict=False)]
    shifts[0] += base
    return list(map(add, firsts, accumulate(shifts)))


def count_inked(text: str) -> int:
    """Bytes of a text, white space aside."""
    return len("".join(text.split()).encode())
