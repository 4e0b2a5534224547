"""The steps as Prefect tasks: thin, a batch each, and the only place besides the flows that imports Prefect.

The functions themselves live in `tasks/` and know nothing of Prefect, so that worker processes, tests and other
programs call them without a server. Tasks exchange paths and counts; Prefect persists and caches nothing: the lake
remembers.
"""

from __future__ import annotations

import contextlib
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from prefect import Task, get_run_logger, task
from prefect.assets import Asset, materialize
from prefect.cache_policies import NO_CACHE
from prefect.utilities.annotations import opaque

from flows.assets import key_of, tables_written
from flows.session import Session, close
from storage.commit import Move
from storage.lake import Lake
from storage.raw import RawStore
from tasks import acquire as acquiring
from tasks import recall as recalling
from tasks.acquire import Dump, Recognised
from tasks.cut import Batch
from tasks.fragment import Fragment
from tasks.hold import Held, count_warnings, judge_fragment
from tasks.parse import Defaults, parse_batch
from tasks.publish import Judged, Plan, plan_publication
from tasks.recall import Recollection
from tasks.s3 import Stored, bring
from tasks.speakers import stage_speakers
from tasks.stage import Change, stage_partition
from tasks.validate import SAMPLE_ROWS
from tasks.workers import Workers

T = TypeVar("T")
P = ParamSpec("P")
R = TypeVar("R")

# Of every task.
OPTIONS: dict[str, Any] = {
    "persist_result": False, "cache_policy": NO_CACHE, "cache_result_in_memory": False, "retries": 0,
}  # fmt: skip


def shut(value: T) -> T:
    """An argument of a task that Prefect takes as it is.

    It looks into every other one for results of tasks, twice a task run: a visit of 7,000 pages took it 17 s a time.
    """
    return cast(T, opaque(value))


class _Step(Task[P, R]):
    """A task that takes its arguments as they are: findings of a dump are thousands, and a fragment holds them."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task."""
        return super().__call__(*map(shut, args), **{name: shut(value) for name, value in kwargs.items()})


def _step(name: str, run_name: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        return _Step(function, name=name, task_run_name=run_name, **OPTIONS)

    return decorate


@_step("acquire", "acquire {count} files")
def acquire(
    files: Sequence[Path | Stored],
    count: int,
    raw: RawStore,
    format_name: str | None,
    before: Mapping[str, Recognised],
    charsets: Mapping[str, str],
    done: Callable[[int], None],
) -> list[Dump]:
    """Keep every file, and every member of a container, in the raw store; find out how each is to be read.

    Each dump stands there once, under the name that tells most of it.
    """
    dumps: dict[str, Dump] = {}
    with raw.gathering() as gathered, contextlib.closing(bring(files, gathered.staging)) as brought:
        for number, file in enumerate(brought):
            for dump in acquiring.acquire(file, gathered, format_name, None, before, charsets):
                met = dumps.get(dump.record.dump_sha256)
                dumps[dump.record.dump_sha256] = met.merge(dump) if met else dump
            done(number + 1)
    unreadable = sum(bool(dump.problem) for dump in dumps.values())
    get_run_logger().info("kept %d dumps, %d of them cannot be parsed", len(dumps), unreadable)
    return list(dumps.values())


@_step("recall", "recall known dumps")
def recall(lake: Lake, dumps: Sequence[Dump], program: str, defaults: Defaults) -> Recollection:
    """Find out which dumps were read before, so that they need not be parsed."""
    known = recalling.recall(lake, dumps, program, defaults)
    get_run_logger().info("%d of %d dumps are known", len(known.dumps), len(dumps))
    return known


@_step("parse", "parse batch {batch.index}")
def parse(batch: Batch, defaults: Defaults, workers: Workers) -> list[Fragment]:
    """Parse one batch."""
    fragments = workers.run(parse_batch, batch, defaults)
    met, cut = sum(one.documents for one in fragments), sum(len(one.findings) for one in fragments)
    get_run_logger().info("met %d documents, %d of them held back by the parser", met, cut)
    return fragments


@_step("validate", "validate batch {batch.index}")
def validate(
    batch: Batch, fragments: Sequence[Fragment], today: dt.date, accepted: frozenset[tuple[str, str]], workers: Workers
) -> list[Held]:
    """Judge the rows of one batch by the suites; what was accepted before is not held back again."""
    uris = {piece.dump.record.dump_sha256: piece.dump.record.uri for piece in batch.slices}
    held = []
    for number, fragment in enumerate(fragments):  # a dump that holds a document in many versions gives many
        sample_rows = 0 if batch.index or number else SAMPLE_ROWS  # once a run
        held.append(workers.run(judge_fragment, fragment, uris, today, accepted, sample_rows))
    back, warned = sum(len(one.judged.held) for one in held), count_warnings(held).total()
    get_run_logger().info("%d documents held back by the suites, %d warnings", back, warned)
    return held


@_step("plan", "plan")
def plan(lake: Lake, judged: Sequence[Judged], dumps: Sequence[Dump], started_at: dt.datetime) -> Plan:
    """Find out what is new, corrected or unchanged."""
    made = plan_publication(lake, judged, acquiring.retrievals_of(dumps), started_at)
    touched = len(made.partitions())
    get_run_logger().info("%d to publish into %d partitions, %d unchanged", made.published, touched, made.unchanged)
    return made


@_step("stage", "stage {change.partition}")
def stage(change: Change, lake: Lake, folder: Path, workers: Workers, threads: int) -> list[Move]:
    """Make the new files of one partition and read them back."""
    staged = workers.run(stage_partition, lake, change, folder, threads)
    get_run_logger().info("made %d files, %d rows", len(staged), sum(item.output.rows for item in staged))
    return staged


@_step("speakers", "fold speakers")
def fold(lake: Lake, plan: Plan, staged: Sequence[Move], folder: Path) -> list[Move]:
    """Make the table of speakers anew from who appears in the partitions."""
    moves = stage_speakers(lake, plan.partitions(), staged, folder)
    get_run_logger().info("made %d files, %d persons", len(moves), moves[-1].output.rows if moves else 0)
    return moves


def publish(at_work: Session, staged: Sequence[Move]) -> None:
    """Put every staged file, and the ledger of the run, into its place, as a task that tells which tables it wrote."""
    written = tables_written(at_work.lake.root, staged)
    options: dict[str, Any] = {"name": "publish", "task_run_name": "publish", **OPTIONS}
    if not written:
        task(**options)(_publish)(shut(at_work), staged, written)
        return
    raw = key_of(at_work.lake.root, "_raw")
    materialize(*written, by="stenolake", asset_deps=[raw], **options)(_publish)(shut(at_work), staged, written)


def _publish(at_work: Session, staged: Sequence[Move], written: Mapping[Asset, dict[str, object]]) -> None:
    close(at_work, staged)
    for asset, facts in written.items():
        asset.add_metadata(facts)
    get_run_logger().info("%d files are in place", len(staged))
