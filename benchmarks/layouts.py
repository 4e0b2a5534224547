"""What a typical question costs, as the tables lie and as they might: `python -m benchmarks.layouts LAKE [--runs N]`.

The question is for all turns of one speaker in one year, asked with DuckDB and Polars over the whole table, of three
speakers of the fullest year: who has most turns, one in the middle, and the one with fewest. The file of that year is
written anew in other layouts: row groups of other sizes, bloom filters on speakers, sorted by date.

Each question runs in a process of its own, that has the packages imported, on files that the page cache has forgotten;
what the kernel has of the files afterwards is what was touched, read ahead included, and so an upper bound. Seconds
are of the question asked again, in the same process, with the files in the cache. Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import mmap
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from storage.lake import Lake, Partition
from storage.merge import ROW_GROUP_ROWS

_ASK = """
import json, sys, time
import duckdb, polars
folder, source, year, speaker, engine, times = sys.argv[1:]
columns = ["document_id", "turn_index", "event_date", "speaker_label", "text"]
duckdb.execute("set enable_progress_bar = false")  # it would be among the answers where one takes long
def ask_duckdb():
    query = f"select {', '.join(columns)} from read_parquet('{folder}/**/*.parquet', hive_partitioning=true)"
    found = duckdb.execute(query + " where year = ? and speaker_id = ?", [int(year), speaker])
    return found.to_arrow_table().num_rows
def ask_polars():
    # asked for the folder, Polars reads ahead in the files of all years before it leaves them out
    rows = polars.scan_parquet(f"{folder}/source=*/year={year}/*.parquet", hive_partitioning=True)
    wanted = (polars.col("year") == int(year)) & (polars.col("speaker_id") == speaker)
    return rows.filter(wanted).select(columns).collect().height
ask = {"DuckDB": ask_duckdb, "Polars": ask_polars}[engine]
took = []
for _ in range(int(times)):
    started = time.perf_counter()
    found = ask()
    took.append(time.perf_counter() - started)
print(json.dumps({"rows": found, "seconds": took}))
"""
_LIBC = ctypes.CDLL(None, use_errno=True)
Layout = Callable[[pa.Table, Path], None]


def forget(folder: Path) -> None:
    """Have the page cache forget the files below a folder."""
    for path in folder.rglob("*.parquet"):
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def resident(path: Path) -> int:
    """Bytes of a file that stand in the page cache."""
    size = path.stat().st_size
    pages = -(-size // mmap.PAGESIZE)
    with path.open("rb") as file, mmap.mmap(file.fileno(), size, access=mmap.ACCESS_COPY) as view:
        here = ctypes.c_char.from_buffer(view)
        flags = (ctypes.c_ubyte * pages)()
        failed = _LIBC.mincore(ctypes.c_void_p(ctypes.addressof(here)), ctypes.c_size_t(size), flags)
        del here
    if failed:
        raise OSError(ctypes.get_errno(), "mincore", str(path))
    return sum(flag & 1 for flag in flags) * mmap.PAGESIZE


def rewritten(rows: int, *, by_date: bool = False, bloom: bool = False) -> Layout:
    """A layout like that of the lake but for the size of row groups, the order, and filters on speakers."""

    def write(table: pa.Table, path: Path) -> None:
        ids = {"ndv": max(table.num_rows, 1), "fpp": 0.01}
        low = ["speaker_id", "speaker_name", "speaker_label", "speaker_role", "speaker_kind", "document_id", "turn_id"]
        keys = [(name, "ascending") for name in ("event_date", "document_id", "turn_index")]
        pq.write_table(
            table.sort_by(keys) if by_date else table,
            path,
            compression="zstd",
            compression_level=3,
            row_group_size=rows,
            use_dictionary=[*low, "source_id", "language", "event_date", "run_id", "speaker_id_evidence"],
            write_page_index=True,
            write_page_checksum=True,
            bloom_filter_options=dict.fromkeys(["speaker_id"] if bloom else ["document_id", "turn_id"], ids),
        )

    return write


# Layout -> how the file of the year is written in it; None: as it lies.
LAYOUTS: dict[str, Layout | None] = {
    "as it lies": None,
    "row groups of 2,048": rewritten(2_048),
    "row groups of 8,192": rewritten(8_192),
    "row groups of 65,536": rewritten(ROW_GROUP_ROWS),
    "row groups of 8,192, bloom filters on speakers": rewritten(8_192, bloom=True),
    "sorted by date": rewritten(ROW_GROUP_ROWS, by_date=True),
    "sorted by date, row groups of 8,192": rewritten(8_192, by_date=True),
}


def choose(lake: Lake) -> tuple[Partition, dict[str, str]]:
    """The fullest year, and three of its speakers."""
    sizes = {one: pq.read_metadata(lake.file("turns", one)).num_rows for one in lake.partitions()}
    fullest = max(sizes, key=lambda one: sizes[one])
    speakers = lake.read("turns", fullest, ["speaker_id"])["speaker_id"].drop_null().value_counts()
    order = pc.sort_indices(pc.negate(speakers.field("counts"))).to_pylist()
    names = speakers.field("values").to_pylist()
    return fullest, {
        "most": names[order[0]], "middle": names[order[len(order) // 2]], "fewest": names[order[-1]],
    }  # fmt: skip


def ask(folder: Path, at: Partition, speaker: str, engine: str, times: int) -> dict[str, Any]:
    """Ask in a process of its own. Returns rows, and seconds of each time."""
    command = [sys.executable, "-c", _ASK, str(folder), at.source, str(at.year), speaker, engine, str(times)]
    said = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(said.stdout)
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lake", type=Path)
    parser.add_argument("--runs", type=int, default=9)
    asked = parser.parse_args()
    lake = Lake.open(asked.lake.resolve())
    at, speakers = choose(lake)
    whole = sum(path.stat().st_size for path in lake.root.rglob("*") if path.is_file())
    tables = sum(path.stat().st_size for path in lake.root.glob("*/source=*/*/*.parquet"))
    print(f"{at}; lake {whole / 1e6:.1f} MB, its tables {tables / 1e6:.1f} MB\n")
    print("| layout | engine | speaker | turns | ms | touched kB | of the tables |")
    print("| --- | --- | --- | ---: | ---: | ---: | ---: |")
    with tempfile.TemporaryDirectory(dir=lake.root.parent) as place:
        for number, (name, write) in enumerate(LAYOUTS.items()):
            folder = Path(place) / str(number)
            for path in (lake.root / "turns").rglob("*.parquet"):
                copy = folder / path.relative_to(lake.root / "turns")
                copy.parent.mkdir(parents=True)
                is_it = path == lake.file("turns", at)
                write(lake.read("turns", at), copy) if is_it and write else os.link(path, copy)
            for engine in ("DuckDB", "Polars"):
                for which, speaker in speakers.items():
                    forget(folder)
                    found = ask(folder, at, speaker, engine, 1)
                    touched = sum(resident(path) for path in folder.rglob("*.parquet"))
                    took = statistics.median(ask(folder, at, speaker, engine, asked.runs + 1)["seconds"][1:])
                    cells = [name, engine, which, str(found["rows"]), f"{1000 * took:.1f}"]
                    print(f"| {' | '.join([*cells, f'{touched / 1000:.0f}', f'{100 * touched / tables:.2f} %'])} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
