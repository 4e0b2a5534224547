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


def event_date(value: Value, time_zone: str) -> dt.date | None:
    """The day that is printed as that of the event, else the day of publication in the source's own time zone; none
    where the head names a day (`named_date`), which goes before that of publication."""
    printed, published = value("date"), value("published_at")
    if isinstance(printed, dt.date):
        return printed
    if value("named_date"):
        return None
    if isinstance(published, dt.datetime):
        return published.astimezone(zoneinfo.ZoneInfo(time_zone)).date()
    return published if isinstance(published, dt.date) else None


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
