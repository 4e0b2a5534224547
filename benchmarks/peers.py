"""Programs that an ingest is measured beside, and the processes that any of them runs in.

Each reads the same dump, splits it at lines, and writes the lines as Parquet: none of them validates, finds out who
speaks, partitions, or keeps where a row came from.
"""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

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
_DLT = """
import dlt
dlt.pipeline("p", pipelines_dir=out, destination=dlt.destinations.filesystem("file://" + out), dataset_name="d").run(
    ROWS(source), table_name="rows", loader_file_format="parquet")
"""

# Job -> the package that it needs, and the program of a process that is given the dump and a new folder.
PEERS = {
    "bare PyArrow": (
        "pyarrow",
        _ROWS
        + """
import pyarrow as pa, pyarrow.parquet as pq
schema = pa.schema([("line", pa.int64()), ("text", pa.string())])
with pq.ParquetWriter(out + "/rows.parquet", schema, compression="zstd") as writer:
    for table in tables(source):
        writer.write_table(table)
""",
    ),
    "dlt, Arrow tables": ("dlt", _ROWS + _DLT.replace("ROWS", "tables")),
    "dlt, dicts": ("dlt", _ROWS + _DLT.replace("ROWS", "dicts")),
    "datatrove": (
        "datatrove",
        _ROWS
        + """
from datatrove.data import Document
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.writers import ParquetWriter
def read(data, rank=0, world_size=1):
    for number, row in enumerate(dicts(source)):
        yield Document(text=row["text"], id=str(number))
LocalPipelineExecutor([read, ParquetWriter(out)], logging_dir=out + "/logs", tasks=1).run()
""",
    ),
}
BARE = "bare PyArrow"

# A flow that does nothing, with the settings and the imports of ours: what a run costs before it does anything.
BARE_FLOW = """
from flows import environment
environment.quiet()
import great_expectations
from prefect import flow
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
@flow
def nothing():
    pass
with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
    nothing()
"""

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Wall and CPU seconds of a job, and the most memory that its processes held at a time, if it was weighed."""

    seconds: float
    cpu_seconds: float
    peak_mb: float


def run(
    command: list[str], folder: Path, root: Path, environ: dict[str, str] | None = None, *, is_weighed: bool = False
) -> tuple[Cost, str]:
    """Run a job to its end, and say what it cost and what it said on standard output.

    CPU time is summed over all processes every tenth of a second, and lacks the last moments of each. So is the memory
    of a job that is weighed, pages that several processes hold by their share (PSS): the kernel goes through all of it
    each time, which slows a job on all cores by a tenth. Of other jobs it is 0.

    Raises:
        RuntimeError: it failed; with what it said.
    """
    mark = f"{folder}-{time.monotonic_ns()}"
    log, out, peak, spent = folder / "said", folder / "told", 0.0, dict[str, float]()
    with log.open("w+") as said, out.open("w+") as told:
        started = time.monotonic()
        given = {**(os.environ if environ is None else environ), "STENOLAKE_BENCHMARK": mark}
        process = subprocess.Popen(command, cwd=root, env=given, stdout=told, stderr=said)
        while process.poll() is None:
            peak = max(peak, _look(f"STENOLAKE_BENCHMARK={mark}\0".encode(), spent, is_weighed=is_weighed))
            time.sleep(0.1)
        seconds = time.monotonic() - started
    if process.returncode:
        raise RuntimeError(f"{command[:4]} ended with {process.returncode}: {log.read_text()[-2000:]}")
    return Cost(seconds, sum(spent.values()), peak), out.read_text()


def _look(mark: bytes, spent: dict[str, float], *, is_weighed: bool) -> float:
    """Memory in MB of all processes that have a mark in their environment; their CPU seconds are noted in `spent`."""
    total = 0
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (place / "environ").read_bytes():
                if is_weighed:
                    rollup = (place / "smaps_rollup").read_text().splitlines()
                    total += next(int(line.split()[1]) for line in rollup if line.startswith("Pss:"))
                after_name = (place / "stat").read_text().rpartition(")")[2].split()
                spent[place.name] = (int(after_name[11]) + int(after_name[12])) / _TICKS
        except (OSError, StopIteration):
            continue  # it ended, or is another user's
    return total / 1000
