"""The records that runs leave behind: plain values that the ledger stores and OpenLineage events are built from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class Input:
    """One dump that came in; the fields are those of the `inputs` schema."""

    dump_sha256: str
    uri: str
    bytes: int
    media_type: str
    derivation: dict[str, str | int | float | bool | None]
    rendition_sha256: str | None = None
    fetched_at: dt.datetime | None = None
    http_status: int | None = None
    http_headers: dict[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Output:
    """One Parquet file that a run wrote; `partition` is `source=kremlin/year=2023`."""

    table: str
    partition: str
    path: str
    rows: int
    bytes: int
    file_sha256: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that one document, or one whole dump, broke."""

    quarantine_id: str
    document_id: str | None
    rule_id: str
    observed: str
    reason: str
    title: str | None
    uri: str
    dump_sha256: str
    rendition_sha256: str | None
    byte_start: int
    byte_end: int
    parser: str | None
    fault_start: int | None = None
    fault_end: int | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """One finding that holds a document back no more; the fields are those of the `releases` schema."""

    quarantine_id: str
    rule_id: str
    way: str
    reason: str | None
    document_id: str | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """One rule in one run: rows seen, rows that broke it."""

    rule_id: str
    table: str
    column: str | None
    severity: str
    rows: int
    failed: int
    passed: bool


@dataclass(frozen=True, slots=True)
class Version:
    """One document met with text that differs from what the lake held."""

    document_id: str
    content_sha256: str
    dump_sha256: str
    seen_at: dt.datetime
    change: str
    own_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """The text that stands, met again later in other bytes; the fields are those of the `sightings` schema."""

    document_id: str
    content_sha256: str
    dump_sha256: str
    seen_at: dt.datetime


@dataclass(frozen=True, slots=True)
class Fetch:
    """One response of a publisher's server, or a request that came to none; the fields are those of `fetches`."""

    fetch_index: int
    source_id: str
    edition: str
    what: str
    url: str
    asked: str
    item: str | None
    day: dt.date | None
    fetched_at: dt.datetime
    seconds: float
    address: str | None
    http_status: int | None
    http_headers: dict[str, str] | None
    bytes: int
    body_sha256: str | None
    dump_sha256: str | None
    outcome: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Coverage:
    """How complete one day of an edition is; the fields are those of the `coverage` schema."""

    source_id: str
    edition: str
    day: dt.date | None
    looked_at: dt.datetime
    listed: int
    fetched: int
    published: int
    quarantined: int
    missing: int
    waiting: int
    gone: int
    is_whole: bool
    looks: int


@dataclass(slots=True)
class Run:
    """One execution of a flow and everything that it has to say.

    `held_at`: when it took the lake, for the last time where it left it meanwhile. Runs stand in the ledger in that
    order, in which they changed the lake: who started first may have waited for another.
    """

    run_id: str
    flow: str
    started_at: dt.datetime
    parameters: dict[str, object]
    code_version: str
    packages: dict[str, str]
    held_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    status: str = "running"
    error: str = ""
    counts: dict[str, object] = field(default_factory=dict)
    inputs: list[Input] = field(default_factory=list)
    outputs: list[Output] = field(default_factory=list)
    versions: list[Version] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    releases: list[Release] = field(default_factory=list)
    fetches: list[Fetch] = field(default_factory=list)
    coverage: list[Coverage] = field(default_factory=list)
    readings: list[pa.Table] = field(default_factory=list)  # in the `readings` schema, less `run_id`
