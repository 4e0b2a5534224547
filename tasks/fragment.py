"""What was parsed of one batch: Arrow files of the tables' rows, and an index of the documents in them.

    <staging>/<run id>/batch-00007.0/<table>.arrow      rows, one record batch
                                     index.arrow        where the rows of each document are, in each table

Documents stand by source and year, and in these as in the files of the lake (`storage.lake.SORT_KEYS`), turns by
document too: what a partition takes from a fragment lies together there, and mostly in the order in which it is wanted.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.ipc

from storage import ledger_schemas as schemas
from storage.files import storing
from storage.lake import PARTITIONED, SORT_KEYS
from storage.merge import Strand, columns_of_size, describe, find_spans
from storage.order import Ints, keys_of_units, ranges
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
        keys, places = keys_of_units(SORT_KEYS[table]), [f"{table}_start", table, f"{table}_bytes"]
        own = documents.filter(pc.greater(documents[table], 0))
        starts, counts, spans = (own[name].to_numpy() for name in places)
        units = own
        if not set(keys) <= set(own.column_names):  # rows are units, and stand by document here
            sizes, low, high = columns_of_size(PARTITIONED[table]), _first(starts), _first(-(starts + counts))
            rows = stretches(self.folder / f"{table}.arrow", [*keys, *sizes])(low, -high)
            starts = ranges(starts, counts)
            units, counts = rows.take(pa.array(starts - low)), np.ones_like(starts)
            spans = find_spans(rows.select(sizes), starts - low, counts)
        return Strand(describe(units.select(keys), starts, counts, spans), stretches(self.folder / f"{table}.arrow"))

    def read_some(self, table: str, ids: Collection[str]) -> pa.Table:
        """Rows of a few documents; the others are not touched."""
        found, read = self.find(ids), stretches(self.folder / f"{table}.arrow")
        spans = zip(found[f"{table}_start"].to_pylist(), found[table].to_pylist(), strict=True)
        parts = (read(start, start + count) for start, count in spans)
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


def _first(places: Ints) -> int:
    return int(places.min()) if len(places) else 0


def write_fragment(folder: Path, made: Tables) -> Fragment:
    """Write the tables into a new folder, each in its order."""
    tables, counts = dict(made.rows), made.counts
    documents = tables["documents"].select(["source_id", "event_date", "document_id"])
    documents = documents.append_column("year", pc.year(documents["event_date"]))
    index: dict[str, object] = {name: documents[name] for name in ("document_id", "event_date")}
    with storing(folder):
        folder.mkdir()
        for table in PARTITIONED:
            keys = ["source_id", "year", *(key for key in SORT_KEYS[table] if key in documents.column_names)]
            order = pc.sort_indices(documents, [(key, "ascending") for key in keys]).to_numpy()
            own = counts[table].to_numpy()
            starts = np.empty_like(own)
            starts[order] = np.cumsum(own[order]) - own[order]
            rows = tables.pop(table)
            if (np.diff(order) != 1).any():
                rows = rows.take(pa.array(ranges((np.cumsum(own) - own)[order], own[order])))
            spans = find_spans(rows.select(columns_of_size(rows.schema)), starts, own)
            index |= {table: own, f"{table}_start": starts, f"{table}_bytes": spans}
            _write(folder / f"{table}.arrow", rows)
        _write(folder / f"{_INDEX}.arrow", pa.table(index))
    return Fragment(folder, 0, (), made.repeated, made.twice)


def _write(path: Path, rows: pa.Table) -> None:
    with path.open("wb") as sink, pa.ipc.new_file(sink, rows.schema) as writer:
        writer.write_table(rows.combine_chunks())
