"""`stenolake verify`: the proof of a lake, on a terminal or as JSON."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

from storage.errors import DamageError
from storage.lake import Lake
from tasks.verify_files import Damage, check_files
from tasks.verify_rows import check_rows

SHOWN = 50  # findings on a terminal; `--json` has all of them


def prove(lake: Lake) -> tuple[list[Damage], dict[str, int]]:
    """All damage of a lake, and how much was looked at."""
    counts = {"files": 0, "partitions": 0}

    def note(what: str, done: int) -> None:
        counts[what] = done

    damage = list(check_files(lake, lambda done, total: note("files", done)))
    damage += check_rows(lake, lambda done, total: note("partitions", done))
    return damage, counts


def run_verify(lake: Path, *, as_json: bool) -> int:
    """Prove a lake and say what fails. Returns 0, or 6 when something does."""
    started = time.monotonic()
    damage, counts = prove(Lake.open(lake))
    seconds = round(time.monotonic() - started, 2)
    if as_json:
        findings = [dataclasses.asdict(item) for item in damage]
        print(
            json.dumps({"status": "damaged" if damage else "whole", **counts, "damage": findings, "seconds": seconds})
        )
    elif not damage:
        print(f"whole: {counts['files']} files and {counts['partitions']} partitions proven in {seconds} s")
    else:
        for item in damage[:SHOWN]:
            print(f"rule {item.rule}  {item.where}\n        {item.problem}\n        {item.advice}")
        if len(damage) > SHOWN:
            print(f"… and {len(damage) - SHOWN} more: --json lists all")
        print(f"damaged: {len(damage)} findings")
    return DamageError.exit_code if damage else 0
