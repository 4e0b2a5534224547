"""What the flow UI shows of a visit: what was asked, what came, and how complete each day is."""

from __future__ import annotations

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows import telling
from flows.artifacts import STORY_ROWS, escape
from storage.records import Run

COVERAGE_ROWS = 400


def tell(run: Run) -> None:
    """Attach the story of the visit and the coverage by day to the flow run."""
    telling.tell(create_markdown_artifact, _story(run), key="fetch-story", description="What was asked and what came")
    if run.coverage:
        rows = [
            {
                "day": str(row.day or "undated"), "whole": "yes" if row.is_whole else "no", "listed": row.listed,
                "fetched": row.fetched, "published": row.published, "quarantined": row.quarantined,
                "missing": row.missing, "waiting": row.waiting, "gone": row.gone,
            }
            for row in run.coverage[-COVERAGE_ROWS:]
        ]  # fmt: skip
        about = "How complete each day is that was looked at"
        telling.tell(create_table_artifact, rows, key="fetch-coverage", description=about)


def _story(run: Run) -> str:
    counts = run.counts["fetch"]
    assert isinstance(counts, dict)
    whole = sum(row.is_whole for row in run.coverage)
    lines = [f"# {counts['requests']} requests, {counts['stored']} pages new or changed", ""]
    lines += ["| pages | |", "|---|---:|"]
    lines += [f"| {name} | {value} |" for name, value in counts.items() if isinstance(value, int)]
    lines += ["", f"{whole} of {len(run.coverage)} days that were looked at are whole.", ""]
    if reason := counts.get("stopped") or counts.get("doubt"):
        lines += [f"**{escape(reason)}**", ""]
    trouble = [one for one in run.fetches if one.outcome in ("missing", "gone", "failed", "blocked", "refused")]
    if trouble:
        lines += ["## Not to be had", "", "| address | outcome | why |", "|---|---|---|"]
        for one in trouble[:STORY_ROWS]:
            lines.append(f"| {escape(one.asked)} | {one.outcome} | {escape(one.reason or '')} |")
        if len(trouble) > STORY_ROWS:
            lines.append(f"| … | | {len(trouble) - STORY_ROWS} more, all in `_lineage/fetches` |")
    return "\n".join(lines)
