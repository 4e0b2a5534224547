"""`verify` finds rows that do not say what their blocks, their document or the ledger say, with the ledger in order."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from flows.verify import prove
from storage.lake import Lake
from tasks.verify_columns import INDEXES
from tests.harness import plain_ingest
from tests.support import SAMPLE, page, write
from tests.test_verify import rewrite


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lake = tmp_path_factory.mktemp("rows") / "lake"
    plain_ingest([str(SAMPLE)], str(lake), workers=1)
    return lake


@pytest.fixture
def lake(made: Path, tmp_path: Path) -> Path:
    """The sample, of which the last partition, with one document, is lied about."""
    shutil.copytree(made, tmp_path / "lake")
    return tmp_path / "lake"


def set_values(row: int, **values: object) -> Callable[[pa.Table], pa.Table]:
    def change(rows: pa.Table) -> pa.Table:
        listed = rows.to_pylist()
        listed[row] |= values
        return pa.Table.from_pylist(listed, rows.schema)

    return change


ROWS = {"paragraphs": 8, "turns": 4, "tags": 3, "links": 3, "photos": 1}


@pytest.mark.parametrize(("table", "row"), [(table, row) for table, rows in ROWS.items() for row in range(rows)])
@pytest.mark.parametrize("lie", ["the whole document", "an earlier start", "a later end"])
def test_a_row_that_spans_more_than_its_blocks_is_named(lake: Path, table: str, row: int, lie: str) -> None:
    at = Lake(lake)
    rows, documents = (at.read(one, at.partitions()[-1]).to_pylist() for one in (table, "documents"))
    (whole,) = [one for one in documents if one["document_id"] == rows[row]["document_id"]]
    start, end = rows[row]["byte_start"], rows[row]["byte_end"]
    told = {
        "the whole document": (whole["byte_start"], whole["byte_end"]),
        "an earlier start": (start - 1, end),
        "a later end": (start, end + 1),
    }[lie]
    rewrite(lake, table, set_values(row, byte_start=told[0], byte_end=told[1]))
    index, letter = INDEXES[table]
    where = f"{whole['document_id']}-{letter}{rows[row][index]:04}"
    found = [(one.rule, one.where, one.problem) for one in prove(at)[0]]
    assert (2, where, f"span {told[0]}-{told[1]} is not that of its blocks, {start}-{end}") in found
    assert {one[1] for one in found} == {where}


DOCUMENT = "f8709feaca2d31a23d53"
PARAGRAPH, QUOTE, TURN = f"{DOCUMENT}-p0000", f"{DOCUMENT}-p0002", f"{DOCUMENT}-t0000"
BLOCK = f"{DOCUMENT} block"
OTHER = "0" * 64
SPEAKERS, UNSAID = "_lineage/appearances/kremlin-2023.parquet", "is not what the turns say"
DAY = dt.date(2023, 6, 9)

# table, row, what it says; rule, where and problem of all that is found
LIES: list[tuple[str, int, dict[str, object], list[tuple[int, str, str]]]] = [
    ("paragraphs", 1, {"paragraph_id": PARAGRAPH}, [(4, f"{DOCUMENT}-p0001", f"paragraph_id is {PARAGRAPH}")]),
    (
        "paragraphs", 0, {"turn_index": 1}, [(4, PARAGRAPH, f"is of turn {TURN} (1), not of {TURN} (0)")],
    ),
    (
        "paragraphs", 0, {"turn_index": None}, [(4, PARAGRAPH, f"is of turn {TURN} (None), not of {TURN} (0)")],
    ),
    ("paragraphs", 2, {"turn_index": 0}, [(4, QUOTE, "is of turn None (0), not of None (None)")]),
    (
        "paragraphs", 0, {"kind": "lead"},
        [
            (2, PARAGRAPH, "kind is lead, that of its block is speech"),
            (4, PARAGRAPH, f"is of turn {TURN} (0), not of None (None)"),
        ],
    ),
    ("blocks", 15, {"kind": "heading"}, [(2, PARAGRAPH, "kind is speech, that of its block is heading")]),
    *(
        (table, 0, {"source_id": "lessk"}, [(4, where, "source_id is lessk, that of its document is kremlin")])
        for table, where in (("turns", TURN), ("tags", f"{DOCUMENT}-g0000"), ("links", f"{DOCUMENT}-l0000"))
    ),
    ("turns", 0, {"language": "ru"}, [(4, SPEAKERS, UNSAID), (4, TURN, "language is ru, that of its document is en")]),
    ("paragraphs", 7, {"language": "ru"}, [(4, f"{DOCUMENT}-p0007", "language is ru, that of its document is en")]),
    (
        "photos", 0, {"event_date": DAY},
        [(4, f"{DOCUMENT}-o0000", "event_date is 2023-06-09, that of its document is 2023-06-08")],
    ),
    ("turns", 0, {"paragraph_count": 5}, [(4, TURN, "paragraph_count is 5, counted are 4")]),
    ("turns", 0, {"word_count": 52}, [(4, SPEAKERS, UNSAID), (4, TURN, "word_count is 52, counted are 51")]),
    ("documents", 0, {"word_count": 93}, [(4, DOCUMENT, "word_count is 93, counted are 92")]),
    ("documents", 0, {"speaker_count": 2}, [(4, DOCUMENT, "speaker_count is 2, counted are 3")]),
    ("documents", 0, {"kind": "news"}, [(4, DOCUMENT, "has a turn, and its kind is news")]),
    (
        "documents", 0, {"dump_sha256": OTHER},
        [(4, DOCUMENT, f"dump_sha256 is {OTHER}, with its rendition no input of the ledger")],
    ),
    ("blocks", 3, {"row_id": QUOTE}, [(3, f"{BLOCK} 3", "of kind date is part of another document")]),
    (
        "blocks", 3, {"table": "turns", "row_id": "nobody"},
        [(2, "nobody", "is missing in turns, while there are blocks of it")],
    ),
    ("blocks", 3, {"table": None}, [(3, f"{BLOCK} 3", f"of kind date is part of None {DOCUMENT}, which cannot be")]),
    (
        "blocks", 36, {"table": "links"},
        [
            (2, f"{DOCUMENT}-g0000", "is made of no block"),
            (3, f"{BLOCK} 36", f"of kind tag is part of links {DOCUMENT}-g0000, which cannot be"),
        ],
    ),
    ("blocks", 46, {"block_index": 47}, [(3, f"{BLOCK} 47", "stands where block 46 should")]),
]  # fmt: skip


@pytest.mark.parametrize(("table", "row", "said", "found"), LIES, ids=lambda value: str(value)[:40])
def test_what_a_row_repeats_is_proven(
    lake: Path, table: str, row: int, said: dict[str, object], found: list[tuple[int, str, str]]
) -> None:
    rewrite(lake, table, set_values(row, **said))
    damage, _ = prove(Lake(lake))
    assert sorted((one.rule, one.where, one.problem) for one in damage) == found
    assert all(one.advice for one in damage)


def test_a_run_that_the_ledger_does_not_have_is_named(lake: Path) -> None:
    for table in ("documents", *INDEXES):
        rewrite(lake, table, lambda rows: rows.set_column(
            rows.schema.get_field_index("run_id"), rows.schema.field("run_id"), pa.array(["gone"] * rows.num_rows)
        ))  # fmt: skip
    damage, _ = prove(Lake(lake))
    assert [(one.rule, one.where, one.problem) for one in damage] == [
        (4, DOCUMENT, "run_id is gone, no run of the ledger")
    ]


@pytest.mark.parametrize(
    ("column", "by", "problem"),
    [("byte_start", -1, "span begins at {told}, its first block at {own}"),
     ("byte_end", 1, "span ends at {told}, its last block at {own}")],
)  # fmt: skip
def test_a_document_that_reaches_into_white_space_is_named(tmp_path: Path, column: str, by: int, problem: str) -> None:
    dump = write(tmp_path, "dump.txt", "\n\n".join(page(day) for day in (3, 4, 5)))
    plain_ingest([str(dump)], str(tmp_path / "lake"), workers=1)
    at = Lake(tmp_path / "lake")
    row = at.read("documents", at.partitions()[-1]).to_pylist()[1]
    rewrite(at.root, "documents", set_values(1, **{column: row[column] + by}))
    assert [(one.rule, one.where, one.problem) for one in prove(at)[0]] == [
        (3, row["document_id"], problem.format(told=row[column] + by, own=row[column]))
    ]
