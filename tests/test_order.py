"""Partitions are put in order by documents: as a sort row by row would do it, whatever the order was before."""

from __future__ import annotations

import random

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from storage.lake import PARTITIONED, SORT_KEYS
from storage.order import sort_rows
from tests.expectations import builder


def sorted_plainly(rows: pa.Table, table: str) -> pa.Table:
    return rows.sort_by([(key, "ascending") for key in SORT_KEYS[table]]).combine_chunks()


@pytest.mark.parametrize("table", [name for name in PARTITIONED if name != "blocks"])
@pytest.mark.parametrize("seed", range(5))
def test_documents_in_any_order(table: str, seed: int) -> None:
    rows = builder.tables(12)[table]
    ids = rows["document_id"].unique().to_pylist()
    random.Random(seed).shuffle(ids)
    parts = [rows.filter(pc.equal(rows["document_id"], document)) for document in ids]
    mixed = pa.concat_tables(parts)
    assert sort_rows(mixed, SORT_KEYS[table]).equals(sorted_plainly(rows, table))


@pytest.mark.parametrize("seed", range(5))
def test_rows_in_any_order(seed: int) -> None:
    rows = builder.tables(12)["paragraphs"]
    at = list(range(rows.num_rows))
    random.Random(seed).shuffle(at)
    assert sort_rows(rows.take(pa.array(at)), SORT_KEYS["paragraphs"]).equals(sorted_plainly(rows, "paragraphs"))


def test_one_document_in_two_places() -> None:
    rows = builder.tables(3)["paragraphs"]
    half = rows.num_rows // 6
    parted = pa.concat_tables([rows.slice(half), rows.slice(0, half)])
    assert sort_rows(parted, SORT_KEYS["paragraphs"]).equals(sorted_plainly(rows, "paragraphs"))


def test_nothing_is_in_order() -> None:
    for table, schema in PARTITIONED.items():
        assert sort_rows(schema.empty_table(), SORT_KEYS[table]).num_rows == 0
