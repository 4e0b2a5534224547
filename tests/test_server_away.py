"""Prefect's server goes away: before a run, in its middle, and what the next run makes of it."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows import call, outcome, telling
from storage.errors import StorageError
from storage.lake import Lake
from tasks.verify_files import check_files
from tests.publisher import ROBOTS, Handler, Site, kremlin_list, kremlin_page, serve
from tests.support import PATIENCE_SECONDS, ROOT, Command, ask_prefect, free_port, page, wait_for, write

PROGRAM = [sys.executable, "-c", "from flows.cli import main; main()"]


@dataclass
class Served:
    """A Prefect server of our own on a port that stays, to be killed and started again."""

    home: Path
    port: int
    pid: int = 0

    @property
    def environ(self) -> dict[str, str]:
        environ = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_API")}
        return environ | {"PREFECT_HOME": str(self.home)}

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api"

    def start(self) -> None:
        code = f"from flows.server import run_ui; run_ui({self.port}, True, background=True)"
        said = subprocess.run(
            [sys.executable, "-c", code], env=self.environ, cwd=ROOT, capture_output=True, text=True, check=True
        )
        self.pid = json.loads(said.stdout)["pid"]

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)
        self.pid = 0

    def flow_run(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = ask_prefect(self.api_url, "GET", f"flow_runs/{run_id}")
        return found


def test_server_is_killed_in_the_middle_of_a_run(prefect_template: Path, tmp_path: Path) -> None:
    shutil.copy(prefect_template, tmp_path / "prefect.db")
    served, lake = Served(tmp_path, free_port()), tmp_path / "lake"
    dump = write(tmp_path, "pages.txt", page(1) + page(2) + page(3)[:-40])
    served.start()
    try:
        run = subprocess.Popen(
            [*PROGRAM, "ingest", str(dump), "--lake", str(lake), "--json"],
            env=served.environ | {"PREFECT_API_URL": served.api_url}, cwd=ROOT, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert wait_for(lambda: list(lake.glob("_staging/*/run.json")) or run.poll() is not None)
        assert run.poll() is None
        served.kill()
        out, err = run.communicate(timeout=PATIENCE_SECONDS)
        answer = json.loads(out)
        assert run.returncode == 0
        assert answer["status"] == "completed_with_quarantine"
        assert answer["documents"] == {"read": 3, "published": 2, "unchanged": 0, "quarantined": 1}
        (line,) = err.splitlines()
        assert line.startswith("stenolake: Prefect's server went away")
        assert [path.name for path in (lake / "_staging").iterdir()] == ["lock"]

        served.start()
        assert served.flow_run(answer["run_id"])["state_name"] == "Running"
        at_once = "from flows import outcome; outcome.GRACE_SECONDS = 0; from flows.cli import main; main()"
        again = subprocess.run(
            [sys.executable, "-c", at_once, "ingest", str(dump), "--lake", str(lake)],
            env=served.environ | {"PREFECT_API_URL": served.api_url}, cwd=ROOT, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        assert (again.returncode, again.stderr) == (0, "")
        told = served.flow_run(answer["run_id"])
        assert (told["state_type"], told["state_name"]) == ("COMPLETED", "CompletedWithQuarantine")
        assert told["state"]["message"].startswith("as the lake's ledger has it")
    finally:
        if served.pid:
            served.kill()


def test_server_is_killed_in_the_middle_of_a_fetch(prefect_template: Path, tmp_path: Path) -> None:
    """The tasks that come after it have nobody to ask for the host's concurrency limit."""
    shutil.copy(prefect_template, tmp_path / "prefect.db")
    served, lake, day = Served(tmp_path, free_port()), tmp_path / "lake", dt.date(2021, 5, 4)
    news = "/events/president/news"
    site = Site({"/robots.txt": ROBOTS, **{f"{news}/{n}": kremlin_page(n, day) for n in (901, 902)}})

    def answer(handler: Handler) -> None:
        served.kill()
        handler.send_page(kremlin_list(dict.fromkeys((902, 901), day), last=True))

    site.pages[f"{news}/by-date/04.05.2021"] = answer
    served.start()
    try:
        with serve(site):
            told = ["--since", str(day), "--until", str(day), "--base-url", site.base, "--delay", "0"]
            run = subprocess.run(
                [*PROGRAM, "fetch", "kremlin", "--lake", str(lake), "--json", *told],
                env=served.environ | {"PREFECT_API_URL": served.api_url}, cwd=ROOT, capture_output=True, text=True,
                check=False, timeout=PATIENCE_SECONDS,
            )  # fmt: skip
    finally:
        if served.pid:
            served.kill()
    assert run.returncode == 0, run.stdout + run.stderr
    assert json.loads(run.stdout)["documents"]["published"] == 2
    (line,) = run.stderr.splitlines()
    assert line.startswith("stenolake: Prefect's server went away")
    assert [path.name for path in (lake / "_staging").iterdir()] == ["lock"]
    assert list(check_files(Lake(lake), lambda done, total: None)) == []


