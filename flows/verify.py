"""`stenolake verify`: the proof of a lake, on a terminal or as JSON."""

from __future__ import annotations

import dataclasses
import json
import time
from pathlib import Path

from storage.errors import DamageError
from storage.lake import Lake
from storage.records import Output
from tasks.verify_files import Damage, check_files, explain_pending
from tasks.verify_rows import check_rows

ATTEMPTS = 5  # a run commits within seconds; a lake that changes all the time is told as it was found last
SHOWN = 50  # findings on a terminal; `--json` has all of them


def prove(lake: Lake) -> tuple[list[Damage], dict[str, int]]:
    """All damage of a lake, and how much was looked at.

    Nobody is kept from writing meanwhile: damage found while a run was at work is looked for again.
    """
    for _ in range(ATTEMPTS):
        before = _state(lake)
        damage, counts = _prove(lake)
        if not damage or _state(lake) == before:
            break
    return damage, counts


def _state(lake: Lake) -> tuple[list[str], dict[str, list[Output]]]:
    """What changes whenever files do: the ledger's files and what is pending."""
    return sorted(path.name for path in (lake.root / "_lineage" / "outputs").glob("*")), explain_pending(lake)


def _prove(lake: Lake) -> tuple[list[Damage], dict[str, int]]:
    counts = {"files": 0, "partitions": 0, "pending": 0}

    def note(what: str, done: int) -> None:
        counts[what] = done

    # Partitions that a run is replacing, or was when it was killed: their files are proven, their rows later.
    moving = {output.partition for outputs in explain_pending(lake).values() for output in outputs} - {""}
    note("pending", len(moving))
    damage = list(check_files(lake, lambda done, total: note("files", done)))
    damage += check_rows(lake, lambda done, total: note("partitions", done), moving)
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
        if counts["pending"]:
            print(f"pending: {counts['pending']} partitions are being replaced; the rows are proven after the next run")
    else:
        for item in damage[:SHOWN]:
            print(f"rule {item.rule}  {item.where}\n        {item.problem}\n        {item.advice}")
        if len(damage) > SHOWN:
            print(f"… and {len(damage) - SHOWN} more: --json lists all")
        print(f"damaged: {len(damage)} findings")
    return DamageError.exit_code if damage else 0
