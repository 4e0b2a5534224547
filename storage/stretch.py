"""Rows of an Arrow file, read a stretch at a time into memory of their own.

Mapped into memory, a stretch of some rows would count for many times its size: the kernel maps the pages around each
column's part of it as well, 4 MB for half a megabyte of rows, from each of a hundred files.
"""

from __future__ import annotations

import errno
import mmap
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc

from storage.files import storing


def map_rows(path: Path) -> pa.Table:
    """All rows of a file, memory-mapped."""
    return pa.ipc.open_file(_map(path)[1]).read_all()


def stretches(path: Path, columns: Sequence[str] | None = None) -> Callable[[int, int], pa.Table]:
    """What reads the rows of a file from one number to another; all columns, or some."""
    mapped, view = _map(path)
    rows, base = pa.ipc.open_file(view).read_all(), view.address
    rows = rows if columns is None else rows.select(columns)
    if hasattr(mmap, "MADV_DONTNEED"):
        mapped.madvise(mmap.MADV_DONTNEED)  # that is, of the rows; where they are in the file is known now
    found = [_find(column.chunk(0), base) for column in rows.columns if rows.num_rows]

    def read(start: int, stop: int) -> pa.Table:
        if start == stop:
            return rows.schema.empty_table()
        with storing(path), path.open("rb", buffering=0) as file:
            columns = [one.read(file.fileno(), start, stop) for one in found]
        return pa.Table.from_arrays(columns, schema=rows.schema)

    return read


@dataclass(frozen=True, slots=True)
class _Flat:
    """Where the values of a column are in the file: bits that say which are valid, if any are not, and the values,
    each `width` bits; of strings the ends, and the characters from `data` on.
    """

    type: pa.DataType
    valid: int | None
    values: int
    width: int
    data: int | None = None

    def read(self, file: int, start: int, stop: int) -> pa.Array:
        begin = start - start % 8  # bits come in whole bytes
        buffers = [None if self.valid is None else _fetch(file, self.valid + begin // 8, self.valid - (-stop // 8))]
        if self.data is None:
            first, last = begin * self.width // 8, -(-stop * self.width // 8)
            buffers.append(_fetch(file, self.values + first, self.values + last))
        else:
            ends = np.frombuffer(_fetch(file, self.values + 4 * begin, self.values + 4 * (stop + 1)), np.int32)
            buffers.append(pa.py_buffer(ends - ends[0]))
            buffers.append(_fetch(file, self.data + int(ends[0]), self.data + int(ends[-1])))
        return pa.Array.from_buffers(self.type, stop - begin, buffers).slice(start - begin)


@dataclass(frozen=True, slots=True)
class _Nested:
    """A column whose values hold others: few, and taken from the mapped file."""

    column: pa.Array

    def read(self, file: int, start: int, stop: int) -> pa.Array:
        return pa.concat_arrays([self.column.slice(0, 0), self.column.slice(start, stop - start)])


def _find(column: pa.Array, base: int) -> _Flat | _Nested:
    if pa.types.is_nested(column.type):
        return _Nested(column)
    bits, *rest = column.buffers()
    valid = bits.address - base if bits else None
    values, *data = (buffer.address - base if buffer else 0 for buffer in rest)  # nothing is read of an empty one
    return _Flat(column.type, valid, values, 32 if data else column.type.bit_width, *data)


def _fetch(file: int, low: int, high: int) -> pa.Buffer:
    data = os.pread(file, high - low, low) if low < high else b""  # what is empty may be anywhere
    if len(data) < high - low:
        raise OSError(errno.EIO, f"{high - low} bytes were wanted at {low}, {len(data)} are there")
    return pa.py_buffer(data)


def _map(path: Path) -> tuple[mmap.mmap, pa.Buffer]:
    with storing(path), path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return mapped, pa.py_buffer(mapped)
