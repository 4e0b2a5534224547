"""Readers while partitions are rewritten: `python -m benchmarks.readers [--seconds N] [--moves]`.

One process replaces two years again and again, each time as another run; four others read three tables with pandas,
PyArrow, Polars and DuckDB as fast as they can. An answer is wrong where a partition mixes two runs, lacks a row or has
one twice. An error is one that is gone when the read is tried again. Exits 1 when an answer was wrong, or
more than one read in a hundred failed.

With `--moves` a page changes its year each time. A reader opens one file after another, so that it may meet the page
twice or never when years change between two of them, however atomic the change: that is counted apart.
"""

from __future__ import annotations

import argparse
import dataclasses
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from storage.commit import commit
from storage.lake import PARTITIONED, SORT_KEYS, Lake, Partition
from storage.merge import strand_of
from storage.schemas import TABLES
from tests.harness import READERS, forkserver, page, plain_ingest

Rows = dict[str, pa.Table]

KEYS = {"documents": "document_id", "turns": "turn_id", "paragraphs": "paragraph_id"}
PAGES = {2021: 20, 2022: 10}
MONTHS = {2021: "May", 2022: "July"}
PARAGRAPHS = 2  # of each page, in one turn
ERROR_SHARE = 0.01


def rewrite(lake: Lake, pages: Mapping[Partition, Rows], generation: int) -> None:
    """Replace both years by one commit, as a run does; every row carries the generation as its run."""
    folder = lake.staging / "run"
    moves = []
    for partition, tables in pages.items():
        added = {}
        for table, rows in tables.items():
            schema = PARTITIONED[table]
            if "run_id" in schema.names:
                run_id = pa.array([str(generation)] * rows.num_rows, pa.string())
                rows = rows.set_column(schema.get_field_index("run_id"), schema.field("run_id"), run_id)
            added[table] = rows
        standing = lake.read("documents", partition, ["document_id"])["document_id"].to_pylist()
        strands = {table: [strand_of(rows, SORT_KEYS[table])] for table, rows in added.items()}
        moves += lake.stage(partition, strands.__getitem__, standing, folder)
    moves = [dataclasses.replace(move, together=move.output.table in TABLES) for move in moves]
    commit(lake.root, folder, sorted(moves, key=lambda move: move.output.table == "documents"))
    shutil.rmtree(folder)


def arrange(lake: Lake, *, is_moved: bool) -> dict[Partition, Rows]:
    """The rows of both years as they stand, or with the first page of the first year in the second."""
    first, second = lake.partitions()
    pages = {one: {table: lake.read(table, one) for table in PARTITIONED} for one in (first, second)}
    if is_moved:
        document = pages[first]["documents"]["document_id"][0]
        for table in PARTITIONED:
            rows = pages[first][table]
            own = pc.equal(rows["document_id"], document)
            pages[second][table] = pa.concat_tables([pages[second][table], rows.filter(own)])
            pages[first][table] = rows.filter(pc.invert(own))
    return pages


def keep_writing(folder: str, moves: bool, ended: Event, told: Queue[int]) -> None:
    """Write until told to end; tell how often."""
    lake, generation = Lake(Path(folder) / "lake"), 0
    arranged = [arrange(lake, is_moved=False), arrange(lake, is_moved=moves)]
    while not ended.is_set():
        generation += 1
        rewrite(lake, arranged[generation % 2], generation)
    told.put(generation)


def judge(table: str, rows: list[tuple[object, ...]], *, moves: bool) -> Counter[str]:
    """What is wrong with one answer: rows are source, year, run and key."""
    runs: dict[object, set[object]] = defaultdict(set)
    counts, keys = Counter[object](), Counter[object]()
    for _, year, run, key in rows:
        runs[year].add(run)
        counts[year] += 1
        keys[key] += 1
    each = PARAGRAPHS if table == "paragraphs" else 1
    wrong = Counter[str]()
    wrong["mixed"] = any(len(found) > 1 for found in runs.values())
    twice = any(number > 1 for number in keys.values())
    lacks = len(keys) != each * sum(PAGES.values())
    if moves:
        wrong["moving page twice or never"] = twice or lacks
    else:
        wrong["twice"], wrong["lacks"] = twice, any(counts[year] != each * count for year, count in PAGES.items())
    return +wrong


def keep_reading(name: str, folder: str, moves: bool, ended: Event, told: Queue[tuple[str, Counter[str]]]) -> None:
    """Read one table after another until told to end; tell what was found."""
    found = Counter[str]()
    while not ended.is_set():
        for table, key in KEYS.items():
            found["reads"] += 1
            try:
                rows = READERS[name](Path(folder) / "lake" / table, ["source", "year", "run_id", key])
            except BaseException:  # noqa: BLE001 - whatever a reader raises, a panic of Rust too: it is counted
                found["errors"] += 1
                continue
            wrong = judge(table, rows, moves=moves)
            found += wrong
            found["wrong"] += wrong["mixed"] + wrong["twice"] + wrong["lacks"]
    told.put((name, found))


def watch(folder: Path, seconds: float, *, moves: bool) -> tuple[int, dict[str, Counter[str]]]:
    """Write and read at once. Returns how often was written, and what each reader found."""
    pages = [page(day + 1, year=year, month=MONTHS[year]) for year, count in PAGES.items() for day in range(count)]
    (folder / "dump.txt").write_text("".join(pages), encoding="utf-8")
    plain_ingest([str(folder / "dump.txt")], str(folder / "lake"))
    context = forkserver()
    ended, wrote, read = context.Event(), context.Queue(), context.Queue()
    workers = [context.Process(target=keep_writing, args=(str(folder), moves, ended, wrote))]
    workers += [context.Process(target=keep_reading, args=(name, str(folder), moves, ended, read)) for name in READERS]
    for worker in workers:
        worker.start()
    time.sleep(seconds)
    ended.set()
    found = dict(read.get(timeout=120) for _ in READERS)
    generations = wrote.get(timeout=120)
    for worker in workers:
        worker.join()
    return generations, found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--moves", action="store_true")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stenolake-readers-") as folder:
        generations, found = watch(Path(folder), asked.seconds, moves=asked.moves)
    print(f"{generations} times rewritten in {asked.seconds:g} s")
    for name, counts in found.items():
        others = ", ".join(
            f"{number} {what}" for what, number in sorted(counts.items()) if what not in ("reads", "wrong")
        )
        print(f"{name:<8} {counts['reads']:>6} reads, {counts['wrong']} wrong answers{', ' + others if others else ''}")
    total = sum(found.values(), Counter[str]())
    return 1 if total["wrong"] or total["errors"] > ERROR_SHARE * total["reads"] else 0


if __name__ == "__main__":
    sys.exit(main())
