"""A flow called by a command: in this process, with the server that there is or one of its own."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable
from typing import Any

from flows import environment
from flows.shown import tell

environment.quiet()
# our own lines are the terminal's
for _name in ("PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL", "PREFECT_LOGGING_INTERNAL_LEVEL"):
    os.environ.setdefault(_name, "CRITICAL")

lost: list[str] = []  # why Prefect's server could not be told how a run of this process ended


def require_server() -> None:
    """See that the Prefect server that a run would report to answers.

    Raises:
        UsageError: `PREFECT_API_URL` names one that does not.
    """
    from flows.doctor import FAIL
    from flows.doctor_machine import check_prefect_api
    from storage.errors import UsageError

    for check in check_prefect_api():
        if check.status == FAIL:
            raise UsageError(f"PREFECT_API_URL: {check.detail}", check.advice)


def call_flow(flow: Callable[..., Any], **parameters: Any) -> dict[str, Any]:
    """Run a flow in this process, with the server of `PREFECT_API_URL` or one of its own. Returns what came of it.

    Where the server goes away during the run, the end that the lake has recorded stands.

    Raises:
        UsageError: there is no server at `PREFECT_API_URL`.
        StenolakeError: what the flow raised.
    """
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    from flows import outcome, telling

    require_server()
    before = outcome.last_end()
    # the heartbeat's thread is joined for a second at the end of each flow, and a person watches this one
    quick = temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None})
    logging.raiseExceptions = False  # logs that Prefect's server does not take are not the terminal's either
    try:
        with quick, telling.impatient():
            return dict(flow(**parameters))
    except Exception as error:
        end = outcome.last_end()
        if end is before or end is error:
            raise
        lost.append(str(error))
        if isinstance(end, Exception):
            raise end from error
        away = f"stenolake: Prefect's server went away ({error}); the next run tells it how this one ended"
        tell(away, stream=sys.stderr)
        return end or {}
