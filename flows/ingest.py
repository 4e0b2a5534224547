"""The ingest flow: a dump in, a proven lake out."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from pathlib import Path

from flows import environment

environment.quiet()  # before Prefect reads its settings

from prefect import flow  # noqa: E402
from prefect.client.schemas.objects import State  # noqa: E402
from prefect.runtime import flow_run  # noqa: E402
from prefect.states import Completed  # noqa: E402

from flows import artifacts, steps  # noqa: E402
from flows.progress import report  # noqa: E402
from flows.session import Session, session  # noqa: E402
from flows.summary import summarise  # noqa: E402
from storage import ledger  # noqa: E402
from storage.records import Finding  # noqa: E402
from tasks.acquire import Dump, find_inputs  # noqa: E402
from tasks.cut import cut_batches  # noqa: E402
from tasks.hold import Held, find_unreadable  # noqa: E402
from tasks.parse import Defaults  # noqa: E402
from tasks.validate import merge_verdicts  # noqa: E402


def name_run() -> str:
    """What the run reads, for the list of runs in the UI: `kremlin-2023.txt`, `drop and 3 more`."""
    inputs = flow_run.parameters.get("inputs") or ["nothing"]
    more = f" and {len(inputs) - 1} more" if len(inputs) > 1 else ""
    return f"ingest {Path(inputs[0]).name or inputs[0]}{more}"


@flow(name="ingest", flow_run_name=name_run, persist_result=False)
def ingest(
    inputs: list[str],
    lake: str = "lake",
    source: str | None = None,
    format: str | None = None,
    language: str | None = None,
    date: dt.date | None = None,
    dry_run: bool = False,
) -> State:
    """Read transcript dumps into the tables of a lake.

    Args:
        inputs: files, folders, globs, or `-` for standard input.
        lake: folder of the lake.
        source: publisher's slug, for documents that do not tell their own.
        format: name of a format, to use whatever the text looks like.
        language: BCP 47 tag, for documents that do not tell their own.
        date: event date, for documents that do not tell their own.
        dry_run: read, parse and validate, but write nothing.
    """
    parameters: dict[str, object] = {
        "inputs": inputs, "source": source, "format": format, "language": language, "date": date and date.isoformat(),
    }  # fmt: skip
    files = find_inputs(inputs, Path(lake))
    with session("ingest", flow_run.id or str(uuid.uuid4()), Path(lake), parameters, dry_run=dry_run) as at_work:
        dumps = take_in(at_work, files, format)
        held = judge_all(at_work, dumps, Defaults(at_work.run.run_id, at_work.run.started_at, source, language, date))
        publish(at_work, dumps, held)
    run = at_work.run
    artifacts.tell(run)
    result = {"run_id": run.run_id, "status": run.status, **run.counts}
    state: State = Completed(message=artifacts.headline(run), name=artifacts.state_name(run), data=result)
    return state


def take_in(at_work: Session, files: Sequence[Path], format_name: str | None) -> list[Dump]:
    """Keep the files in the raw store and note them as inputs of the run."""
    total = len(files)
    dumps = steps.acquire(files, total, at_work.raw, format_name, lambda done: report("acquire", done, total))
    at_work.run.inputs += [dump.record for dump in dumps]
    return dumps


def judge_all(at_work: Session, dumps: Sequence[Dump], defaults: Defaults) -> list[Held]:
    """Parse and validate batch by batch; note verdicts and findings."""
    run, done = at_work.run, 0
    total = sum(dump.record.bytes for dump in dumps if dump.format)
    held: list[Held] = []
    with artifacts.progress(total) as progress:
        for batch in cut_batches(dumps, at_work.raw, at_work.folder):
            fragments = steps.parse(batch, defaults)
            held += steps.validate(batch, fragments, run.started_at.date())
            done += sum(piece.length for piece in batch.slices)
            report("parse and validate", done, total)
            progress(done)
    run.verdicts += merge_verdicts([list(one.verdicts) for one in held])
    return held


def publish(at_work: Session, dumps: Sequence[Dump], held: Sequence[Held]) -> None:
    """Replace the partitions that change, each by one rename a file; sum up the run."""
    run, lake = at_work.run, at_work.lake
    judged = [one.judged for one in held]
    findings = [*find_unreadable(dumps), *(finding for one in held for finding in one.findings)]
    plan = steps.plan(lake, judged, dumps, run.started_at)
    run.counts = summarise(plan, judged, dumps, findings, [finding for one in held for finding in one.warnings])
    run.status = "completed_with_quarantine" if findings else "completed"
    run.findings += findings if at_work.is_dry else unseen(at_work, findings)
    if at_work.is_dry:
        return
    run.versions += plan.versions
    staged = []
    for number, partition in enumerate(partitions := plan.partitions()):
        staged += steps.stage(partition, lake, plan, judged, at_work.folder)
        report("publish", number + 1, len(partitions))
    run.outputs += steps.publish(lake, staged)


def unseen(at_work: Session, findings: Sequence[Finding]) -> list[Finding]:
    """Findings that the quarantine does not hold yet: the same bad file again adds nothing."""
    known = ledger.held_documents(at_work.lake)
    return [finding for finding in findings if (finding.quarantine_id, finding.rule_id) not in known]
