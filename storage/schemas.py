"""The one place where a column is named, typed and described.

The writer casts to these schemas, the suites in `expectations/` are tested against them, and the docs are printed from
them. A column that is not nullable here is never null in a file. `year` and the partition `source` stand in the path
only; `source_id` and `event_date` are their counterparts inside the file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pyarrow as pa

from storage.columns import STRINGS as _STRINGS
from storage.columns import UTC as _UTC
from storage.columns import column as _column
from storage.columns import schema_of as _schema
from storage.people_schemas import APPEARANCES, SPEAKERS

_DOCUMENT_ID = _column("document_id", pa.string(), "the document that the row belongs to; key of `documents`")
_SOURCE_ID = _column("source_id", pa.string(), "slug of the publisher; equals the partition key `source`")
_LANGUAGE = _column("language", pa.string(), "language of the text, BCP 47")
_EVENT_DATE = _column("event_date", pa.date32(), "date of the event; its year is the partition key `year`")
_BYTE_START = _column("byte_start", pa.int64(), "first byte of the span in the rendition")
_BYTE_END = _column("byte_end", pa.int64(), "byte after the last of the span in the rendition")
_RUN_ID = _column("run_id", pa.string(), "Prefect flow run that wrote the row; key of `_lineage/runs`")
_SPAN = (_BYTE_START, _BYTE_END, _RUN_ID)

DOCUMENTS = _schema(
    "documents",
    "One row a document: a transcript, news item or page.",
    _column(
        "document_id", pa.string(), "stable identity: hash of source, language, publication time or date, and title"
    ),
    _SOURCE_ID,
    _LANGUAGE,
    _column("title", pa.string(), "title as printed"),
    _column("summary", pa.string(), "summary printed under the title", null=True),
    _column("kind", pa.string(), "`transcript` where somebody speaks; else `announcement`, `document` or `news`"),
    _EVENT_DATE,
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
    _RUN_ID,
    _column("ingested_at", _UTC, "start of the run that wrote the row"),
)

TURNS = _schema(
    "turns",
    "One row a turn: what one speaker says until another speaks.",
    _column("turn_id", pa.string(), "document id and turn index, `<document_id>-t0003`"),
    _DOCUMENT_ID,
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
    _SOURCE_ID,
    _LANGUAGE,
    _EVENT_DATE,
    *_SPAN,
)

PARAGRAPHS = _schema(
    "paragraphs",
    "One row a paragraph of running text.",
    _column("paragraph_id", pa.string(), "document id and paragraph index, `<document_id>-p0012`"),
    _DOCUMENT_ID,
    _column("paragraph_index", pa.int32(), "position in the document, from 0"),
    _column("turn_id", pa.string(), "the turn that speaks it; null outside speech", null=True),
    _column("turn_index", pa.int32(), "index of that turn; null outside speech", null=True),
    _column("kind", pa.string(), "`speech`, `lead`, `heading`, `note`, `quote` or `elision`"),
    _column("text", pa.string(), "text of the span with white space folded"),
    _column("start_ms", pa.int64(), "milliseconds into the recording at which it begins, in captions", null=True),
    _column("end_ms", pa.int64(), "milliseconds into the recording at which it ends, in captions", null=True),
    _SOURCE_ID,
    _LANGUAGE,
    _EVENT_DATE,
    *_SPAN,
)

TAGS = _schema(
    "tags",
    "One row a tag of a document.",
    _DOCUMENT_ID,
    _column("tag_index", pa.int32(), "position in the document, from 0"),
    _column("facet", pa.string(), "`geography`, `topic`, `person` …"),
    _column("value", pa.string(), "the tag as printed"),
    _SOURCE_ID,
    _EVENT_DATE,
    *_SPAN,
)

LINKS = _schema(
    "links",
    "One row a link that the document prints to another page or file.",
    _DOCUMENT_ID,
    _column("link_index", pa.int32(), "position in the document, from 0"),
    _column("relation", pa.string(), "`see_also`, `additional` …"),
    _column("title", pa.string(), "title of what is linked"),
    _column("date_label", pa.string(), "date, date range or file note as printed under it", null=True),
    _column("date", pa.date32(), "the (first) date that the label gives", null=True),
    _column("url", pa.string(), "address, where the dump tells it", null=True),
    _SOURCE_ID,
    _EVENT_DATE,
    *_SPAN,
)

PHOTOS = _schema(
    "photos",
    "One row a photo or slider shown in the document; captions only, never pictures.",
    _DOCUMENT_ID,
    _column("photo_index", pa.int32(), "position in the document, from 0"),
    _column("caption", pa.string(), "caption without the credit", null=True),
    _column("credit", pa.string(), "photographer and agency, without `Photo:`", null=True),
    _column("album_size", pa.int32(), "photos in the slider that the caption stands for", null=True),
    _SOURCE_ID,
    _EVENT_DATE,
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

# Rows of a partition are sorted by these; a document's rows stand together, documents by date.
SORT_KEYS: Mapping[str, tuple[str, ...]] = {
    "documents": ("event_date", "document_id"),
    "turns": ("event_date", "document_id", "turn_index"),
    "paragraphs": ("event_date", "document_id", "paragraph_index"),
    "tags": ("event_date", "document_id", "tag_index"),
    "links": ("event_date", "document_id", "link_index"),
    "photos": ("event_date", "document_id", "photo_index"),
}

BLOCKS = _schema(
    "blocks",
    "One row a block: the typed spans that tile each document, with the row that each became part of.",
    _DOCUMENT_ID,
    _column("rendition_sha256", pa.string(), "the rendition that the span addresses"),
    _column("block_index", pa.int32(), "position in the document, from 0"),
    _column("kind", pa.string(), "kind of block, `speaker_label`, `speech`, `caption` …"),
    _BYTE_START,
    _BYTE_END,
    _column("table", pa.string(), "table of the row that the block is part of", null=True),
    _column(
        "row_id", pa.string(), "that row: its id, or `<document_id>-g0002`, -l, -o for tags, links, photos", null=True
    ),
)

RUNS = _schema(
    "runs",
    "One row an execution of a flow.",
    _column("run_id", pa.string(), "Prefect flow run id"),
    _column("flow", pa.string(), "name of the flow"),
    _column("started_at", _UTC, "start of the run"),
    _column("ended_at", _UTC, "end of the run"),
    _column("status", pa.string(), "`completed`, `completed_with_quarantine`, `refused` or `failed`"),
    _column("parameters", pa.string(), "parameters of the run, JSON"),
    _column("code_version", pa.string(), "version of Stenolake and, in a checkout, its git commit"),
    _column("packages", pa.string(), "versions of Python and of the packages that shape the output, JSON"),
    _column("counts", pa.string(), "what came in and what became of it, JSON"),
)

INPUTS = _schema(
    "inputs",
    "One row a dump that a run took in.",
    _RUN_ID,
    _column("dump_sha256", pa.string(), "SHA-256 of the dump; name of its object in `_raw`"),
    _column("uri", pa.string(), "where it came from: path, member of an archive, or address"),
    _column("bytes", pa.int64(), "length of the dump"),
    _column("media_type", pa.string(), "media type as detected or declared"),
    _column("fetched_at", _UTC, "when it was retrieved from its publisher, where known", null=True),
    _column("http_status", pa.int32(), "status of the response", null=True),
    _column("http_headers", pa.string(), "headers that matter, JSON", null=True),
    _column(
        "rendition_sha256", pa.string(), "the UTF-8 text that was parsed; null when no text could be had", null=True
    ),
    _column("derivation", pa.string(), "how the rendition was had from the dump, with the evidence, JSON"),
)

OUTPUTS = _schema(
    "outputs",
    "One row a Parquet file that a run wrote into a table; the last row for a path is the file that stands there.",
    _RUN_ID,
    _column("table", pa.string(), "table"),
    _column("partition", pa.string(), "partition, `source=kremlin/year=2023`"),
    _column("path", pa.string(), "path below the lake"),
    _column("rows", pa.int64(), "rows of the file; 0 with `bytes` 0 means that the file was removed"),
    _column("bytes", pa.int64(), "length of the file"),
    _column("file_sha256", pa.string(), "SHA-256 of the file"),
)

VERSIONS = _schema(
    "versions",
    "One row each time that a document was met with text that differs from what the lake held.",
    _DOCUMENT_ID,
    _column("content_sha256", pa.string(), "hash of what it says"),
    _column("dump_sha256", pa.string(), "the dump that said it"),
    _RUN_ID,
    _column("seen_at", _UTC, "when the dump was retrieved, else when the run started"),
    _column(
        "change",
        pa.string(),
        "`new`, also of one that came back as it was; `corrected`; `withdrawn`: its source removed it",
    ),
)

SIGHTINGS = _schema(
    "sightings",
    "One row each time that the text which stands was met again in other bytes, such as under a new banner. It makes no"
    " version, and tells how long a text stood at its source: an older one that arrives late does not take its place.",
    _DOCUMENT_ID,
    _column("content_sha256", pa.string(), "hash of what it says"),
    _column("dump_sha256", pa.string(), "the dump that said it again"),
    _RUN_ID,
    _column("seen_at", _UTC, "when the dump was retrieved, else when the run started"),
)

READINGS = _schema(
    "readings",
    "One row a document that a run read in a dump and held not back; one with nulls for a dump that gave none.",
    _RUN_ID,
    _column("dump_sha256", pa.string(), "the dump, which the run read whole"),
    _column("rendition_sha256", pa.string(), "the text that was parsed"),
    _column("program", pa.string(), "digest of parsers, rules, aliases, packages and the format that was asked for"),
    _column("told", pa.string(), "digest of what was told of the dump from outside: names, fields, options"),
    _column("met", pa.int32(), "documents in the dump, those held back and those met twice included"),
    _column("held", pa.int32(), "documents of it that were held back"),
    _column("findings", pa.int32(), "findings that held them back, one a document and rule"),
    _column("document_id", pa.string(), "stable id of the document", null=True),
    _column("source_id", pa.string(), "publisher's slug", null=True),
    _column("event_date", pa.date32(), "date of the event", null=True),
    _column("content_sha256", pa.string(), "hash of what it says", null=True),
    _column("byte_start", pa.int64(), "first byte of the document in the rendition", null=True),
    _column("parser", pa.string(), "parser and its version", null=True),
    _column("url", pa.string(), "address of the document, where known", null=True),
)

QUARANTINE = _schema(
    "quarantine",
    "One row a finding that held a document, or a whole dump, back.",
    _column("quarantine_id", pa.string(), "what is held: the same id for all findings of one document"),
    _column(
        "document_id", pa.string(), "id that the document would have; null for a dump without documents", null=True
    ),
    _column("rule_id", pa.string(), "rule that was broken, `documents.title.present`"),
    _column("observed", pa.string(), "the value that broke it, shortened"),
    _column("reason", pa.string(), "what it means and what to do, a sentence"),
    _column("title", pa.string(), "title as far as one was read", null=True),
    _column("uri", pa.string(), "where the dump came from"),
    _column("dump_sha256", pa.string(), "the dump, an object in `_raw`"),
    _column("rendition_sha256", pa.string(), "the text that the span addresses", null=True),
    _BYTE_START,
    _BYTE_END,
    _column("parser", pa.string(), "parser and its version", null=True),
    _column("fault_start", pa.int64(), "first byte of the block at fault; null where it is the whole", null=True),
    _column("fault_end", pa.int64(), "byte after the last of the block at fault", null=True),
    _RUN_ID,
    _column("held_at", _UTC, "start of the run that held it back"),
)

RELEASES = _schema(
    "releases",
    "One row a finding that holds a document back no more. A finding is open unless a row as late or later names it.",
    _column("quarantine_id", pa.string(), "what was held"),
    _column("rule_id", pa.string(), "rule that it had broken"),
    _column(
        "way", pa.string(), "`retry`: it passes now; `accept`: a person vouches for it; `newer`: a later version came"
    ),
    _column("reason", pa.string(), "what the person said who accepted it", null=True),
    _column("document_id", pa.string(), "the document that was published; null for a dump", null=True),
    _RUN_ID,
    _column("released_at", _UTC, "start of the run that let it go"),
)

VERDICTS = _schema(
    "verdicts",
    "One row a rule of a suite in a run: how many rows it saw and how many broke it.",
    _RUN_ID,
    _column("rule_id", pa.string(), "rule"),
    _column("table", pa.string(), "table that it looks at"),
    _column("severity", pa.string(), "`critical` holds a document back, `warning` is kept and shown"),
    _column("rows", pa.int64(), "rows that it saw"),
    _column("failed", pa.int64(), "rows that broke it"),
    _column("passed", pa.bool_(), "verdict of Great Expectations"),
)

FETCHES = _schema(
    "fetches",
    "One row a response of a publisher's server, or a request that failed or was not made, in the order of asking.",
    _RUN_ID,
    _column("fetch_index", pa.int32(), "position in the run, from 0"),
    _SOURCE_ID,
    _column("edition", pa.string(), "edition of the source, as its profile names it"),
    _column("what", pa.string(), "`robots`, `list` or `page`"),
    _column("url", pa.string(), "address at the publisher"),
    _column("asked", pa.string(), "address that was asked; another than `url` where a mirror stood in"),
    _column("item", pa.string(), "what the page is known by among its addresses; null for lists and robots", null=True),
    _column("day", pa.date32(), "day that the page was listed under", null=True),
    _column("fetched_at", _UTC, "when it was asked, by our clock"),
    _column("seconds", pa.float64(), "from asking to the last byte"),
    _column("address", pa.string(), "IP address that was connected to", null=True),
    _column("http_status", pa.int32(), "status of the response; null where there was none", null=True),
    _column("http_headers", pa.string(), "headers that matter, JSON", null=True),
    _column("bytes", pa.int64(), "length of the body as it came"),
    _column("body_sha256", pa.string(), "the body as it came, an object in `_raw`", null=True),
    _column("dump_sha256", pa.string(), "the body without its content coding, an object in `_raw`", null=True),
    _column(
        "outcome",
        pa.string(),
        "`stored`, `unchanged`, `redirected`, `missing`, `failed`, `blocked` (an error or challenge page) or `refused`",
    ),
    _column("reason", pa.string(), "why, where it was neither stored nor unchanged", null=True),
)

COVERAGE = _schema(
    "coverage",
    "One row a day of an edition that a run looked at; the last row for a day says how it stands.",
    _RUN_ID,
    _SOURCE_ID,
    _column("edition", pa.string(), "edition of the source, as its profile names it"),
    _column("day", pa.date32(), "day, in the source's time zone; null for pages that no list dates", null=True),
    _column("looked_at", _UTC, "when the run looked"),
    _column(
        "listed",
        pa.int32(),
        "pages that lists name for the day, or named: published, quarantined, missing, waiting and gone together",
    ),
    _column("fetched", pa.int32(), "pages that were stored once: published, quarantined and gone together"),
    _column("published", pa.int32(), "pages that are in the tables"),
    _column("quarantined", pa.int32(), "pages that are held back"),
    _column("missing", pa.int32(), "pages that were listed and could not be had"),
    _column("waiting", pa.int32(), "pages that are still to be fetched: the limit of the run came first"),
    _column("gone", pa.int32(), "pages that the source removed"),
    _column("is_whole", pa.bool_(), "the lists of the day were read to their ends, and no page is missing or waiting"),
    _column("looks", pa.int32(), "runs in a row that left the day unwhole; 0 where it is whole"),
)
# Tables of one file each, folded from all partitions.
FOLDED: Mapping[str, pa.Schema] = {"speakers": SPEAKERS}
PUBLISHED: Mapping[str, pa.Schema] = {**TABLES, **FOLDED}

LINEAGE: Mapping[str, pa.Schema] = {
    "blocks": BLOCKS,
    "appearances": APPEARANCES,
    "runs": RUNS,
    "inputs": INPUTS,
    "outputs": OUTPUTS,
    "versions": VERSIONS,
    "sightings": SIGHTINGS,
    "readings": READINGS,
    "releases": RELEASES,
    "fetches": FETCHES,
    "coverage": COVERAGE,
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
