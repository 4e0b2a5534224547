"""What a document tells of itself, by its blocks: the day of its event, and the kind of document it is."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Callable

from tasks.told import Fact

# section of the site -> kind of a document in which nobody speaks
_KINDS = {"Announcements": "announcement", "Documents": "document", "Telegrams": "telegram"}
_KINDS |= {"Анонсы": "announcement", "Документы": "document", "Телеграммы": "telegram"}

Value = Callable[[str], object]  # kind of block -> value of the first such block, None where there is none


def published(value: Value, time_zone: str) -> dt.datetime | dt.date | None:
    """When a document was published: a moment in UTC, or a day.

    A clock without a zone is read in that of the source; where nobody knows one, it tells the day alone.
    """
    told = value("published_at")
    if not isinstance(told, dt.datetime) or told.tzinfo:
        return told if isinstance(told, dt.date) else None
    if not time_zone:
        return told.date()
    try:
        return told.replace(tzinfo=zoneinfo.ZoneInfo(time_zone)).astimezone(dt.UTC)
    except OverflowError:  # an hour from the first or the last day that there is
        return told.date()


def event_date(value: Value, published_at: dt.datetime | dt.date | None, time_zone: str) -> dt.date | None:
    """The day that is printed as that of the event, else the day of publication in the source's own time zone, in UTC
    where nobody knows one; none where the head names a day (`named_date`), which goes before that of publication."""
    printed = value("date")
    if isinstance(printed, dt.date):
        return printed
    if value("named_date"):
        return None
    if not isinstance(published_at, dt.datetime):
        return published_at
    try:
        return published_at.astimezone(zoneinfo.ZoneInfo(time_zone or "UTC")).date()
    except OverflowError:
        return published_at.date()


def named_date(value: Value) -> Fact[dt.date] | None:
    """The one day that the head names beside other words, else that the title names: taken where none is told."""
    for kind, evidence in (("named_date", "named in the head"), ("title", "named in the title")):
        if isinstance(day := value(kind), dt.date):
            return Fact(day, evidence)
    return None


def document_kind(speaks: bool, sections: object) -> str:
    """`transcript` where somebody speaks, else what the sections of the site say."""
    if speaks:
        return "transcript"
    named = sections if isinstance(sections, tuple) else ()
    return next((_KINDS[section] for section in named if section in _KINDS), "news")
