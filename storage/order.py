"""Rows in the order of a partition, found by units that are moved whole.

Of most tables a unit is a document: its rows stand together, in their order, wherever rows come from. So it is enough
to sort the documents, of which there are fifty times fewer; where rows stand otherwise they are sorted first. Of a
table that is sorted by something else ahead of its documents, as turns are by speaker, each row is a unit.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]

_OF_DOCUMENTS = ("event_date", "document_id")


def keys_of_units(keys: Sequence[str]) -> list[str]:
    """The keys by which units are sorted: those of documents, which come first; all, where they do not."""
    own = [key for key in keys if key in _OF_DOCUMENTS]
    return own if list(keys[: len(own)]) == own else list(keys)


def is_by_document(keys: Sequence[str]) -> bool:
    """Whether the rows of a document stand together, as in every table that is sorted by documents first."""
    return set(keys_of_units(keys)) <= set(_OF_DOCUMENTS)


def columns_of_order(keys: Sequence[str]) -> list[str]:
    """The columns that tell how rows stand: `document_id`, and the keys."""
    return list(dict.fromkeys(("document_id", *keys)))


def find_units(rows: pa.Table, keys: Sequence[str]) -> tuple[Ints, Ints] | None:
    """The first row of each unit, and how many it has.

    Args:
        rows: rows with the columns of `columns_of_order`.
        keys: as in `storage.lake.SORT_KEYS`; the last numbers the rows of a document, where it has several.

    Returns:
        None where the rows of a unit stand apart, or in another order than theirs.
    """
    if keys_of_units(keys) == list(keys):
        return np.arange(rows.num_rows), np.ones(rows.num_rows, np.int64)
    ids = rows["document_id"].combine_chunks()
    if not len(ids):
        return np.array([], np.int64), np.array([], np.int64)
    if pa.types.is_dictionary(ids.type):
        ids = ids.indices
    starts = np.append(0, np.flatnonzero(pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)) + 1)
    if pc.count_distinct(ids).as_py() < len(starts) or not _is_numbered(rows, keys[-1], starts):
        return None
    return starts, np.diff(np.append(starts, len(ids)))


def sort_rows(rows: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Rows sorted by the keys, ascending, whatever their order was."""
    return rows.take(pc.sort_indices(rows, [(key, "ascending") for key in keys])).combine_chunks()


def ranges(starts: Ints, counts: Ints) -> Ints:
    """The numbers of several ranges, one after the other.

    >>> ranges(np.array([7, 0]), np.array([2, 3])).tolist()
    [7, 8, 0, 1, 2]
    """
    before = np.cumsum(counts) - counts
    numbers: Ints = np.arange(counts.sum()) + np.repeat(starts - before, counts)
    return numbers


def _is_numbered(rows: pa.Table, key: str, starts: Ints) -> bool:
    """Whether a column rises within each document."""
    falls = np.diff(rows[key].to_numpy()) <= 0
    falls[starts[1:] - 1] = False  # from one document to the next
    return not falls.any()
