"""What came in and what became of it, as the plain counts that the ledger, the UI and `--json` share."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from storage.records import Finding
from tasks.acquire import Dump
from tasks.publish import Judged, Plan, count_rows


def summarise(
    plan: Plan,
    judged: Sequence[Judged],
    dumps: Sequence[Dump],
    findings: Sequence[Finding],
    warnings: Mapping[str, int],
) -> dict[str, object]:
    """Counts of a run.

    A dump that cannot be parsed counts as one document read and quarantined, so that read is always the sum of
    published, unchanged and quarantined.
    """
    quarantined = len({finding.quarantine_id for finding in findings})
    return {
        "dumps": len(dumps),
        "bytes": sum(dump.record.bytes for dump in dumps),
        "documents": {
            "read": plan.published + plan.unchanged + quarantined,
            "published": plan.published,
            "unchanged": plan.unchanged,
            "quarantined": quarantined,
        },
        "rows": count_rows(plan, judged),
        "rules_broken": dict(sorted(Counter(finding.rule_id for finding in findings).items())),
        "warnings": dict(sorted(warnings.items())),
        "versions": dict(sorted(Counter(version.change for version in plan.versions).items())),
        "sample_id": _sample(plan),
    }


def _sample(plan: Plan) -> str | None:
    """A document that was published, for the hint at the end: the last one."""
    for partition in reversed(plan.partitions()):
        for ids in plan.added.get(partition, {}).values():
            return ids[-1]
    return None
