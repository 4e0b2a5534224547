"""Dumps as the ledger knows them: what to read again from the raw store, without the network."""

from __future__ import annotations

import codecs
import datetime as dt
import json
from collections.abc import Collection
from typing import Any

from storage import ledger
from storage.lake import Lake
from storage.records import Input
from tasks import formats
from tasks.acquire import HEAD_CHARS, Dump
from tasks.parse import Defaults

_AGAIN = ("retry", "accept", "reprocess")  # flows that read again what came in before

_EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)


def latest_inputs(lake: Lake, wanted: Collection[str] | None = None) -> list[dict[str, Any]]:
    """The last input row of each dump with a rendition, with the run that took it in as `run`; in order of hashes.

    Args:
        lake: the lake.
        wanted: hashes of dumps; all without.
    """
    runs = {row["run_id"]: row for row in ledger.read(lake, "runs").to_pylist()}
    last: dict[str, dict[str, Any]] = {}
    for row in ledger.read(lake, "inputs").to_pylist():
        row["run"] = runs.get(row["run_id"])
        sha256 = row["dump_sha256"]
        if not row["rendition_sha256"] or not row["run"] or (wanted is not None and sha256 not in wanted):
            continue
        if row["run"]["flow"] in _AGAIN and sha256 in last:  # nothing was said of the dump there
            last[sha256] |= {name: row[name] for name in ("rendition_sha256", "derivation")}
            continue
        if sha256 not in last or _order(row) >= _order(last[sha256]):
            last[sha256] = row
    return [last[sha256] for sha256 in sorted(last)]


def _order(row: dict[str, Any]) -> tuple[dt.datetime, dt.datetime]:
    return row["fetched_at"] or _EPOCH, row["run"]["started_at"]


def retrieved_at(row: dict[str, Any]) -> dt.datetime:
    """When a dump was retrieved: fetched, else taken in."""
    at: dt.datetime = row["fetched_at"] or row["run"]["started_at"]
    return at


def dump_of(lake: Lake, row: dict[str, Any]) -> tuple[Dump, Defaults]:
    """A dump and what a person said of it, from its input row.

    Raises:
        DamageError: the raw object is missing or damaged.
    """
    told = json.loads(row["run"]["parameters"])
    derived_by = json.loads(row["derivation"]).get("derived_by")  # a rendition of markup is read by what made it
    name = derived_by.partition("/")[0] if derived_by else told.get("format")
    head = lake.raw.read(row["rendition_sha256"], 0, HEAD_CHARS)
    chosen = formats.FORMATS.get(name) if name else formats.choose(_decode(head))
    record = Input(
        row["dump_sha256"], row["uri"], row["bytes"], row["media_type"], json.loads(row["derivation"]),
        row["rendition_sha256"], row["fetched_at"], row["http_status"], _headers(row),
    )  # fmt: skip
    date = told.get("date")
    defaults = Defaults(
        row["run_id"], row["run"]["started_at"], told.get("source"), told.get("language"),
        dt.date.fromisoformat(date) if date else None,
    )  # fmt: skip
    if chosen is None:
        return Dump(record, None, "dump.format_known", "the text is in no format that Stenolake knows"), defaults
    return Dump(record, chosen.NAME), defaults


def _headers(row: dict[str, Any]) -> dict[str, str] | None:
    headers: dict[str, str] | None = json.loads(row["http_headers"]) if row["http_headers"] else None
    return headers


def _decode(head: bytes) -> str:
    return codecs.getincrementaldecoder("utf-8")().decode(head)  # keeps back a character that the cut would split


def choose_inputs(lake: Lake, source: str | None, since: dt.date | None) -> list[dict[str, Any]]:
    """The last input rows of the dumps that are to be read again.

    Args:
        lake: the lake.
        source: only dumps that documents of this source were read from; a dump that gave none is read, too.
        since: only dumps retrieved on that day, in UTC, or later.
    """
    homes: dict[str, set[str]] = {}
    for partition in lake.partitions():
        for dump in set(lake.read("documents", partition, ["dump_sha256"])["dump_sha256"].to_pylist()):
            homes.setdefault(dump, set()).add(partition.source)
    return [
        row
        for row in latest_inputs(lake)
        if (source is None or source in homes.get(row["dump_sha256"], {source}))
        and (since is None or retrieved_at(row).date() >= since)
    ]
