"""Pages whose title or publication date was corrected at the source: their address tells that they are the same."""

from __future__ import annotations

import itertools
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

import flows.ingest
from flows.trace_versions import trace_versions
from flows.verify import prove
from storage import ledger
from storage.lake import SORT_KEYS, Lake
from tests import harness
from tests.formats.test_kremlin_html import FOLDER, PAGES, read_sample
from tests.support import Command, fingerprint, write

TABLES = ("documents", "turns", "paragraphs", "tags", "links", "photos")
PAGE = """Events
{title}
President of Valdoria Ada Brook: {words}
Thank you.
Publication status
Published in section: Transcripts
Publication date: {month} {day}, {year}, 12:00
Text version"""
RECORD = """WARC/1.0
WARC-Type: conversion
WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-{number:012}>
WARC-Target-URI: {url}
{fetched}Content-Type: text/plain
Content-Length: {length}

"""
NUMBERED, PLAIN = "http://en.kremlin.ru/events/president/news/{}", "http://pages.test/talks/{}"
SPEECH = "We have gathered the harvest of this year, and it is a good one, as all of you who worked for it know."
BANNER = "See also\nAll about the harvest\nMay 1, 2021\n"
Met = tuple[str, str, int | None]  # address, page, day of January on which it was retrieved


def page(
    number: int = 1, *, title: str = "Harvest talks", words: str = SPEECH, year: int = 2021, month: str = "May"
) -> str:
    """A page whose only date is that of its publication."""
    return PAGE.format(title=title, words=words, month=month, day=number % 28 + 1, year=year)


def archive(path: Path, met: list[Met]) -> Path:
    """An archive of pages."""
    with path.open("wb") as stream:
        for number, (url, text, day) in enumerate(met):
            fetched = f"WARC-Date: 2024-01-{day:02}T00:00:00Z\n" if day else ""
            head = RECORD.format(number=number, url=url, fetched=fetched, length=len(text.encode()))
            stream.write(head.replace("\n", "\r\n").encode() + text.encode() + b"\r\n\r\n")
    return path


def ingest(lake: Path, *met: Met, name: str = "pages.warc") -> dict[str, Any]:
    lake.parent.mkdir(exist_ok=True)
    return harness.plain_ingest([str(archive(lake.parent / name, list(met)))], str(lake))


def documents(lake: Path) -> dict[str, dict[str, Any]]:
    """Documents by id; none stands twice."""
    rows = ds.dataset(lake / "documents", partitioning="hive").to_table().to_pylist()
    assert len({row["document_id"] for row in rows}) == len(rows)
    return {row["document_id"]: row for row in rows}


def changes(lake: Path) -> list[str]:
    return [row["change"] for row in ledger.read(Lake(lake), "versions").to_pylist()]


def test_two_hundred_corrected_pages_keep_their_ids(tmp_path: Path, stenolake: Command) -> None:
    lake, count = tmp_path / "lake", 200
    urls = [NUMBERED.format(1000 + number) for number in range(count)]
    titles = [f"Harvest talks of district {number}" for number in range(count)]
    first = [page(n, title=titles[n]) for n in range(count)]
    # 50 move to another year, of 50 the title is corrected, of 50 both, and all say something else
    second = [
        page(
            n,
            title=titles[n] + (", corrected" if n % 4 in (1, 2) else ""),
            year=2022 if n % 4 in (2, 3) else 2021,
            words=f"Corrected {n}.",
        )
        for n in range(count)
    ]
    harness.plain_ingest(
        [str(archive(tmp_path / "a.warc", [(u, t, 1) for u, t in zip(urls, first, strict=True)]))], str(lake)
    )
    before = documents(lake)
    dump = archive(tmp_path / "b.warc", [(u, t, 2) for u, t in zip(urls, second, strict=True)])
    said = harness.plain_ingest([str(dump)], str(lake))
    assert said["documents"] == {"read": count, "published": count, "unchanged": 0, "quarantined": 0}
    assert said["versions"] == {"corrected": count}
    now = documents(lake)
    assert now.keys() == before.keys()
    assert Counter(row["year"] for row in now.values()) == {2021: 100, 2022: 100}
    assert {row["url"]: row["title"] for row in now.values()} == {
        url: title + (", corrected" if n % 4 in (1, 2) else "")
        for n, (url, title) in enumerate(zip(urls, titles, strict=True))
    }
    for partition in Lake(lake).partitions():
        for table in TABLES:
            rows = Lake(lake).read(table, partition)
            assert rows.equals(rows.sort_by([(key, "ascending") for key in SORT_KEYS[table]])), (table, partition)
    assert prove(Lake(lake))[0] == []
    for document in sorted(now)[:3]:
        told = trace_versions(Lake(lake), document)["versions"]
        assert [row["problem"] for row in told] == [None, None]
        assert [SPEECH in row["text"] for row in told] == [True, False]
    tables = fingerprint(lake, *TABLES)
    banner = [text.replace("Thank you.", f"{BANNER}Thank you.") for text in second]
    met = archive(tmp_path / "c.warc", [(u, t, 3) for u, t in zip(urls, banner, strict=True)])
    assert harness.plain_ingest([str(met)], str(lake))["versions"] == {}
    assert harness.plain_ingest([str(dump)], str(lake))["documents"]["unchanged"] == count
    assert stenolake("reprocess", "--lake", lake, "--json").json["documents"]["published"] == 0
    assert fingerprint(lake, *TABLES) == tables


