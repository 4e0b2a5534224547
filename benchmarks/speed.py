"""What an ingest costs beside its peers: `python -m benchmarks.speed DUMP [--runs N] [--workers 1 2] [--peers PYTHON]`.

In one run, on the same dump, each job in processes of its own:

    bare          read, split at lines, write the same text as one Parquet file with PyArrow, one process
    dlt           the same rows to Parquet, as dicts and as Arrow tables; where dlt is installed
    datatrove     one document a row to Parquet; where datatrove is installed
    stenolake     `stenolake ingest` into a new lake, and the same dump once more, by number of workers

dlt and datatrove are not among the packages of the project: `--peers PYTHON` names a Python that has them. The fixed
cost of a run, that of a dump of one page, is measured too and taken off. Memory is the sum over all processes of what
each holds alone or its share of what several hold (PSS). Set PREFECT_API_URL to a running server to leave the start of
one out of every run. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SAMPLE = ROOT / "tests" / "samples" / "kremlin-sample.txt"

_ROWS = """
import sys
def rows(path):
    number, rest = 0, ""
    with open(path, encoding="utf-8", newline="\\n") as stream:
        while chunk := stream.read(8 << 20):
            lines = (rest + chunk).split("\\n")
            rest = lines.pop()
            yield [line for line in lines if line]
    yield [rest] if rest else []
def tables(path):
    import pyarrow as pa
    at = 0
    for lines in rows(path):
        yield pa.table({"line": pa.array(range(at, at + len(lines)), pa.int64()), "text": pa.array(lines, pa.string())})
        at += len(lines)
def dicts(path):
    for lines in rows(path):
        yield from ({"text": line} for line in lines)
source, out = sys.argv[1:3]
"""
# Job -> program of a process that is given the dump and a new folder.
PEERS = {
    "bare": _ROWS
    + """
import pyarrow as pa, pyarrow.parquet as pq
schema = pa.schema([("line", pa.int64()), ("text", pa.string())])
with pq.ParquetWriter(out + "/rows.parquet", schema, compression="zstd") as writer:
    for table in tables(source):
        writer.write_table(table)
""",
    "dlt, dicts": _ROWS
    + """
import dlt
dlt.pipeline("p", pipelines_dir=out, destination=dlt.destinations.filesystem("file://" + out), dataset_name="d").run(
    dicts(source), table_name="rows", loader_file_format="parquet")
""",
    "dlt, Arrow tables": _ROWS
    + """
import dlt
dlt.pipeline("p", pipelines_dir=out, destination=dlt.destinations.filesystem("file://" + out), dataset_name="d").run(
    tables(source), table_name="rows", loader_file_format="parquet")
""",
    "datatrove, a document a row": _ROWS
    + """
from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.writers import ParquetWriter
def read(data, rank=0, world_size=1):
    for number, row in enumerate(dicts(source)):
        yield Document(text=row["text"], id=str(number))
