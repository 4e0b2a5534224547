"""How a run ends: `Completed`, `CompletedWithQuarantine`, `Refused` or `SourceUnavailable`, with its numbers."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import ParamSpec

from prefect.client.schemas.objects import State
from prefect.states import Completed, Failed

from flows import artifacts
from storage.errors import RefusedError, SourceError
from storage.records import Run

P = ParamSpec("P")


def finish(run: Run) -> State:
    """Attach the artifacts of a run that is done, and name its end."""
    artifacts.tell(run)
    result = {"run_id": run.run_id, "status": run.status, **run.counts}
    state: State = Completed(message=artifacts.headline(run), name=artifacts.state_name(run), data=result)
    return state


def refusable(work: Callable[P, State]) -> Callable[P, State]:
    """Let a flow that refuses its batch, or whose source fails, end in a state that says so.

    Who called it gets the error all the same.
    """

    @functools.wraps(work)
    def named(*args: P.args, **kwargs: P.kwargs) -> State:
        try:
            return work(*args, **kwargs)
        except (RefusedError, SourceError) as error:
            name = "Refused" if isinstance(error, RefusedError) else "SourceUnavailable"
            state: State = Failed(message=error.message, name=name, data=error)
            return state

    # Prefect would look up the names of annotations in this module
    named.__signature__ = inspect.signature(work, eval_str=True)  # type: ignore[attr-defined]
    return named
