"""The day and the time of an event, as the head of a labelled transcript prints them: which rows tell them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasks.formats.blocks import Value
from tasks.formats.dates import Day, find_days, read_head_row
from tasks.formats.rows import Row

# A printed hearing names the days of other laws and letters further down, and in a text without labels all is head.
NAMING_ROWS = 40


def find_head_days(rows: Sequence[Row]) -> dict[int, Day]:
    """The rows of a head that print its day, by their index.

    A day that stands beside other words counts where no row tells that of the event, and all that are named so are one.
    """
    read = {at: day for at, row in enumerate(rows) if (day := read_head_row(row.text))}
    told = {at: day for at, day in read.items() if day.kind in ("date", "published_at")}
    if any(day.kind == "date" for day in told.values()):
        return told
    named = {at: day for at, day in read.items() if day.kind == "named_date" and at < NAMING_ROWS}
    if len({day.value for day in named.values()}) == 1:
        return dict(sorted([min(named.items()), *told.items()]))
    return told or {at: day for at, day in read.items() if day.kind == "doubtful_date" and at < NAMING_ROWS}


def cut_day(row: Row, day: Day) -> Iterator[tuple[str, int, int, Value]]:
    """Kinds, spans and values of the parts of a row that prints a day."""
    before = {"date": "furniture", "published_at": "published_mark"}.get(day.kind, "lead")
    parts: list[tuple[str, int, int, Value]] = [(day.kind, *day.span, day.value)]
    if day.time:
        parts.append(("time", *day.time))
    elif not any(map(str.isalnum, row.text[: day.span[0]] + row.text[day.span[1] :])):
        parts = [(day.kind, 0, len(row.text), day.value)]  # `(October 29, 2021)`
    at = 0
    for kind, start, end, value in sorted(parts, key=lambda part: part[1]):
        yield _of_words(row.text[at:start], before), row.start + at, row.start + start, None
        yield kind, row.start + start, row.start + end, value
        at = end
    yield _of_words(row.text[at:], "furniture"), row.start + at, row.end, None


def _of_words(printed: str, kind: str) -> str:
    return kind if any(map(str.isalnum, printed)) else "markup"


def day_of_title(title: str) -> Value:
    """The one day that a title names."""
    days = {day for _, _, day in find_days(title)}
    return days.pop() if len(days) == 1 else None
