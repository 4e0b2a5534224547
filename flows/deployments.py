"""What a Prefect server needs for our schedules: work pool, deployments of `prefect.yaml`, automation for dead runs.

python -m flows.deployments      with PREFECT_API_URL set; prints the deployments as JSON. Again does no harm.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from flows import environment

environment.quiet()  # before Prefect reads its settings

from prefect.automations import Automation  # noqa: E402
from prefect.client.orchestration import get_client  # noqa: E402
from prefect.client.schemas.actions import WorkPoolCreate  # noqa: E402
from prefect.client.schemas.objects import StateType  # noqa: E402
from prefect.events.actions import ChangeFlowRunState  # noqa: E402
from prefect.events.schemas.automations import EventTrigger, Posture  # noqa: E402
from prefect.events.schemas.events import ResourceSpecification  # noqa: E402
from prefect.exceptions import ObjectNotFound  # noqa: E402

from storage.errors import StenolakeError, UsageError  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
POOL = "stenolake"
DEAD_RUNS = "stenolake: runs without a heartbeat"
# Three beats, Prefect's own advice: one may be late on a busy machine.
SILENCE_SECONDS = 3 * environment.HEARTBEAT_SECONDS
_ENDS = ("Completed", "Failed", "Cancelled", "Crashed")


def set_up() -> list[dict[str, Any]]:
    """Make the work pool and the automation where they are missing, and deploy what `prefect.yaml` holds.

    Returns:
        Name, description and schedules of each deployment.

    Raises:
        UsageError: there is no `prefect.yaml` beside the program.
        StenolakeError: Prefect refuses a deployment; the message holds what it said.
    """
    if not (ROOT / "prefect.yaml").is_file():
        raise UsageError(f"no prefect.yaml in {ROOT}", "run it from a checkout, which holds the deployments")
    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(POOL)
        except ObjectNotFound:
            client.create_work_pool(WorkPoolCreate(name=POOL, type="process", description="Runs of Stenolake's flows"))
    watch_heartbeats()
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StenolakeError(f"prefect deploy --all failed\n{done.stdout}{done.stderr}", "see prefect.yaml")
    return list_deployments()


def list_deployments() -> list[dict[str, Any]]:
    """The deployments in our work pool, by name."""
    with get_client(sync_client=True) as client:
        flows = {flow.id: flow.name for flow in client.read_flows()}
        found = [one for one in client.read_deployments() if one.work_pool_name == POOL]
    told = [
        {
            "name": f"{flows[one.flow_id]}/{one.name}",
            "description": one.description,
            "schedules": [_tell_schedule(entry.schedule) for entry in one.schedules if entry.active],
        }
        for one in found
    ]
    return sorted(told, key=lambda one: str(one["name"]))


def _tell_schedule(schedule: Any) -> str:
    return f"{schedule.cron} {schedule.timezone}" if hasattr(schedule, "cron") else str(schedule)


def watch_heartbeats() -> None:
    """Have the server mark a run as crashed that has been silent for SILENCE_SECONDS; made once, brought up to date."""
    wanted = Automation(
        name=DEAD_RUNS,
        description="A worker or its machine died: no heartbeat, and no end. The next run puts the lake in order.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *(f"prefect.flow-run.{end}" for end in _ENDS)},
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=dt.timedelta(seconds=SILENCE_SECONDS),
        ),
        actions=[
            ChangeFlowRunState(
                name=None,
                state=StateType.CRASHED,
                force=False,
                message=f"no heartbeat for {SILENCE_SECONDS} s: its process or machine died",
            )
        ],
    )
    with get_client(sync_client=True) as client:
        standing = client.read_automations_by_name(DEAD_RUNS)
    if standing:
        wanted.id = standing[0].id
        wanted.update()
    else:
        wanted.create()


if __name__ == "__main__":
    try:
        sys.stdout.write(json.dumps(set_up(), ensure_ascii=False) + "\n")
    except StenolakeError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
