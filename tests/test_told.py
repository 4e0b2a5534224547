"""What is told of documents from outside them: read, taken where nothing better is, noted, and found again."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

from storage.records import Input
from tasks.document import Document
from tasks.formats import labelled_text
from tasks.formats.blocks import Block
from tasks.origin import Origin
from tasks.tabulate import tabulate
from tasks.told import Fact, Told, rank, read_language, read_source, tell
from tests.support import Command, fingerprint, page, write

CASES = tomllib.loads((Path(__file__).parent / "told.toml").read_text("utf-8"))["case"]
FACTS = ("title", "date", "published_at", "source", "language", "url")
AT = dt.datetime(2024, 5, 1, tzinfo=dt.UTC)


def dump(uri: str, facts: dict[str, Any] | None = None, headers: dict[str, str] | None = None) -> Input:
    return Input("a" * 64, uri, 1, "text/plain", facts or {}, "a" * 64, fetched_at=AT, http_headers=headers)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_facts_are_read_where_they_are_told(case: dict[str, Any]) -> None:
    record = {f"record.{name}": value for name, value in case.get("record", {}).items()}
    told = tell(dump(case["uri"], {**record, **case.get("facts", {})}, case.get("headers")), **case.get("said", {}))
    read = {name: getattr(told, name) for name in FACTS}
    plain = {
        name: [getattr(fact.value, "isoformat", lambda fact=fact: fact.value)(), fact.evidence]
        for name, fact in read.items()
        if fact
    }
    assert plain == {name: case[name] for name in FACTS if name in case}
    if "name" in case:
        assert told.name == Fact(case["name"], "file name")


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("en", "en"),
        ("sr-latn-RS", "sr-Latn-RS"),
        ("eng", "en"),
        ("Русский", "ru"),
        ("", None),
        ("e", None),
        ("a b", None),
    ],
)
def test_languages(text: str, tag: str | None) -> None:
    assert read_language(text) == tag


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Société Ombre", "societe-ombre"),
        ("NEWS.GAZETTE.EXAMPLE", "news-gazette-example"),
        ("https://user@gazette.example:8080/x", "gazette-example"),
        ("https://[broken", None),
        ("Вестник", None),
        ("…", None),
        ("notkremlin.ru", "notkremlin-ru"),
    ],
)
def test_sources(text: str, slug: str | None) -> None:
    assert read_source(text) == slug


def test_of_two_names_of_one_dump_the_one_that_tells_more_counts() -> None:
    plain, dated = dump("file:///in/a.txt"), dump("file:///in/z-2024-03-05.txt")
    assert min([plain, dated], key=rank) == min([dated, plain], key=rank) == dated
    assert min([dump("file:///in/b.txt"), plain], key=rank) == plain


TEXT = "Good day.\n\nThank you."
LEAD = [Block("lead", 0, 9), Block("lead", 11, 21)]


def project(blocks: list[Block], told: Told, source: str | None = None, text: str = TEXT) -> dict[str, Any]:
    origin = Origin(source, None, "UTC", "test/1", "a" * 64, "a" * 64, "run", AT, told)
    (tables,), _ = tabulate([Document(text, blocks, 0, origin)])
    row: dict[str, Any] = tables.rows["documents"].to_pylist()[0]
    return row


def utc(*parts: int) -> dt.datetime:
    return dt.datetime(*parts, tzinfo=dt.UTC)  # type: ignore[arg-type,misc]


FILE = tell(dump("file:///in/2024-03-05-talk.txt"), source="lessk", language="en")


def test_a_document_that_tells_nothing_takes_what_is_told_and_says_so() -> None:
    row = project(LEAD, FILE)
    told = {name: row[name] for name in ("title", "event_date", "source_id", "language")}
    assert told == {
        "title": "2024-03-05-talk",
        "event_date": dt.date(2024, 3, 5),
        "source_id": "lessk",
        "language": "en",
    }
    assert row["inferred"] == [
        "event_date: file name",
        "language: --language",
        "source_id: --source",
        "title: file name",
    ]


@pytest.mark.parametrize(
    ("head", "day", "inferred"),
    [
        ("A Talk\nPosted May 6, 2012\nMay 4, 2012", dt.date(2012, 5, 4), []),
        ("A Talk\nPosted May 6, 2012", dt.date(2012, 5, 6), []),
        ("A Talk of May 4, 2012\nPosted May 6, 2012", dt.date(2012, 5, 6), []),
        ("A Talk\nHall, May 4, 2012\nPosted May 6, 2012", dt.date(2012, 5, 4), ["event_date: named in the head"]),
        ("A Talk\nHarbour Hall, May 4, 2012", dt.date(2012, 5, 4), ["event_date: named in the head"]),
        ("A Talk of May 4, 2012", dt.date(2012, 5, 4), ["event_date: named in the title"]),
        ("A Talk", dt.date(2024, 3, 5), ["event_date: file name"]),
        (
            "A Talk\n05/04/2012",
            dt.date(2024, 3, 5),
            ["event_date: 05/04/2012 has two readings", "event_date: file name"],
        ),
    ],
)
def test_a_day_that_is_printed_goes_before_one_that_is_told(head: str, day: dt.date, inferred: list[str]) -> None:
    text = f"{head}\n\nMS. LIND: Good day.\n\nQ    Who?\n\nMS. LIND: It was on May 9, 2001.\n"
    row = project(labelled_text.parse(text), FILE, text=text)
    assert row["event_date"] == day
    assert [note for note in row["inferred"] if note.startswith("event_date")] == inferred


def test_what_a_document_tells_is_never_replaced() -> None:
    blocks = [Block("title", 0, 9), Block("date", 11, 21, dt.date(2020, 1, 2))]
    row = project(blocks, FILE)
    assert (row["title"], row["event_date"]) == ("Good day.", dt.date(2020, 1, 2))
    assert row["inferred"] == ["language: --language", "source_id: --source"]


def test_a_document_may_name_its_publisher_and_language() -> None:
    blocks = [Block("source", 0, 9, "The Lessk Gazette"), Block("language", 11, 21, "English")]
    row = project(blocks, FILE)
    assert (row["source_id"], row["language"]) == ("the-lessk-gazette", "en")
    assert row["inferred"] == ["event_date: file name", "title: file name"]


@pytest.mark.parametrize(
    ("address", "source"),
    [("https://www.gazette.example/1", "gazette-example"), ("https://obamawhitehouse.archives.gov/1", "whitehouse")],
)
def test_the_address_that_a_document_prints_tells_its_source(address: str, source: str) -> None:
    blocks = [Block("page_address", 0, len(address)), Block("lead", len(address) + 2, len(address) + 12)]
    row = project(blocks, Told(), text=f"{address}\n\nThank you.")
    assert row["source_id"] == source
    assert "source_id: host of the address" in row["inferred"]


@pytest.mark.parametrize(
    ("clock", "zone", "day", "published"),
    [
        ("2024-01-02T22:30:00+00:00", "Europe/Istanbul", dt.date(2024, 1, 3), utc(2024, 1, 2, 22, 30)),
        ("2024-01-02T22:30:00-05:00", "America/New_York", dt.date(2024, 1, 2), utc(2024, 1, 3, 3, 30)),
        ("2024-01-03T01:30:00", "Europe/Istanbul", dt.date(2024, 1, 3), utc(2024, 1, 2, 22, 30)),
        ("2024-01-03", "Europe/Istanbul", dt.date(2024, 1, 3), None),
        ("9999-12-31T23:30:00+00:00", "Europe/Istanbul", dt.date(9999, 12, 31), utc(9999, 12, 31, 23, 30)),
        ("0001-01-01T01:30:00", "Europe/Istanbul", dt.date(1, 1, 1), None),
        # nobody knows the zone of what was not fetched
        ("2024-01-02T22:30:00+00:00", "", dt.date(2024, 1, 2), utc(2024, 1, 2, 22, 30)),
        ("2024-01-03T01:30:00", "", dt.date(2024, 1, 3), None),
    ],
)
def test_a_clock_is_read_in_the_time_zone_of_the_source(
    clock: str, zone: str, day: dt.date, published: dt.datetime | None
) -> None:
    text = f"---\npublished: {clock}\n---\n\nThank you."
    origin = Origin("lessk", "en", zone, "test/1", "a" * 64, "a" * 64, "run", AT)
    found = Document(text, labelled_text.parse(text), 0, origin)
    assert (found.event_date, found.published) == (day, published)
    unknown = Document(text, labelled_text.parse(text), 0, Origin("lessk", "en", "", "", "", "", "", AT))
    assert (found.document_id == unknown.document_id) == (found.published == unknown.published)


def test_what_a_profile_told_is_not_said_to_come_from_an_option() -> None:
    fetched = {"edition": "tr", "time_zone": "Europe/Istanbul"}
    told = tell(dump("https://gazette.example/1", fetched), source="gazette", language="tr")
    assert (told.source, told.language) == (Fact("gazette", "profile"), Fact("tr", "profile"))
    assert told.time_zone == "Europe/Istanbul"


def test_nothing_is_made_up() -> None:
    row = project(LEAD, Told())
    assert (row["source_id"], row["event_date"], row["title"], row["language"]) == (None, None, None, "und")
    assert row["inferred"] == []


def test_a_page_that_lost_its_title_is_not_named_after_its_file() -> None:
    assert project(LEAD, FILE, source="lessk")["title"] is None


def test_two_texts_of_one_file_name_are_two_documents() -> None:
    other = project(LEAD, FILE, text="Bad day!!\n\nThank you.")
    assert project(LEAD, FILE)["document_id"] != other["document_id"]
    mended = project(
        [Block("lead", 0, 9), Block("lead", 11, 400)], FILE, text="Good day.\n\n" + "Well, " * 64 + "Amen."
    )
    again = project([Block("lead", 0, 9), Block("lead", 11, 400)], FILE, text="Good day.\n\n" + "Well, " * 64 + "amen.")
    assert mended["document_id"] == again["document_id"], "a correction far down is the same document"


def test_a_title_and_a_day_that_nobody_printed_make_no_two_documents_one(stenolake: Command, tmp_path: Path) -> None:
    words = "Talk with the ferryman\n\nADA LIND: Hm. {}\n\nODO KERN: Yes.\n\nADA LIND: Now?\n\nODO KERN: No.\n"
    drop, lake = tmp_path / "drop", tmp_path / "lake"
    drop.mkdir()
    for name, asked in (("a.txt", "Who are you?"), ("b.txt", "Where is the ferry?"), ("again.txt", "Who  are you?")):
        write(drop, name, words.format(asked))
    options = ("--lake", lake, "--source", "harbour", "--language", "en", "--json")
    said = stenolake("ingest", drop, *options, "--date", "2021-05-01").json
    assert (said["versions"], said["documents"]["published"], said["documents"]["unchanged"]) == ({"new": 2}, 2, 1)
    titles = ds.dataset(lake / "documents").to_table(["title"])["title"].to_pylist()
    assert titles == ["Talk with the ferryman"] * 2

    # a day that the file itself tells is as good as a printed one: other words are a correction
    for name, asked in (("x-2021-05-02.txt", "Who are you?"), ("y-2021-05-02.txt", "Where is the ferry?")):
        write(tmp_path, name, words.format(asked))
        said = stenolake("ingest", tmp_path / name, *options).json
    assert said["versions"] == {"corrected": 1}


def test_facts_of_records_stand_in_the_lake_and_are_found_again(stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    url = "http://en.kremlin.ru/events/president/news/7"
    write(tmp_path, "in.jsonl", json.dumps({"url": url, "title": "another", "text": page(1)}) + "\n{}\nno JSON\n")
    said = stenolake("ingest", tmp_path / "in.jsonl", "--lake", lake, "--json")
    assert said.json["documents"] == {"read": 3, "published": 1, "unchanged": 0, "quarantined": 2}
    row = ds.dataset(lake / "documents").to_table().to_pylist()[0]
    assert (row["url"], row["title"], row["inferred"]) == (url, "Harvest talks", ["url: record field url"])
    assert stenolake("verify", "--lake", lake).code == 0
    assert "url: record field url" in stenolake("trace", row["document_id"], "--lake", lake).out
    before = fingerprint(lake, "documents", "turns")
    stenolake("quarantine", "retry", "--lake", lake)
    assert stenolake("reprocess", "--lake", lake).code == 0
    assert fingerprint(lake, "documents", "turns") == before


def test_the_order_of_two_names_of_one_dump_decides_nothing(stenolake: Command, tmp_path: Path) -> None:
    one, two = write(tmp_path, "one.txt", page(1)), write(tmp_path, "2021-05-01.txt", page(1))
    uris = []
    for name, order in (("a", (one, two)), ("b", (two, one))):
        stenolake("ingest", *order, "--lake", tmp_path / name)
        uris.append(ds.dataset(tmp_path / name / "_lineage" / "inputs").to_table(["uri"])["uri"].to_pylist())
    assert uris[0] == uris[1] == [two.as_uri()]
