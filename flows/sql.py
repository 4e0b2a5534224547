"""`stenolake sql`: DuckDB over the tables of a lake."""

from __future__ import annotations

import contextlib
import datetime as dt
import decimal
import glob
import io
import math
import re
from collections.abc import Mapping
from pathlib import Path

import duckdb
import pyarrow as pa

from flows.shown import tell, tell_json
from storage.errors import UsageError
from storage.files import list_files
from storage.lake import Lake
from storage.ledger_schemas import QUARANTINE, VERDICTS
from storage.schemas import FOLDED, LINEAGE, TABLES

# view -> pattern of its files, schema; `source` and `year` of the tables come from the path
_VIEWS: Mapping[str, tuple[str, pa.Schema]] = {
    **{table: (f"{table}/*/*/*.parquet", schema) for table, schema in TABLES.items()},
    **{table: (f"{table}/*.parquet", schema) for table, schema in FOLDED.items()},
    **{name: (f"_lineage/{name}/*.parquet", schema) for name, schema in LINEAGE.items()},
    "quarantine": ("_quarantine/*.parquet", QUARANTINE),
    "verdicts": ("_quality/*.parquet", VERDICTS),
}
# documents whose last version says that their source removed them
_WITHDRAWN = """create view withdrawn as
select document_id, seen_at as withdrawn_at, run_id from versions
qualify row_number() over (partition by document_id order by seen_at desc) = 1 and change = 'withdrawn'"""
SHOWN_ROWS = 1000


def connect(lake: Lake, query: str = "") -> duckdb.DuckDBPyConnection:
    """A connection with a view for each table that a query names, or for all; one that has no file yet is empty.

    DuckDB opens every file of a view at once, and a schedule leaves thousands in the ledger.
    """
    words = set(re.findall(r"\w+", query.lower()))
    named = (words & {*_VIEWS, "withdrawn"}) or {*_VIEWS, "withdrawn"}
    if "withdrawn" in named:
        named.add("versions")
    connection = duckdb.connect()
    for view, (pattern, schema) in _VIEWS.items():
        if view not in named:
            continue
        place = pattern.partition("/*")[0]
        if not any(Path(place, name).match(pattern) for name in list_files(lake.root / place)):
            connection.register(view, schema.empty_table())
            continue
        files = f"{glob.escape(str(lake.root))}/{pattern}".replace("'", "''")
        # a source may be called 2023, and is a word all the same
        types = "hive_types={'source': varchar, 'year': int}" if view in TABLES else "hive_partitioning=false"
        options = f"{types}, union_by_name=true"
        connection.sql(f"create view {view} as select * from read_parquet('{files}', {options})")
    if "withdrawn" in named:
        connection.sql(_WITHDRAWN)
    return connection


def run_sql(query: str, lake: Path, *, as_json: bool) -> int:
    """Run one query and print its rows.

    Raises:
        UsageError: DuckDB does not take the query.
    """
    opened = Lake.open(lake)
    try:
        connection = connect(opened, query)
        answer: duckdb.DuckDBPyRelation | None = connection.sql(query)  # None of a statement without rows
        if as_json:
            columns, rows = ([], []) if answer is None else (answer.columns, answer.fetchall())
            tell_json({"columns": columns, "rows": [[_finite(value) for value in row] for row in rows]}, default=_plain)
        elif answer is not None:
            tell(_draw(answer))
    except duckdb.Error as error:
        raise UsageError(f"the query fails: {error}", "the tables: " + ", ".join([*_VIEWS, "withdrawn"])) from error
    return 0


def _draw(answer: duckdb.DuckDBPyRelation) -> str:
    """The box that DuckDB draws, which it only ever prints."""
    with contextlib.redirect_stdout(io.StringIO()) as drawn:
        answer.show(max_rows=SHOWN_ROWS, max_width=160)
    return drawn.getvalue().rstrip("\n")


def _finite(value: object) -> object:
    """JSON has no word for what is no number: it comes as a string, `nan` or `inf`."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _plain(value: object) -> object:
    if isinstance(value, dt.date | dt.time | dt.datetime):
        return value.isoformat()
    return float(value) if isinstance(value, decimal.Decimal) else str(value)
