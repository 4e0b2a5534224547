"""`stenolake serve` as it is run: own server, worker, deployments to their end, a schedule, a clean stop."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from flows import serve as serve_flow
from flows.server import Server
from storage.errors import StenolakeError
from tasks.arrivals import find_arrivals
from tests.publisher import ROBOTS, Handler, Site, kremlin_list, kremlin_page, serve
from tests.support import PATIENCE_SECONDS, ROOT, SAMPLE, ask_prefect, free_port, wait_for, write
from tests.test_quiet import AUDIT

DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}


TELL = """#!{python}
import sys, urllib.request
told = urllib.request.Request("{url}", sys.stdin.buffer.read(), {{"Content-Type": "application/json"}})
urllib.request.build_opener(urllib.request.ProxyHandler({{}})).open(told, timeout=20).close()
"""


@dataclass
class Inbox:
    """Somebody who is told by a POST to this machine."""

    letters: list[dict[str, Any]] = field(default_factory=list)
    url: str = ""

    @contextlib.contextmanager
    def open(self) -> Iterator[None]:
        letters = self.letters

        class Receiver(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                letters.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
                self.send_response(204)
                self.end_headers()

            def log_message(self, *arguments: Any) -> None: ...

        with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
            self.url = f"http://127.0.0.1:{server.server_address[1]}/"
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield
            server.shutdown()

    def about(self, run: str) -> dict[str, Any]:
        (letter,) = wait_for(lambda: [one for one in self.letters if one["run_id"] == run])
        return letter


@dataclass(frozen=True)
class Serving:
    process: subprocess.Popen[str]
    told: dict[str, Any]
    folder: Path
    inbox: Inbox

    @property
    def environ(self) -> dict[str, str]:
        """For commands that talk to this server."""
        places = {name: str(self.folder / name) for name in ("lake", "drop", "report")}
        return (
            os.environ
            | {"PREFECT_API_URL": self.told["api_url"], "PREFECT_HOME": str(self.folder), "PYTHONPATH": str(ROOT)}
            | {f"STENOLAKE_{name.upper()}": place for name, place in places.items()}
        )

    def prefect(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "prefect", "--no-prompt", *arguments]
        done = subprocess.run(command, env=self.environ, cwd=ROOT, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def ask(self, path: str, body: Any = None) -> Any:
        return ask_prefect(self.told["api_url"], "POST", path, body or {})

    def get(self, path: str) -> Any:
        return ask_prefect(self.told["api_url"], "GET", path)

    def start(self, deployment: str, **parameters: Any) -> str:
        found = self.get(f"deployments/name/{deployment}")
        run: str = self.ask(f"deployments/{found['id']}/create_flow_run", {"parameters": parameters})["id"]
        return run

    def end_of(self, run: str) -> dict[str, Any]:
        ended: dict[str, Any] = wait_for(
            lambda: self.get(f"flow_runs/{run}"), lambda found: found["state_type"] in FINAL
        )
        assert ended["state_type"] in FINAL, ended["state_name"]
        return ended


@pytest.fixture(scope="module")
def serving(prefect_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    inbox = Inbox()
    with inbox.open():
        yield from serve_from(tmp_path_factory.mktemp("serve"), prefect_template, inbox)


def serve_from(folder: Path, prefect_template: Path, inbox: Inbox) -> Iterator[Serving]:
    shutil.copy(prefect_template, folder / "prefect.db")
    write(folder, "sitecustomize.py", AUDIT)
    write(folder, "tell", TELL.format(python=sys.executable, url=inbox.url)).chmod(0o755)
    (folder / "drop").mkdir()
    shutil.copy(SAMPLE, folder / "drop")
    write(folder / "drop", "letter.txt", "Dear all,\n")
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT", "DO_NOT", "GX_"))}
    environ |= {
        "PREFECT_HOME": str(folder), "AUDIT": str(folder / "audit.log"), "PYTHONPATH": f"{folder}:{ROOT}",
        "STENOLAKE_NOTIFY": str(folder / "tell"), "PREFECT_WORKER_QUERY_SECONDS": "1",
    }  # fmt: skip
    command = [
        sys.executable,
        "-c",
        "from flows.cli import main; main()",
        "serve",
        "--port",
        str(free_port()),
        "--json",
    ]
    for name in ("lake", "drop", "report"):
        command += [f"--{name}", str(folder / name)]
    process = subprocess.Popen(
        command, env=environ, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout
        yield Serving(process, json.loads(process.stdout.readline()), folder, inbox)
    finally:
        if process.poll() is None:  # a test has failed on the way: server and worker go with it
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=PATIENCE_SECONDS)


@pytest.fixture(scope="module")
def published(serving: Serving) -> dict[str, Any]:
    """The run of the drop folder, without which the others have no lake."""
    return serving.end_of(serving.start("drop/folder", settled_seconds=0))


def test_server_has_the_deployments_of_the_file(serving: Serving) -> None:
    flows = {flow["id"]: flow["name"] for flow in serving.ask("flows/filter")}
    held = {
        f"{flows[one['flow_id']]}/{one['name']}": (
            one["description"], sorted(one["tags"]), one["parameters"], one["entrypoint"], one["work_pool_name"],
            [(entry["schedule"]["cron"], entry["schedule"]["timezone"]) for entry in one["schedules"]],
        )
        for one in serving.ask("deployments/filter")
    }  # fmt: skip
    wanted = {
        f"{one['entrypoint'].rpartition(':')[2]}/{one['name']}": (
            one["description"], sorted(one["tags"]), one.get("parameters", {}), one["entrypoint"], "stenolake",
            [(entry["cron"], entry["timezone"]) for entry in one.get("schedules", [])],
        )
        for one in DEPLOYMENTS
    }  # fmt: skip
    assert held == wanted
    assert [one["name"] for one in serving.told["deployments"]] == sorted(wanted)


def test_every_parameter_is_explained_in_the_form(serving: Serving) -> None:
    for one in serving.ask("deployments/filter"):
        for name, schema in one["parameter_openapi_schema"]["properties"].items():
            assert schema.get("description"), (one["entrypoint"], name)


def test_drop_folder_is_ingested_once(serving: Serving, published: dict[str, Any]) -> None:
    assert (published["state_type"], published["state_name"]) == ("COMPLETED", "CompletedWithQuarantine")
    assert (serving.folder / "lake" / "documents").is_dir()
    letter = serving.inbox.about(published["id"])
    assert (letter["state"], letter["message"]) == ("CompletedWithQuarantine", published["state"]["message"])
    write(serving.folder / "drop", "copy.txt", SAMPLE.read_bytes())
    again = serving.end_of(serving.start("drop/folder", settled_seconds=0))
    assert again["state"]["message"] == "nothing new: 0 new, 3 taken in before, 0 still changing"


def test_a_file_that_changes_is_left_alone(tmp_path: Path) -> None:
    file = write(tmp_path, "half.txt", "Events\n")
    for seconds, told in ((60, "0 new, 0 taken in before, 1 still changing"), (0, "1 new, 0 taken in before, 0 still")):
        assert str(find_arrivals([file, tmp_path / "gone"], (), seconds, time.time())).startswith(told)


def test_tables_are_assets(serving: Serving, published: dict[str, Any]) -> None:
    wanted = {f"file://{serving.folder}/lake/{table}" for table in ("documents", "turns", "speakers")}

    def ask() -> dict[str, Any]:
        kind = "prefect.asset.materialization.succeeded"
        events = serving.ask("events/filter", {"filter": {"event": {"name": [kind]}}})["events"]
        return {event["resource"]["prefect.resource.id"]: event["payload"] for event in events}

    found = wait_for(ask, lambda found: wanted <= found.keys())
    assert wanted <= found.keys()
    assert found[f"file://{serving.folder}/lake/documents"]["rows"] > 0


def test_a_schedule_fires_while_other_runs_come_to_their_end(serving: Serving, published: dict[str, Any]) -> None:
    """All that is left of the deployments at once: they wait for one another where they need the lake."""
    deployment, day = serving.get("deployments/name/verify/week")["id"], dt.date(2021, 5, 4)
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=10)
    often = {"schedule": {"interval": 30.0, "anchor_date": soon.isoformat()}, "active": True}
    (made,) = serving.ask(f"deployments/{deployment}/schedules", [often])
    site = Site(pages={"/robots.txt": ROBOTS, "/events/president/news/901": kremlin_page(901, day)})
    site.pages["/events/president/news/by-date/04.05.2021"] = kremlin_list({901: day}, number=1)
    with serve(site):
        days = {"since": str(day), "until": str(day), "base_url": site.base, "delay_seconds": 0}
        runs = [serving.start(f"fetch/{name}", **days) for name in ("daily", "backfill")]
        ended = [serving.end_of(run) for run in (*runs, serving.start("report/daily"))]
    assert [(one["state_name"], one["state"]["message"]) for one in ended if one["state_name"] != "Completed"] == []
    assert (serving.folder / "report" / "index.html").is_file()
    mine = {"deployments": {"id": {"any_": [deployment]}}, "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    fired = wait_for(lambda: [run for run in serving.ask("flow_runs/filter", mine) if run["auto_scheduled"]])
    assert fired[0]["state"]["message"].startswith("whole: ")
    ask_prefect(serving.told["api_url"], "DELETE", f"deployments/{deployment}/schedules/{made['id']}")


def test_a_worker_of_its_own_runs_what_prefect_deploy_made(serving: Serving, published: dict[str, Any]) -> None:
    """The way of the README with a server of one's own, on a pool of its own."""
    serving.ask(
        "work_pools/", {"name": "own", "type": "process"}
    )  # the command would look for types at an outside host
    serving.prefect("deploy", "flows/upkeep.py:report", "--name", "own", "--pool", "own")
    run = serving.start("report/own", out=str(serving.folder / "own-report"))
    serving.prefect("worker", "start", "--pool", "own", "--run-once", "--install-policy", "never")
    ended = serving.end_of(run)
    assert (ended["state_name"], ended["work_pool_name"]) == ("Completed", "own")
    assert (serving.folder / "own-report" / "index.html").is_file()


