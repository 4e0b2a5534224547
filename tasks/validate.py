"""Judge the tables of one batch by the suites: which rules hold, and which documents break which rule in which row.

Great Expectations is the judge; this module hands it frames and maps the rows that it names back to documents. Asked
about every row it would take longer than all the rest of a run, so `expectations.predicates` goes ahead over whole
columns and finds the rows that break something: about these it is asked, and about a sample of all others once a run,
of all rules. A row on which the two differ ends the run. It is imported when it is first asked, since that takes
seconds.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import functools
import logging
import os
import threading
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from expectations import predicates
from expectations.facts import Batch, Searched
from expectations.frames import drift, judged_table, to_frame
from expectations.rules import CRITICAL, Rule
from expectations.suites import build_suite, rules_of, suite_of
from storage.errors import RefusedError, StenolakeError
from storage.records import Verdict
from storage.schemas import TABLES

if TYPE_CHECKING:
    import great_expectations as gx
    from great_expectations.core import ExpectationValidationResult
    from great_expectations.core.batch_definition import BatchDefinition
    from great_expectations.datasource.fluent.pandas_datasource import PandasDatasource

# Rows of a table, spread over it, that are judged whatever the predicates say; a small batch is judged whole.
SAMPLE_ROWS = 10_000

OBSERVED_CHARS = 200  # of an observed value; the row itself is found by its index

# Order in which tables are judged and told: a document's own faults come first.
_ORDER = ("documents", *(name for name in TABLES if name != "documents"))

_ROWS = {"result_format": "COMPLETE", "return_unexpected_index_query": False, "exclude_unexpected_values": True}

_NO_ROWS = np.array([], np.int64)

# Great Expectations keeps its project in a global and is bound by the interpreter lock anyway.
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True, slots=True)
class Broken:
    """One row that broke one rule; `row_index` counts the rows of the rule's table in the batch."""

    document_id: str
    rule_id: str
    severity: str
    observed: str
    reason: str
    row_index: int


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the suites say of one batch: a verdict a rule, and every row that broke one."""

    verdicts: list[Verdict]
    broken: list[Broken]

    @property
    def held(self) -> frozenset[str]:
        """Documents that broke a critical rule in any table, and are to be held back whole."""
        return frozenset(broken.document_id for broken in self.broken if broken.severity == CRITICAL)


def judge(
    tables: Mapping[str, pa.Table], today: dt.date, twice: frozenset[str] = frozenset(), sample_rows: int = SAMPLE_ROWS
) -> Judgement:
    """Judge the tables of one batch.

    Args:
        tables: the tables of `storage.schemas.TABLES` by name, of exactly those schemas, and `blocks` if they are
            known; others are not looked at.
        today: the day of the run, so that the judgement does not depend on a clock.
        twice: ids of documents that their dump holds more than once.
        sample_rows: how many rows of each table Great Expectations judges besides those that break something.

    Returns:
        A verdict for every rule, those of empty tables among them, and every row that broke a rule, by table, rule
        and row.

    Raises:
        RefusedError: tables of other schemas, or a broken rule in a row that names no document, so that nothing could
            be held back for it.
        StenolakeError: Great Expectations could not judge a rule, or judges otherwise than the predicates.
    """
    if faults := drift(tables):
        raise RefusedError(
            f"the tables of the batch are not those of the schemas: {'; '.join(faults)}",
            "This is a fault of the code that makes them; compare it with storage/schemas.py.",
        )
    batch = Batch(tables, today, twice)
    verdicts: list[Verdict] = []
    broken: list[Broken] = []
    for name in _ORDER:
        judged = judged_table(batch, name)
        searched = {"text": batch.searched} if name == "paragraphs" else {}
        failures = _failing_rows(judged, name, sample_rows, searched) if judged.num_rows else {}
        for rule in rules_of(name):
            rows = failures.get(rule.rule_id, [])
            verdicts.append(_verdict(rule, judged.num_rows, len(rows)))
            broken += _broken(rule, judged, rows)
    return Judgement(verdicts, broken)


def warm() -> None:
    """Import Great Expectations and make its suites, so that the first batch need not wait for them."""
    with _quietly(), _ONE_AT_A_TIME:
        for name in _ORDER:
            _definition(name)
            _suite(name)


def drop_held(tables: Mapping[str, pa.Table], held: frozenset[str]) -> dict[str, pa.Table]:
    """The tables without the rows of the documents that are held back; `blocks` and the like are filtered with them."""
    if not held:
        return dict(tables)
    import pyarrow.compute as pc

    ids = pa.array(sorted(held), pa.string())
    return {
        name: table.filter(pc.invert(pc.is_in(table["document_id"], value_set=ids))) for name, table in tables.items()
    }


def merge_verdicts(batches: Sequence[Sequence[Verdict]]) -> list[Verdict]:
    """One verdict a rule over all batches of a run: rows and failures summed, passed where every batch passed."""
    merged: dict[str, Verdict] = {}
    for verdict in (verdict for batch in batches for verdict in batch):
        known = merged.get(verdict.rule_id)
        merged[verdict.rule_id] = (
            replace(
                known,
                rows=known.rows + verdict.rows,
                failed=known.failed + verdict.failed,
                passed=known.passed and verdict.passed,
            )
            if known
            else verdict
        )
    return list(merged.values())


def _verdict(rule: Rule, rows: int, failed: int) -> Verdict:
    return Verdict(rule.rule_id, rule.table, ", ".join(rule.columns), rule.severity, rows, failed, passed=not failed)


def _broken(rule: Rule, judged: pa.Table, rows: Sequence[int]) -> list[Broken]:
    if not rows:
        return []
    shown = judged.select(list(dict.fromkeys(("document_id", *rule.observed)))).take(pa.array(rows, pa.int64()))
    ids = shown["document_id"].to_pylist()
    if None in ids:
        raise RefusedError(
            f"rule {rule.rule_id} is broken by row {rows[ids.index(None)]} of {rule.table}, which names no document",
            "Nothing can be held back for it. This is a fault of the code that makes the tables.",
        )
    observed = _observe({name: shown[name].to_pylist() for name in rule.observed})
    rule_id, severity, reason = rule.rule_id, rule.severity, rule.reason
    return [
        Broken(document, rule_id, severity, told, reason, row)
        for document, told, row in zip(ids, observed, rows, strict=True)
    ]


def _observe(values: Mapping[str, Sequence[object]]) -> list[str]:
    """The values that broke a rule, row by row: alone where there is one, else by name; shortened."""
    if len(values) == 1:
        return [_shorten(_plain(cell), OBSERVED_CHARS) for cell in next(iter(values.values()))]
    each = max(20, (OBSERVED_CHARS - sum(len(name) + 3 for name in values)) // len(values))
    told = ([f"{name}={_shorten(_plain(cell), each)}" for cell in cells] for name, cells in values.items())
    return [_shorten(", ".join(cells), OBSERVED_CHARS) for cells in zip(*told, strict=True)]


def _plain(value: object) -> str:
    # `repr` shows white space and control characters for what they are, so no value can forge a line of a report.
    return value.isoformat() if isinstance(value, dt.date) else repr(value)


def _shorten(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _failing_rows(
    judged: pa.Table, name: str, sample_rows: int, searched: Mapping[str, Searched]
) -> dict[str, list[int]]:
    """Rows that break each rule of a table, ascending; rules that hold are left out."""
    rules = rules_of(name)
    broken = predicates.find_breaking(rules, judged, searched)
    sample = np.arange(judged.num_rows)[:: max(1, -(-judged.num_rows // sample_rows))] if sample_rows else _NO_ROWS
    rows = np.unique(np.concatenate([sample, *broken.values()]))
    if not len(rows):
        return {}
    asked = [rule for rule in rules if sample_rows or rule.rule_id in broken]
    with _quietly(), _ONE_AT_A_TIME:
        frame = to_frame(judged, asked, rows)
        batch = _definition(name).get_batch(batch_parameters={"dataframe": frame})
        if sample_rows:
            verdict = batch.validate(_suite(name), result_format="BOOLEAN_ONLY")
            _require_judged(verdict.results)
            failing = {_rule_id(result) for result in verdict.results if not result.success}
            asked = [rule for rule in rules if rule.rule_id in failing | broken.keys()]
        found = {}
        if asked:
            listed = batch.validate(suite_of(f"{name} again", asked), result_format=_ROWS)
            _require_judged(listed.results)
            found = {_rule_id(result): result.result for result in listed.results}
    none: list[int] = []
    return {rule.rule_id: _agreed(rule, list(broken.get(rule.rule_id, none)), found[rule.rule_id]) for rule in asked}


def _agreed(rule: Rule, rows: list[int], result: Mapping[str, object]) -> list[int]:
    """The rows that break a rule, by its predicate and by Great Expectations, whose list may be cut short."""
    listed, count = result.get("unexpected_index_list"), result.get("unexpected_count")
    is_whole = isinstance(listed, list) and len(listed) == count
    if len(rows) != count or (isinstance(listed, list) and is_whole and sorted(listed) != rows):
        raise StenolakeError(
            f"rule {rule.rule_id}: Great Expectations counts {count} failing rows, its own predicate {len(rows)}",
            "Report this with the versions that `stenolake doctor` prints.",
        )
    return [int(row) for row in rows]


def _rule_id(result: ExpectationValidationResult) -> str:
    config = result.expectation_config
    assert config is not None, "a result says which expectation it is of"
    assert config.meta is not None, "every expectation carries its rule id"
    return str(config.meta["rule_id"])


def _require_judged(results: Sequence[ExpectationValidationResult]) -> None:
    """Raise unless every expectation was evaluated: one that breaks down must not count as a verdict."""
    for result in results:
        info = result.exception_info or {}
        causes = [info] if "raised_exception" in info else list(info.values())
        for cause in causes:
            if cause.get("raised_exception"):
                raise StenolakeError(
                    f"rule {_rule_id(result)} could not be judged: {cause.get('exception_message')}",
                    "Nothing of the batch is published. Report this with the versions that `stenolake doctor` prints.",
                )


@functools.cache
def _suite(name: str) -> gx.ExpectationSuite:
    return build_suite(name)


@functools.cache
def _definition(name: str) -> BatchDefinition[None]:
    """Where frames of a table enter Great Expectations; made once a process."""
    definition: BatchDefinition[None] = (
        _source().add_dataframe_asset(name).add_batch_definition_whole_dataframe("whole")
    )
    return definition


@functools.cache
def _source() -> PandasDatasource:
    os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")
    import great_expectations as gx
    from great_expectations.data_context.types.base import ProgressBarsConfig

    # It would log through the last-resort handler, that is to the terminal.
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.ERROR)  # has a level of its own
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    return context.data_sources.add_pandas("frames")


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Keep the deprecation warnings of Great Expectations and of what it imports from the terminal."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
