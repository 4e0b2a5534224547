"""The ways out of the quarantine: what to try again, from the bytes that are kept, and what passes now."""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from expectations.suites import BY_ID
from storage import ledger
from storage.errors import UsageError
from storage.files import make_folder, storing
from storage.lake import Lake
from storage.raw import RawStore
from storage.records import Finding, Input, Release, Run
from storage.schemas import TABLES
from tasks.acquire import Dump, acquire, charset_in
from tasks.cut import BATCH_BYTES, Batch, Slice, cut_batches
from tasks.hold import quarantine_id
from tasks.parse import Defaults
from tasks.publish import Judged, Plan
from tasks.s3 import Brought

Row = dict[str, Any]

# A rule of the contract is what every reader and `verify` rely on: nobody can vouch for a row that breaks it.
_BINDING = ("contract", "storage/", "tasks/")


def choose_open(lake: Lake, ids: Sequence[str] = (), rule: str | None = None) -> list[Row]:
    """Open findings of some quarantine ids, or of one rule, or all; every finding of a document that is chosen.

    Raises:
        UsageError: an id that holds nothing open, or a rule that nothing is held by.
    """
    rows = ledger.open_findings(lake)
    held = {row["quarantine_id"] for row in rows}
    if unknown := sorted(set(ids) - held):
        raise UsageError(f"not in quarantine: {', '.join(unknown)}", "stenolake quarantine list")
    wanted = set(ids) or held
    if rule is not None:
        by_rule = {row["quarantine_id"] for row in rows if row["rule_id"] == rule}
        if not by_rule:
            rules = ", ".join(sorted({row["rule_id"] for row in rows})) or "none: the quarantine is empty"
            raise UsageError(f"nothing is held by rule {rule}", f"rules that hold something: {rules}")
        wanted &= by_rule
    return [row for row in rows if row["quarantine_id"] in wanted]


def is_acceptable(row: Row) -> bool:
    """Whether a person may vouch for a finding: it is a rule's of the suites, and none that every reader relies on."""
    rule = BY_ID.get(row["rule_id"])
    return rule is not None and not rule.origin.startswith(_BINDING)


def is_past(row: Row) -> bool:
    """Whether a finding is of a rule that the suites had once and have no more."""
    return row["rule_id"] not in BY_ID and row["rule_id"].partition(".")[0] in TABLES


def require_acceptable(rows: Sequence[Row]) -> None:
    """Raise unless a person may vouch for every finding.

    Raises:
        UsageError: a finding of a rule that readers and `verify` rely on, of one that is no rule any more, or of a
            document that could not be parsed.
    """
    for row in rows:
        if is_past(row):
            raise UsageError(
                f"{row['quarantine_id']} cannot be accepted: {row['rule_id']} is no rule any more",
                f"stenolake quarantine retry {row['quarantine_id']} publishes it if nothing else holds it",
            )
        if not is_acceptable(row):
            raise UsageError(
                f"{row['quarantine_id']} cannot be accepted: it breaks {row['rule_id']}, which every table relies on",
                f"{row['reason']}; another try helps where the parser has changed",
            )


def group_by_defaults(lake: Lake, rows: Sequence[Row], run: Run) -> list[tuple[Defaults, list[Row]]]:
    """Findings with what was said on the command line of the run that held them: source, language and date."""
    said = {row["run_id"]: json.loads(row["parameters"]) for row in ledger.read(lake, "runs").to_pylist()}
    groups: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for row in rows:
        parameters = said.get(row["run_id"], {})
        groups[tuple(parameters.get(name) for name in ("source", "language", "date"))].append(row)
    return [
        (Defaults(run.run_id, run.started_at, source, language, dt.date.fromisoformat(date) if date else None), group)
        for (source, language, date), group in groups.items()
    ]


def find_dumps(lake: Lake, rows: Sequence[Row], raw: RawStore) -> list[Dump]:
    """The dumps that findings are of, as the ledger knows them; one that no text was had from is looked at afresh."""
    records = {row["dump_sha256"]: row for row in ledger.read(lake, "inputs").to_pylist()}
    dumps = {}
    for row in rows:
        sha256 = row["dump_sha256"]
        if row["parser"] is None:
            headers = records[sha256]["http_headers"]
            dumps[sha256] = _acquire_again(lake, raw, row, charset_in(headers and json.loads(headers)))
        elif sha256 not in dumps:
            known = {name: records[sha256][name] for name in Input.__dataclass_fields__}
            for name in ("derivation", "http_headers"):
                known[name] = known[name] and json.loads(known[name])
            dumps[sha256] = Dump(Input(**known), str(row["parser"]).partition("/")[0])
    return list(dumps.values())


