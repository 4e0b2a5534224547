"""`stenolake trace`: from a row, document, dump or run back to bytes and forward to rows and files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from flows.shown import plain, tell, tell_json
from storage import ledger
from storage.errors import DamageError, UsageError
from storage.lake import Lake, Partition
from storage.parquet import read_rows
from storage.people_schemas import SPEAKERS
from storage.schemas import TABLES

EXCERPT_BYTES = 1200
SHOWN_DOCUMENTS = 40
SHOWN_NAMES = 12

_ROW_RE = re.compile(r"([0-9a-f]{20})-([tpglo])(\d{4,})")
_DOCUMENT_RE = re.compile(r"[0-9a-f]{20}")
_SHA256_RE = re.compile(r"[0-9a-f]{64}")
_HELD_RE = re.compile(r"[0-9a-f]{16}-\d+")

_TABLE_OF = {
    "t": ("turns", "turn_index"),
    "p": ("paragraphs", "paragraph_index"),
    "g": ("tags", "tag_index"),
    "l": ("links", "link_index"),
    "o": ("photos", "photo_index"),
}

_INPUT_FACTS = ("uri", "bytes", "media_type", "fetched_at", "http_status", "http_headers", "derivation")

Answer = dict[str, Any]


def trace_id(lake: Lake, asked: str) -> Answer:
    """Everything that the lake knows of an id.

    Raises:
        UsageError: it is no id, or the lake does not hold it.
    """
    if row := _ROW_RE.fullmatch(asked):
        return _trace_row(lake, asked, *row.groups())
    if _DOCUMENT_RE.fullmatch(asked):
        return _trace_held(lake, "document_id", asked) or _trace_document(lake, asked)
    if _SHA256_RE.fullmatch(asked):
        return _trace_dump(lake, asked)
    if _HELD_RE.fullmatch(asked):
        if held := _trace_held(lake, "quarantine_id", asked):
            return held
        advice = "stenolake sql 'select distinct quarantine_id, title from quarantine'"
        raise UsageError(f"not in quarantine: {asked}", advice)
    if runs := ledger.read_run(lake, "runs", asked).to_pylist():
        return _trace_run(lake, runs[0])
    if speakers := _where(read_rows(lake.speakers, SPEAKERS), speaker_id=asked).to_pylist():
        return _trace_speaker(lake, speakers[0])
    raise UsageError(
        f"not an id of this lake: {asked}",
        "give a document_id, turn_id, paragraph_id, the id of a tag, link or photo (<document_id>-g0000, -l, -o), "
        "a speaker_id, the SHA-256 of a dump, a quarantine id or a run_id",
    )


def _trace_row(lake: Lake, asked: str, document_id: str, letter: str, index: str) -> Answer:
    table, column = _TABLE_OF[letter]
    partition, document = _find_document(lake, document_id)
    rows = _where(lake.read(table, partition), document_id=document_id)
    row = next((row for row in rows.to_pylist() if row[column] == int(index)), None)
    if row is None:
        raise UsageError(f"no such row: {asked}", f"the document has {rows.num_rows} rows in {table}, counted from 0")
    return {"id": asked, "what": table, "row": row, **_origin(lake, partition, document, row)}


def _trace_document(lake: Lake, document_id: str) -> Answer:
    partition, document = _find_document(lake, document_id)
    rows = {
        table: _where(lake.read(table, partition, ["document_id"]), document_id=document_id).num_rows
        for table in TABLES
        if table != "documents"
    }
    versions = _where(ledger.read(lake, "versions"), document_id=document_id).to_pylist()
    origin = _origin(lake, partition, document, document)
    withdrawn_at = ledger.withdrawn(lake).get(document_id)
    return {
        "id": document_id, "what": "document", "withdrawn_at": withdrawn_at, "row": document, **origin,
        "rows": rows, "versions": versions,
    }  # fmt: skip


def _trace_dump(lake: Lake, sha256: str) -> Answer:
    inputs = ledger.read(lake, "inputs")
    named = pc.or_kleene(pc.equal(inputs["dump_sha256"], sha256), pc.equal(inputs["rendition_sha256"], sha256))
    met = inputs.filter(pc.fill_null(named, False)).to_pylist()
    if not met:
        raise UsageError(
            f"no dump of that hash: {sha256}", "stenolake sql 'select distinct dump_sha256, uri from inputs'"
        )
    dumps = {row["dump_sha256"] for row in met}
    columns = [
        "document_id",
        "title",
        "event_date",
        "turn_count",
        "paragraph_count",
        "byte_start",
        "byte_end",
        "dump_sha256",
    ]
    documents = []
    for partition in lake.partitions():
        rows = lake.read("documents", partition, columns)
        for row in rows.filter(pc.is_in(rows["dump_sha256"], pa.array(sorted(dumps)))).to_pylist():
            documents.append({**row, "file": _relative(lake, "documents", partition)})
    held = [row for row in ledger.read(lake, "quarantine").to_pylist() if row["dump_sha256"] in dumps]
    path = lake.raw.path(sha256).relative_to(lake.root).as_posix()
    totals = {"documents": len(documents), "turns": 0, "paragraphs": 0}
    for document in documents:
        totals["turns"] += document["turn_count"]
        totals["paragraphs"] += document["paragraph_count"]
    return {
        "id": sha256, "what": "dump", "raw": path, "inputs": met,
        "rows": totals, "documents": documents, "quarantine": held,
    }  # fmt: skip


def _trace_held(lake: Lake, column: str, asked: str) -> Answer | None:
    """What was found in something that was held back, and of a document that no table has."""
    findings = _where(ledger.read(lake, "quarantine"), **{column: asked}).to_pylist()
    if not findings or (column == "document_id" and _look_up(lake, asked)):
        return None
    return {"id": asked, "what": "quarantine", "findings": findings, "excerpt": _excerpt(lake, findings[0])}


def _trace_speaker(lake: Lake, speaker: Answer) -> Answer:
    speaker_id, documents = speaker["speaker_id"], []
    for partition in lake.partitions():
        turns = _where(lake.read("turns", partition, ["document_id", "speaker_id"]), speaker_id=speaker_id)
        counts = {one["values"]: one["counts"] for one in pc.value_counts(turns["document_id"]).to_pylist()}
        rows = lake.read("documents", partition, ["document_id", "title", "event_date"]) if counts else None
        for row in rows.to_pylist() if rows else ():
            if row["document_id"] in counts:
                file = _relative(lake, "turns", partition)
                documents.append({**row, "turns": counts[row["document_id"]], "file": file})
    return {"id": speaker_id, "what": "speaker", "row": speaker, "documents": documents}


def _trace_run(lake: Lake, run: Answer) -> Answer:
    run_id = run["run_id"]
    parts = {name: ledger.read_run(lake, name, run_id).to_pylist() for name in ("inputs", "outputs", "verdicts")}
    return {"id": run_id, "what": "run", "run": run, **parts}


def _origin(lake: Lake, partition: Partition, document: Answer, row: Answer) -> Answer:
    """What leads back: bytes, dump, address, run, parser and checks; and the files that hold the row."""
    inputs = ledger.read(lake, "inputs")
    met = _where(inputs, dump_sha256=document["dump_sha256"], run_id=document["run_id"]).to_pylist()
    first = (met or _where(inputs, dump_sha256=document["dump_sha256"]).to_pylist() or [{}])[0]
    runs = ledger.read_run(lake, "runs", document["run_id"]).to_pylist()
    checks = ledger.read_run(lake, "verdicts", document["run_id"]).to_pylist()
    span = {
        "rendition_sha256": document["rendition_sha256"],
        "byte_start": row["byte_start"],
        "byte_end": row["byte_end"],
    }
    return {
        "document": {
            key: document[key] for key in ("document_id", "title", "event_date", "source_id", "language", "url")
        },
        "span": span,
        "excerpt": _excerpt(lake, span),
        "dump": {
            "dump_sha256": document["dump_sha256"],
            "raw": lake.raw.path(document["dump_sha256"]).relative_to(lake.root).as_posix(),
            **{key: first.get(key) for key in _INPUT_FACTS},
        },
        "parser": document["parser"],
        "run": {key: runs[0][key] for key in ("run_id", "flow", "started_at", "ended_at", "status", "code_version")}
        if runs
        else None,
        "checks": {
            "passed": sum(check["passed"] for check in checks),
            "broken": [check for check in checks if not check["passed"]],
            "rules": [check["rule_id"] for check in checks],
        },
        "files": [
            path.relative_to(lake.root).as_posix()
            for path in (lake.file(table, partition) for table in (*TABLES, "blocks"))
            if path.exists() and _holds(path, document["document_id"])
        ],
    }


def _excerpt(lake: Lake, span: Mapping[str, Any]) -> str | None:
    sha256, start, end = span["rendition_sha256"], span["byte_start"], span["byte_end"]
    if sha256 is None:
        return None
    try:
        text = lake.raw.read(sha256, start, min(end, start + EXCERPT_BYTES)).decode(errors="replace")
    except DamageError as error:
        return f"[{error.message}]"
    return text if end - start <= EXCERPT_BYTES else f"{text} … [{end - start - EXCERPT_BYTES} bytes more]"


def _look_up(lake: Lake, document_id: str) -> tuple[Partition, Answer] | None:
    for partition in lake.partitions():
        rows = _where(lake.read("documents", partition), document_id=document_id)
        if rows.num_rows:
            found: Answer = rows.to_pylist()[0]
            return partition, found
    return None


def _find_document(lake: Lake, document_id: str) -> tuple[Partition, Answer]:
    if found := _look_up(lake, document_id):
        return found
    advice = "stenolake sql 'select document_id, title from documents'; a document in quarantine has no rows"
    raise UsageError(f"no such document: {document_id}", advice)


def _where(rows: pa.Table, **values: str) -> pa.Table:
    for column, value in values.items():
        rows = rows.filter(pc.fill_null(pc.equal(rows[column], value), False))
    return rows


def _holds(path: Path, document_id: str) -> bool:
    import pyarrow.parquet as pq

    rows = pq.read_table(path, columns=["document_id"], partitioning=None)
    return bool(pc.any(pc.equal(rows["document_id"], document_id)).as_py())


def _relative(lake: Lake, table: str, partition: Partition) -> str:
    return lake.file(table, partition).relative_to(lake.root).as_posix()


def run_trace(asked: str, lake: Path, *, as_json: bool) -> int:
    """Trace an id and print what is known. Returns 0."""
    answer = trace_id(Lake.open(lake), asked)
    if as_json:
        tell_json(answer)
    else:
        _show(answer)
    return 0


def _show(answer: Answer, indent: str = "") -> None:
    for key, value in answer.items():
        if isinstance(value, dict):
            tell(f"{indent}{key}")
            _show(value, indent + "  ")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            tell(f"{indent}{key}  ({len(value)})")
            for item in value[:SHOWN_DOCUMENTS]:
                tell(
                    f"{indent}  - "
                    + "  ".join(f"{name}={plain(item[name])}" for name in item if item[name] is not None)
                )
            if len(value) > SHOWN_DOCUMENTS:
                tell(f"{indent}  … {len(value) - SHOWN_DOCUMENTS} more: --json has all")
        elif isinstance(value, list):
            shown = [plain(item) for item in value]
            tell(
                f"{indent}{key:<16} "
                + (", ".join(shown) if len(shown) <= SHOWN_NAMES else f"{len(shown)}: --json has all")
            )
        elif key == "excerpt" and value is not None:
            tell(f"{indent}excerpt")
            for line in str(value).splitlines():
                tell(f"{indent}  | {plain(line)}")
        elif value is not None:
            tell(f"{indent}{key:<16} {plain(value)}")
