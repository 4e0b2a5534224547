"""OpenLineage events of a run: built from its record, kept in the lake as NDJSON, sent on where somebody listens.

    event = start_event(run, lake)          when the run starts
    events = final_events(run, lake)        when it has ended: COMPLETE or FAIL
    to_ndjson([event, *events])             bytes for `_lineage/openlineage/`
    warning = send(events)                  does nothing unless an OpenLineage transport is configured

The client costs 0.7 s to import (yaml, requests, dateutil), so that this module imports it only when it is used.
"""

from __future__ import annotations

import contextlib
import copy
import datetime as dt
import logging
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from storage.records import Run

if TYPE_CHECKING:
    from openlineage.client.event_v2 import RunEvent

# Seconds that an asynchronous transport gets to empty its queue.
CLOSE_SECONDS = 10.0
_LOUD_LOGGERS = ("openlineage", "urllib3.connectionpool")


@dataclass(frozen=True, slots=True)
class Parent:
    """What started the run: another run (a UUID) of another job, and when the schedule wanted it."""

    run_id: str
    name: str
    namespace: str = "prefect"
    scheduled_at: dt.datetime | None = None


def start_event(run: Run, lake_uri: str, parent: Parent | None = None) -> RunEvent:
    """START of a run, at `run.started_at`: who and what, the same bytes whether built then or at the end.

    `lake_uri` is a path, a `file://` address or an `s3://` address. Raises ValueError for a run id that is no UUID.
    """
    from storage.openlineage_facets import build_event

    return build_event("START", run, lake_uri, parent)


def final_events(run: Run, lake_uri: str, parent: Parent | None = None) -> list[RunEvent]:
    """What ends the run: COMPLETE where it published, FAIL where it was refused or failed; nothing follows these.

    Raises ValueError for a run that has not ended or has a status that nobody defined.
    """
    from storage.openlineage_facets import build_event, final_state

    return [build_event(final_state(run), run, lake_uri, parent)]


def to_ndjson(events: Sequence[RunEvent]) -> bytes:
    """One JSON object a line, ASCII, keys sorted; nothing for no events."""
    from openlineage.client.serde import Serde

    return "".join(Serde.to_json(event, separators=(",", ":")) + "\n" for event in events).encode("ascii")


def send(events: Sequence[RunEvent]) -> str | None:
    """Send the events on through the OpenLineage client, where a transport is configured by the client's own rules.

    Returns None when all were accepted or nobody is configured to get them, else the error as one line for a warning:
    a catalogue that is down must not cost a run. After the first failure the rest stays unsent (the client has then
    retried for some 10 s by default), and can be replayed from the lake.
    """
    if not events or not _may_be_configured():
        return None
    with _quiet_client():
        try:
            _emit(events)
        except Exception as error:  # noqa: BLE001 - any transport, any plug-in: there is no narrower root
            return f"{type(error).__name__}: {' '.join(str(error).split())}"
    return None


def _emit(events: Sequence[RunEvent]) -> None:
    from openlineage.client import OpenLineageClient
    from openlineage.client.transport.noop import NoopConfig, NoopTransport

    # Without a configuration the client would print the events; asked with a transport in hand it only reads its files.
    config = OpenLineageClient(transport=NoopTransport(NoopConfig())).config
    if not os.environ.get("OPENLINEAGE_URL") and not (config.transport or {}).get("type"):
        return
    # The client would describe the git checkout of the working directory as our source code.
    client = OpenLineageClient(config={"facets": {"source_code_location": {"disabled": True}}})
    for event in events:
        client.emit(copy.deepcopy(event))  # it writes its own facets into what it is given
    if not client.close(CLOSE_SECONDS):
        raise TimeoutError(f"the transport had not sent all events after {CLOSE_SECONDS:.0f} s")


def _may_be_configured() -> bool:
    """Is there anything that the client would look at? Spares its import where there is not."""
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    names = ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG")
    if any(os.environ.get(name) for name in names) or any(name.startswith("OPENLINEAGE__") for name in os.environ):
        return True
    return any((folder / "openlineage.yml").is_file() for folder in (Path.cwd(), Path("~/.openlineage").expanduser()))


@contextlib.contextmanager
def _quiet_client() -> Iterator[None]:
    """Keep the client's retries and advice off the terminal, and its changes of the environment to itself.

    It rewrites OPENLINEAGE_URL into other variables, which would outlive the address. Whoever sets
    OPENLINEAGE_CLIENT_LOGGING wants its log and gets it.
    """
    before = {name: value for name, value in os.environ.items() if name.startswith("OPENLINEAGE")}
    loggers = [] if os.environ.get("OPENLINEAGE_CLIENT_LOGGING") else [logging.getLogger(n) for n in _LOUD_LOGGERS]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        for name in [name for name in os.environ if name.startswith("OPENLINEAGE") and name not in before]:
            del os.environ[name]
