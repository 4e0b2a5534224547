"""The flows that look after a lake on a schedule: is it whole (`verify`), and what is in it (`report`)."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Literal

from flows import environment

environment.quiet()  # before Prefect reads its settings

from prefect import flow  # noqa: E402
from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact  # noqa: E402
from prefect.client.schemas.objects import State  # noqa: E402
from prefect.states import Completed, Failed  # noqa: E402

from flows.artifacts import shorten  # noqa: E402
from flows.notify import notify_crashed  # noqa: E402
from flows.outcome import refusable  # noqa: E402
from flows.report import place_report  # noqa: E402
from flows.telling import tell  # noqa: E402
from flows.verify import prove, read_sample  # noqa: E402
from storage.errors import DamageError  # noqa: E402
from storage.lake import Lake  # noqa: E402
from tasks.verify_damage import Damage  # noqa: E402

DAYS = 7
DAMAGE_ROWS = 200  # in the table of the UI; `stenolake verify` names all

Sample = Literal["today", "1/1", "1/7", "2/7", "3/7", "4/7", "5/7", "6/7", "7/7"]


@flow(name="verify", flow_run_name="verify {sample}", persist_result=False, retries=0, on_crashed=[notify_crashed])
@refusable
def verify(lake: str = environment.LAKE, sample: Sample = "1/1") -> State:
    """Prove the lake against its raw bytes; ends as `DamageFound` when something fails.

    Args:
        lake: folder of the lake.
        sample: a part of all, or `today`: the seventh whose turn it is, so that seven days prove everything.
    """
    part = f"{dt.datetime.now(dt.UTC).isoweekday()}/{DAYS}" if sample == "today" else sample
    damage, counts = prove(Lake.open(Path(lake)), read_sample(part))
    proven = f"{counts['files']} files and {counts['partitions']} partitions, sample {part}"
    if damage:
        message = f"{len(damage)} findings of damage in {proven}"
        tell(create_table_artifact, _rows(damage), key="verify-damage", description=message)
        return Failed(message=message, name="DamageFound", data=DamageError(message, "stenolake verify names all"))
    tell(
        create_markdown_artifact, f"# Whole\n\n{proven}: proven.\n", key="verify-proof", description=f"whole: {proven}"
    )
    return Completed(message=f"whole: {proven}", data={"status": "whole", "sample": part, **counts})


def _rows(damage: list[Damage]) -> list[dict[str, object]]:
    return [
        {"rule": one.rule, "where": shorten(one.where), "problem": shorten(one.problem), "what to do": one.advice}
        for one in damage[:DAMAGE_ROWS]
    ]


@flow(name="report", flow_run_name="report", persist_result=False, retries=0, on_crashed=[notify_crashed])
@refusable
def report(lake: str = environment.LAKE, out: str = environment.REPORT) -> State:
    """Write the lake's report as HTML that opens from disk.

    Args:
        lake: folder of the lake.
        out: folder for the report, outside the lake.
    """
    place, pages = place_report(Path(lake), Path(out))
    tell(
        create_link_artifact, f"{place.as_uri()}/index.html", link_text=str(place), key="report",
        description=f"{pages.count} pages; browsers open it from the disk of the machine that wrote it",
    )  # fmt: skip
    return Completed(message=f"{pages.count} pages in {place}", data={"status": "completed", "out": str(place)})
