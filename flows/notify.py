"""Telling somebody of a bad end: a program of the user's gets one JSON document on its standard input.

    STENOLAKE_NOTIFY=/usr/local/bin/tell-me

A program and no address: it can send mail, post to a chat or write to a log, and keeps its own secrets. It is told of
runs that fail, are refused, hold something back or find damage, and, by the worker, of runs whose process died. That a
worker died with its runs only Prefect's server can notice (`flows.deployments`).
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from prefect import Flow, runtime
from prefect.client.schemas.objects import FlowRun, State
from prefect.logging import get_logger
from prefect.utilities.urls import url_for

VARIABLE = "STENOLAKE_NOTIFY"
NOTIFY_SECONDS = 30.0  # a mail server that is slow is worth that much; the lake is free again by then


def notify(state: str, message: str) -> None:
    """Tell how the present flow run ended; that telling fails is logged, and changes nothing for the run.

    The document: `state` (`Failed`, `Crashed`, `Refused`, `CompletedWithQuarantine`, `DamageFound` …), `message`,
    `flow`, `run_id`, `run` (its name), `parameters` and `url` (of its page in the flow UI; null where a run brought
    its own server).
    """
    own = runtime.flow_run
    _tell({
        "state": state, "message": message, "flow": own.flow_name, "run_id": own.id, "run": own.name,
        "parameters": own.parameters, "url": own.ui_url,
    })  # fmt: skip


def notify_crashed(flow: Flow[..., Any], flow_run: FlowRun, state: State) -> None:
    """Tell of a run that was interrupted or whose process died: the hook that Prefect calls then, in the worker too."""
    _tell({
        "state": state.name, "message": state.message, "flow": flow.name, "run_id": str(flow_run.id),
        "run": flow_run.name, "parameters": flow_run.parameters, "url": url_for(flow_run),
    })  # fmt: skip


def _tell(document: dict[str, Any]) -> None:
    program = os.environ.get(VARIABLE)
    if not program:
        return
    try:
        subprocess.run(
            [program],
            input=json.dumps(document, default=str, ensure_ascii=False).encode(),
            stdout=subprocess.DEVNULL,  # standard output belongs to `--json`
            stderr=subprocess.PIPE,
            timeout=NOTIFY_SECONDS,
            check=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        said = (getattr(error, "stderr", None) or b"").decode(errors="replace").strip()[-200:]
        get_logger("stenolake").error("%s=%s: nobody was told: %s %s", VARIABLE, program, error, said)
