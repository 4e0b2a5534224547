"""All rules, and the Great Expectations suites made of them.

Great Expectations takes seconds to import, so it is imported when a suite is built and not before.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from expectations import documents, links, paragraphs, photos, tags, turns
from expectations.rules import Rule
from storage.schemas import TABLES

if TYPE_CHECKING:
    import great_expectations as gx
    from great_expectations.expectations.expectation import Expectation

RULES: tuple[Rule, ...] = (
    *documents.RULES,
    *turns.RULES,
    *paragraphs.RULES,
    *tags.RULES,
    *links.RULES,
    *photos.RULES,
)
BY_ID = {rule.rule_id: rule for rule in RULES}


def rules_of(table: str) -> tuple[Rule, ...]:
    """The rules of one table, in the order in which they are told."""
    if table not in TABLES:
        raise KeyError(f"{table} is no table; there are {', '.join(TABLES)}")
    return tuple(rule for rule in RULES if rule.table == table)


def build_suite(table: str) -> gx.ExpectationSuite:
    """The suite of one table: an expectation a rule, with the rule's id, reason and origin in its `meta`."""
    return suite_of(table, rules_of(table))


def suite_of(name: str, rules: Iterable[Rule]) -> gx.ExpectationSuite:
    """A suite of the given rules."""
    import great_expectations as gx

    return gx.ExpectationSuite(name=name, expectations=[_expectation(rule) for rule in rules])


def _expectation(rule: Rule) -> Expectation:
    import great_expectations.expectations as gxe

    made: Expectation = getattr(gxe, rule.check.expectation)(
        **rule.check.arguments,
        severity=rule.severity,  # said here: a default on the class would be ignored
        meta={"rule_id": rule.rule_id, "reason": rule.reason, "origin": rule.origin},
    )
    return made


def rules_as_json() -> list[dict[str, object]]:
    """All rules as plain values, for docs, reports and reviews."""
    return [
        {
            "rule_id": rule.rule_id,
            "table": rule.table,
            "columns": list(rule.columns),
            "severity": rule.severity,
            "reason": rule.reason,
            "origin": rule.origin,
            "expectation": rule.check.expectation,
            "arguments": dict(rule.check.arguments),
        }
        for rule in RULES
    ]
