"""What on this machine or in this lake would make a run fail, and what to do about it.

Looks only: nothing is written, locked or imported that a run would mind. `examine` reads the lake's folders, not its
files' contents (`stenolake verify` does that).
"""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from flows.shown import reveal, tell_json

Status = Literal["ok", "warn", "fail"]

OK: Status = "ok"
WARN: Status = "warn"
FAIL: Status = "fail"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at: `ok`, `warn` (a run works, somebody should act) or `fail` (a run would fail)."""

    name: str
    status: Status
    detail: str
    advice: str = ""


# Checks of storage; where one of these fails a run would end with 5, with any other 2.
STORAGE_CHECKS = frozenset({"lake", "permission", "space", "file system", "staging", "lock", "tables", "prefect home"})


def examine(lake: Path) -> list[Check]:
    """All checks of this machine and of the lake at a folder, which need not exist yet; never raises for a finding."""
    from flows import environment
    from flows.doctor_lake import examine_lake
    from flows.doctor_machine import examine_machine

    environment.quiet()  # what a run would see
    return [*examine_machine(newest_file(lake)), *examine_lake(lake)]


def newest_file(lake: Path) -> float | None:
    """Modification time, in seconds since 1970, of the newest ledger file; None for a lake without runs."""
    folder = lake / "_lineage" / "runs"
    try:
        return max((entry.stat().st_mtime for entry in os.scandir(folder)), default=None)
    except OSError:
        return None


def exit_code(checks: Sequence[Check]) -> int:
    """0 when nothing fails; 5 when storage does, as a run would; else 2, the machine is not set up."""
    failed = {check.name for check in checks if check.status == FAIL}
    if not failed:
        return 0
    return 5 if failed & STORAGE_CHECKS else 2


def run_doctor(lake: Path, as_json: bool) -> int:
    """Print what `examine` found, one JSON object or a line a check, and return the exit code (0, 2 or 5)."""
    checks = examine(lake)
    code = exit_code(checks)
    if as_json:
        report = {
            "lake": str(lake),
            "status": _worst(checks),
            "exit_code": code,
            "checks": [asdict(check) for check in checks],
        }
        tell_json(report)
    else:
        _print(checks, lake)
    return code


def _worst(checks: Sequence[Check]) -> Status:
    found = {check.status for check in checks}
    return FAIL if FAIL in found else WARN if WARN in found else OK


# Mark, the same for terminals that know ASCII only, colour.
_MARKS: dict[Status, tuple[str, str, str]] = {
    "ok": ("✓", "-", "green"),
    "warn": ("!", "!", "yellow"),
    "fail": ("✗", "X", "red"),
}


def _print(checks: Sequence[Check], lake: Path) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    is_plain = console.options.ascii_only
    console.print(Text(f"Stenolake on Python {platform.python_version()}, lake {reveal(lake)}"))
    width = max(len(check.name) for check in checks)
    for check in checks:
        mark, plain, colour = _MARKS[check.status]
        console.print(
            Text.assemble((plain if is_plain else mark, colour), f" {check.name:<{width}}  {reveal(check.detail)}")
        )
        if check.advice:
            console.print(Text(f"  {'':<{width}}  {'->' if is_plain else '→'} {reveal(check.advice)}", style="dim"))
    counts = {status: sum(check.status == status for check in checks) for status in _MARKS}
    console.print(Text(f"{counts[OK]} ok, {counts[WARN]} to look at, {counts[FAIL]} would make a run fail"))
