"""A page met again with other text: the tables hold the one that was retrieved last, the ledger holds them all."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
from collections.abc import Callable
from pathlib import Path

import pyarrow.dataset as ds
import pytest

import flows.ingest
from flows.trace_versions import trace_versions
from storage import ledger
from storage.lake import Lake
from tests import harness
from tests.support import Command, write

# words of one page -> the day on which it was fetched
FETCHED = {"First words.": 1, "Second words.": 2, "Third words.": 3}
Ingest = Callable[[str, Path], None]


@pytest.fixture
def ingest_fetched(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ingest:
    """Ingest a page as if it had been fetched on its day."""
    take_in = flows.ingest.take_in

    def ingest(words: str, lake: Path) -> None:
        def take_in_fetched(at_work, files, format_name):  # type: ignore[no-untyped-def]
            at = dt.datetime(2024, 1, FETCHED[words], tzinfo=dt.UTC)
            dumps = take_in(at_work, files, format_name)
            dumps = [dataclasses.replace(d, record=dataclasses.replace(d.record, fetched_at=at)) for d in dumps]
            at_work.run.inputs[:] = [dump.record for dump in dumps]
            return dumps

        monkeypatch.setattr(flows.ingest, "take_in", take_in_fetched)
        dump = write(tmp_path, f"{FETCHED[words]}.txt", harness.page(1, words=words))
        harness.plain_ingest([str(dump)], str(lake))

    return ingest


def test_the_text_retrieved_last_stands_whatever_the_order(ingest_fetched: Ingest, tmp_path: Path) -> None:
    for number, order in enumerate(itertools.permutations(FETCHED)):
        lake = tmp_path / str(number)
        for words in order:
            ingest_fetched(words, lake)
        assert ds.dataset(lake / "turns").to_table()["text"].to_pylist() == ["Third words.\n\nThank you."], order
        told = ledger.read(Lake(lake), "versions").to_pylist()
        assert sorted(row["seen_at"].day for row in told) == [1, 2, 3]
        assert len({row["content_sha256"] for row in told}) == 3
        rows = len(told)
        ingest_fetched(order[0], lake)
        assert ledger.read(Lake(lake), "versions").num_rows == rows  # an old dump once more is no version


def test_old_texts_are_shown_from_the_raw_store(ingest_fetched: Ingest, stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    for words in ("First words.", "Second words."):
        ingest_fetched(words, lake)
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
