"""The frame of a run: the lake is held, the run is recorded whatever happens, and nothing is left in staging."""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.metadata
import logging
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from storage import ledger, openlineage
from storage.commit import INTENT, Move, commit
from storage.errors import LakeHeldError, RefusedError, StorageError
from storage.failpoint import reach
from storage.files import DISK_ERRORS, make_folder, require_folder, storing, write_bytes
from storage.lake import Lake
from storage.lock import Tenure, hold
from storage.raw import RawStore
from storage.records import Run
from storage.recover import LOCK, events_of, is_recorded, note_objects, note_run, recover
from tasks.aliases import digest, named_file
from tasks.workers import Workers, default_count

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

# Who comes back from hours of downloading has more patience than who begins.
RETURN_SECONDS = 3600.0

# Packages that shape what is written; their versions stand in `runs`.
_PACKAGES = ("prefect", "great-expectations", "pyarrow", "zstandard", "openlineage-python", "charset-normalizer")


@dataclass(frozen=True, slots=True)
class Session:
    """A run at work.

    `lake` is what is read and, unless the run is dry, written. `raw` and `folder` are where dumps and staged files go:
    in the lake, or in a throw-away place in a dry run. `workers` are the processes that do the work.
    `tenure` is how the lake is held; a dry run does not.
    """

    run: Run
    lake: Lake
    raw: RawStore
    folder: Path
    is_dry: bool
    workers: Workers
    tenure: Tenure | None = None


@contextlib.contextmanager
def session(
    flow: str,
    run_id: str,
    lake: Path,
    parameters: dict[str, object],
    *,
    dry_run: bool = False,
    wait_seconds: float = 0,
    workers: int | None = None,
) -> Iterator[Session]:
    """Hold the lake for a run, waiting for it if asked to; record how it ends.

    `workers` is how many processes may work at once; by default `tasks.workers.default_count`.

    Raises:
        LakeHeldError: another run holds it.
        StorageError: the lake cannot be written.
    """
    run = Run(run_id, flow, dt.datetime.now(dt.UTC), parameters, code_version(), package_versions())
    target, count = Lake(require_folder(lake).resolve()), workers or default_count()
    if dry_run:
        with tempfile.TemporaryDirectory(prefix="stenolake-") as name, Workers(count) as hired:
            place = Path(name)
            yield Session(run, target, RawStore(place / "_raw", place), place / run_id, is_dry=True, workers=hired)
        return
    tenure = Tenure(target.staging / LOCK, run_id)
    _take(tenure, run, target, wait_seconds)
    with contextlib.closing(tenure):
        folder = target.staging / run_id
        raw = RawStore(target.raw.root, folder, run.outputs)
        at_work = Session(run, target, raw, folder, is_dry=False, workers=Workers(count), tenure=tenure)
        try:
            announce(target, run, folder)
            with storing(folder, DISK_ERRORS), at_work.workers:
                yield at_work
            if run.ended_at is None:
                close(at_work, ())
        except BaseException as error:
            if run.ended_at is None and not (folder / INTENT).exists() and not is_recorded(target, run):
                run.status = "refused" if isinstance(error, RefusedError) else "failed"
                run.error = f"{type(error).__name__}: {error}"[:500]
                run.versions.clear()  # nothing was published
                run.sightings.clear()
                run.readings.clear()
                # the disk may be what failed; the first error is the one to tell
                with contextlib.suppress(StorageError, LakeHeldError, OSError):
                    note_objects(run, target, folder)
                    close(at_work, ())
            raise


def _take(tenure: Tenure, run: Run, lake: Lake, wait_seconds: float) -> None:
    """Take the lake and put it in order after runs that were killed."""
    tenure.take(wait_seconds)
    try:
        run.held_at = dt.datetime.now(dt.UTC)
        reach("lock.taken")
        for killed in recover(lake):
            _send(openlineage.final_events(killed, str(lake.root)))
    except BaseException:
        tenure.close()
        raise


