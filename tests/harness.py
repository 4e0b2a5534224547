"""Ingests in processes that are killed, or whose disk fails, and what must be true afterwards.

The flow runs without Prefect's engine here: its tasks are called as plain functions, so that hundreds of runs fit into
a few minutes. Everything below the tasks is what a real run uses.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from typing import Any
from unittest import mock

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds

from storage import ledger
from storage.errors import StenolakeError
from storage.lake import SORT_KEYS, Lake
from storage.parquet import write_table
from storage.schemas import TABLES
from tests.support import PATIENCE_SECONDS

PAGE = """Events
{title}
{month} {day}, {year}
12:00
Lessk
President of Valdoria Ada Brook: {words}
Thank you.
Publication status
Published in section: Transcripts
Publication date: {month} {day}, 2021, 12:00
Text version"""

# What tells rows apart: keys, and a column that changes when the text does.
COLUMNS = {
    "documents": ["document_id", "content_sha256"],
    "turns": ["turn_id", "text"],
    "paragraphs": ["paragraph_id", "text"],
    "tags": ["document_id", "tag_index", "value"],
    "links": ["document_id", "link_index", "title"],
    "photos": ["document_id", "photo_index", "caption"],
}
Rows = list[tuple[Any, ...]]


def page(day: int, *, year: int = 2021, words: str = "Good day, friends.", month: str = "May") -> str:
    """A page that was published in 2021; `year` is the one printed under the title, which decides the partition."""
    return PAGE.format(title=f"Harvest talks {month} {day}", day=day, year=year, words=words, month=month)


def write_scenes(folder: Path) -> tuple[Path, Path]:
    """Two folders of dumps: what a lake holds, and what an ingest brings that adds, changes and moves documents."""
    before, after = folder / "before", folder / "after"
    for place, dumps in (
        (before, ["".join(page(day) for day in range(1, 7)), page(7, year=2022) + page(8, year=2022)]),
        # 2 is corrected, 3 moves to 2022, 7 moves to 2021, 9 to 15 are new, 10 in a year of its own; 1 stays
        (
            after,
            [page(1) + page(2, words="Good evening."), page(3, year=2022) + page(7), page(9) + page(10, year=2023)],
        ),
    ):
        place.mkdir()
        for number, dump in enumerate(dumps):
            (place / f"{number}.txt").write_text(dump, encoding="utf-8")
    for day in range(12, 16):  # so many raw objects that they are made durable together
        (after / f"new-{day}.txt").write_text(page(day), encoding="utf-8")
    (after / "other.txt").write_bytes(page(11, words="“Good night”, friends.").encode("cp1252"))
    return before, after


# -- readers ---------------------------------------------------------------------------------------------------------


def read_pandas(folder: Path, columns: list[str]) -> Rows:
    frame = pd.read_parquet(folder)[columns].astype({"source": str, "year": int})
    return [tuple(None if pd.isna(x) else x for x in row) for row in frame.itertuples(index=False, name=None)]


def read_pyarrow(folder: Path, columns: list[str]) -> Rows:
    rows = ds.dataset(folder, partitioning="hive").to_table(columns)
    return [tuple(row.values()) for row in rows.to_pylist()]


def read_polars(folder: Path, columns: list[str]) -> Rows:
    return pl.scan_parquet(folder, hive_partitioning=True).select(columns).collect().rows()


def read_duckdb(folder: Path, columns: list[str]) -> Rows:
    names = ", ".join(columns)
    query = f"select {names} from read_parquet('{folder}/**/*.parquet', hive_partitioning=true)"
    with duckdb.connect() as connection:
        return connection.execute(query).fetchall()


READERS: dict[str, Callable[[Path, list[str]], Rows]] = {
    "pandas": read_pandas, "pyarrow": read_pyarrow, "polars": read_polars, "duckdb": read_duckdb,
}  # fmt: skip

View = dict[tuple[str, str], str]


def view(lake: Path, reader: str) -> View:
    """(table, partition) -> hash of the rows as a reader sees them."""
    seen: dict[tuple[str, str], Rows] = {}
    for table in TABLES:
        columns = ["source", "year", *COLUMNS[table]]
        for source, year, *row in READERS[reader](lake / table, columns) if (lake / table).is_dir() else ():
            seen.setdefault((table, f"source={source}/year={year}"), []).append(tuple(row))
    return {place: hashlib.sha256(repr(sorted(rows, key=repr)).encode()).hexdigest() for place, rows in seen.items()}


def only_old_or_new(found: View, old: View, new: View) -> list[str]:
    """What is neither of an old nor of a new partition; nothing where all is well."""
    places = {*found, *old, *new}
    return [" ".join(one) for one in sorted(places) if found.get(one) not in (old.get(one), new.get(one))]


def twice_or_never(lake: Path, old: Path, new: Path) -> list[str]:
    """Rows of a table that stand twice, and documents of both old and new that stand nowhere, at this instant."""
    wrong = []
    for table in TABLES:
        key = COLUMNS[table][:1] if table in ("documents", "turns", "paragraphs") else COLUMNS[table][:2]
        found, before, after = (
            Counter(READERS["pyarrow"](one / table, key)) if (one / table).is_dir() else Counter[Any]()
            for one in (lake, old, new)
        )
        wrong += [f"{table} {row} stands {number} times" for row, number in found.items() if number > 1]
        wrong += [f"{table} {row} stands nowhere" for row in (before & after) - found]
    return wrong


# -- the state of a lake -----------------------------------------------------------------------------------------------


def signature(root: Path) -> dict[str, str]:
    """Path -> hash of every table and raw file as it would be had all runs one `run_id` and `ingested_at`."""
    lake, found = Lake(root), {}
    with tempfile.TemporaryDirectory() as scratch:
        for partition in lake.partitions():
            for table in (*TABLES, "blocks"):
                rows = lake.read(table, partition)
                for column in {"run_id", "ingested_at"} & set(rows.column_names):
                    at, field = rows.schema.get_field_index(column), rows.schema.field(column)
                    value: Any = "run" if column == "run_id" else 0
                    rows = rows.set_column(at, field, pa.array([value] * rows.num_rows, field.type))
                path = Path(scratch) / "table.parquet"
                write_table(path, rows, SORT_KEYS[table])
                found[f"{table} {partition}"] = hashlib.sha256(path.read_bytes()).hexdigest()
    for path in sorted((root / "_raw").rglob("*.zst")):
        found[path.relative_to(root).as_posix()] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


def files_below(root: Path) -> set[str]:
    """Every file of the tables; a partition that lost all its rows has none."""
    return {path.relative_to(root).as_posix() for table in TABLES for path in (root / table).rglob("*.parquet")}


def leftovers(root: Path) -> list[str]:
    """What stands in staging besides the lock."""
    return sorted(path.name for path in (root / "_staging").iterdir() if path.name != "lock")


def untrue_checkpoints(root: Path) -> list[str]:
    """Tables of the ledger that read otherwise with their checkpoint than file by file."""
    lake = Lake(root)
    with mock.patch("storage.checkpoint.read", return_value=(None, 0)):
        told = {table: ledger.read(lake, table) for table in ledger.TABLES}
    return [table for table, rows in told.items() if not rows.equals(ledger.read(lake, table))]


# -- runs in processes -------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def without_prefect() -> Iterator[None]:
    """Call the flow's tasks as plain functions, tell nothing to the UI."""
    from prefect import Task
    from prefect.logging import disable_run_logger

    from flows import artifacts, steps

    kept = {name: step for name, step in vars(steps).items() if isinstance(step, Task)}
    for name, step in kept.items():
        setattr(steps, name, step.fn)
    kept["publish"], steps.publish = steps.publish, steps.close
    tell, artifacts.tell = artifacts.tell, lambda *_, **__: None
    try:
        with disable_run_logger():
            yield
    finally:
        artifacts.tell = tell
        for name, step in kept.items():
            setattr(steps, name, step)


