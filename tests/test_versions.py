"""A page met again with other text: the tables hold the one that was retrieved last, the ledger holds them all."""

from __future__ import annotations

import itertools
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from flows.trace_versions import trace_versions
from storage import ledger
from storage.lake import Lake
from tests import harness
from tests.support import Command, write

FIRST, SECOND, THIRD = ("First words.", 1), ("Second words.", 2), ("Third words.", 3)
BANNER = "See also\nAll about the harvest\nMay 1, 2021\n"
RECORD = """WARC/1.0
WARC-Type: conversion
WARC-Record-ID: <urn:uuid:00000000-0000-0000-0000-00000000000{number}>
WARC-Target-URI: http://pages.test/{number}
WARC-Date: 2024-01-{day:02}T00:00:00Z
Content-Type: text/plain
Content-Length: {length}

"""


def ingest_fetched(lake: Path, *met: tuple[str, int], banner: str = "") -> None:
    """Ingest one page as an archive holds it that fetched it on days of January: words and day of each time."""
    archive = lake.parent / "page.warc"
    with archive.open("wb") as stream:
        for number, (words, day) in enumerate(met):
            text = harness.page(1, words=words).replace("Thank you.", f"{banner}Thank you.").encode()
            stream.write(RECORD.format(number=number, day=day, length=len(text)).replace("\n", "\r\n").encode())
            stream.write(text + b"\r\n\r\n")
    harness.plain_ingest([str(archive)], str(lake))


def standing(lake: Path) -> str:
    (text,) = ds.dataset(lake / "turns").to_table()["text"].to_pylist()
    return str(text).removesuffix("\n\nThank you.")


def history(lake: Path) -> list[tuple[int, str]]:
    """Day and change of every version, in the order of days."""
    return sorted((row["seen_at"].day, row["change"]) for row in ledger.read(Lake(lake), "versions").to_pylist())


def test_the_text_retrieved_last_stands_whatever_the_order(tmp_path: Path) -> None:
    for number, order in enumerate(itertools.permutations((FIRST, SECOND, THIRD))):
        lake = tmp_path / str(number) / "lake"
        lake.parent.mkdir()
        for met in order:
            ingest_fetched(lake, met)
        assert standing(lake) == "Third words.", order
        assert [day for day, _ in history(lake)] == [1, 2, 3]
        assert len(set(ledger.read(Lake(lake), "versions")["content_sha256"].to_pylist())) == 3
        ingest_fetched(lake, order[0])
        assert len(history(lake)) == 3  # an old dump once more is no version


@pytest.mark.parametrize("banner", ["", BANNER], ids=["same-bytes", "other-bytes"])
def test_a_text_that_came_back_is_the_newest_again(tmp_path: Path, banner: str) -> None:
    lake, again = tmp_path / "lake", ("First words.", 3)
    ingest_fetched(lake, FIRST)
    ingest_fetched(lake, SECOND)
    assert standing(lake) == "Second words."
    ingest_fetched(lake, again, banner=banner)
    assert standing(lake) == "First words."
    ingest_fetched(lake, SECOND, banner=BANNER + BANNER)
    assert standing(lake) == "First words."
    assert history(lake) == [(1, "new"), (2, "corrected"), (3, "corrected")]


@pytest.mark.parametrize("banner", ["", BANNER], ids=["same-bytes", "other-bytes"])
def test_a_late_dump_does_not_win_over_a_text_that_was_seen_after_it(tmp_path: Path, banner: str) -> None:
    lake, again = tmp_path / "lake", ("First words.", 3)
    ingest_fetched(lake, FIRST)
    before = {path: path.stat().st_ino for path in lake.glob("*/source=*/**/*.parquet")}
    ingest_fetched(lake, again, banner=banner)
    assert {path: path.stat().st_ino for path in lake.glob("*/source=*/**/*.parquet")} == before
    assert history(lake) == [(1, "new")]  # nothing has changed
    assert ledger.read(Lake(lake), "sightings").num_rows == bool(banner)
    ingest_fetched(lake, SECOND)
    assert standing(lake) == "First words."
    assert history(lake) == [(1, "new"), (2, "corrected"), (3, "corrected")]


def test_one_archive_tells_every_time_that_it_met_a_page(tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    ingest_fetched(lake, SECOND, ("First words.", 3), FIRST)
    assert standing(lake) == "First words."
    assert history(lake) == [(1, "new"), (2, "corrected"), (3, "corrected")]
    inputs = ledger.read(Lake(lake), "inputs").to_pylist()
    assert sorted(row["fetched_at"].day for row in inputs if row["fetched_at"]) == [1, 2, 3]


def test_old_texts_are_shown_from_the_raw_store(stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    for met in (FIRST, SECOND):
        ingest_fetched(lake, met)
    (document,) = ds.dataset(lake / "documents").to_table(["document_id"])["document_id"].to_pylist()
    answer = trace_versions(Lake(lake), document)
    assert [row["change"] for row in answer["versions"]] == ["new", "corrected"]
    assert ["First words." in row["text"] for row in answer["versions"]] == [True, False]
    assert [line for line in answer["versions"][1]["diff"] if line[0] in "+-"] == ["-First words.", "+Second words."]
    said = stenolake("trace", document, "--versions", "--lake", lake)
    assert said.code == 0
    assert "  -First words." in said.out
    assert stenolake("trace", "0" * 20, "--versions", "--lake", lake).code == 2


def test_corrected_pages_and_moved_dates_are_found(tmp_path: Path) -> None:
    lake, count, moved = tmp_path / "lake", 200, 50
    months = ("January", "March", "May", "July", "August", "October", "December")
    days = [(month, day) for month in months for day in range(1, 32)][:count]
    first = "".join(harness.page(day, month=month) for month, day in days)
    second = "".join(
        harness.page(day, month=month, words=f"Corrected {n}.", year=2022 if n < moved else 2021)
        for n, (month, day) in enumerate(days)
    )
    harness.plain_ingest([str(write(tmp_path, "a.txt", first))], str(lake))
    harness.plain_ingest([str(write(tmp_path, "b.txt", second))], str(lake))
    rows = ds.dataset(lake / "documents", partitioning="hive").to_table(["document_id", "year"])
    assert len(set(rows["document_id"].to_pylist())) == rows.num_rows == count
    assert sorted(rows["year"].to_pylist()) == [2021] * (count - moved) + [2022] * moved
    changes = ledger.read(Lake(lake), "versions")["change"].to_pylist()
    assert changes == ["new"] * count + ["corrected"] * count
    banner = second.replace("Thank you.", "See also\nAll about the harvest\nMay 1, 2021\nThank you.")
    harness.plain_ingest([str(write(tmp_path, "c.txt", banner))], str(lake))
    assert ledger.read(Lake(lake), "versions").num_rows == 2 * count
