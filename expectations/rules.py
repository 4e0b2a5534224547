"""What a rule is: plain data that a person can read and that becomes one Great Expectations expectation.

A rule judges columns of its table, or facts: helper columns that `expectations.frames` computes first for what
no single cell can show (a count in another table, a gap in a numbering). Facts say what is wrong in their own
value (`expected_index`, `bytes_outside`), so that the judgement stays with Great Expectations and the observed
value explains itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning"]
CRITICAL: Severity = "critical"  # holds the document back, whole
WARNING: Severity = "warning"  # is kept with the run and shown

Argument = str | int | float | bool | Sequence[str] | Sequence[bool] | Sequence[int]

# Healthy runs and clauses that bounds come from; a rule names one of them, or says its own.
SCHEMA = "storage/schemas.py: the column is not nullable"
CONTRACT = "contract: the lake, columns"
VERIFIED = "contract: what `verify` proves"
HEALTHY = "745 event pages of the Kremlin, 1999 to 2020, as parsed and read against their markup"


@dataclass(frozen=True, slots=True)
class Check:
    """One expectation: its class in `great_expectations.expectations` and what it is called with."""

    expectation: str
    arguments: Mapping[str, Argument]

    @property
    def judged(self) -> tuple[str, ...]:
        """Columns of the frame that the expectation reads."""
        return tuple(str(self.arguments[key]) for key in ("column", "column_A", "column_B") if key in self.arguments)


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must be true of each row of a table.

    `columns` are the columns of the schema that it is about, `shown` those whose values explain a failure; by default
    what is judged and then the columns.
    """

    rule_id: str
    columns: tuple[str, ...]
    severity: Severity
    check: Check
    reason: str
    origin: str
    shown: tuple[str, ...] = ()

    @property
    def table(self) -> str:
        """The table whose rows it judges: the first part of its id."""
        return self.rule_id.partition(".")[0]

    @property
    def observed(self) -> tuple[str, ...]:
        """Columns whose values are told when the rule is broken."""
        return self.shown or tuple(dict.fromkeys((*self.check.judged, *self.columns)))


# The expectations in use, as few as will do. None of them loops over rows in Python on the frames they are given:
# `expectations.frames` hands over text columns Arrow-backed and numbers as NumPy arrays for that reason.


def absent(column: str) -> Check:
    """Nothing is there: for facts that name what is wrong."""
    return Check("ExpectColumnValuesToBeNull", {"column": column})


def matching(column: str, regex: str) -> Check:
    """The text holds a match; null is let pass. The dialect is RE2: no look-around."""
    return Check("ExpectColumnValuesToMatchRegex", {"column": column, "regex": regex})


def not_matching(column: str, regex: str) -> Check:
    """The text holds no match; null is let pass."""
    return Check("ExpectColumnValuesToNotMatchRegex", {"column": column, "regex": regex})


def one_of(column: str, values: Sequence[str] | Sequence[bool] | Sequence[int]) -> Check:
    """The value is one of a closed set; null is let pass."""
    return Check("ExpectColumnValuesToBeInSet", {"column": column, "value_set": values})


def unique(column: str) -> Check:
    """The value stands once; every row of a group of equals fails; null is let pass."""
    return Check("ExpectColumnValuesToBeUnique", {"column": column})


def at_most_chars(column: str, most: int) -> Check:
    """The text has at most so many characters; null is let pass."""
    return Check("ExpectColumnValueLengthsToBeBetween", {"column": column, "max_value": most})


def between(column: str, least: float | None = None, most: float | None = None) -> Check:
    """The number lies within inclusive bounds; null is let pass."""
    bounds = {"min_value": least, "max_value": most}
    given: dict[str, Argument] = {key: bound for key, bound in bounds.items() if bound is not None}
    return Check("ExpectColumnValuesToBeBetween", {"column": column, **given})


def equal(column: str, other: str) -> Check:
    """Both columns hold the same; a row where either is null is let pass."""
    return Check(
        "ExpectColumnPairValuesToBeEqual",
        {"column_A": column, "column_B": other, "ignore_row_if": "either_value_is_missing"},
    )


def greater(column: str, other: str, *, or_equal: bool = False) -> Check:
    """The first column is greater than the second; a row where either is null is let pass."""
    return Check(
        "ExpectColumnPairValuesAToBeGreaterThanB",
        {"column_A": column, "column_B": other, "or_equal": or_equal, "ignore_row_if": "either_value_is_missing"},
    )
