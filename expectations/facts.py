"""Facts that no single cell shows, computed for whole columns at once and then judged by the suites.

All of it is Arrow and NumPy over columns: no loop over rows, and no text is copied into a frame. The rows of a document
stand together, and they repeat what is said of it: what a row has in common with the one ahead of it is judged once.
Where rows stand otherwise it is judged more often, and comes to the same.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from expectations import vocabulary
from expectations.arrays import Ints, Mask, as_rows, changes, flat, groups, ints, names_where, nullable, true
from expectations.common import NUMBERED, ROW_IDS, carried_columns, required_columns
from expectations.texts import Texts

Facts = dict[str, pa.Array]

EPOCH = dt.date(1970, 1, 1)

# A text that is one page's own stands on no more of a batch than this; in a large one a stock sentence of the source
# may come ten times, so that a share decides there.
MANY_PAGES = 10
MANY_PAGES_SHARE = 0.02

_INDEX_DIGITS = 4  # of an index in an id; there are more from the ten thousandth row on


@dataclass(frozen=True, slots=True)
class Runs:
    """Rows of a table that stand together and name the same document, run by run.

    `groups` numbers the document ids, null among them; `documents` are the rows of the documents, -1 where there is
    none.
    """

    starts: Ints
    lengths: Ints
    groups: Ints
    documents: Ints

    def spread(self, values: Ints) -> Ints:
        """A number of each run, for each row."""
        return np.repeat(values, self.lengths)


@dataclass(frozen=True, slots=True)
class Searched:
    """Texts that were searched for some expressions: none but those of `rows`, ascending, matches any of them."""

    expressions: frozenset[str]
    rows: Ints


@dataclass(frozen=True)
class Batch:
    """The tables of one batch, the day that counts as today, and the ids of documents that its dump holds twice.

    `blocks` may stand among the tables; where it does not, nothing is judged by it.
    """

    tables: Mapping[str, pa.Table]
    today: dt.date
    twice: frozenset[str] = frozenset()
    _runs: dict[str, Runs] = field(default_factory=dict)
    _rows: dict[str, Ints] = field(default_factory=dict)

    @property
    def documents(self) -> pa.Table:
        """The table of documents."""
        return self.tables["documents"]

    @cached_property
    def paragraphs(self) -> Texts:
        """The texts of the paragraphs; several rules ask of them, each time one pass answers."""
        return Texts.of(self.tables["paragraphs"]["text"])

    @cached_property
    def searched(self) -> Searched:
        """The texts of the paragraphs, searched at once for all that must not stand in them."""
        every = vocabulary.NOT_IN_TEXTS
        matched = pc.match_substring_regex(self.paragraphs.column, "|".join(f"(?:{each})" for each in every))
        return Searched(frozenset(every), np.flatnonzero(true(matched)))

    @cached_property
    def turn_rows(self) -> Ints:
        """For each paragraph the row of the turn that its `turn_id` names, -1 where there is none."""
        named, ids = flat(self.tables["paragraphs"]["turn_id"]), flat(self.tables["turns"]["turn_id"])
        first = changes(named)
        found = pc.index_in(named.filter(pa.array(first)), value_set=ids, skip_nulls=True)
        rows: Ints = ints(found, missing=-1)[np.cumsum(first) - 1]
        return rows

    def runs(self, table: str) -> Runs:
        """The rows of a table by document."""
        if table not in self._runs:
            ids = flat(self.tables[table]["document_id"])
            starts = np.flatnonzero(changes(ids))
            named = ids.take(pa.array(starts))
            found = pc.index_in(named, value_set=flat(self.documents["document_id"]), skip_nulls=True)
            lengths = np.diff(np.append(starts, len(ids)))
            self._runs[table] = Runs(starts, lengths, groups(named), ints(found, missing=-1))
        return self._runs[table]

    def document_rows(self, table: str) -> Ints:
        """For each row of a table the row of its document, -1 where there is none."""
        if table not in self._rows:
            runs = self.runs(table)
            self._rows[table] = runs.spread(runs.documents)
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


def missing(table: pa.Table, name: str) -> pa.Array:
    """Which of the columns that must be filled are null, or not a number, in each row."""
    masks = {
        column: true(table[column].is_null(nan_is_null=True))
        for column in required_columns(name)
        if table[column].null_count or pa.types.is_floating(table[column].type)
    }
    return names_where(masks, table.num_rows)


def document_span_facts(documents: pa.Table) -> Facts:
    """Overlaps of documents within one rendition."""
    starts, ends = ints(documents["byte_start"]), ints(documents["byte_end"])
    rendition = groups(documents["rendition_sha256"])
    return {"bytes_overlapping": pa.array(_overlaps(rendition, _find_order(rendition, starts), starts, ends))}


def belonging_facts(batch: Batch, name: str) -> Facts:
    """Facts for `expectations.common.belonging`: how the rows of a table stand to their documents."""
    table, rows, runs = batch.tables[name], batch.document_rows(name), batch.runs(name)
    starts, ends, index = ints(table["byte_start"]), ints(table["byte_end"]), ints(table[NUMBERED[name]], missing=-1)
    group = runs.spread(runs.groups)
    order = _find_order(group, index)
    facts = {
        "missing": missing(table, name),
        "document_known": pa.array(rows >= 0),
        "disagreeing": _disagreeing(batch, name),
        "expected_index": pa.array(_positions(group, order), pa.int32()),
        "bytes_overlapping": pa.array(_overlaps(group, order, starts, ends)),
        "bytes_outside": pa.array(bytes_outside(starts, ends, batch.documents, rows)),
    }
    if name in ROW_IDS:
        column, letter = ROW_IDS[name]
        facts["expected_id"] = expected_ids(table[column], table["document_id"], table[NUMBERED[name]], letter)
    return facts


def bytes_outside(starts: Ints, ends: Ints, holders: pa.Table, rows: Ints) -> Ints:
    """How many bytes each span reaches beyond the span of its holder, given by row; 0 where it has none."""
    if not holders.num_rows:
        return np.zeros(len(starts), np.int64)
    first, last = ints(holders["byte_start"])[rows], ints(holders["byte_end"])[rows]
    return np.where(rows >= 0, np.maximum(np.maximum(first - starts, ends - last), 0), 0)


def expected_ids(ids: pa.ChunkedArray, documents: pa.ChunkedArray, indexes: pa.ChunkedArray, letter: str) -> pa.Array:
    """The ids that rows must have, as `row_ids` makes them; those that they have where these are the same."""
    return flat(ids) if _are_derived(ids, documents, indexes, letter) else row_ids(documents, indexes, letter)


def _are_derived(ids: pa.ChunkedArray, documents: pa.ChunkedArray, indexes: pa.ChunkedArray, letter: str) -> bool:
    """Whether every id is made of its document and index: by its bytes, since making them anew takes far longer."""
    own, named = as_rows(ids), as_rows(documents)
    if own is None or named is None or indexes.null_count:
        return False
    width, mark, numbers = named.shape[1], f"-{letter}".encode(), ints(indexes)
    if own.shape[1] != width + len(mark) + _INDEX_DIGITS or numbers.min() < 0 or numbers.max() >= 10**_INDEX_DIGITS:
        return False
    marks, digits = own[:, width : width + len(mark)], own[:, width + len(mark) :]
    small = numbers.astype(np.uint16)
    return bool(
        (own[:, :width] == named).all()
        and (marks == np.frombuffer(mark, np.uint8)).all()
        and all(
            (digits[:, at] == small // 10 ** (_INDEX_DIGITS - 1 - at) % 10 + ord("0")).all()
            for at in range(_INDEX_DIGITS)
        )
    )


def row_ids(document_ids: pa.ChunkedArray | pa.Array, indexes: pa.ChunkedArray | pa.Array, letter: str) -> pa.Array:
    """The ids that rows must have: `<document_id>-t0003`; null where a part of it is."""
    numbers = pc.utf8_lpad(flat(indexes).cast(pa.string()), _INDEX_DIGITS, "0")
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
    is_paragraph = (table, column) == ("paragraphs", "text")
    texts = (batch.paragraphs if is_paragraph else Texts.of(batch.tables[table][column])).numbers
    judged = ~np.isnan(shares) & (rows >= 0) & true(batch.tables[table][column].is_valid())
    often = judged & (np.bincount(texts[judged], minlength=len(texts))[texts] >= MANY_PAGES)
    pairs = np.unique(texts[often] * (documents + 1) + rows[often])  # a text counts once a page
    pages = np.bincount(pairs // (documents + 1), minlength=len(texts))[texts]
    many = np.maximum(MANY_PAGES, np.where(judged, shares, 1) * documents)
    return nullable(pages, judged & (pages >= many))


def _find_order(group: Ints, numbers: Ints) -> Ints | None:
    """The rows by group and then by a number; None where they stand so, group by group.

    Args:
        group: numbers from 0 on without a gap, as `groups` gives them.
        numbers: what orders the rows of a group.
    """
    if len(group) < 2:
        return None
    others = group[1:] != group[:-1]
    if np.count_nonzero(others) == group.max() and (others | (numbers[1:] >= numbers[:-1])).all():
        return None
    return np.lexsort((numbers, group))


def _overlaps(group: Ints, order: Ints | None, starts: Ints, ends: Ints) -> Ints:
    """For each row how many bytes of the row ahead of it in its group it covers again; 0 for the first."""
    overlap = np.zeros(len(group), np.int64)
    if len(group) > 1:
        every: Ints | slice = slice(None) if order is None else order
        group, starts, ends = group[every], starts[every], ends[every]
        covered = np.where(group[:-1] == group[1:], np.maximum(ends[:-1] - starts[1:], 0), 0)
        overlap[slice(1, None) if order is None else order[1:]] = covered
    return overlap


def _positions(group: Ints, order: Ints | None) -> Ints:
    """For each row its position among the rows of its group."""
    if not len(group):
        return np.zeros(0, np.int64)
    in_order = group if order is None else group[order]
    starts = np.flatnonzero(np.append(True, in_order[1:] != in_order[:-1]))
    lengths = np.diff(np.append(starts, len(group)))
    counted = np.arange(len(group)) - np.repeat(starts, lengths)
    if order is None:
        return counted
    positions = np.empty(len(group), np.int64)
    positions[order] = counted
    return positions


def _disagreeing(batch: Batch, name: str) -> pa.Array:
    """Which of the columns that a row repeats differ from its document's."""
    table, rows, runs = batch.tables[name], batch.document_rows(name), batch.runs(name)
    masks = {}
    for column in carried_columns(name) if (runs.documents >= 0).any() else ():
        own = flat(table[column])
        first = changes(own)
        first[runs.starts] = True
        at = np.flatnonzero(first)
        of = rows[at]
        some, theirs = own.take(pa.array(at)), flat(batch.documents[column]).take(pa.array(np.maximum(of, 0)))
        agrees = true(pc.equal(some, theirs)) | true(pc.and_(some.is_null(), theirs.is_null()))
        differs = (of >= 0) & ~agrees
        if differs.any():
            masks[column] = differs[np.cumsum(first) - 1]
    return names_where(masks, table.num_rows)
