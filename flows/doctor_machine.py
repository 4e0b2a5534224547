"""The doctor's checks of the machine: Python, libraries, Prefect's server and home, telemetry, the clock."""

from __future__ import annotations

import datetime as dt
import email.utils
import os
import re
import shutil
import sys
import tarfile
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from flows import environment
from flows.doctor import FAIL, OK, WARN, Check

PYTHONS = ((3, 11), (3, 13))  # oldest and newest that are tested
# First releases with the fixes for overlapping zip members, tar members that leave the folder or loop for ever, and
# zip64 records that disagree.
SAFE_ARCHIVES = {(3, 11): 14, (3, 12): 12, (3, 13): 8}

API_SECONDS = 3.0
CLOCK_SECONDS = 60.0  # more than any healthy clock is off, and enough to put a run into the wrong day
LAKE_CLOCK_SECONDS = 300.0
HOME_BYTES = 64 << 20  # Prefect's database and its journal over a month of daily runs
FIRST_DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)  # before this the project was not there


@dataclass(frozen=True, slots=True)
class KnownBad:
    """Releases from `first` up to, not including, `end` (None: no end known) and what they break."""

    package: str
    first: tuple[int, ...]
    end: tuple[int, ...] | None
    breaks: str


KNOWN_BAD = (
    KnownBad("fastapi", (0, 155), None, "Prefect's server cannot be imported"),
    KnownBad("fastapi", (0, 151), (0, 155), "Prefect's filter routes answer 422, so that `prefect deploy --all` fails"),
    KnownBad("sqlalchemy", (2, 1), None, "Prefect's scheduler fails in each loop: schedules never fire"),
    KnownBad("prefect", (3, 9, 0), (3, 9, 2), "needs a certifi that package indexes may not have"),
    KnownBad("prefect", (0,), (3, 8), "loses task runs of short flows"),
)
NEEDED = (
    "prefect fastapi sqlalchemy great-expectations pandas pyarrow duckdb requests rich typer zstandard"
    " openlineage-python"
).split()
REINSTALL = "install what requirements.lock names: make setup"


def examine_machine(newest_in_lake: float | None) -> list[Check]:
    """The checks of the machine; `newest_in_lake` is the time of the lake's newest run, seconds since 1970."""
    return [
        check_python(tuple(sys.version_info[:3])),
        check_libraries(),
        *check_prefect_api(),
        check_prefect_home(environment.prefect_home()),
        check_telemetry(),
        check_clock(time.time(), newest_in_lake),
    ]


def check_python(running: tuple[int, ...]) -> Check:
    """Is this Python one that is tested, with the known holes in reading archives closed?"""
    name = ".".join(map(str, running))
    oldest, newest = PYTHONS
    if not oldest <= running[:2] <= newest:
        wanted = f"{'.'.join(map(str, oldest))} to {'.'.join(map(str, newest))}"
        return Check(
            "python", FAIL, f"{name}; Stenolake is tested on {wanted}", f"make setup PYTHON=<a Python {wanted}>"
        )
    fixed = SAFE_ARCHIVES[running[0], running[1]]
    if running[2] < fixed or not hasattr(tarfile, "data_filter"):
        return Check(
            "python",
            WARN,
            f"{name} lacks fixes in how zip and tar archives are read",
            f"take archives only from sources that you trust, or use {running[0]}.{running[1]}.{fixed} or newer",
        )
    return Check("python", OK, name)


def check_libraries() -> Check:
    """Are the libraries there, and none in a release that is known to break a run? Reads their metadata only."""
    missing: list[str] = []
    broken: list[str] = []
    for package in NEEDED:
        try:
            installed = version(package)
        except (PackageNotFoundError, KeyError):
            installed = None  # not there, or metadata without a version: half removed
        if installed is None:
            missing.append(package)
            continue
        broken += [
            f"{package} {installed}: {bad.breaks}"
            for bad in KNOWN_BAD
            if bad.package == package
            and bad.first <= release(installed)
            and (not bad.end or release(installed) < bad.end)
        ]
    if missing:
        broken.append(f"not installed: {', '.join(missing)}")
    if broken:
        return Check("libraries", FAIL, "; ".join(broken), REINSTALL)
    return Check(
        "libraries",
        OK,
        f"prefect {version('prefect')}, great-expectations {version('great-expectations')}, "
        f"pyarrow {version('pyarrow')}; none known to be bad",
    )


def release(text: str) -> tuple[int, ...]:
    """The numbers of a version, for comparing: `3.9.0rc1` is (3, 9, 0).

    >>> release("3.9.0rc1")
    (3, 9, 0)
    """
    found = re.match(r"[0-9]+(?:\.[0-9]+)*", text)
    return tuple(int(part) for part in found[0].split(".")) if found else ()


