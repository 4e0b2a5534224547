"""Event pages of en.kremlin.ru as HTML.

Two pure steps. `derive` makes the text of a page from its markup (see `markup`), which is kept as its rendition.
`parse` takes the lines with addresses out, reads the rest as `kremlin-text` does, and puts the addresses back as
blocks: so the same page says the same in both formats. Bold is not asked whether something is a label: that would part
the formats, and some labels are not bold, and some bold is no label.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import pairwise

from tasks.formats import kremlin_text
from tasks.formats.blocks import Block
from tasks.formats.edition import Edition
from tasks.formats.editions import ENGLISH, RUSSIAN
from tasks.formats.markup import ADDRESS_RE, CLOSING, OPENING, PAGE_BREAK, derive

NAME = "kremlin-html"
VERSION = 2
SOURCE = kremlin_text.SOURCE
LANGUAGE = kremlin_text.LANGUAGE
TIME_ZONE = kremlin_text.TIME_ZONE

__all__ = ["LANGUAGE", "NAME", "SOURCE", "TIME_ZONE", "VERSION", "derive", "is_complete", "parse", "sniff", "split"]

is_complete = kremlin_text.is_complete

_KINDS = {"page": "page_address", "link": "link_address"}
_MARK_RE = re.compile(rf"^{OPENING}(page|link) ({ADDRESS_RE.pattern}){CLOSING}$\n?", re.MULTILINE)
_CLASS_RES = [
    re.compile(rf"""\bclass\s{{0,9}}=\s{{0,9}}(?:["'][^"'<>]{{0,400}}\b)?{name}\b""", re.IGNORECASE)
    for name in ("h-entry", "e-content", "p-name")
]
_ADDRESS = (
    r"""<(?:meta\s(?=[^<>]{0,700}\bog:url)|link\s(?=[^<>]{0,700}\bcanonical)|div\s(?=[^<>]{0,400}\bdata-href\b))"""
    r"""[^<>]{0,700}https?://(?:(?:www|m)\.)?HOST/"""
)
_ADDRESS_RES = {
    edition.language: re.compile(_ADDRESS.replace("HOST", re.escape(edition.host)), re.IGNORECASE)
    for edition in (ENGLISH, RUSSIAN)
}


def sniff(head: str, edition: Edition = ENGLISH) -> float:
    """How much speaks for an event page in the first characters of a markup, from 0 to 1.

    Evidence: an entry with content and a name in the classes of microformats, and an address of the page on the site's
    edition. Both are needed: lists have no content, and other sites have such classes too.
    """
    text = head[:400_000]
    if "<" not in text or not all(expression.search(text) for expression in _CLASS_RES):
        return 0.0
    return 1.0 if _ADDRESS_RES[edition.language].search(text) else 0.3


def split(text: str) -> list[tuple[int, int]]:
    """The spans of the pages that a rendition holds: one, where the dump was one page."""
    spans, at = [], 0
    for page in text.split(PAGE_BREAK):
        words = page.strip()
        if words:
            start = text.index(words[0], at)
            spans.append((start, start + len(words)))
        at += len(page) + len(PAGE_BREAK)
    return spans


def parse(text: str, edition: Edition = ENGLISH) -> list[Block]:
    """Parse the text of one page into blocks that tile it: see `kremlin_text.parse` for what is read."""
    marks = list(_MARK_RE.finditer(text))
    if not marks:
        return kremlin_text.parse(text, edition)
    kept: list[str] = []
    starts: list[int] = []  # where each mark was taken out of the clean text
    at = length = 0
    for mark in marks:
        kept.append(text[at : mark.start()])
        length += mark.start() - at
        starts.append(length)
        at = mark.end()
    kept.append(text[at:])
    clean = "".join(kept)
    ends = [0]  # how many characters were taken out before the first mark, the second, …
    for mark in marks:
        ends.append(ends[-1] + mark.end() - mark.start())

    blocks = [block for mark in marks for block in _address_blocks(mark)]
    for block in kremlin_text.parse(clean, edition):
        blocks.extend(_put_back(block, clean, starts, ends))
    return sorted(blocks, key=lambda block: block.start)


def _address_blocks(mark: re.Match[str]) -> Sequence[Block]:
    start, end = mark.span(2)
    return (
        Block("address_mark", mark.start(), mark.end(1)),
        Block(_KINDS[mark[1]], start, end, mark[2]),
        Block("address_mark", end, end + len(CLOSING)),
    )


def _put_back(block: Block, clean: str, starts: Sequence[int], taken: Sequence[int]) -> list[Block]:
    """A block of the clean text in the whole one; in parts where a mark stood inside it."""
    first, last = bisect_right(starts, block.start), bisect_left(starts, block.end)
    if first == last:
        return [Block(block.kind, block.start + taken[first], block.end + taken[first], block.value)]
    parts = []
    edges = [block.start, *starts[first:last], block.end]
    for number, (start, end) in enumerate(pairwise(edges), start=first):
        words = clean[start:end].strip()
        if words:
            at = clean.index(words[0], start) + taken[number]
            parts.append(Block(block.kind, at, at + len(words), block.value))
    return parts