def test_no_server_at_the_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stenolake: Command) -> None:
    url = f"http://127.0.0.1:{free_port()}/api"
    monkeypatch.setenv("PREFECT_API_URL", url)
    said = stenolake("ingest", write(tmp_path, "pages.txt", page(1)), "--lake", tmp_path / "lake")
    assert said.code == 2
    assert said.err.splitlines() == [
        f"stenolake: PREFECT_API_URL: {url} does not answer: [Errno 111] Connection refused",
        "  start it with `stenolake ui`, or unset PREFECT_API_URL to let each run bring its own",
    ]
    assert not (tmp_path / "lake").exists()


def test_a_home_that_cannot_be_written_is_told_before_a_server_is_started(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    home, dump = tmp_path / "file" / "home", write(tmp_path, "pages.txt", page(1))
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", "from flows.cli import main; main()",
         "ingest", str(dump), "--lake", str(tmp_path / "lake"), "--json"],
        env={**os.environ, "PREFECT_HOME": str(home)}, cwd=ROOT, capture_output=True, text=True, check=False,
        timeout=PATIENCE_SECONDS,
    )  # fmt: skip
    assert (run.returncode, json.loads(run.stdout)) == (
        5,
        {
            "error": f"storage: {home} cannot be made in {tmp_path / 'file'}",
            "advice": "set PREFECT_HOME to a folder that this user can write",
            "exit": 5,
        },
    )
    assert not (tmp_path / "lake").exists()


def test_a_database_elsewhere_needs_no_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.server.api import server as theirs
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_HOME,
        PREFECT_SERVER_DATABASE_CONNECTION_URL,
        temporary_settings,
    )

    monkeypatch.setattr(theirs, "SubprocessASGIServer", lambda: SimpleNamespace(running=True))
    (tmp_path / "file").write_text("in the way")
    home = tmp_path / "file" / "home"
    for database in (home / "prefect.db", tmp_path / "other.db"):
        url = f"sqlite+aiosqlite:///{database}"
        settings = {PREFECT_API_URL: None, PREFECT_HOME: home, PREFECT_SERVER_DATABASE_CONNECTION_URL: url}
        needs = pytest.raises(StorageError) if database.name == "prefect.db" else contextlib.nullcontext()
        with temporary_settings(settings), needs:
            call.start_own_server()


def test_a_run_that_was_killed_is_crashed(stenolake: Command, prefect_api: str, tmp_path: Path) -> None:
    """The next run of the lake records it, and tells Prefect."""
    from prefect import flow
    from prefect.client.orchestration import get_client
    from prefect.states import Running

    @flow(name="ingest")
    def silent() -> None: ...

    with get_client(sync_client=True) as client:
        killed = client.create_flow_run(silent, name="killed", state=Running())
        lake = tmp_path / "lake"
        folder = lake / "_staging" / str(killed.id)
        folder.mkdir(parents=True)
        noted = {"run_id": str(killed.id), "flow": "ingest", "parameters": {}, "code_version": "0", "packages": {}}
        write(folder, "run.json", json.dumps(noted | {"started_at": "2026-11-01T06:00:00+00:00"}))
        assert stenolake("ingest", write(tmp_path, "pages.txt", page(1)), "--lake", lake).code == 0
        state = client.read_flow_run(killed.id).state
    assert state is not None
    assert (state.name, state.message) == ("Crashed", outcome._UNTOLD)


def test_who_cannot_hear_is_told_nothing_more(stenolake: Command) -> None:
    """One warning, and no second try: each would cost Prefect's patience again."""
    import httpx
    from prefect import flow

    asked = []

    def speak(word: str) -> str:
        asked.append(word)
        raise httpx.ConnectError("gone")

    @flow
    def talkative() -> list[str | None]:
        return [telling.tell(speak, "one"), telling.tell(speak, "two")]

    assert talkative() == [None, None]
    assert asked == ["one"]
