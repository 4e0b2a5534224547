"""Telling somebody of a bad end: a program of the user's gets one JSON document on its standard input.

    STENOLAKE_NOTIFY=/usr/local/bin/tell-me

A program and no address: it can send mail, post to a chat or write to a log, and keeps its own secrets. It is told of
runs that fail, are refused, hold something back or find damage; that a run died without a word only Prefect's
server can notice (`flows.automations`).
"""

from __future__ import annotations

import json
import os
import subprocess

from prefect.logging import get_logger
from prefect.runtime import flow_run

VARIABLE = "STENOLAKE_NOTIFY"
NOTIFY_SECONDS = 30.0  # a mail server that is slow is worth that much; the lake is free again by then


def notify(state: str, message: str) -> None:
    """Tell how the present flow run ended; that telling fails is logged, and changes nothing for the run.

    The document: `state` (`Failed`, `Refused`, `CompletedWithQuarantine`, `DamageFound`), `message`, `flow`, `run_id`,
    `run` (its name), `parameters` and `url` (of its page in the flow UI; null where a run brought its own server).
    """
    program = os.environ.get(VARIABLE)
    if not program:
        return
    document = {
        "state": state, "message": message, "flow": flow_run.flow_name, "run_id": flow_run.id, "run": flow_run.name,
        "parameters": flow_run.parameters, "url": flow_run.ui_url,
    }  # fmt: skip
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
