"""A flow called by a command: in this process, with the server that there is or one of its own."""

from __future__ import annotations

import atexit
import logging
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from flows import environment
from flows.shown import tell
from tasks import memory

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


def start_own_server() -> None:
    """Start the server that Prefect would start by itself where none is named, and see that it outlives this process
    by no second: one that is killed cannot stop it, and each would stay for ever.

    Raises:
        StorageError: its database cannot be written, which Prefect would tell after two minutes of trying.
    """
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_HOME,
        PREFECT_SERVER_ALLOW_EPHEMERAL_MODE,
        PREFECT_SERVER_DATABASE_CONNECTION_URL,
    )

    from flows.doctor_machine import find_home_fault
    from storage.errors import StorageError

    if PREFECT_API_URL.value() or not PREFECT_SERVER_ALLOW_EPHEMERAL_MODE.value():
        return
    home = PREFECT_HOME.value()
    is_there = str(PREFECT_SERVER_DATABASE_CONNECTION_URL.value()).endswith(str(home / "prefect.db"))
    if is_there and (fault := find_home_fault(home)):
        raise StorageError(f"storage: {fault.detail}", fault.advice)
    from prefect.server.api.server import SubprocessASGIServer  # takes two seconds

    server = SubprocessASGIServer()  # the one of this process, which Prefect asks for in the same way
    if server.running:
        return
    server.start()
    assert server.server_process, "a server that has started has a process"
    # reads from a pipe that this process holds open, alone: the kernel closes it, however the process ends
    command = ["/bin/sh", "-c", 'read -r _; kill "$0"', str(server.server_process.pid)]
    watch = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             start_new_session=True)  # fmt: skip
    atexit.register(_let_go, watch)  # before Prefect stops the server in good order


def _let_go(watch: subprocess.Popen[bytes]) -> None:
    watch.kill()
    watch.communicate()


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
    start_own_server()
    memory.settle()
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
