"""Where the head of a transcript prints its title."""

from __future__ import annotations

import re
from collections.abc import Sequence

from tasks.formats import asides
from tasks.formats.dates import read_clock, tells_day
from tasks.formats.rows import MAX_INDENT, Layout, Row, is_wrapped

HEAD_ROWS = 400  # a printed hearing has its roster and contents before the first word
END_SENTENCE = (".", ":", ";", ",", "?", "!", "”", '"')
_MAX_TITLE_CHARS = 300
_MAX_TITLE_ROWS = 3
_MARKDOWN_ROWS = 8  # among the first rows a heading is the title

HEADING_RE = re.compile(r"(#{1,6})\s+(?=\S)")
_HEARING_RE = re.compile(r"(?:[A-Z]+ ){0,3}HEARINGS?")
_SERIES_RE = re.compile(
    r"\[.*\]|S\. ?H(?:rg|RG)\.|H\. ?H(?:rg|RG)\.|Serial No\.|\d+(?:st|nd|rd|th) Congress|Senate Hearing"
)
# Who issues a transcript, or that it is one: no title where a better row follows. Letters set
# apart are no title at all.
_LETTERHEAD_RE = re.compile(
    r"(?:the )?white house|office of .{1,80}|(?:for|not for) (?:immediate )?release\b.{0,80}|embargoed.{0,80}"
    r"|(?:u\.s\. )?department of .{1,60}|(?:official |rush |full |verbatim |news )?transcript(?: of proceedings)?",
    re.IGNORECASE,
)
SPACED_RE = re.compile(r"[^\W\d_](?: {1,4}[^\W\d_]){3,}")
_ENTRY_RE = re.compile(r"[A-Z][A-Za-z-]{0,20}:\s")  # of the head of a letter


def find_title(text: str, head: Sequence[Row], layout: Layout) -> tuple[int, int] | None:
    """The first and the last row of the title, by their indexes; None where the head prints none.

    Args:
        text: the document.
        head: its rows above the first label.
        layout: how it is set.
    """
    return _find_hearing_title(head) or _find_heading(head) or _find_first(text, head, layout)


def _find_hearing_title(head: Sequence[Row]) -> tuple[int, int] | None:
    """The rows in capitals above `HEARING` on the front page of a printed record."""
    for at, row in enumerate(head):
        if at == 0 or not _HEARING_RE.fullmatch(row.text):
            continue
        last = at
        while last > 0 and asides.is_rule(head[last - 1].text):
            last -= 1
        first = last
        while first > 0 and _is_title_row(head[first - 1].text):
            first -= 1
        if first < last:
            return first, last - 1
    return None


def _is_title_row(text: str) -> bool:
    return text.isupper() and not _SERIES_RE.match(text) and not _is_aside(text)


def _find_heading(head: Sequence[Row]) -> tuple[int, int] | None:
    found = next((at for at, row in enumerate(head[:_MARKDOWN_ROWS]) if HEADING_RE.match(row.text)), None)
    return None if found is None else (found, found)


def _find_first(text: str, head: Sequence[Row], layout: Layout) -> tuple[int, int] | None:
    """The first paragraph, where it is short, no sentence and no entry of a letter; one behind the letterhead first."""
    first = int(len(head) > 1 and not head[1].gap and _LETTERHEAD_RE.fullmatch(head[1].text) is not None)
    while first < len(head) and (_LETTERHEAD_RE.fullmatch(head[first].text) or (first and _is_aside(head[first].text))):
        first += 1
    found = _find_paragraph(text, head, first, layout) if first else None
    return found or _find_paragraph(text, head, 0, layout)


def _find_paragraph(text: str, head: Sequence[Row], first: int, layout: Layout) -> tuple[int, int] | None:
    if first >= len(head) or _is_aside(head[first].text) or _ENTRY_RE.match(head[first].text):
        return None
    last = first
    while last + 1 < len(head) and _goes_on(head[last], head[last + 1], layout) and not _is_aside(head[last + 1].text):
        last += 1
    said = text[head[first].start : head[last].end]
    if last - first >= _MAX_TITLE_ROWS or len(said) > _MAX_TITLE_CHARS or SPACED_RE.fullmatch(said):
        return None
    return None if said.endswith(END_SENTENCE) and not said.isupper() else (first, last)


def _goes_on(before: Row, row: Row, layout: Layout) -> bool:
    """Whether a row goes on with a title: wrapped, or in capitals in the middle of the page as the one before is."""
    centred = min(before.indent, row.indent) > MAX_INDENT and before.text.isupper() and row.text.isupper()
    return is_wrapped(before, row, layout) or (centred and not row.gap)


def _is_aside(text: str) -> bool:
    return bool(
        asides.is_rule(text)
        or asides.is_note(text)
        or read_clock(text)
        or tells_day(text)
        or asides.is_page_mark(text)
        or asides.is_end(text)
    )
