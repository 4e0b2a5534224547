"""Rows of an Arrow file, read a stretch at a time into memory of their own.

Mapped into memory, a stretch of some rows would count for many times its size: the kernel maps the pages around each
column's part of it as well, 4 MB for half a megabyte of rows, from each of a hundred files.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.ipc

from storage.files import storing

_STRING = pa.string()


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

    def read(start: int, stop: int) -> pa.Table:
        with storing(path), pa.OSFile(str(path)) as file:

            def fetch(buffer: pa.Buffer, low: int, high: int) -> pa.Buffer:
                if low == high:  # a buffer of nothing may be anywhere
                    return pa.py_buffer(b"")
                file.seek(buffer.address - base + low)
                return file.read_buffer(high - low)

            columns = [_read(column.chunk(0), start, stop, fetch) for column in rows.columns]
        return pa.Table.from_arrays(columns, schema=rows.schema)

    return read


def _map(path: Path) -> tuple[mmap.mmap, pa.Buffer]:
    with storing(path), path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    return mapped, pa.py_buffer(mapped)


def _read(array: pa.Array, start: int, stop: int, fetch: Callable[[pa.Buffer, int, int], pa.Buffer]) -> pa.Array:
    """Some values of an array whose buffers are fetched, in whole bytes of its bits."""
    begin = start - start % 8
    count = stop - begin
    bits, *rest = array.buffers()
    valid = bits and fetch(bits, begin // 8, -(-stop // 8))
    if array.type == _STRING:
        offsets, data = rest
        bounds = np.frombuffer(fetch(offsets, 4 * begin, 4 * (stop + 1)), np.int32)
        values = [pa.py_buffer(bounds - bounds[0]), fetch(data, int(bounds[0]), int(bounds[-1]))]
    elif pa.types.is_nested(array.type):
        return pa.concat_arrays([array.slice(0, 0), array.slice(start, stop - start)])
    else:
        width = array.type.bit_width
        values = [fetch(rest[0], begin * width // 8, -(-stop * width // 8))]
    return pa.Array.from_buffers(array.type, count, [valid, *values]).slice(start - begin)
