"""A partition is a merge of strands, made one row group at a time.

A strand is the rows that one file holds of some documents: the file of the partition as it stands, less what is
replaced, or what a fragment adds to it. It is made of units (see `storage.order`): those of all strands are sorted, and
the rows of each are taken as a block.

Nothing of the size of a partition is held but what tells of its units: a row group is made of the stretch that each
strand has of it, and these are let go before the next one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.order import Ints, find_units, is_by_document, keys_of_units, ranges, sort_rows

ROW_GROUP_ROWS = 65_536  # a reader prunes by row group; DuckDB works on 122,880 and below in parallel

# Bytes of dump that a row group spans: of turns, whose rows are long, 65,536 would hold a whole year in memory.
ROW_GROUP_BYTES = 24 << 20
# Where each row is a unit, a reader looks for a stretch, as the turns of a speaker are, and leaves out other groups.
SOUGHT_GROUP_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Strand:
    """Rows of documents, in units.

    Args:
        units: the keys that units are sorted by, `document_id` among them; the `start` of the rows of each in the
            strand and their `count`; the `bytes` of its dump that they span.
        read: rows from one number to another.
    """

    units: pa.Table
    read: Callable[[int, int], pa.Table]

    def without(self, ids: pa.Array) -> Strand:
        """The strand less some documents."""
        kept = self.units.filter(pc.invert(pc.is_in(self.units["document_id"], ids)))
        return dataclasses.replace(self, units=kept)


@dataclass(frozen=True, slots=True)
class Merge:
    """Rows of a partition in their order: how many there are, and the row groups, which can be made more than once."""

    rows: int
    groups: Callable[[], Iterator[pa.Table]]


def strand_of(rows: pa.Table, keys: Sequence[str]) -> Strand:
    """A strand of rows in memory, in whatever order they are."""
    found = find_units(rows, keys)
    if found is None:
        rows = sort_rows(rows, keys)
        found = find_units(rows, keys)
        assert found, "rows that are sorted are those of one unit after the other"
    units = rows.select(keys_of_units(keys)).take(pa.array(found[0]))
    spans = find_spans(rows.select(columns_of_size(rows.schema)), *found)
    return Strand(describe(units, *found, spans), lambda start, stop: rows.slice(start, stop - start))


def columns_of_size(schema: pa.Schema) -> list[str]:
    """The columns that tell how long the rows of a table of texts are; none for other tables, whose rows are short."""
    return ["byte_start", "byte_end"] if "text" in schema.names else []


def find_spans(sizes: pa.Table, starts: Ints, counts: Ints) -> Ints:
    """The bytes that the rows of each unit span, as far as these bound a row group; 0 where they do not.

    Args:
        sizes: of the rows the columns of `columns_of_size`.
        starts: where the rows of each start.
        counts: how many rows each has.
    """
    spans = np.zeros_like(starts)
    if sizes.num_columns:
        first, last = (column.to_numpy() for column in sizes.columns)
        some = counts > 0
        spans[some] = last[(starts + counts)[some] - 1] - first[starts[some]]
    return spans


def describe(units: pa.Table, starts: Ints, counts: Ints, spans: Ints) -> pa.Table:
    """The units of a strand, from the keys that they are sorted by."""
    facts = {name: units[name] for name in units.column_names}
    return pa.table({**facts, "start": starts, "count": counts, "bytes": spans})


def merge(strands: Sequence[Strand], schema: pa.Schema, keys: Sequence[str]) -> Merge:
    """The rows of all strands, sorted by the keys, ascending.

    Args:
        strands: no document is in two of them.
        schema: that of the rows.
        keys: as in `storage.lake.SORT_KEYS`.
    """
    units = pa.concat_tables(
        strand.units.append_column("strand", pa.array(np.full(strand.units.num_rows, number)))
        for number, strand in enumerate(strands)
    ).sort_by([(key, "ascending") for key in keys_of_units(keys)])
    of, starts, counts, spans = (units[name].to_numpy() for name in ("strand", "start", "count", "bytes"))
    ends = np.cumsum(counts)
    bounds = _cut(ends, np.cumsum(spans), ROW_GROUP_BYTES if is_by_document(keys) else SOUGHT_GROUP_BYTES)

    def groups() -> Iterator[pa.Table]:
        for low, high in bounds:
            some = slice(np.searchsorted(ends, low, "right"), np.searchsorted(ends - counts, high, "left"))
            # a unit of more rows than a group may have is in several
            begin = np.maximum(low - (ends - counts)[some], 0)
            end = np.minimum(high - (ends - counts)[some], counts[some])
            yield _gather(strands, of[some], starts[some] + begin, end - begin, schema)
            pa.default_memory_pool().release_unused()  # it keeps what it was given back: 150 MB at the end of a year

    return Merge(int(counts.sum()), groups)


def _gather(strands: Sequence[Strand], of: Ints, starts: Ints, counts: Ints, schema: pa.Schema) -> pa.Table:
    """Rows of several strands: those of each unit, one after the other."""
    parts, base, places = [schema.empty_table()], 0, np.empty_like(starts)
    for number in np.unique(of):
        own = np.flatnonzero(of == number)
        low, high, size = int(starts[own].min()), int((starts + counts)[own].max()), int(counts[own].sum())
        rows = strands[number].read(low, high)
        if size == high - low:
            places[own] = starts[own] - low + base
        else:  # the stretch holds more than is wanted, and is let go
            rows = rows.take(pa.array(ranges(starts[own] - low, counts[own])))
            places[own] = np.cumsum(counts[own]) - counts[own] + base
        parts.append(rows)
        base += size
    rows = pa.concat_tables(parts)
    wanted = ranges(places, counts)
    is_in_order = bool((np.diff(wanted) == 1).all())
    return (rows if is_in_order else rows.take(pa.array(wanted))).combine_chunks()


def _cut(rows: Ints, spans: Ints, most: int) -> list[tuple[int, int]]:
    """Where row groups start and end, of whole units as long as none has more rows than two groups.

    Args:
        rows: rows up to and with each unit.
        spans: bytes up to and with each unit.
        most: bytes of a row group.
    """
    bounds, at, before, read = [], 0, 0, 0
    while at < len(rows):
        by_rows = np.searchsorted(rows, before + ROW_GROUP_ROWS)
        by_bytes = np.searchsorted(spans, read + most)
        at = min(int(min(by_rows, by_bytes)), len(rows) - 1)
        end, read = int(rows[at]), int(spans[at])
        step = ROW_GROUP_ROWS if end - before > 2 * ROW_GROUP_ROWS else end - before
        bounds += [(low, min(low + step, end)) for low in range(before, end, max(step, 1))]
        at, before = at + 1, end
    return bounds or [(0, 0)]
