"""What the flow UI shows of a run: a story a person reads in a minute, the checks, the quarantine, and how far it is.

Everything that comes out of a dump is hostile text here: it is escaped before it goes into Markdown.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator
from typing import Any

from prefect.artifacts import (
    create_markdown_artifact,
    create_progress_artifact,
    create_table_artifact,
    update_progress_artifact,
)

from flows.shown import plain
from flows.telling import tell
from storage.records import Run

PROGRESS_BYTES = 64 << 20  # runs over more than this show a progress artifact; shorter ones end before one would help
STORY_ROWS = 20  # findings and inputs named in the story
QUARANTINE_ROWS = 200  # rows of the table in the UI; the whole quarantine is in the lake
CELL_CHARS = 160

_MARKDOWN_RE = re.compile(r"([\\`*_{}\[\]<>()#+!|~$-])")


def escape(text: object) -> str:
    """Text that Markdown shows as it is: no markup, no links, one line, shortened.

    >>> escape("<b>[a](javascript:1)|")
    '\\\\<b\\\\>\\\\[a\\\\]\\\\(javascript:1\\\\)\\\\|'
    """
    return _MARKDOWN_RE.sub(r"\\\1", shorten(text))


def shorten(text: object) -> str:
    """Text for a cell of a table, which shows it as it is: one line, no control characters, shortened."""
    line = plain(text)
    return line if len(line) <= CELL_CHARS else line[: CELL_CHARS - 1] + "…"


def state_name(run: Run) -> str:
    """Name of the final state in the UI."""
    return "CompletedWithQuarantine" if run.findings or run.status == "completed_with_quarantine" else "Completed"


def headline(run: Run) -> str:
    """The run in one line."""
    documents = _documents(run)
    parts = [f"{documents[key]} {key}" for key in ("published", "unchanged", "quarantined") if documents[key]]
    return f"{documents['read']} documents read: {', '.join(parts) or 'nothing to do'}"


def tell_story(run: Run) -> None:
    """Attach the artifacts of a finished run to its flow run."""
    tell(create_markdown_artifact, _story(run), key="ingest-story", description=headline(run))
    if run.verdicts:
        about = "Rules: rows seen, rows broken"
        tell(create_table_artifact, _checks(run), key="ingest-checks", description=about)
    if run.findings:
        tell(
            create_table_artifact, _quarantine(run), key="ingest-quarantine", description="What was held back, and why"
        )


@contextlib.contextmanager
def progress(total_bytes: int) -> Iterator[Callable[[int], None]]:
    """A progress artifact for long runs; the function that it yields takes the bytes that are done."""
    if total_bytes < PROGRESS_BYTES:
        yield lambda done: None
        return
    about = "Text parsed and validated"
    artifact: Any = tell(create_progress_artifact, 0.0, key="ingest-progress", description=about)

    def update(done: int) -> None:
        if artifact:
            tell(update_progress_artifact, artifact, progress=min(100.0, 100.0 * done / total_bytes))

    yield update


def _documents(run: Run) -> dict[str, int]:
    counts = run.counts["documents"]
    assert isinstance(counts, dict)
    return counts


def _story(run: Run) -> str:
    documents, rows = _documents(run), run.counts["rows"]
    assert isinstance(rows, dict)
    lines = [f"# {headline(run)}", "", "```mermaid", "flowchart LR"]
    lines += [
        f'  dumps["{run.counts["dumps"]} dumps"] --> read["{documents["read"]} documents"]',
        f'  read --> published["{documents["published"]} published"]',
        f'  read --> unchanged["{documents["unchanged"]} unchanged"]',
        f'  read --> quarantined["{documents["quarantined"]} in quarantine"]',
    ]
    lines += [f'  published --> {table}["{count:,} {table}"]' for table, count in rows.items()]
    lines += ["```", ""]
    partitions = sorted({output.partition for output in run.outputs if output.partition})
    if partitions:
        lines += ["Partitions written: " + ", ".join(f"`{partition}`" for partition in partitions) + ".", ""]
    if run.findings:
        lines += ["## Held back", "", "| id | rule | title | why |", "|---|---|---|---|"]
        for finding in run.findings[:STORY_ROWS]:
            title = escape(finding.title or "")
            lines.append(f"| `{finding.quarantine_id}` | `{finding.rule_id}` | {title} | {escape(finding.reason)} |")
        if len(run.findings) > STORY_ROWS:
            lines.append(f"| … | | | {len(run.findings) - STORY_ROWS} more, all in `_quarantine` |")
        lines.append("")
    warnings = run.counts.get("warnings")
    if isinstance(warnings, dict) and warnings:
        lines += ["## Worth a look (published all the same)", "", "| rule | findings |", "|---|---:|"]
        lines += [f"| `{rule}` | {count} |" for rule, count in warnings.items()]
        lines.append("")
    lines += ["## What came in", "", "| dump | bytes | read as | from |", "|---|---:|---|---|"]
    for record in run.inputs[:STORY_ROWS]:
        encoding = record.derivation.get("encoding") or "no text"
        lines.append(f"| `{record.dump_sha256[:12]}` | {record.bytes:,} | {escape(encoding)} | {escape(record.uri)} |")
    if len(run.inputs) > STORY_ROWS:
        lines.append(f"| … | | | {len(run.inputs) - STORY_ROWS} more, all in `_lineage/inputs` |")
    return "\n".join(lines)


def _checks(run: Run) -> list[dict[str, object]]:
    ordered = sorted(run.verdicts, key=lambda verdict: (verdict.passed, verdict.severity, verdict.rule_id))
    return [
        {
            "rule": verdict.rule_id,
            "severity": verdict.severity,
            "verdict": "passed" if verdict.passed else "broken",
            "rows": verdict.rows,
            "failed": verdict.failed,
        }
        for verdict in ordered
    ]


def _quarantine(run: Run) -> list[dict[str, object]]:
    return [
        {
            "id": finding.quarantine_id,
            "rule": finding.rule_id,
            "title": shorten(finding.title or ""),
            "observed": shorten(finding.observed),
            "reason": finding.reason,
            "from": shorten(finding.uri),
        }
        for finding in run.findings[:QUARANTINE_ROWS]
    ]
