"""Columns of Arrow as arrays of numpy: numbers, marks, and the places of values among others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from expectations.arrays import flat

Numbers = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]


def encode(column: pa.ChunkedArray | pa.Array) -> pa.DictionaryArray:
    """A column as one dictionary and numbers."""
    if not pa.types.is_dictionary(column.type):
        return flat(column).dictionary_encode()
    if isinstance(column, pa.ChunkedArray) and column.num_chunks > 1:
        column = column.unify_dictionaries()
    return flat(column)


def find(column: pa.ChunkedArray | pa.Array, ids: pa.Array) -> Numbers:
    """The place of each value among the ids, -1 where there is none."""
    encoded = encode(column)
    places = pc.index_in(encoded.dictionary, value_set=ids)
    return choose(numbers(places.fill_null(-1) if places.null_count else places), encoded.indices)


def choose(values: Numbers, places: pa.Array) -> Numbers:
    """The values at some places; -1 where a place is null."""
    if not places.null_count:
        return values[numbers(places)]
    return np.append(values, -1)[numbers(places.fill_null(-1))]


def numbers(column: pa.ChunkedArray | pa.Array) -> Numbers:
    """A column of whole numbers without nulls."""
    return np.asarray(column.to_numpy(), np.int64)


def days(column: pa.ChunkedArray) -> Numbers:
    """A column of days as numbers."""
    return numbers(flat(column).view(pa.int32()))


def marks(column: pa.ChunkedArray | pa.Array) -> Marks:
    """A column of truths; null is false."""
    column = flat(column)
    return np.asarray((column.fill_null(False) if column.null_count else column).to_numpy(zero_copy_only=False))


@dataclass(frozen=True, slots=True)
class Part:
    """The tables of a partition, with the number of its document for each row, -1 where there is none.

    `turns` numbers the turn of each paragraph, -1 where nobody speaks it or the turn is not there.
    """

    tables: Mapping[str, pa.Table]
    ids: pa.Array
    owners: Mapping[str, Numbers]
    turns: Numbers

    @classmethod
    def of(cls, tables: Mapping[str, pa.Table]) -> Part:
        """Tables as they are."""
        ids = flat(tables["documents"]["document_id"])
        owners = {table: find(rows["document_id"], ids) for table, rows in tables.items()}
        return cls(tables, ids, owners, find(tables["paragraphs"]["turn_id"], flat(tables["turns"]["turn_id"])))