def _acquire_again(lake: Lake, raw: RawStore, row: Row, charset: str) -> Dump:
    make_folder(raw.staging)
    name = unquote(str(row["uri"]).rpartition("/")[2])
    with tempfile.NamedTemporaryFile(dir=raw.staging, prefix="again-") as spool:
        for chunk in lake.raw.chunks(row["dump_sha256"]):
            spool.write(chunk)
        spool.flush()
        # a container comes last, after its members
        brought = Brought(Path(spool.name), row["uri"], name)
        *_, dump = acquire(brought, raw, charsets={row["dump_sha256"]: charset})
    return dump


def cut_held(rows: Sequence[Row], dumps: Sequence[Dump], raw: RawStore, folder: Path) -> Iterator[Batch]:
    """Batches of just the documents that are held back; whole dumps where nothing could be told of their documents."""
    by_hash = {dump.record.dump_sha256: dump for dump in dumps}
    spans: dict[str, set[tuple[int, int]]] = defaultdict(set)
    for row in rows:
        if row["parser"] is not None:
            spans[row["dump_sha256"]].add((row["byte_start"], row["byte_end"]))
    index, size = 0, 0
    texts: list[bytes] = []
    slices: list[Slice] = []
    for dump, start, text in (
        (by_hash[sha256], start, text)
        for sha256 in sorted(spans)
        for start, text in _read_spans(raw, str(by_hash[sha256].record.rendition_sha256), sorted(spans[sha256]))
    ):
        slices.append(Slice(dump, start, len(text)))
        texts.append(text)
        size += len(text)
        if size >= BATCH_BYTES:
            yield _close(index, texts, slices, folder)
            index, texts, slices, size = index + 1, [], [], 0
    if slices:
        yield _close(index, texts, slices, folder)
    whole = {row["dump_sha256"] for row in rows if row["parser"] is None}
    yield from cut_batches([by_hash[sha256] for sha256 in sorted(whole)], raw, folder / "whole")


def _read_spans(raw: RawStore, sha256: str, spans: Sequence[tuple[int, int]]) -> Iterator[tuple[int, bytes]]:
    """Start and bytes of ascending spans of an object, which is read once."""
    chunks, held, at = raw.chunks(sha256), b"", 0
    for start, end in spans:
        while at + len(held) < end and (chunk := next(chunks, b"")):
            drop = min(max(0, start - at), len(held))  # what lies ahead of the span is not kept
            held, at = held[drop:] + chunk, at + drop
        yield start, held[start - at : end - at]


def _close(index: int, texts: Sequence[bytes], slices: Sequence[Slice], folder: Path) -> Batch:
    path = folder / f"held-{index:05d}.txt"
    with storing(path):
        make_folder(folder)
        path.write_bytes(b"".join(texts))
    return Batch(index, path, tuple(slices))


def find_releases(
    before: Sequence[Mapping[str, Any]],
    plan: Plan,
    judged: Sequence[Judged],
    dumps: Sequence[Dump],
    findings: Sequence[Finding],
    way: str,
    reason: str | None,
) -> list[Release]:
    """Which open findings end with a run.

    Args:
        before: what was open before the run.
        plan: what the run publishes.
        judged: its fragments.
        dumps: its dumps.
        findings: what it holds back.
        way: `retry`, `accept` or `newer`.
        reason: what the person said who accepted.

    Returns:
        A release for each finding of a place whose document passes now, of a document that is published from another
        place, of a dump that can be read now, and of a rule that what is held back by others breaks no more.
    """
    if not before:
        return []
    passed = passed_ids(judged)
    published = {one for version in plan.versions for one in (version.document_id, version.own_id)}
    readable = {dump.record.dump_sha256 for dump in dumps if dump.format is not None}
    told = {(one.quarantine_id, one.rule_id) for one in findings}
    again = {held_as for held_as, _ in told}
    releases = []
    for row in before:
        held_as, document_id = row["quarantine_id"], row["document_id"]
        if held_as in passed and row["parser"] is not None:
            releases.append(Release(held_as, row["rule_id"], way, reason, passed[held_as]))
        elif row["parser"] is None and row["dump_sha256"] in readable:
            releases.append(Release(held_as, row["rule_id"], way, reason, None))
        elif document_id is not None and document_id in published:
            releases.append(Release(held_as, row["rule_id"], "newer", None, document_id))
        elif held_as in again and (held_as, row["rule_id"]) not in told:
            releases.append(Release(held_as, row["rule_id"], "newer", None, None))
    return releases


def passed_ids(judged: Sequence[Judged]) -> dict[str, str]:
    """Quarantine id that a document would have -> its document id, for all that are not held back."""
    found = {}
    for one in judged:
        rows = one.fragment.read("documents").select(["document_id", "rendition_sha256", "byte_start"])
        for document_id, rendition, start in zip(*(column.to_pylist() for column in rows.columns), strict=True):
            if document_id not in one.held:
                found[quarantine_id(rendition, start)] = document_id
    return found
