"""Facts that no single cell shows, computed for whole columns at once and then judged by the suites.

All of it is Arrow and NumPy over columns: no loop over rows, and no text is copied into a frame.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from expectations.common import NUMBERED, ROW_IDS, carried_columns, required_columns

Facts = dict[str, pa.Array]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

EPOCH = dt.date(1970, 1, 1)

# A text that is one page's own stands on no more of a batch than this; in a large one a stock sentence of the source
# may come ten times, so that a share decides there.
MANY_PAGES = 10
MANY_PAGES_SHARE = 0.02


@dataclass(frozen=True)
class Batch:
    """The tables of one batch, the day that counts as today, and the ids of documents that its dump holds twice.

    `blocks` may stand among the tables; where it does not, nothing is judged by it.
    """

    tables: Mapping[str, pa.Table]
    today: dt.date
    twice: frozenset[str] = frozenset()
    _rows: dict[str, Ints] = field(default_factory=dict)
    _of_paragraphs: dict[str, Ints] = field(default_factory=dict)

    @property
    def paragraph_texts(self) -> Ints:
        """A number for the text of each paragraph, the same for equal texts; several rules ask, one pass answers."""
        if "texts" not in self._of_paragraphs:
            self._of_paragraphs["texts"] = groups(self.tables["paragraphs"]["text"])
        return self._of_paragraphs["texts"]

    @property
    def paragraph_words(self) -> Ints:
        """Words of each paragraph."""
        if "words" not in self._of_paragraphs:
            self._of_paragraphs["words"] = words(self.tables["paragraphs"]["text"])
        return self._of_paragraphs["words"]

    @property
    def documents(self) -> pa.Table:
        """The table of documents."""
        return self.tables["documents"]

    def document_rows(self, table: str) -> Ints:
        """For each row of a table the row of its document, -1 where there is none."""
        if table not in self._rows:
            ids = self.documents["document_id"].combine_chunks()
            found = pc.index_in(self.tables[table]["document_id"], value_set=ids, skip_nulls=True)
            self._rows[table] = ints(found, missing=-1)
        return self._rows[table]

    def count_by_document(self, table: str, chosen: Mask | None = None) -> Ints:
        """For each document how many rows of a table belong to it, or how many of the chosen ones."""
        rows = self.document_rows(table)
        mask = rows >= 0 if chosen is None else (rows >= 0) & chosen
        return np.bincount(rows[mask], minlength=self.documents.num_rows)

    def sum_by_document(self, table: str, values: Ints) -> Ints:
        """For each document the sum of a number over its rows; wraps as unsigned numbers do."""
        rows = self.document_rows(table)
        sums = np.zeros(self.documents.num_rows, values.dtype)
        np.add.at(sums, rows[rows >= 0], values[rows >= 0])
        return sums


def flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column in one piece."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def ints(column: pa.ChunkedArray | pa.Array, missing: int = 0) -> Ints:
    """Integers, dates (days since 1970) or booleans as NumPy integers."""
    column = flat(column)
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    return np.asarray(pc.fill_null(column.cast(pa.int64()), missing).to_numpy(zero_copy_only=False))


def true(column: pa.ChunkedArray | pa.Array) -> Mask:
    """Booleans as NumPy booleans; null counts as false."""
    return np.asarray(pc.fill_null(flat(column), False).to_numpy(zero_copy_only=False))


def words(texts: pa.ChunkedArray | pa.Array) -> Ints:
    """Words of folded texts, in which one space stands between two words."""
    spaces, bounds = places(texts, " ")
    return np.diff(np.searchsorted(spaces, bounds)) + (np.diff(bounds) > 0)


def first_places(texts: pa.ChunkedArray | pa.Array, mark: str) -> Ints:
    """The byte of each text at which an ASCII character first stands; -1 where it does not."""
    found, bounds = places(texts, mark)
    first = np.append(found, np.iinfo(np.int64).max)[np.searchsorted(found, bounds[:-1])]
    return np.where(first < bounds[1:], first - bounds[:-1], -1)


def places(texts: pa.ChunkedArray | pa.Array, mark: str) -> tuple[Ints, Ints]:
    """Where an ASCII character stands in all texts as one row of bytes, and where each text begins and the last ends.

    One sweep over the buffer, five times as fast as a search text by text. A null is an empty text.
    """
    column = flat(texts)
    if column.null_count:
        column = pc.fill_null(column, "")
    _, offsets, data = column.buffers()
    if not len(column) or not data:
        return np.array([], np.int64), np.zeros(len(column) + 1, np.int64)
    bounds = np.frombuffer(offsets, np.int32)[column.offset : column.offset + len(column) + 1].astype(np.int64)
    return np.flatnonzero(np.frombuffer(data, np.uint8, bounds[-1]) == ord(mark)), bounds


def nullable(values: Ints, valid: Mask) -> pa.Array:
    """Integers that are null where they are not valid."""
    return pa.array(values, mask=~valid)


def names_where(masks: Mapping[str, Mask], rows: int) -> pa.Array:
    """For each row the names whose mask is true there, `title, kind`; null where none is."""
    named = [pc.if_else(pa.array(mask), f"{name}, ", "") for name, mask in masks.items() if mask.any()]
    if not named:
        return pa.nulls(rows, pa.string())
    # Empty texts and not nulls are joined: told to skip nulls, pyarrow 26 leaves out rows that are null throughout.
    joined = pc.utf8_rtrim(pc.binary_join_element_wise(*named, ""), ", ")
    return pc.if_else(pc.equal(joined, ""), pa.scalar(None, pa.string()), joined)


def missing(table: pa.Table, name: str) -> pa.Array:
    """Which of the columns that must be filled are null, or not a number, in each row."""
    masks = {
        column: true(table[column].is_null(nan_is_null=True))
        for column in required_columns(name)
        if table[column].null_count or pa.types.is_floating(table[column].type)
    }
    return names_where(masks, table.num_rows)


def _previous_ends(group: Ints, order_by: Ints, starts: Ints, ends: Ints) -> Ints:
    """For each row how many bytes of the row ahead of it in its group it covers again; 0 for the first."""
    order = np.lexsort((order_by, group))
    overlap = np.zeros(len(group), np.int64)
    if len(order) > 1:
        ahead, row = order[:-1], order[1:]
        same = group[ahead] == group[row]
        overlap[row] = np.where(same, np.maximum(ends[ahead] - starts[row], 0), 0)
    return overlap


def groups(column: pa.ChunkedArray | pa.Array) -> Ints:
    """A number for each distinct value, null among them."""
    return ints(flat(column).dictionary_encode(null_encoding="encode").indices)


def document_span_facts(documents: pa.Table) -> Facts:
    """Overlaps of documents within one rendition."""
    starts, ends = ints(documents["byte_start"]), ints(documents["byte_end"])
    return {"bytes_overlapping": pa.array(_previous_ends(groups(documents["rendition_sha256"]), starts, starts, ends))}


def belonging_facts(batch: Batch, name: str) -> Facts:
    """Facts for `expectations.common.belonging`: how the rows of a table stand to their documents."""
    table, rows = batch.tables[name], batch.document_rows(name)
    known = rows >= 0
    starts, ends, index = ints(table["byte_start"]), ints(table["byte_end"]), ints(table[NUMBERED[name]], missing=-1)
    group = groups(table["document_id"])
    facts = {
        "missing": missing(table, name),
        "document_known": pa.array(known),
        "disagreeing": _disagreeing(batch, name, rows, known),
        "expected_index": pa.array(_positions(group, index), pa.int32()),
        "bytes_overlapping": pa.array(_previous_ends(group, index, starts, ends)),
        "bytes_outside": pa.array(bytes_outside(starts, ends, batch.documents, rows)),
    }
    if name in ROW_IDS:
        facts["expected_id"] = row_ids(table["document_id"], table[NUMBERED[name]], ROW_IDS[name][1])
    return facts


def bytes_outside(starts: Ints, ends: Ints, holders: pa.Table, rows: Ints) -> Ints:
    """How many bytes each span reaches beyond the span of its holder, given by row; 0 where it has none."""
    if not holders.num_rows:
        return np.zeros(len(starts), np.int64)
    first, last = ints(holders["byte_start"])[rows], ints(holders["byte_end"])[rows]
    return np.where(rows >= 0, np.maximum(np.maximum(first - starts, ends - last), 0), 0)


def row_ids(document_ids: pa.ChunkedArray, indexes: pa.ChunkedArray, letter: str) -> pa.Array:
    """The ids that rows must have: `<document_id>-t0003`; null where a part of it is."""
    numbers = pc.utf8_lpad(flat(indexes).cast(pa.string()), 4, "0")
    marks = pa.array([f"-{letter}"] * len(numbers), pa.string())
    return pc.binary_join_element_wise(flat(document_ids), marks, numbers, "")


def pages_alike(batch: Batch, table: str, column: str, shares: npt.NDArray[np.float64]) -> pa.Array:
    """On how many pages of the batch each text stands, where they are many; null elsewhere.

    Args:
        batch: the batch.
        table: where the texts stand.
        column: the texts.
        shares: for each row the share of all pages from which on they are many; NaN where the text is not judged.
    """
    documents, rows = batch.documents.num_rows, batch.document_rows(table)
    texts = batch.paragraph_texts if (table, column) == ("paragraphs", "text") else groups(batch.tables[table][column])
    judged = ~np.isnan(shares) & (rows >= 0) & true(batch.tables[table][column].is_valid())
    pairs = np.unique(texts[judged] * (documents + 1) + rows[judged])  # a text counts once a page
    pages = np.bincount(pairs // (documents + 1), minlength=len(texts) + 1)[texts]
    many = np.maximum(MANY_PAGES, np.where(judged, shares, 1) * documents)
    return nullable(pages, judged & (pages >= many))


def _positions(group: Ints, index: Ints) -> Ints:
    """For each row its position among the rows of its group, ordered by index."""
    order = np.lexsort((index, group))
    sorted_group = group[order]
    first = np.searchsorted(sorted_group, sorted_group, side="left")
    positions = np.empty(len(group), np.int64)
    positions[order] = np.arange(len(group)) - first
    return positions


def _disagreeing(batch: Batch, name: str, rows: Ints, known: Mask) -> pa.Array:
    """Which of the columns that a row repeats differ from its document's."""
    table = batch.tables[name]
    if not known.any():
        return pa.nulls(table.num_rows, pa.string())
    at = pa.array(np.where(known, rows, 0))
    masks = {}
    for column in carried_columns(name):
        own, theirs = flat(table[column]), flat(batch.documents[column]).take(at)
        both_null = true(pc.and_(own.is_null(), theirs.is_null()))
        masks[column] = known & ~(true(pc.equal(own, theirs)) | both_null)
    return names_where(masks, table.num_rows)
