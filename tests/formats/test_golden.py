"""Golden files: the sample that the repository ships, and the real dump the project was started from.

Written anew by `python -m tests.formats.projection`; each difference is read before it is committed.
"""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from benchmarks.accuracy import score, score_russian
from tasks.formats import FORMATS, choose, kremlin_text
from tasks.formats.blocks import check_tiling, fold
from tests.formats.projection import (
    REAL_DUMP,
    REAL_GOLDEN,
    RUSSIAN_DUMPS,
    SAMPLE_DUMP,
    SAMPLE_GOLDEN,
    golden_of,
    project,
    read_golden,
)
from tests.support import REAL, ROOT


def read_dump(path: Path) -> str:
    return path.read_bytes().decode("utf-8")


@pytest.mark.parametrize("index", range(12))
def test_the_sample_reads_as_written_down(index: int) -> None:
    documents, golden = project(read_dump(SAMPLE_DUMP)), read_golden(SAMPLE_GOLDEN)
    assert len(documents) == len(golden) == 12
    assert documents[index] == golden[index]


@pytest.mark.parametrize("dump", RUSSIAN_DUMPS, ids=lambda dump: dump.stem)
def test_the_russian_samples_read_as_written_down(dump: Path) -> None:
    text = read_dump(dump)
    assert choose(text) is FORMATS["kremlin-text-ru"]
    assert project(text) == read_golden(golden_of(dump))


def test_the_sample_is_recognised_to_the_last_character() -> None:
    text = read_dump(SAMPLE_DUMP)
    for start, end in kremlin_text.split(text):
        blocks = kremlin_text.parse(text[start:end])
        check_tiling(text[start:end], blocks)
        assert "unrecognised" not in {block.kind for block in blocks}
        assert kremlin_text.is_complete(blocks)


def test_the_registry_knows_the_sample_and_nothing_else() -> None:
    text = read_dump(SAMPLE_DUMP)
    assert choose(text) is FORMATS["kremlin-text"]
    assert choose(text[:700]) is FORMATS["kremlin-text"]
    assert choose("") is None
    assert choose("Events\nNothing but a heading.") is None
    assert choose("Dear all,\nthe Text version of the minutes follows.\nEvents of the day: none.\n") is None
    assert choose("PK\x03\x04\x00\x00") is None


@pytest.mark.real
def test_the_first_real_dump_reads_as_checked_by_hand() -> None:
    text = read_dump(REAL_DUMP)
    documents = project(text, prose=False)
    assert documents == read_golden(REAL_GOLDEN)
    assert [len(document["turns"]) for document in documents] == [1, 3, 2, 2]
    assert all(document["complete"] for document in documents)


FLOORS = tomllib.loads((ROOT / "tests" / "floors.toml").read_text("utf-8"))


def read_truth() -> list[dict[str, Any]]:
    return [json.loads(line) for line in read_dump(REAL / "kremlin-dev.turns.jsonl").splitlines()]


@pytest.mark.real
def test_accuracy_does_not_fall_below_its_floor() -> None:
    """Floors, held on 745 pages. Lowering one is a decision: say in `floors.toml` what got worse, and why."""
    result, floor = score(read_dump(REAL / "kremlin-dev.txt"), read_truth()), FLOORS["english"]
    assert result.pages == 745
    for name in ("title", "summary", "date", "time", "place", "sections", "tags", "links"):
        assert result.right[name] / result.pages >= 0.998, (name, result.misses.get(f"field {name}"))
    assert result.f1 >= floor["turn_f1"]
    assert len(result.false_pages) <= floor["false_pages"], result.false_pages
    assert result.paragraphs_right / result.matched >= floor["paragraphs"]
    assert 1 - result.unrecognised / result.chars >= floor["recognised"]


@pytest.mark.real
def test_labels_are_read_where_no_section_says_that_there_are_any() -> None:
    """Many pages with speech are filed under News alone: what stands in the text must do."""
    text = re.sub(r"(?m)^(Published in sections?:).*$", r"\1 News", read_dump(REAL / "kremlin-dev.txt"))
    result, floor = score(text, read_truth()), FLOORS["english_news"]
    assert result.f1 >= floor["turn_f1"]
    assert len(result.false_pages) <= floor["false_pages"], result.false_pages


@pytest.mark.real
def test_accuracy_on_folded_pages_does_not_fall_below_its_floor() -> None:
    text = read_dump(REAL / "kremlin-dev.txt")
    folded = "\n".join(fold(text[start:end]) for start, end in kremlin_text.split(text))
    result, floor = score(folded, read_truth()), FLOORS["english_folded"]
    assert result.f1 >= floor["turn_f1"]
    assert len(result.false_pages) <= floor["false_pages"], result.false_pages


@pytest.mark.real
def test_russian_labels_do_not_fall_below_their_floor() -> None:
    lines = read_dump(REAL / "kremlin-ru.jsonl").splitlines()
    true, read, matched = score_russian([json.loads(line)["text"] for line in lines])
    assert true == 329
    assert 2 * matched / (true + read) >= FLOORS["russian"]["label_f1"]
