"""What is held back: verdicts of the suites on a fragment, turned into findings that name document, bytes and rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from storage.records import Finding, Verdict
from storage.schemas import TABLES
from tasks.acquire import Dump
from tasks.parse import Fragment
from tasks.publish import Judged
from tasks.validate import judge


@dataclass(frozen=True, slots=True)
class Held:
    """A fragment after the suites: its verdicts, and what they hold back."""

    judged: Judged
    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def judge_fragment(fragment: Fragment, uris: Mapping[str, str], today: dt.date) -> Held:
    """Run the suites over one fragment.

    Args:
        fragment: rows of one batch.
        uris: dump hash -> where the dump came from.
        today: the day that dates are judged by.
    """
    tables = {name: fragment.read(name) for name in TABLES}
    judgement = judge(tables, today)
    columns = ["document_id", "title", "dump_sha256", "rendition_sha256", "byte_start", "byte_end", "parser"]
    documents = {row["document_id"]: row for row in tables["documents"].select(columns).to_pylist()}
    findings: dict[str, list[Finding]] = {"critical": [], "warning": []}
    for broken in judgement.broken:
        row = documents[broken.document_id]
        findings[broken.severity].append(
            Finding(
                quarantine_id=quarantine_id(row["rendition_sha256"], row["byte_start"]),
                rule_id=broken.rule_id,
                observed=broken.observed,
                reason=broken.reason,
                uri=uris[row["dump_sha256"]],
                **row,
            )
        )
    held = frozenset(finding.document_id for finding in findings["critical"] if finding.document_id)
    return Held(
        Judged(fragment, held),
        tuple(judgement.verdicts),
        (*fragment.findings, *findings["critical"]),
        tuple(findings["warning"]),
    )


def quarantine_id(rendition_sha256: str, byte_start: int) -> str:
    """Id of what is held back: the place of the document in its rendition."""
    return f"{rendition_sha256[:16]}-{byte_start}"


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
