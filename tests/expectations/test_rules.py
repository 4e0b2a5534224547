"""Every rule speaks when it must and keeps quiet when it may, and says enough for a person to act on."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from expectations import predicates, vocabulary
from expectations.common import carried_columns
from expectations.facts import Batch
from expectations.frames import judged_table
from expectations.rules import CRITICAL, WARNING
from expectations.suites import BY_ID, RULES, build_suite, rules_as_json, rules_of
from storage.schemas import TABLES
from tasks.formats.blocks import PARAGRAPH_KINDS
from tasks.identity import DOCUMENT_ID_CHARS
from tasks.validate import Judgement, judge
from tests.expectations import builder
from tests.expectations.cases import CASES, Case

ROOT = Path(__file__).parents[2]


def batch_of(edits: list[Case], which: str) -> builder.Rows:
    """One document a case, each edited by its case."""
    whole: builder.Rows = {name: [] for name in builder.JUDGED}
    every = builder.rows(documents=len(edits) + 1)
    for number, case in enumerate(edits, start=1):
        identity = builder.document_id(number)
        document = {name: [row for row in rows if row["document_id"] == identity] for name, rows in every.items()}
        getattr(case, which)(document)
        for name, rows in document.items():
            for row in rows:
                row["case"] = case.rule_id
            whole[name] += rows
    return whole


class Outcome:
    """What the judge says of a batch of cases: which rules each case broke, and the frames behind it."""

    def __init__(self, which: str) -> None:
        rows = batch_of(list(CASES), which)
        self.tables = builder.to_tables(rows)
        self.twice = frozenset(str(row["document_id"]) for row in rows["documents"] if row.get("is_twice"))
        self.judgement: Judgement = judge(self.tables, builder.TODAY, self.twice)
        self.broken: dict[object, set[str]] = defaultdict(set)
        for broken in self.judgement.broken:
            table = BY_ID[broken.rule_id].table
            self.broken[rows[table][broken.row_index]["case"]].add(broken.rule_id)


@pytest.fixture(scope="module")
def breaking() -> Outcome:
    return Outcome("breaks")


@pytest.fixture(scope="module")
def holding() -> Outcome:
    return Outcome("holds")


def test_every_rule_has_its_cases() -> None:
    assert sorted(case.rule_id for case in CASES) == sorted(BY_ID)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule_id)
def test_rule_is_broken(case: Case, breaking: Outcome) -> None:
    assert case.rule_id in breaking.broken[case.rule_id]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.rule_id)
def test_rule_just_holds(case: Case, holding: Outcome) -> None:
    assert case.rule_id not in holding.broken[case.rule_id]


@pytest.mark.parametrize("table", TABLES)
def test_predicates_agree_with_great_expectations(table: str, breaking: Outcome) -> None:
    judged = judged_table(Batch(breaking.tables, builder.TODAY, breaking.twice), table)
    listed: dict[str, list[int]] = defaultdict(list)
    for broken in breaking.judgement.broken:
        listed[broken.rule_id].append(broken.row_index)
    for rule in rules_of(table):
        assert np.flatnonzero(predicates.breaking(rule.check, judged)).tolist() == listed[rule.rule_id], rule.rule_id
    found = predicates.find_breaking(rules_of(table), judged)
    mine = {rule_id: rows for rule_id, rows in listed.items() if rows and rule_id.startswith(f"{table}.")}
    assert {rule_id: rows.tolist() for rule_id, rows in found.items()} == mine


def test_valid_tables_break_nothing() -> None:
    assert judge(builder.tables(), builder.TODAY).broken == []


def test_ids_are_unique_and_name_their_table() -> None:
    assert len(BY_ID) == len(RULES)
    for rule in RULES:
        assert re.fullmatch(r"[a-z]+\.[a-z_0-9]+\.[a-z_]+", rule.rule_id)
        assert rule.table in TABLES


def test_every_column_of_a_rule_is_in_the_schema() -> None:
    for rule in RULES:
        assert rule.columns, rule.rule_id
        assert set(rule.columns) <= set(TABLES[rule.table].names), rule.rule_id


@pytest.mark.parametrize("table", TABLES)
def test_every_column_that_is_never_null_is_covered(table: str) -> None:
    complete = BY_ID[f"{table}.row.complete"]
    covered = set(complete.columns) | set(carried_columns(table))
    assert covered == {field.name for field in TABLES[table] if not field.nullable}
    if table != "documents":  # what a row repeats is filled because its document's is, and both agree
        assert set(carried_columns(table)) <= set(BY_ID["documents.row.complete"].columns)
        assert set(BY_ID[f"{table}.document.agrees"].columns) == set(carried_columns(table))


@pytest.mark.parametrize("table", TABLES)
def test_facts_are_columns_beside_those_of_the_schema(table: str) -> None:
    judged = judged_table(Batch(builder.tables(), builder.TODAY), table)
    assert judged.column_names[: len(TABLES[table])] == TABLES[table].names
    used = {column for rule in rules_of(table) for column in (*rule.check.judged, *rule.observed)}
    assert used <= set(judged.column_names)
    facts = set(judged.column_names) - set(TABLES[table].names)
    assert facts <= used, "a fact that no rule reads costs time for nothing"


def test_rules_speak_to_people() -> None:
    for rule in RULES:
        assert rule.severity in (CRITICAL, WARNING)
        assert rule.reason[0].isupper(), rule.rule_id
        assert rule.reason.endswith("."), rule.rule_id
        assert len(rule.reason) > 40, rule.rule_id
        assert len(rule.origin) > 5, rule.rule_id


def test_sets_agree_with_what_the_parsers_make() -> None:
    assert set(vocabulary.KINDS_OF_PARAGRAPH) == PARAGRAPH_KINDS
    assert f"{{{DOCUMENT_ID_CHARS}}}" in str(BY_ID["documents.document_id.form"].check.arguments["regex"])


@pytest.mark.parametrize(
    "name",
    [
        "He Lifeng",
        "An Jung-geun",
        "Will May",
        "Ban So-yeon",
        "Yo-Yo Ma",
        "Thea The-Tho",
        "А. Этокин",
        "Ana and Zoe Orlo",
    ],
)
def test_no_person_is_refused_for_a_name(name: str) -> None:
    tables = {**builder.rows(1)}
    tables["turns"][0]["speaker_name"] = name
    assert [broken.rule_id for broken in judge(builder.to_tables(tables), builder.TODAY).broken] == []


@pytest.mark.parametrize(
    ("head", "is_odd"),
    [
        ("Deputy Head of the Northern Ferry Agency Ada Lind", True),
        ("Ada Lind 27", True),
        ("Заместитель министра Ада Линд", True),
        ("Ferry " * 40, True),
        ("However", True),
        ("", True),
        ("Harbourpost", True),
        ("Ilse, Lessk", True),
        ("Ада, Лесск", True),
        ("Secondly", False),
        ("Первое", False),
        ("14", False),
        ("My second point", False),
        ("The council said to Ada Lind", False),
        ("We thank you. And now Ada Lind", False),
    ],
)
def test_labels_of_an_odd_form(head: str, is_odd: bool) -> None:
    tables = {**builder.rows(1)}
    text = f"{head}: the barns are full, and so on."
    tables["paragraphs"][2]["text"] = text
    told = [broken.rule_id for broken in judge(builder.to_tables(tables), builder.TODAY).broken]
    assert ("paragraphs.text.label_left" in told) == is_odd


def test_a_word_alone_is_no_label_outside_speech() -> None:
    tables = builder.rows(1)
    tables["paragraphs"][0] |= {"text": "Harbourpost: the barns are full.", "kind": "lead"}
    told = [broken.rule_id for broken in judge(builder.to_tables(tables), builder.TODAY).broken]
    assert "paragraphs.text.label_left" not in told


def test_rules_are_plain_values() -> None:
    told = json.loads(json.dumps(rules_as_json()))
    assert [rule["rule_id"] for rule in told] == [rule.rule_id for rule in RULES]
    assert {"rule_id", "table", "columns", "severity", "reason", "origin", "expectation", "arguments"} == set(told[0])


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_suites_carry_severity_reason_and_origin() -> None:
    judge(builder.tables(1), builder.TODAY)  # imports Great Expectations without its warnings
    for table in TABLES:
        suite = build_suite(table)
        by_id = {expectation.meta["rule_id"]: expectation for expectation in suite.expectations}
        assert list(by_id) == [rule.rule_id for rule in rules_of(table)]
        for rule_id, expectation in by_id.items():
            assert expectation.severity == BY_ID[rule_id].severity
            assert expectation.meta["reason"] == BY_ID[rule_id].reason
            assert expectation.meta["origin"] == BY_ID[rule_id].origin


def test_unknown_tables_have_no_rules() -> None:
    with pytest.raises(KeyError, match="speeches is no table"):
        rules_of("speeches")


def test_rules_are_imported_without_the_heavy_libraries() -> None:
    code = (
        "import sys, tasks.validate, expectations.suites as s; s.rules_as_json();"
        "print([m for m in ('great_expectations', 'pandas', 'prefect') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_facts_never_shadow_a_column(monkeypatch: pytest.MonkeyPatch) -> None:
    from expectations import frames

    monkeypatch.setattr(frames, "_FACTS", {"tags": lambda batch: {"value": pa.nulls(3)}})
    with pytest.raises(ValueError, match="name of a column"):
        judged_table(Batch(builder.tables(1), builder.TODAY), "tags")
