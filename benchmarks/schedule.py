"""What a run costs after many: `python -m benchmarks.schedule [--runs 1000 8760] [--pairs 5] [--against CHECKOUT]`.

A lake after so many runs of an hourly schedule, each of which brought a page: one real run, whose ledger files are
repeated under other run ids, dumps and documents. Then pages are ingested, each into that lake and into a new one: the
seconds of the one less those of the other are what the past of the lake costs. The first page finds a ledger without
checkpoints, which its run makes; it is told by itself. Prints a table in Markdown, medians of the pairs.
"""

from __future__ import annotations

import argparse
import datetime as dt
import shutil
import statistics
import sys
import tempfile
import uuid
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.speed import PAGE, ROOT, Bench
from storage import ledger
from storage.files import seal

_START = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
_IDS = ("run_id", "document_id", "dump_sha256")


def repeat(lake: Path, runs: int) -> None:
    """Have the only run of a lake stand in its ledger so many times more."""
    files = [next((lake / place).glob("*.parquet"), None) for _, place in ledger.TABLES.values()]
    found = [(path, pq.read_table(path, partitioning=None)) for path in files if path]
    for number in range(runs):
        ids = {name: (uuid.uuid4() if name == "run_id" else uuid.uuid4().hex) for name in _IDS}
        name = f"{_START + dt.timedelta(hours=number):%Y%m%dT%H%M%S}.000000Z-{ids['run_id']}"
        for path, rows in found:
            for column in ids.keys() & set(rows.column_names):
                at = rows.schema.get_field_index(column)
                rows = rows.set_column(at, column, pa.array([str(ids[column])] * rows.num_rows))
            made = path.parent / "made"
            pq.write_table(rows, made, compression="zstd")
            is_sealed = path.parent.name in ("outputs", "runs")
            own = f"-{seal(made.read_bytes())}" if is_sealed else ""
            made.rename(path.parent / f"{name}{own}.parquet")


def measure(bench: Bench, folder: Path, runs: int, pairs: int, code: Path) -> list[float]:
    """Seconds that each page takes in a lake with a past beyond those that it takes in a new one."""
    lake, beyond = folder / "lake", []
    shutil.rmtree(lake, ignore_errors=True)
    bench.ingest(folder / "page-1.txt", lake, 2, code=code)
    repeat(lake, runs)
    for number in range(pairs + 1):
        page = folder / "next.txt"
        page.write_text(PAGE.format(day=number + 3), encoding="utf-8")
        with tempfile.TemporaryDirectory(dir=folder) as new:
            fixed = bench.ingest(page, Path(new) / "lake", 2, code=code)
        beyond.append(bench.ingest(page, lake, 2, code=code).seconds - fixed.seconds)
    return beyond


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, nargs="+", default=[1000, 8760], help="8760 are a year")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--against", type=Path, help="a checkout of an earlier release")
    asked = parser.parse_args()
    codes = {"now": ROOT, **({"before": asked.against.resolve()} if asked.against else {})}
    print("| runs before | code | s beyond a new lake | the first time |\n| ---: | --- | ---: | ---: |")
    with tempfile.TemporaryDirectory(prefix="stenolake-schedule-") as folder:
        bench = Bench(Path(folder), sys.executable, None)
        with bench.serving():
            for runs in asked.runs:
                for name, code in codes.items():
                    first, *others = measure(bench, Path(folder), runs, asked.pairs, code)
                    print(f"| {runs} | {name} | {statistics.median(others):.2f} | {first:.1f} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
