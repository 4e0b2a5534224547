"""Whether `verify` finds what time and people do to files: `python -m benchmarks.damage [--count N] [--seed N]`.

Flips a byte, cuts, deletes or swaps files of a lake, one damage at a time, raw objects, tables and ledger, and asks
`verify` each time. Prints how many were named, by kind and by folder, and exits 1 when one was not.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from flows.verify import prove
from storage.lake import Lake
from tests.harness import plain_ingest, write_scenes

KINDS = ("flip", "truncate", "delete", "swap")


def make_lake(folder: Path) -> Path:
    """A lake of two runs, with a file in quarantine."""
    before, after = write_scenes(folder)
    (after / "letter.txt").write_text("Dear all,\n", encoding="utf-8")
    for inputs in (before, after):
        plain_ingest([str(inputs)], str(folder / "lake"))
    return folder / "lake"


def damage(lake: Path, kind: str, rng: random.Random) -> tuple[list[Path], dict[Path, bytes]]:
    """Do one damage. Returns the files that are damaged now, and what stood in them."""
    files = [path for path in sorted(lake.rglob("*")) if path.is_file() and "_staging" not in path.parts]
    path = rng.choice(files)
    data = path.read_bytes()
    kept = {path: data}
    path.chmod(0o644)
    if kind == "flip":
        at = rng.randrange(len(data))
        path.write_bytes(data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :])
    elif kind == "truncate":
        path.write_bytes(data[: rng.randrange(len(data))])
    elif kind == "delete":
        path.unlink()
    else:
        alike = [one for one in files if one.parent.parent == path.parent.parent and one != path]
        other = rng.choice(alike or files)
        kept[other] = other.read_bytes()
        other.chmod(0o644)
        path.write_bytes(kept[other])
        other.write_bytes(data)
    return [one for one, before in kept.items() if not one.exists() or one.read_bytes() != before], kept


def is_named(lake: Path, path: Path, named: set[str]) -> bool:
    """Whether `verify` names the file, or, of a ledger file that is gone, its run."""
    name = path.relative_to(lake).as_posix()
    return any(where in (name, name.rsplit("-", 1)[0]) for where in named)


def try_damages(lake: Path, count: int, seed: int) -> tuple[Counter[tuple[str, str]], list[str]]:
    """Do that many damages, one at a time. Returns counts by kind and folder, and what was not named."""
    rng, done, missed = random.Random(seed), Counter[tuple[str, str]](), list[str]()
    while done.total() < count:
        kind = KINDS[done.total() % len(KINDS)]
        hurt, kept = damage(lake, kind, rng)
        if hurt:  # two files of the same bytes may have been swapped
            named = {item.where for item in prove(Lake(lake))[0]}
            missed += [f"{kind} {path.relative_to(lake)}" for path in hurt if not is_named(lake, path, named)]
            done[kind, hurt[0].relative_to(lake).parts[0]] += 1
        for path, data in kept.items():
            path.write_bytes(data)
    return done, missed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=4)
    asked = parser.parse_args()
    folder, started = Path(tempfile.mkdtemp(prefix="stenolake-damage-")), time.monotonic()
    try:
        done, missed = try_damages(make_lake(folder), asked.count, asked.seed)
    finally:
        shutil.rmtree(folder)
    for (kind, place), number in sorted(done.items()):
        print(f"{number:>5} {kind:<9} {place}")
    print(f"{done.total()} damages, {len(missed)} not named, {time.monotonic() - started:.0f} s")
    print("\n".join(missed))
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
