"""How far a run is: told to whoever listens, a bar on a terminal or a progress artifact in the flow UI."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar

Listener = Callable[[str, int, int], None]

_LISTENER: ContextVar[Listener | None] = ContextVar("listener", default=None)


@contextlib.contextmanager
def listening(listener: Listener) -> Iterator[None]:
    """Have `listener(step, done, total)` called while a run goes on."""
    token = _LISTENER.set(listener)
    try:
        yield
    finally:
        _LISTENER.reset(token)


def report(step: str, done: int, total: int) -> None:
    """Tell how far a step is, in bytes or pieces."""
    if listener := _LISTENER.get():
        listener(step, done, total)
