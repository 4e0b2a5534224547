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
from storage.errors import RefusedError, StorageError
from storage.files import make_folder, storing, write_bytes
from storage.lake import Lake
from storage.lock import hold
from storage.raw import RawStore
from storage.records import Run

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

# Packages that shape what is written; their versions stand in `runs`.
_PACKAGES = ("prefect", "great-expectations", "pyarrow", "zstandard", "openlineage-python", "charset-normalizer")


@dataclass(frozen=True, slots=True)
class Session:
    """A run at work.

    `lake` is what is read and, unless the run is dry, written. `raw` and `folder` are where dumps and staged files go:
    in the lake, or in a throw-away place in a dry run.
    """

    run: Run
    lake: Lake
    raw: RawStore
    folder: Path
    is_dry: bool


@contextlib.contextmanager
def session(flow: str, run_id: str, lake: Path, parameters: dict[str, object], *, dry_run: bool) -> Iterator[Session]:
    """Hold the lake for a run; record how it ends.

    Raises:
        LakeHeldError: another run holds it.
        StorageError: the lake cannot be written.
    """
    run = Run(run_id, flow, dt.datetime.now(dt.UTC), parameters, code_version(), package_versions())
    target = Lake(lake.resolve())
    if dry_run:
        with tempfile.TemporaryDirectory(prefix="stenolake-") as name:
            place = Path(name)
            yield Session(run, target, RawStore(place / "_raw", place), place / run_id, is_dry=True)
        return
    with hold(target.staging / "lock", run_id):
        sweep(target)
        folder = target.staging / run_id
        announce(target, run, folder)
        try:
            with storing(folder):
                make_folder(folder)
            yield Session(run, target, RawStore(target.raw.root, folder, run.outputs), folder, is_dry=False)
        except BaseException as error:
            run.status = "refused" if isinstance(error, RefusedError) else "failed"
            run.outputs = [output for output in run.outputs if (target.root / output.path).exists()]
            run.error = f"{type(error).__name__}: {error}"[:500]
            with contextlib.suppress(StorageError):  # the disk may be what failed; the first error is the one to tell
                close(target, run, folder)
            raise
        close(target, run, folder)


def announce(lake: Lake, run: Run, folder: Path) -> None:
    """Say that a run has begun: its START event stands in the lake and is sent on, whatever comes."""
    _publish_events(lake, run, folder, [openlineage.start_event(run, str(lake.root))])


def close(lake: Lake, run: Run, folder: Path) -> None:
    """Write the ledger of a run and clear its staging."""
    run.ended_at = dt.datetime.now(dt.UTC)
    uri = str(lake.root)
    final = openlineage.final_events(run, uri)
    ledger.record(lake, run, openlineage.to_ndjson([openlineage.start_event(run, uri), *final]), folder)
    shutil.rmtree(folder, ignore_errors=True)
    _send(final)


def _publish_events(lake: Lake, run: Run, folder: Path, events: Sequence[RunEvent]) -> None:
    path = lake.root / "_lineage" / "openlineage" / f"{ledger.stem(run)}.ndjson"
    write_bytes(folder, path, openlineage.to_ndjson(events))
    _send(events)


def _send(events: Sequence[RunEvent]) -> None:
    if problem := openlineage.send(events):
        logging.getLogger("stenolake").warning("OpenLineage events stay in the lake, sending them failed: %s", problem)


def sweep(lake: Lake) -> None:
    """Remove what earlier runs that were killed left in staging; called by who holds the lake."""
    with storing(lake.staging):
        for left in lake.staging.iterdir():
            if left.is_dir():
                shutil.rmtree(left)
            elif left.name != "lock":
                left.unlink()


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
    """Versions of Python and of the packages that shape the output."""
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in _PACKAGES}}