def test_a_rendition_without_address_is_known_by_the_id_that_it_gives(tmp_path: Path) -> None:
    lake, corrected = tmp_path / "lake", page(title="Harvest talks, corrected")
    ingest(lake, (NUMBERED.format(1), page(), 1))
    (document,) = documents(lake)
    ingest(lake, (NUMBERED.format(1), corrected, 2))
    tables = fingerprint(lake, *TABLES)
    said = harness.plain_ingest([str(write(tmp_path, "text.txt", corrected + BANNER))], str(lake))
    assert said["documents"]["unchanged"] == 1
    assert fingerprint(lake, *TABLES) == tables
    assert list(documents(lake)) == [document]
    again = harness.plain_ingest([str(write(tmp_path, "text.txt", corrected.replace("Thank", "Bless")))], str(lake))
    assert again["versions"] == {"corrected": 1}
    assert list(documents(lake)) == [document]
    assert prove(Lake(lake))[0] == []


def test_a_title_that_is_corrected_back_and_forth_is_one_document(tmp_path: Path) -> None:
    lake, url = tmp_path / "lake", NUMBERED.format(1)
    texts = [page(), page(title="Harvest talk"), page(), page(title="Harvest talk"), page(year=2022)]
    for day, text in enumerate(texts):
        ingest(lake, (url, text, day + 1), name=f"{day}.warc")
        assert len(documents(lake)) == 1
    assert changes(lake) == ["new", *["corrected"] * 4]
    (row,) = documents(lake).values()
    assert (row["title"], row["year"]) == ("Harvest talks", 2022)
    again = [(url, text.replace("Thank you.", f"{BANNER}Thank you."), day + 1) for day, text in enumerate(texts)]
    assert ingest(lake, *again)["documents"]["published"] == 0  # nothing that is old comes back
    assert len(changes(lake)) == 5


@pytest.mark.parametrize("day", [0, 1], ids=["without-times", "with-times"])
def test_the_order_of_inputs_decides_nothing(tmp_path: Path, day: int) -> None:
    url, texts = NUMBERED.format(1), [page(), page(title="Harvest talk"), page(year=2022), page(2)]
    names = []
    for number, text in enumerate(texts):
        path = archive(tmp_path / f"{number}.warc", [(url, text, day and number + 1)])
        names += [str(path), str(write(tmp_path, f"{number}.txt", text + BANNER))]
    signatures = []
    for number, order in enumerate(itertools.islice(itertools.permutations(names), 0, None, 13441)):
        lake = tmp_path / f"lake-{number}"
        harness.plain_ingest(list(order), str(lake), workers=1 + number % 2)
        assert len(documents(lake)) == 1
        signatures.append(harness.signature(lake))
    assert len(signatures) == 3
    assert all(one == signatures[0] for one in signatures)
    together = tmp_path / "together"
    archive(tmp_path / "all.warc", [(url, text, day and n + 1) for n, text in enumerate(texts)])
    harness.plain_ingest([str(tmp_path / "all.warc")], str(together))
    assert len(documents(together)) == 1
    assert sorted(changes(together)) == [*["corrected"] * 3, "new"]


def test_without_a_number_half_of_the_words_must_be_the_same(tmp_path: Path) -> None:
    lake, url = tmp_path / "lake", PLAIN.format(1)
    ingest(lake, (url, page(), 1))
    (document,) = documents(lake)
    ingest(lake, (f"{url}/#top", page(title="Harvest talk", year=2022, words=SPEECH.replace("good", "rich")), 2))
    assert list(documents(lake)) == [document]
    assert changes(lake) == ["new", "corrected"]
    other = "Roads will be built where there were none, and every village shall have its school before the year is out."
    ingest(lake, (url, page(year=2023, words=other), 3))
    assert len(documents(lake)) == 2
    assert changes(lake) == ["new", "corrected", "new"]


def test_one_address_for_many_pages_makes_no_document_of_them(tmp_path: Path) -> None:
    texts = [page(n, words=" ".join(f"word{n}-{m}" for m in range(30))) for n in range(5)]
    ingest(tmp_path / "lake", *[(PLAIN.format("latest"), text, 1) for text in texts])
    assert len(documents(tmp_path / "lake")) == 5


