"""After a run that was killed: what it had decided is finished, what it had not is dropped and recorded as such.

Only who holds the lake may recover it; anybody may ask what is pending.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from storage import ledger, openlineage
from storage.commit import INTENT, Move, commit, is_whole, read_intent, redo, undo
from storage.errors import StorageError
from storage.failpoint import reach
from storage.fetches import noted_fetches
from storage.files import list_names, storing, write_bytes
from storage.lake import Lake
from storage.lock import is_held
from storage.raw import listed_objects
from storage.records import Output, Run

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

RUN = "run.json"
LOCK = "lock"
_TIMES = ("started_at", "held_at")
_NOTED = ("run_id", "flow", "parameters", "code_version", "packages")


@dataclass(frozen=True, slots=True)
class Pending:
    """What a run that is at work, or was killed, has announced: moves, if it is decided, and raw objects.

    `kept` are the hashes of the responses that it fetched: some may stand in the raw store for longer than the run.
    """

    run_id: str
    moves: tuple[Move, ...]
    objects: tuple[Output, ...]
    kept: tuple[str, ...] = ()


def note_run(run: Run, folder: Path) -> None:
    """Write down what a run is, before it does anything, for the case that it never gets to tell.

    Raises:
        StorageError: writing failed.
    """
    times = {name: at.isoformat() for name in _TIMES if (at := getattr(run, name))}
    facts = {name: getattr(run, name) for name in _NOTED} | times
    write_bytes(folder, folder / RUN, json.dumps(facts).encode())


def pending(lake: Lake) -> list[Pending]:
    """What stands in staging and explains files that the ledger does not list yet, or not any more.

    An intent that could not be finished, because a file of it is damaged, explains nothing.
    """
    found = []
    for folder in _folders(lake):
        try:
            moves = read_intent(folder) or []
            objects = listed_objects(folder)
            fetches = noted_fetches(folder)
            whole = is_whole(lake.root, folder, moves)
        except (StorageError, OSError, ValueError, KeyError, TypeError):  # damaged, or gone: a run has just ended
            continue
        kept = {sha256 for one in fetches for sha256 in (one.body_sha256, one.dump_sha256) if sha256}
        found.append(Pending(folder.name, tuple(moves) if whole else (), tuple(objects), tuple(sorted(kept))))
    return found


def recover(lake: Lake) -> list[Run]:
    """Put the lake in order after runs that were killed, and clear staging.

    The folder of a run that lives and has left the lake for a while is not touched.

    Returns:
        Runs that were recorded as killed; one that was finished has told its own story.

    Raises:
        StorageError: reading or writing failed; the next run tries again.
    """
    reach("recover.begun")
    killed, living = [], {folder for folder in _folders(lake) if is_held(folder / LOCK)}
    for folder in _folders(lake):
        if folder in living:
            continue
        if moves := read_intent(folder):
            if is_whole(lake.root, folder, moves):
                redo(lake.root, folder, moves)
                with storing(folder):
                    (folder / INTENT).unlink()
                _clear(folder)
                reach("recover.redone")
                continue
            undo(lake.root, folder, moves)
            reach("recover.undone")
        if run := _noted_run(folder):
            _record_killed(lake, run, folder)
            killed.append(run)
            reach("recover.recorded")
        _clear(folder)
    with storing(lake.staging):
        for left in lake.staging.iterdir():
            if left.name != LOCK and left not in living:
                _clear(left)
    reach("recover.swept")
    return killed


def _folders(lake: Lake) -> list[Path]:
    with storing(lake.staging):
        return sorted(path for path in lake.staging.iterdir() if path.is_dir()) if lake.staging.is_dir() else []


def _clear(path: Path) -> None:
    with storing(path):
        shutil.rmtree(path) if path.is_dir() else path.unlink()


def _noted_run(folder: Path) -> Run | None:
    """The run of a folder; None where it noted nothing, or a power cut left of the note what nobody can read."""
    try:
        with storing(folder):
            noted = json.loads((folder / RUN).read_bytes()) if (folder / RUN).exists() else None
        if noted is None:
            return None
        noted |= {name: dt.datetime.fromisoformat(noted[name]) for name in _TIMES if name in noted}
        return Run(**noted, ended_at=dt.datetime.now(dt.UTC), status="failed")
    except (ValueError, TypeError, KeyError):
        return None


def _record_killed(lake: Lake, run: Run, folder: Path) -> None:
    """Record a run that was killed: that it was, and which raw objects it left."""
    run.error = "killed: the run ended without a word, and the next one recorded it"
    note_objects(run, lake, folder)
    run.fetches += noted_fetches(folder)
    if not is_recorded(lake, run):
        events = openlineage.to_ndjson(events_of(run, lake))
        commit(lake.root, folder, ledger.stage(lake, run, events, folder))


def note_objects(run: Run, lake: Lake, folder: Path) -> None:
    """Add the raw objects that a run listed and that are in place to its outputs, those that it has noted aside.

    Whatever ends a run may do so right after a rename.

    Raises:
        StorageError: reading failed.
    """
    noted = {output.path for output in run.outputs}
    standing = {item.path: item for item in listed_objects(folder) if item.path not in noted and _stands(lake, item)}
    run.outputs += standing.values()


def events_of(run: Run, lake: Lake) -> list[RunEvent]:
    """The OpenLineage events of a run that has ended, START included."""
    uri = str(lake.root)
    return [openlineage.start_event(run, uri), *openlineage.final_events(run, uri)]


def _stands(lake: Lake, output: Output) -> bool:
    path = lake.root / output.path
    return path.exists() and path.stat().st_size == output.bytes


def is_recorded(lake: Lake, run: Run) -> bool:
    """Whether the ledger has it already: it was killed, or told to end, after its commit, as it cleared its folder."""
    names = list_names(lake.root / "_lineage" / "runs")
    return any(name.startswith(f"{ledger.stem(run)}-") for name in names)
