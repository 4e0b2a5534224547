"""Rows as one short hash of their values, whatever buffers hold them: compared without being kept.

The hash is no proof against forgery, and is not written anywhere.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import xxhash


def digest_rows(rows: pa.Table) -> bytes:
    """128 bits over the values of every column, in order: the same for the same values in other chunks or buffers."""
    state = xxhash.xxh3_128()
    for column in rows.columns:
        _add(state, column.chunk(0) if column.num_chunks == 1 else column.combine_chunks())
    return state.digest()


def _add(state: xxhash.xxh3_128, values: pa.Array) -> None:
    state.update(np.array([len(values), values.null_count]).data)
    if values.null_count:
        state.update(values.is_valid().to_numpy(zero_copy_only=False))
        values = values.drop_null()  # what buffers hold below a null is no value
    start, stop = values.offset, values.offset + len(values)
    if pa.types.is_list(values.type):
        state.update(pc.list_value_length(values).to_numpy())
        _add(state, values.flatten())
    elif pa.types.is_struct(values.type):
        for field in values.flatten():
            _add(state, field)
    elif pa.types.is_boolean(values.type):
        state.update(values.to_numpy(zero_copy_only=False))
    elif not len(values):
        return
    elif pa.types.is_string(values.type):
        _, offsets, data = values.buffers()
        bounds = np.frombuffer(offsets, np.int32)[start : stop + 1]
        state.update(np.diff(bounds).data)
        if data:
            state.update(memoryview(data)[bounds[0] : bounds[-1]])
    else:
        width = values.type.bit_width // 8
        state.update(memoryview(values.buffers()[1])[start * width : stop * width])
