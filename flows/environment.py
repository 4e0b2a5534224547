"""The settings that every Stenolake process needs, put into the environment before Prefect reads it.

They stand in `os.environ`, so that servers, workers and pool processes that are started from here inherit them. What
the user has set, in the environment or in the active Prefect profile, stands.

    from flows import environment

    environment.quiet()
    import prefect
"""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable, the value that it gets unless the user set one, and the reason."""

    name: str
    value: str
    reason: str


TELEMETRY: tuple[Setting, ...] = (
    Setting(
        "PREFECT_SERVER_ANALYTICS_ENABLED",
        "false",
        "each server start, that of the server inside a run too, would look up and call an outside host",
    ),
    Setting("DO_NOT_TRACK", "1", "Prefect's client counts usage and prints a notice about it on the first run"),
    Setting(
        "GX_ANALYTICS_ENABLED", "false", "Great Expectations may count usage; what we check is nobody else's affair"
    ),
    Setting(
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT",
        "false",
        "upgrade prompts lead people who look at a local run to an outside service",
    ),
)

# One row a transaction, Prefect's default, is too slow for the server that ends with its run: 152 of 180 task runs of
# short flows were lost on a busy machine, none with these. The tracebacks at its end were those losses.
BATCHES: tuple[Setting, ...] = (
    Setting("PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE", "100", "task runs are stored 100 a transaction"),
    Setting("PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE", "100", "and read 100 at a time"),
    Setting("PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL", "1", "and wait 1 s at most, not 5"),
    Setting("PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE", "100", "events are stored 100 a transaction"),
    Setting("PREFECT_SERVER_SERVICES_EVENT_PERSISTER_READ_BATCH_SIZE", "100", "and read 100 at a time"),
    Setting("PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL", "1", "and wait 1 s at most, not 5"),
    Setting(
        "PREFECT_SERVER_SERVICES_TRIGGERS_READ_BATCH_SIZE", "100", "triggers read the same events and must keep up"
    ),
)

SERVER: tuple[Setting, ...] = (
    Setting(
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS",
        "120",
        "with the default of 20 s, 4 of 6 first starts on a busy machine failed: making the database takes 9 to 15 s",
    ),
)

# Runs of a worker say this often that they live; Prefect takes no less, and its default of 180 s is long beside a run.
HEARTBEAT_SECONDS = 30
WORKER: tuple[Setting, ...] = (
    Setting(
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY",
        str(HEARTBEAT_SECONDS),
        "a run whose machine died is marked as crashed within two minutes by the automation that `serve` makes",
    ),
    Setting("PREFECT_WORKER_QUERY_SECONDS", "5", "a run that somebody asked for starts within 5 s, not 15"),
)

SETTINGS = (*TELEMETRY, *BATCHES, *SERVER, *WORKER)

# Where a flow works that is told no other place: a worker's environment says it for all its runs.
LAKE = os.environ.get("STENOLAKE_LAKE") or "lake"
DROP = os.environ.get("STENOLAKE_DROP") or "drop"
REPORT = os.environ.get("STENOLAKE_REPORT") or "report"


def quiet() -> None:
    """Set what the user has not set. Call it before Prefect or Great Expectations is imported; again does no harm."""
    mine = profile_settings()
    for setting in SETTINGS:
        # Variables win over profiles in Prefect, so a variable set here would undo `prefect config set`.
        if not _names(setting.name) & mine.keys() and not _names(setting.name) & os.environ.keys():
            os.environ[setting.name] = setting.value


def in_force(name: str) -> str | None:
    """The value that Prefect will take for one of its settings: the environment's, else the active profile's."""
    profile = profile_settings()
    for source in (os.environ, profile):
        for alias in (name, *sorted(_names(name) - {name})):
            if alias in source:
                return source[alias]
    return None


def prefect_home() -> Path:
    """Prefect's folder: its database, profiles and logs."""
    return Path(os.environ.get("PREFECT_HOME") or "~/.prefect").expanduser()


def profile_settings() -> dict[str, str]:
    """Settings of the active Prefect profile, as `prefect config set` writes them; empty where there is none.

    Read here because asking Prefect would import it. Its project files (`prefect.toml`, `.env`) are not looked at.
    """
    path = Path(os.environ.get("PREFECT_PROFILES_PATH") or prefect_home() / "profiles.toml").expanduser()
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}  # no such file, or one that Prefect will complain about itself
    active = os.environ.get("PREFECT_PROFILE") or found.get("active")
    profile = found.get("profiles", {}).get(active, {})
    return {name: str(value) for name, value in profile.items()} if isinstance(profile, dict) else {}


def _names(name: str) -> set[str]:
    """A setting's name and the older one that Prefect still takes."""
    return {name, name.replace("PREFECT_SERVER_SERVICES_", "PREFECT_API_SERVICES_")}
