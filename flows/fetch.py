"""The fetch flow: what is new or changed at a source is downloaded, archived and ingested, in one run."""

from __future__ import annotations

import contextlib
import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from flows import environment

environment.quiet()  # before Prefect reads its settings

from prefect import Task, flow, get_run_logger, task  # noqa: E402
from prefect.client.schemas.objects import State  # noqa: E402
from prefect.concurrency.asyncio import ConcurrencySlotAcquisitionError  # noqa: E402
from prefect.runtime import flow_run  # noqa: E402

from flows import fetch_artifacts, sources  # noqa: E402
from flows.asked import require_sense  # noqa: E402
from flows.destination import Destination, find_destination, lock_of, set_out  # noqa: E402
from flows.ingest import judge_all, judge_whole, publish  # noqa: E402
from flows.notify import notify_crashed  # noqa: E402
from flows.outcome import finish, reconcile, refusable  # noqa: E402
from flows.progress import report  # noqa: E402
from flows.session import Session, away, session  # noqa: E402
from flows.steps import OPTIONS, shut  # noqa: E402
from flows.telling import is_heard  # noqa: E402
from storage.lock import hold  # noqa: E402
from tasks.acquire import Dump  # noqa: E402
from tasks.fetch import coverage, due, dumps  # noqa: E402
from tasks.fetch.profile import ByDate  # noqa: E402
from tasks.fetch.visit import Page, Visit  # noqa: E402
from tasks.hold import Held, find_unreadable  # noqa: E402
from tasks.parse import Defaults  # noqa: E402
from tasks.withdraw import withdraw  # noqa: E402

BATCH_PAGES = 50  # in one task run, which costs 10 ms and more, and is a line in the UI
BATCH_DAYS = 366  # whose lists one task run reads


def name_run() -> str:
    """What is fetched, for the list of runs in the UI: `fetch kremlin 2018-01-01 to 2018-01-31`."""
    told = flow_run.parameters
    days = " to ".join(str(told[name])[:10] for name in ("since", "until") if told.get(name))
    return f"fetch {Path(str(told.get('source'))).stem} {days}".strip()


@flow(name="fetch", flow_run_name=name_run, persist_result=False, retries=0, on_crashed=[notify_crashed])
@refusable
def fetch(
    source: str = "kremlin",
    since: dt.date | None = None,
    until: dt.date | None = None,
    limit: int | None = None,
    lake: str = environment.LAKE,
    base_url: str | None = None,
    edition: str | None = None,
    delay_seconds: float | None = None,
    wait_seconds: float = 0,
    accept_envelope: str | None = None,
    workers: int | None = None,
) -> State:
    """Download what is new or changed at a source, and read it into the tables of a lake.

    Args:
        source: slug of a profile, or the path of one.
        since: first day; without one, the days that pages are looked at again, and days with a hole.
        until: last day; without one, today.
        limit: pages to ask for at most.
        lake: folder of the lake.
        base_url: a mirror to ask in place of the publisher.
        edition: edition of the source; without one, the profile's default.
        delay_seconds: seconds between two requests; less than the profile says only on a mirror on this machine.
        wait_seconds: how long to wait for a run that holds the lake or the host.
        accept_envelope: why what differs from what is usual is right all the same.
        workers: how many processes parse and validate; as many as there are cores when not said.
    """
    require_sense(accept_envelope=accept_envelope, wait_seconds=wait_seconds, workers=workers)
    goal = find_destination(sources.load(source), edition, base_url, delay_seconds)
    parameters: dict[str, object] = {
        "source": goal.profile.slug, "profile": source, "edition": goal.name, "language": goal.edition.language,
        "since": since and since.isoformat(), "until": until and until.isoformat(), "limit": limit,
        "base_url": base_url, "accept_envelope": accept_envelope,
    }  # fmt: skip
    run_id = str(flow_run.id or uuid.uuid4())
    with session("fetch", run_id, Path(lake), parameters, wait_seconds=wait_seconds, workers=workers) as at_work:
        reconcile(at_work.lake)
        with away(at_work, wait_seconds):
            visit, days = go(at_work, goal, since, until, limit, wait_seconds)
        require_something(at_work, visit)
        fetched = take_in(at_work, visit, goal)
        defaults = Defaults(
            run_id, at_work.run.started_at, goal.profile.slug, goal.edition.language,
            format=" ".join(goal.edition.formats),
        )  # fmt: skip
        held = judge_all(at_work, fetched, defaults)
        judge_whole(at_work, fetched, held, accept_envelope, counted=False)
        note_removed(at_work, visit)
        note_coverage(at_work, visit, goal, days, fetched, held)
        publish(at_work, fetched, held)
    fetch_artifacts.tell(at_work.run)
    visit.require_end()
    return finish(at_work.run)


