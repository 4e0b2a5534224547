"""The one place where a column of the tables is named, typed and described.

The writer casts to these schemas, the suites in `expectations/` are tested against them, and the docs are printed from
them. A column that is not nullable here is never null in a file. `year` and the partition `source` stand in the path
only; `source_id` and `event_date` are their counterparts inside the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pyarrow as pa

from storage.columns import BYTE_END, BYTE_START, DOCUMENT_ID, EVENT_DATE, LANGUAGE, RUN_ID, SOURCE_ID
from storage.columns import STRINGS as _STRINGS
from storage.columns import UTC as _UTC
from storage.columns import column as _column
from storage.columns import schema_of as _schema
from storage.ledger_schemas import LEDGER
from storage.people_schemas import APPEARANCES, SPEAKERS

_SPAN = (BYTE_START, BYTE_END, RUN_ID)

DOCUMENTS = _schema(
    "documents",
    "One row a document: a transcript, news item or page.",
    _column(
        "document_id", pa.string(), "stable identity: hash of source, language, publication time or date, and title"
    ),
    SOURCE_ID,
    LANGUAGE,
    _column("title", pa.string(), "title as printed"),
    _column("summary", pa.string(), "summary printed under the title", null=True),
    _column("kind", pa.string(), "`transcript` where somebody speaks; else `announcement`, `document` or `news`"),
    EVENT_DATE,
    _column("event_time", pa.time32("s"), "clock time printed under the date, local to the source", null=True),
    _column("place", pa.string(), "place printed under the date", null=True),
    _column("sections", _STRINGS, "sections of the site that the document was published in, in printed order"),
    _column("published_at", _UTC, "publication time, read in the source's own time zone", null=True),
    _column("url", pa.string(), "address of the document at its publisher", null=True),
    _column(
        "event_id",
        pa.string(),
        "source and the number in the address of the page: the same for an event in all editions of its source",
        null=True,
    ),
    _column("turn_count", pa.int32(), "turns in the document"),
    _column("speaker_count", pa.int32(), "distinct speakers in the document"),
    _column("paragraph_count", pa.int32(), "rows of `paragraphs` in the document"),
    _column("word_count", pa.int32(), "words in its paragraphs, counted between white space"),
    _column("is_excerpt", pa.bool_(), "an elision such as `<…>` stands in the text"),
    _column("recognised_share", pa.float64(), "recognised bytes over all bytes, white space aside; 0 to 1"),
    _column("dump_sha256", pa.string(), "SHA-256 of the dump that the document came in; name of its object in `_raw`"),
    _column("rendition_sha256", pa.string(), "SHA-256 of the UTF-8 text that the spans address; an object in `_raw`"),
    _column("content_sha256", pa.string(), "SHA-256 of what the document says, page furniture left out"),
    *_SPAN[:2],
    _column("parser", pa.string(), "parser and its version, `kremlin-text/1`"),
    _column(
        "inferred",
        _STRINGS,
        "columns that the document does not tell itself, and where each was found: `event_date: file name`",
    ),
    RUN_ID,
    _column("ingested_at", _UTC, "start of the run that wrote the row"),
)

TURNS = _schema(
    "turns",
    "One row a turn: what one speaker says until another speaks.",
    _column("turn_id", pa.string(), "document id and turn index, `<document_id>-t0003`"),
    DOCUMENT_ID,
    _column("turn_index", pa.int32(), "position in the document, from 0"),
    _column("speaker_label", pa.string(), "label as printed, without the colon", null=True),
    _column("speaker_name", pa.string(), "name without the role, as printed", null=True),
    _column(
        "speaker_role",
        pa.string(),
        "role printed in this label or, for a bare name, earlier in the document",
        null=True,
    ),
    _column("speaker_kind", pa.string(), "`person`, `generic` (Question, Remark …) or `unknown`"),
    _column("speaker_id", pa.string(), "the person, the same in the whole lake; null where none is proven", null=True),
    _column(
        "speaker_id_evidence",
        pa.string(),
        "what proves it: the full name `printed`, a `tag` or other `label` of the document, an `alias`; or `tag+alias`",
        null=True,
    ),
    _column("text", pa.string(), "the spoken paragraphs, joined by a blank line"),
    _column("paragraph_count", pa.int32(), "spoken paragraphs in the turn"),
    _column("word_count", pa.int32(), "words of the text, counted between white space"),
    SOURCE_ID,
    LANGUAGE,
    EVENT_DATE,
    *_SPAN,
)

PARAGRAPHS = _schema(
    "paragraphs",
    "One row a paragraph of running text.",
    _column("paragraph_id", pa.string(), "document id and paragraph index, `<document_id>-p0012`"),
    DOCUMENT_ID,
    _column("paragraph_index", pa.int32(), "position in the document, from 0"),
    _column("turn_id", pa.string(), "the turn that speaks it; null outside speech", null=True),
    _column("turn_index", pa.int32(), "index of that turn; null outside speech", null=True),
    _column("kind", pa.string(), "`speech`, `lead`, `heading`, `note`, `quote` or `elision`"),
    _column("text", pa.string(), "text of the span with white space folded"),
    _column("start_ms", pa.int64(), "milliseconds into the recording at which it begins, in captions", null=True),
    _column("end_ms", pa.int64(), "milliseconds into the recording at which it ends, in captions", null=True),
    SOURCE_ID,
    LANGUAGE,
    EVENT_DATE,
    *_SPAN,
)

TAGS = _schema(
    "tags",
    "One row a tag of a document.",
    DOCUMENT_ID,
    _column("tag_index", pa.int32(), "position in the document, from 0"),
    _column("facet", pa.string(), "`geography`, `topic`, `person` …"),
    _column("value", pa.string(), "the tag as printed"),
    SOURCE_ID,
    EVENT_DATE,
    *_SPAN,
)

LINKS = _schema(
    "links",
    "One row a link that the document prints to another page or file.",
    DOCUMENT_ID,
    _column("link_index", pa.int32(), "position in the document, from 0"),
    _column("relation", pa.string(), "`see_also`, `additional` …"),
    _column("title", pa.string(), "title of what is linked"),
    _column("date_label", pa.string(), "date, date range or file note as printed under it", null=True),
    _column("date", pa.date32(), "the (first) date that the label gives", null=True),
    _column("url", pa.string(), "address, where the dump tells it", null=True),
    SOURCE_ID,
    EVENT_DATE,
    *_SPAN,
)

PHOTOS = _schema(
    "photos",
    "One row a photo or slider shown in the document; captions only, never pictures.",
    DOCUMENT_ID,
    _column("photo_index", pa.int32(), "position in the document, from 0"),
    _column("caption", pa.string(), "caption without the credit", null=True),
    _column("credit", pa.string(), "photographer and agency, without `Photo:`", null=True),
    _column("album_size", pa.int32(), "photos in the slider that the caption stands for", null=True),
    SOURCE_ID,
    EVENT_DATE,
    *_SPAN,
)

# The tables of the lake in the order in which a partition is published: `documents` becomes visible last.
TABLES: Mapping[str, pa.Schema] = {
    "turns": TURNS,
    "paragraphs": PARAGRAPHS,
    "tags": TAGS,
    "links": LINKS,
    "photos": PHOTOS,
    "documents": DOCUMENTS,
}

# Rows of a partition are sorted by these. Turns stand by speaker, since that is how they are asked for: those of one
# are a stretch of the file. Of the other tables the rows of a document stand together, documents by date.
SORT_KEYS: Mapping[str, tuple[str, ...]] = {
    "documents": ("event_date", "document_id"),
    "turns": ("speaker_id", "event_date", "document_id", "turn_index"),
    "paragraphs": ("event_date", "document_id", "paragraph_index"),
    "tags": ("event_date", "document_id", "tag_index"),
    "links": ("event_date", "document_id", "link_index"),
    "photos": ("event_date", "document_id", "photo_index"),
}

BLOCKS = _schema(
    "blocks",
    "One row a block: the typed spans that tile each document, with the row that each became part of.",
    DOCUMENT_ID,
    _column("rendition_sha256", pa.string(), "the rendition that the span addresses"),
    _column("block_index", pa.int32(), "position in the document, from 0"),
    _column("kind", pa.string(), "kind of block, `speaker_label`, `speech`, `caption` …"),
    BYTE_START,
    BYTE_END,
    _column("table", pa.string(), "table of the row that the block is part of", null=True),
    _column(
        "row_id", pa.string(), "that row: its id, or `<document_id>-g0002`, -l, -o for tags, links, photos", null=True
    ),
)

# Tables of one file each, folded from all partitions.
FOLDED: Mapping[str, pa.Schema] = {"speakers": SPEAKERS}
PUBLISHED: Mapping[str, pa.Schema] = {**TABLES, **FOLDED}

LINEAGE: Mapping[str, pa.Schema] = {
    "blocks": BLOCKS,
    "appearances": APPEARANCES,
    **LEDGER,
}


def describe(schema: pa.Schema) -> list[dict[str, str | bool]]:
    """Columns of a schema as plain records: name, type, nullable, description."""
    return [
        {
            "name": field.name,
            "type": str(field.type),
            "nullable": field.nullable,
            "description": field.metadata[b"description"].decode(),
        }
        for field in schema
    ]


def as_json() -> str:
    """All schemas as one JSON document, for the docs and for consumers without Parquet at hand."""
    every = {**PUBLISHED, **{f"_lineage/{name}": schema for name, schema in LINEAGE.items()}}
    return json.dumps({name: describe(schema) for name, schema in every.items()}, indent=2)
