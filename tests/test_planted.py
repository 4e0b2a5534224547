"""Forty faults planted in a dump of good pages: each is held or told by the rule meant for it, and nothing else is."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from flows.ingest import ingest
from storage import ledger
from storage.lake import Lake
from tasks import hold
from tests.planted import FAULTS, SIDEBAR, good_page, near_twin, said, twin

GOOD = 200
FIRST = 300  # number of the first page that a fault is planted in
SIDEBARS = range(500, 515)


@pytest.fixture(scope="module")
def planted(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[int, dict[str, bool]]]:
    """The lake, and by number of the page the rules that told it, each with whether it held the page back."""
    folder = tmp_path_factory.mktemp("planted")
    texts = {number: good_page(number).text() for number in range(GOOD)}
    texts |= {FIRST + at: fault.plant(good_page(FIRST + at)) for at, fault in enumerate(FAULTS)}
    texts |= {400: twin(good_page(401)), 401: good_page(401).text()}
    texts |= {410: near_twin(good_page(411)), 411: good_page(411).text()}
    texts |= {number: said(good_page(number), SIDEBAR) for number in SIDEBARS}
    dump = folder / "dump.txt"
    dump.write_text("".join(texts.values()), "utf-8")
    at, number_at = 0, {}
    for number, text in texts.items():
        number_at[at] = number
        at += len(text.encode())
    told: dict[int, dict[str, bool]] = defaultdict(dict)
    judge = hold.judge_fragment

    def listen(*arguments: object) -> hold.Held:
        held = judge(*arguments)  # type: ignore[arg-type]
        rows = held.judged.fragment.read("documents").select(["document_id", "byte_start"])
        starts = dict(zip(*(column.to_pylist() for column in rows.columns), strict=True))
        for rule, documents in held.warnings.items():
            for document in documents:
                told[number_at[starts[document]]][rule] = False
        for finding in held.findings:
            told[number_at[finding.byte_start]][finding.rule_id] = True
        return held

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("flows.steps.judge_fragment", listen)
        ingest([str(dump)], str(folder / "lake"))
    return folder / "lake", told


@pytest.mark.parametrize("at", range(len(FAULTS)), ids=[fault.name for fault in FAULTS])
def test_fault_is_told_by_its_rule(at: int, planted: tuple[Path, dict[int, dict[str, bool]]]) -> None:
    found = planted[1].get(FIRST + at, {})
    assert FAULTS[at].rules & set(found)
    assert any(found.values()) == FAULTS[at].is_held


def test_faults_of_several_pages_are_told(planted: tuple[Path, dict[int, dict[str, bool]]]) -> None:
    told = planted[1]
    assert all("documents.body.repeated" in told[number] for number in (400, 401))
    assert all("documents.body.nearly_repeated" in told[number] for number in (410, 411))
    assert all("paragraphs.text.on_many_pages" in told[number] for number in SIDEBARS)


def test_all_good_pages_are_published_and_none_is_told(planted: tuple[Path, dict[int, dict[str, bool]]]) -> None:
    lake, told = planted
    assert len(FAULTS) >= 40
    assert [number for number in told if number < GOOD] == []
    titles = ds.dataset(lake / "documents", partitioning="hive").to_table(["title"])["title"].to_pylist()
    numbers = {int(found[1]) for title in titles if (found := re.match(r"Meeting (\d+) on", title))}
    assert set(range(GOOD)) <= numbers
    held = {row["quarantine_id"] for row in ledger.open_findings(Lake(lake))}
    sidebars = sum(any(told[number].values()) for number in SIDEBARS)
    assert len(held) == sum(fault.is_held for fault in FAULTS) + sidebars
    assert len(titles) == GOOD + len(FAULTS) + 4 + len(SIDEBARS) - len(held)
