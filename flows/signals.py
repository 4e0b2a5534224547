"""The signals that somebody else took: Prefect has a handler of its own for SIGTERM while a flow is at work."""

from __future__ import annotations

import signal
from collections.abc import Iterator


def find_signals(error: BaseException | None) -> Iterator[int]:
    """Signals behind an error: Prefect may stumble over what its own handler raised in the first steps of a task."""
    while error:
        if type(error).__name__ == "TerminationSignal":  # by its name: `stenolake --help` does without Prefect
            yield int(getattr(error, "signal", signal.SIGTERM))
        error = error.__context__
