"""Kill it anywhere, fail any operation: `python -m benchmarks.crash [--kills N] [--commands N] [--every-error]`.

1. SIGKILL at each named fail point (`storage.failpoint`), those of undo and recovery after a failure that leads there.
2. SIGKILL at random moments of an ingest that adds, corrects and moves documents.
3. SIGKILL at random moments of the work of the command, `stenolake ingest`, with Prefect and all.
4. The N-th fsync, syncfs, mkdir and rename fails, for every N, and every tenth write, with ENOSPC, EIO and EACCES in
   turn; or each of all with all three (`--every-error`, some hours).

After each: pandas, PyArrow, Polars and DuckDB see only old or new partitions, `verify` blames nothing; after the next
run the lake has the bytes of an unbroken one, and staging is empty. A failed operation must leave the tables as they
were and end with 5. Exits 1 when anything was wrong.
"""

from __future__ import annotations

import argparse
import errno
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from storage.failpoint import NAMES
from tests import faults
from tests.harness import Scene, run, set_scene, start
from tests.support import fingerprint

ERRORS = (errno.ENOSPC, errno.EIO, errno.EACCES)
TABLES = ("documents", "turns", "paragraphs", "tags", "links", "photos")


def kill_at(scene: Scene, name: str) -> list[str]:
    """Kill an ingest at a fail point. Returns what is wrong."""
    lake = scene.copy("point")
    prepare = None
    if name.startswith("undo."):  # a rename in the midst of the commit fails; then, while all is taken back, the kill
        prepare = partial(faults.install, str(lake), "rename", 20, errno.EIO)
    elif name == "recover.recorded":
        run(scene.inputs, lake, failpoint="commit.kept")
    elif name.startswith("recover."):
        run(scene.inputs, lake, failpoint="commit.move:9")
    if name == "recover.undone":  # a staged file is damaged: the intent cannot be finished
        staged = next(lake.glob("_staging/*/*runs*.parquet"))
        staged.write_bytes(b"")
    broken = run(scene.inputs, lake, failpoint=name, prepare=prepare)
    wrong = [] if broken == -signal.SIGKILL else [f"was not killed but ended with {broken}"]
    wrong += scene.problems_now(lake)
    return wrong + _finish(scene, lake)


def kill_after(scene: Scene, seconds: float) -> tuple[bool, list[str]]:
    """Kill an ingest after a time. Returns whether it was still at work, and what is wrong."""
    lake = scene.copy("moment")
    process = start(scene.inputs, lake)
    time.sleep(seconds)
    process.kill()
    process.join()
    return process.exitcode == -signal.SIGKILL, scene.problems_now(lake) + _finish(scene, lake)


def kill_command(scene: Scene, seconds: float) -> tuple[bool, list[str]]:
    """Kill `stenolake ingest` so long after it began to work. Returns whether it was still at it, and what is wrong."""
    lake = scene.copy("command")
    command = _begin(scene, lake)
    time.sleep(seconds)
    command.kill()
    return command.wait() == -signal.SIGKILL, scene.problems_now(lake) + _finish(scene, lake)


