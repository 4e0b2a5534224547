"""`stenolake verify`: the proof of a lake, on a terminal or as JSON."""

from __future__ import annotations

import dataclasses
import time
from pathlib import Path

from flows.bar import bar
from flows.progress import report
from flows.shown import tell, tell_json
from storage.errors import DamageError, UsageError
from storage.files import list_files
from storage.lake import Lake
from storage.records import Output
from tasks import memory
from tasks.verify_damage import Damage
from tasks.verify_files import EVERYTHING, Sample, check_files, explain_pending
from tasks.verify_rows import Renditions, check_rows
from tasks.verify_speakers import check_speakers

ATTEMPTS = 5  # a run commits within seconds
SHOWN = 50  # findings on a terminal; `--json` has all of them


def prove(lake: Lake, sample: Sample = EVERYTHING) -> tuple[list[Damage], dict[str, int]]:
    """All damage of a lake, or of a sample of its files and partitions, and how much was looked at.

    Nobody is kept from writing meanwhile: damage found while a run was at work is looked for again. In a lake that
    changes all the time it is damage where it is found twice running: what a run did to a proof, the next does not do.

    Raises:
        StorageError: a folder cannot be listed.
    """
    lasting: list[Damage] = []
    last: list[Damage] = []
    for _ in range(ATTEMPTS):
        before = _state(lake)
        damage, counts = _prove(lake, sample)
        if not damage or _state(lake) == before:
            return damage, counts
        lasting, last = [one for one in damage if one in last], damage
    return lasting, counts


def _state(lake: Lake) -> tuple[list[str], dict[str, list[Output]]]:
    """What changes whenever files do: the ledger's files and what is pending."""
    return list_files(lake.root / "_lineage" / "outputs"), explain_pending(lake)


def _prove(lake: Lake, sample: Sample) -> tuple[list[Damage], dict[str, int]]:
    counts = {"files": 0, "bytes": 0, "partitions": 0, "pending": 0}

    def note(what: str, done: int, total: int = 0) -> None:
        counts[what] = done
        report(f"verify {what}", done, total)

    def note_file(done: int, total: int) -> None:
        counts["files"] += 1
        note("bytes", done, total)

    # Partitions that a run is replacing, or was when it was killed: their files are proven, their rows later.
    moving = {output.partition for outputs in explain_pending(lake).values() for output in outputs} - {""}
    note("pending", len(moving))
    skipped = {*moving, *(name for one in lake.partitions() if not sample.holds(name := str(one)))}
    renditions = Renditions(lake.raw)
    of_rows = list(check_rows(lake, renditions, lambda done, total: note("partitions", done, total), skipped))
    damage = [*check_files(lake, note_file, sample, renditions.whole), *of_rows]
    if not moving:
        damage += check_speakers(lake, skipped)
    return list(dict.fromkeys(damage)), counts


def read_sample(text: str) -> Sample:
    """`1/7`: the first of seven parts.

    Raises:
        UsageError: it is not of that form.
    """
    part, _, parts = text.partition("/")
    if not (part.isdecimal() and parts.isdecimal() and 1 <= int(part) <= int(parts)):
        raise UsageError(f"no such sample: {text}", "give a part of all, 1/7 to 7/7: on seven days all is proven")
    return Sample(int(part), int(parts))


def run_verify(lake: Path, *, sample: str = "1/1", as_json: bool) -> int:
    """Prove a lake, or a sample of it, and say what fails. Returns 0, or 6 when something does."""
    started, chosen = time.monotonic(), read_sample(sample)
    memory.keep()
    memory.settle()
    with bar("verify"):
        damage, counts = prove(Lake.open(lake), chosen)
    seconds = round(time.monotonic() - started, 2)
    if as_json:
        findings = [dataclasses.asdict(item) for item in damage]
        status = "damaged" if damage else "whole"
        tell_json({"status": status, "sample": sample, **counts, "damage": findings, "seconds": seconds})
    elif not damage:
        size, what = counts["bytes"] / 1e6, "" if chosen == EVERYTHING else f", sample {sample}"
        tell(
            f"whole: {counts['files']} files and {counts['partitions']} partitions proven in {seconds} s "
            f"({size:.1f} MB{what})"
        )
        if counts["pending"]:
            tell(f"pending: {counts['pending']} partitions are being replaced; the rows are proven after the next run")
    else:
        for item in damage[:SHOWN]:
            tell(f"rule {item.rule}  {item.where}\n        {item.problem}\n        {item.advice}")
        if len(damage) > SHOWN:
            tell(f"… and {len(damage) - SHOWN} more: --json lists all")
        tell(f"damaged: {len(damage)} findings")
    return DamageError.exit_code if damage else 0
