"""`stenolake serve` as it is run: own server, worker, deployments to their end, a schedule, a clean stop."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.publisher import ROBOTS, Site, kremlin_list, kremlin_page, serve
from tests.support import ROOT, SAMPLE, free_port, write
from tests.test_quiet import AUDIT

DEPLOYMENTS = yaml.safe_load((ROOT / "prefect.yaml").read_text("utf-8"))["deployments"]
FINAL = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
WAIT_SECONDS = 240.0
TRIES = 10

pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True)
class Serving:
    process: subprocess.Popen[str]
    told: dict[str, Any]
    folder: Path

    def ask(self, path: str, body: Any = None) -> Any:
        return self._send("POST", path, body or {})

    def get(self, path: str) -> Any:
        return self._send("GET", path)

    def _send(self, method: str, path: str, body: Any = None) -> Any:
        for _ in range(TRIES):  # SQLite behind the server is busy at times, and it says so with 503
            answer = requests.request(method, f"{self.told['api_url']}/{path}", json=body, timeout=60)
            if answer.status_code != 503:
                break
            time.sleep(1)
        answer.raise_for_status()
        return answer.json()

    def start(self, deployment: str, **parameters: Any) -> str:
        found = self.get(f"deployments/name/{deployment}")
        run: str = self.ask(f"deployments/{found['id']}/create_flow_run", {"parameters": parameters})["id"]
        return run

    def end_of(self, run: str) -> dict[str, Any]:
        deadline = time.monotonic() + WAIT_SECONDS
        while (found := self.get(f"flow_runs/{run}"))["state_type"] not in FINAL:
            assert time.monotonic() < deadline, found["state_name"]
            time.sleep(0.3)
        ended: dict[str, Any] = found
        return ended


@pytest.fixture(scope="module")
def serving(prefect_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    folder = tmp_path_factory.mktemp("serve")
    shutil.copy(prefect_template, folder / "prefect.db")
    write(folder, "sitecustomize.py", AUDIT)
    write(folder, "tell", '#!/bin/sh\ncat >> "$(dirname $0)/told.jsonl"; echo >> "$(dirname $0)/told.jsonl"\n').chmod(
        0o755
    )
    (folder / "drop").mkdir()
    shutil.copy(SAMPLE, folder / "drop")
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
        yield Serving(process, json.loads(process.stdout.readline()), folder)
    finally:
        if process.poll() is None:  # a test has failed on the way: server and worker go with it
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=60)


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
    assert published["state_type"] == "COMPLETED"
    assert (serving.folder / "lake" / "documents").is_dir()
    write(serving.folder / "drop", "copy.txt", SAMPLE.read_bytes())
    again = serving.end_of(serving.start("drop/folder", settled_seconds=0))
    assert again["state"]["message"] == "nothing new: 0 new, 2 taken in before, 0 still changing"
    write(serving.folder / "drop", "half.txt", "Events\n")
    waits = serving.end_of(serving.start("drop/folder", settled_seconds=7200))
    assert "3 still changing" in waits["state"]["message"]


def test_tables_are_assets(serving: Serving, published: dict[str, Any]) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    wanted = {f"file://{serving.folder}/lake/{table}" for table in ("documents", "turns", "paragraphs")}
    found: dict[str, Any] = {}
    while not wanted <= found.keys():  # events are stored within a second or two
        assert time.monotonic() < deadline, found
        kind = "prefect.asset.materialization.succeeded"
        events = serving.ask("events/filter", {"filter": {"event": {"name": [kind]}}})["events"]
        found = {event["resource"]["prefect.resource.id"]: event["payload"] for event in events}
        time.sleep(0.3)
    assert found[f"file://{serving.folder}/lake/documents"]["rows"] > 0


def test_fetch_report_and_verify_come_to_their_end(serving: Serving, published: dict[str, Any]) -> None:
    day = dt.date(2021, 5, 4)
    site = Site(pages={"/robots.txt": ROBOTS, "/events/president/news/901": kremlin_page(901, day)})
    site.pages["/events/president/news/by-date/04.05.2021"] = kremlin_list({901: day}, number=1)
    with serve(site):
        days = {"since": str(day), "until": str(day), "base_url": site.base, "delay_seconds": 0}
        for name in ("daily", "backfill"):
            ended = serving.end_of(serving.start(f"fetch/{name}", **days))
            assert ended["state_type"] == "COMPLETED", ended["state"]["message"]
    ended = serving.end_of(serving.start("verify/week"))
    assert (ended["state_name"], ended["state"]["message"][:7]) == ("Completed", "whole: ")
    ended = serving.end_of(serving.start("report/daily"))
    assert ended["state_name"] == "Completed"
    assert (serving.folder / "report" / "index.html").is_file()


def test_a_schedule_fires(serving: Serving, published: dict[str, Any]) -> None:
    deployment = serving.get("deployments/name/verify/week")["id"]
    often = {"schedule": {"interval": 30.0, "anchor_date": dt.datetime.now(dt.UTC).isoformat()}, "active": True}
    (made,) = serving.ask(f"deployments/{deployment}/schedules", [often])
    deadline = time.monotonic() + WAIT_SECONDS
    mine = {"deployments": {"id": {"any_": [deployment]}}, "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}}}
    while not [run for run in serving.ask("flow_runs/filter", mine) if run["auto_scheduled"]]:
        assert time.monotonic() < deadline
        time.sleep(0.3)
    url = f"{serving.told['api_url']}/deployments/{deployment}/schedules/{made['id']}"
    requests.delete(url, timeout=60).raise_for_status()


def test_damage_is_a_failed_run_and_somebody_is_told(serving: Serving, published: dict[str, Any]) -> None:
    hurt = next((serving.folder / "lake" / "turns").rglob("*.parquet"))
    whole = hurt.read_bytes()
    hurt.write_bytes(whole[:-9])
    try:
        ended = serving.end_of(serving.start("verify/week", sample="1/1"))
    finally:
        hurt.write_bytes(whole)
    assert (ended["state_type"], ended["state_name"]) == ("FAILED", "DamageFound")
    told = [json.loads(line) for line in (serving.folder / "told.jsonl").read_text("utf-8").splitlines() if line]
    (last,) = [one for one in told if one["run_id"] == ended["id"]]
    assert (last["state"], last["flow"], last["run"]) == ("DamageFound", "verify", "verify 1/1")
    assert last["message"] == ended["state"]["message"]
    assert last["url"].startswith(serving.told["url"])


def test_dead_runs_are_watched_for_by_one_automation(serving: Serving) -> None:
    environ = os.environ | {"PREFECT_API_URL": serving.told["api_url"], "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "flows.deployments"], env=environ, cwd=ROOT, check=True, capture_output=True)
    (held,) = serving.ask("automations/filter")
    assert held["name"] == "stenolake: runs without a heartbeat"
    assert (held["trigger"]["posture"], held["trigger"]["within"]) == ("Proactive", 90.0)
    assert [(action["type"], action["state"]) for action in held["actions"]] == [("change-flow-run-state", "CRASHED")]


def test_it_stops_cleanly_and_called_nobody(serving: Serving) -> None:
    """The last of the module: it ends what the others use."""
    serving.process.send_signal(signal.SIGTERM)
    out, err = serving.process.communicate(timeout=60)
    assert (serving.process.returncode, out, err) == (143, "", "")
    with pytest.raises(requests.ConnectionError):
        serving.get("health")
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(serving.folder) not in left
    assert not (serving.folder / "audit.log").exists(), (serving.folder / "audit.log").read_text("utf-8")
