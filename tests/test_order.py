"""A partition is merged by units: as a sort row by row would do it, whatever the order was before."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from storage import merge as merging
from storage.lake import PARTITIONED, SORT_KEYS
from storage.merge import Strand, merge, strand_of
from storage.parquet import read_strand, write_table
from tests.expectations import builder

NUMBERED = [name for name in PARTITIONED if name != "blocks"]


def sorted_plainly(rows: pa.Table, table: str) -> pa.Table:
    return rows.sort_by([(key, "ascending") for key in SORT_KEYS[table]]).combine_chunks()


def merged(strands: Sequence[Strand], table: str) -> list[pa.Table]:
    made = merge(strands, PARTITIONED[table], SORT_KEYS[table])
    groups = list(made.groups())
    assert made.rows == sum(group.num_rows for group in groups)
    assert all(group.equals(again) for group, again in zip(groups, made.groups(), strict=True))
    assert {column.num_chunks for group in groups for column in group.columns} <= {0, 1}
    return groups


def by_document(rows: pa.Table) -> list[pa.Table]:
    return [rows.filter(pc.equal(rows["document_id"], one)) for one in rows["document_id"].unique().to_pylist()]


@pytest.mark.parametrize("table", NUMBERED)
@pytest.mark.parametrize("seed", range(5))
def test_documents_in_any_order_in_any_strand(table: str, seed: int) -> None:
    rows = builder.tables(12)[table]
    documents = by_document(rows)
    random.Random(seed).shuffle(documents)
    parts = [documents[: 3 * seed], documents[3 * seed :]]
    strands = [strand_of(pa.concat_tables([rows.slice(0, 0), *part]), SORT_KEYS[table]) for part in parts]
    (group,) = merged(strands, table)
    assert group.equals(sorted_plainly(rows, table))


@pytest.mark.parametrize("table", ["paragraphs", "turns"])
@pytest.mark.parametrize("seed", range(5))
def test_rows_in_any_order(table: str, seed: int) -> None:
    rows = builder.tables(12)[table]
    at = list(range(rows.num_rows))
    random.Random(seed).shuffle(at)
    (group,) = merged([strand_of(rows.take(pa.array(at)), SORT_KEYS[table])], table)
    assert group.equals(sorted_plainly(rows, table))


def test_turns_stand_by_speaker_and_those_of_nobody_behind() -> None:
    rows = builder.tables(12)["turns"]
    persons = ["ada-brook", None, "bo-lind"]
    named = [persons[at % 3] for at in range(rows.num_rows)]
    at = rows.schema.get_field_index("speaker_id")
    rows = rows.set_column(at, rows.schema.field(at), pa.array(named, pa.string()))
    parts = [rows.slice(0, 7), rows.slice(7)]
    keys = SORT_KEYS["turns"]
    (group,) = merged([strand_of(part, keys) for part in parts], "turns")
    assert group.equals(sorted_plainly(rows, "turns"))
    third = rows.num_rows // 3
    assert group["speaker_id"].to_pylist() == ["ada-brook"] * third + ["bo-lind"] * third + [None] * third


def test_one_document_in_two_places() -> None:
    rows = builder.tables(3)["paragraphs"]
    half = rows.num_rows // 6
    parted = pa.concat_tables([rows.slice(half), rows.slice(0, half)])
    (group,) = merged([strand_of(parted, SORT_KEYS["paragraphs"])], "paragraphs")
    assert group.equals(sorted_plainly(rows, "paragraphs"))


def test_nothing_is_in_order() -> None:
    for table, schema in PARTITIONED.items():
        (group,) = merged([strand_of(schema.empty_table(), SORT_KEYS[table])], table)
        assert group.equals(schema.empty_table())


def test_documents_that_are_left_out() -> None:
    rows = builder.tables(6)["paragraphs"]
    first, second, *rest = by_document(rows)
    strand = strand_of(rows, SORT_KEYS["paragraphs"]).without(first["document_id"].unique())
    (group,) = merged([strand.without(rest[0]["document_id"].unique())], "paragraphs")
    assert group.equals(sorted_plainly(pa.concat_tables([second, *rest[1:]]), "paragraphs"))


def test_row_groups_are_of_whole_documents(monkeypatch: pytest.MonkeyPatch) -> None:
    """But for a document that alone would fill more than two."""
    rows = builder.tables(12)["paragraphs"]
    each = rows.num_rows // 12
    monkeypatch.setattr(merging, "ROW_GROUP_ROWS", 2 * each + 1)
    groups = merged([strand_of(rows, SORT_KEYS["paragraphs"])], "paragraphs")
    assert [group.num_rows for group in groups] == [3 * each] * 4
    monkeypatch.setattr(merging, "ROW_GROUP_ROWS", each // 2 - 1)
    groups = merged([strand_of(rows, SORT_KEYS["paragraphs"])], "paragraphs")
    assert [group.num_rows for group in groups] == [each // 2 - 1] * (rows.num_rows // (each // 2 - 1))
    assert pa.concat_tables(groups).combine_chunks().equals(sorted_plainly(rows, "paragraphs"))


def test_row_groups_of_texts_span_so_many_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = builder.tables(12)
    monkeypatch.setattr(merging, "ROW_GROUP_BYTES", 1)
    monkeypatch.setattr(merging, "SOUGHT_GROUP_BYTES", 1)
    counts = {table: len(merged([strand_of(tables[table], SORT_KEYS[table])], table)) for table in NUMBERED}
    assert counts == dict.fromkeys(NUMBERED, 1) | {"turns": tables["turns"].num_rows, "paragraphs": 12}


@pytest.mark.parametrize("table", ["paragraphs", "turns"])
@pytest.mark.parametrize("size", [1, 7, 100])
def test_a_strand_of_a_file_is_its_rows(tmp_path: Path, size: int, table: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever its row groups are, and those that are wanted."""
    monkeypatch.setattr("storage.parquet.ROW_GROUP_ROWS", size)
    rows = sorted_plainly(builder.tables(5)[table], table)
    write_table(tmp_path / "x.parquet", rows, SORT_KEYS[table])
    strand = read_strand(tmp_path / "x.parquet", PARTITIONED[table], SORT_KEYS[table])
    assert strand.units.equals(strand_of(rows, SORT_KEYS[table]).units)
    random.seed(size)
    for _ in range(50):
        start, stop = sorted(random.sample(range(rows.num_rows + 1), 2))
        assert strand.read(start, stop).combine_chunks().equals(rows.slice(start, stop - start).combine_chunks())
    assert np.array_equal(merged([strand], table)[0]["text"], rows["text"])


@pytest.mark.parametrize("table", ["paragraphs", "turns"])
def test_a_file_whose_rows_are_in_no_order(tmp_path: Path, table: str) -> None:
    """As those of turns are in a lake that was written when they stood by document."""
    rows = builder.tables(5)[table]
    mixed = rows.take(pa.array(random.Random(1).sample(range(rows.num_rows), rows.num_rows)))
    write_table(tmp_path / "x.parquet", mixed, SORT_KEYS[table])
    strand = read_strand(tmp_path / "x.parquet", PARTITIONED[table], SORT_KEYS[table])
    assert merged([strand], table)[0].equals(sorted_plainly(rows, table))
