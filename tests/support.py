"""Names that tests share; fixtures stand in `conftest.py`."""

from __future__ import annotations

import hashlib
import json
import os
import socket
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import requests

from storage.errors import UsageError

ROOT = Path(__file__).parents[1]
REAL = ROOT.parent / "shared" / "data"
SAMPLE = ROOT / "tests" / "samples" / "kremlin-sample.txt"

PATIENCE_SECONDS = 240.0
"""For what comes within a second on an idle machine, and much later on a busy one."""

Found = TypeVar("Found")


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        parsed: dict[str, Any] = json.loads(self.out)
        return parsed


Command = Callable[..., Said]

PAGE = """Events
{title}
May {day}, 2021
12:00
Lessk
President of Valdoria Ada Brook: {words}
Thank you.
Publication status
Published in section: Transcripts
Publication date: May {day}, 2021, 12:00
Text version"""


def page(day: int, title: str = "Harvest talks", words: str = "Good day, friends.") -> str:
    """One page of a dump, of a day in May 2021."""
    return PAGE.format(day=day, title=title, words=words)


def write(folder: Path, name: str, content: str | bytes) -> Path:
    """Write a file as it is and return its path."""
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def fingerprint(lake: Path, *folders: str) -> dict[str, tuple[str, int]]:
    """Path -> hash and time of change of every file below some folders of a lake, or of all but staging."""
    found = {}
    for path in sorted(lake.rglob("*")):
        name = path.relative_to(lake).as_posix()
        if path.is_file() and not name.startswith("_staging") and (not folders or name.split("/")[0] in folders):
            found[name] = (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
    return found


def ask_prefect(api_url: str, method: str, path: str, body: Any = None) -> Any:
    """What a Prefect server answers, or None where it answers with nothing.

    SQLite behind the server is busy at times, and it says so with 503 until it is not. Each try has a connection of
    its own: a busy server may close one that waits between two tries.
    """
    for pause in (0.2, 0.5, 1, 2, 3, 3, 3, 3, 3, 0):
        answer = requests.request(method, f"{api_url}/{path}", json=body, timeout=PATIENCE_SECONDS)
        if answer.status_code != 503:
            break
        time.sleep(pause)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def wait_for(look: Callable[[], Found], is_right: Callable[[Found], object] = bool) -> Found:
    """What is found as soon as it is right; after all patience what is found then, for the test to say what is wrong.

    Prefect's server stores task runs, logs and events after the run that told it of them, and piece by piece: that
    something is there does not mean that it is whole.
    """
    deadline, pause = time.monotonic() + PATIENCE_SECONDS, 0.02
    while not is_right(found := look()) and time.monotonic() < deadline:
        time.sleep(pause)
        pause = min(pause * 2, 0.3)
    return found


def end_here(*_: object) -> None:
    """End the process on the spot, as the kernel does with one that takes too much memory."""
    os._exit(9)


def refuse(number: int) -> None:
    """Raise one of our errors, where workers can find it by name."""
    raise UsageError(f"no {number}", "take another")


def free_port() -> int:
    """A port of this machine on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port
