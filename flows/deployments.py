"""What a Prefect server needs for our schedules: work pool, deployments of `prefect.yaml`, automation for dead runs.

python -m flows.deployments [NAME]     with PREFECT_API_URL set; prints the deployments as JSON. Again does no harm.

`NAME` is that of the worker of `stenolake serve`, which tells its lake: deployments are those of one lake.
"""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from flows import environment

environment.quiet()  # before Prefect reads its settings

from prefect.automations import Automation  # noqa: E402
from prefect.client.orchestration import SyncPrefectClient, get_client  # noqa: E402
from prefect.client.schemas.actions import WorkPoolCreate  # noqa: E402
from prefect.client.schemas.objects import DeploymentSchedule, StateType, WorkerStatus  # noqa: E402
from prefect.client.schemas.responses import DeploymentResponse  # noqa: E402
from prefect.events.actions import ChangeFlowRunState  # noqa: E402
from prefect.events.schemas.automations import EventTrigger, Posture  # noqa: E402
from prefect.events.schemas.events import ResourceSpecification  # noqa: E402
from prefect.exceptions import ObjectNotFound  # noqa: E402

from flows.serve import POOL, lake_of  # noqa: E402
from storage.errors import StenolakeError, UsageError  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
DEAD_RUNS = "stenolake: runs without a heartbeat"
# Three beats, Prefect's own advice: one may be late on a busy machine.
SILENCE_SECONDS = 3 * environment.HEARTBEAT_SECONDS
_ENDS = ("Completed", "Failed", "Cancelled", "Crashed")


def set_up(worker: str = "") -> list[dict[str, Any]]:
    """Make the work pool and the automation where they are missing, and deploy what `prefect.yaml` holds.

    What somebody paused stays paused.

    Args:
        worker: name of the worker that is to run them, or nothing where workers are somebody else's business.

    Returns:
        Name, description and schedules of each deployment.

    Raises:
        UsageError: there is no `prefect.yaml` beside the program, or `stenolake serve` works there on another lake.
        StenolakeError: Prefect refuses a deployment; the message holds what it said.
    """
    if not (ROOT / "prefect.yaml").is_file():
        raise UsageError(f"no prefect.yaml in {ROOT}", "run it from a checkout, which holds the deployments")
    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(POOL)
        except ObjectNotFound:
            client.create_work_pool(WorkPoolCreate(name=POOL, type="process", description="Runs of Stenolake's flows"))
        if worker:
            _require_alone(client, worker)
        before = {one.id: one for one in _ours(client)}
    watch_heartbeats()
    command = [sys.executable, "-m", "prefect", "--no-prompt", "deploy", "--all"]
    done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise StenolakeError(f"prefect deploy --all failed\n{done.stdout}{done.stderr}", "see prefect.yaml")
    _pause_again(before)
    return list_deployments()


def _require_alone(client: SyncPrefectClient, worker: str) -> None:
    """Each run would go to the lake of whichever worker takes it first."""
    for one in client.read_workers_for_work_pool(POOL):
        if (lake := lake_of(one.name)) and one.name != worker and one.status == WorkerStatus.ONLINE:
            raise UsageError(
                f"another `stenolake serve` is at work on this server, on {lake}",
                "stop it (one that was killed counts for a minute or two), or give this one a server of its own: "
                "another PREFECT_HOME and --port",
            )


def _ours(client: SyncPrefectClient) -> list[DeploymentResponse]:
    return [one for one in client.read_deployments() if one.work_pool_name == POOL]


def _pause_again(before: Mapping[UUID, DeploymentResponse]) -> None:
    """`prefect deploy` makes schedules anew, and each one active."""
    with get_client(sync_client=True) as client:
        for one in _ours(client):
            if (old := before.get(one.id)) is None:
                continue
            off = {_tell_schedule(entry.schedule) for entry in old.schedules if not entry.active}
            for entry in one.schedules:
                if _tell_schedule(entry.schedule) in off:
                    client.update_deployment_schedule(one.id, entry.id, active=False)
            if old.paused:
                client.pause_deployment(one.id)


def list_deployments() -> list[dict[str, Any]]:
    """The deployments in our work pool, by name."""
    with get_client(sync_client=True) as client:
        flows = {flow.id: flow.name for flow in client.read_flows()}
        found = _ours(client)
    told = [
        {
            "name": f"{flows[one.flow_id]}/{one.name}",
            "description": one.description,
            "schedules": [_tell_schedule(entry.schedule) for entry in one.schedules if _fires(one, entry)],
            "paused": [_tell_schedule(entry.schedule) for entry in one.schedules if not _fires(one, entry)],
        }
        for one in found
    ]
    return sorted(told, key=lambda one: str(one["name"]))


def _fires(one: DeploymentResponse, entry: DeploymentSchedule) -> bool:
    return entry.active and not one.paused


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
        sys.stdout.write(json.dumps(set_up(*sys.argv[1:2]), ensure_ascii=False) + "\n")
    except StenolakeError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
