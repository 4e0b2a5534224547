"""The judge: who is held back, what is told of it, and that no failing row is left out."""

from __future__ import annotations

import datetime as dt
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest

from expectations.facts import Batch
from expectations.frames import judged_table
from expectations.rules import Rule, absent
from expectations.suites import BY_ID, RULES
from storage.errors import RefusedError, StenolakeError
from storage.records import Verdict
from storage.schemas import TABLES
from tasks import validate
from tasks.validate import OBSERVED_CHARS, drop_held, judge, merge_verdicts
from tests.expectations import builder

ROOT = Path(__file__).parents[1]
TODAY = builder.TODAY


def edited(table: str, row: int, **values: object) -> dict[str, pa.Table]:
    rows = builder.rows()
    rows[table][row].update(values)
    return builder.to_tables(rows)


def test_valid_tables_give_a_passed_verdict_a_rule() -> None:
    tables = builder.tables()
    judgement = judge(tables, TODAY)
    assert judgement.broken == []
    assert judgement.held == frozenset()
    assert [verdict.rule_id for verdict in judgement.verdicts] == [rule.rule_id for rule in RULES_BY_TABLE]
    for verdict in judgement.verdicts:
        assert (verdict.failed, verdict.passed) == (0, True)
        assert verdict.rows == tables[verdict.table].num_rows


RULES_BY_TABLE = sorted(RULES, key=lambda rule: validate._ORDER.index(rule.table))


def test_a_critical_rule_in_any_table_holds_the_document() -> None:
    judgement = judge(edited("tags", 4, value=""), TODAY)
    assert judgement.held == {builder.document_id(1)}
    (broken,) = judgement.broken
    assert (broken.rule_id, broken.severity, broken.row_index) == ("tags.value.present", "critical", 4)
    assert broken.observed == "''"
    assert broken.reason == BY_ID["tags.value.present"].reason


@pytest.mark.parametrize(
    ("rule", "text"), [("paragraphs.text.furniture", "Events"), ("paragraphs.text.date_line", "May 1, 2021")]
)
def test_what_a_page_prints_around_its_text_is_a_heading_elsewhere(rule: str, text: str) -> None:
    for parser, broken in (
        ("kremlin-text/1", [rule]),
        ("article-html/1", [rule]),
        ("labelled-text/1", []),
        ("srt/1", []),
        ("sbv/1", []),
    ):
        tables = edited("paragraphs", 0, text=text, byte_end=900_000_000)
        parsers = pa.array([parser] * tables["documents"].num_rows)
        at = tables["documents"].column_names.index("parser")
        tables["documents"] = tables["documents"].set_column(at, "parser", parsers)
        found = [one.rule_id for one in judge(tables, TODAY).broken if one.rule_id == rule]
        assert found == broken, parser


def test_a_warning_holds_nothing() -> None:
    judgement = judge(edited("tags", 4, value="7 more", byte_end=900_000_000), TODAY)
    assert "tags.value.cut_mark" in {broken.rule_id for broken in judgement.broken}
    judgement = judge(edited("documents", 1, recognised_share=0.99), TODAY)
    assert [(broken.rule_id, broken.severity) for broken in judgement.broken] == [
        ("documents.recognised_share.nearly_all", "warning")
    ]
    assert judgement.held == frozenset()
    (verdict,) = [one for one in judgement.verdicts if not one.passed]
    assert verdict == Verdict(
        "documents.recognised_share.nearly_all",
        "documents",
        "recognised_share",
        "warning",
        rows=3,
        failed=1,
        passed=False,
    )


def test_observed_values_are_named_and_shortened() -> None:
    (broken,) = judge(edited("documents", 0, turn_count=5), TODAY).broken
    assert broken.observed == "turn_count=5, turn_rows=2"
    broken = judge(edited("documents", 0, title="t" * 5000), TODAY).broken[0]
    assert len(broken.observed) == OBSERVED_CHARS
    assert broken.observed.startswith("'ttt")
    assert broken.observed.endswith("t…")


def test_observed_values_cannot_forge_lines_or_colours() -> None:
    judgement = judge(edited("turns", 0, speaker_name="The\n\x1b[31mend"), TODAY)
    assert {broken.observed for broken in judgement.broken} == {"'The\\n\\x1b[31mend'"}


