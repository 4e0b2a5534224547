"""The drop flow: what has come into a folder is ingested once, and not while somebody still writes it."""

from __future__ import annotations

import time
import uuid
from pathlib import Path

from flows import environment

environment.quiet()  # before Prefect reads its settings

from prefect import flow  # noqa: E402
from prefect.client.schemas.objects import State  # noqa: E402
from prefect.runtime import flow_run  # noqa: E402
from prefect.states import Completed  # noqa: E402

from flows.asked import require_sense  # noqa: E402
from flows.ingest import judge_all, judge_whole, publish, take_in  # noqa: E402
from flows.notify import notify_crashed  # noqa: E402
from flows.outcome import finish, reconcile, refusable  # noqa: E402
from flows.session import session  # noqa: E402
from storage import ledger  # noqa: E402
from storage.errors import UsageError  # noqa: E402
from storage.lake import Lake  # noqa: E402
from tasks import s3  # noqa: E402
from tasks.acquire import find_files  # noqa: E402
from tasks.arrivals import find_arrivals  # noqa: E402
from tasks.parse import Defaults  # noqa: E402


@flow(name="drop", flow_run_name="drop {folder}", persist_result=False, retries=0, on_crashed=[notify_crashed])
@refusable
def drop(
    folder: str = environment.DROP,
    lake: str = environment.LAKE,
    settled_seconds: int = 60,
    source: str | None = None,
    language: str | None = None,
    wait_seconds: float = 0,
) -> State:
    """Ingest the files in a folder that no run has taken in yet.

    Args:
        folder: the drop folder; files that came before and hidden files are left alone, and nothing is ever removed.
        lake: folder of the lake.
        settled_seconds: for how long nobody must have written or renamed a file before it is taken.
        source: publisher's slug, for documents that do not tell their own.
        language: BCP 47 tag, for documents that do not tell their own.
        wait_seconds: how long to wait for a run that holds the lake.
    """
    require_sense(source=source, language=language, wait_seconds=wait_seconds)
    place = Path(lake)
    if folder.startswith(s3.SCHEME):
        raise UsageError(
            f"the drop folder must be on this machine: {folder}",
            "schedule `ingest` with this address: it knows dumps that came before by their hash",
        )
    files = find_files(folder, place)
    found = find_arrivals(files, ledger.ingested_dumps(Lake(place.resolve())), settled_seconds, time.time())
    if not found.fresh:
        return Completed(message=f"nothing new: {found}", data={"run_id": None, "status": "completed"})
    parameters: dict[str, object] = {"folder": folder, "source": source, "language": language}
    run_id = flow_run.id or str(uuid.uuid4())
    with session("drop", run_id, place, parameters, wait_seconds=wait_seconds) as at_work:
        reconcile(at_work.lake)
        dumps = take_in(at_work, found.fresh, None)
        held = judge_all(at_work, dumps, Defaults(run_id, at_work.run.started_at, source, language))
        judge_whole(at_work, dumps, held, None)
        publish(at_work, dumps, held)
    return finish(at_work.run)
