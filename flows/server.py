"""The flow UI: a Prefect server on 127.0.0.1, started, watched and stopped with the command that asked for it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

from flows import environment
from storage.errors import StenolakeError, StorageError, UsageError

HOST = "127.0.0.1"  # never another: the open-source server has no users and no passwords
DEFAULT_PORT = 4200
LAST_PORT = 65535
# Ports tried from the default on, before we give up.
PORTS_TRIED = 20
# A first start makes the database: 15 s on a busy machine, more on a slow disk.
START_SECONDS = 120.0
# The server writes what it has buffered (a second's worth) when it is asked to end; an open UI keeps it from ending.
STOP_SECONDS = 10.0
POLL_SECONDS = 0.1
HEALTH_SECONDS = 2.0  # a server that takes longer to say that it is well is not
EXIT_CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers: where, which process (0: one that was there before), and where its log is."""

    url: str
    api_url: str
    export: str
    started: bool
    pid: int
    log: str


def run_ui(port: int | None, as_json: bool, *, background: bool = False) -> int:
    """Start the flow UI, print its address, and stay until Ctrl-C or SIGTERM; then stop the server.

    Where a healthy Prefect server listens already, only its address is printed. `port` None takes 4200 or the next
    free one. With `background` the server stays and the command ends.

    Returns:
        0 when a server was there already or stays in the background, 130 after Ctrl-C, 143 after SIGTERM.

    Raises:
        UsageError: the port that was asked for is taken by something else, or no port is free.
        StorageError: the server's log cannot be written.
        StenolakeError: the server did not start, or ended by itself; the message holds the end of its log.
    """
    environment.quiet()
    chosen, is_running = choose_port(port)
    if is_running:
        _announce(describe(chosen, pid=0, log=""), as_json, "was running already")
        return 0
    log = environment.prefect_home() / "stenolake-ui.log"
    with collect_signals() as received:
        process = start_server(chosen, log)
        stays = False
        try:
            await_health(process, chosen, log, received)
            if not received:
                advice = f"stop it with: kill {process.pid}" if background else "Ctrl-C stops it"
                _announce(describe(chosen, process.pid, str(log)), as_json, advice)
                stays = background
            while not received and not stays:
                if process.poll() is not None:
                    raise failure("the flow UI ended by itself", process, log)
                time.sleep(POLL_SECONDS)
        finally:
            if not stays:
                stop_process(process)
    return EXIT_CODES[received[0]] if received else 0


def choose_port(port: int | None) -> tuple[int, bool]:
    """The port to use, and whether a healthy Prefect server listens there already.

    Raises:
        UsageError: the port that was asked for is none or is taken by something else, or none of those tried is free.
    """
    if port is not None and not 1 <= port <= LAST_PORT:
        raise UsageError(f"no port: {port}", f"name one from 1 to {LAST_PORT} with --port")
    candidates = [port] if port is not None else list(range(DEFAULT_PORT, DEFAULT_PORT + PORTS_TRIED))
    for candidate in candidates:
        if is_free(candidate):
            return candidate, False
        if is_healthy(candidate):
            return candidate, True
    taken = f"port {port} is" if port is not None else f"ports {candidates[0]} to {candidates[-1]} are"
    raise UsageError(f"{taken} taken by something other than a Prefect server", "name a free one with --port")


def is_free(port: int) -> bool:
    """Can a server listen on this port of 127.0.0.1? False also for ports that need more rights."""
    try:
        socket.create_server((HOST, port)).close()
    except (OSError, OverflowError):
        return False
    return True


def is_healthy(port: int) -> bool:
    """Does a Prefect server answer on this port of 127.0.0.1?"""
    import requests

    with requests.Session() as session:
        session.trust_env = False  # a proxy has no business between us and this machine
        try:
            answer = session.get(f"http://{HOST}:{port}/api/health", timeout=HEALTH_SECONDS)
            return answer.status_code == 200 and answer.json() is True
        except (requests.RequestException, ValueError):
            return False


def server_environment(port: int, inherited: Mapping[str, str]) -> dict[str, str]:
    """Environment of the server process.

    `--port` alone would leave the UI calling port 4200, hence variables. An address of another API would make this
    server a client of that one.
    """
    address = {
        "PREFECT_SERVER_API_HOST": HOST,
        "PREFECT_SERVER_API_PORT": str(port),
        "PREFECT_SERVER_UI_API_URL": f"http://{HOST}:{port}/api",
        "PREFECT_SERVER_UI_ENABLED": "true",
    }
    return {name: value for name, value in inherited.items() if name != "PREFECT_API_URL"} | address


def describe(port: int, pid: int, log: str) -> Server:
    """A server on a port of this machine."""
    url = f"http://{HOST}:{port}"
    return Server(url, f"{url}/api", f"export PREFECT_API_URL={url}/api", started=pid != 0, pid=pid, log=log)


def _announce(server: Server, as_json: bool, remark: str) -> None:
    words = f"Flow UI: {server.url}  ({remark})\nFor runs to appear there: {server.export}"
    sys.stdout.write((json.dumps(asdict(server)) if as_json else words) + "\n")
    sys.stdout.flush()


def start_server(port: int, log: Path) -> subprocess.Popen[bytes]:
    """Start the server in a session of its own, so that Ctrl-C reaches us alone and we stop it in order."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as stream:
            return subprocess.Popen(
                [sys.executable, "-m", "prefect", "server", "start"],
                env=server_environment(port, os.environ),
                stdin=subprocess.DEVNULL,  # on a terminal it would ask about profiles
                stdout=stream,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    except OSError as error:
        raise StorageError(
            f"storage: {error.strerror or error}: {error.filename or log}",
            "set PREFECT_HOME to a folder that this user can write",
        ) from error


def await_health(process: subprocess.Popen[bytes], port: int, log: Path, received: list[signal.Signals]) -> None:
    """Wait until the server answers, or a signal arrives.

    Raises:
        StenolakeError: it ended, or took too long.
    """
    deadline = time.monotonic() + START_SECONDS
    while not received and not is_healthy(port):
        if process.poll() is not None:
            raise failure("the flow UI did not start", process, log)
        if time.monotonic() > deadline:
            raise failure(f"the flow UI did not answer within {START_SECONDS:.0f} s", process, log)
        time.sleep(POLL_SECONDS)


def failure(what: str, process: subprocess.Popen[bytes], log: Path) -> StenolakeError:
    """The error for a process that did not do what it should, with the end of its log."""
    code = process.poll()
    ended = "" if code is None else f" (exit {code})"
    with contextlib.suppress(OSError):
        lines = [line for line in log.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
        tail = "".join(f"\n  | {line}" for line in lines[-5:])
        return StenolakeError(f"{what}{ended}{tail}", f"the whole log: {log}; `stenolake doctor` may know more")
    return StenolakeError(f"{what}{ended}", "`stenolake doctor` may know more")


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """Ask the server to end; after STOP_SECONDS end it and all that it started."""
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@contextlib.contextmanager
def collect_signals() -> Iterator[list[signal.Signals]]:
    """Collect SIGINT and SIGTERM instead of dying of them; nothing where signals are somebody else's (a thread)."""
    received: list[signal.Signals] = []

    def note(number: int, _: FrameType | None) -> None:
        received.append(signal.Signals(number))

    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    before = {number: signal.signal(number, note) for number in EXIT_CODES}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
