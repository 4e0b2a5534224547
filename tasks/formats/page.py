"""Head and foot of a page: everything around its running text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from tasks.formats import furniture
from tasks.formats.blocks import Block, Value, new_block
from tasks.formats.edition import Edition
from tasks.formats.furniture import Furniture
from tasks.formats.lines import Line

MAX_HEAD_LINES = 16  # title and summary above the date: link breaks make up to 9 lines of them
MAX_FOOT_LINES = 400  # tags and status
MAX_TAG_CHARS = 120
MAX_PLACE_CHARS = 120


@dataclass(slots=True)
class Head:
    """The blocks of a head, the index of the first line behind it, and what its text says.

    `dated` is whether a date, a time or an announced day was found: what makes a page of some lines.
    """

    blocks: list[Block] = field(default_factory=list)
    end: int = 0
    title: str = ""
    summary: str = ""
    dated: bool = False


@dataclass(slots=True)
class Foot:
    """The blocks of a foot, the index of its first line, and what they say.

    `complete` is whether a publication status stands there. `sections` is None where no section line was found.
    """

    blocks: list[Block] = field(default_factory=list)
    start: int = 0
    sections: tuple[str, ...] | None = None
    persons: list[str] = field(default_factory=list)
    complete: bool = False


def line_block(kind: str, line: Line, value: Value = None) -> Block:
    """One line as one block."""
    return new_block(Block, (kind, line.start, line.end, value))


def span_block(kind: str, lines: Sequence[Line], value: Value = None) -> Block:
    """Several lines as one block."""
    return Block(kind, lines[0].start, lines[-1].end, value)


def read_head(lines: Sequence[Line], end: int, edition: Edition) -> Head:
    """Read banner, title, summary, date, time and place from the first lines; `end` is where the foot begins."""
    head = Head()
    wording = edition.furniture
    at = 0
    if at < end and lines[at].text == wording.banner:
        head.blocks.append(line_block("banner", lines[at]))
        at += 1
    if at >= end:
        head.end = at
        return head
    title = at
    head.title = lines[title].text
    head.blocks.append(line_block("title", lines[title]))
    head.end = title + 1
    mark = _find_date_line(lines, title + 1, min(end, title + MAX_HEAD_LINES), wording)
    if mark is None:
        return head
    head.dated = True
    if mark > title + 1:
        summary = lines[title + 1 : mark]
        head.summary = " ".join(line.text for line in summary)
        head.blocks.append(span_block("summary", summary))
    at = mark
    if (announced := wording.read_announced_day(lines[at].text)) is not None:
        head.blocks.append(line_block("furniture", lines[at], announced))
        head.end = at + 1
        return head
    if (date := wording.read_date(lines[at].text)) is not None:
        head.blocks.append(line_block("date", lines[at], date))
        at += 1
    if at < end and (time := furniture.read_time(lines[at].text)) is not None:
        head.blocks.append(line_block("time", lines[at], time))
        at += 1
    if at < end and _is_place(lines, at, end, edition):
        head.blocks.append(line_block("place", lines[at]))
        at += 1
    head.end = at
    return head


def _find_date_line(lines: Sequence[Line], first: int, limit: int, wording: Furniture) -> int | None:
    """The line with the date under the title; a lone time where the date line is lost; an announced day."""
    for at in range(first, limit):
        text = lines[at].text
        if text in wording.relations:
            return None
        dated = wording.read_date(text) or furniture.read_time(text) or wording.read_announced_day(text)
        if dated is not None:
            return at
    return None


def _is_place(lines: Sequence[Line], at: int, end: int, edition: Edition) -> bool:
    """Whether the line under date and time names a place: short, in title case, no start of a longer text."""
    text = lines[at].text
    wording = edition.furniture
    if len(text) > MAX_PLACE_CHARS or text[-1] in ".!?:;,…”" or not (text[0].isupper() or text[0].isdigit()):
        return False
    if text in wording.relations or text in wording.facets or ":" in text or furniture.is_elision(text):
        return False
    words = text.split(" ")
    if wording.read_counter(text) or wording.read_date(text) or words[0] in edition.no_place_openings:
        return False
    if any(word[0].islower() and word.rstrip(",") not in edition.place_words for word in words if word):
        return False
    # A link can end the first line of the lead; the next line then goes on with it.
    return at + 1 >= end or not _goes_on(lines[at + 1].text)


def _goes_on(text: str) -> bool:
    return text[0].islower() or text[0] in ",.;:()’'"


def read_foot(lines: Sequence[Line], zone: ZoneInfo, wording: Furniture) -> Foot:
    """Read tags, sections, publication date and end mark from the last lines; `zone` is where the date was printed."""
    end = len(lines)
    foot = Foot(start=end)
    status = next((at for at in range(end - 1, max(-1, end - 12), -1) if lines[at].text == wording.status), None)
    if status is not None:
        foot.complete = True
        foot.start = status
        for at in range(status, end):
            foot.blocks.extend(_read_status_line(lines[at], zone, foot, wording))
    elif end and lines[-1].text == wording.end_mark:
        foot.start = end - 1
        foot.blocks.append(line_block("end_mark", lines[-1]))
    first = _find_tags(lines, foot.start, wording)
    if first < foot.start:
        foot.blocks[:0] = _read_tags(lines[first : foot.start], foot, wording)
        foot.start = first
    return foot


def _read_status_line(line: Line, zone: ZoneInfo, foot: Foot, wording: Furniture) -> list[Block]:
    text = line.text
    if text == wording.status:
        return [line_block("status", line)]
    if text == wording.end_mark:
        return [line_block("end_mark", line)]
    for mark in (*wording.section_marks, wording.published_mark):
        if not text.startswith(mark):
            continue
        rest = text[len(mark) :].strip()
        value: Value
        if mark == wording.published_mark:
            kinds, value = ("published_mark", "published_at"), wording.read_published(rest, zone)
        else:
            kinds, value = ("section_mark", "sections"), wording.read_sections(rest)
            foot.sections = value
        blocks = [Block(kinds[0], line.start, line.start + len(mark))]
        if rest:
            kind = "unrecognised" if value is None else kinds[1]
            blocks.append(Block(kind, line.end - len(rest), line.end, value))
        return blocks
    return [line_block("furniture" if text.startswith(wording.direct_link) else "unrecognised", line)]


def _find_tags(lines: Sequence[Line], end: int, wording: Furniture) -> int:
    """The index of the first tag heading above the foot, or `end`: tags are short lines that end in no full stop."""
    first = end
    for at in range(end - 1, max(-1, end - MAX_FOOT_LINES), -1):
        text = lines[at].text
        if text in wording.facets:
            first = at
        elif len(text) > MAX_TAG_CHARS or text in wording.relations or wording.is_link_note(text):
            break
    return first if first + 1 < end else end


def _read_tags(lines: Sequence[Line], foot: Foot, wording: Furniture) -> list[Block]:
    blocks: list[Block] = []
    facet = ""
    for line in lines:
        if line.text in wording.facets:
            facet = wording.facets[line.text]
            blocks.append(line_block("tag_facet", line, facet))
        elif (more := wording.read_more(line.text)) is not None:
            blocks.append(line_block("tag_more", line, more))
        else:
            blocks.append(line_block("tag", line))
            if facet == "person":
                foot.persons.append(line.text)
    return blocks
