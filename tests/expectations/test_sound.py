"""A slip in a rule is told before a run begins, by the name of the rule, and where it stands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from expectations import sound, suites
from expectations.rules import WARNING, Check, Rule, between, matching, not_matching
from storage.errors import UsageError
from tests.support import ROOT, SAMPLE, Command

TAKES = "see expectations/rules.py for what each check takes; patterns are RE2: no look-around"


def rule(
    check: Check,
    rule_id: str = "tags.value.mine",
    columns: tuple[str, ...] = ("value",),
    severity: str = WARNING,
    shown: tuple[str, ...] = (),
) -> Rule:
    return Rule(rule_id, columns, severity, check, "A reason.", "an origin", shown)  # type: ignore[arg-type]


FINE = matching("value", "a")


def test_the_rules_that_are_shipped_are_sound() -> None:
    assert list(sound.find_faults(suites.RULES)) == []
    sound.require_sound()


@pytest.mark.parametrize(
    ("mine", "fault", "advice"),
    [
        (
            rule(FINE, "tgas.value.mine"),
            "tgas is no table",
            "begin its id with one of: turns, paragraphs, tags, links, photos, documents",
        ),
        (
            rule(FINE, "tags.value.long"),
            "another rule has this id, and one of the two would not be heard",
            "give it an id of its own",
        ),
        (rule(FINE, severity="error"), "error is no severity", "choose critical or warning"),
        (
            rule(FINE, columns=("valeu",)),
            "tags has no column valeu",
            "its columns stand in storage/schemas.py",
        ),
        (rule(FINE, shown=("seen",)), "tags has no column and no fact seen", None),
        (rule(matching("valeu", "a")), "tags has no column and no fact valeu", None),
        (
            rule(Check("ExpectColumnValuesToNotBeNull", {"column": "value"})),
            "there is no predicate for ExpectColumnValuesToNotBeNull",
            None,
        ),
        (rule(matching("value", "(a")), "it cannot be judged: Invalid regular expression: missing ): (a", TAKES),
        (
            rule(not_matching("value", "(?=a)b")),
            "it cannot be judged: Invalid regular expression: invalid perl operator: (?=",
            TAKES,
        ),
        (
            rule(Check("ExpectColumnValuesToMatchRegex", {"column": "value"})),
            "the argument 'regex' is missing",
            TAKES,
        ),
        (
            rule(between("value", 1)),
            "it cannot be judged: Function 'greater_equal' has no kernel matching input types (string, int64)",
            TAKES,
        ),
    ],
    ids=lambda value: value.rule_id if isinstance(value, Rule) else "",
)
def test_a_slip_is_told(monkeypatch: pytest.MonkeyPatch, mine: Rule, fault: str, advice: str | None) -> None:
    monkeypatch.setattr(suites, "RULES", (*suites.RULES, mine))
    with pytest.raises(UsageError) as told:
        sound.require_sound()
    assert told.value.message == f"rule {mine.rule_id} in expectations/suites.py: {fault}"
    assert advice is None or told.value.advice == advice


def test_the_file_is_the_one_that_holds_the_rule() -> None:
    files = {"documents.title.length": "heads", "turns.text.present": "turns", "tags.tag_index.consecutive": "common"}
    assert {name: sound._file_of(suites.BY_ID[name]) for name in files} == files


def test_facts_are_named_where_a_rule_asks_for_none_of_them() -> None:
    ((_, _, advice),) = sound.find_faults([rule(matching("valeu", "a"))])
    assert advice.startswith("its columns stand in storage/schemas.py; its facts are missing, document_known, ")


def test_no_run_begins_with_such_a_rule(stenolake: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(suites, "RULES", (*suites.RULES, rule(FINE, "tgas.value.mine")))
    said = stenolake("ingest", SAMPLE, "--lake", tmp_path / "lake")
    assert (said.code, said.err.splitlines()) == (
        2,
        [
            "stenolake: rule tgas.value.mine in expectations/suites.py: tgas is no table",
            "  begin its id with one of: turns, paragraphs, tags, links, photos, documents",
        ],
    )
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ('at_most_chars("value", 80)', 'at_most_chars("value")', "at_most_chars() missing 1 required positional"),
        ('at_most_chars("value", 80)', 'at_most_cahrs("value", 80)', "name 'at_most_cahrs' is not defined"),
        ('at_most_chars("value", 80)', 'at_most_chars("value" 80)', "invalid syntax. Perhaps you forgot a comma?"),
    ],
    ids=["argument", "name", "syntax"],
)
def test_a_rule_that_cannot_be_made_is_told_by_its_line(tmp_path: Path, before: str, after: str, why: str) -> None:
    for name in ("expectations", "flows", "storage", "tasks"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    tags = tmp_path / "expectations" / "tags.py"
    text = tags.read_text("utf-8")
    assert text.count(before) == 1
    tags.write_text(text.replace(before, after), "utf-8")
    line = text[: text.index(before)].count("\n") + 1
    code = f"from flows.cli import main; main(['ingest', {str(SAMPLE)!r}, '--lake', 'lake', '--workers', '2'])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    first, *rest = done.stderr.splitlines()
    assert done.returncode == 2
    assert first.startswith(f"stenolake: a rule cannot be made: expectations/tags.py, line {line}: {why}")
    assert rest == ["  correct it there"]