def go(
    at_work: Session, goal: Destination, since: dt.date | None, until: dt.date | None, limit: int | None, wait: float
) -> tuple[Visit, list[dt.date]]:
    """Visit the source: read its lists, ask for what is due, and once more for what is missing."""
    run, now = at_work.run, at_work.run.started_at
    slug, recheck = goal.profile.slug, goal.profile.politeness.recheck_days
    holes = coverage.due_holes(coverage.latest(at_work.lake, slug, goal.name), now)
    days = due.choose_days(since, until, now.astimezone(goal.zone).date(), recheck, holes)
    with holding(at_work, goal, wait):
        visit = set_out(goal, at_work.lake, at_work.raw, at_work.folder, run.fetches, now)
        read_lists(visit, days, goal.tag)
        pages = due.choose_pages(visit.pages.values(), days, since, now, recheck, limit)
        ask_for(visit, pages, goal.tag)
        missing, doubt = due.choose_missing(pages)
        ask_for(visit, missing, goal.tag, is_second=True)
    doubts = "; ".join(filter(None, (*visit.faults, *visit.doubts, doubt)))
    run.counts["fetch"] = visit.count(pages) | ({"doubt": doubts} if doubts else {})
    return visit, days


def require_something(at_work: Session, visit: Visit) -> None:
    """Give up where the source stopped us before anything came; the story of the visit is all there is to see then."""
    if visit.is_vain:
        fetch_artifacts.tell(at_work.run)
        visit.require_end()


@contextlib.contextmanager
def holding(at_work: Session, goal: Destination, wait_seconds: float) -> Iterator[None]:
    """Be the only run on this machine that asks the host."""
    with hold(lock_of(goal), at_work.run.run_id, wait_seconds, f"requests to {goal.host}"):
        yield


def read_lists(visit: Visit, days: Sequence[dt.date], tag: str) -> None:
    """Read every list that may name a page of these days, until the source stops us."""
    for spec in visit.edition.lists:
        if visit.stopped:
            return
        if isinstance(spec, ByDate):
            for end in range(len(days), 0, -BATCH_DAYS):  # from the newest list to the oldest
                batch = days[max(0, end - BATCH_DAYS) : end]
                if not visit.stopped:
                    _at_host(_read_days, tag, shut(visit), spec, batch, str(batch[0]), str(batch[-1]))
            if not visit.stopped:
                _at_host(_follow_ends, tag, shut(visit), days)
        else:
            _at_host(_read_list, tag, shut(visit), spec, days[0], spec.kind)


def _at_host(step: Task[..., None], tag: str, *arguments: Any) -> None:
    """Run a task under the tag of the host, and so within its concurrency limit, if there is a server to ask for it."""
    try:
        step.with_options(tags=[tag] if is_heard() else [])(*arguments)
    except ConcurrencySlotAcquisitionError:  # it has gone: this machine's own lock of the host holds all the same
        get_run_logger().warning("Prefect's server does not answer: no concurrency limit holds for %s", tag)
        step(*arguments)


@task(name="read lists", task_run_name="read lists {first} to {last}", **OPTIONS)
def _read_days(visit: Visit, spec: ByDate, days: Sequence[dt.date], first: str, last: str) -> None:
    visit.read_days(spec, days)
    _log(visit, f"{visit.lists_read} lists read, {len(visit.pages)} pages known by now")