def test_an_older_text_that_arrives_late_is_a_version_of_the_same_document(tmp_path: Path) -> None:
    lake, url = tmp_path / "lake", NUMBERED.format(1)
    ingest(lake, (url, page(title="Harvest talk"), 2))
    (document,) = documents(lake)
    ingest(lake, (url, page(), 1))
    assert [row["title"] for row in documents(lake).values()] == ["Harvest talk"]
    told = trace_versions(Lake(lake), document)["versions"]
    assert [row["text"].splitlines()[0] for row in told] == ["Harvest talks", "Harvest talk"]


def test_tables_that_are_derived_anew_keep_the_ids(tmp_path: Path, stenolake: Command) -> None:
    lake, url = tmp_path / "lake", NUMBERED.format(1)
    ingest(lake, (url, page(), 1), name="a.warc")
    ingest(lake, (url, page(title="Harvest talk", year=2022), 2), name="b.warc")
    before = harness.signature(lake)
    for path in (*lake.glob("*/source=*/year=*/part-0.parquet"), *lake.glob("_lineage/blocks/*.parquet")):
        path.unlink()
    said = stenolake("reprocess", "--lake", lake, "--json")
    assert said.code == 0, said.err
    assert harness.signature(lake) == before
    assert stenolake("verify", "--lake", lake).code == 0


def test_html_and_text_of_a_corrected_page_are_one_document(tmp_path: Path) -> None:
    """A page as HTML; then, its title corrected, as HTML and text in one run, and each alone again."""
    lake, name = tmp_path / "lake", next(iter(PAGES))
    html, text = (FOLDER / f"{name}.html").read_text(encoding="utf-8"), read_sample(PAGES[name])
    title = text.strip().splitlines()[1]
    assert title in html
    (tmp_path / "new").mkdir()
    harness.plain_ingest([str(FOLDER / f"{name}.html")], str(lake))
    (before,) = documents(lake).values()
    page_ = write(tmp_path / "new", "page.html", html.replace(before["title"], "Another title"))
    plain = write(tmp_path / "new", "page.txt", text.replace(before["title"], "Another title"))
    said = harness.plain_ingest([str(tmp_path / "new")], str(lake))
    assert said["versions"] == {"corrected": 1}
    (now,) = documents(lake).values()
    assert (now["document_id"], now["title"]) == (before["document_id"], "Another title")
    tables = fingerprint(lake, *TABLES)
    with pytest.MonkeyPatch.context() as patch:  # what was read is recalled, under the id that it is kept under
        patch.setattr(flows.ingest, "cut_batches", lambda dumps, *_: [None][: len(dumps)])
        assert harness.plain_ingest([str(page_), str(plain)], str(lake))["documents"]["unchanged"] == 2
    for dump in (plain, page_):
        other = shutil.copy(dump, tmp_path / f"again{dump.suffix}")
        assert harness.plain_ingest([str(other)], str(lake))["documents"]["unchanged"] == 1
    assert fingerprint(lake, *TABLES) == tables
    assert prove(Lake(lake))[0] == []


def test_what_is_held_back_is_let_go_when_the_same_page_passes(tmp_path: Path) -> None:
    lake, url = tmp_path / "lake", NUMBERED.format(1)
    ingest(lake, (url, page(), 1), name="a.warc")
    (document,) = documents(lake)
    bad = page(title="Harvest talk", year=2099)
    assert ingest(lake, (url, bad, 2), name="b.warc")["documents"]["quarantined"] == 1
    assert list(documents(lake)) == [document]
    ingest(lake, (url, page(title="Harvest talk"), 3), name="c.warc")
    assert list(documents(lake)) == [document]


def test_what_text_dumps_tell_of_corrections(tmp_path: Path) -> None:
    """Without an address a page is known by publication time, or else date, and title: all else may be corrected."""
    lake, first = tmp_path / "lake", harness.page(1)
    harness.plain_ingest([str(write(tmp_path, "a.txt", first))], str(lake))
    for number, (old, new) in enumerate(
        [("Good day", "Good evening"), ("Lessk", "Halm"), ("May 1, 2021\n12:00", "May 2, 2022\n13:00")]
    ):
        corrected = first.replace(old, new, 1)
        said = harness.plain_ingest([str(write(tmp_path, f"{number}.txt", corrected))], str(lake))
        assert said["versions"] == {"corrected": 1}, new
    for number, (old, new) in enumerate(
        [("Harvest talks", "Harvest talk"), ("date: May 1, 2021", "date: May 2, 2021")]
    ):
        corrected = first.replace(old, new, 1)
        said = harness.plain_ingest([str(write(tmp_path, f"new-{number}.txt", corrected))], str(lake))
        assert said["versions"] == {"new": 1}, new
