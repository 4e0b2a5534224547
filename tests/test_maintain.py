"""The tables derived anew from the raw store, and what nothing reaches any more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
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


LOST = {
    "turns": ("turns",),
    "documents": ("documents",),
    "blocks": ("_lineage/blocks",),
    "all but blocks": ("documents", "turns", "paragraphs", "tags", "links", "photos"),
    "all": ("documents", "turns", "paragraphs", "tags", "links", "photos", "_lineage/blocks"),
}


@pytest.mark.parametrize("lost", LOST)
def test_what_the_tables_lost_is_made_anew(stenolake: Command, lake: Path, lost: str) -> None:
    before = {table: _rows_of(lake, table) for table in TABLES}
    for folder in LOST[lost]:
        (file,) = (lake / folder).rglob("*.parquet")
        file.unlink()
    found = stenolake("verify", "--lake", lake, "--json")
    assert found.code == 6
    assert [one for one in found.json["damage"] if "run `stenolake reprocess`" not in one["advice"]] == []
    assert stenolake("reprocess", "--lake", lake).code == 0
    assert stenolake("verify", "--lake", lake).code == 0
    assert {table: _rows_of(lake, table) for table in TABLES} == before


def test_a_file_that_cannot_be_read_is_made_anew(stenolake: Command, lake: Path) -> None:
    before = {table: _rows_of(lake, table) for table in TABLES}
    (file,) = (lake / "turns").rglob("*.parquet")
    file.write_bytes(file.read_bytes()[:-20])
    advice = "delete it and run `stenolake reprocess`, which makes it anew out of the raw store"
    found = stenolake("verify", "--lake", lake, "--json").json["damage"]
    assert {one["advice"] for one in found if one["where"].startswith("turns")} == {advice}
    said = stenolake("reprocess", "--lake", lake, "--json")
    assert (said.code, said.json["advice"]) == (6, advice)
    file.unlink()
    assert stenolake("reprocess", "--lake", lake).code == 0
    assert stenolake("verify", "--lake", lake).code == 0
    assert {table: _rows_of(lake, table) for table in TABLES} == before


@pytest.mark.parametrize("lost", ["documents", "all but blocks"])
@pytest.mark.parametrize("words", ["Good day, friends.", "Good day, all of you."])
def test_ingest_leaves_nothing_twice_where_tables_were_lost(
    stenolake: Command, tmp_path: Path, lost: str, words: str
) -> None:
    lake = tmp_path / "lake"
    assert stenolake("ingest", write(tmp_path, "a.txt", page(1) + page(2)), "--lake", lake).code == 0
    for folder in LOST[lost]:
        for file in (lake / folder).rglob("*.parquet"):
            file.unlink()
    again = write(tmp_path, "b.txt", page(1, words=words) + page(2))
    assert stenolake("ingest", again, "--lake", lake).code == 0
    assert stenolake("verify", "--lake", lake).code == 0
    blocks = ds.dataset(lake / "_lineage" / "blocks").to_table()
    keys = [(row["document_id"], row["block_index"]) for row in blocks.to_pylist()]
    assert len(keys) == len(set(keys))


def test_blocks_of_another_rendition_are_found(stenolake: Command, tmp_path: Path) -> None:
    lake, other = tmp_path / "lake", tmp_path / "other"
    assert stenolake("ingest", write(tmp_path, "a.txt", page(1)), "--lake", lake).code == 0
    assert stenolake("ingest", write(tmp_path, "b.txt", page(1, words="Good day to you.")), "--lake", other).code == 0
    (file,), (foreign,) = ((place / "_lineage" / "blocks").glob("*.parquet") for place in (lake, other))
    both = [pq.read_table(one) for one in (file, foreign)]
    pq.write_table(pa.concat_tables(both).sort_by([("document_id", "ascending"), ("block_index", "ascending")]), file)
    said = [str(one.problem) for one in prove(Lake(lake))[0]]
    assert f"{len(both[1])} of its blocks are of another rendition than its own" in said


@pytest.mark.parametrize("kept", ["nothing", "inputs"])
def test_gc_deletes_nothing_where_the_ledger_was_lost(stenolake: Command, lake: Path, kept: str) -> None:
    for file in (lake / "_lineage").rglob("*.parquet"):
        if file.parent.name not in ("blocks", "appearances", kept):
            file.unlink()
    before = fingerprint(lake, *TABLES, "_raw")
    for more in ([], ["--delete"]):
        said = stenolake("gc", "--lake", lake, "--json", *more)
        assert (said.code, "so nothing is deleted" in said.json["error"]) == (6, True)
    assert fingerprint(lake, *TABLES, "_raw") == before


def _rows_of(lake: Path, table: str) -> list[dict[str, Any]]:
    return [
        {name: value for name, value in row.items() if name not in ("run_id", "ingested_at")}
        for row in pq.read_table(lake / table).to_pylist()
    ]


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
