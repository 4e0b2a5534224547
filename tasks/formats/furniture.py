"""What the pages of en.kremlin.ru print around their text: dates, counters, link headings, tag facets, the foot.

Each table is closed: what is not in it is no furniture. Readers return None for what they do not know and
never raise. Source of the wordings: several thousand pages of the site, 2000 to 2024.
"""

from __future__ import annotations

import datetime as dt
import re
from zoneinfo import ZoneInfo

BANNER = "Events"
END_MARK = "Text version"
STATUS = "Publication status"
SECTION_MARKS = ("Published in sections:", "Published in section:")
PUBLISHED_MARK = "Publication date:"
DIRECT_LINK = "Direct link:"
ANNOUNCEMENT = "Announcement,"

RELATIONS: dict[str, str] = {"See also": "see_also", "Additional": "additional"}
FACETS: dict[str, str] = {"Geography": "geography", "Topics": "topic", "Persons": "person"}

MONTHS: dict[str, int] = {
    name: number
    for number, name in enumerate(
        "January February March April May June July August September October November December".split(), start=1
    )
}
_MONTH = "|".join(MONTHS)
_DASH = r"[-\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}]"
_GAP = r"[ \N{NO-BREAK SPACE}]"

# Every repetition is bounded and every alternative begins differently: linear on any text.
DATE_RE = re.compile(rf"({_MONTH}){_GAP}(\d{{1,2}}),{_GAP}(\d{{4}})")
_DAYS = rf"({_MONTH}){_GAP}(\d{{1,2}})(?:,{_GAP}(\d{{4}}))?"
DATE_RANGE_RE = re.compile(rf"{_DAYS}{_GAP}?{_DASH}{_GAP}?(?:(?:{_MONTH}){_GAP})?\d{{1,2}},{_GAP}(\d{{4}})")
TIME_RE = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
PUBLISHED_RE = re.compile(rf"({DATE_RE.pattern})(?:,?{_GAP}({TIME_RE.pattern}))?")
COUNTER_RE = re.compile(rf"(\d{{1,4}}){_GAP}of{_GAP}(\d{{1,4}})")
MORE_RE = re.compile(rf"(\d{{1,4}}){_GAP}more")
FILE_NOTE_RE = re.compile(rf"[A-Za-z0-9]{{2,5}},{_GAP}\d{{1,6}}(?:[.,]\d{{1,3}})?{_GAP}?[kKMG]?[bB]")
ELISION_RE = re.compile(
    r"[<\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}\[(]\s?(?:\N{HORIZONTAL ELLIPSIS}|\.{2,5})\s?"
    r"[>\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}\])]\.?"
    r"|\*(?:\s?\*){2,9}|_{3,80}|-{3,80}"
)

_KNOWN_SECTIONS = frozenset(
    "News|Transcripts|Documents|Announcements|Accreditation|Trips|Speeches|Security Council|State Council"
    "|Commissions and Councils|Presidential Executive Office|Executive Office|Letters|Messages|Telegrams|Videos|Photos"
    "|Commissions|Councils|Structure|Interviews|Statements|Visits|Advisory bodies".split("|")
)
_SECTION_WITH_COMMAS = ("Council ", "Commission ", "Working ", "Interdepartmental ", "Organising ", "Committee ")


def read_date(line: str) -> dt.date | None:
    """The date of a line that is nothing but a date: `November 9, 2023`. Else None, also for `June 31, 2010`."""
    match = DATE_RE.fullmatch(line)
    return _to_date(match[1], match[2], match[3]) if match else None


def read_first_day(line: str) -> dt.date | None:
    """The first day of a date or range: `November 27 − December 3, 2002`, `December 30, 2003 − January 2, 2004`."""
    if match := DATE_RE.fullmatch(line):
        return _to_date(match[1], match[2], match[3])
    if match := DATE_RANGE_RE.fullmatch(line):
        return _to_date(match[1], match[2], match[3] or match[4])
    return None


def is_link_note(line: str) -> bool:
    """Whether a line can stand under the title of a link: a date, a range, or what kind of file it is."""
    if len(line) > 60:
        return False
    return bool(DATE_RE.fullmatch(line) or DATE_RANGE_RE.fullmatch(line) or FILE_NOTE_RE.fullmatch(line))


def read_time(line: str) -> dt.time | None:
    """The time of a line that is nothing but a time: `11:45`."""
    match = TIME_RE.fullmatch(line)
    return dt.time(int(match[1]), int(match[2])) if match else None


def read_announced_day(line: str) -> dt.date | None:
    """The first day of `Announcement, February 15, 2018`: when the event is to be, not when this was printed."""
    return read_first_day(line[len(ANNOUNCEMENT) :].strip()) if line.startswith(ANNOUNCEMENT) else None


def read_published(text: str, zone: ZoneInfo) -> dt.datetime | dt.date | None:
    """Read `November 9, 2023, 11:45` as a moment in UTC.

    The printed time is local in `zone`, whose offset changed over the years (Moscow: +03 and +04 in turn until
    2011, +04 until October 2014, +03 since). Without a time the date itself is returned.
    """
    match = PUBLISHED_RE.fullmatch(text)
    if not match or not (day := _to_date(match[2], match[3], match[4])):
        return None
    if not match[5] or not (time := read_time(match[5])):
        return day
    return dt.datetime.combine(day, time, zone).astimezone(dt.UTC)


def read_counter(line: str) -> int | None:
    """The size of the album: 6 for `1 of 6`."""
    match = COUNTER_RE.fullmatch(line) if len(line) < 12 else None
    return int(match[2]) if match and 0 < int(match[1]) <= int(match[2]) else None


def read_more(line: str) -> int | None:
    """How many tags were cut: 3 for `3 more`."""
    match = MORE_RE.fullmatch(line) if len(line) < 12 else None
    return int(match[1]) if match else None


def read_sections(text: str) -> tuple[str, ...]:
    """Split the section names at their commas, but not the name of a council, which may hold commas of its own.

    >>> read_sections("News, Council for Science, Technology and Education, Transcripts")
    ('News', 'Council for Science, Technology and Education', 'Transcripts')
    """
    sections: list[str] = []
    for piece in (part.strip() for part in text.split(",")):
        if not piece:
            continue
        whole = piece in _KNOWN_SECTIONS or piece.startswith(_SECTION_WITH_COMMAS)
        if sections and not whole and sections[-1].startswith(_SECTION_WITH_COMMAS) and len(sections[-1]) < 200:
            sections[-1] += f", {piece}"
        else:
            sections.append(piece)
    return tuple(sections)


def is_elision(line: str) -> bool:
    """Whether a line only says that something was left out or that a part ends: `<…>`, `* * *`."""
    return len(line) <= 80 and ELISION_RE.fullmatch(line) is not None


def _to_date(month: str, day: str, year: str) -> dt.date | None:
    try:
        return dt.date(int(year), MONTHS[month], int(day))
    except ValueError:  # June 31, or the year 0
        return None
