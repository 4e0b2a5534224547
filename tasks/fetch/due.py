"""Which days and pages a visit looks at, in which order, and what it makes of those that are missing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Sequence

from storage.errors import UsageError
from tasks.fetch.coverage import Standing
from tasks.fetch.visit import Page

MAX_DAYS = 40_000  # more than a century

# So many of the pages that were looked at may be missing at once before the source is taken for broken, and none of
# them for removed: a handful, or a quarter.
REMOVED_PAGES = 5
REMOVED_SHARE = 0.25


def choose_days(
    since: dt.date | None, until: dt.date | None, today: dt.date, recheck_days: int, holes: Collection[dt.date]
) -> list[dt.date]:
    """The days that a run looks at, in order.

    Args:
        since: first day; without one, the run looks back for as long as pages are looked at again, and at holes.
        until: last day; without one, today.
        today: in the source's time zone.
        recheck_days: for how long pages are looked at again.
        holes: days that are not whole and due.

    Raises:
        UsageError: the range is empty or too long.
    """
    last = min(until or today, today)
    first = since or dt.date.fromordinal(max(1, last.toordinal() - recheck_days))
    if since and since > last:
        raise UsageError(f"no day from {since} to {last}", "give a first day that is not after the last, or today")
    if (last - first).days > MAX_DAYS:
        raise UsageError(f"{(last - first).days} days are too many", "give a later first day")
    days = {first + dt.timedelta(days=number) for number in range((last - first).days + 1)}
    if since is None:
        days |= {day for day in holes if day <= last}
    return sorted(days)


def choose_pages(
    pages: Iterable[Page], days: Collection[dt.date], since: dt.date | None, now: dt.datetime, recheck_days: int,
    limit: int | None,
) -> list[Page]:  # fmt: skip
    """The pages that are due: new ones by day, then missing ones, then those that may have changed, longest ago first.

    A page without a day is looked at when it is new, when its list says that it has changed, for `recheck_days` after
    it was first stored, and whenever somebody names a first day. One that a run looked at which was then killed is
    not asked for again at once.
    """
    wanted, window = set(days), dt.timedelta(days=recheck_days)
    due: list[tuple[int, str, str, Page]] = []
    for page in pages:
        seen = page.seen
        if (page.day is not None and page.day not in wanted) or (seen and seen.is_fresh):
            continue
        if seen is None:
            due.append((0, str(page.day), page.item, page))
        elif not seen.is_stored:
            due.append((1, str(page.day), page.item, page))
        else:
            is_new = seen.stored_at is not None and now - seen.stored_at <= window
            is_changed = page.updated is not None and page.updated >= seen.looked_at.date()
            if page.day is not None or since is not None or is_new or is_changed:
                due.append((2, seen.looked_at.isoformat(), page.item, page))
    return [page for *_, page in sorted(due, key=lambda entry: entry[:3])][:limit]


def choose_missing(pages: Sequence[Page]) -> tuple[list[Page], str]:
    """Of the pages that were asked for, those to be asked for once more because they were there before and are not now.

    Returns:
        The pages; or none, and why, where so many are missing that the source is taken for broken.
    """
    known = [page for page in pages if page.seen and page.seen.is_stored and page.fetch]
    missing = [page for page in known if page.fetch and page.fetch.outcome == "missing"]
    if len(missing) > max(REMOVED_PAGES, REMOVED_SHARE * len(known)):
        return [], f"{len(missing)} of {len(known)} pages are missing at once: none is taken for removed"
    return missing, ""


def removed_pages(pages: Iterable[Page]) -> list[Page]:
    """Pages that the source removed: there once, and missing twice in one visit."""
    return [page for page in pages if page.seen and page.seen.is_stored and _outcome(page) == "gone"]


def stand(pages: Iterable[Page], days: Collection[dt.date], held: Collection[str]) -> list[Standing]:
    """How the pages of some days, and those without a day, stand.

    Args:
        pages: all pages that are known.
        days: days that count.
        held: dumps of which something is in quarantine.
    """
    wanted = set(days)
    return [Standing(page.day, _state(page, held)) for page in pages if page.day is None or page.day in wanted]


def _outcome(page: Page) -> str | None:
    return page.fetch.outcome if page.fetch else page.seen.outcome if page.seen else None


def _state(page: Page, held: Collection[str]) -> str:
    fetch, seen = page.fetch, page.seen
    stored = fetch.dump_sha256 if fetch and fetch.outcome == "stored" else seen.dump_sha256 if seen else None
    if stored is None:
        return "missing" if fetch or seen else "waiting"
    if _outcome(page) == "gone":
        return "gone"
    return "quarantined" if stored in held else "published"