def check_prefect_api() -> list[Check]:
    """Does the Prefect server that runs would report to answer, and does its clock agree with ours?"""
    import requests

    url = environment.in_force("PREFECT_API_URL")
    if not url:
        return [Check("prefect api", OK, "PREFECT_API_URL is not set: each run brings its own server")]
    advice = "start it with `stenolake ui`, or unset PREFECT_API_URL to let each run bring its own"
    if "/api" not in url:
        advice = f"the address of an API ends with /api: {url.rstrip('/')}/api; {advice}"
    try:
        answer = requests.get(f"{url.rstrip('/')}/health", timeout=API_SECONDS)
        answer.raise_for_status()
        if answer.text.strip() != "true":
            return [Check("prefect api", FAIL, f"{url} is not a Prefect API", advice)]
    except (requests.RequestException, ValueError) as error:
        return [Check("prefect api", FAIL, f"{url} does not answer: {_first_cause(error)}", advice)]
    checks = [Check("prefect api", OK, f"{url} answers")]
    theirs = email.utils.parsedate_to_datetime(answer.headers["Date"]) if "Date" in answer.headers else None
    if theirs is not None and abs(theirs.timestamp() - time.time()) > CLOCK_SECONDS:
        off = theirs.timestamp() - time.time()
        checks.append(
            Check(
                "prefect clock",
                WARN,
                f"the server's clock is {abs(off):.0f} s {'ahead of' if off > 0 else 'behind'} this one",
                "synchronise both with NTP: schedules and heartbeats compare the two",
            )
        )
    return checks


def _first_cause(error: BaseException) -> str:
    """What lies under a chain of wrapped network errors: `Connection refused`."""
    answer = getattr(error, "response", None)
    if answer is not None:
        return f"{answer.status_code} {answer.reason}".strip()
    reason = getattr(error.args[0] if error.args else None, "reason", None) or error
    return str(reason).rpartition(": ")[2].strip(")>' ") or type(error).__name__


def check_prefect_home(home: Path) -> Check:
    """Can Prefect keep its database?"""
    if fault := find_home_fault(home):
        return fault
    free = shutil.disk_usage(_standing(home)).free
    if free < HOME_BYTES:
        return Check(
            "prefect home",
            FAIL,
            f"{free >> 20} MiB free at {_standing(home)}; Prefect's database may need {HOME_BYTES >> 20} MiB",
            f"free {(HOME_BYTES - free) // (1 << 20) + 1} MiB, or set PREFECT_HOME to a folder with more room",
        )
    return Check("prefect home", OK, str(home))


def find_home_fault(home: Path) -> Check | None:
    """Why Prefect's database cannot be written at all; None where it can."""
    standing = _standing(home)
    if not standing.is_dir() or not os.access(standing, os.W_OK | os.X_OK):
        detail = f"{home} cannot be written" if standing == home else f"{home} cannot be made in {standing}"
        return Check("prefect home", FAIL, detail, "set PREFECT_HOME to a folder that this user can write")
    database = home / "prefect.db"
    if database.exists() and not os.access(database, os.R_OK | os.W_OK):
        return Check(
            "prefect home", FAIL, f"{database} cannot be written", "give this user the right to read and write it"
        )
    return None


def _standing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(one for one in (folder, *folder.parents) if one.exists() or one == one.parent)


def check_telemetry() -> Check:
    """Is anything set that would make a library call home?"""
    loud = [s.name for s in environment.TELEMETRY if _means_yes(environment.in_force(s.name)) != _means_yes(s.value)]
    if loud:
        wanted = " ".join(f"{s.name}={s.value}" for s in environment.TELEMETRY if s.name in loud)
        return Check("telemetry", WARN, f"switched on by {', '.join(loud)}", f"to switch it off: export {wanted}")
    return Check("telemetry", OK, "off")


def _means_yes(value: str | None) -> bool:
    return (value or "").strip().lower() in {"1", "true", "t", "yes", "y", "on"}


def check_clock(now: float, newest_in_lake: float | None) -> Check:
    """Can the clock be right? `now` and `newest_in_lake` are seconds since 1970."""
    shown = dt.datetime.fromtimestamp(now, dt.UTC).isoformat(timespec="seconds")
    if now < FIRST_DAY.timestamp():
        return Check(
            "clock", FAIL, f"{shown} cannot be right", "set the clock: times of retrieval decide which text is newest"
        )
    if newest_in_lake is not None and newest_in_lake - now > LAKE_CLOCK_SECONDS:
        return Check(
            "clock",
            WARN,
            f"{shown} is {newest_in_lake - now:.0f} s before the lake's newest run",
            "set the clock here or on the machine of that run: times of retrieval decide which text is newest",
        )
    return Check("clock", OK, shown)
