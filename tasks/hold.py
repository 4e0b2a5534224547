"""What is held back: verdicts of the suites on a fragment, turned into findings that name document, bytes and rule."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from expectations.rules import CRITICAL
from expectations.suites import BY_ID
from storage.records import Finding, Verdict
from storage.schemas import TABLES
from tasks.acquire import Dump
from tasks.fragment import Fragment
from tasks.publish import Judged
from tasks.validate import SAMPLE_ROWS, Broken, judge

# Column of `documents` -> kind of the block that it is read from.
_BLOCK_OF = {
    "title": "title", "summary": "summary", "place": "place", "event_date": "date", "event_time": "time",
    "sections": "sections", "published_at": "published_at", "recognised_share": "unrecognised",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """A fragment after the suites: its verdicts, and what they hold back.

    `warnings` are counted only, as there may be one a page: rule -> document -> rows of it that broke the rule.
    """

    judged: Judged
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    warnings: Mapping[str, Mapping[str, int]]


def judge_fragment(
    fragment: Fragment,
    uris: Mapping[str, str],
    today: dt.date,
    accepted: frozenset[tuple[str, str]] = frozenset(),
    sample_rows: int = SAMPLE_ROWS,
) -> Held:
    """Run the suites over one fragment.

    Args:
        fragment: rows of one batch.
        uris: dump hash -> where the dump came from.
        today: the day that dates are judged by.
        accepted: pairs of quarantine id and rule id that a person vouched for: they are told as warnings.
        sample_rows: as in `judge`.
    """
    tables = {name: fragment.read(name) for name in TABLES}
    judgement = judge({**tables, "blocks": fragment.read("blocks")}, today, fragment.twice, sample_rows)
    critical = [broken for broken in judgement.broken if broken.severity == CRITICAL]
    documents = _read_documents(tables["documents"], {broken.document_id for broken in critical})
    findings = []
    warned = [(broken.rule_id, broken.document_id) for broken in judgement.broken if broken.severity != CRITICAL]
    for broken in critical:
        finding = _tell(broken, documents[broken.document_id], uris, find_fault(fragment, tables, broken))
        if (finding.quarantine_id, finding.rule_id) in accepted:
            warned.append((broken.rule_id, broken.document_id))
        else:
            findings.append(finding)
    warnings = defaultdict[str, Counter[str]](Counter)
    for rule_id, document_id in warned:
        warnings[rule_id][document_id] += 1
    held = frozenset(finding.document_id for finding in findings if finding.document_id)
    return Held(Judged(fragment, held), tuple(judgement.verdicts), (*fragment.findings, *findings), dict(warnings))


def _tell(
    broken: Broken, document: Mapping[str, Any], uris: Mapping[str, str], fault: tuple[int, int] | tuple[None, None]
) -> Finding:
    """What is told of a row that broke a critical rule."""
    start, end = fault
    return Finding(
        quarantine_id=quarantine_id(document["rendition_sha256"], document["byte_start"]),
        rule_id=broken.rule_id,
        observed=broken.observed,
        reason=broken.reason,
        uri=uris[document["dump_sha256"]],
        fault_start=start,
        fault_end=end,
        **document,
    )


def _read_documents(documents: pa.Table, ids: Collection[str]) -> dict[str, dict[str, Any]]:
    """What a finding tells of a document, by its id."""
    columns = ["document_id", "title", "dump_sha256", "rendition_sha256", "byte_start", "byte_end", "parser"]
    wanted = pc.is_in(documents["document_id"], value_set=pa.array(ids, pa.string()))
    return {row["document_id"]: row for row in documents.select(columns).filter(wanted).to_pylist()}


def find_fault(
    fragment: Fragment, tables: Mapping[str, pa.Table], broken: Broken
) -> tuple[int, int] | tuple[None, None]:
    """Span of the block at fault: of the row that broke the rule, of its label, or of the block that a column is read
    from. None where the document as a whole is at fault.
    """
    rule = BY_ID[broken.rule_id]
    row = tables[rule.table].slice(broken.row_index, 1).select(["byte_start", "byte_end"]).to_pylist()[0]
    is_label = rule.table == "turns" and rule.columns[0].startswith("speaker_")
    if rule.table != "documents" and not is_label:
        return row["byte_start"], row["byte_end"]
    kinds = ["speaker_label"] if is_label else [_BLOCK_OF[name] for name in rule.columns if name in _BLOCK_OF]
    blocks = fragment.read("blocks")
    wanted = pc.and_(
        pc.equal(blocks["document_id"], broken.document_id), pc.is_in(blocks["kind"], pa.array(kinds, pa.string()))
    )
    for block in blocks.filter(wanted).select(["kind", "byte_start", "byte_end"]).to_pylist():
        if not is_label or block["byte_start"] == row["byte_start"]:
            return block["byte_start"], block["byte_end"]
    return None, None


def quarantine_id(rendition_sha256: str, byte_start: int) -> str:
    """Id of what is held back: the place of the document in its rendition."""
    return f"{rendition_sha256[:16]}-{byte_start}"


def count_warnings(held: Iterable[Held]) -> Counter[str]:
    """Rows that broke each rule without holding a document back."""
    counts = Counter[str]()
    for one in held:
        counts.update({rule: sum(rows.values()) for rule, rows in one.warnings.items()})
    return counts


def find_unreadable(dumps: Iterable[Dump]) -> list[Finding]:
    """A finding for each dump that cannot be parsed at all, and for each thing that a container could not give."""
    findings = []
    for dump in dumps:
        record = dump.record
        for flaw in dump.flaws:
            held = quarantine_id(record.dump_sha256, flaw.byte_start)
            findings.append(
                Finding(
                    held, None, flaw.rule, flaw.observed, flaw.reason, None, flaw.uri, record.dump_sha256,
                    record.dump_sha256 if flaw.is_text else None, flaw.byte_start, flaw.byte_end, None,
                )
            )  # fmt: skip
        if dump.problem:
            observed = f"{record.bytes} bytes, {record.derivation['evidence']}"
            held = quarantine_id(record.dump_sha256, 0)
            findings.append(
                Finding(
                    held, None, dump.problem, observed, dump.reason, None, record.uri, record.dump_sha256,
                    record.rendition_sha256, 0, record.bytes, None,
                )
            )  # fmt: skip
    return findings
