"""What the flow UI shows of a visit: what was asked, what came, and how complete each day is."""

from __future__ import annotations

from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows import telling
from flows.artifacts import STORY_ROWS, escape
from storage.records import Coverage, Run

COVERAGE_ROWS = 400

_WORDS = {
    "requests": "requests", "lists": "lists read", "due": "pages due", "stored": "pages new or changed",
    "unchanged": "pages unchanged", "missing": "pages missing", "gone": "pages that are gone",
    "failed": "pages that failed", "refused": "pages refused", "withdrawn": "documents withdrawn",
    "links_refused": "links on lists that the profile does not admit",
}  # fmt: skip


def tell(run: Run) -> None:
    """Attach the story of the visit and the coverage by day to the flow run."""
    if "fetch" not in run.counts:
        return
    telling.tell(create_markdown_artifact, _story(run), key="fetch-story", description=_headline(run))
    if run.coverage:
        rows = [
            {
                "day": str(row.day or "undated"), "whole": "yes" if row.is_whole else "no", "listed": row.listed,
                "fetched": row.fetched, "published": row.published, "quarantined": row.quarantined,
                "missing": row.missing, "waiting": row.waiting, "gone": row.gone,
            }
            for row in [*_holes(run), *(row for row in run.coverage if row.is_whole)][:COVERAGE_ROWS]
        ]  # fmt: skip
        about = "Each day, those with a hole first"
        telling.tell(create_table_artifact, rows, key="fetch-coverage", description=about)


def _holes(run: Run) -> list[Coverage]:
    return [row for row in run.coverage if not row.is_whole]


def _headline(run: Run) -> str:
    counts = _counts(run)
    return f"{counts['requests']} requests, {counts['stored']} pages new or changed"


def _counts(run: Run) -> dict[str, int | str]:
    counts = run.counts["fetch"]
    assert isinstance(counts, dict)
    return counts


def _story(run: Run) -> str:
    counts, holes = _counts(run), _holes(run)
    lines = [f"# {_headline(run)}", ""]
    if reason := counts.get("stopped") or counts.get("doubt"):
        lines += [f"**{escape(reason)}**", ""]
    lines += ["| what | how many |", "|---|---:|"]
    lines += [f"| {word} | {counts[name]:,} |" for name, word in _WORDS.items() if counts.get(name)]
    if run.coverage:
        lines += [
            "",
            f"{len(run.coverage) - len(holes)} of {len(run.coverage)} days that were looked at are whole.",
            "",
        ]
    if holes:
        lines += ["## Days with a hole, which a later run looks at again", "", "| day | why |", "|---|---|"]
        lines += [f"| {row.day or 'undated'} | {_why(row)} |" for row in holes[:STORY_ROWS]]
        lines += [f"| … | {len(holes) - STORY_ROWS} more, all in `_lineage/coverage` |"] * (len(holes) > STORY_ROWS)
        lines.append("")
    trouble = [one for one in run.fetches if one.outcome in ("missing", "gone", "failed", "blocked", "refused")]
    if trouble:
        lines += ["## Not to be had", "", "| address | outcome | why |", "|---|---|---|"]
        for one in trouble[:STORY_ROWS]:
            lines.append(f"| {escape(one.asked)} | {one.outcome} | {escape(one.reason or '')} |")
        if len(trouble) > STORY_ROWS:
            lines.append(f"| … | | {len(trouble) - STORY_ROWS} more, all in `_lineage/fetches` |")
    return "\n".join(lines)


def _why(row: Coverage) -> str:
    parts = [
        f"{count} {word}" for count, word in ((row.missing, "missing"), (row.waiting, "not asked for yet")) if count
    ]
    return ", ".join(parts) or "no list shows where the day ends"
