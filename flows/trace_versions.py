"""`stenolake trace ID --versions`: every text that a document has had, from the raw store, with what changed."""

from __future__ import annotations

import difflib
import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow.compute as pc

from flows.shown import plain, tell, tell_json
from storage import ledger
from storage.errors import StenolakeError, UsageError
from storage.lake import Lake
from tasks.acquire import Dump
from tasks.cut import cut_batches
from tasks.parse import Defaults, parse_batch
from tasks.rebuild import dump_of, latest_inputs


def trace_versions(lake: Lake, document_id: str) -> dict[str, Any]:
    """The versions of a document, oldest retrieval first, each with its text and the difference from the one before.

    The text is derived from the raw bytes by the present parser. Where that is no longer possible, `text` is null and
    `problem` says why.

    Raises:
        UsageError: no version of such a document is recorded.
    """
    rows = ledger.read(lake, "versions")
    versions = rows.filter(pc.equal(rows["document_id"], document_id)).to_pylist()
    if not versions:
        raise UsageError(f"no versions of that id: {document_id}", "give a document_id: stenolake sql 'from documents'")
    before: list[str] = []
    for version in sorted(versions, key=lambda row: row["seen_at"]):
        lines, version["problem"] = _text_of(lake, version)
        version["reason"] = _reason_of(lake, version)
        version["text"] = "\n".join(lines) if lines else None
        version["diff"] = list(difflib.unified_diff(before, lines, "before", "after", lineterm="", n=1))[2:]
        before = lines or before
    return {"id": document_id, "what": "versions", "versions": sorted(versions, key=lambda row: row["seen_at"])}


def _text_of(lake: Lake, version: dict[str, Any]) -> tuple[list[str], str | None]:
    """The paragraphs of a version, the title first, and what kept us from finding them."""
    try:
        inputs = latest_inputs(lake, {version["dump_sha256"]})
        if not inputs:
            return [], "no run lists its dump"
        dump, defaults = dump_of(lake, inputs[0])
        with tempfile.TemporaryDirectory(prefix="stenolake-") as folder:
            return _find_text(lake, dump, defaults, version, Path(folder))
    except StenolakeError as error:
        return [], error.message


def _reason_of(lake: Lake, version: dict[str, Any]) -> str | None:
    """Why a document was taken for removed; null for a version that is no withdrawal."""
    if version["change"] != "withdrawn":
        return None
    runs = {row["run_id"]: json.loads(row["counts"]) for row in ledger.read(lake, "runs").to_pylist()}
    reason: str | None = runs.get(version["run_id"], {}).get("withdrawn", {}).get(version["document_id"])
    return reason


def _find_text(
    lake: Lake, dump: Dump, defaults: Defaults, version: dict[str, Any], folder: Path
) -> tuple[list[str], str | None]:
    found: list[str] = []
    for batch in cut_batches([dump], lake.raw, folder):
        for fragment in parse_batch(batch, defaults):
            documents, paragraphs = fragment.read("documents"), fragment.read("paragraphs")
            own_id = version["own_id"] or version["document_id"]
            own = documents.filter(pc.equal(documents["document_id"], own_id)).to_pylist()
            for row in own:
                texts = paragraphs.filter(pc.equal(paragraphs["document_id"], row["document_id"]))["text"].to_pylist()
                found = [row["title"] or "", str(row["event_date"]), *texts]
                if row["content_sha256"] == version["content_sha256"]:
                    return found, None
    if found:
        return found, "the present parser reads it otherwise than the one that met it"
    return [], "the present parser finds no such document in its dump"


def run_versions(asked: str, lake: Path, *, as_json: bool) -> int:
    """Print the versions of a document. Returns 0."""
    answer = trace_versions(Lake.open(lake), asked)
    if as_json:
        tell_json(answer)
        return 0
    for version in answer["versions"]:
        tell(f"{version['seen_at']:%Y-%m-%d %H:%M:%S} {version['change']:<10} dump {version['dump_sha256']}")
        if version["reason"]:
            tell(f"  the source removed it: {plain(version['reason'])}")
        if version["problem"]:
            tell(f"  note: {version['problem']}")
        for line in version["diff"]:
            tell("  " + plain(line))
    return 0
