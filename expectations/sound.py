"""Whether the rules can be judged at all, asked before a run begins.

A slip in a rule would speak up late, in a worker that ends without a word, or never: a rule of a table that there is
not is asked nobody, and of two with one id the first is silent.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping

import pyarrow as pa

from expectations import documents, heads, links, paragraphs, photos, predicates, suites, tags, turns
from expectations.common import NUMBERED, belonging, presence, spans
from expectations.facts import Batch
from expectations.frames import judged_table
from expectations.rules import CRITICAL, WARNING, Rule
from storage.errors import UsageError
from storage.schemas import TABLES

_FILES = {
    "heads": heads.RULES,  # those of documents.py are heard with them
    "documents": documents.RULES,
    "turns": turns.RULES,
    "paragraphs": paragraphs.RULES,
    "tags": tags.RULES,
    "links": links.RULES,
    "photos": photos.RULES,
}


def require_sound() -> None:
    """Raise unless every rule can be judged.

    Raises:
        UsageError: one cannot; the message names rule and file.
    """
    for rule, fault, advice in find_faults(suites.RULES):
        raise UsageError(f"rule {rule.rule_id} in expectations/{_file_of(rule)}.py: {fault}", advice)


def find_faults(rules: Iterable[Rule]) -> Iterator[tuple[Rule, str, str]]:
    """Rules that cannot be judged as they stand, each with what is wrong and what to do."""
    rows, seen = blank_rows(), set[str]()
    for rule in rules:
        if rule.rule_id in seen:
            yield rule, "another rule has this id, and one of the two would not be heard", "give it an id of its own"
        elif fault := _find_fault(rule, rows):
            yield rule, *fault
        seen.add(rule.rule_id)


def blank_rows() -> dict[str, pa.Table]:
    """For each table one row of nulls, facts among its columns: enough to try a check, compile its pattern included."""
    batch = Batch({name: schema.empty_table() for name, schema in TABLES.items()}, dt.date.min)
    return {
        name: pa.table({field.name: pa.nulls(1, field.type) for field in judged_table(batch, name).schema})
        for name in TABLES
    }


def _find_fault(rule: Rule, rows: Mapping[str, pa.Table]) -> tuple[str, str] | None:
    if rule.table not in rows:
        return f"{rule.table} is no table", f"begin its id with one of: {', '.join(rows)}"
    if rule.severity not in (CRITICAL, WARNING):
        return f"{rule.severity} is no severity", f"choose {CRITICAL} or {WARNING}"
    if rule.check.expectation not in predicates.EXPECTATIONS:
        return (
            f"there is no predicate for {rule.check.expectation}",
            f"add it to expectations/predicates.py, or use one of: {', '.join(sorted(predicates.EXPECTATIONS))}",
        )
    names = rows[rule.table].column_names
    if unknown := [name for name in rule.columns if name not in TABLES[rule.table].names]:
        return f"{rule.table} has no column {', '.join(unknown)}", "its columns stand in storage/schemas.py"
    if unknown := [name for name in rule.observed if name not in names]:
        facts = ", ".join(names[len(TABLES[rule.table]) :])
        return (
            f"{rule.table} has no column and no fact {', '.join(unknown)}",
            f"its columns stand in storage/schemas.py; its facts are {facts}",
        )
    try:
        predicates.breaking(rule.check, rows[rule.table])
    except Exception as error:  # noqa: BLE001 - whatever it is would end a run
        why = f"the argument {error} is missing" if isinstance(error, KeyError) else f"it cannot be judged: {error}"
        return why, "see expectations/rules.py for what each check takes; patterns are RE2: no look-around"
    return None


def _file_of(rule: Rule) -> str:
    """The module that holds a rule; `suites` where it was put there."""
    shared = (presence("documents"), *spans("documents"), *(one for name in NUMBERED for one in belonging(name)))
    if rule in shared:
        return "common"
    return next((name for name, rules in _FILES.items() if rule in rules), "suites")
