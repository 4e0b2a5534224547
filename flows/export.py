"""`stenolake export-warc`: what was fetched, as a file that other archives read."""

from __future__ import annotations

import contextlib
import datetime as dt
import importlib.metadata
import os
from pathlib import Path

from flows.shown import tell, tell_json
from storage.errors import UsageError
from storage.files import storing
from storage.lake import Lake
from tasks.fetch.warc import chosen_fetches, write_warc


def run_export_warc(
    lake: Path, out: Path, source: str | None, since: dt.date | None, until: dt.date | None, *, as_json: bool
) -> int:
    """Write the archive, whole or not at all. Returns 0.

    Raises:
        UsageError: nothing was fetched, or the file would stand in the lake.
    """
    target = Lake.open(lake)
    if out.resolve().is_relative_to(target.root.resolve()):
        raise UsageError(f"{out} is inside the lake", "choose a place outside of it")
    rows = chosen_fetches(target, source, since, until)
    if not rows:
        raise UsageError("no response is archived here that fits", "fetch a source first, or name other days")
    beside = out.with_name(f".{os.getpid()}.warc")
    software = f"Stenolake/{importlib.metadata.version('stenolake')}"
    try:
        with storing(beside), beside.open("wb") as sink:
            count = write_warc(rows, target, sink, software)
            sink.flush()
            os.fsync(sink.fileno())
        with storing(out):
            beside.replace(out)
    finally:
        with contextlib.suppress(OSError):  # the first error is the one to tell
            beside.unlink(missing_ok=True)
    size = out.stat().st_size
    if as_json:
        tell_json({"status": "written", "path": str(out), "responses": count, "bytes": size})
    else:
        tell(f"{count} responses, {size:,} bytes in {out}")
    return 0
