"""What Prefect is told besides states: where its server has gone, the run goes on, for the lake does not need it.

A flow that a worker runs keeps Prefect's own patience with its server: five tries in a minute. Somebody who waits for
a command has less, and a request that fails costs that minute each time: `impatient` is for them.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from typing import ParamSpec, TypeVar

import httpx
from prefect.context import FlowRunContext
from prefect.exceptions import PrefectException
from prefect.logging import get_logger
from prefect.settings import PREFECT_CLIENT_MAX_RETRIES, temporary_settings

P = ParamSpec("P")
T = TypeVar("T")

PATIENCE_SECONDS = 5.0
CONNECT_SECONDS = 1.0
POLL_SECONDS = 0.2

_patience: list[contextlib.ExitStack] = []
_deaf: set[object] = set()  # flow runs whose server has gone


@contextlib.contextmanager
def impatient() -> Iterator[None]:
    """Within it a flow waits PATIENCE_SECONDS for a server that has gone, and tells it nothing more."""
    with contextlib.ExitStack() as stack:
        _patience.append(stack)
        try:
            yield
        finally:
            _patience.pop()


def tell(speak: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | None:
    """Call a function that talks to Prefect's server; without an answer say so once a run, and go on.

    Outside a run there is nobody to tell, and asking would start a server of its own.

    Returns:
        Its answer, or None where there is none.
    """
    run = _present_run()
    if run is None or run in _deaf or not is_heard():
        return None
    try:
        return speak(*args, **kwargs)
    except (httpx.HTTPError, PrefectException) as error:
        _give_up(run, error)
        return None


def is_heard() -> bool:
    """Whether the present flow can tell its end: asked before it ends, it saves those who wait a minute."""
    run, context = _present_run(), FlowRunContext.get()
    if not _patience or context is None:
        return True
    if run in _deaf:
        return False
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (error := _knock(httpx.URL(str(context.client.api_url)))) is not None:
        if time.monotonic() > deadline:
            _give_up(run, error)
            _patience[-1].enter_context(temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}))
            return False
        time.sleep(POLL_SECONDS)
    return True


def _knock(url: httpx.URL) -> OSError | None:
    address = (url.host, url.port or (443 if url.scheme == "https" else 80))
    try:
        socket.create_connection(address, timeout=CONNECT_SECONDS).close()
    except OSError as error:
        return error
    return None


def _give_up(run: object, error: Exception) -> None:
    _deaf.add(run)
    get_logger("stenolake").warning("Prefect's server does not answer, the run goes on without it: %s", error)


def _present_run() -> object:
    context = FlowRunContext.get()
    return context.flow_run.id if context and context.flow_run else None
