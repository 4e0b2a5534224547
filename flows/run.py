"""`stenolake ingest` and `reprocess`: the flow, run in this process, told on a terminal or as JSON."""

from __future__ import annotations

import datetime as dt
import time
from pathlib import Path
from typing import Any

from flows.asked import require_sense
from flows.bar import bar
from flows.call import call_flow
from flows.shown import command, tell, tell_json

QUESTION = (
    "select speaker_id, count(*) as turns, sum(word_count)::int as words from turns "
    "where speaker_kind = 'person' group by all order by words desc limit 4"
)


def run_ingest(
    inputs: list[str],
    lake: Path,
    source: str | None,
    format_name: str | None,
    language: str | None,
    date: dt.date | None,
    *,
    dry_run: bool,
    strict: bool,
    as_json: bool,
    wait_seconds: float = 0,
    accept_envelope: str | None = None,
    workers: int | None = None,
) -> int:
    """Run the ingest flow and say what came of it. Returns the exit code."""
    from tasks.acquire import find_inputs
    from tasks.workers import default_count, prepare

    require_sense(
        inputs=inputs, source=source, format_name=format_name, language=language, accept_envelope=accept_envelope,
        wait_seconds=wait_seconds, workers=workers,
    )  # fmt: skip
    find_inputs(inputs, lake)  # a wrong path is told before a server is started
    started = time.monotonic()
    prepare(workers or default_count())
    from flows.ingest import ingest

    with bar():
        counts = call_flow(
            ingest,
            inputs=inputs,
            lake=str(lake),
            source=source,
            format=format_name,
            language=language,
            date=date,
            dry_run=dry_run,
            wait_seconds=wait_seconds,
            accept_envelope=accept_envelope,
            workers=workers,
        )
    counts["seconds"] = round(time.monotonic() - started, 2)
    if as_json:
        tell_json(counts)
    else:
        _tell(counts, lake, dry_run=dry_run)
    quarantined = counts["documents"]["quarantined"]
    return 3 if strict and quarantined else 0


def run_fetch(lake: Path, *, strict: bool, as_json: bool, **parameters: Any) -> int:
    """Run the fetch flow and say what came of it. Returns the exit code."""
    told = {name: parameters[name] for name in ("accept_envelope", "wait_seconds", "workers")}
    require_sense(**told)  # before the rules are imported
    from flows import sources
    from flows.destination import find_destination
    from flows.fetch import fetch

    profile = sources.load(parameters["source"])  # what is wrong with it is told before a server is started
    find_destination(profile, parameters["edition"], parameters["base_url"], parameters["delay_seconds"])
    started = time.monotonic()
    with bar():
        counts = call_flow(fetch, lake=str(lake), **parameters)
    counts["seconds"] = round(time.monotonic() - started, 2)
    if as_json:
        tell_json(counts)
    else:
        told = counts["fetch"]
        tell(
            "fetched    "
            + "  ".join(f"{value} {name.replace('_', ' ')}" for name, value in told.items() if isinstance(value, int))
        )
        if doubt := told.get("doubt"):
            tell(f"doubt      {doubt}")
        _tell(counts, lake, dry_run=False)
    return 3 if strict and counts["documents"]["quarantined"] else 0


def run_reprocess(lake: Path, *, as_json: bool, **parameters: Any) -> int:
    """Run the reprocess flow and say what changed. Returns 0."""
    from storage.lake import Lake

    Lake.open(lake)  # a wrong path is told before a server is started
    told = {name: parameters[name] for name in ("source", "accept_loss", "wait_seconds")}
    require_sense(**told)  # before the rules are imported
    from flows.maintain import count_changes, reprocess

    started = time.monotonic()
    with bar():
        counts = call_flow(reprocess, lake=str(lake), **parameters)
    counts["seconds"] = round(time.monotonic() - started, 2)
    if as_json:
        tell_json(counts)
        return 0
    tell(f"{counts['dumps']} dumps read again in {counts['seconds']} s; run {counts['run_id']}")
    tell("documents  " + "  ".join(f"{count} {what}" for what, count in counts["documents"].items()))
    tell(f"changed    {count_changes(counts)}")
    return 0


def _tell(counts: dict[str, Any], lake: Path, *, dry_run: bool) -> None:
    documents, rows = counts["documents"], counts["rows"]
    size = f"{counts['bytes']:,} bytes"
    tell(f"{counts['dumps']} dumps, {size}, in {counts['seconds']} s; run {counts['run_id']}")
    tell("documents  " + "  ".join(f"{count} {what}" for what, count in documents.items()))
    tell("rows       " + "  ".join(f"{count} {table}" for table, count in rows.items()))
    for title, key in (("held back ", "rules_broken"), ("warnings  ", "warnings")):
        if counts[key]:
            tell(f"{title} " + "  ".join(f"{count} {rule}" for rule, count in counts[key].items()))
    for breach in counts["outside_envelope"]:
        tell(f"unusual    {breach}")
    if dry_run:
        tell("dry run: nothing was written")
        return
    if documents["quarantined"]:
        tell("why        " + command("quarantine list", lake))
    tell("next       " + command(f'sql "{QUESTION}"', lake))
    if sample := counts.get("sample_id"):
        tell("           " + command(f"trace {sample}", lake))
    tell("           " + command("verify", lake))
    tell("           " + command("ui"))
