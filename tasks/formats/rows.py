"""Printed rows of a plain text: where each stands, how far it is indented, and which breaks only wrap a paragraph."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

_TAB = 4
# Below this nobody wraps running text: such lines are verse, lists or talk. Above the other one nobody does either.
MIN_WIDTH, MAX_WIDTH = 50, 132
MAX_INDENT = 6  # of the first row of a paragraph; what stands further in is centred
MIN_INDENTED_SHARE = 0.1  # of the breaks inside blocks of rows follow such a row

_DIGITS_RE = re.compile(r"\d+")
MAX_RUNNING_CHARS = 120  # of a row that is printed on each page
_PAGES = 3  # on which such a row stands at least
_PAGE_NUMBER_RE = re.compile(r"(?:-\s?|[Pp]age )?\d{1,4}(?: of \d{1,4})?(?:\s?-)?")


class Row(NamedTuple):
    """One row without the white space around it; offsets are code points of the text.

    `indent`: columns before its first character; `gap`: whether a blank row, or the beginning, stands before it.
    """

    start: int
    end: int
    text: str
    indent: int
    gap: bool


def split_rows(text: str, start: int = 0) -> list[Row]:
    """Split a text into its rows that are not blank, from `start` on, at LF, CR LF or, where there is no LF, CR."""
    rows: list[Row] = []
    at, gap = start, True
    part = text[start:] if start else text
    for printed in part.split("\n" if "\n" in part or "\r" not in part else "\r"):
        words = printed.strip()
        if words:
            before = len(printed) - len(printed.lstrip())
            indent = before + (_TAB - 1) * printed.count("\t", 0, before)
            rows.append(Row(at + before, at + before + len(words), words, indent, gap))
        gap = not words
        at += len(printed) + 1
    return rows


class Layout(NamedTuple):
    """How a text is set: the column at which it was wrapped, None where its rows are paragraphs or too short to tell;
    and whether an indent, not a blank row, opens its paragraphs."""

    width: int | None
    indented: bool


def find_layout(rows: Sequence[Row]) -> Layout:
    """Find out how a text is set.

    The width is the length that 95 in 100 rows keep to: a few rows, mostly addresses, stand out of any wrapped text.
    """
    if not rows:
        return Layout(None, False)
    lengths = sorted(row.indent + len(row.text) for row in rows)
    width = lengths[min(len(lengths) - 1, len(lengths) * 95 // 100)]
    inner = [(before, row) for before, row in pairwise(rows) if not row.gap]
    opened = sum(2 <= before.indent <= MAX_INDENT and row.indent == 0 for before, row in inner)
    indented = opened >= 3 and opened >= MIN_INDENTED_SHARE * len(inner)
    return Layout(width if MIN_WIDTH <= width <= MAX_WIDTH else None, indented)


def is_wrapped(before: Row, row: Row, layout: Layout) -> bool:
    """Whether the break between two rows only wraps: the next word did not fit, or the sentence goes on."""
    if row.gap or row.indent > before.indent + 1:
        return False
    if layout.indented and row.indent == 0 and before.indent <= MAX_INDENT:
        return True
    first = row.text.split(None, 1)[0]
    if layout.width is not None and before.indent + len(before.text) + 1 + len(first) > layout.width:
        return True
    return row.text[0].islower() and before.text[-1] not in ".?!:;"


def find_running(rows: Sequence[Row]) -> set[int]:
    """The rows that each page prints beside its number: alone, again and again, and no sentences."""
    alone = [
        at
        for at, row in enumerate(rows)
        if row.gap
        and (at + 1 == len(rows) or rows[at + 1].gap)
        and len(row.text) <= MAX_RUNNING_CHARS
        and row.text[-1] not in '.?!:;,)]*"”-–—'
        and any(_PAGE_NUMBER_RE.fullmatch(near.text) for near in rows[max(0, at - 1) : at + 2])
    ]
    keys = {at: _DIGITS_RE.sub("#", " ".join(rows[at].text.split())) for at in alone}
    counts = Counter(keys.values())
    return {at for at, key in keys.items() if counts[key] >= _PAGES and any(map(str.isalpha, key))}
