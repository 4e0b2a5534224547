"""Fetching from an invented publisher that is played on loopback, with the real command and the real client."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from warcio.archiveiterator import ArchiveIterator

from flows import doctor_lake
from flows.doctor import Check
from storage import ledger
from storage.lake import Lake
from tests import harness
from tests.publisher import ROBOTS, Handler, Site, kremlin_list, kremlin_page, serve
from tests.support import PATIENCE_SECONDS, ROOT, Command, Said, fingerprint, page, write

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
    pages = [request for request in site.requests[count:] if "/page/" not in request.path]  # such lists are not here
    assert {(request.is_conditional, request.status) for request in pages} == {(True, 304)}
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


def test_a_page_is_corrected_and_then_removed(stenolake: Command, site: Site, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    assert fetch(stenolake, site, lake).code == 0
    site.pages[f"{NEWS}/905"] = kremlin_page(905, day(6), "Good day, friends and neighbours.")
    assert fetch(stenolake, site, lake).code == 0
    del site.pages[f"{NEWS}/905"]
    assert fetch(stenolake, site, lake).code == 0
    changes = Counter(row["change"] for row in rows(lake, "versions"))
    assert changes == {"new": 4, "corrected": 1, "withdrawn": 1}


@pytest.mark.parametrize(
    ("value", "code"),
    [("9" * 12, 7), ("Fri, 31 Dec 9999 23:59:59 -0900", 7), ("Mon, 01 Jan 2018 00:00:00 +99999999999999", 0)],
)
def test_a_host_that_wants_to_be_left_alone_for_ever(
    stenolake: Command, site: Site, tmp_path: Path, value: str, code: int
) -> None:
    lake, good = tmp_path / "lake", site.pages[f"{NEWS}/903"]
    site.pages[f"{NEWS}/903"] = lambda handler: handler.answer(503, b"busy", {"Retry-After": value})
    for _ in range(2):
        said = fetch(stenolake, site, lake)
        assert (said.code, "asks to be left alone" in said.json.get("error", "")) == (code, code == 7)
        site.pages[f"{NEWS}/903"] = good


def test_robots_that_want_a_day_between_requests(stenolake: Command, site: Site, tmp_path: Path) -> None:
    for number, wanted in enumerate((b"Crawl-delay: 99999999999999999999", b"Request-rate: 1/1d")):
        site.pages["/robots.txt"] = b"User-agent: *\n" + wanted + b"\n"
        said = fetch(stenolake, site, tmp_path / f"lake{number}")
        assert said.code == 7
        assert "s between two requests, more than" in said.json["error"]


def test_a_short_day_is_no_cut_dump(stenolake: Command, site: Site, tmp_path: Path) -> None:
    """How many pages a day has, the lists say; beside a month of 20 the next day of one is nothing strange."""
    pages = {number: dt.date(2021, 4, 1 + number % 28) for number in range(800, 820)}
    site.pages |= {f"{NEWS}/{number}": kremlin_page(number, when) for number, when in pages.items()}
    site.pages |= {
        f"{NEWS}/by-date/{one:02}.04.2021": kremlin_list(pages | {700: dt.date(2021, 3, 1), 907: day(9)}, number=3)
        for one in range(1, 31)
    }
    told = ["--base-url", site.base, "--delay", 0, "--lake", tmp_path / "lake", "--json"]
    for since, until, published in (
        ("2021-04-01", "2021-04-30", 20), ("2021-05-02", "2021-05-03", 2), ("2021-05-06", "2021-05-06", 1),
    ):  # fmt: skip
        said = stenolake("fetch", "kremlin", "--since", since, "--until", until, *told)
        assert (said.code, said.json["documents"]["published"]) == (0, published)


@pytest.mark.parametrize(
    ("at", "answered"), [(f"{NEWS}/by-date/04.05.2021", False), (f"{NEWS}/903", False), (f"{NEWS}/905", True)]
)
def test_killed_it_repeats_at_most_the_request_in_flight(
    stenolake: Command, site: Site, tmp_path: Path, prefect_api: str, at: str, answered: bool
) -> None:
    lake, running = tmp_path / "lake", list[subprocess.Popen[bytes]]()
    page = site.pages[at]
    assert isinstance(page, bytes)

    def kill(handler: Handler) -> None:
        site.pages[at] = page
        if answered:
            handler.send_page(page)
        running[0].kill()

    site.pages[at] = kill
    told = ["--since", "2021-05-03", "--until", "2021-05-06", "--base-url", site.base, "--delay", "0.05"]
    command = [
        sys.executable,
        "-c",
        "from flows.cli import main; main()",
        "fetch",
        "kremlin",
        "--lake",
        str(lake),
        *told,
    ]
    running.append(subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PREFECT_API_URL": prefect_api}))
    assert running[0].wait(PATIENCE_SECONDS) == -signal.SIGKILL
    said = fetch(stenolake, site, lake)
    assert (said.code, said.json["documents"]["published"]) == (0, 4)
    asked = Counter(request.path for request in site.requests)  # on condition, too
    assert {path: count for path, count in asked.items() if count > 1} in ({}, {at: 2})
    assert {number for number in PAGES if asked[f"{NEWS}/{number}"]} == {902, 903, 904, 905}
    assert stenolake("verify", "--lake", lake).code == 0
    assert stenolake("gc", "--lake", lake, "--json").json["files"] == []

    # what the killed run looked at was carried on; the next run looks for itself
    site.pages[f"{NEWS}/907"] = kremlin_page(907, day(6))
    newer = kremlin_list({906: day(7), 907: day(6), 905: day(6), 904: day(4)}, number=1)
    site.pages |= {f"{NEWS}/by-date/0{number}.05.2021": newer for number in (5, 6, 7, 8)}
    again = fetch(stenolake, site, lake)
    assert (again.code, again.json["documents"]["published"]) == (0, 1)
    assert [row["listed"] for row in rows(lake, "coverage") if row["day"] == day(6)] == [1, 2]


def test_others_have_the_lake_while_pages_come(stenolake: Command, site: Site, tmp_path: Path) -> None:
    """Another run ingests, and a third one cleans up, in the middle of a visit; both change the same partition."""
    lake, meanwhile, told = tmp_path / "lake", list[int](), list[Check]()
    body = site.pages[f"{NEWS}/903"]
    assert isinstance(body, bytes)
    (tmp_path / "dumps").mkdir()
    write(tmp_path / "dumps", "one.txt", page(1))

    def answer(handler: Handler) -> None:
        meanwhile.append(harness.run(tmp_path / "dumps", lake))
        assert (lake / "_staging").is_dir()
        assert [path.name for path in lake.glob("_staging/*/fetches.ndjson")] == ["fetches.ndjson"]
        told.append(doctor_lake.check_staging(lake))
        handler.send_page(body)

    site.pages[f"{NEWS}/903"] = answer
    patient = (ROOT / "flows" / "sources" / "kremlin.toml").read_text("utf-8")
    patient = patient.replace("[politeness]\n", "[politeness]\nread_seconds = 200\ntotal_seconds = 300\n")
    told_how = write(tmp_path, "kremlin.toml", patient)
    days = ("--since", "2021-05-03", "--until", "2021-05-06", "--base-url", site.base, "--delay", 0)
    said = stenolake("fetch", told_how, "--lake", lake, *days, "--json")
    assert meanwhile == [0], (tmp_path / "log").read_text()
    assert [(one.status, one.detail) for one in told] == [
        ("ok", "1 run that downloads, and has left the lake to others")
    ]
    assert (said.code, said.json["documents"]["published"]) == (0, 4)
    assert [(row["flow"], row["status"]) for row in rows(lake, "runs")] == [
        ("ingest", "completed"), ("fetch", "completed"),
    ]  # fmt: skip
    assert [path.name for path in (lake / "_staging").iterdir()] == ["lock"]
    (part,) = Lake(lake).partitions()
    assert Lake(lake).read("documents", part).num_rows == 5
    assert stenolake("verify", "--lake", lake).code == 0
    assert stenolake("gc", "--lake", lake, "--json").json["files"] == []
    assert len(list((lake / "_lineage" / "openlineage").iterdir())) == 2


def test_archive_as_warc(stenolake: Command, site: Site, tmp_path: Path) -> None:
    lake, out, other = tmp_path / "lake", tmp_path / "out.warc.gz", tmp_path / "other"
    packed = gzip.compress(kremlin_page(904, day(4)))
    site.pages[f"{NEWS}/904"] = lambda handler: handler.answer(200, packed, {"Content-Encoding": "gzip"})
    fetch(stenolake, site, lake)
    fetch(stenolake, site, lake)
    assert stenolake("export-warc", out, "--lake", lake, "--json").json["responses"] == len(site.requests)
    checked = subprocess.run(
        [sys.executable, "-m", "warcio.cli", "check", "-v", str(out)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout
    assert checked.stdout.count("digest pass") >= 5
    with out.open("rb") as stream:
        told = [(one.rec_type, one.rec_headers.get_header("WARC-Target-URI")) for one in ArchiveIterator(stream)]
    assert told[0][0] == "warcinfo"
    assert next(uri for kind, uri in told if kind == "response") == "http://en.kremlin.ru/robots.txt"
    assert sum(kind == "revisit" for kind, _ in told) == len([one for one in site.requests if one.status == 304])
    said = stenolake("ingest", out, "--lake", other, "--json")
    assert said.json["documents"]["quarantined"] == 0
    drop = ["run_id", "ingested_at", "inferred"]
    for part in Lake(lake).partitions():
        for table in TABLES:
            one, two = (Lake(root).read(table, part) for root in (lake, other))
            columns = [name for name in one.column_names if name not in drop]
            assert one.select(columns).equals(two.select(columns))
    before = out.read_bytes()
    stenolake("export-warc", out, "--lake", lake)
    assert out.read_bytes() == before


def test_trace_leads_to_the_response(stenolake: Command, site: Site, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    said = fetch(stenolake, site, lake)
    traced = stenolake("trace", said.json["sample_id"], "--lake", lake, "--json").json
    assert traced["dump"]["uri"].startswith("http://en.kremlin.ru/events/president/news/90")
    assert traced["dump"]["http_status"] == 200
    assert traced["dump"]["fetched_at"]
    assert json.loads(traced["dump"]["http_headers"])["etag"].startswith('"')
    assert json.loads(traced["dump"]["derivation"])["asked"].startswith(site.base)


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
