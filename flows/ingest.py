"""The ingest flow: a dump in, a proven lake out."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from flows import environment

environment.quiet()  # before Prefect reads its settings

from prefect import flow  # noqa: E402
from prefect.client.schemas.objects import State  # noqa: E402
from prefect.runtime import flow_run  # noqa: E402

from flows import artifacts, steps  # noqa: E402
from flows.asked import require_sense  # noqa: E402
from flows.notify import notify_crashed  # noqa: E402
from flows.outcome import finish, reconcile, refusable  # noqa: E402
from flows.progress import report  # noqa: E402
from flows.session import Session, session  # noqa: E402
from flows.summary import summarise  # noqa: E402
from storage import ledger  # noqa: E402
from storage.commit import Move  # noqa: E402
from storage.records import Finding  # noqa: E402
from storage.space import check_space  # noqa: E402
from tasks import envelope, recall  # noqa: E402
from tasks.acquire import Dump, find_inputs, retrievals_of, sum_sizes  # noqa: E402
from tasks.addresses import keep_ids  # noqa: E402
from tasks.cut import Batch, cut_batches  # noqa: E402
from tasks.hold import Held, count_warnings, find_unreadable  # noqa: E402
from tasks.parse import Defaults  # noqa: E402
from tasks.publish import Judged, Plan  # noqa: E402
from tasks.release import find_releases  # noqa: E402
from tasks.s3 import Stored  # noqa: E402
from tasks.stage import Change, find_changes  # noqa: E402
from tasks.validate import merge_verdicts  # noqa: E402


def name_run() -> str:
    """What the run reads, for the list of runs in the UI: `kremlin-2023.txt`, `drop and 3 more`."""
    inputs = flow_run.parameters.get("inputs") or ["nothing"]
    more = f" and {len(inputs) - 1} more" if len(inputs) > 1 else ""
    return f"ingest {Path(inputs[0]).name or inputs[0]}{more}"


@flow(name="ingest", flow_run_name=name_run, persist_result=False, retries=0, on_crashed=[notify_crashed])
@refusable
def ingest(
    inputs: list[str],
    lake: str = environment.LAKE,
    source: str | None = None,
    format: str | None = None,
    language: str | None = None,
    date: dt.date | None = None,
    dry_run: bool = False,
    wait_seconds: float = 0,
    accept_envelope: str | None = None,
    workers: int | None = None,
) -> State:
    """Read transcript dumps into the tables of a lake.

    Args:
        inputs: files, folders, globs, `s3://` addresses, or `-` for standard input.
        lake: folder of the lake.
        source: publisher's slug, for documents that do not tell their own.
        format: name of a format, to use whatever the text looks like.
        language: BCP 47 tag, for documents that do not tell their own.
        date: event date, for documents that do not tell their own.
        dry_run: read, parse and validate, but write nothing.
        wait_seconds: how long to wait for a run that holds the lake.
        accept_envelope: why a dump that differs from what is usual is right all the same.
        workers: how many processes parse and validate; as many as there are cores when not said, 1 for none but this.
    """
    parameters: dict[str, object] = {
        "inputs": inputs, "source": source, "format": format, "language": language, "date": date and date.isoformat(),
        "accept_envelope": accept_envelope,
    }  # fmt: skip
    require_sense(
        inputs=inputs, source=source, format_name=format, language=language, accept_envelope=accept_envelope,
        wait_seconds=wait_seconds, workers=workers,
    )  # fmt: skip
    files = find_inputs(inputs, Path(lake))
    run_id = flow_run.id or str(uuid.uuid4())
    frame = session(
        "ingest", run_id, Path(lake), parameters, dry_run=dry_run, wait_seconds=wait_seconds, workers=workers
    )
    with frame as at_work:
        reconcile(at_work.lake)
        dumps = take_in(at_work, files, format)
        defaults = Defaults(at_work.run.run_id, at_work.run.started_at, source, language, date, format)
        held = judge_all(at_work, dumps, defaults)
        judge_whole(at_work, dumps, held, accept_envelope)
        publish(at_work, dumps, held)
    return finish(at_work.run)


def take_in(at_work: Session, files: Sequence[Path | Stored], format_name: str | None) -> list[Dump]:
    """Keep the files in the raw store and note them as inputs of the run."""
    total = len(files)
    if not at_work.is_dry:
        check_space(at_work.lake, sum_sizes(files))
    before = {} if at_work.is_dry else recall.remember(at_work.lake, program_of(at_work, format_name))
    charsets = recall.told_charsets(at_work.lake)
    dumps = steps.acquire(
        files, total, at_work.raw, format_name, before, charsets, lambda done: report("acquire", done, total)
    )
    at_work.run.inputs += [record for dump in dumps for record in (dump.record, *dump.again)]
    return dumps


def program_of(at_work: Session, format_name: str | None) -> str:
    """Digest of what reads dumps in this run."""
    return recall.digest_program(at_work.run.packages, format_name)


def judge_all(at_work: Session, dumps: Sequence[Dump], defaults: Defaults) -> list[Held]:
    """Recall what is known of dumps; parse and validate the others batch by batch; note verdicts and findings."""
    program = program_of(at_work, defaults.format)
    known = recall.Recollection() if at_work.is_dry else steps.recall(at_work.lake, dumps, program, defaults)
    fresh = [dump for dump in dumps if dump.format and dump.record.dump_sha256 not in known.dumps]
    batches = cut_batches(fresh, at_work.raw, at_work.folder)
    accepted = ledger.accepted_findings(at_work.lake)
    held = judge_batches(at_work, batches, sum(dump.record.bytes for dump in fresh), defaults, accepted)
    at_work.run.readings.append(recall.note(fresh, held, program, defaults, known))
    return [*held, *known.held]


def judge_batches(
    at_work: Session, batches: Iterable[Batch], total: int, defaults: Defaults, accepted: frozenset[tuple[str, str]]
) -> list[Held]:
    """Parse and validate batches of `total` bytes in all."""
    run, workers, done = at_work.run, at_work.workers, 0
    held: list[Held] = []

    def judge(batch: Batch) -> tuple[Batch, list[Held]]:
        fragments = steps.parse(batch, defaults, workers)
        return batch, steps.validate(batch, fragments, run.started_at.date(), accepted, workers)

    with artifacts.progress(total) as progress:
        for batch, judged in workers.each(judge, batches, start=True):
            held += judged
            done += sum(piece.length for piece in batch.slices)
            report("parse and validate", done, total)
            progress(done)
    run.verdicts[:] = merge_verdicts([run.verdicts, *(one.verdicts for one in held)])
    return held


def judge_whole(
    at_work: Session, dumps: Sequence[Dump], held: Sequence[Held], reason: str | None, *, counted: bool = True
) -> None:
    """Refuse a dump that as a whole is not what its source usually gives, unless there is a reason.

    Pages that were fetched are not `counted`: how many there should be, their lists say, and `coverage` holds.
    """
    run = at_work.run
    measured, days = envelope.measure(held)
    if not counted:
        measured = envelope.without_counts(measured)
    hashes = [dump.record.dump_sha256 for dump in dumps]
    breaches = envelope.judge_envelopes(at_work.lake, measured, days, hashes, counted=counted)
    run.verdicts += envelope.to_verdicts(measured, breaches)
    run.counts |= {"envelope": measured, "outside_envelope": [str(breach) for breach in breaches]}
    envelope.require_usual(breaches, reason)


def publish(
    at_work: Session, dumps: Sequence[Dump], held: Sequence[Held], way: str = "newer", reason: str | None = None
) -> None:
    """Replace the partitions that change, each by one rename a file; sum up the run; let go of what passes now."""
    run, lake = at_work.run, at_work.lake
    judged = keep_ids(lake, [one.judged for one in held], retrievals_of(dumps), run.started_at)
    findings = [*find_unreadable(dumps), *(finding for one in held for finding in one.findings)]
    plan = steps.plan(lake, judged, dumps, run.started_at)
    run.counts |= summarise(plan, judged, dumps, findings, count_warnings(held))
    run.status = "completed_with_quarantine" if findings else "completed"
    before = ledger.open_findings(at_work.lake)
    run.findings += findings if at_work.is_dry else unseen(before, findings)
    if at_work.is_dry:
        return
    run.releases += find_releases(before, plan, judged, dumps, findings, way, reason)
    run.versions += plan.versions
    run.sightings += plan.sightings
    steps.publish(at_work, stage_all(at_work, plan, judged))


def stage_all(at_work: Session, plan: Plan, judged: Sequence[Judged]) -> list[Move]:
    """Make the new files of every partition that changes, and of the speakers in them."""
    changes, staged = find_changes(plan, judged), list[Move]()
    threads = at_work.workers.count if len(changes) == 1 else 1  # where there are more, each worker makes one

    def stage(change: Change) -> list[Move]:
        return steps.stage(change, at_work.lake, at_work.folder, at_work.workers, threads)

    at_work.workers.renew()
    for number, moves in enumerate(at_work.workers.each(stage, changes)):
        staged += moves
        report("publish", number + 1, len(changes))
    return staged + steps.fold(at_work.lake, plan, staged, at_work.folder)


def unseen(before: Sequence[Mapping[str, object]], findings: Sequence[Finding]) -> list[Finding]:
    """Findings that the quarantine does not hold yet: the same bad file again adds nothing."""
    known = {(row["quarantine_id"], row["rule_id"]) for row in before}
    return [finding for finding in findings if (finding.quarantine_id, finding.rule_id) not in known]
