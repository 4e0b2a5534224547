"""Many writers on one partition: `python -m benchmarks.contend [--processes N] [--ingests N]`.

Each process ingests pages of its own into the same year, waiting for the lake in half of the ingests, and otherwise
trying again when it is refused with 11. Prints how many documents are there, missing and twice; exits 1 when not all
are there once.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from multiprocessing.queues import Queue
from pathlib import Path

import pyarrow.dataset as ds

from storage.errors import LakeHeldError
from tests.harness import forkserver, page, plain_ingest

MONTHS = ("January", "March", "May", "July", "August", "October", "December", "April")


def write_all(number: int, ingests: int, folder: str, refused: Queue[int]) -> None:
    """Ingest one page after another; tell how often the lake was held."""
    count = 0
    for at in range(ingests):
        dump = Path(folder) / f"{number}-{at}.txt"
        dump.write_text(page(at + 1, month=MONTHS[number]), encoding="utf-8")
        while True:
            try:
                plain_ingest([str(dump)], f"{folder}/lake", wait_seconds=60 if at % 2 else 0)
                break
            except LakeHeldError:
                count += 1
                time.sleep(0.05)
    refused.put(count)


def contend(folder: Path, processes: int, ingests: int) -> tuple[list[str], int]:
    """Have them all at it. Returns the ids that stand in the lake, and how often one was refused."""
    context = forkserver()
    refused: Queue[int] = context.Queue()
    arguments = [(number, ingests, str(folder), refused) for number in range(processes)]
    workers = [context.Process(target=write_all, args=one) for one in arguments]
    for worker in workers:
        worker.start()
    held = sum(refused.get(timeout=600) for _ in workers)
    for worker in workers:
        worker.join()
    return ds.dataset(folder / "lake" / "documents").to_table(["document_id"])["document_id"].to_pylist(), held


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--processes", type=int, default=8, choices=range(1, len(MONTHS) + 1))
    parser.add_argument("--ingests", type=int, default=10)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="stenolake-contend-") as folder:
        started = time.monotonic()
        ids, held = contend(Path(folder), asked.processes, asked.ingests)
    wanted = asked.processes * asked.ingests
    print(
        f"{wanted} ingests by {asked.processes} processes: {len(set(ids))} of {wanted} documents there, "
        f"{len(ids) - len(set(ids))} twice; refused and tried again {held} times; {time.monotonic() - started:.0f} s"
    )
    return 0 if len(ids) == len(set(ids)) == wanted else 1


if __name__ == "__main__":
    sys.exit(main())
