"""How a column and a schema are written down, and the columns that many tables have."""

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


# Columns that many tables have.
DOCUMENT_ID = column("document_id", pa.string(), "the document that the row belongs to; key of `documents`")
SOURCE_ID = column("source_id", pa.string(), "slug of the publisher; equals the partition key `source`")
LANGUAGE = column("language", pa.string(), "language of the text, BCP 47")
EVENT_DATE = column("event_date", pa.date32(), "date of the event; its year is the partition key `year`")
BYTE_START = column("byte_start", pa.int64(), "first byte of the span in the rendition")
BYTE_END = column("byte_end", pa.int64(), "byte after the last of the span in the rendition")
RUN_ID = column("run_id", pa.string(), "Prefect flow run that wrote the row; key of `_lineage/runs`")