def test_damage_is_a_failed_run_and_somebody_is_told(serving: Serving, published: dict[str, Any]) -> None:
    hurt = next((serving.folder / "lake" / "turns").rglob("*.parquet"))
    whole = hurt.read_bytes()
    hurt.write_bytes(whole[:-9])
    try:
        ended = serving.end_of(serving.start("verify/week", sample="1/1"))
    finally:
        hurt.write_bytes(whole)
    assert (ended["state_type"], ended["state_name"]) == ("FAILED", "DamageFound")
    letter = serving.inbox.about(ended["id"])
    assert (letter["state"], letter["flow"], letter["run"]) == ("DamageFound", "verify", "verify 1/1")
    assert letter["message"] == ended["state"]["message"]
    assert letter["url"].startswith(serving.told["url"])


def test_a_run_that_is_killed_is_crashed_and_somebody_is_told(serving: Serving, published: dict[str, Any]) -> None:
    def kill(handler: Handler) -> None:
        (owner,) = (serving.folder / "lake" / "_staging").glob("*/lock")  # the run has left the lake to others
        os.kill(json.loads(owner.read_text("utf-8"))["pid"], signal.SIGKILL)

    with serve(Site(pages={"/robots.txt": kill})) as site:
        run = serving.start("fetch/backfill", base_url=site.base, delay_seconds=0)
        ended = serving.end_of(run)
    assert ended["state_name"] == "Crashed"
    letter = serving.inbox.about(run)
    assert (letter["state"], letter["message"]) == ("Crashed", ended["state"]["message"])


