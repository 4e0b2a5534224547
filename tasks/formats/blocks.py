"""The vocabulary of parsing: typed, contiguous spans that tile a document.

A parser turns the text of one document into blocks; every table is a projection of them. A block knows
its kind, where it stands, and, where the text has to be read to be used (a date, a label, a section list),
the value that was read. Nothing here touches the disk, the clock or Prefect.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

SpeakerKind = Literal["person", "generic", "unknown"]


@dataclass(frozen=True, slots=True)
class Speaker:
    """What a printed label says: `President of Russia Vladimir Putin` is a role and a name.

    `name` is None where nobody is named (`Question`); `role` is None where only a name is printed.
    """

    name: str | None
    role: str | None
    kind: SpeakerKind


Value = dt.date | dt.time | dt.datetime | int | str | tuple[str, ...] | tuple[int | None, int | None] | Speaker | None


class Block(NamedTuple):
    """One span of a document.

    `start` and `end` are half-open offsets in code points into the text given to the parser, and neither end
    stands on white space. `value` is what the kind calls for (see `KINDS`), None where the text speaks for itself.
    """

    kind: str
    start: int
    end: int
    value: Value = None


# As `Block`, given all four, in half the time: a page has seventy.
new_block: Callable[[type[Block], tuple[str, int, int, Value]], Block] = tuple.__new__

# kind -> what it is. A kind outside this table is a bug in a parser; `check_tiling` says so.
KINDS: dict[str, str] = {
    # head
    "banner": "site heading above the title (`Events`)",
    "title": "title; value: datetime.date, where it names one day",
    "head": "title and summary, where folded white space does not tell them apart",
    "summary": "summary under the title",
    "date": "date printed under the title; value: datetime.date",
    "named_date": "day that the head names beside other words: `Harbour Hall, March 4, 2021`; value: datetime.date",
    "doubtful_date": "day with two readings: `03/04/2019`",
    "time": "time printed under the date; value: datetime.time",
    "place": "place printed under the time",
    "source": "publisher that the document names; value: str",
    "language": "language that the document names; value: str",
    # front matter
    "front_matter": "marks of front matter, names of its entries, and entries that no column takes",
    "front_title": "title that front matter writes with escapes; value: str, as it is meant",
    # photos
    "photo_counter": "`1 of 3` of a slider; value: int, the size of the album",
    "caption": "caption of a photo, without its credit",
    "credit_mark": "`Photo:`, `Photo by`",
    "credit": "photographer and agency",
    # links
    "link_relation": "`See also`, `Additional`; value: `see_also`, `additional`",
    "link_title": "title of a linked page or file",
    "link_date": "date, date range or file note under a link; value: datetime.date of its first day, or None",
    # body
    "speaker_label": "printed label of a speaker, without colon and brackets; value: Speaker",
    "label_note": "note between label and colon: `(retranslated)`",
    "label_tooltip": "name and office that a pointer shows at a label, where the text was taken with them",
    "label_mark": "the colon, and brackets that belong to the label",
    "turn_mark": "`>>`: somebody else speaks, and nothing says who; value: Speaker",
    "markup": "marks around words that are no words: `**`, `#`, `>>` before a label",
    "cue_time": "times of the paragraph below, in a rendition of captions; value: (start, end) in milliseconds",
    "speech": "paragraph of a speaker's words",
    "lead": "paragraph of running text outside speech",
    "heading": "heading inside the body",
    "note": "stage direction or editorial note: `(Applause.)`",
    "quote": "pull quote: words of the speech shown once more",
    "elision": "`<…>`, `* * *`: something was left out or a part ends",
    # addresses, in renditions that are derived from markup
    "address_mark": "`⟦page`, `⟦link`, `⟧`: marks around an address that the derivation wrote down",
    "page_address": "address of the page; value: str",
    "link_address": "address of the link above; value: str",
    # foot
    "tag_facet": "`Geography`, `Topics`, `Persons`; value: the facet (`geography`, `topic`, `person`)",
    "tag": "one tag",
    "tag_more": "`3 more`: the list was cut; value: int",
    "status": "`Publication status`",
    "section_mark": "`Published in sections:`",
    "sections": "section names; value: tuple of str",
    "published_mark": "`Publication date:`",
    "published_at": "publication date and time; value: datetime.datetime in UTC, or naive where no zone is printed;"
    " datetime.date without a time",
    "end_mark": "`Text version`: the page is complete",
    "furniture": "other text of the page itself: direct links, share buttons",
    "unrecognised": "text that no rule recognised",
}

PARAGRAPH_KINDS = frozenset({"speech", "lead", "heading", "note", "quote", "elision"})

# Furniture of the page: it may change while the document says what it said.
FURNITURE = frozenset(
    "banner photo_counter credit_mark link_relation link_title link_date label_mark label_tooltip tag_facet tag_more"
    " status section_mark sections published_mark end_mark address_mark page_address link_address source language"
    " furniture front_matter front_title markup cue_time unrecognised".split()
)

CLOSING = ",.;:!?)]’”"
_LINE_BREAKS = "\n\r\u2028\u2029"  # as `fold` asks for them
# A run of white space other than one space alone, which stays as it is: most of a text is single spaces.
_RUN = r"\s{2,}|[^\S ]"
_SPACE_AND_NEXT_RE = re.compile(rf"({_RUN})([{re.escape(CLOSING)}]?)")  # greedy and unambiguous: linear


def _fold_run(match: re.Match[str]) -> str:
    space, closing = match.groups()
    broken = any(mark in space for mark in _LINE_BREAKS)
    return closing if closing and broken else " " + closing


def fold(text: str) -> str:
    """Fold white space as every published text is folded.

    Runs of white space become one space, and no space stays where a line break stood before closing punctuation.

    >>> fold("the  Forum\\n, held in\\nLessk")
    'the Forum, held in Lessk'
    """
    if "\n" in text or "\r" in text or "\u2028" in text or "\u2029" in text:
        return _SPACE_AND_NEXT_RE.sub(_fold_run, text).strip()
    return " ".join(text.split())


def check_tiling(text: str, blocks: Sequence[Block]) -> None:
    """Raise ValueError unless the blocks tile the text: known kinds, no gap, no overlap, white space aside."""
    at = 0
    for index, block in enumerate(blocks):
        if block.kind not in KINDS:
            raise ValueError(f"block {index}: unknown kind {block.kind!r}")
        if not at <= block.start < block.end <= len(text):
            raise ValueError(f"block {index} ({block.kind}): span {block.start}-{block.end} after {at} is no span")
        if text[at : block.start].strip():
            raise ValueError(f"gap before block {index} ({block.kind}): {text[at : block.start]!r}")
        if text[block.start].isspace() or text[block.end - 1].isspace():
            raise ValueError(f"block {index} ({block.kind}): begins or ends in white space")
        at = block.end
    if text[at:].strip():
        raise ValueError(f"gap after the last block: {text[at:]!r}")