def plain_ingest(inputs: list[str], lake: str, **options: Any) -> dict[str, Any]:
    """Ingest in this process, without Prefect's engine."""
    from flows.ingest import ingest

    with without_prefect():
        result: dict[str, Any] | Exception = ingest.fn(inputs, lake, **options).data
    if isinstance(result, Exception):  # the engine would raise it
        raise result
    return result


def _child(inputs: list[str], lake: str, failpoint: str, prepare: Callable[[], None] | None, log: str) -> None:
    if failpoint:
        os.environ["STENOLAKE_FAILPOINT"] = failpoint
    with open(log, "a", encoding="utf-8") as stream:  # noqa: PTH123
        os.dup2(stream.fileno(), 2)
        from flows import steps

        ledger.LOOSE_FILES = 1  # so that each run makes checkpoints
        steps.SAMPLE_ROWS = 0  # Great Expectations judges what our own rules doubt: it writes nothing, and takes 0.5 s
        try:
            if prepare:
                prepare()
            plain_ingest(inputs, lake)
        except StenolakeError as error:
            with contextlib.suppress(OSError):  # the log may stand on the disk that is full
                sys.stderr.write(f"{error}\n")
                sys.stderr.flush()
            os._exit(error.exit_code)
        except BaseException:  # noqa: BLE001 - told in the log, and by the exit code
            import traceback

            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
    os._exit(0)


