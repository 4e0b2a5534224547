"""Columns of Arrow as arrays of NumPy, over the same memory where that can be; what columns repeat, and where."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint64]
Numbers = TypeVar("Numbers", Ints, Words)

WORD = 8  # bytes of the numbers that texts are taken for
_FACTOR = np.uint64(0x9E3779B97F4A7C15)


def flat(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column in one piece; one that is in one piece is not copied, as `combine_chunks` does."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def ints(column: pa.ChunkedArray | pa.Array, missing: int = 0) -> Ints:
    """Integers, dates (days since 1970) or booleans as NumPy integers."""
    column = flat(column)
    if pa.types.is_date32(column.type):
        column = column.cast(pa.int32())
    column = column.cast(pa.int64())
    return np.asarray((column.fill_null(missing) if column.null_count else column).to_numpy(zero_copy_only=False))


def true(column: pa.ChunkedArray | pa.Array) -> Mask:
    """Booleans as NumPy booleans; null counts as false."""
    column = flat(column)
    return np.asarray((column.fill_null(False) if column.null_count else column).to_numpy(zero_copy_only=False))


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


def groups(column: pa.ChunkedArray | pa.Array) -> Ints:
    """A number for each distinct value, null among them."""
    return ints(flat(column).dictionary_encode(null_encoding="encode").indices)


def changes(column: pa.ChunkedArray | pa.Array) -> Mask:
    """Whether each value differs from the one ahead of it; the first does, and so does null from anything.

    Columns that repeat what is said of a document, or of a turn, are judged where they change.
    """
    column = flat(column)
    differs = np.ones(len(column), np.bool_)
    if len(column) > 1:
        differs[1:] = ~true(pc.equal(column[1:], column[:-1]))
    return differs


def unnull(column: pa.ChunkedArray | pa.Array) -> pa.Array:
    """A column of text in one piece, with an empty text for null."""
    column = flat(column)
    return column.fill_null("") if column.null_count else column


def bounds_of(texts: pa.Array) -> Ints:
    """Where each text begins among the bytes of all, and the last ends; for a column without nulls."""
    if not len(texts):
        return np.zeros(1, np.int64)
    offsets = np.frombuffer(texts.buffers()[1], np.int32)
    return offsets[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)


def bytes_of(texts: pa.Array) -> Bytes:
    """The bytes of all texts, as `bounds_of` counts them."""
    data = texts.buffers()[2]
    return np.frombuffer(data, np.uint8) if data else np.array([], np.uint8)


def as_rows(texts: pa.ChunkedArray | pa.Array) -> Bytes | None:
    """Texts of one length as rows of so many bytes, in place; None where lengths differ or a text is null."""
    texts = flat(texts)
    if texts.null_count or not len(texts):
        return None
    bounds = bounds_of(texts)
    width = bounds[1] - bounds[0]
    if not width or (np.diff(bounds) != width).any():
        return None
    return bytes_of(texts)[bounds[0] : bounds[-1]].reshape(len(texts), width)


def are_distinct(column: pa.ChunkedArray | pa.Array) -> bool:
    """Whether no value but null stands twice; false too where that takes a longer look.

    Of integers, and of texts of one length, a number is made each: where the numbers differ, so do the values.
    """
    column = flat(column).drop_null()
    if pa.types.is_integer(column.type):
        return not len(repeated(ints(column)))
    if pa.types.is_string(column.type) and (rows := as_rows(column)) is not None and rows.shape[1] >= WORD:
        width = rows.shape[1]
        places = (*range(0, width - WORD, WORD), width - WORD)
        return not len(repeated(fold(np.ndarray((len(rows),), np.uint64, rows, at, (width,)) for at in places)))
    return False


def repeated(numbers: Numbers) -> Numbers:
    """The numbers that stand twice or more, ascending."""
    ordered = np.sort(numbers)
    again: Numbers = ordered[1:][ordered[1:] == ordered[:-1]]
    again = again[np.append(True, again[1:] != again[:-1])[: len(again)]]
    return again


def fold(words: Iterable[Words]) -> Words:
    """One number for several: other ones give another number, but by a rare chance."""
    first, *others = words
    folded = first * _FACTOR
    for word in others:
        folded += word
        folded *= _FACTOR
    return folded


def mix(values: Words) -> Words:
    """Scatter numbers over 64 bits (the finaliser of SplitMix64)."""
    values = values + _FACTOR
    values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: Words = values ^ (values >> np.uint64(31))
    return mixed
