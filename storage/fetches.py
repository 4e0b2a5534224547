"""The journal of a run that fetches: one line a response, durable before the next request goes out.

    <lake>/_staging/<run id>/fetches.ndjson

The body of a response stands in the raw store before its line is written. When the run is killed, the next one puts
the lines into the ledger, so that nothing that was stored is fetched again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import os
from pathlib import Path

from storage.files import make_folder, read_journal, storing
from storage.records import Fetch

JOURNAL = "fetches.ndjson"


def note_fetch(folder: Path, fetch: Fetch) -> None:
    """Add one line, durably.

    Raises:
        StorageError: writing failed.
    """
    row = dataclasses.asdict(fetch) | {
        "day": fetch.day and fetch.day.isoformat(),
        "fetched_at": fetch.fetched_at.isoformat(),
    }
    journal = folder / JOURNAL
    with storing(journal):
        make_folder(folder)
        with journal.open("ab") as stream:
            stream.write(json.dumps(row).encode() + b"\n")
            stream.flush()
            os.fsync(stream.fileno())


def noted_fetches(folder: Path) -> list[Fetch]:
    """What the journal of a run says, less lines that a power cut left half written or full of zeros.

    Raises:
        StorageError: it cannot be read.
    """
    return [_read(row) for row in read_journal(folder / JOURNAL)]


def _read(row: dict[str, object]) -> Fetch:
    day, at = row.pop("day"), row.pop("fetched_at")
    return Fetch(
        **row,  # type: ignore[arg-type]
        day=dt.date.fromisoformat(str(day)) if day else None,
        fetched_at=dt.datetime.fromisoformat(str(at)),
    )
