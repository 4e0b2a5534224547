"""From responses in the raw store to dumps, and from pages to the documents that were read from them."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from storage import ledger
from storage.lake import Lake
from storage.raw import RawStore
from storage.records import Fetch
from tasks import formats
from tasks.acquire import HEAD_CHARS, Dump, charset_in, recognise
from tasks.cut import cut_batches
from tasks.fetch.memory import Memory
from tasks.parse import parse_batch
from tasks.rebuild import dump_of, latest_inputs

_DONE = frozenset({"completed", "completed_with_quarantine"})


def waiting_responses(lake: Lake, memory: Memory, fresh: Iterable[Fetch]) -> list[dict[str, Any]]:
    """Pages that were stored and not yet taken in by a run that came to its end: of this visit, or of one before.

    Returns:
        Records of `fetches`, by time; the last one for each dump.
    """
    done = {row["run_id"] for row in ledger.read(lake, "runs", columns=["run_id", "status"]).to_pylist()
            if row["status"] in _DONE}  # fmt: skip
    inputs = ledger.read(lake, "inputs", columns=["run_id", "dump_sha256", "fetched_at"]).to_pylist()
    taken = {(row["dump_sha256"], row["fetched_at"]) for row in inputs if row["run_id"] in done}
    rows = [row for seen in memory.pages.values() for _, _, row in seen.dumps]
    rows += [_row(fetch) for fetch in fresh if fetch.what == "page" and fetch.outcome == "stored"]
    waiting = {}
    for row in sorted(rows, key=lambda row: (row["fetched_at"], row["fetch_index"])):
        if (row["dump_sha256"], row["fetched_at"]) not in taken:
            waiting[row["dump_sha256"]] = row
    return list(waiting.values())


def _row(fetch: Fetch) -> dict[str, Any]:
    return {name: getattr(fetch, name) for name in Fetch.__slots__}


def to_dump(row: Mapping[str, Any], raw: RawStore, format_names: Sequence[str], time_zone: str) -> Dump:
    """A response as a dump of its address, with what the response and the profile told.

    It is read as the format of the edition that recognises it, and else as the first one. The source's time zone goes
    with it, so that whoever reads it again from the raw store finds the same days.
    """
    sha256, headers = row["dump_sha256"], row["http_headers"] or {}
    size = sum(len(chunk) for chunk in raw.chunks(sha256))
    format_name = _choose(raw, sha256, format_names)
    dump = recognise(sha256, size, row["url"], "", raw, format_name, charset_in(headers))
    derivation = {**dump.record.derivation, "edition": row["edition"], "time_zone": time_zone}
    if row["asked"] != row["url"]:
        derivation["asked"] = row["asked"]
    media_type = headers.get("content-type", "").partition(";")[0].strip().lower() or dump.record.media_type
    record = replace(
        dump.record, media_type=media_type[:100], derivation=derivation, fetched_at=row["fetched_at"],
        http_status=row["http_status"], http_headers=headers,
    )  # fmt: skip
    return replace(dump, record=record)


def _choose(raw: RawStore, sha256: str, format_names: Sequence[str]) -> str:
    head = raw.read(sha256, 0, HEAD_CHARS).decode("utf-8", "replace")
    evidence = {name: formats.FORMATS[name].sniff(head) for name in format_names}
    return max(format_names, key=lambda name: evidence[name])


def held_dumps(lake: Lake, findings: Iterable[Any]) -> set[str]:
    """Dumps of which something is held back, by earlier runs and by these findings."""
    return {row["dump_sha256"] for row in ledger.open_findings(lake)} | {one.dump_sha256 for one in findings}


def documents_of(lake: Lake, dumps: Sequence[tuple[str, dt.datetime, Any]], folder: Path) -> list[str]:
    """The documents that are in some dumps of one page, read by the present parser."""
    found: dict[str, None] = {}
    kept = ledger.kept_ids(lake)
    own = Path(tempfile.mkdtemp(prefix="removed-", dir=folder))
    for number, row in enumerate(latest_inputs(lake, {sha256 for sha256, _, _ in dumps})):
        dump, defaults = dump_of(lake, row)
        for batch in cut_batches([dump], lake.raw, own / str(number)):
            for fragment in parse_batch(batch, defaults):
                ids = fragment.read("documents")["document_id"].to_pylist()
                found |= dict.fromkeys(kept.get(one, one) for one in ids)
    return list(found)
