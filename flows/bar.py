"""How far a run is, as bars on a terminal."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from typing import Any

from flows.progress import listening


@contextlib.contextmanager
def bar(first: str = "starting Prefect") -> Iterator[None]:
    """Show how far a run is on a terminal, and nothing elsewhere."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as progress:
        bars: dict[str, Any] = {}
        starting = progress.add_task(first, total=None)

        def show(step: str, done: int, total: int) -> None:
            progress.update(starting, visible=False)
            if step not in bars:
                bars[step] = progress.add_task(step, total=total)
            progress.update(bars[step], completed=done, total=total)

        with listening(show):
            yield
