"""The same input in any order gives the same bytes: `python -m benchmarks.shuffle [--shuffles N] [--seed N]`.

Files that hold documents several times over, in other words, and one in another encoding, are ingested in shuffled
orders, with 1, 2 and 4 workers, in two time zones and locales, each time into a new lake. The signature of a lake is
the hash of every table and raw object with `run_id` and `ingested_at` set aside. A second run over the first lake must
rewrite no file. Exits 1 when there is more than one signature.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import locale
import os
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.harness import forkserver, page, plain_ingest, signature
from tests.support import fingerprint

WORKERS = (1, 2, 4)
PLACES = (("UTC", "C.UTF-8"), ("Asia/Kamchatka", "C"))  # time zone, locale
TABLES = ("documents", "turns", "paragraphs", "tags", "links", "photos", "_raw")


def write_dumps(folder: Path) -> list[str]:
    """Twelve files: each document in two of them, every third in other words; one file in another encoding."""
    names = []
    for number in range(12):
        days = [number + 1, number + 2]
        words = [f"Good day {number}." if day % 3 == 0 else "Good day, friends." for day in days]
        text = "".join(page(day, year=2021 + day % 3, words=word) for day, word in zip(days, words, strict=True))
        path = folder / f"{number:02}.txt"
        path.write_bytes(text.replace("Good", "“Good”").encode("cp1252" if number == 5 else "utf-8"))
        names.append(str(path))
    return names


def ingest(names: list[str], lake: str, workers: int, place: tuple[str, str]) -> None:
    """Ingest files in their order, in a process of its own."""
    os.environ["TZ"], os.environ["LC_ALL"] = place
    time.tzset()
    locale.setlocale(locale.LC_ALL, "")
    plain_ingest(names, lake, workers=workers)


def run(names: list[str], lake: Path, workers: int, place: tuple[str, str]) -> None:
    """The same, waited for."""
    process = forkserver().Process(target=ingest, args=(names, str(lake), workers, place))
    process.start()
    process.join()
    assert process.exitcode == 0, f"ingest ended with {process.exitcode}"


def sign(lake: Path) -> str:
    """One hash for a lake."""
    return hashlib.sha256(json.dumps(signature(lake), sort_keys=True).encode()).hexdigest()[:16]


def variants(names: list[str], shuffles: int, seed: int) -> Iterator[tuple[list[str], int, tuple[str, str]]]:
    """Order, workers and place of each ingest."""
    rng = random.Random(seed)
    for _ in range(shuffles):
        order = rng.sample(names, len(names))
        for workers in WORKERS:
            for place in PLACES:
                yield order, workers, place


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shuffles", type=int, default=10)
    parser.add_argument("--seed", type=int, default=4)
    asked = parser.parse_args()
    signatures = Counter[str]()
    with tempfile.TemporaryDirectory(prefix="stenolake-shuffle-") as name:
        folder = Path(name)
        names = write_dumps(folder)
        for number, (order, workers, place) in enumerate(variants(names, asked.shuffles, asked.seed)):
            run(order, folder / str(number), workers, place)
            signatures[sign(folder / str(number))] += 1
        before = fingerprint(folder / "0", *TABLES)
        run(names, folder / "0", 2, PLACES[0])
        changed = len(set(fingerprint(folder / "0", *TABLES).items()) ^ set(before.items()))
    print(f"{signatures.total()} ingests in {asked.shuffles} orders: {len(signatures)} signatures {dict(signatures)}")
    print(f"a second run over the first lake changed {changed} files")
    return 0 if len(signatures) == 1 and not changed else 1


if __name__ == "__main__":
    sys.exit(main())
