"""Rows in the order of a partition, found by documents and not by rows.

The rows of a document stand together, in their order, wherever rows come from. So it is enough to sort the documents,
of which there are fifty times fewer, and to move the rows of each as a block. Where rows stand otherwise they are
sorted one by one.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]

_OF_DOCUMENTS = ("event_date", "document_id")


def keys_of_documents(keys: Sequence[str]) -> list[str]:
    """Of the keys by which rows are sorted those that are of documents: the first ones."""
    return [key for key in keys if key in _OF_DOCUMENTS]


def columns_of_order(keys: Sequence[str]) -> list[str]:
    """The columns that tell how rows stand: `document_id`, and the keys."""
    return list(dict.fromkeys(("document_id", *keys)))


def find_documents(rows: pa.Table, keys: Sequence[str]) -> tuple[Ints, Ints] | None:
    """The first row of each document, and how many it has, where the rows of each stand together and in their order.

    Args:
        rows: rows with the columns of `columns_of_order`.
        keys: as in `storage.lake.SORT_KEYS`; the first are of documents, the last numbers the rows of one.

    Returns:
        None where rows stand otherwise.
    """
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
    """Whether a column rises within each document; one row a document, with no number, is in order."""
    if key in _OF_DOCUMENTS:
        return bool(len(starts) == rows.num_rows)
    falls = np.diff(rows[key].to_numpy()) <= 0
    falls[starts[1:] - 1] = False  # from one document to the next
    return not falls.any()