LocalPipelineExecutor([read, ParquetWriter(out)], logging_dir=out + "/logs", tasks=1).run()
""",
}
_NEEDS = {
    "bare": "pyarrow",
    "dlt, dicts": "dlt",
    "dlt, Arrow tables": "dlt",
    "datatrove, a document a row": "datatrove",
}


@dataclass(frozen=True)
class Cost:
    """Wall seconds of a job, and the most memory that its processes held at a time."""

    seconds: float
    peak_mb: float


def held_mb(mark: bytes) -> float:
    """Memory of all processes that were started with a mark in their environment, shared pages by their share."""
    total = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (place / "environ").read_bytes():
                pss = next(
                    line for line in (place / "smaps_rollup").read_text().splitlines() if line.startswith("Pss:")
                )
                total += int(pss.split()[1])
        except (OSError, StopIteration):
            continue  # it ended, or is another user's
    return total / 1000


def run(command: list[str], folder: Path) -> tuple[Cost, str]:
    """Run a job to its end. Raises RuntimeError with what it said where it fails."""
    mark = f"STENOLAKE_BENCHMARK={folder}-{time.monotonic_ns()}"
    name, _, value = mark.partition("=")
    out, started, peak = folder / "said", time.monotonic(), 0.0
    with out.open("w+") as said:
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, name: value}, stdout=said, stderr=said)
        while process.poll() is None:
            peak = max(peak, held_mb(mark.encode()))
            time.sleep(0.1)
    seconds = time.monotonic() - started
    if process.returncode:
        raise RuntimeError(f"{command[:4]} ended with {process.returncode}: {out.read_text()[-2000:]}")
    return Cost(seconds, peak), out.read_text()


def ingest(dump: Path, lake: Path, workers: int, folder: Path) -> Cost:
    """One `stenolake ingest`."""
    program = [sys.executable, "-c", "from flows.cli import main; main()", "ingest", str(dump), "--lake", str(lake)]
    return run([*program, "--workers", str(workers), "--accept-envelope", "benchmark", "--json"], folder)[0]


def has(python: str, package: str) -> bool:
    """Whether a Python can import a package."""
    asked = [python, "-c", f"import importlib.util as u, sys; sys.exit(u.find_spec({package!r}) is None)"]
    return subprocess.run(asked, check=False).returncode == 0


def measure(dump: Path, counts: list[int], peers: str, folder: Path) -> dict[str, Cost]:
    """Every job once, one after the other, so that all of a run see the machine in about the same state."""
    costs = {}
    for name, program in PEERS.items():
        if has(peers, _NEEDS[name]):
            with tempfile.TemporaryDirectory(dir=folder) as out:
                costs[name] = run([peers, "-c", program, str(dump), out], folder)[0]
    for count in counts:
        with tempfile.TemporaryDirectory(dir=folder) as place:
            costs[f"fixed, {count}"] = ingest(SAMPLE, Path(place) / "small", count, folder)
            costs[f"stenolake, {count}"] = ingest(dump, Path(place) / "lake", count, folder)
            costs[f"stenolake, {count}, again"] = ingest(dump, Path(place) / "lake", count, folder)
    return costs


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dump", type=Path)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--peers", default=sys.executable, help="a Python that has dlt and datatrove")
    parser.add_argument("--keep", type=Path, help="file for all figures, JSON")
    asked = parser.parse_args()
    dump = asked.dump.resolve()
    with tempfile.TemporaryDirectory(prefix="stenolake-speed-") as folder:
        runs = [measure(dump, asked.workers, asked.peers, Path(folder)) for _ in range(asked.runs)]
    if asked.keep:
        asked.keep.write_text(json.dumps([{name: vars(cost) for name, cost in one.items()} for one in runs], indent=1))
    size = dump.stat().st_size / 1e6
    print(f"{size:.0f} MB, medians of {asked.runs} runs, {len(os.sched_getaffinity(0))} cores\n")
    print("| job | seconds | less the fixed cost | MB/s | to bare | peak MB | beyond a small run |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in runs[0]:
        fixed = "fixed, " + name.split(", ")[1] if name.startswith("stenolake") else None
        walls = [one[name].seconds - (one[fixed].seconds if fixed else 0) for one in runs]
        ratio = statistics.median(wall / one["bare"].seconds for wall, one in zip(walls, runs, strict=True))
        whole, wall = statistics.median(one[name].seconds for one in runs), statistics.median(walls)
        peak = statistics.median(one[name].peak_mb for one in runs)
        beyond = statistics.median(one[name].peak_mb - (one[fixed].peak_mb if fixed else 0) for one in runs)
        rate = "" if name.startswith("fixed") else f"{size / max(wall, 0.01):.1f}"
        print(
            f"| {name} | {whole:.1f} | {wall:.1f} | {rate} | {ratio:.2f} | {peak:.0f} | {beyond if fixed else 0:.0f} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
