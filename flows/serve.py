"""`stenolake serve`: the deployments of `prefect.yaml` on one machine: a server where none is set, and a worker."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from flows import environment
from flows.server import (
    EXIT_CODES,
    POLL_SECONDS,
    Server,
    await_health,
    choose_port,
    collect_signals,
    describe,
    failure,
    start_server,
    stop_process,
)
from flows.shown import tell, tell_json
from storage.errors import StenolakeError, UsageError

POOL = "stenolake"
_SERVES = "stenolake serve on "
# A run at work is ended in order: it takes back what it had begun, and says so.
STOP_RUNS_SECONDS = 20.0


def run_serve(
    lake: Path, drop: Path, report: Path, port: int | None, *, only_deploy: bool = False, as_json: bool = False
) -> int:
    """Run the deployments on one lake until Ctrl-C or SIGTERM; then end the runs, the worker and the server.

    The server is that of `PREFECT_API_URL`; without one, a server of its own on 127.0.0.1. With `only_deploy` a server
    must be set: pool, deployments and automation are made there, and the command ends.

    Returns:
        0 after `only_deploy`, 130 after Ctrl-C, 143 after SIGTERM.

    Raises:
        UsageError: no server answers at `PREFECT_API_URL`, or the port is taken by something else.
        StorageError: a log cannot be written.
        StenolakeError: server or worker did not start, or ended by itself; the message holds the end of its log.
    """
    environment.quiet()
    places = {"STENOLAKE_LAKE": lake, "STENOLAKE_DROP": drop, "STENOLAKE_REPORT": report}
    environ = os.environ | {name: str(path.resolve()) for name, path in places.items()}
    if only_deploy and not environment.in_force("PREFECT_API_URL"):
        raise UsageError("PREFECT_API_URL is not set", "name the server that is to have the deployments")
    if not only_deploy:
        drop.mkdir(parents=True, exist_ok=True)  # a schedule that looks there is no reason to fail on the first day
    name = "" if only_deploy else name_worker(environ["STENOLAKE_LAKE"])
    with collect_signals() as received, _server(port, received) as (server, own):
        environ["PREFECT_API_URL"] = server.api_url
        deployed = _deploy(environ, name) if not received else []
        _announce(server, environ, deployed, as_json=as_json, stays=not only_deploy)
        if not only_deploy and not received:
            with _worker(environ, name) as (worker, log):
                while not received:
                    if worker.poll() is not None:
                        raise failure("the worker ended by itself", worker, log)
                    if own and own.poll() is not None:
                        raise failure("the flow UI ended by itself", own, Path(server.log))
                    time.sleep(POLL_SECONDS)
    return EXIT_CODES[received[0]] if received else 0


def name_worker(lake: str) -> str:
    """The name of the worker that runs the deployments on a lake, which may hold neither `/` nor `%`.

    >>> lake_of(name_worker("/srv/lake"))
    '/srv/lake'
    """
    return _SERVES + lake.replace("/", "\\").replace("%", "_")


def lake_of(worker: str) -> str | None:
    """The lake of a worker of `stenolake serve`; None where it is somebody else's."""
    return worker.removeprefix(_SERVES).replace("\\", "/") if worker.startswith(_SERVES) else None


@contextlib.contextmanager
def _server(
    port: int | None, received: list[signal.Signals]
) -> Iterator[tuple[Server, subprocess.Popen[bytes] | None]]:
    """The server that is set, one that listens on the port already, or one of our own for as long as we run."""
    if url := environment.in_force("PREFECT_API_URL"):
        from flows.call import require_server

        require_server()
        yield Server(url.rstrip("/").removesuffix("/api"), url, f"export PREFECT_API_URL={url}", False, 0, ""), None
        return
    chosen, is_running = choose_port(port)
    if is_running:
        yield describe(chosen, pid=0, log=""), None
        return
    log = environment.prefect_home() / "stenolake-ui.log"
    process = start_server(chosen, log)
    try:
        await_health(process, chosen, log, received)
        yield describe(chosen, process.pid, str(log)), process
    finally:
        stop_process(process)


def _deploy(environ: dict[str, str], worker: str) -> list[dict[str, Any]]:
    """Pool, deployments and automation, made by a process of its own: this one stays small for months."""
    command = [sys.executable, "-m", "flows.deployments", worker]
    done = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode == UsageError.exit_code:
        message, _, advice = done.stderr.strip().partition("\n  ")
        raise UsageError(message, advice)
    if done.returncode:
        raise StenolakeError(f"the deployments cannot be made: {done.stderr.strip()[-2000:]}", "see prefect.yaml")
    told: list[dict[str, Any]] = json.loads(done.stdout)
    return told


@contextlib.contextmanager
def _worker(environ: dict[str, str], name: str) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """A worker of our pool, in a session of its own, so that we end its runs in order."""
    log = environment.prefect_home() / "stenolake-worker.log"
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL, "--name", name]
    command += ["--install-policy", "never"]
    with log.open("wb") as stream:
        process = subprocess.Popen(
            command, env=environ, stdin=subprocess.DEVNULL, stdout=stream, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
    try:
        yield process, log
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)  # its runs stand in the same group
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_RUNS_SECONDS)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _announce(
    server: Server, environ: dict[str, str], deployed: list[dict[str, Any]], *, as_json: bool, stays: bool
) -> None:
    places = {name: environ[f"STENOLAKE_{name.upper()}"] for name in ("lake", "drop", "report")}
    if as_json:
        tell_json({**asdict(server), **places, "deployments": deployed})
    else:
        lines = [f"Flow UI: {server.url}" + ("  (Ctrl-C stops it and its runs)" if stays else "")]
        lines += [f"  {name:<16} {path}" for name, path in places.items()]
        for one in deployed:
            paused = f"  (paused: {', '.join(one['paused'])})" if one["paused"] else ""
            lines.append(f"  {one['name']:<16} {', '.join(one['schedules']) or 'by hand'}{paused}")
        tell("\n".join(lines))
    sys.stdout.flush()
