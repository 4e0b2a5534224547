"""The reprocess flow: the tables derived anew from the raw store by the present parser, without the network."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from flows import environment

environment.quiet()  # before Prefect reads its settings

from prefect import flow, get_run_logger, task  # noqa: E402
from prefect.client.schemas.objects import State  # noqa: E402
from prefect.runtime import flow_run  # noqa: E402

from flows import steps  # noqa: E402
from flows.asked import require_sense  # noqa: E402
from flows.ingest import judge_batches, stage_all, unseen  # noqa: E402
from flows.notify import notify_crashed  # noqa: E402
from flows.outcome import finish, reconcile, refusable  # noqa: E402
from flows.session import Session, session  # noqa: E402
from flows.summary import summarise  # noqa: E402
from storage import ledger  # noqa: E402
from storage.lake import Lake  # noqa: E402
from tasks.acquire import Dump, derive_again  # noqa: E402
from tasks.addresses import keep_ids  # noqa: E402
from tasks.compare import count_losses, drop_unchanged, find_gone, require_few_losses  # noqa: E402
from tasks.cut import cut_batches  # noqa: E402
from tasks.hold import Held, count_warnings, find_unreadable  # noqa: E402
from tasks.parse import Defaults  # noqa: E402
from tasks.publish import Judged, Plan, plan_publication  # noqa: E402
from tasks.rebuild import choose_inputs, dump_of, retrieved_at  # noqa: E402
from tasks.release import find_releases  # noqa: E402

Known = list[tuple[Dump, Defaults, dt.datetime]]


@flow(name="reprocess", persist_result=False, retries=0, on_crashed=[notify_crashed])
@refusable
def reprocess(
    lake: str = environment.LAKE,
    source: str | None = None,
    since: dt.date | None = None,
    wait_seconds: float = 0,
    accept_loss: str | None = None,
) -> State:
    """Derive the tables anew from the raw store, with the present parser; documents that come out as they are stay.

    Args:
        lake: folder of the lake.
        source: only dumps that hold documents of this source.
        since: only dumps retrieved on that day, in UTC, or later.
        wait_seconds: how long to wait for a run that holds the lake.
        accept_loss: why it is right that documents or turns get lost.
    """
    require_sense(source=source, accept_loss=accept_loss, wait_seconds=wait_seconds)
    target = Lake.open(Path(lake))
    parameters: dict[str, object] = {
        "source": source, "since": since and since.isoformat(), "accept_loss": accept_loss,
    }  # fmt: skip
    run_id = flow_run.id or str(uuid.uuid4())
    with session("reprocess", run_id, target.root, parameters, wait_seconds=wait_seconds) as at_work:
        reconcile(at_work.lake)
        known = choose(at_work, source, since)
        held = derive_all(at_work, known)
        judged = keep_ids(at_work.lake, [one.judged for one in held], times_of(known), at_work.run.started_at)
        judge_losses(at_work, known, judged, accept_loss)
        publish(at_work, known, held, judged)
    return finish(at_work.run)


def choose(at_work: Session, source: str | None, since: dt.date | None) -> Known:
    """The dumps that are to be read again, in order of hashes, each with what was said of it and when it came.

    Markup is derived by the present derivation; a rendition that is new is an input of this run.
    """
    known = []
    for row in choose_inputs(at_work.lake, source, since):
        before, told = dump_of(at_work.lake, row)
        dump = derive_again(before, at_work.raw)
        if dump.record.derivation != before.record.derivation:
            at_work.run.inputs.append(dump.record)
        known.append((dump, told, retrieved_at(row)))
    return known


def times_of(known: Known) -> dict[str, list[dt.datetime]]:
    """When each dump was retrieved."""
    return {dump.record.dump_sha256: [at] for dump, _, at in known}


def judge_losses(at_work: Session, known: Known, judged: Sequence[Judged], reason: str | None) -> None:
    """Refuse a parser that loses documents or turns, unless there is a reason."""
    losses = count_losses(at_work.lake, judged, set(times_of(known)))
    at_work.run.counts["lost"] = {what: lost for what, (lost, _) in losses.items()}
    require_few_losses(losses, reason)


def derive_all(at_work: Session, known: Known) -> list[Held]:
    """Parse and validate every dump again, those taken in with the same options together."""
    run, held, accepted = at_work.run, list[Held](), ledger.accepted_findings(at_work.lake)
    options = sorted({(one.source or "", one.language or "", str(one.date or "")) for _, one, _ in known})
    for number, option in enumerate(options):
        chosen = [(d, o) for d, o, _ in known if (o.source or "", o.language or "", str(o.date or "")) == option]
        told = chosen[0][1]
        defaults = Defaults(run.run_id, run.started_at, told.source, told.language, told.date)
        dumps = [dump for dump, _ in chosen]
        batches = cut_batches(dumps, at_work.raw, at_work.folder / f"options-{number}")
        total = sum(dump.record.bytes for dump in dumps)
        held += judge_batches(at_work, batches, total, defaults, accepted)
    return held


@task(name="compare", **steps.OPTIONS)
def compare(
    lake: Lake, judged: Sequence[Judged], known: Known, started_at: dt.datetime
) -> tuple[Plan, dict[str, list[str]]]:
    """Find out which documents come out otherwise than they stand."""
    times = times_of(known)
    plan = plan_publication(lake, judged, times, started_at, anew=True)
    gone = find_gone(lake, plan, judged, set(times))
    changed = drop_unchanged(lake, plan, judged) | ({"removed": gone} if gone else {})
    get_run_logger().info("%d documents come out otherwise, %d are gone", plan.published, len(gone))
    return plan, changed


def publish(at_work: Session, known: Known, held: Sequence[Held], judged: Sequence[Judged]) -> None:
    """Replace the partitions that change, and say what changed."""
    run, lake = at_work.run, at_work.lake
    dumps = [dump for dump, _, _ in known]
    findings = [*find_unreadable(dumps), *(finding for one in held for finding in one.findings)]
    plan, changed = compare(lake, judged, known, run.started_at)
    run.counts |= summarise(plan, judged, dumps, findings, count_warnings(held))
    run.counts["changed"] = changed
    run.status = "completed_with_quarantine" if findings else "completed"
    before = ledger.open_findings(lake)
    run.findings += unseen(before, findings)
    run.releases += find_releases(before, plan, judged, dumps, findings, "retry", None)
    run.versions += plan.versions
    steps.publish(at_work, stage_all(at_work, plan, judged))


def count_changes(counts: dict[str, Any]) -> str:
    """What changed as one line: `3 documents, 2 turns, 1 removed`."""
    return ", ".join(f"{len(ids)} {what}" for what, ids in counts["changed"].items() if ids) or "nothing"
