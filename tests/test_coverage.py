"""Which days are whole, which are due, and what a limit leaves waiting."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from storage import ledger
from storage.errors import UsageError
from storage.lake import Lake
from tasks.fetch.address import read_address
from tasks.fetch.coverage import Reach, due_holes
from tasks.fetch.due import choose_days
from tasks.fetch.guest import read_retry_after
from tasks.fetch.lists import Entry, Listing
from tasks.fetch.profile import ByDate
from tests.publisher import ROBOTS, Site, kremlin_list, kremlin_page, serve
from tests.support import Command

NEWS = "/events/president/news"
LINK = read_address("http://news.valdoria.example/page")


def day(number: int) -> dt.date:
    return dt.date(2021, 5, number)


def listing(*days: int, number: int | None = None, older: bool = True, newer: bool = True) -> Listing:
    entries = tuple(Entry(LINK, day(one)) for one in days)
    return Listing(entries, LINK if older else None, LINK if newer else None, number and str(number))


def covered(reach: Reach) -> list[int]:
    return [number for number in range(1, 32) if reach.covers(day(number))]


def test_a_list_covers_what_lies_between_its_ends() -> None:
    reach = Reach()
    reach.add(listing(9, 7, 5))
    assert covered(reach) == [6, 7, 8]


def test_lists_that_follow_one_another_cover_what_lies_between_them() -> None:
    reach = Reach()
    reach.add(listing(9, 7, 7, number=3))
    reach.add(listing(7, 4, number=4))
    reach.add(listing(20, 18, number=1))
    assert covered(reach) == [5, 6, 7, 8, 19]


def test_behind_the_first_and_the_last_list_there_is_nothing() -> None:
    reach = Reach()
    reach.add(listing(9, 7, newer=False))
    assert covered(reach) == list(range(8, 32))
    reach.add(listing(4, 3, older=False))
    assert covered(reach) == [1, 2, 3, *range(8, 32)]


def test_a_list_of_one_day_that_leads_nowhere_covers_that_day_alone() -> None:
    reach = Reach()
    reach.add(listing(9, 9, older=False, newer=False), day(9))
    reach.add(listing(older=False, newer=False), day(7))
    assert covered(reach) == [7, 9]


def test_an_entry_out_of_order_makes_a_list_reach_no_further() -> None:
    reach = Reach()
    reach.add(listing(9, 2, 7, 7, 6))
    assert covered(reach) == [7, 8]


PER_LIST = 20


def play(folder: str, *, numbered: bool = True, own: bool = False) -> Site:
    """A hundred pages in 50 days, on lists as the site of the first source has them, or a list a day (`own`)."""
    pages = {1000 + number: dt.date(2021, 1, 1) + dt.timedelta(days=number // 2) for number in range(100)}
    newest = sorted(pages, reverse=True)
    site = Site({"/robots.txt": ROBOTS})
    for start in range(0, len(newest), PER_LIST):
        number = start // PER_LIST + 1
        entries = {page: pages[page] for page in newest[start : start + PER_LIST]}
        body = kremlin_list(entries, number, last=number * PER_LIST >= len(newest))
        if numbered:
            site.pages[f"{folder}/page/{number}"] = body
        for when in sorted(set(entries.values())):  # the newest list that the day stands on
            site.pages.setdefault(f"{folder}/by-date/{when:%d.%m.%Y}", body)
    if own:
        for when in set(pages.values()):
            entries = {page: at for page, at in pages.items() if at == when}
            alone = kremlin_list(entries, last=True).replace(b' data-page="1"', b"")
            site.pages[f"{folder}/by-date/{when:%d.%m.%Y}"] = alone
    return site


@pytest.mark.parametrize(
    ("lists", "requests"), [({}, 5), ({"numbered": False}, 12), ({"numbered": False, "own": True}, 50)], ids=str
)
def test_lists_are_asked_for_no_more_often_than_it_takes(lists: dict[str, bool], requests: int, tmp_path: Path) -> None:
    from flows import sources
    from flows.destination import find_destination, set_out
    from storage.raw import RawStore

    with serve(play(NEWS, **lists)) as site:
        goal, lake = find_destination(sources.load("kremlin"), None, site.base, 0), Lake(tmp_path / "lake")
        raw, now = RawStore(tmp_path / "raw", tmp_path / "staging"), dt.datetime.now(dt.UTC)
        visit = set_out(goal, lake, raw, tmp_path / "staging", [], now)
        days = [dt.date(2021, 1, 1) + dt.timedelta(days=number) for number in range(50)]
        (spec,) = goal.edition.lists
        assert isinstance(spec, ByDate)
        visit.read_days(spec, days)
        visit.follow_ends(days)
    assert len(visit.pages) == 100
    assert [one for one in days if not visit.reach.covers(one)] == []
    asked = [request.path for request in site.requests if request.path != "/robots.txt"]
    assert len(asked) == len(set(asked))
    assert len(asked) <= requests, asked


def test_a_hole_is_looked_at_at_once_and_then_ever_more_seldom() -> None:
    at = dt.datetime(2021, 5, 10, tzinfo=dt.UTC)
    rows = {day(n): {"is_whole": False, "looks": n, "looked_at": at} for n in (1, 2, 3, 4, 30)}
    rows[day(9)] = {"is_whole": True, "looks": 0, "looked_at": at}
    assert due_holes(rows, at) == {day(1)}
    assert due_holes(rows, at + dt.timedelta(days=1)) == {day(1), day(2)}
    assert due_holes(rows, at + dt.timedelta(days=4)) == {day(1), day(2), day(3), day(4)}
    assert due_holes(rows, at + dt.timedelta(days=32)) == {day(1), day(2), day(3), day(4), day(30)}


def test_days_that_a_run_looks_at() -> None:
    today = day(10)
    assert choose_days(None, None, today, 2, {day(1), day(12)}) == [day(1), day(8), day(9), day(10)]
    assert choose_days(day(3), day(4), today, 2, {day(1)}) == [day(3), day(4)]
    assert choose_days(day(9), day(20), today, 2, set()) == [day(9), day(10)]
    with pytest.raises(UsageError, match="no day from 2021-05-04 to 2021-05-03"):
        choose_days(day(4), day(3), today, 2, set())


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("0", 0), ("120", 120), (" 7 ", 7), ("-1", 0), ("1.5", 0), ("soon", 0), (None, 0), ("9" * 40, 2_592_000),
     ("Mon, 10 May 2021 00:01:30 GMT", 90), ("Mon, 10 May 2021 00:00:00 GMT", 0), ("Sun, 09 May 2021 00:00:00 GMT", 0),
     ("Monday, 10-May-21 00:00:10 GMT", 10)],
)  # fmt: skip
def test_retry_after(value: str | None, seconds: float) -> None:
    assert read_retry_after(value, dt.datetime(2021, 5, 10, tzinfo=dt.UTC)) == seconds


def test_a_limit_leaves_pages_waiting_and_a_missing_page_is_a_hole(stenolake: Command, tmp_path: Path) -> None:
    site, lake = Site({"/robots.txt": ROBOTS}), tmp_path / "lake"
    pages = {903: day(5), 902: day(4), 901: day(4), 900: day(3)}
    site.pages |= {f"{NEWS}/{number}": kremlin_page(number, when) for number, when in pages.items() if number != 902}
    site.pages[f"{NEWS}/by-date/04.05.2021"] = kremlin_list(pages)
    told = ["--since", day(4), "--until", day(4), "--delay", 0, "--lake", lake, "--json"]

    def look(*more: object) -> tuple[int, ...]:
        assert stenolake("fetch", "kremlin", "--base-url", site.base, *told, *more).code == 0
        row = ledger.read(Lake(lake), "coverage").to_pylist()[-1]
        names = ("listed", "published", "missing", "waiting", "is_whole", "looks")
        return tuple(int(row[name]) for name in names)

    with serve(site):
        assert look("--limit", 1) == (2, 1, 0, 1, 0, 1)
        assert look() == (2, 1, 1, 0, 0, 2)
        site.pages[f"{NEWS}/902"] = kremlin_page(902, day(4))
        assert look() == (2, 2, 0, 0, 1, 0)