def test_dead_runs_are_watched_for_by_one_automation(serving: Serving) -> None:
    command = [sys.executable, "-m", "flows.deployments"]
    again = subprocess.run(command, env=serving.environ, cwd=ROOT, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    (held,) = serving.ask("automations/filter")
    assert held["name"] == "stenolake: runs without a heartbeat"
    assert (held["trigger"]["posture"], held["trigger"]["within"]) == ("Proactive", 90.0)
    assert [(action["type"], action["state"]) for action in held["actions"]] == [("change-flow-run-state", "CRASHED")]


def test_what_was_paused_stays_paused(serving: Serving) -> None:
    verify, report = (serving.get(f"deployments/name/{name}") for name in ("verify/week", "report/daily"))
    (entry,) = verify["schedules"]
    address = f"deployments/{verify['id']}/schedules/{entry['id']}"
    ask_prefect(serving.told["api_url"], "PATCH", address, {"active": False})
    serving.ask(f"deployments/{report['id']}/pause_deployment")
    command = [sys.executable, "-m", "flows.deployments"]
    again = subprocess.run(command, env=serving.environ, cwd=ROOT, capture_output=True, text=True, check=True)
    told = {one["name"]: (one["schedules"], one["paused"]) for one in json.loads(again.stdout)}
    assert told["verify/week"] == ([], ["30 4 * * * UTC"])
    assert told["report/daily"] == ([], ["30 7 * * * UTC"])
    assert told["drop/folder"] == (["*/15 * * * * UTC"], [])
    assert [one["active"] for one in serving.get("deployments/name/verify/week")["schedules"]] == [False]
    assert serving.get("deployments/name/report/daily")["paused"] is True


def test_another_lake_on_this_server_is_refused(serving: Serving, tmp_path: Path) -> None:
    """Each run would go to whichever of the two lakes comes first."""
    port = serving.told["url"].rpartition(":")[2]
    command = [sys.executable, "-c", "from flows.cli import main; main()", "serve", "--port", port, "--lake"]
    environ = {name: value for name, value in serving.environ.items() if name != "PREFECT_API_URL"}
    other = subprocess.run(
        [*command, str(tmp_path / "other")], env=environ, cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert other.returncode == 2
    assert other.stderr.splitlines()[0] == (
        f"stenolake: another `stenolake serve` is at work on this server, on {serving.told['lake']}"
    )


def test_it_ends_when_its_own_server_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    log = write(tmp_path, "log", "out of memory\n")

    @contextlib.contextmanager
    def server(*_: object) -> Iterator[tuple[Server, subprocess.Popen[bytes]]]:
        yield Server("http://127.0.0.1:1", "http://127.0.0.1:1/api", "", True, 1, str(log)), subprocess.Popen(["false"])

    @contextlib.contextmanager
    def worker(*_: object) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
        with subprocess.Popen(["sleep", "600"]) as process:
            try:
                yield process, log
            finally:
                process.kill()

    monkeypatch.setattr(serve_flow, "_server", server)
    monkeypatch.setattr(serve_flow, "_worker", worker)
    monkeypatch.setattr(serve_flow, "_deploy", lambda *_: [])
    with pytest.raises(StenolakeError, match="the flow UI ended by itself"):
        serve_flow.run_serve(tmp_path / "lake", tmp_path / "drop", tmp_path / "report", None, as_json=True)


def test_a_run_that_falls_silent_is_marked_as_crashed(serving: Serving) -> None:
    """The automation at work, with less patience: its worker died with it, so that nobody else can tell."""
    code = """
import sys
from flows import deployments
from prefect import flow
from prefect.client.orchestration import get_client
from prefect.events import emit_event
from prefect.states import Running

@flow(name="silent")
def silent(): ...

deployments.SILENCE_SECONDS = 10  # as little as a trigger takes
deployments.watch_heartbeats()
with get_client(sync_client=True) as client:
    run = client.create_flow_run(silent, state=Running())
emit_event("prefect.flow-run.heartbeat", {"prefect.resource.id": f"prefect.flow-run.{run.id}"})
print(run.id)
"""
    said = subprocess.run(
        [sys.executable, "-c", code], env=serving.environ, cwd=ROOT, capture_output=True, text=True, check=True
    )
    ended = serving.end_of(said.stdout.strip())
    assert (ended["state_name"], ended["state"]["message"]) == (
        "Crashed", "no heartbeat for 10 s: its process or machine died",
    )  # fmt: skip


def test_it_stops_cleanly_and_called_nobody(serving: Serving) -> None:
    """The last of the module: it ends what the others use."""
    serving.process.send_signal(signal.SIGTERM)
    out, err = serving.process.communicate(timeout=PATIENCE_SECONDS)
    assert (serving.process.returncode, out, err) == (143, "", "")
    with pytest.raises(requests.ConnectionError):
        serving.get("health")
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(serving.folder) not in left
    assert not (serving.folder / "audit.log").exists(), (serving.folder / "audit.log").read_text("utf-8")
