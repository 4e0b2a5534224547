"""Days in heads of transcripts: each row in `cases/days.tsv`, and what a whole document makes of its rows."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tasks.formats import labelled_text
from tasks.formats.blocks import check_tiling
from tasks.formats.dates import read_head_row

CASES = [
    (*line.split("\t"), "", "")[:4]
    for line in (Path(__file__).parent / "cases" / "days.tsv").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
]
TALK = "\n\nMS. LIND: Good day.\n\nQ    Is it March 9, 1999?\n\nMS. LIND: It was on May 9, 2001.\n"


@pytest.mark.parametrize(("row", "kind", "day", "time"), CASES, ids=[case[0] for case in CASES])
def test_a_row_of_a_head_tells_its_day(row: str, kind: str, day: str, time: str) -> None:
    read = read_head_row(row)
    if kind == "-":
        assert read is None
        return
    assert read
    assert (read.kind, read.value) == (kind, dt.date.fromisoformat(day) if day else None)
    assert (read.time and read.time[2]) == (dt.time.fromisoformat(time) if time else None)


def facts(text: str) -> dict[str, object]:
    """Kind and value of each block of a head that has one."""
    blocks = labelled_text.parse(text.strip())
    check_tiling(text.strip(), blocks)
    return {block.kind: block.value for block in blocks if isinstance(block.value, (dt.date, dt.time))}


@pytest.mark.parametrize(
    ("head", "found"),
    [
        ("A Talk\nMay 4, 2012 - 18:00 ET", {"date": dt.date(2012, 5, 4), "time": dt.time(18)}),
        ("A Talk\nTime: 6:30 PM\nDate: 4 May 2012", {"date": dt.date(2012, 5, 4), "time": dt.time(18, 30)}),
        ("A Talk\nHarbour Hall, May 4, 2012", {"named_date": dt.date(2012, 5, 4)}),
        ("A Talk of May 4, 2012", {"title": dt.date(2012, 5, 4)}),
        (
            "A Talk\nHarbour Hall, May 4, 2012\nPosted May 6, 2012",
            {"named_date": dt.date(2012, 5, 4), "published_at": dt.date(2012, 5, 6)},
        ),
        ("A Talk\nHarbour Hall, May 4, 2012\nQuay Hall, May 6, 2012", {}),
        ("A Talk\n05/04/2012", {}),
        ("A Talk\nThe harbour was opened on May 4, 1950. It rained all day.", {}),
        ("---\ntitle: A Talk\ndate: 2011-01-01\n---\nMay 4, 2012", {"date": dt.date(2012, 5, 4)}),
    ],
)
def test_the_head_of_a_document_tells_its_day(head: str, found: dict[str, object]) -> None:
    assert facts(head + TALK) == found


def test_speech_tells_no_day() -> None:
    assert facts("A Talk" + TALK.replace("Good day.", "Good day.\n\nMay 4, 2012\n\nAired May 5, 2012")) == {}