@task(name="follow lists", task_run_name="follow lists", **OPTIONS)
def _follow_ends(visit: Visit, days: Sequence[dt.date]) -> None:
    visit.follow_ends(days)


@task(name="read list", task_run_name="read {kind}", **OPTIONS)
def _read_list(visit: Visit, spec: Any, since: dt.date, kind: str) -> None:
    visit.read_lists(spec, since)
    _log(visit, f"{visit.lists_read} lists read, {len(visit.pages)} pages known by now")


def ask_for(visit: Visit, pages: Sequence[Page], tag: str, *, is_second: bool = False) -> None:
    """Ask for pages, a batch a task."""
    for start in range(0, len(pages), BATCH_PAGES):
        batch = pages[start : start + BATCH_PAGES]
        if visit.stopped:
            return
        what = "pages again" if is_second else "pages"
        name = f"{what} {start + 1} to {start + len(batch)}"
        _at_host(_fetch_pages, tag, shut(visit), shut(batch), is_second, name)
        report("fetch", start + len(batch), len(pages))


# No retries here: the guest asks again where that may help, after the pause that the host wants.
@task(name="fetch pages", task_run_name="fetch {what}", **OPTIONS)
def _fetch_pages(visit: Visit, pages: Sequence[Page], is_second: bool, what: str) -> None:
    visit.fetch_pages(pages, is_second=is_second)
    _log(visit, visit.describe(pages))


def _log(visit: Visit, text: str) -> None:
    if visit.stopped:
        get_run_logger().warning("%s; stopped: %s", text, visit.stopped.message)
    else:
        get_run_logger().info("%s", text)


def take_in(at_work: Session, visit: Visit, goal: Destination) -> list[Dump]:
    """The pages that no run has taken in yet, as dumps."""
    waiting = dumps.waiting_responses(at_work.lake, visit.memory, at_work.run.fetches)
    found = _acquire(shut(at_work), shut(waiting), shut(goal), len(waiting)) if waiting else []
    at_work.run.inputs += [dump.record for dump in found]
    return found


@task(name="acquire", task_run_name="acquire {count} pages", **OPTIONS)
def _acquire(at_work: Session, waiting: Sequence[dict[str, Any]], goal: Destination, count: int) -> list[Dump]:
    formats, zone = goal.edition.formats, goal.profile.time_zone
    with at_work.raw.gathering() as gathered:
        return [dumps.to_dump(row, gathered, formats, zone) for row in waiting]


def note_removed(at_work: Session, visit: Visit) -> None:
    """Withdraw the documents of pages that the source removed."""
    reasons = {}
    for page in due.removed_pages(visit.pages.values()):
        seen, asked = page.seen, page.fetch
        if seen and (asked or seen.outcome == "gone"):
            why = f"{asked.asked} {asked.reason}, twice" if asked else "missing twice"
            for document in dumps.documents_of(at_work.lake, seen.dumps, at_work.folder):
                reasons[document] = why
    at_work.run.counts["fetch"] |= {  # type: ignore[operator]
        "withdrawn": len(withdraw(at_work.run, at_work.lake, reasons, dt.datetime.now(dt.UTC)) if reasons else [])
    }


def note_coverage(
    at_work: Session, visit: Visit, goal: Destination, days: Sequence[dt.date], fetched: Sequence[Dump],
    held: Sequence[Held],
) -> None:  # fmt: skip
    """Note for each day how many pages are listed, fetched, published, quarantined, missing and gone."""
    run, slug = at_work.run, goal.profile.slug
    findings = [*find_unreadable(fetched), *(finding for one in held for finding in one.findings)]
    standings = due.stand(visit.pages.values(), days, dumps.held_dumps(at_work.lake, findings))
    before = {day: row["looks"] for day, row in coverage.latest(at_work.lake, slug, goal.name).items()}
    run.coverage += coverage.count_days(slug, goal.name, days, standings, visit.reach, before, run.started_at)
