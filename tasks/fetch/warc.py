"""The archive of a source as WARC 1.1: a response record for each body that was kept, in the order of asking.

A body stands in the record as it came, with the headers that were kept, in front of it the status. What the client had
taken off, the chunks of its transfer, stays off, and so does the header that told of them. A response that said that
nothing changed is a revisit of the one before; the request that it answers is not kept, and neither is any header that
does not matter.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import uuid
from collections.abc import Iterable, Iterator, Mapping
from http import HTTPStatus
from typing import Any, BinaryIO

import pyarrow.compute as pc
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from storage import ledger
from storage.lake import Lake

# What a record is to us, so that lists and error pages are not taken for pages when the file is ingested again.
KIND_HEADER = "WARC-X-Stenolake"
_SPACE = uuid.UUID("6f0d7c58-3f5b-5b1e-9d6c-2f4c0f1f7a11")  # record ids follow from run and place


def chosen_fetches(
    lake: Lake, source: str | None = None, since: dt.date | None = None, until: dt.date | None = None
) -> list[dict[str, Any]]:
    """Responses whose body was kept, or that say that nothing changed, by time of asking.

    Args:
        lake: the lake.
        source: only those of one source.
        since: only those asked on that day, in UTC, or later.
        until: only those asked on that day or before.
    """
    rows = ledger.read(lake, "fetches")
    rows = rows.filter(pc.is_valid(rows["http_status"]))
    if source is not None:
        rows = rows.filter(pc.equal(rows["source_id"], source))
    found = rows.sort_by(
        [("fetched_at", "ascending"), ("run_id", "ascending"), ("fetch_index", "ascending")]
    ).to_pylist()
    return [
        row
        for row in found
        if (since is None or row["fetched_at"].date() >= since) and (until is None or row["fetched_at"].date() <= until)
    ]


def write_warc(rows: Iterable[Mapping[str, Any]], lake: Lake, sink: BinaryIO, software: str) -> int:
    """Write responses as gzipped WARC records.

    Args:
        rows: rows of `fetches`.
        lake: where their bodies are.
        sink: where the file goes.
        software: who wrote it.

    Returns:
        The number of responses that were written.
    """
    writer = WARCWriter(sink, gzip=True, warc_version="WARC/1.1")
    count = 0
    last: dict[str, tuple[str, str]] = {}
    for count, row in enumerate(rows, start=1):
        if count == 1:
            info = {"software": software, "format": "WARC File Format 1.1", "robots": "obey"}
            writer.write_record(_stamp(writer.create_warcinfo_record(None, info), row, "info"))
        writer.write_record(_record(writer, row, lake, last))
    return count


def _record(writer: WARCWriter, row: Mapping[str, Any], lake: Lake, last: dict[str, tuple[str, str]]) -> Any:
    headers = dict(_headers(row))
    told = {
        "WARC-Date": _date(row["fetched_at"]), "WARC-Record-ID": _id(row, "response"),
        **({"WARC-IP-Address": row["address"]} if row["address"] else {}),
    }  # fmt: skip
    try:
        phrase = HTTPStatus(row["http_status"]).phrase
    except ValueError:
        phrase = "Unknown"
    status = StatusAndHeaders(f"{row['http_status']} {phrase}", list(headers.items()), protocol="HTTP/1.1")
    if row["outcome"] == "unchanged" and (before := last.get(row["url"])):
        record = writer.create_revisit_record(row["url"], before[0], row["url"], before[1], status, told)
        record.length = record.payload_length = 0  # known, so that the writer buffers nothing
    else:
        body = lake.raw.read(row["body_sha256"]) if row["body_sha256"] else b""
        record = writer.create_warc_record(
            row["url"],
            "response",
            payload=io.BytesIO(body),
            length=len(body),
            http_headers=status,
            warc_headers_dict=told,
        )
        writer.ensure_digest(record, block=True, payload=True)
        if row["outcome"] == "stored":
            last[row["url"]] = (record.rec_headers.get_header("WARC-Payload-Digest"), told["WARC-Date"])
    record.rec_headers.add_header(KIND_HEADER, f"{row['what']} {row['outcome']}")
    if row["asked"] != row["url"]:
        record.rec_headers.add_header("WARC-X-Asked", row["asked"])
    return record


def _headers(row: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    told = json.loads(row["http_headers"]) if row["http_headers"] else {}
    for name, value in told.items():
        if name not in ("transfer-encoding", "content-length"):
            yield name.title(), value
    if row["outcome"] != "unchanged":
        yield "Content-Length", str(row["bytes"] if row["body_sha256"] else 0)


def _stamp(record: Any, row: Mapping[str, Any], what: str) -> Any:
    record.rec_headers.replace_header("WARC-Date", _date(row["fetched_at"]))
    record.rec_headers.replace_header("WARC-Record-ID", _id(row, what))
    return record


def _id(row: Mapping[str, Any], what: str) -> str:
    place = f"{row['run_id']}/{row['fetch_index']}/{what}"
    return f"<urn:uuid:{uuid.uuid5(_SPACE, place)}>"


def _date(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
