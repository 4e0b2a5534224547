"""`verify` finds rows that do not say what their blocks, their document or the ledger say, with the ledger in order."""

from __future__ import annotations

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
