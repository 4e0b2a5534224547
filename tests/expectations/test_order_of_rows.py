"""A judgement hangs on what rows say and not on where they stand: those of a document together, or in any order."""

from __future__ import annotations

import random

import pyarrow as pa
import pytest

from expectations import predicates
from expectations.common import NUMBERED, ROW_IDS
from expectations.facts import Batch, expected_ids, row_ids
from expectations.frames import judged_table
from expectations.suites import rules_of
from storage.schemas import TABLES
from tests.expectations import builder

# These look at the row ahead, or number what is the same by where it stands first.
OF_ORDER = {"menu_lines", "start_ms_before", "long_speech", "body_fingerprint"}


def damaged(chance: random.Random) -> builder.Rows:
    """A batch of which some cells are gone, doubled or of another row."""
    rows = builder.rows(documents=12, turns=3)
    for _ in range(chance.randint(0, 8)):
        table = chance.choice(list(TABLES))
        row, other = chance.choice(rows[table]), chance.choice(rows[table])
        # of two turns with one id paragraphs belong to the first
        kept = ("title", "text", "turn_id") if table == "turns" else ("title", "text")
        column = chance.choice([name for name in TABLES[table].names if name not in kept])
        row[column] = chance.choice([None, other.get(column), row.get(column)])
    return rows


@pytest.mark.parametrize("seed", range(25))
def test_rows_in_any_order_have_the_same_facts(seed: int) -> None:
    chance = random.Random(seed)
    rows = damaged(chance)
    order = {name: chance.sample(range(len(table)), len(table)) for name, table in rows.items()}
    # documents keep their order: where two have the same id, rows belong to the first
    mixed = {name: [table[at] for at in order[name]] if name != "documents" else table for name, table in rows.items()}
    one, two = (Batch(builder.to_tables(batch), builder.TODAY) for batch in (rows, mixed))
    for name in TABLES:
        here, there = (judged_table(batch, name) for batch in (one, two))
        if name != "documents":
            here = here.take(pa.array(order[name]))
        same = sorted(set(here.column_names) - OF_ORDER)
        numbers = [(row["document_id"], row[NUMBERED[name]]) for row in rows[name]] if name in NUMBERED else []
        if len(set(numbers)) < len(numbers):  # of two rows with one number either may be the first
            same = [column for column in same if column not in ("expected_index", "bytes_overlapping")]
        for column in same:
            assert here[column].to_pylist() == there[column].to_pylist(), f"{name}.{column}"


@pytest.mark.parametrize("table", ROW_IDS)
def test_ids_are_compared_byte_by_byte(table: str) -> None:
    column, letter = ROW_IDS[table]
    rows = builder.tables(3)[table]
    ids = rows[column].to_pylist()
    made = row_ids(rows["document_id"], rows[NUMBERED[table]], letter).to_pylist()
    assert made == ids
    for at in range(len(ids[1])):
        for other in ("x", "0", "é"):
            wrong = [*ids[:1], ids[1][:at] + other + ids[1][at + 1 :], *ids[2:]]
            arguments = rows["document_id"], rows[NUMBERED[table]], letter
            assert expected_ids(pa.chunked_array([wrong]), *arguments).to_pylist() == made


@pytest.mark.parametrize("number", [-1, 0, 9, 10, 999, 1000, 9999, 10_000, 123_456])
def test_ids_of_any_index_are_made_and_known(number: int) -> None:
    documents, indexes = pa.chunked_array([["d" * 20] * 2]), pa.chunked_array([pa.array([number, number], pa.int32())])
    made = row_ids(documents, indexes, "p")
    if number >= 0:
        assert made.to_pylist() == [f"{'d' * 20}-p{number:04d}"] * 2
    assert expected_ids(pa.chunked_array([made]), documents, indexes, "p").to_pylist() == made.to_pylist()
    wrong = pa.chunked_array([["d" * 20 + "-p0001", "d" * 20 + "-p0002"]])
    assert expected_ids(wrong, documents, indexes, "p").to_pylist() == made.to_pylist()


def test_texts_that_were_searched_are_not_searched_again() -> None:
    rows = builder.rows(documents=4)
    for at, text in ((1, "see <b>it</b>"), (5, "cafÃ©"), (9, "a\x07b"), (11, "Skip to content")):
        rows["paragraphs"][at]["text"] = text
    batch = Batch(builder.to_tables(rows), builder.TODAY)
    judged, rules = judged_table(batch, "paragraphs"), rules_of("paragraphs")
    assert batch.searched.rows.tolist() == [1, 5, 9, 11]
    known, anew = (predicates.find_breaking(rules, judged, told) for told in ({"text": batch.searched}, {}))
    assert {name: found.tolist() for name, found in known.items()} == {
        name: found.tolist() for name, found in anew.items()
    }
    assert {"paragraphs.text.markup", "paragraphs.text.encoding", "paragraphs.text.invisible"} <= set(known)
