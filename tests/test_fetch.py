"""Fetching from an invented publisher that is played on loopback, with the real command and the real client."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage import ledger
from storage.lake import Lake
from tests.publisher import ROBOTS, Site, kremlin_list, kremlin_page, serve
from tests.support import Command, Said, fingerprint

NEWS = "/events/president/news"
TABLES = ("documents", "turns", "paragraphs", "tags", "links", "photos")


def day(number: int) -> dt.date:
    return dt.date(2021, 5, number)


# number of the page -> its day; two lists of three pages each, one day on both
PAGES = {901: day(2), 902: day(3), 903: day(4), 904: day(4), 905: day(6), 906: day(7)}


@pytest.fixture
def site() -> Iterator[Site]:
    """A publisher with six pages in May 2021 on two lists, which open at the address of each day."""
    one = Site()
    one.pages["/robots.txt"] = ROBOTS
    for number, when in PAGES.items():
        one.pages[f"{NEWS}/{number}"] = kremlin_page(number, when)
    newer = kremlin_list({906: day(7), 905: day(6), 904: day(4)}, number=1)
    older = kremlin_list({903: day(4), 902: day(3), 901: day(2)}, number=2)
    for number in (5, 6, 7, 8):
        one.pages[f"{NEWS}/by-date/0{number}.05.2021"] = newer
    for number in (2, 3, 4):
        one.pages[f"{NEWS}/by-date/0{number}.05.2021"] = older
    with serve(one):
        yield one


def fetch(stenolake: Command, site: Site, lake: Path, *more: object, delay: float = 0) -> Said:
    told = ["--since", "2021-05-03", "--until", "2021-05-06", "--json", "--base-url", site.base, "--delay", delay]
    return stenolake("fetch", "kremlin", "--lake", lake, *told, *more)


def rows(lake: Path, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ledger.read(Lake(lake), name).to_pylist()
    return found


def test_every_page_of_the_days_once_and_nothing_else(stenolake: Command, site: Site, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    said = fetch(stenolake, site, lake)
    assert (said.code, said.err) == (0, "")
    assert said.json["documents"] == {"read": 4, "published": 4, "unchanged": 0, "quarantined": 0}
    asked = Counter(request.path for request in site.requests)
    assert {path for path, count in asked.items() if count > 1} == set()
    assert asked["/robots.txt"] == 1
    assert {path for path in asked if path.startswith(f"{NEWS}/90")} == {f"{NEWS}/{n}" for n in (902, 903, 904, 905)}
    covered = {row["day"].day: row for row in rows(lake, "coverage")}
    assert {number: row["published"] for number, row in covered.items()} == {3: 1, 4: 2, 5: 0, 6: 1}
    assert all(row["is_whole"] and row["listed"] == row["fetched"] == row["published"] for row in covered.values())


def test_again_asks_only_on_condition_and_changes_nothing(stenolake: Command, site: Site, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    fetch(stenolake, site, lake)
    before, count = fingerprint(lake), len(site.requests)
    again = fetch(stenolake, site, lake)
    assert again.json["fetch"]["unchanged"] == 4
    assert again.json["documents"]["published"] == 0
    assert {(request.is_conditional, request.status) for request in site.requests[count:]} == {(True, 304)}
    after = fingerprint(lake)
    assert {name: after[name] for name in before} == before
    assert not [name for name in after if name not in before and not name.startswith(("_lineage/", "_quality/"))]


def test_what_the_publisher_edits_and_removes(stenolake: Command, site: Site, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    fetch(stenolake, site, lake)
    site.pages[f"{NEWS}/903"] = kremlin_page(903, day(4), "Good day, friends and neighbours.")
    del site.pages[f"{NEWS}/905"]
    said = fetch(stenolake, site, lake)
    assert said.code == 0
    assert Counter(row["change"] for row in rows(lake, "versions")) == {"new": 4, "corrected": 1, "withdrawn": 1}
    again = fetch(stenolake, site, lake)
    assert again.json["fetch"]["withdrawn"] == 0
    assert len(rows(lake, "versions")) == 6
    assert stenolake("verify", "--lake", lake).code == 0
    site.pages[f"{NEWS}/905"] = kremlin_page(905, day(6))
    fetch(stenolake, site, lake)
    assert ledger.withdrawn(Lake(lake)) == {}


@pytest.mark.real
def test_january_of_the_mirror(stenolake: Command, tmp_path: Path, real_data: Path) -> None:
    site, lake = Site(), tmp_path / "lake"
    root = real_data / "en.kremlin.ru"
    for path in root.rglob("*"):
        if path.is_file():
            site.pages["/" + path.relative_to(root).as_posix()] = path.read_bytes()
    told = ["--since", "2018-01-01", "--until", "2018-01-31", "--delay", 0, "--lake", lake, "--json"]
    with serve(site):
        first = stenolake("fetch", "kremlin", "--base-url", site.base, *told)
        count = len(site.requests)
        stored = fingerprint(lake, "_raw", *TABLES)
        again = stenolake("fetch", "kremlin", "--base-url", site.base, *told)
    assert first.json["documents"] == {"read": 73, "published": 73, "unchanged": 0, "quarantined": 0}
    assert max(Counter(request.path for request in site.requests[:count]).values()) == 1
    assert again.json["fetch"]["unchanged"] == 73
    assert all(request.is_conditional for request in site.requests[count:])
    assert fingerprint(lake, "_raw", *TABLES) == stored
    days = rows(lake, "coverage")[-31:]
    assert sum(row["listed"] for row in days) == 75
    # two pages stand on the lists and are not in the mirror
    assert [(row["day"].day, row["missing"]) for row in days if not row["is_whole"]] == [(19, 1), (26, 1)]
