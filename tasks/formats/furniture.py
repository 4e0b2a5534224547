"""What the pages of kremlin.ru print around their text: dates, counters, link headings, tag facets, the foot.

The wordings of an edition are a closed table: what is not in it is no furniture. Readers return None for what they do
not know and never raise. Source of the wordings: several thousand pages of the site, 2000 to 2025.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

DASH = r"[-\N{NON-BREAKING HYPHEN}\N{EN DASH}\N{EM DASH}\N{MINUS SIGN}]"
GAP = r"[ \N{NO-BREAK SPACE}]"

# Every repetition is bounded and every alternative begins differently: linear on any text.
TIME_RE = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
FILE_NOTE_RE = re.compile(rf"[A-Za-z0-9]{{2,5}},{GAP}\d{{1,6}}(?:[.,]\d{{1,3}})?{GAP}?[kKMGкКМГ]?[bBбБ]")
ELISION_RE = re.compile(
    r"[<\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}\[(]\s?(?:\N{HORIZONTAL ELLIPSIS}|\.{2,5})\s?"
    r"[>\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}\])]\.?"
    r"|\*(?:\s?\*){2,9}|_{3,80}|-{3,80}"
)
_ELISION_OPENINGS = frozenset("<\N{SINGLE LEFT-POINTING ANGLE QUOTATION MARK}[(*_-")


@dataclass(frozen=True, slots=True)
class Furniture:
    """The wordings of one edition.

    `date`, `days` and `range` are patterns with the groups `day`, `month` and `year`; `{month}` in them stands for any
    month. `days` is the first day of a range, `range` what follows it.
    """

    banner: str
    end_mark: str
    status: str
    section_marks: tuple[str, ...]
    published_mark: str
    direct_link: str
    announcement: str
    relations: Mapping[str, str]
    facets: Mapping[str, str]
    months: Mapping[str, int]
    date: str
    range: str
    counter: str
    more: str
    known_sections: frozenset[str]
    sections_with_commas: tuple[str, ...]
    date_re: re.Pattern[str] = field(init=False)
    range_re: re.Pattern[str] = field(init=False)
    published_re: re.Pattern[str] = field(init=False)
    counter_re: re.Pattern[str] = field(init=False)
    more_re: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        month = "|".join(self.months)
        date = self.date.replace("{month}", month)
        for name, pattern in (
            ("date_re", date),
            ("range_re", self.range.replace("{month}", month)),
            ("published_re", rf"{date}(?:,?{GAP}(?P<time>{TIME_RE.pattern}))?"),
            ("counter_re", self.counter),
            ("more_re", self.more),
        ):
            object.__setattr__(self, name, re.compile(pattern))

    def read_date(self, line: str) -> dt.date | None:
        """The date of a line that is nothing but a date: `November 9, 2023`. Else None, also for `June 31, 2010`."""
        match = self.date_re.fullmatch(line)
        return self._to_date(match) if match else None

    def read_first_day(self, line: str) -> dt.date | None:
        """The first day of a date or range: `November 27 − December 3, 2002`, `December 30, 2003 − January 2, 2004`."""
        match = self.date_re.fullmatch(line) or self.range_re.fullmatch(line)
        return self._to_date(match) if match else None

    def is_link_note(self, line: str) -> bool:
        """Whether a line can stand under the title of a link: a date, a range, or what kind of file it is."""
        if len(line) > 60:
            return False
        return bool(self.date_re.fullmatch(line) or self.range_re.fullmatch(line) or FILE_NOTE_RE.fullmatch(line))

    def read_announced_day(self, line: str) -> dt.date | None:
        """The first day of `Announcement, February 15, 2018`: when the event is to be, not when this was printed."""
        return (
            self.read_first_day(line[len(self.announcement) :].strip()) if line.startswith(self.announcement) else None
        )

    def read_published(self, text: str, zone: ZoneInfo) -> dt.datetime | dt.date | None:
        """Read `November 9, 2023, 11:45` as a moment in UTC.

        The printed time is local in `zone`, whose offset changed over the years (Moscow: +03 and +04 in turn until
        2011, +04 until October 2014, +03 since). Without a time the date itself is returned.
        """
        match = self.published_re.fullmatch(text)
        if not match or not (day := self._to_date(match)):
            return None
        if not match["time"] or not (time := read_time(match["time"])):
            return day
        return dt.datetime.combine(day, time, zone).astimezone(dt.UTC)

    def read_counter(self, line: str) -> int | None:
        """The size of the album: 6 for `1 of 6`."""
        match = self.counter_re.fullmatch(line) if len(line) < 12 else None
        return int(match[2]) if match and 0 < int(match[1]) <= int(match[2]) else None

    def read_more(self, line: str) -> int | None:
        """How many tags were cut: 3 for `3 more`."""
        match = self.more_re.fullmatch(line) if len(line) < 12 else None
        return int(match[1]) if match else None

    def read_sections(self, text: str) -> tuple[str, ...]:
        """Split the section names at their commas, but not the name of a council, which may hold commas of its own.

        `News, Council for Science, Technology and Education, Transcripts` has three.
        """
        sections: list[str] = []
        for piece in (part.strip() for part in text.split(",")):
            if not piece:
                continue
            whole = piece in self.known_sections or piece.startswith(self.sections_with_commas)
            if (
                sections
                and not whole
                and sections[-1].startswith(self.sections_with_commas)
                and len(sections[-1]) < 200
            ):
                sections[-1] += f", {piece}"
            else:
                sections.append(piece)
        return tuple(sections)

    def _to_date(self, match: re.Match[str]) -> dt.date | None:
        found = match.groupdict()
        year = found["year"] or found.get("last_year")
        month = found["month"] or found.get("last_month")
        try:
            return dt.date(int(year or 0), self.months[month or ""], int(found["day"]))
        except (ValueError, KeyError):  # June 31, or the year 0
            return None


def read_time(line: str) -> dt.time | None:
    """The time of a line that is nothing but a time: `11:45`."""
    match = TIME_RE.fullmatch(line)
    return dt.time(int(match[1]), int(match[2])) if match else None


def is_elision(line: str) -> bool:
    """Whether a line only says that something was left out or that a part ends: `<…>`, `* * *`."""
    return line[:1] in _ELISION_OPENINGS and len(line) <= 80 and ELISION_RE.fullmatch(line) is not None
