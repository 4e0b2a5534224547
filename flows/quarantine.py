"""`stenolake quarantine`: what is held back and why, the bytes at fault, and the two ways out that a person takes."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

from flows.asked import require_rules
from flows.shown import command, plain, tell, tell_json
from storage import ledger
from storage.errors import DamageError, UsageError
from storage.lake import Lake

AROUND_BYTES = 600  # shown before and after the block at fault
FAULT_BYTES = 2000  # shown of it

Answer = dict[str, Any]


def list_held(lake: Lake) -> list[Answer]:
    """What is in quarantine, one entry a document or dump, oldest first, with the rules that hold it."""
    held: dict[str, Answer] = {}
    for row in ledger.open_findings(lake):
        entry = held.setdefault(
            row["quarantine_id"],
            {
                "quarantine_id": row["quarantine_id"],
                "document_id": row["document_id"],
                "title": row["title"],
                "rules": [],
                "uri": row["uri"],
                "held_at": row["held_at"],
            },
        )
        entry["rules"].append(row["rule_id"])
    return list(held.values())


def show_held(lake: Lake, quarantine_id: str) -> Answer:
    """What is known of one entry: its open findings, each with the bytes at fault and those around them.

    Raises:
        UsageError: nothing of that id was ever held, or it was let go.
    """
    findings = [row for row in ledger.open_findings(lake) if row["quarantine_id"] == quarantine_id]
    if not findings:
        past = [row for row in ledger.read(lake, "releases").to_pylist() if row["quarantine_id"] == quarantine_id]
        if past:
            last = past[-1]
            raise UsageError(
                f"{quarantine_id} is not held any more: {last['way']} on {last['released_at']:%Y-%m-%d %H:%M} UTC",
                f"stenolake trace {last['document_id'] or last['run_id']}",
            )
        raise UsageError(f"not in quarantine: {quarantine_id}", "stenolake quarantine list")
    return {"quarantine_id": quarantine_id, "findings": [{**row, **mark_fault(lake, row)} for row in findings]}


def mark_fault(lake: Lake, row: Answer) -> Answer:
    """The text before, at and after the block at fault; where the whole document is, its beginning, and no mark."""
    start, end = row["byte_start"], row["byte_end"]
    fault_start, fault_end = row["fault_start"], row["fault_end"]
    if row["rendition_sha256"] is None:
        return {"before": "", "at_fault": "", "after": ""}
    if fault_start is None:
        fault_start = fault_end = start
    edges = (
        max(start, fault_start - AROUND_BYTES),
        fault_start,
        min(fault_end, fault_start + FAULT_BYTES),
        fault_end,
        min(end, fault_end + (AROUND_BYTES if fault_end > fault_start else FAULT_BYTES)),
    )
    try:
        text = lake.raw.read(row["rendition_sha256"], edges[0], edges[4])
    except DamageError as error:
        return {"before": "", "at_fault": f"[{error.message}]", "after": ""}
    parts = [
        text[a - edges[0] : b - edges[0]].decode(errors="ignore")  # a cut within a character drops it
        for a, b in ((edges[0], edges[1]), (edges[1], edges[2]), (edges[3], edges[4]))
    ]
    if edges[2] < edges[3]:
        parts[1] += f" … [{edges[3] - edges[2]} bytes more]"
    return dict(zip(("before", "at_fault", "after"), parts, strict=True))


def run_list(lake: Path, *, as_json: bool) -> int:
    """Print what is in quarantine. Returns 0."""
    held = list_held(Lake.open(lake))
    rules = dict(sorted(Counter(rule for entry in held for rule in entry["rules"]).items()))
    if as_json:
        tell_json({"count": len(held), "rules": rules, "held": held})
        return 0
    for entry in held:
        title = plain(entry["title"] or entry["uri"])[:80]
        tell(f"{entry['quarantine_id']}  {', '.join(entry['rules'])}  {title}")
    tell(f"{len(held)} in quarantine" + "".join(f"\n  {count:>6}  {rule}" for rule, count in rules.items()))
    if held:
        tell("next       " + command(f"quarantine show {held[0]['quarantine_id']}", lake))
    return 0


def run_show(lake: Path, quarantine_id: str, *, as_json: bool) -> int:
    """Print one entry of the quarantine with the block at fault marked by `>`. Returns 0."""
    from tasks.release import is_acceptable

    answer = show_held(Lake.open(lake), quarantine_id)
    if as_json:
        tell_json(answer)
        return 0
    for row in answer["findings"]:
        tell(f"{quarantine_id}  {plain(row['title'] or '')}")
        for name in ("rule_id", "observed", "reason", "parser", "uri", "dump_sha256", "held_at", "document_id"):
            if row[name] is not None:
                tell(f"  {name:<12} {plain(row[name])}")
        of = row["rendition_sha256"] or row["dump_sha256"]  # what could not be read as text has no rendition
        tell(f"  {'bytes':<12} {row['byte_start']} to {row['byte_end']} of {of}")
        for mark, part in (("  |", "before"), ("> |", "at_fault"), ("  |", "after")):
            for line in row[part].splitlines():
                if line.strip():
                    tell(f"{mark} {plain(line)}")
        tell()
    tell("next       " + command(f"quarantine retry {quarantine_id}", lake) + "     after a fix of the parser")
    if all(map(is_acceptable, answer["findings"])):
        accept = command(f'quarantine accept {quarantine_id} --reason "…"', lake)
        tell(f"           {accept}     if it is right as it stands")
    return 0


def run_release(lake: Path, ids: list[str], rule: str | None, reason: str | None, *, as_json: bool) -> int:
    """Try again, or accept, and say what came of it. Returns 0."""
    opened = Lake.open(lake)
    started = time.monotonic()
    if reason is None and not ids and rule is None and not ledger.open_findings(opened):
        tell_json({"status": "completed", "still_held": 0}) if as_json else tell("the quarantine is empty")
        return 0
    require_rules()  # before they are imported
    from flows import release

    counts = release.run_release(lake, ids, rule, reason)
    still = len(list_held(opened))
    answer = {**counts, "still_held": still, "seconds": round(time.monotonic() - started, 2)}
    if as_json:
        tell_json(answer)
        return 0
    documents = answer["documents"]
    tell("documents  " + "  ".join(f"{count} {what}" for what, count in documents.items()))
    tell(f"{still} in quarantine; run {answer['run_id']}, {answer['seconds']} s")
    return 0
