"""Rows of a batch as columns: what differs from row to row grows a document at a time, all else is made once.

A row repeats facts of its document and is numbered in it, and its id is made of both: none of that is stored a row at a
time. Ids are joined, numbers counted and repeated facts taken for whole columns in one go.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from storage.lake import PARTITIONED
from tasks.identity import row_mark

Values = Sequence[object]

# Columns that a row repeats from its document.
_REPEATED = frozenset({"document_id", "source_id", "language", "event_date", "run_id", "rendition_sha256"})
# The column that numbers the rows of a table within a document.
_NUMBERS: Mapping[str, str] = {
    "turns": "turn_index", "paragraphs": "paragraph_index", "tags": "tag_index", "links": "link_index",
    "photos": "photo_index", "blocks": "block_index",
}  # fmt: skip
# Ids of rows that are a column: table and column -> letter, and the column that numbers what they name.
_IDS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("turns", "turn_id"): ("t", "turn_index"),
    ("paragraphs", "paragraph_id"): ("p", "paragraph_index"),
    ("paragraphs", "turn_id"): ("t", "turn_index"),
}


class Columns:
    """The tables of a batch while documents are added to them."""

    def __init__(self) -> None:
        self._counts: dict[str, list[int]] = {name: [] for name in PARTITIONED}
        self._own: dict[str, dict[str, list[object]]] = {name: {} for name in PARTITIONED}

    def add(self, name: str, count: int, /, **columns: Values) -> None:
        """Add the `count` rows that one document has in a table, by column; called once a document and table.

        Columns that repeat the document, number the rows or name them are left out, but for `documents`. In `blocks`
        the column `row_id` holds the end of it only, as `row_mark` makes it.
        """
        own = self._own[name]
        self._counts[name].append(count)
        if count:
            for column, values in columns.items():
                own.setdefault(column, []).extend(values)

    def tables(self) -> dict[str, pa.Table]:
        """The tables by name, `blocks` among them."""
        documents = self._table("documents", {})
        repeated = {name: documents[name].chunk(0) for name in _REPEATED} if documents.num_rows else {}
        return {name: documents if name == "documents" else self._table(name, repeated) for name in PARTITIONED}

    def counts(self) -> pa.Table:
        """How many rows each document has in each table, by `document_id`; in every table they stand in this order."""
        ids = pa.array(self._own["documents"].get("document_id", []), pa.string())
        return pa.table({"document_id": ids, **{name: pa.array(c, pa.int64()) for name, c in self._counts.items()}})

    def _table(self, table: str, repeated: Mapping[str, pa.Array]) -> pa.Table:
        schema, own = PARTITIONED[table], self._own[table]
        if not own:
            return schema.empty_table()
        counts = np.array(self._counts[table], np.int64)
        owner = pa.array(np.repeat(np.arange(len(counts)), counts))
        made: dict[str, pa.Array] = {}
        for name, values in own.items():
            made[name] = pa.array(values, schema.field(name).type)
        for name in schema.names:
            if name not in made and name in repeated:
                made[name] = repeated[name].take(owner)
        if table in _NUMBERS:
            made[_NUMBERS[table]] = pa.array(_numbers(counts), pa.int32())
        for (at, name), (letter, number) in _IDS.items():
            if at == table:
                made[name] = pc.binary_join_element_wise(made["document_id"], _marks(letter, made[number]), "")
        if table == "blocks":
            made["row_id"] = pc.binary_join_element_wise(made["document_id"], made["row_id"], "")
        return pa.Table.from_arrays([made[name] for name in schema.names], schema=schema)


def _numbers(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """0, 1, 2 … for each count: `[2, 3]` gives `[0, 1, 0, 1, 2]`."""
    numbers: npt.NDArray[np.int64] = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    return numbers


def _marks(letter: str, numbers: pa.Array) -> pa.Array:
    """`row_mark` for a column of numbers; null where a number is."""
    most = pc.max(numbers).as_py()
    marks = pa.array([row_mark(letter, index) for index in range(0 if most is None else most + 1)], pa.string())
    return marks.take(numbers)
