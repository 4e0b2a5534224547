"""How a run ends: `Completed`, `CompletedWithQuarantine`, `Refused`, `SourceUnavailable` …, with its numbers.

The lake knows how a run ended before Prefect does. Where its server has gone meanwhile, the end stands here for who
called the flow, and the next run tells Prefect (`reconcile`).
"""

from __future__ import annotations

import datetime as dt
import functools
import inspect
import uuid
from collections.abc import Callable
from typing import Any, ParamSpec

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import State, StateType
from prefect.logging import get_logger, get_run_logger
from prefect.states import Completed, Crashed, Failed

from flows import artifacts, notify
from flows.telling import is_heard, tell
from storage import ledger
from storage.errors import DamageError, LakeHeldError, RefusedError, SourceError, StenolakeError, StorageError
from storage.lake import Lake
from storage.records import Run

P = ParamSpec("P")

RECONCILED_RUNS = 200  # newest runs of the ledger that are compared with what Prefect holds; one query
# A run that has committed tells its end within seconds; who ended less long ago may be about to.
GRACE_SECONDS = 30.0

_OPEN_STATES = (StateType.RUNNING, StateType.PENDING, StateType.CANCELLING, StateType.CRASHED)
_UNTOLD = "as the lake's ledger has it: the run ended while Prefect's server was away, or was killed"

_NAMES: dict[type[StenolakeError], str] = {
    RefusedError: "Refused", SourceError: "SourceUnavailable", LakeHeldError: "LakeHeld", StorageError: "StorageFailed",
    DamageError: "DamageFound",
}  # fmt: skip

_ended: list[dict[str, Any] | Exception] = []


def last_end() -> dict[str, Any] | Exception | None:
    """What came of the last flow of this process, whether Prefect could be told or not; None while one is at work."""
    return _ended[-1] if _ended else None


def finish(run: Run) -> State:
    """Attach the artifacts of a run that is done, and name its end."""
    artifacts.tell_story(run)
    result = {"run_id": run.run_id, "status": run.status, **run.counts}
    state: State = Completed(message=artifacts.headline(run), name=artifacts.state_name(run), data=result)
    return state


def refusable(work: Callable[P, State]) -> Callable[P, State]:
    """Let a flow that ends for a reason that it knows end in a state that says so, without a traceback.

    Who called it gets the error all the same, and who is to be told of bad ends (`flows.notify`) is told of this one.
    """

    @functools.wraps(work)
    def named(*args: P.args, **kwargs: P.kwargs) -> State:
        _ended.clear()
        try:
            state = work(*args, **kwargs)
        except StenolakeError as error:
            state = Failed(message=str(error), name=_name_of(error), data=error)
            get_run_logger().error("%s", error)
            _ended.append(error)
        except Exception as error:
            _ended.append(error)
            is_heard()
            notify.notify("Failed", str(error))
            raise
        else:
            _ended.append(state.data if isinstance(state.data, Exception) else dict(state.data))
        is_heard()
        if state.name != "Completed":
            notify.notify(state.name or "", state.message or "")
        return state

    # Prefect would look up the names of annotations in this module
    named.__signature__ = inspect.signature(work, eval_str=True)  # type: ignore[attr-defined]
    return named


def _name_of(error: StenolakeError) -> str:
    """The name of a state, for the list of runs in the UI."""
    return next((name for kind, name in _NAMES.items() if isinstance(error, kind)), "Failed")


def reconcile(lake: Lake) -> None:
    """Set the states of flow runs whose end the ledger knows and Prefect does not.

    They ended while Prefect's server was away, or were killed and found by the next run of the lake.
    """
    tell(_reconcile, lake)


def _reconcile(lake: Lake) -> None:
    recent = {uuid.UUID(run_id): path for run_id, path in ledger.recent_runs(lake, RECONCILED_RUNS).items()}
    if not recent:
        return
    untold = FlowRunFilter(
        id=FlowRunFilterId(any_=list(recent)),
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(_OPEN_STATES))),
    )
    with get_client(sync_client=True) as client:
        for held in client.read_flow_runs(flow_run_filter=untold):
            status, ended_at = ledger.read_end(recent[held.id])
            state = _state_of(status)
            is_late = (dt.datetime.now(dt.UTC) - ended_at).total_seconds() > GRACE_SECONDS
            if held.state_type != state.type and (is_late or status == "failed"):
                client.set_flow_run_state(held.id, state, force=True)
                get_logger("stenolake").info("%s is %s, %s", held.name, state.name, _UNTOLD)


def _state_of(status: str) -> State:
    """The state in which Prefect should hold a run that ended with a status of the ledger."""
    ends: dict[str, State] = {
        "completed": Completed(message=_UNTOLD),
        "completed_with_quarantine": Completed(name="CompletedWithQuarantine", message=_UNTOLD),
        "refused": Failed(name="Refused", message=_UNTOLD),
        "failed": Crashed(message=_UNTOLD),
    }
    return ends[status]
