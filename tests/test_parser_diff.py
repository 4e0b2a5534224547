"""A parser change shows itself: `python -m benchmarks.parser_diff`."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from benchmarks.parser_diff import Change, Reading, Turn, checkout, compare, compare_turns, main
from tests.support import ROOT, SAMPLE

BROOK = Turn("Ada Brook", ("Ada Brook", None, "person", "ada-brook"), "Good day.")
HALM = Turn("Halm", ("Halm", None, "person", None), "And to you.")
# A parser that no longer sees one label: appended to the format of the sample.
BLIND = """
_see = parse


def parse(text):
    return _see(text.replace("Remark:", "Remark "))
"""
REMARK = Turn("Remark", (None, None, "generic", None), "Hear, hear.")


def changed(turn: Turn, **fields: object) -> Turn:
    return Turn(**{"label": turn.label, "speaker": turn.speaker, "text": turn.text, **fields})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ([BROOK, HALM], [BROOK, HALM], ({}, 0, None, None)),
        ([BROOK, HALM], [BROOK, REMARK, HALM], ({"turn added": 1}, 1, None, REMARK)),
        ([BROOK, REMARK, HALM], [BROOK, HALM], ({"turn lost": 1}, 1, REMARK, None)),
        ([], [BROOK], ({"turn added": 1}, 0, None, BROOK)),
        (
            [BROOK, HALM],
            [BROOK, changed(HALM, label="Mr Halm")],
            ({"label": 1}, 1, HALM, changed(HALM, label="Mr Halm")),
        ),
        (
            [BROOK, HALM, REMARK],
            [changed(BROOK, speaker=HALM.speaker), HALM, changed(REMARK, text="Hear.")],
            ({"speaker": 1, "text": 1}, 0, BROOK, changed(BROOK, speaker=HALM.speaker)),
        ),
        # one turn split in two: the first lost words to the second
        (
            [changed(BROOK, text="Good day.\n\nNote: bring oars."), HALM],
            [BROOK, changed(HALM, label="Note"), HALM],
            ({"text": 1, "turn added": 1}, 0, changed(BROOK, text="Good day.\n\nNote: bring oars."), BROOK),
        ),
    ],
    ids=["same", "added", "lost", "first", "label", "speaker and text", "split"],
)
def test_what_changed_between_two_readings(old: list[Turn], new: list[Turn], expected: object) -> None:
    assert compare_turns(old, new) == expected


def test_only_documents_of_both_sides_are_compared() -> None:
    old = Reading({"a": "Oars", "b": "Tides", "c": "Ropes"}, {"a": [BROOK], "b": [BROOK], "c": [BROOK]})
    new = Reading({"a": "Oars", "b": "Tides", "d": "Sails"}, {"a": [BROOK], "d": [HALM]})
    assert compare(old, new) == [Change("b", "Tides", {"turn lost": 1}, 0, BROOK, None)]


def test_what_cannot_be_read_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["HEAD", ".", "nowhere.txt"]) == 2
    assert capsys.readouterr().err == "parser_diff: nowhere.txt is not there\n"
    assert main(["no-such-revision", ".", str(SAMPLE)]) == 2
    assert capsys.readouterr().err.startswith("parser_diff: no-such-revision: ")


def test_the_document_that_a_parser_reads_otherwise_is_listed_and_no_other(
    prefect_api: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if subprocess.run(["git", "-C", str(ROOT), "rev-parse", "-q", "--verify", "HEAD"], capture_output=True).returncode:
        pytest.skip("no git checkout with a commit")
    monkeypatch.setenv("PREFECT_API_URL", prefect_api)
    patched = tmp_path / "patched"
    patched.mkdir()
    module = checkout("HEAD", patched) / "tasks" / "formats" / "kremlin_text.py"
    module.write_text(module.read_text("utf-8") + BLIND, "utf-8")
    assert main(["HEAD", str(patched), str(SAMPLE), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["in_both"], told["old_only"], told["new_only"]) == (12, [], [])
    (one,) = told["changed"]
    assert (one["title"], one["changes"]) == (
        "News conference following Sorland-Vastria talks",
        {"text": 1, "turn lost": 1},
    )
    assert (one["turn_index"], one["old"]["text"], one["new"]["text"]) == (
        5,
        "The fare stays as it is.",
        "The fare stays as it is.\n\nRemark: For how long?",
    )