@contextlib.contextmanager
def away(at_work: Session, wait_seconds: float) -> Iterator[None]:
    """Leave the lake to others for a while in which nothing is written but raw objects and the run's own folder.

    The run comes back whatever happens: it has to record how it ended. What it knew of the tables may be old then.

    Raises:
        LakeHeldError: another run held it for longer than the wait, or RETURN_SECONDS. What came meanwhile is safe: the
            next run of the lake records it.
        StorageError: the lake cannot be written.
    """
    run, tenure = at_work.run, at_work.tenure
    assert tenure is not None, "a dry run holds no lake"
    with hold(at_work.folder / LOCK, run.run_id, 0, "the folder of the run"):
        tenure.close()
        wait = max(wait_seconds, RETURN_SECONDS)
        try:
            yield
        except BaseException as error:
            wait = wait if isinstance(error, Exception) else 0  # somebody wants an end, now
            with contextlib.suppress(LakeHeldError):  # the first error is the one to tell
                _come_back(at_work, tenure, wait)
            raise
        _come_back(at_work, tenure, wait)


def _come_back(at_work: Session, tenure: Tenure, wait_seconds: float) -> None:
    run, lake = at_work.run, at_work.lake
    before = _events_path(lake, run)
    _take(tenure, run, lake, wait_seconds)
    note_run(run, at_work.folder)
    _write_start(lake, run, at_work.folder)
    before.unlink(missing_ok=True)


def announce(lake: Lake, run: Run, folder: Path) -> None:
    """Say that a run has begun: its START event stands in the lake and is sent on, whatever comes.

    Raises:
        StorageError: writing failed.
    """
    with storing(folder):
        make_folder(folder)
    reach("run.folder_made")
    note_run(run, folder)
    reach("run.noted")
    _send(_write_start(lake, run, folder))
    reach("run.announced")


def _write_start(lake: Lake, run: Run, folder: Path) -> list[RunEvent]:
    events = [openlineage.start_event(run, str(lake.root))]
    write_bytes(folder, _events_path(lake, run), openlineage.to_ndjson(events))
    return events


def _events_path(lake: Lake, run: Run) -> Path:
    return lake.root / "_lineage" / "openlineage" / f"{ledger.stem(run)}.ndjson"


def close(at_work: Session, moves: Sequence[Move]) -> None:
    """Commit a run: its moves and its ledger together, the `documents` after all other tables; clear its staging.

    Raises:
        StorageError: writing failed; nothing has changed, and the run is not recorded yet.
    """
    run, lake, folder, tenure = at_work.run, at_work.lake, at_work.folder, at_work.tenure
    assert tenure is not None, "a dry run commits nothing"
    run.ended_at, written = dt.datetime.now(dt.UTC), list(run.outputs)
    run.outputs += [move.output for move in moves]
    try:
        events = events_of(run, lake)
        ordered = sorted(moves, key=lambda move: move.output.table == "documents")
        ledger_moves = ledger.stage(lake, run, openlineage.to_ndjson(events), folder)
        commit(lake.root, folder, [*ordered, *ledger_moves], tenure.require)
    except BaseException:
        run.ended_at, run.outputs[:] = None, written
        raise
    shutil.rmtree(folder, ignore_errors=True)
    reach("run.swept")
    _send(events[1:])


def _send(events: Sequence[RunEvent]) -> None:
    if problem := openlineage.send(events):
        logging.getLogger("stenolake").warning("OpenLineage events stay in the lake, sending them failed: %s", problem)


def code_version() -> str:
    """Version of Stenolake, and the commit where it runs from a git checkout: `0.1.0+3f2c1ab`."""
    version = importlib.metadata.version("stenolake")
    checkout = Path(__file__).resolve().parent.parent
    if not (checkout / ".git").exists() or shutil.which("git") is None:
        return version
    asked = ["git", "-C", str(checkout), "rev-parse", "--short=12", "HEAD"]
    found = subprocess.run(asked, capture_output=True, text=True, check=False)
    return f"{version}+{found.stdout.strip()}" if found.returncode == 0 else version


def package_versions() -> dict[str, str]:
    """Versions of Python and of the packages that shape the output, and the hash of the alias files."""
    return {
        "python": platform.python_version(),
        "aliases": digest(named_file()),
        **{name: importlib.metadata.version(name) for name in _PACKAGES},
    }
