"""How a column and a schema are written down."""

from __future__ import annotations

import pyarrow as pa

SCHEMA_VERSION = 1

UTC = pa.timestamp("us", tz="UTC")
STRINGS = pa.list_(pa.field("element", pa.string(), nullable=False))


def column(name: str, kind: pa.DataType, description: str, *, null: bool = False) -> pa.Field:
    """A column with its description; never null unless it says so."""
    return pa.field(name, kind, nullable=null, metadata={"description": description})


def schema_of(table: str, description: str, *columns: pa.Field) -> pa.Schema:
    """A table's schema, which carries the table's name, description and version."""
    return pa.schema(columns, metadata={"table": table, "description": description, "version": str(SCHEMA_VERSION)})
