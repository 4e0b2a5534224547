"""Days and times of day as heads of transcripts print them: alone on a row, behind a word for them, beside other words.

TUESDAY, MARCH 5, 2019 · (October 29, 2021) · 2023-02-14 · 14.02.2023        alone: the day of the event
Date: 2023-02-14 · Aired March 3, 2019 - 18:00 ET                            behind a word for it: so too
For Immediate Release   May 4, 2012 · Published on November 2, 2021          the day of publication
Harbour Institute, October 21, 2009                                          beside other words: named, not told
03/04/2019 · 3/4/19                                                          two readings: a doubt, and no day
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

Kind = Literal["date", "published_at", "named_date", "doubtful_date"]

MAX_CHARS = 160  # of a row that is looked at; what is longer is running text
_MAX_WORDS = 14  # beside a day that is named: more are a sentence
_FIRST_YEAR = 1700

_MONTHS = {
    month: number
    for number, month in enumerate(
        "january february march april may june july august september october november december".split(), 1
    )
}
_MONTHS |= {month[:3]: number for month, number in _MONTHS.items()} | {"sept": 9}
_MONTH = "|".join(sorted(_MONTHS, key=lambda name: (-len(name), name)))
_WEEKDAY = (
    r"(?:(?:monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tues?|wed|thurs?|thu|fri|sat|sun)\.?,?\s{1,3})?"
    r"(?:the\s)?"
)
_ORDINAL = r"(?:st|nd|rd|th)?(?:\s?(?:-|–|and|&)\s?\d{1,2}(?:st|nd|rd|th)?)?"  # of several days the first
_DAY_RE = re.compile(
    rf"(?<![\w/.-]){_WEEKDAY}(?:"
    rf"(?P<month>{_MONTH})\.?\s{{1,3}}(?P<day>\d{{1,2}}){_ORDINAL},?\s{{1,3}}(?P<year>\d{{4}})"
    rf"|(?P<day2>\d{{1,2}}){_ORDINAL}\.?\s{{1,3}}(?:of\s)?(?P<month2>{_MONTH})\.?,?\s{{1,3}}(?P<year2>\d{{4}})"
    r"|(?P<year3>\d{4})(?P<mark3>[-/.])(?P<month3>\d{1,2})(?P=mark3)(?P<day3>\d{1,2})"
    r"|(?P<one>\d{1,2})(?P<mark4>[-/.])(?P<two>\d{1,2})(?P=mark4)(?P<year4>\d{4}|\d{2})"
    r")(?![\w/-]|\.\d)|(?<![\w/.-])(?P<iso>\d{4}-\d\d-\d\d)(?=T\d\d:\d\d)",
    re.IGNORECASE,
)
_ZONE = (
    r"(?:\s{0,3}\(?(?:[A-Z]{1,5}(?:[+-]\d{1,2}(?::?\d\d)?)?|[+-]\d\d:?\d\d|(?:[Ll]ocal|[Ee]astern|[Pp]acific)"
    r"(?: [Tt]ime)?)\)?)?"
)
_CLOCK_RE = re.compile(
    rf"(?P<hour>\d{{1,2}})(?:[:.](?P<minute>\d\d))?(?::\d\d)?\s?(?P<half>[AaPp])\.?\s?[Mm]\b\.?{_ZONE}"
    rf"|(?P<hour2>\d{{1,2}}):(?P<minute2>\d\d)(?::\d\d(?:\.\d{{1,6}})?)?{_ZONE}(?![\w:])"
)
_ROW_CLOCK_RE = re.compile(
    r"(?:(?:END|End|BEGIN|Begin|START)\W{1,40})?"
    r"\(?(\d{1,2})(?::|\.)(\d{2})\s?([AaPp])\.?\s?[Mm]\.?(?:\s\(?[A-Z]{2,5}\)?| local(?: time)?"
    r"| \(?[Ll]ocal\)?)?\)?\.?|(?:(?:END|End|BEGIN|Begin|START)\W{1,40})?(\d{1,2}):(\d{2})(?:\s[A-Z]{2,5})"
)
_BETWEEN_RE = re.compile(r"(?:[\s,;:|•·–—@*_()-]|at\s|from\s|T(?=\d)){0,12}")
_MARKS = " \t\u00a0:;,.|•·–—-*_#>()[]"
# Behind a day: `23 October 2019 - Lessk`, `March 4, 2021, Ostmark, N.D.`
_PLACE_RE = re.compile(r"[\s,;:|•·–—(-]{1,6}[^\W\d_a-z][\w.’'-]{0,20}(?:,? [^\W\d_a-z][\w.’'-]{0,20}){0,4}[\s).]{0,3}")
_TRANSCRIPT_RE = re.compile(r"\btranscript (?:from|of)\b", re.IGNORECASE)
_WORD_RE = re.compile(r"[\w/.-]+")
_PERIOD_RE = re.compile(r"[a-z]{4}\.(?!\S)")  # of a sentence, not of `Ep.`
# Behind a day and its time: when it ended, the length of a recording, the name of the hour or of the zone.
_BEHIND_RE = re.compile(
    r"\d{1,3}(?::\d\d){1,2}(?:[APap]\.?[Mm])?|\d{1,2}[APap]\.?[Mm]|[A-Z]{1,4}T(?:[+-]\d{1,2})?|UTC|Z"
)
_BEHIND = frozenset(
    "a.m p.m am pm hr hrs hours noon midnight at to and local eastern central pacific mountain european standard"
    " daylight summer time".split()
)
# What stands before a day, in lower case: of the event, of its publication, and what says of neither.
_HELD = frozenset(
    "date|event date|date of event|aired|aired on|air date|airdate|original air date|originally aired|broadcast"
    "|broadcast on|recorded|recorded on|date recorded|recording date|date of recording|held|held on|hearing held"
    "|hearing date|date of hearing|meeting date|date of meeting|interview date|date of interview|interviewed on"
    "|interview conducted|conducted on|taken|taken on|delivered|delivered on|day|when|session date|date and time"
    "|date/time|filmed|filmed on|call date|date of call|live|streamed|streamed live on|premiered".split("|")
)
_PUBLISHED = frozenset(
    "for immediate release|immediate release|for release|released|released on|release date|date of release|published"
    "|published on|publication date|date of publication|publish date|date published|posted|posted on|date posted"
    "|pub date|pubdate|first published|issued|issued on|embargoed until|uploaded|uploaded on".split("|")
)
_TOLD_TIME = frozenset(("time", "start time", "started", "start"))
# Directly before a day, and anywhere before it: then it is another one than that of the event.
_LEADING = frozenset("until till since before after by through from".split())
_OTHER = frozenset(
    "next born died i we you he she it they due copyright © updated revised amended effective expire expires deadline"
    " accessed retrieved downloaded printed approved submitted adopted filed minutes tel version modified created was"
    " were is are has had will said".split()
)
_STARTS = frozenset(name[:3] for name in _MONTHS) | frozenset("mon tue wed thu fri sat sun".split())


class Day(NamedTuple):
    """A day that a row of a head prints; offsets are in the row's text.

    `kind`: as the block is called; `span`: of the day; `value`: None where it is doubtful; `time`: span and value of a
    time of day in the same row.
    """

    kind: Kind
    span: tuple[int, int]
    value: dt.date | None
    time: tuple[int, int, dt.time] | None = None


def find_days(text: str) -> Iterator[tuple[int, int, dt.date | None]]:
    """Spans of the days that a text prints, with their values; None where one has two readings.

    `from 14.02.2023 to 3/4/2023` has two, and no value for the second.
    """
    at = 0
    for word in _WORD_RE.finditer(text):
        if word.start() < at or not (word[0][0].isdigit() or word[0][:3].casefold() in _STARTS):
            continue
        match = _DAY_RE.match(text, word.start())
        readings = set(_readings(match)) if match else set()
        if match and readings:
            is_sure = len(readings) == 1 and len(match["year4"] or "2000") == 4
            at = match.end()
            yield match.start(), at, readings.pop() if is_sure else None


def _readings(match: re.Match[str]) -> Iterator[dt.date]:
    if match["iso"]:
        parts = [(int(match["iso"][:4]), int(match["iso"][5:7]), int(match["iso"][8:]))]
    elif match["month"]:
        parts = [(int(match["year"]), _MONTHS[match["month"].casefold()], int(match["day"]))]
    elif match["month2"]:
        parts = [(int(match["year2"]), _MONTHS[match["month2"].casefold()], int(match["day2"]))]
    elif match["year3"]:
        parts = [(int(match["year3"]), int(match["month3"]), int(match["day3"]))]
    else:
        year = int(match["year4"]) + (2000 if len(match["year4"]) == 2 else 0)
        one, two = int(match["one"]), int(match["two"])
        # with dots the day comes first wherever dates are written so
        parts = [(year, two, one), *([(year, one, two)] if match["mark4"] != "." else [])]
    for year, month, day in parts:
        if year >= _FIRST_YEAR and 1 <= month <= 12 and 1 <= day <= 31:
            try:
                yield dt.date(year, month, day)
            except ValueError:
                continue


def read_head_row(text: str) -> Day | None:
    """The day that a row of a head prints, and in what sense; None where it prints none, several, or a sentence."""
    if len(text) > MAX_CHARS:
        return None
    found = list(find_days(text))
    if len(found) != 1:
        return None
    start, end, value = found[0]
    before = text[:start]
    if _TRANSCRIPT_RE.search(before) and value:  # `This is a rush transcript from “Harbour Report,” August 30, 2012. …`
        return Day("named_date", (start, end), value)
    time = _find_time(text, end)
    rest = text[time[1] if time else end :]
    if not _is_behind(rest):
        is_named = value and not before.strip(_MARKS) and _PLACE_RE.fullmatch(rest)
        return Day("named_date", (start, end), value, time) if is_named else None
    if time is None and (clock := _CLOCK_RE.match(before, len(before) - len(before.lstrip(_MARKS)))):
        told = _time_of(clock)  # `5:00 P.M., March 3, 2019`
        time = (clock.start(), clock.end(), told) if told else None
        before = before[clock.end() :] if told else before
    kind = _sense(before)
    return Day(kind if value else "doubtful_date", (start, end), value, time) if kind else None


def _sense(before: str) -> Kind | None:
    """What a day is, by the words before it."""
    key = " ".join(before.strip(_MARKS).casefold().split())
    if not key or key in _HELD:
        return "date"
    if key in _PUBLISHED:
        return "published_at"
    words = [word.strip(_MARKS) for word in key.split()]
    is_sentence = _PERIOD_RE.search(before.strip()[:-1]) or len(words) > _MAX_WORDS
    return None if is_sentence or words[-1] in _LEADING or not _OTHER.isdisjoint(words) else "named_date"


def _is_behind(rest: str) -> bool:
    """Whether nothing stands behind a day and its time but what belongs to them."""
    words = [word.strip(_MARKS) for word in rest.split()]
    return all(
        not any(map(str.isalnum, word))
        or word.casefold() in _BEHIND
        or _BEHIND_RE.fullmatch(word)
        or (word.isdigit() and len(word) < 3 and following.casefold() in ("a.m", "p.m", "am", "pm"))
        for word, following in zip(words, [*words[1:], ""], strict=False)
    )


def tells_day(text: str) -> bool:
    """Whether a row of a head is there to tell a day: alone, or behind a word for it."""
    row = read_head_row(text)
    return row is not None and row.kind in ("date", "published_at", "doubtful_date") and not _is_named(text, row)


def _is_named(text: str, row: Day) -> bool:
    return row.kind == "doubtful_date" and _sense(text[: row.span[0]]) == "named_date"


def _find_time(text: str, at: int) -> tuple[int, int, dt.time] | None:
    """The time of day that follows a day."""
    between = _BETWEEN_RE.match(text, at)
    match = _CLOCK_RE.match(text, between.end() if between else at)
    value = _time_of(match) if match else None
    return (match.start(), match.start() + len(match[0].rstrip()), value) if match and value else None


def _time_of(match: re.Match[str]) -> dt.time | None:
    hour, minute = int(match["hour"] or match["hour2"]), int(match["minute"] or match["minute2"] or 0)
    return _time(hour, minute, match["half"])


def _time(hour: int, minute: int, half: str | None) -> dt.time | None:
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half in "Pp" else 0)
    return dt.time(hour, minute) if hour < 24 and minute < 60 else None


def read_told_time(text: str) -> tuple[int, int, dt.time] | None:
    """Span and value of the time in a row that is there to tell it: `Time: 6:30 PM`."""
    word, mark, _ = text.partition(":")
    if not mark or word.strip(_MARKS).casefold() not in _TOLD_TIME or len(text) > MAX_CHARS:
        return None
    found = _find_time(text, len(word) + 1)
    return found if found and not any(map(str.isalpha, text[found[1] :])) else None


def read_clock(text: str) -> dt.time | None:
    """The time that a row gives and nothing else: `11:05 A.M. EST`."""
    match = _ROW_CLOCK_RE.fullmatch(text.replace("\u00a0", " "))
    return _time(int(match[1] or match[4]), int(match[2] or match[5]), match[3]) if match else None


def read_day(text: str) -> dt.date | None:
    """The date that a row gives and nothing else: `(October 29, 2021)`, `THURSDAY, MARCH 4, 2021`."""
    if len(text) > 60:
        return None
    row = read_head_row(text)
    return row.value if row and row.kind == "date" and not text[: row.span[0]].strip(_MARKS) and not row.time else None
