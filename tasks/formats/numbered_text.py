"""Transcripts of courts whose rows are numbered: the numbers are taken off, and the rest is `labelled-text`.

     6       Q.  Good morning, Mr. Marsh.  Did you sleep
     7  well?
     8       A.  Yes.

The rendition is the text without them, so that no number stands among the words. A row without a number, which is of
the page and not of the record, keeps a blank row around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tasks.formats import labelled_text

NAME = "numbered-text"
VERSION = 2
SOURCE = labelled_text.SOURCE
LANGUAGE = labelled_text.LANGUAGE
TIME_ZONE = labelled_text.TIME_ZONE
MEDIA_TYPE = "text/plain"

split = labelled_text.split
parse = labelled_text.parse
is_complete = labelled_text.is_complete

_EVIDENCE = 0.45  # above that of labelled text, which such a text may be too
_SNIFF_CHARS = 120_000
_MIN_ROWS = 8
_MIN_SHARE = 0.6  # of the rows bear a number that follows the one before; title pages and indexes have none
_MAX_NUMBER = 32  # rows on a page
_ROW_RE = re.compile(r"(?:[^\S\n]*\d\d:\d\d(?::\d\d)?)?[^\S\n]{0,12}(\d{1,2})(?=[^\S\n]|$)[^\S\n]?")


def sniff(head: str) -> float:
    """0.45 for a text whose rows are numbered page by page, and which is labelled text without the numbers."""
    text = head[:_SNIFF_CHARS]
    rows = [row for row in text.split("\n") if row.strip()]
    numbered = list(_numbered(rows))
    found = sum(end > 0 for end in numbered)
    if found < _MIN_ROWS or found < _MIN_SHARE * len(rows):
        return 0.0
    return _EVIDENCE if labelled_text.sniff(derive(text)) else 0.0


def derive(markup: str) -> str:
    """The text without the numbers of its rows."""
    printed = markup.replace("\r\n", "\n").replace("\r", "\n").replace("\f", "\n").split("\n")
    rows = [row for row in printed if row.strip()]  # between numbered rows a blank one is only space
    out = []
    for row, end in zip(rows, _numbered(rows), strict=True):
        out += [row[end:].rstrip()] if end else ["", row.strip(), ""]
    return "\n".join(out).strip("\n") + "\n"


def _numbered(rows: list[str]) -> Iterator[int]:
    """Where the words of each row begin behind its number; 0 where it has none that follows the one before."""
    last = 0
    for row in rows:
        match = _ROW_RE.match(row)
        number = int(match[1]) if match else 0
        follows = last < number <= min(last + 2, _MAX_NUMBER) or number == 1
        if match and follows:
            last = number
            yield match.end()
        else:
            yield 0
