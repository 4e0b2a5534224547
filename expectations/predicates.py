"""The checks said a second time, over whole columns of Arrow: for each the rows of a table that break it.

They find the rows that Great Expectations is asked about, a hundred times as fast as it would; in every run and in the
tests both are held against each other. Null is let pass, as there, except where nothing must stand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations import vocabulary
from expectations.arrays import Ints, Mask, are_distinct, flat, true
from expectations.facts import Searched
from expectations.rules import Argument, Check, Rule
from expectations.texts import Texts

Arguments = Mapping[str, Argument]

_NULL = "ExpectColumnValuesToBeNull"
_NOT_MATCH = "ExpectColumnValuesToNotMatchRegex"


def find_breaking(
    rules: Iterable[Rule], table: pa.Table, searched: Mapping[str, Searched] = MappingProxyType({})
) -> dict[str, Ints]:
    """The rows of a table that break each rule, ascending; rules that hold are left out.

    Args:
        rules: rules of the table.
        table: its rows, facts among the columns.
        searched: by column of text, what it was searched for already.
    """
    rules = list(rules)
    hits = _find_hits([rule.check for rule in rules if rule.check.expectation == _NOT_MATCH], table, searched)
    found = {}
    for rule in rules:
        if rule.check.expectation != _NOT_MATCH:
            found[rule.rule_id] = np.flatnonzero(breaking(rule.check, table))
        elif len(rows := hits[rule.check.judged[0]]):
            some = table.select(rule.check.judged).take(pa.array(rows))
            found[rule.rule_id] = rows[breaking(rule.check, some)]
    return {rule_id: rows for rule_id, rows in found.items() if len(rows)}


def _find_hits(checks: Sequence[Check], table: pa.Table, searched: Mapping[str, Searched]) -> dict[str, Ints]:
    """Per column of text that expressions must not match, the rows that any of them may match: in one pass."""
    by_column: dict[str, list[str]] = {}
    for check in checks:
        by_column.setdefault(check.judged[0], []).append(str(check.arguments["regex"]))
    hits = {}
    for column, each in by_column.items():
        known, texts = searched.get(column), Texts.of(table[column])
        if known and known.expressions.issuperset(each):
            hits[column] = known.rows
        elif able := [f"(?:{one})" for one in each if _may_match(one, texts)]:
            hits[column] = np.flatnonzero(true(pc.match_substring_regex(texts.column, "|".join(able))))
        else:
            hits[column] = np.array([], np.int64)
    return hits


def _may_match(expression: str, texts: Texts) -> bool:
    """Whether some text holds a byte without which the expression matches none."""
    needed = vocabulary.NEEDED.get(expression)
    return needed is None or texts.holds_any(needed)


def breaking(check: Check, table: pa.Table) -> Mask:
    """For each row of a table, facts among its columns, whether it breaks the check."""
    columns = [_without_nan(flat(table[name])) for name in check.judged]
    if check.expectation == _NULL:
        return true(columns[0].is_valid())
    broken = ~true(_HOLDS[check.expectation](check.arguments, *columns))
    for column in columns:
        if column.null_count:
            broken &= true(column.is_valid())
    return broken


def _without_nan(column: pa.Array) -> pa.Array:
    """In a frame of pandas, which is what Great Expectations is given, what is no number is null."""
    if not pa.types.is_floating(column.type):
        return column
    return pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)


def _match(arguments: Arguments, column: pa.Array) -> pa.Array:
    return pc.match_substring_regex(column, str(arguments["regex"]))


def _not_match(arguments: Arguments, column: pa.Array) -> pa.Array:
    return pc.invert(_match(arguments, column))


def _in_set(arguments: Arguments, column: pa.Array) -> pa.Array:
    values = arguments["value_set"]
    if isinstance(values, Sequence) and len(values) == 1:
        return pc.equal(column, pa.scalar(values[0], column.type))
    return pc.is_in(column, value_set=pa.array(values).cast(column.type))


def _unique(_: Arguments, column: pa.Array) -> pa.Array:
    if are_distinct(column):
        return _all_hold(column)
    counts = column.value_counts()
    once = counts.field("values").filter(pc.equal(counts.field("counts"), 1))
    return pc.is_in(column, value_set=once)


def _lengths(arguments: Arguments, column: pa.Array) -> pa.Array:
    most = int(str(arguments["max_value"]))
    if (Texts.of(column).sizes <= most).all():  # no text has more characters than bytes
        return _all_hold(column)
    return pc.less_equal(pc.utf8_length(column), most)


def _all_hold(column: pa.Array) -> pa.Array:
    return pa.array(np.ones(len(column), np.bool_))


def _between(arguments: Arguments, column: pa.Array) -> pa.Array:
    least, most = arguments.get("min_value"), arguments.get("max_value")
    holds = _all_hold(column)
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
    _NOT_MATCH: _not_match,
    "ExpectColumnValuesToBeInSet": _in_set,
    "ExpectColumnValuesToBeUnique": _unique,
    "ExpectColumnValueLengthsToBeBetween": _lengths,
    "ExpectColumnValuesToBeBetween": _between,
    "ExpectColumnPairValuesToBeEqual": _equal,
    "ExpectColumnPairValuesAToBeGreaterThanB": _greater,
}

EXPECTATIONS = frozenset({_NULL, *_HOLDS})
"""What a rule may expect: classes of Great Expectations that are said here, too."""
