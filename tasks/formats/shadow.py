"""The shadow of a text: what a reader sees of it, with a way back to where each character stands.

Soft hyphens, marks of direction and other characters without a shape, accents that are printed as characters of their
own, and colons of another width stand in copied texts. No word of the grammar has them, so a label with one of them was
no label, and its words went to whoever spoke before. A parser therefore reads the shadow, where there is one, and its
blocks are put back upon the text: texts and labels stay as printed, names and roles are of the shadow.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass

from tasks.formats.blocks import Block

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
# Format characters (Cf) of running text, and the selectors of a glyph.
_UNSEEN = (
    "\N{SOFT HYPHEN}\N{ARABIC LETTER MARK}\N{MONGOLIAN VOWEL SEPARATOR}"
    "\N{ZERO WIDTH SPACE}-\N{RIGHT-TO-LEFT MARK}\N{LEFT-TO-RIGHT EMBEDDING}-\N{RIGHT-TO-LEFT OVERRIDE}"
    "\N{WORD JOINER}-\N{NOMINAL DIGIT SHAPES}\N{VARIATION SELECTOR-1}-\N{VARIATION SELECTOR-16}" + _BOM
)
_MARKS = "\N{COMBINING GRAVE ACCENT}-\N{COMBINING LATIN SMALL LETTER X}"
_COLONS = "\N{FULLWIDTH COLON}\N{RATIO}\N{SMALL COLON}"
_UNLIKE_RE = re.compile(rf"[{_UNSEEN}{_MARKS}{_COLONS}]")
# A letter with its accents; a run of what has no shape, or of accents on nothing; a colon.
_PIECE_RE = re.compile(rf"([^\W\d_][{_MARKS}]+)|([{_UNSEEN}{_MARKS}]+)|[{_COLONS}]")


@dataclass(frozen=True, slots=True)
class Shadow:
    """A shadow, and where it and its text part: at `places` of the shadow stand the `origins` of the text."""

    text: str
    places: list[int]
    origins: list[int]

    def origin(self, at: int) -> int:
        """Where in the text the character stands that is at a place of the shadow."""
        last = bisect_right(self.places, at) - 1
        return self.origins[last] + at - self.places[last]


def cast_shadow(text: str) -> Shadow | None:
    """The shadow of a text; None where the text is its own, as nearly every one is.

    Accents are joined to their letters; those that no letter has, as the stress of a Russian word, are left out. A byte
    order mark at the beginning is of the file, and stays.
    """
    if text.isascii() or not _UNLIKE_RE.search(text):
        return None
    parts: list[str] = []
    places, origins = [0], [0]
    at = size = 0
    for piece in _PIECE_RE.finditer(text, len(text) - len(text.lstrip(f" \t\r\n{_BOM}"))):
        start, end = piece.span()
        before = text[at:start]
        letter, unseen = piece.groups()
        if letter:
            seen = "".join(mark for mark in unicodedata.normalize("NFC", letter) if not unicodedata.combining(mark))
        elif unseen:
            seen = ""
        else:  # `Lind：Good day.` has no space, as the colon has room of its own
            seen = ":" if text[end : end + 1].isspace() or text[end : end + 1].isdigit() else ": "
        parts += (before, seen)
        size += len(before) + len(seen)
        if unseen and (start == 0 or text[start - 1].isspace()):  # it belongs to the word behind it
            places += (size, size + 1)
            origins += (start, end + 1)
        else:
            places.append(size)
            origins.append(end)
        at = end
    return Shadow("".join((*parts, text[at:])), places, origins)


def read_by_shadow(text: str, read: Callable[[str], list[Block]]) -> list[Block]:
    """The blocks that a reader finds in the shadow of a text, where they stand in the text.

    What has no shape and stands between blocks, as in a line of its own, is furniture.

    >>> read_by_shadow("Li\N{SOFT HYPHEN}nd", lambda seen: [Block("title", 0, len(seen))])
    [Block(kind='title', start=0, end=5, value=None)]
    """
    shadow = cast_shadow(text)
    if shadow is None:
        return read(text)
    blocks: list[Block] = []
    at = 0
    for block in read(shadow.text):
        start, end = shadow.origin(block.start), shadow.origin(block.end)
        blocks += _furniture(text, at, start)
        blocks.append(block._replace(start=start, end=end))
        at = end
    return [*blocks, *_furniture(text, at, len(text))]


def _furniture(text: str, start: int, end: int) -> list[Block]:
    words = text[start:end].strip()
    if not words:
        return []
    first = text.index(words[0], start)
    return [Block("furniture", first, first + len(words))]
