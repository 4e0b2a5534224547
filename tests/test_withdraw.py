"""A document that its source removed: its rows stay, the ledger says so, and what comes back is told, too."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path

import pytest

from flows.session import session
from flows.sql import connect
from flows.trace_versions import trace_versions
from flows.verify import prove
from storage import ledger
from storage.lake import Lake
from tasks.withdraw import withdraw
from tests import harness
from tests.support import Command, fingerprint, write

TABLES = ("documents", "turns", "paragraphs", "tags", "links", "photos")


def remove(lake: Path, reasons: dict[str, str], seen_at: dt.datetime | None = None) -> list[str]:
    """A run that finds documents removed at their source."""
    with session("fetch", str(uuid.uuid4()), lake, {}) as at_work:
        gone = withdraw(at_work.run, at_work.lake, reasons, seen_at or dt.datetime.now(dt.UTC))
        at_work.run.status = "completed"
    return gone


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """Two pages of a day each."""
    dump = write(tmp_path, "a.txt", harness.page(1) + harness.page(2))
    harness.plain_ingest([str(dump)], str(tmp_path / "lake"))
    return tmp_path / "lake"


def ids(lake: Path) -> list[str]:
    (partition,) = Lake(lake).partitions()
    found: list[str] = Lake(lake).read("documents", partition)["document_id"].to_pylist()
    return found


def changes(lake: Path, document: str) -> list[str]:
    rows = ledger.read(Lake(lake), "versions").to_pylist()
    return [row["change"] for row in rows if row["document_id"] == document]


def test_a_withdrawn_document_keeps_its_rows(lake: Path, stenolake: Command) -> None:
    before, (first, second) = fingerprint(lake, *TABLES), ids(lake)
    assert remove(lake, {first: "HTTP 410", "0" * 20: "never met"}) == [first]
    assert remove(lake, {first: "HTTP 410"}) == []  # once is enough
    assert fingerprint(lake, *TABLES) == before
    assert changes(lake, first) == ["new", "withdrawn"]
    assert list(ledger.withdrawn(Lake(lake))) == [first]
    assert connect(Lake(lake)).sql("select document_id from withdrawn").fetchall() == [(first,)]
    told = trace_versions(Lake(lake), first)["versions"][-1]
    assert (told["change"], told["reason"], told["diff"]) == ("withdrawn", "HTTP 410", [])
    assert "the source removed it: HTTP 410" in stenolake("trace", first, "--versions", "--lake", lake).out
    assert stenolake("trace", first, "--lake", lake, "--json").json["withdrawn_at"]
    assert stenolake("trace", second, "--lake", lake, "--json").json["withdrawn_at"] is None
    assert prove(Lake(lake))[0] == []


def test_what_was_met_later_is_not_withdrawn(lake: Path) -> None:
    (first, _) = ids(lake)
    assert remove(lake, {first: "HTTP 404"}, dt.datetime(2020, 1, 1, tzinfo=dt.UTC)) == []
    assert changes(lake, first) == ["new"]


@pytest.mark.parametrize(
    ("words", "change"), [("Good day, friends.", "new"), ("Other words.", "corrected")], ids=["as-it-was", "corrected"]
)
def test_a_document_that_comes_back_stands_again(lake: Path, tmp_path: Path, words: str, change: str) -> None:
    first = next(one for one in ids(lake))
    remove(lake, dict.fromkeys(ids(lake), "HTTP 404"))
    again = write(tmp_path, "b.txt", "".join(harness.page(day, words=words) + "\n" for day in (1, 2)))
    harness.plain_ingest([str(again)], str(lake))
    assert changes(lake, first) == ["new", "withdrawn", change]
    assert ledger.withdrawn(Lake(lake)) == {}
    harness.plain_ingest([str(again)], str(lake))
    assert changes(lake, first) == ["new", "withdrawn", change]


def test_an_old_dump_brings_nothing_back(lake: Path, tmp_path: Path) -> None:
    remove(lake, dict.fromkeys(ids(lake), "HTTP 404"))
    harness.plain_ingest([str(tmp_path / "a.txt")], str(lake))
    assert list(ledger.withdrawn(Lake(lake))) == sorted(ids(lake))
    assert ledger.read(Lake(lake), "versions")["change"].to_pylist() == ["new"] * 2 + ["withdrawn"] * 2
