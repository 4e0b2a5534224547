"""`stenolake sql`: DuckDB over the tables of a lake."""

from __future__ import annotations

import datetime as dt
import decimal
import json
from pathlib import Path

import duckdb

from storage.errors import UsageError
from storage.lake import Lake
from storage.schemas import TABLES

# view -> pattern of its files; `source` and `year` come from the path
_VIEWS = {
    **{table: f"{table}/*/*/*.parquet" for table in TABLES},
    **{name: f"_lineage/{name}/*.parquet" for name in ("blocks", "runs", "inputs", "outputs", "versions")},
    "quarantine": "_quarantine/*.parquet",
    "verdicts": "_quality/*.parquet",
}
SHOWN_ROWS = 1000


def connect(lake: Lake) -> duckdb.DuckDBPyConnection:
    """A connection with a view for each table that the lake has."""
    connection = duckdb.connect()
    for view, pattern in _VIEWS.items():
        if next(lake.root.glob(pattern), None) is not None:
            files = str(lake.root / pattern).replace("'", "''")
            hive = "true" if view in TABLES else "false"
            connection.sql(
                f"create view {view} as select * from read_parquet('{files}', hive_partitioning={hive}, union_by_name=true)"
            )
    return connection


def run_sql(query: str, lake: Path, *, as_json: bool) -> int:
    """Run one query and print its rows.

    Raises:
        UsageError: DuckDB does not take the query.
    """
    connection = connect(Lake.open(lake))
    try:
        answer = connection.sql(query)
        if answer is None:
            rows, columns = [], []
        else:
            columns, rows = answer.columns, answer.fetchall() if as_json else []
    except duckdb.Error as error:
        raise UsageError(f"the query fails: {error}", "the tables: " + ", ".join(_VIEWS)) from error
    if as_json:
        print(json.dumps({"columns": columns, "rows": rows}, ensure_ascii=False, default=_plain))
    elif answer is not None:
        answer.show(max_rows=SHOWN_ROWS, max_width=160)
    return 0


def _plain(value: object) -> object:
    if isinstance(value, dt.date | dt.time | dt.datetime):
        return value.isoformat()
    return float(value) if isinstance(value, decimal.Decimal) else str(value)
