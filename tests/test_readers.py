"""A consumer's view: pandas, PyArrow, Polars and DuckDB read each table's folder and agree."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pytest

from benchmarks.readers import watch
from storage.schemas import SORT_KEYS, TABLES
from tests.harness import READERS

Keys = list[tuple[object, ...]]


def columns_of(table: str) -> list[str]:
    return ["source", "year", *(name for name in SORT_KEYS[table] if name not in ("event_date", "speaker_id"))]


def read_pandas(folder: Path, columns: list[str]) -> Keys:
    frame = pd.read_parquet(folder)[columns].astype({"source": str, "year": int})
    return list(frame.itertuples(index=False, name=None))


def read_pyarrow(folder: Path, columns: list[str]) -> Keys:
    rows = ds.dataset(folder, partitioning="hive").to_table(columns)
    return [tuple(row.values()) for row in rows.to_pylist()]


def read_polars(folder: Path, columns: list[str]) -> Keys:
    return pl.scan_parquet(folder, hive_partitioning=True).select(columns).collect().rows()


def read_duckdb(folder: Path, columns: list[str]) -> Keys:
    names = ", ".join(columns)
    return duckdb.sql(f"select {names} from read_parquet('{folder}/**/*.parquet', hive_partitioning=true)").fetchall()


@pytest.mark.parametrize("table", TABLES)
def test_four_readers_agree(sample_lake: Path, table: str) -> None:
    folder, columns = sample_lake / table, columns_of(table)
    answers = {
        read.__name__: sorted(read(folder, columns), key=repr)
        for read in (read_pandas, read_pyarrow, read_polars, read_duckdb)
    }
    first = answers["read_pyarrow"]
    assert first
    assert len(set(first)) == len(first)
    for name, keys in answers.items():
        assert keys == first, name


def test_nothing_but_parquet_below_a_table(sample_lake: Path) -> None:
    for table in TABLES:
        strange = [path for path in (sample_lake / table).rglob("*") if path.is_file() and path.suffix != ".parquet"]
        assert not strange


def test_readers_meet_no_half_of_a_rewrite(tmp_path: Path) -> None:
    _, found = watch(tmp_path, 2, moves=False)
    assert {name: counts["wrong"] for name, counts in found.items()} == dict.fromkeys(READERS, 0)
    assert all(counts["reads"] for counts in found.values())
