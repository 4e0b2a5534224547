"""What is whole and what is missing: days that lists cover, pages of each day, days that are due for another look."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc

from storage import ledger
from storage.lake import Lake
from storage.records import Coverage
from tasks.fetch.lists import Listing

MAX_DOUBLINGS = 5  # a hole that was looked at in vain so often is left alone for a month, unless somebody asks


@dataclass(slots=True)
class Reach:
    """Which days lists cover: those for which nothing more can be on another list.

    Lists of 20 entries know nothing of days: the first and the last day on one may go on on the next. A day is
    covered when it lies strictly within the days of lists that follow one another, by their numbers, or at an end
    behind which there is no list.
    """

    spans: list[tuple[dt.date, dt.date]] = field(default_factory=list)  # both ends excluded
    _numbered: dict[int, tuple[dt.date, dt.date]] = field(default_factory=dict)
    _own: set[dt.date] = field(default_factory=set)  # days with a list of their own
    _together: list[tuple[dt.date, dt.date]] | None = None

    def add_all(self) -> None:
        """Note lists that name everything there is."""
        self.spans.append((dt.date.min, dt.date.max))
        self._together = None

    def add(self, listing: Listing, own: dt.date | None = None) -> None:
        """Note what one list names; `own` is the day that it was asked for by.

        A list of a day that leads to no other knows of that day alone. One with an entry whose day cannot be read
        proves nothing: it may be of any day.
        """
        if listing.undated:
            return
        self._together = None
        days = [entry.day for entry in listing.entries if entry.day]
        is_alone = listing.older is None and listing.newer is None
        if is_alone and own:
            self._own.add(own)
        if not days:
            return
        # as printed, from end to end: an entry that is out of order in the middle makes a list reach no further
        low, high = sorted((days[0], days[-1]))
        first = dt.date.min if listing.older is None and not (is_alone and own) else low
        last = dt.date.max if listing.newer is None and not (is_alone and own) else high
        if listing.number and listing.number.isascii() and listing.number.isdigit():
            self._numbered[int(listing.number)] = (first, last)
        else:
            self.spans.append((first, last))

    def has(self, number: int) -> bool:
        """Whether the list of that number was read."""
        return number in self._numbered

    def covers(self, day: dt.date) -> bool:
        """Whether all pages of a day were named."""
        if self._together is None:
            self._together = list(self._joined())
        return day in self._own or any(first < day < last for first, last in self._together)

    def _joined(self) -> Iterable[tuple[dt.date, dt.date]]:
        yield from self.spans
        before: tuple[int, dt.date, dt.date] | None = None
        for number, (first, last) in sorted(self._numbered.items()):
            if before and number == before[0] + 1:
                before = (number, min(first, before[1]), max(last, before[2]))
            else:
                if before:
                    yield before[1:]
                before = (number, first, last)
        if before:
            yield before[1:]


@dataclass(frozen=True, slots=True)
class Standing:
    """How one page stands: `published`, `quarantined`, `missing`, `waiting` or `gone`."""

    day: dt.date | None
    state: str


def count_days(
    source: str, edition: str, days: Collection[dt.date], standings: Iterable[Standing], reach: Reach,
    before: Mapping[dt.date | None, int], looked_at: dt.datetime,
) -> list[Coverage]:  # fmt: skip
    """The coverage of days, and of pages without one.

    Args:
        source: the source.
        edition: its edition.
        days: the days that were looked at.
        standings: every page that lists name, or named before; those of other days are counted with their day.
        reach: what the lists cover.
        before: day -> runs in a row that left it unwhole.
        looked_at: when.
    """
    counts: dict[dt.date | None, dict[str, int]] = {day: {} for day in days}
    for one in standings:
        of_day = counts.setdefault(one.day, {})
        of_day[one.state] = of_day.get(one.state, 0) + 1
    found = []
    for day, of_day in sorted(counts.items(), key=lambda item: item[0] or dt.date.min):
        states = [of_day.get(name, 0) for name in ("published", "quarantined", "missing", "waiting", "gone")]
        published, quarantined, missing, waiting, gone = states
        is_whole = not missing and not waiting and (day is None or reach.covers(day))
        found.append(
            Coverage(
                source, edition, day, looked_at, sum(states), published + quarantined + gone, published, quarantined,
                missing, waiting, gone, is_whole, 0 if is_whole else before.get(day, 0) + 1,
            )
        )  # fmt: skip
    return found


def latest(lake: Lake, source: str, edition: str) -> dict[dt.date | None, dict[str, Any]]:
    """How each day stands: the last row that says so."""
    rows = ledger.read(lake, "coverage")
    wanted = pc.and_(pc.equal(rows["source_id"], source), pc.equal(rows["edition"], edition))
    found = rows.filter(wanted).sort_by([("looked_at", "ascending")]).to_pylist()
    return {row["day"]: row for row in found}


def due_holes(known: Mapping[dt.date | None, Mapping[str, Any]], now: dt.datetime) -> set[dt.date]:
    """Days with a hole that the next run looks at by itself: at once the first time, then after 1, 2, 4 … days."""
    due = set()
    for day, row in known.items():
        if day is None or row["is_whole"]:
            continue
        pause = 2 ** min(row["looks"] - 2, MAX_DOUBLINGS) if row["looks"] > 1 else 0
        if now - row["looked_at"] >= dt.timedelta(days=pause):
            due.add(day)
    return due
