"""The schemas of the ledger: what each run took in, read, wrote and found, in files that are only ever added to."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from storage.columns import BYTE_END, BYTE_START, DOCUMENT_ID, RUN_ID, SOURCE_ID
from storage.columns import UTC as _UTC
from storage.columns import column as _column
from storage.columns import schema_of as _schema

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
    RUN_ID,
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
    RUN_ID,
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
    DOCUMENT_ID,
    _column("content_sha256", pa.string(), "hash of what it says"),
    _column("dump_sha256", pa.string(), "the dump that said it"),
    RUN_ID,
    _column("seen_at", _UTC, "when the dump was retrieved, else when the run started"),
    _column(
        "change",
        pa.string(),
        "`new`, also of one that came back as it was; `corrected`; `withdrawn`: its source removed it",
    ),
    _column(
        "own_id",
        pa.string(),
        "the id that date and title of this text give, where they were corrected and its address told the document",
        null=True,
    ),
)

SIGHTINGS = _schema(
    "sightings",
    "One row each time that the text which stands was met again in other bytes, such as under a new banner. It makes no"
    " version, and tells how long a text stood at its source: an older one that arrives late does not take its place.",
    DOCUMENT_ID,
    _column("content_sha256", pa.string(), "hash of what it says"),
    _column("dump_sha256", pa.string(), "the dump that said it again"),
    RUN_ID,
    _column("seen_at", _UTC, "when the dump was retrieved, else when the run started"),
)

READINGS = _schema(
    "readings",
    "One row a document that a run read in a dump and held not back; one with nulls for a dump that gave none.",
    RUN_ID,
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
    BYTE_START,
    BYTE_END,
    _column("parser", pa.string(), "parser and its version", null=True),
    _column("fault_start", pa.int64(), "first byte of the block at fault; null where it is the whole", null=True),
    _column("fault_end", pa.int64(), "byte after the last of the block at fault", null=True),
    RUN_ID,
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
    RUN_ID,
    _column("released_at", _UTC, "start of the run that let it go"),
)

VERDICTS = _schema(
    "verdicts",
    "One row a rule of a suite in a run: how many rows it saw and how many broke it.",
    RUN_ID,
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
    RUN_ID,
    _column("fetch_index", pa.int32(), "position in the run, from 0"),
    SOURCE_ID,
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
    RUN_ID,
    SOURCE_ID,
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

LEDGER: Mapping[str, pa.Schema] = {
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