def test_every_missing_column_is_named() -> None:
    judgement = judge(edited("documents", 2, language=None, parser=None), TODAY)
    told = {broken.rule_id: broken.observed for broken in judgement.broken}
    assert told["documents.row.complete"] == "'language, parser'"


def test_not_a_number_is_a_missing_value() -> None:
    judgement = judge(edited("documents", 0, recognised_share=float("nan")), TODAY)
    assert ("documents.row.complete", "'recognised_share'") in {(b.rule_id, b.observed) for b in judgement.broken}


def test_a_document_without_a_date_is_held_for_one_reason() -> None:
    rows = builder.rows()
    for table in rows.values():
        for row in table:
            if row["document_id"] == builder.document_id(1):
                row["event_date"] = None
    judgement = judge(builder.to_tables(rows), TODAY)
    assert [(broken.rule_id, broken.observed) for broken in judgement.broken] == [
        ("documents.row.complete", "'event_date'")
    ]


def test_failing_rows_are_listed_in_full() -> None:
    rows = builder.rows(documents=100, turns=10, speech_per_turn=5)
    spoken = [index for index, row in enumerate(rows["paragraphs"]) if row["kind"] == "speech"]
    assert len(spoken) == 5000
    for index in spoken:
        rows["paragraphs"][index]["text"] = "Publication status"
    judgement = judge(builder.to_tables(rows), TODAY)
    told = [broken for broken in judgement.broken if broken.rule_id == "paragraphs.text.furniture"]
    assert [broken.row_index for broken in told] == spoken
    assert {broken.observed for broken in told} == {"furniture='Publication status', text='Publication status'"}
    assert len(judgement.held) == 100
    (verdict,) = [one for one in judgement.verdicts if one.rule_id == "paragraphs.text.furniture"]
    assert (verdict.rows, verdict.failed) == (5100, 5000)


def test_predicate_and_great_expectations_must_agree() -> None:
    rule = BY_ID["paragraphs.text.furniture"]
    whole = {"unexpected_index_list": [2, 1], "unexpected_count": 2}
    assert validate._agreed(rule, [1, 2], whole) == [1, 2]
    assert validate._agreed(rule, [1, 2], {**whole, "unexpected_index_list": [1]}) == [1, 2]  # cut short
    assert validate._agreed(rule, [1, 2], {"unexpected_count": 2}) == [1, 2]
    for rows, count in (([1, 2], 3), ([], 2), ([1, 3], 2)):
        with pytest.raises(StenolakeError, match=f"counts {count} failing rows, its own predicate {len(rows)}"):
            validate._agreed(
                rule, rows, {**whole, "unexpected_count": count, "unexpected_index_list": [1, 2, 4][:count]}
            )


@pytest.mark.parametrize("sample_rows", [0, 1, 7, 10_000])
def test_a_sample_of_any_size_gives_the_same_judgement(sample_rows: int) -> None:
    rows = builder.rows(documents=30, turns=3)
    for index in (0, 5, 29):
        rows["documents"][index]["turn_count"] += 1
    rows["paragraphs"][-1]["text"] = rows["paragraphs"][-2]["text"] = "Publication status"
    rows["turns"][3]["turn_id"] = rows["turns"][1]["turn_id"]
    tables = builder.to_tables(rows)
    assert judge(tables, TODAY, sample_rows=sample_rows) == judge(tables, TODAY, sample_rows=10**9)


def test_empty_tables_are_judged() -> None:
    nothing = {name: schema.empty_table() for name, schema in TABLES.items()}
    judgement = judge(nothing, TODAY)
    assert judgement.broken == []
    assert {(verdict.rows, verdict.failed, verdict.passed) for verdict in judgement.verdicts} == {(0, 0, True)}


def test_a_batch_of_news_alone_is_judged() -> None:
    rows = builder.rows(turns=0)
    for table in ("tags", "links", "photos"):
        rows[table].clear()
    assert judge(builder.to_tables(rows), TODAY).broken == []


