"""What was read back is compared with what was written by a hash: the same for the same values, and only then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.digest import digest_rows
from storage.lake import PARTITIONED
from storage.people_schemas import APPEARANCES, SPEAKERS

MOMENT = dt.datetime(2023, 11, 9, 13, 5, tzinfo=dt.UTC)
NAMED = pa.struct([("name", pa.string()), ("turn_count", pa.int64())])

# Of each type of a column of the lake: two values that are not the same.
VALUES: Sequence[tuple[pa.DataType, Any, Any]] = [
    (pa.string(), "Good afternoon.", "Good afternoon,"),
    (pa.int32(), 7, 8),
    (pa.int64(), 1 << 40, 1 << 41),
    (pa.float64(), 0.5, 0.25),
    (pa.bool_(), True, False),
    (pa.date32(), dt.date(2023, 11, 9), dt.date(2023, 11, 10)),
    (pa.time32("s"), dt.time(13, 5), dt.time(13, 6)),
    (pa.timestamp("us", "UTC"), MOMENT, MOMENT + dt.timedelta(seconds=1)),
    (pa.list_(pa.string()), ["news", ""], ["news"]),
    (pa.list_(NAMED), [{"name": "Anna", "turn_count": 2}], [{"name": "Anna", "turn_count": 3}]),
]


def leaves(kind: pa.DataType) -> set[pa.DataType]:
    """A type, or those of what it holds."""
    fields = [kind.field(number) for number in range(kind.num_fields)]
    return {kind} if not fields else {leaf for field in fields for leaf in leaves(field.type)}


def test_every_type_of_a_column_is_tried() -> None:
    schemas = (*PARTITIONED.values(), APPEARANCES, SPEAKERS)
    wanted = {leaf for schema in schemas for kind in schema.types for leaf in leaves(kind)}
    assert wanted <= {leaf for kind, _, _ in VALUES for leaf in leaves(kind)}


def table(kind: pa.DataType, values: Sequence[Any]) -> pa.Table:
    return pa.table({"column": pa.array(values, kind)})


@pytest.mark.parametrize(("kind", "one", "other"), VALUES, ids=lambda value: str(value)[:24])
def test_any_other_value_is_another_digest(kind: pa.DataType, one: Any, other: Any) -> None:
    made = [[], [one], [other], [None], [one, other], [other, one], [one, None], [None, one], [one, one]]
    assert len({digest_rows(table(kind, values)) for values in made}) == len(made)


@pytest.mark.parametrize(("kind", "one", "other"), VALUES, ids=lambda value: str(value)[:24])
def test_buffers_and_chunks_decide_nothing(kind: pa.DataType, one: Any, other: Any) -> None:
    rows = table(kind, [other] * 3 + [one, None, other, one] + [None] * 9)
    cut = rows.slice(3, 4)
    plain = table(kind, [one, None, other, one])
    assert digest_rows(cut) == digest_rows(plain)
    assert digest_rows(pa.concat_tables([cut.slice(0, 1), cut.slice(1)])) == digest_rows(plain)


@pytest.mark.parametrize(("below", "other"), [([1, 2, 3], [1, 9, 3]), (["a", "b", "c"], ["a", "nothing", "c"])])
def test_what_lies_below_a_null_decides_nothing(below: list[Any], other: list[Any]) -> None:
    valid = pa.py_buffer(b"\x05")  # the second of three is null
    arrays = [pa.array(values) for values in (below, other)]
    hidden = [pa.Array.from_buffers(one.type, 3, [valid, *one.buffers()[1:]]) for one in arrays]
    assert len({digest_rows(pa.table({"column": one})) for one in hidden}) == 1


def test_a_column_ends_where_the_next_begins() -> None:
    one = pa.table({"a": ["x"], "b": ["yz"]})
    assert digest_rows(one) != digest_rows(pa.table({"a": ["xy"], "b": ["z"]}))
    assert digest_rows(table(pa.string(), ["x", "yz"])) != digest_rows(table(pa.string(), ["xy", "z"]))


ROWS = st.lists(st.tuples(st.none() | st.text(max_size=3), st.none() | st.integers(0, 3)), max_size=12)


@given(ROWS, ROWS, st.integers(0, 12))
def test_the_digest_is_the_same_where_the_rows_are(one: Any, other: Any, at: int) -> None:
    schema = pa.schema({"text": pa.string(), "number": pa.int64()})
    made = [pa.table([*map(list, zip(*rows, strict=True))] or [[], []], schema=schema) for rows in (one, other)]
    assert (digest_rows(made[0]) == digest_rows(made[1])) == made[0].equals(made[1])
    parts = pa.concat_tables([made[0].slice(0, at), made[0].slice(at)])
    assert digest_rows(parts) == digest_rows(made[0])
