"""Lists that name no page, or print no day: what is said of them, and which days are whole all the same."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.destination import find_destination, set_out
from storage import ledger
from storage.lake import Lake
from storage.raw import RawStore
from tasks.fetch.memory import Seen
from tasks.fetch.profile import read_profile
from tasks.fetch.visit import Visit
from tests.publisher import ROBOTS, Answer, Site, serve
from tests.support import Command
from tests.test_sources import PAGED, PROFILE

AT = "https://lessk-house.example"
DAYS = [dt.date(2024, 1, day) for day in (2, 3, 4)]
SITEMAP = '[[editions.en.lists]]\nkind = "sitemap"\naddress = "/map.xml"\n'
FEED = '[[editions.en.lists]]\nkind = "feed"\naddress = "/feed"\n'
BY_DATE = """[[editions.en.lists]]
kind = "by-date"
address = "/day/{day:%Y-%m-%d}"
frame = "main"
entry = "li"
date = "time"
"""


def entry(number: int, printed: str) -> str:
    return f'<li><a href="/s/{number}">x</a><time>{printed}</time></li>'


def page(*entries: str) -> bytes:
    return f"<html><body><main>{''.join(entries)}</main></body></html>".encode()


def fail(handler: object) -> None:
    handler.answer(500, b"no")  # type: ignore[attr-defined]


def look(folder: Path, lists: str, pages: dict[str, bytes | Answer], *, is_known: bool = False) -> Visit:
    """Read the lists of a profile for three days."""
    lines = "delay_seconds = 0\nattempts = 1\nlatency_factor = 0\n"
    profile = read_profile(f"{PROFILE}[politeness]\n{lines}{lists}", "lessk.toml")
    with serve(Site({"/robots.txt": ROBOTS, **pages})) as site:
        goal, lake = find_destination(profile, None, site.base, 0), Lake(folder / "lake")
        raw, now = RawStore(folder / "raw", folder / "staging"), dt.datetime.now(dt.UTC)
        visit = set_out(goal, lake, raw, folder / "staging", [], now)
        if is_known:
            address = goal.edition.address("/s/9")
            visit.memory.pages["/s/9"] = Seen(address, address, {}, None, "stored", now)
        for spec in goal.edition.lists:
            if spec.kind == "by-date":
                visit.read_days(spec, DAYS)
            else:
                visit.read_lists(spec, DAYS[0])
    return visit


def whole(visit: Visit) -> list[int]:
    return [day.day for day in DAYS if visit.reach.covers(day)]


ONE = page(entry(1, "2024-01-03"))
NOTHING = page()
URLSET = b'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"></urlset>'
INDEX = b"<sitemapindex><sitemap><loc>https://lessk-house.example/a.xml</loc></sitemap></sitemapindex>"
EMPTY_FEED = b'<feed xmlns="http://www.w3.org/2005/Atom"></feed>'


@pytest.mark.parametrize(
    ("lists", "pages", "fault"),
    [
        (PAGED, {"/list/1": NOTHING}, "/list/1 names no page: `entry` and `link` of the profile find nothing there"),
        (
            PAGED.replace('"li"', '"tr"'),
            {"/list/1": ONE},
            "/list/1 names no page: `entry` and `link` of the profile find nothing there",
        ),
        (
            f"{PAGED}include = '^/stories/'\n",
            {"/list/1": page(entry(1, "2024-01-03"), entry(2, "2024-01-03"))},
            "/list/1 names no page: `include` and `hosts` of the profile admit none of its 2 links",
        ),
        (
            PAGED,
            {"/list/1": b"<html><body>News</body></html>"},
            "/list/1 cannot be read: no list: it has no main, which every list has",
        ),
        (PAGED, {}, "/list/1 cannot be read: answers 404"),
        (FEED, {"/feed": b"<html></html>"}, "/feed cannot be read: no list: it is no feed: its root is html"),
        (
            f"{SITEMAP}files_include = '/posts'\n",
            {"/map.xml": INDEX},
            "/map.xml names no page: `include` and `hosts` of the profile admit none of its 1 links",
        ),
    ],
    ids=lambda value: str(value)[:50],
)
def test_lists_of_which_nothing_comes_are_a_fault(
    lists: str, pages: dict[str, bytes | Answer], fault: str, tmp_path: Path
) -> None:
    visit = look(tmp_path, lists, pages)
    assert (visit.faults, visit.doubts, whole(visit)) == ([AT + fault], [], [])


@pytest.mark.parametrize(
    ("lists", "pages"), [(FEED, {"/feed": EMPTY_FEED}), (SITEMAP, {"/map.xml": URLSET})], ids=["feed", "sitemap"]
)
def test_an_empty_feed_is_a_young_site_or_a_fault(lists: str, pages: dict[str, bytes | Answer], tmp_path: Path) -> None:
    said = f"{AT}{next(iter(pages))} names no page: it is empty"
    young = look(tmp_path / "young", lists, pages)
    assert (young.faults, young.doubts, whole(young)) == ([], [said], [])
    known = look(tmp_path / "known", lists, pages, is_known=True)
    assert (known.faults, known.doubts, whole(known)) == ([said], [], [])


def test_a_day_without_pages_is_whole(tmp_path: Path) -> None:
    visit = look(tmp_path, BY_DATE, {f"/day/{day}": NOTHING for day in DAYS[:2]})
    assert (visit.faults, visit.doubts, whole(visit)) == ([], [], [2, 3])


@pytest.mark.parametrize(
    ("printed", "day"),
    [
        ("January 3, 2024", DAYS[1]), ("Wednesday, 3 January 2024, 10:00", DAYS[1]), ("03.01.2024", DAYS[1]),
        ("Wed, 03 Jan 2024 10:00:00 GMT", DAYS[1]), ("3 Ocak 2024", None), ("3/1/2024", None), ("2 hours ago", None),
        ("1 January 2024 – 3 January 2024", None),
    ],
)  # fmt: skip
def test_days_are_read_as_elsewhere_or_missed_aloud(printed: str, day: dt.date | None, tmp_path: Path) -> None:
    visit = look(tmp_path, PAGED, {"/list/1": page(entry(1, printed), entry(2, "2024-01-03"))})
    assert [one.day for one in visit.pages.values()] == [day, DAYS[1]]
    said = f"{AT}/list/1: 1 of 2 entries have no day, since `date` of the profile does not fit: "
    told = [] if day else [f"{said}no day can be read in {printed!r}; no day counts as whole"]
    assert (visit.faults, visit.doubts, whole(visit)) == ([], told, [2, 3, 4] if day else [])


def test_a_selector_that_finds_no_date_is_told(tmp_path: Path) -> None:
    visit = look(tmp_path, PAGED.replace('"time"', '".date"'), {"/list/1": ONE})
    said = f"{AT}/list/1: 1 of 1 entries have no day, since `date` of the profile does not fit: it finds nothing there"
    assert (visit.doubts, whole(visit)) == ([f"{said}; no day counts as whole"], [])


def test_lists_without_dates_are_whole_when_they_end(tmp_path: Path) -> None:
    undated = PAGED.replace('date = "time"\n', "")
    assert whole(look(tmp_path / "ends", undated, {"/list/1": ONE})) == [2, 3, 4]
    assert whole(look(tmp_path / "breaks", undated, {"/list/1": ONE, "/list/2": fail})) == []


@pytest.mark.parametrize(
    ("second", "days"), [(None, [2, 3, 4]), (NOTHING, [2, 3, 4]), (fail, [4])], ids=["missing", "empty", "fails"]
)
def test_a_list_that_fails_is_no_end(second: bytes | Answer | None, days: list[int], tmp_path: Path) -> None:
    pages: dict[str, bytes | Answer] = {"/list/1": page(entry(2, "2024-01-04"), entry(1, "2024-01-03"))}
    visit = look(tmp_path, PAGED, pages | ({"/list/2": second} if second else {}))
    assert (visit.faults, visit.doubts, whole(visit)) == ([], [], days)


@pytest.fixture
def site() -> Iterator[Site]:
    with serve(Site({"/robots.txt": ROBOTS, "/list/1": ONE})) as one:
        yield one


def test_what_came_is_kept_and_the_command_fails(stenolake: Command, site: Site, tmp_path: Path) -> None:
    own, lake = tmp_path / "lessk.toml", tmp_path / "lake"
    own.write_text(f"{PROFILE}{PAGED}include = '^/stories/'\n{PAGED.replace('/list/', '/more/')}", "utf-8")
    site.pages["/more/1"] = page(entry(1, "3 Ocak 2024"))
    told = ["--since", DAYS[0], "--until", DAYS[2], "--base-url", site.base, "--delay", 0, "--lake", lake, "--json"]
    said = stenolake("fetch", own, *told)
    fault = f"{AT}/list/1 names no page: `include` and `hosts` of the profile admit none of its 1 links"
    assert (said.code, said.json["error"]) == (7, fault)
    assert "mend the profile" in said.json["advice"]
    (run,) = ledger.read(Lake(lake), "runs").to_pylist()
    assert run["status"] == "completed"
    assert '"links_refused": 1' in run["counts"]
    assert fault in run["counts"]
    assert "no day can be read in '3 Ocak 2024'" in run["counts"]
    assert {row["is_whole"] for row in ledger.read(Lake(lake), "coverage").to_pylist() if row["day"]} == {False}