def _begin(scene: Scene, lake: Path) -> subprocess.Popen[bytes]:
    """Start the command and wait until it has taken the lake: what it does before leaves nothing behind."""
    program = Path(sys.executable).with_name("stenolake")
    command = subprocess.Popen(
        [program, "ingest", scene.inputs, "--lake", lake], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    while command.poll() is None and not any(lake.glob("_staging/*/run.json")):
        time.sleep(0.01)
    return command


def fail(scene: Scene, kind: str, at: int, error: int) -> list[str]:
    """Let one operation fail. Returns what is wrong."""
    lake = scene.copy("fault")
    before = fingerprint(lake, *TABLES)
    code = run(scene.inputs, lake, prepare=partial(faults.install, str(lake), kind, at, error))
    wrong = []
    if code not in (0, 5) or (code == 0 and fingerprint(lake, *TABLES) == before):
        wrong.append(f"ended with {code}")
    if code == 5 and fingerprint(lake, *TABLES) != before:
        wrong.append("published data changed")
    return wrong + scene.problems_now(lake) + _finish(scene, lake)


def operations(scene: Scene) -> dict[str, int]:
    """How many writes, fsyncs, syncfs, renames and mkdirs an unbroken ingest makes."""
    lake = scene.copy("count")
    assert run(scene.inputs, lake, prepare=partial(faults.install, str(lake))) == 0
    return faults.counted(lake)


def _finish(scene: Scene, lake: Path) -> list[str]:
    code = run(scene.inputs, lake)
    return ([f"the next run ended with {code}"] if code else []) + scene.problems_after(lake)


def injections(counts: dict[str, int], every_error: bool) -> Iterator[tuple[str, int, int]]:
    """Kind, number and error of all failures to be tried."""
    for kind, count in sorted(counts.items()):
        # a Parquet file is written in some hundred pieces, which are all alike: every tenth will do
        for at in range(1, count + 1, 10 if kind == "write" and not every_error else 1):
            for error in ERRORS if every_error else (ERRORS[at % len(ERRORS)],):
                yield kind, at, error


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--commands", type=int, default=40)
    parser.add_argument("--seed", type=int, default=4)
    parser.add_argument("--every-error", action="store_true")
    parser.add_argument("--only", choices=["points", "moments", "commands", "faults"])
    asked = parser.parse_args()
    # a run that is killed leaves semaphores to multiprocessing's tracker, which clears them, and warns of them
    os.environ.setdefault("PYTHONWARNINGS", "ignore::UserWarning:multiprocessing.resource_tracker")
    wrong: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="stenolake-crash-") as folder:
        scene = set_scene(Path(folder))
        if asked.only in (None, "points"):
            started = time.monotonic()
            for name in NAMES:
                _note(wrong, f"kill at {name}", kill_at(scene, name))
            print(
                f"kills at {len(NAMES)} fail points: {wrong.total()} wrong, {time.monotonic() - started:.0f} s",
                flush=True,
            )
        rng = random.Random(asked.seed)
        if asked.only in (None, "moments"):
            _kill_often(
                wrong, "kills at random moments", partial(kill_after, scene), _duration(scene), asked.kills, rng
            )
        if asked.only in (None, "commands"):
            took = _duration_of_command(scene)
            _kill_often(wrong, "kills of the command", partial(kill_command, scene), took, asked.commands, rng)
        if asked.only in (None, "faults"):
            started, before, counts = time.monotonic(), wrong.total(), operations(scene)
            tried, todo = 0, list(injections(counts, asked.every_error))
            for kind, at, error in todo:
                _note(wrong, f"{errno.errorcode[error]} at {kind} {at}", fail(scene, kind, at, error))
                tried += 1
                _progress(tried, tried, len(todo))
            print(
                f"failing operations: {tried} injections over {counts}, {wrong.total() - before} wrong, "
                f"{time.monotonic() - started:.0f} s",
                flush=True,
            )
    print("all as it must be" if not wrong.total() else f"{wrong.total()} wrong")
    return 1 if wrong.total() else 0


def _kill_often(
    wrong: Counter[str],
    what: str,
    kill: Callable[[float], tuple[bool, list[str]]],
    took: float,
    wanted: int,
    rng: random.Random,
) -> None:
    """Kill after random times, until the run was at work as often as is wanted."""
    started, at_work, tries, before = time.monotonic(), 0, 0, wrong.total()
    while at_work < wanted:
        seconds = rng.uniform(0, took)
        alive, problems = kill(seconds)
        at_work, tries = at_work + alive, tries + 1
        _note(wrong, f"{what}, after {seconds:.3f} s", problems)
        _progress(tries, at_work, wanted)
    print(
        f"{what}: {at_work} of {tries} met the run at work, {wrong.total() - before} wrong, "
        f"{time.monotonic() - started:.0f} s",
        flush=True,
    )


def _duration_of_command(scene: Scene) -> float:
    command, started = _begin(scene, scene.copy("command")), time.monotonic()
    assert command.wait() == 0
    return time.monotonic() - started


def _duration(scene: Scene) -> float:
    lake, started = scene.copy("moment"), time.monotonic()
    run(scene.inputs, lake)
    return time.monotonic() - started


def _progress(tries: int, done: int, total: int) -> None:
    if tries % 20 == 0:
        print(f"  {done} of {total}", flush=True)


def _note(wrong: Counter[str], what: str, problems: list[str]) -> None:
    for problem in problems:
        print(f"WRONG {what}: {problem}", flush=True)
    wrong[what] += bool(problems)


if __name__ == "__main__":
    sys.exit(main())