def forkserver() -> ForkServerContext:
    """Processes forked from one that has imported everything already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.preload"])
    return context


def start(
    inputs: Path, lake: Path, *, failpoint: str = "", prepare: Callable[[], None] | None = None
) -> ForkServerProcess:
    """Start an ingest in a process of its own; messages go to `log` beside the lake."""
    arguments = ([str(inputs)], str(lake), failpoint, prepare, str(lake.parent / "log"))
    process = forkserver().Process(target=_child, args=arguments)
    process.start()
    return process


def run(inputs: Path, lake: Path, *, failpoint: str = "", prepare: Callable[[], None] | None = None) -> int:
    """Ingest in a process of its own. Returns its exit code, -9 when it was killed."""
    process = start(inputs, lake, failpoint=failpoint, prepare=prepare)
    process.join(PATIENCE_SECONDS)
    assert process.exitcode is not None, "the run hangs"
    return process.exitcode


@dataclass(frozen=True)
class Scene:
    """A lake before an ingest, and what an unbroken ingest makes of it."""

    folder: Path
    inputs: Path
    old: dict[str, View]
    new: dict[str, View]
    final: dict[str, str]
    files: set[str]

    def copy(self, name: str) -> Path:
        """A fresh copy of the lake as it was."""
        lake = self.folder / name / "lake"
        shutil.rmtree(lake.parent, ignore_errors=True)
        shutil.copytree(self.folder / "old", lake)
        return lake

    def problems_now(self, lake: Path) -> list[str]:
        """What is wrong at once after a run was broken off: for readers, and for `verify`."""
        from flows.verify import prove

        wrong = [
            f"{reader} sees {place}"
            for reader in READERS
            for place in only_old_or_new(view(lake, reader), self.old[reader], self.new[reader])
        ]
        wrong += twice_or_never(lake, self.folder / "old", self.folder / "new")
        damage, _ = prove(Lake(lake))
        wrong += [f"the checkpoint of {table} differs" for table in untrue_checkpoints(lake)]
        return wrong + [f"verify blames {item.where}: {item.problem}" for item in damage]

    def problems_after(self, lake: Path) -> list[str]:
        """What is wrong after the next run: it must end at the bytes of an unbroken one, whole, with nothing left."""
        wrong = self.problems_now(lake)
        found = signature(lake)
        wrong += [f"{name} differs" for name in {*found, *self.final} if found.get(name) != self.final.get(name)]
        wrong += [f"left: {name}" for name in leftovers(lake)]
        wrong += [f"file: {name}" for name in files_below(lake) ^ self.files]
        return wrong


def set_scene(folder: Path) -> Scene:
    """Make the lake before, and the unbroken lake after."""
    before, after = write_scenes(folder)
    old, new = folder / "old", folder / "new"
    assert run(before, old) == 0, (folder / "log").read_text()
    shutil.copytree(old, new)
    assert run(after, new) == 0, (folder / "log").read_text()
    return Scene(
        folder, after, {name: view(old, name) for name in READERS}, {name: view(new, name) for name in READERS},
        signature(new), files_below(new),
    )  # fmt: skip
