"""The tables derived anew from the raw store, and what nothing reaches any more."""

from __future__ import annotations

from pathlib import Path

import pyarrow.dataset as ds
import pytest

from flows.verify import prove
from storage import ledger
from storage.lake import Lake
from tasks import formats
from tests.support import ROOT, Command, fingerprint, page, write

TABLES = ("documents", "turns", "paragraphs", "tags", "links", "photos")


@pytest.fixture
def lake(stenolake: Command, tmp_path: Path) -> Path:
    """Three pages, one of them corrected by a second dump."""
    stenolake("ingest", write(tmp_path, "a.txt", page(1) + page(2)), "--lake", tmp_path / "lake")
    dump = page(2, words="Good evening.") + page(3)
    stenolake("ingest", write(tmp_path, "b.txt", dump), "--lake", tmp_path / "lake")
    return tmp_path / "lake"


def test_reprocess_with_the_same_parser_rewrites_nothing(stenolake: Command, lake: Path) -> None:
    before = fingerprint(lake, *TABLES)
    said = stenolake("reprocess", "--lake", lake, "--json")
    assert said.code == 0, said.err
    assert said.json["documents"] == {"read": 4, "published": 0, "unchanged": 4, "quarantined": 0}
    assert not any(said.json["changed"].values())
    assert fingerprint(lake, *TABLES) == before
    assert ledger.read(Lake(lake), "versions").num_rows == 4


def test_reprocess_tells_what_a_new_parser_changes(
    stenolake: Command, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(formats.FORMATS["kremlin-text"], "VERSION", 99)
    said = stenolake("reprocess", "--lake", lake, "--json")
    assert said.json["documents"]["published"] == 3
    assert {table: len(ids) for table, ids in said.json["changed"].items() if ids} == {"documents": 3}
    rows = ds.dataset(lake / "documents").to_table()
    assert set(rows["parser"].to_pylist()) == {"kremlin-text/99"}
    texts = ds.dataset(lake / "turns").to_table()["text"].to_pylist()
    assert "Good evening.\n\nThank you." in texts
    assert len(texts) == 3
    assert ledger.read(Lake(lake), "versions").num_rows == 4  # the source corrected nothing
    assert prove(Lake(lake))[0] == []
    assert "nothing" in stenolake("reprocess", "--lake", lake).out


def test_reprocess_restores_tables_that_were_deleted(stenolake: Command, lake: Path) -> None:
    before = fingerprint(lake, *TABLES)
    for path in (*lake.glob("*/source=*/year=*/part-0.parquet"), *lake.glob("_lineage/blocks/*.parquet")):
        path.unlink()
    assert stenolake("verify", "--lake", lake).code == 6
    said = stenolake("reprocess", "--lake", lake, "--json")
    assert said.json["documents"]["published"] == 3
    assert set(fingerprint(lake, *TABLES)) == set(before)
    assert stenolake("verify", "--lake", lake).code == 0


def test_reprocess_needs_a_lake(stenolake: Command, tmp_path: Path) -> None:
    assert stenolake("reprocess", "--lake", tmp_path / "nowhere").code == 10


def test_gc_lists_and_deletes_what_nothing_reaches(stenolake: Command, lake: Path, tmp_path: Path) -> None:
    assert stenolake("gc", "--lake", lake, "--json").json["files"] == []
    sha256, _ = Lake(lake).raw.add_file(write(tmp_path, "stray", b"nobody knows me"))
    foreign = write(lake / "turns", "notes.parquet", b"not of a run")
    name = f"_raw/{sha256[:2]}/{sha256}.zst"
    said = stenolake("gc", "--lake", lake, "--json")
    assert [item["path"] for item in said.json["files"]] == [name, "turns/notes.parquet"]
    assert foreign.exists()
    said = stenolake("gc", "--delete", "--lake", lake)
    assert said.code == 0
    assert "2 files" in said.out
    assert not foreign.exists()
    assert not (lake / name).exists()
    assert stenolake("verify", "--lake", lake).code == 0


def test_a_parser_that_loses_documents_is_refused(
    stenolake: Command, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, format_ = fingerprint(lake, *TABLES), formats.FORMATS["kremlin-text"]
    split = format_.split
    monkeypatch.setattr(format_, "split", lambda text: list(split(text))[:1])  # the first of each dump
    said = stenolake("reprocess", "--lake", lake, "--json")
    assert said.code == 4
    assert "1 of 3 documents and 1 of 3 turns would be lost" in said.json["error"]
    assert "--accept-loss" in said.json["advice"]
    assert fingerprint(lake, *TABLES) == before
    said = stenolake("reprocess", "--lake", lake, "--json", "--accept-loss", "they were none")
    assert said.code == 0, said.err
    assert said.json["lost"] == {"documents": 1, "turns": 1}
    assert len(said.json["changed"]["removed"]) == 1
    assert prove(Lake(lake))[0] == []


def test_markup_is_derived_by_the_present_derivation(
    stenolake: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, page_ = tmp_path / "lake", next((ROOT / "tests").glob("**/*.html"))
    assert stenolake("ingest", page_, "--lake", lake).code == 0
    (before,) = ledger.read(Lake(lake), "inputs").to_pylist()
    format_ = formats.FORMATS["kremlin-html"]
    derive = formats.derivation_of(format_)
    monkeypatch.setattr(format_, "derive", lambda markup: derive(markup) + "\n")
    assert stenolake("reprocess", "--lake", lake, "--json").json["documents"]["published"] == 0  # of the same version
    monkeypatch.setattr(format_, "VERSION", 99)
    said = stenolake("reprocess", "--lake", lake, "--json")
    assert said.json["documents"]["published"] == 1, said
    after = ledger.read(Lake(lake), "inputs").to_pylist()[-1]
    assert after["dump_sha256"] == before["dump_sha256"]
    assert after["rendition_sha256"] != before["rendition_sha256"]
    (rendition,) = set(ds.dataset(lake / "documents").to_table()["rendition_sha256"].to_pylist())
    assert rendition == after["rendition_sha256"]
    assert prove(Lake(lake))[0] == []
    assert stenolake("reprocess", "--lake", lake, "--json").json["documents"]["published"] == 0
    assert stenolake("gc", "--lake", lake, "--json").json["files"] == []