def test_rows_without_any_document_are_told() -> None:
    tables = {**builder.tables(), "documents": TABLES["documents"].empty_table()}
    judgement = judge(tables, TODAY)
    assert {f"{table}.document_id.known" for table in TABLES if table != "documents"} <= {
        broken.rule_id for broken in judgement.broken
    }


def test_other_tables_are_not_looked_at() -> None:
    assert judge({**builder.tables(), "notes": pa.table({"kind": ["title"]})}, TODAY).broken == []


def test_today_is_what_the_caller_says() -> None:
    tables = builder.tables()
    judgement = judge(tables, dt.date(2022, 1, 1))
    assert {broken.rule_id for broken in judgement.broken} == {
        "documents.event_date.not_far_ahead",
        "documents.published_at.not_ahead",
        "links.date.not_far_ahead",
    }


def test_tables_of_another_schema_are_refused() -> None:
    tables = builder.tables()
    drifted = {
        **tables,
        "tags": tables["tags"].drop_columns(["facet"]).append_column("colour", pa.nulls(9, pa.string())),
        "links": tables["links"].set_column(1, "link_index", tables["links"]["link_index"].cast(pa.int64())),
    }
    del drifted["photos"]
    with pytest.raises(RefusedError) as refused:
        judge(drifted, TODAY)
    for fault in (
        "tags.colour: unknown column",
        "tags.facet: the column is missing",
        "links.link_index: int64 instead of int32",
        "photos: the table is missing",
    ):
        assert fault in refused.value.message
    assert refused.value.exit_code == 4


def test_a_broken_row_that_names_no_document_is_refused() -> None:
    with pytest.raises(RefusedError, match="row 1 of tags, which names no document"):
        judge(edited("tags", 1, document_id=None), TODAY)


def test_a_rule_that_cannot_be_judged_is_no_verdict(monkeypatch: pytest.MonkeyPatch) -> None:
    rule = Rule("tags.nothing.here", ("value",), "warning", absent("no_such_fact"), "Reason.", "test")
    monkeypatch.setattr(validate, "to_frame", lambda table, rules, rows: table.select(["value"]).to_pandas())
    monkeypatch.setattr(validate, "_suite", lambda table: validate.suite_of("broken", (rule,)))
    with pytest.raises(StenolakeError, match="rule tags.nothing.here could not be judged".replace(".", "[.]")):
        validate._failing_rows(judged_table(Batch(builder.tables(), TODAY), "tags"), "tags", 100, {})


def test_a_judgement_is_the_same_in_threads() -> None:
    tables = [edited("tags", row, value="") for row in range(4)]
    with ThreadPoolExecutor(4) as pool:
        judgements = list(pool.map(lambda one: judge(one, TODAY), tables))
    assert [judgement.broken[0].row_index for judgement in judgements] == [0, 1, 2, 3]


def test_held_documents_are_dropped_from_every_table() -> None:
    tables = builder.tables()
    kept = drop_held(tables, frozenset({builder.document_id(1)}))
    assert set(kept) == set(tables)
    for name, table in kept.items():
        assert table.num_rows == tables[name].num_rows * 2 // 3
        assert builder.document_id(1) not in table["document_id"].to_pylist()
        assert table.schema.equals(tables[name].schema)
    assert drop_held(tables, frozenset()) == tables


def test_verdicts_of_batches_add_up() -> None:
    one = Verdict("a.b.c", "a", "b", "critical", 10, 0, passed=True)
    two = Verdict("a.b.c", "a", "b", "critical", 5, 2, passed=False)
    other = Verdict("a.b.d", "a", "b", "warning", 1, 0, passed=True)
    assert merge_verdicts([[one, other], [two]]) == [Verdict("a.b.c", "a", "b", "critical", 15, 2, passed=False), other]
    assert merge_verdicts([]) == []


def test_nothing_is_printed_and_no_address_is_looked_up() -> None:
    code = """
import socket, sys, warnings
warnings.simplefilter("default")
def audit(event, arguments):
    if event in ("socket.getaddrinfo", "socket.connect"):
        raise SystemExit(f"{event} {arguments}")
sys.addaudithook(audit)
from tests.expectations import builder
from tasks.validate import judge
rows = builder.rows()
rows["tags"][0]["value"] = ""
assert len(judge(builder.to_tables(rows), builder.TODAY).broken) == 1
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
