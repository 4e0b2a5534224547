"""The checks said a second time, without Great Expectations: for each the rows of a frame that break it.

Used where Great Expectations cuts its list of rows short, and by the tests, which hold both against each other. Null is
let pass, as there, except where nothing must stand.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.facts import Mask
from expectations.rules import Argument, Check

if TYPE_CHECKING:
    import pandas as pd

Arguments = Mapping[str, Argument]


def breaking(check: Check, frame: pd.DataFrame) -> Mask:
    """For each row of the frame whether it breaks the check."""
    columns = [pa.Array.from_pandas(frame[name]) for name in check.judged]
    if check.expectation == "ExpectColumnValuesToBeNull":
        return _mask(columns[0].is_valid())
    known = np.logical_and.reduce([_mask(column.is_valid()) for column in columns])
    broken: Mask = known & ~_mask(_HOLDS[check.expectation](check.arguments, *columns))
    return broken


def _mask(values: pa.Array | pa.ChunkedArray) -> Mask:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=np.bool_)


def _match(arguments: Arguments, column: pa.Array) -> pa.Array:
    return pc.match_substring_regex(column, str(arguments["regex"]))


def _not_match(arguments: Arguments, column: pa.Array) -> pa.Array:
    return pc.invert(_match(arguments, column))


def _in_set(arguments: Arguments, column: pa.Array) -> pa.Array:
    values = arguments["value_set"]
    return pc.is_in(column, value_set=pa.array(values).cast(column.type))


def _unique(_: Arguments, column: pa.Array) -> pa.Array:
    counts = column.value_counts()
    once = counts.field("values").filter(pc.equal(counts.field("counts"), 1))
    return pc.is_in(column, value_set=once)


def _lengths(arguments: Arguments, column: pa.Array) -> pa.Array:
    return pc.less_equal(pc.utf8_length(column), arguments["max_value"])


def _between(arguments: Arguments, column: pa.Array) -> pa.Array:
    least, most = arguments.get("min_value"), arguments.get("max_value")
    holds = pa.array(np.ones(len(column), np.bool_))
    if least is not None:
        holds = pc.and_(holds, pc.greater_equal(column, least))
    if most is not None:
        holds = pc.and_(holds, pc.less_equal(column, most))
    return holds


def _equal(_: Arguments, column: pa.Array, other: pa.Array) -> pa.Array:
    return pc.equal(column, other)


def _greater(arguments: Arguments, column: pa.Array, other: pa.Array) -> pa.Array:
    return (pc.greater_equal if arguments["or_equal"] else pc.greater)(column, other)


_HOLDS: Mapping[str, Callable[..., pa.Array]] = {
    "ExpectColumnValuesToMatchRegex": _match,
    "ExpectColumnValuesToNotMatchRegex": _not_match,
    "ExpectColumnValuesToBeInSet": _in_set,
    "ExpectColumnValuesToBeUnique": _unique,
    "ExpectColumnValueLengthsToBeBetween": _lengths,
    "ExpectColumnValuesToBeBetween": _between,
    "ExpectColumnPairValuesToBeEqual": _equal,
    "ExpectColumnPairValuesAToBeGreaterThanB": _greater,
}
