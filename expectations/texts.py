"""What is asked of all texts of a column, each once a batch and without a copy of a text.

A sweep over the bytes of all texts as they lie in Arrow's memory is several times as fast as a look at one text after
the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.arrays import (
    WORD,
    Bytes,
    Ints,
    Mask,
    bounds_of,
    bytes_of,
    flat,
    fold,
    groups,
    ints,
    repeated,
    true,
    unnull,
)

# Bytes looked at together, for what comes of them takes memory.
_BLOCK = 1 << 20

# Bytes at the end of a text that tell it from others of its length: texts that are not the same rather begin alike.
_ENDS = 40

# First bytes of the characters that count as white space in Unicode, of more bytes than one: U+0085, U+00A0, U+1680,
# U+2000 … U+3000.
_LEAD_OF_BLANKS = np.array([0xC2, 0xE1, 0xE2, 0xE3], np.uint8)


@dataclass(frozen=True)
class Texts:
    """A column of text. A null is an empty text, but equals null alone."""

    column: pa.Array

    @classmethod
    def of(cls, column: pa.ChunkedArray | pa.Array) -> Texts:
        """Those of a column."""
        return cls(flat(column))

    def __len__(self) -> int:
        return len(self.column)

    @cached_property
    def _filled(self) -> pa.Array:
        return unnull(self.column)

    @cached_property
    def bounds(self) -> Ints:
        """Where each begins among the bytes of all, and the last ends."""
        return bounds_of(self._filled)

    @cached_property
    def sizes(self) -> Ints:
        """Bytes of each."""
        return np.diff(self.bounds)

    @cached_property
    def chars(self) -> Ints:
        """Characters of each."""
        return ints(pc.utf8_length(self._filled))

    @cached_property
    def words(self) -> Ints:
        """Words of each, folded as they are: one space stands between two words."""
        return _count(self.data, self.bounds, ord(" ")) + (self.sizes > 0)

    @cached_property
    def first_colons(self) -> Ints:
        """The byte of each at which a colon first stands; -1 where none does."""
        found = _find(self.data, self.bounds, ord(":"))
        first = np.append(found, np.iinfo(np.int64).max)[np.searchsorted(found, self.bounds[:-1])]
        return np.where(first < self.bounds[1:], first - self.bounds[:-1], -1)

    @cached_property
    def is_blank(self) -> Mask:
        """Whether each is nothing but white space."""
        blank = self.sizes == 0
        first = self.data[np.minimum(self.bounds[:-1], max(len(self.data) - 1, 0))] if len(self.data) else blank
        rows = np.flatnonzero(~blank & ((first <= ord(" ")) | np.isin(first, _LEAD_OF_BLANKS)))
        if len(rows):
            blank[rows] = true(pc.equal(pc.utf8_trim_whitespace(self.take(rows)), ""))
        return np.asarray(blank)

    @cached_property
    def numbers(self) -> Ints:
        """A number for each, the same for equal texts, less than their count."""
        return _number(self)

    def holds_any(self, wanted: bytes) -> bool:
        """Whether any of some bytes stands in any of them."""
        held = self.data[self.bounds[0] : self.bounds[-1]]
        others = bytes(set(range(256)) - set(wanted))
        return any(held[at : at + _BLOCK].tobytes().translate(None, others) for at in range(0, len(held), _BLOCK))

    def take(self, rows: Ints) -> pa.Array:
        """Some of them."""
        return self.column.take(pa.array(rows))

    def heads(self, rows: Ints, lengths: Ints) -> pa.Array:
        """The first bytes of some of them, so many of each, which must not part a character."""
        whole, starts = self.data.data, self.bounds[rows]
        data = b"".join(
            whole[start:end] for start, end in zip(starts.tolist(), (starts + lengths).tolist(), strict=True)
        )
        bounds = np.append(0, np.cumsum(lengths)).astype(np.int32)
        return pa.StringArray.from_buffers(len(rows), pa.py_buffer(bounds), pa.py_buffer(data))

    @property
    def data(self) -> Bytes:
        """The bytes of all."""
        return bytes_of(self._filled)


def _find(data: Bytes, bounds: Ints, byte: int) -> Ints:
    """Where a byte stands."""
    found = [np.flatnonzero(data[at : min(at + _BLOCK, bounds[-1])] == byte) + at
             for at in range(int(bounds[0]), int(bounds[-1]), _BLOCK)]  # fmt: skip
    return np.concatenate(found) if found else np.array([], np.int64)


def _count(data: Bytes, bounds: Ints, byte: int) -> Ints:
    """How often a byte stands in each text: one bit a byte, and the bits ahead of every 64 summed up."""
    start, end = int(bounds[0]), int(bounds[-1])
    bits = np.zeros(((end - start) // 64 + 1) * 8, np.uint8)
    for at in range(0, end - start, _BLOCK):
        packed = np.packbits(data[start + at : min(start + at + _BLOCK, end)] == byte, bitorder="little")
        bits[at // 8 : at // 8 + len(packed)] = packed
    words = bits.view("<u8")
    before = np.append(0, np.cumsum(np.bitwise_count(words), dtype=np.int64))
    places = bounds - start
    below = (np.uint64(1) << (places & 63).astype(np.uint64)) - np.uint64(1)
    counts: Ints = np.diff(before[places >> 6] + np.bitwise_count(words[places >> 6] & below))
    return counts


def _number(texts: Texts) -> Ints:
    """The row of the first text that is the same; of null the first null.

    Texts of other lengths or ends are not the same: few but those that have an equal are compared in full.
    """
    numbers = np.arange(len(texts))
    alike = _may_be_alike(texts)
    if len(alike):
        codes = groups(texts.take(alike))
        first = np.full(len(codes), len(texts))
        np.minimum.at(first, codes, alike)
        numbers[alike] = first[codes]
    return numbers


def _may_be_alike(texts: Texts) -> Ints:
    """The rows of texts that may have an equal."""
    starts, lengths = texts.bounds[:-1], texts.sizes
    alike = lengths < WORD
    rows = np.flatnonzero(~alike)
    if len(rows):
        first, size = starts[rows], lengths[rows]
        words = np.ndarray((len(texts.data) - WORD + 1,), np.uint64, texts.data, 0, (1,))
        last = size - WORD
        ends = (words[first + np.maximum(last - back, 0)] for back in range(0, _ENDS, WORD))
        keys = fold((size.view(np.uint64), *ends))
        again = repeated(keys)
        if len(again):
            places = np.minimum(np.searchsorted(again, keys), len(again) - 1)
            alike[rows[again[places] == keys]] = True
    return np.flatnonzero(alike)
