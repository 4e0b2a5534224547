"""Rows in the order of a partition, found by documents and not by rows.

The rows of a document stand together, in their order, wherever rows come from. So it is enough to sort the documents,
of which there are fifty times fewer, and to move the rows of each as a block. Where rows stand otherwise they are
sorted one by one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]


def sort_rows(rows: pa.Table, keys: Sequence[str]) -> pa.Table:
    """Rows sorted by the keys, ascending; the first keys are of documents, the last numbers the rows of one.

    Args:
        rows: rows with a `document_id`.
        keys: as in `storage.lake.SORT_KEYS`.
    """
    return next(sort_groups(rows, keys, max(1, rows.num_rows)))


def sort_groups(rows: pa.Table, keys: Sequence[str], size: int) -> Iterator[pa.Table]:
    """The same, `size` rows at a time, and one group without any where there are none: one is held in memory."""
    rows = rows.combine_chunks()
    order = _find_order(rows, keys)
    for start in range(0, max(1, rows.num_rows), size):
        if order is None:
            yield rows.slice(start, size)
        else:
            yield rows.take(pa.array(order[start : start + size]))


def _find_order(rows: pa.Table, keys: Sequence[str]) -> Ints | None:
    """Numbers of the rows in their order; None where they stand in it."""
    if rows.num_rows < 2:
        return None
    ids = rows["document_id"].chunk(0)
    starts = np.append(0, np.flatnonzero(pc.not_equal(ids[1:], ids[:-1]).to_numpy(zero_copy_only=False)) + 1)
    of_documents = [key for key in keys if key in ("event_date", "document_id")]
    documents = rows.select(of_documents).take(pa.array(starts))
    if pc.count_distinct(documents["document_id"]).as_py() < len(starts) or not _is_numbered(rows, keys[-1], starts):
        numbers: Ints = pc.sort_indices(rows, [(key, "ascending") for key in keys]).to_numpy()
        return numbers
    order = pc.sort_indices(documents, [(key, "ascending") for key in of_documents]).to_numpy()
    if (np.diff(order) == 1).all():
        return None
    counts = np.diff(np.append(starts, rows.num_rows))
    return ranges(starts[order], counts[order])


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
    if key in ("event_date", "document_id"):
        return bool(len(starts) == rows.num_rows)
    falls = np.diff(rows[key].to_numpy()) <= 0
    falls[starts[1:] - 1] = False  # from one document to the next
    return not falls.any()
