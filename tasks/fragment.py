"""What was parsed of one batch: Arrow files of the tables' rows, and an index of the documents in them.

    <staging>/<run id>/batch-00007.0/<table>.arrow      rows, one record batch
                                     index.arrow        where the rows of each document are, in each table

Rows stand by source and year, and in these as in the files of the lake (`storage.lake.SORT_KEYS`): what a partition
takes from a fragment lies together there, in the order in which it is wanted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

from storage import ledger_schemas as schemas
from storage.files import storing
from storage.lake import PARTITIONED, SORT_KEYS
from storage.merge import Strand, columns_of_size, describe, find_spans
from storage.order import Ints, is_by_document, keys_of_units, ranges
from storage.records import Finding
from storage.stretch import map_rows, stretches
from tasks.tabulate import Tables

_INDEX = "index"


@dataclass(frozen=True, slots=True)
class Fragment:
    """Rows parsed from a batch, a file a table in `folder`; documents met, held back by the parser, met twice over.

    `twice` are the ids of documents that one dump holds more than once, in the same words or others.
    """

    folder: Path
    documents: int
    findings: tuple[Finding, ...]
    repeated: int = 0
    twice: frozenset[str] = frozenset()
    met: Mapping[str, int] = field(default_factory=dict)  # dump hash -> documents of it in the batch

    def read(self, table: str) -> pa.Table:
        """Rows of a table, memory-mapped."""
        return map_rows(self.folder / f"{table}.arrow")

    def find(self, ids: Collection[str]) -> pa.Table:
        """Where the rows of some documents are: what `strand` asks for, of all tables."""
        index = self.read(_INDEX)
        return index.filter(pc.is_in(index["document_id"], pa.array(ids, pa.string())))

    def strand(self, table: str, documents: pa.Table) -> Strand:
        """Rows of some documents in a table; the others are not touched.

        Args:
            table: name of the table.
            documents: what `find` tells of them.
        """
        keys, path = keys_of_units(SORT_KEYS[table]), self.folder / f"{table}.arrow"
        own = documents.filter(pc.greater(documents[table], 0))
        starts, counts, spans = (own[name].to_numpy() for name in (f"{table}_start", table, f"{table}_bytes"))
        units = own
        if not is_by_document(SORT_KEYS[table]):
            low, high = min(starts, default=0), max(starts + spans, default=0)
            sizes = columns_of_size(PARTITIONED[table])
            rows = stretches(path, [*keys, *sizes])(low, high)
            at = np.flatnonzero(pc.is_in(rows["document_id"], own["document_id"].combine_chunks()))
            units, starts, counts = rows.take(pa.array(at)), low + at, np.ones_like(at)
            spans = find_spans(rows.select(sizes), at, counts)
        return Strand(describe(units.select(keys), starts, counts, spans), stretches(path))

    def read_some(self, table: str, ids: Collection[str]) -> pa.Table:
        """Rows of a few documents; the others are not touched."""
        strand = self.strand(table, self.find(ids))
        spans = zip(strand.units["start"].to_pylist(), strand.units["count"].to_pylist(), strict=True)
        parts = (strand.read(start, start + count) for start, count in spans)
        return pa.concat_tables([PARTITIONED[table].empty_table(), *parts])

    def count_some(self, ids: Collection[str]) -> dict[str, int]:
        """How many rows some documents have in each table."""
        some = self.find(ids)
        return {name: pc.sum(some[name]).as_py() or 0 for name in PARTITIONED}


@dataclass(frozen=True, slots=True)
class Recalled(Fragment):
    """Documents of dumps that were read before (`tasks.recall`): what decides which of them stand, and no row more.

    `elsewhere` are the ids of those that the lake holds as they were read, but from another dump.
    """

    stand: pa.Table = field(default_factory=schemas.READINGS.empty_table)
    elsewhere: frozenset[str] = frozenset()

    def read(self, table: str) -> pa.Table:
        """The documents, in the `readings` schema; there are no rows of other tables."""
        if table != "documents":
            raise KeyError(table)
        return self.stand


def write_fragment(folder: Path, made: Tables) -> Fragment:
    """Write the tables into a new folder, each in its order."""
    tables, counts = dict(made.rows), made.counts
    documents = _with_year(tables["documents"].select(["source_id", "event_date", "document_id"]))
    index: dict[str, object] = {name: documents[name] for name in ("document_id", "event_date")}
    with storing(folder):
        folder.mkdir()
        for table in PARTITIONED:
            own, rows = counts[table].to_numpy(), tables.pop(table)
            lay_out = _lay_out if is_by_document(SORT_KEYS[table]) else _lay_out_rows
            rows, starts, spans = lay_out(rows, own, documents, SORT_KEYS[table])
            index |= {table: own, f"{table}_start": starts, f"{table}_bytes": spans}
            _write(folder / f"{table}.arrow", rows)
        _write(folder / f"{_INDEX}.arrow", pa.table(index))
    return Fragment(folder, 0, (), made.repeated, made.twice)


def _lay_out(rows: pa.Table, own: Ints, documents: pa.Table, keys: Sequence[str]) -> tuple[pa.Table, Ints, Ints]:
    """Rows in order, those of a document together; of each document where its own start, and the bytes they span."""
    order = _sort(documents, keys_of_units(keys))
    starts = np.empty_like(own)
    starts[order] = np.cumsum(own[order]) - own[order]
    if (np.diff(order) != 1).any():
        rows = rows.take(pa.array(ranges((np.cumsum(own) - own)[order], own[order])))
    return rows, starts, find_spans(rows.select(columns_of_size(rows.schema)), starts, own)


def _lay_out_rows(rows: pa.Table, own: Ints, documents: pa.Table, keys: Sequence[str]) -> tuple[pa.Table, Ints, Ints]:
    """Rows in order; of each document where those of its source and year start, and how many these are."""
    rows = rows.take(pa.array(_sort(_with_year(rows), keys)))
    order = _sort(documents, [])
    places = list(zip(documents["source_id"].to_pylist(), documents["year"].to_pylist(), strict=True))
    totals = Counter[tuple[object, object]]()
    for at in order:
        totals[places[at]] += int(own[at])
    starts = dict(zip(totals, accumulate(totals.values(), initial=0), strict=False))
    return (
        rows,
        np.array([starts[one] for one in places], np.int64),
        np.array([totals[one] for one in places], np.int64),
    )


def _with_year(rows: pa.Table) -> pa.Table:
    return rows.append_column("year", pc.year(rows["event_date"]))


def _sort(rows: pa.Table, keys: Sequence[str]) -> Ints:
    """The order of rows by source, year and keys."""
    order: Ints = pc.sort_indices(rows, [(key, "ascending") for key in ("source_id", "year", *keys)]).to_numpy()
    return order


def _write(path: Path, rows: pa.Table) -> None:
    with path.open("wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows.combine_chunks())
