"""Proof of what rows are made of: each spans its blocks, first to last, and each block names a row that is there.

A paragraph or a tag is one block, and is compared with it where its text is (`verify_columns`). A turn has its label,
what stands around that, and its paragraphs; a link a title, a date and an address; a photo a counter, a caption, a
credit.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.arrays import flat
from tasks.verify_arrays import Marks, Numbers, Part, choose, encode, marks, numbers
from tasks.verify_columns import IDS, INDEXES, TEXTS, row_ids
from tasks.verify_damage import ROW_ADVICE, Damage

_OF_MANY = ("turns", "links", "photos")


@dataclass(frozen=True, slots=True)
class _Rows:
    """Rows, or what blocks say of them: number of the document, id, start and end in the rendition."""

    document: Numbers
    ids: pa.Array
    start: Numbers
    end: Numbers

    def keep(self, wanted: Marks) -> _Rows:
        if wanted.all():
            return self
        return _Rows(self.document[wanted], self.ids.filter(pa.array(wanted)), self.start[wanted], self.end[wanted])


def mark_spans(part: Part) -> set[str]:
    """Documents of a partition with rows that do not span their blocks, or with blocks that name no row of theirs."""
    tables, ids, blocks = part.tables, part.ids, part.tables["blocks"]
    document, owner = part.owners["blocks"], encode(blocks["table"])
    table = choose(np.arange(len(owner.dictionary)), owner.indices)
    names = [*owner.dictionary.to_pylist(), None]  # the last one is that of -1
    bad = np.zeros(len(ids), np.bool_)
    strays = document[_is_misnamed(blocks, table, names)]
    bad[strays[strays >= 0]] = True
    order = (document << 32) + numbers(blocks["block_index"])
    for name in _OF_MANY:
        own = np.flatnonzero((table == names.index(name)) & (document >= 0)) if name in names else np.zeros(0, np.int64)
        made = _gather(blocks, own[np.argsort(order[own], kind="stable")], document)
        stated = _stated(tables[name], name, part.owners[name])
        if name == "turns" and len(made.end) == tables[name].num_rows:
            said, last = part.turns >= 0, made.end.copy()
            last[part.turns[said]] = numbers(tables["paragraphs"]["byte_end"])[said]  # the last paragraph stays
            np.maximum(made.end, last, out=made.end)
        bad |= _mark_unequal(stated, made, len(ids))
    return set(ids.filter(pa.array(bad)).to_pylist())


def _is_misnamed(blocks: pa.Table, table: Numbers, names: list[str | None]) -> Marks:
    """Blocks that name a table without a row, or a row of another table than their kind is of, or another document."""
    is_owned = marks(pc.is_valid(blocks["row_id"]))
    wrong: Marks = is_owned != (table >= 0)
    kinds = encode(blocks["kind"])
    places = {name: number for number, name in enumerate(names)}
    of_kind = [places.get(TEXTS[kind][0], -2) if kind in TEXTS else -3 for kind in kinds.dictionary.to_pylist()]
    expected = np.array([*of_kind, -3], np.int64)[numbers(kinds.indices)]
    wrong |= is_owned & (expected != -3) & (expected != table)
    known = np.array([name in INDEXES or name in ("documents", None) for name in names])
    wrong |= ~known[table]
    if "documents" in places:
        heads = np.flatnonzero(is_owned & (table == places["documents"]))
        some = blocks.select(["document_id", "row_id"]).take(pa.array(heads))
        wrong[heads] |= ~marks(pc.equal(some["document_id"].cast(pa.string()), some["row_id"]))
    return wrong


def _gather(blocks: pa.Table, own: Numbers, document: Numbers) -> _Rows:
    """The rows that some blocks are part of: those of one row stand together, though not always side by side."""
    ids, document = flat(blocks["row_id"]).take(pa.array(own)), document[own]
    is_first = np.ones(len(own), np.bool_)
    is_first[1:] = (document[1:] != document[:-1]) | ~marks(pc.equal(ids[1:], ids[:-1]))
    firsts = np.flatnonzero(is_first)
    lasts = own[np.append(firsts[1:], len(own))[: len(firsts)] - 1]
    starts, ends = numbers(blocks["byte_start"])[own[firsts]], numbers(blocks["byte_end"])[lasts]
    return _Rows(document[firsts], ids.take(pa.array(firsts)), starts, ends)


def _stated(rows: pa.Table, table: str, document: Numbers) -> _Rows:
    """The rows of a table as they stand. Orphans are found elsewhere."""
    ids = flat(rows[IDS[table]]) if table in IDS else row_ids(rows, table)
    return _Rows(document, ids, numbers(rows["byte_start"]), numbers(rows["byte_end"])).keep(document >= 0)


def _mark_unequal(stated: _Rows, made: _Rows, many: int) -> Marks:
    """Documents whose rows are not what their blocks make, one by one, in their order."""
    bad: Marks = np.bincount(stated.document, minlength=many) != np.bincount(made.document, minlength=many)
    bad[stated.document[1:][stated.document[1:] < stated.document[:-1]]] = True  # out of order: explained row by row
    stated, made = stated.keep(~bad[stated.document]), made.keep(~bad[made.document])
    if (stated.document != made.document).any():
        return np.ones(many, np.bool_)
    wrong = (stated.start != made.start) | (stated.end != made.end) | ~marks(pc.equal(stated.ids, made.ids))
    bad[stated.document[wrong]] = True
    return bad


def explain_spans(tables: Mapping[str, pa.Table]) -> Iterator[Damage]:
    """What does not hold of rows and their blocks, in tables of some documents."""
    made: dict[tuple[str, str], tuple[int, int]] = {}
    kinds: dict[str, str] = {}
    columns = ("document_id", "block_index", "kind", "table", "row_id", "byte_start", "byte_end")
    for document, index, kind, table, row_id, start, end in zip(*_lists(tables["blocks"], columns), strict=True):
        expected = TEXTS[kind][0] if kind in TEXTS and row_id else table
        if (table is None) != (row_id is None) or table != expected or table not in (*INDEXES, "documents", None):
            where = f"of kind {kind} is part of {table} {row_id}, which cannot be"
            yield Damage(3, f"{document} block {index}", where, ROW_ADVICE)
        elif table == "documents" and row_id != document:
            yield Damage(3, f"{document} block {index}", f"of kind {kind} is part of another document", ROW_ADVICE)
        elif table in INDEXES:
            first, last = made.get((table, row_id), (start, end))
            made[table, row_id] = min(first, start), max(last, end)
            kinds[row_id] = kind
    paragraphs = tables["paragraphs"]
    ids = row_ids(paragraphs, "paragraphs").to_pylist()
    for row_id, turn, kind in zip(ids, *_lists(paragraphs, ("turn_id", "kind")), strict=True):
        if (own := made.get(("turns", turn))) and (last := made.get(("paragraphs", row_id))):
            made["turns", turn] = own[0], max(own[1], last[1])
        if kinds.get(row_id, kind) != kind:
            yield Damage(2, row_id, f"kind is {kind}, that of its block is {kinds[row_id]}", ROW_ADVICE)
    for table in INDEXES:
        rows = tables[table]
        ids = row_ids(rows, table).to_pylist()
        for row_id, start, end in zip(ids, *_lists(rows, ("byte_start", "byte_end")), strict=True):
            span = made.pop((table, row_id), None)
            if span is None:
                yield Damage(2, row_id, "is made of no block", ROW_ADVICE)
            elif span != (start, end):
                yield Damage(
                    2, row_id, f"span {start}-{end} is not that of its blocks, {span[0]}-{span[1]}", ROW_ADVICE
                )
    for table, row_id in sorted(made):
        yield Damage(2, row_id, f"is missing in {table}, while there are blocks of it", ROW_ADVICE)


def _lists(rows: pa.Table, columns: Sequence[str]) -> list[list[Any]]:
    return [rows[name].to_pylist() for name in columns]
