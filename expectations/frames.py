"""From the Arrow tables of a batch to what the suites judge: columns of the tables, and facts beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from expectations import document_facts, links, paragraph_facts, photos, tags, turns
from expectations.arrays import flat
from expectations.facts import Batch, Facts
from storage.schemas import TABLES

if TYPE_CHECKING:
    import pandas as pd

    from expectations.rules import Rule

_FACTS: Mapping[str, Callable[[Batch], Facts]] = {
    "documents": document_facts.facts,
    "turns": turns.facts,
    "paragraphs": paragraph_facts.facts,
    "tags": tags.facts,
    "links": links.facts,
    "photos": photos.facts,
}


def drift(tables: Mapping[str, pa.Table]) -> list[str]:
    """In what the tables are not those of `storage.schemas`: missing tables, columns of other names or types."""
    faults = []
    for name, schema in TABLES.items():
        if name not in tables:
            faults.append(f"{name}: the table is missing")
            continue
        found = {field.name: field.type for field in tables[name].schema}
        faults += [f"{name}.{column}: unknown column" for column in found if column not in schema.names]
        for field in schema:
            if field.name not in found:
                faults.append(f"{name}.{field.name}: the column is missing")
            elif found[field.name] != field.type:
                faults.append(f"{name}.{field.name}: {found[field.name]} instead of {field.type}")
    return faults


def judged_table(batch: Batch, name: str) -> pa.Table:
    """A table with its facts beside its columns; what a rule judges and what it shows is a column of it."""
    table = batch.tables[name]
    facts = _FACTS[name](batch)
    clashes = set(facts) & set(table.column_names)
    if clashes:
        raise ValueError(f"facts of {name} that have the name of a column: {sorted(clashes)}")
    names = [*table.column_names, *facts]
    return pa.Table.from_arrays([*(table[column] for column in table.column_names), *facts.values()], names=names)


def to_frame(table: pa.Table, rules: Sequence[Rule], rows: npt.NDArray[np.int64]) -> pd.DataFrame:
    """The columns that the rules judge, some rows of them, as a frame whose index names the rows.

    Text stays in Arrow's memory. Numbers without nulls become NumPy arrays, which Great Expectations compares at
    once; any other number it compares in a loop over the rows.
    """
    import pandas as pd

    judged = dict.fromkeys(column for rule in rules for column in rule.check.judged)
    chosen = table.select(list(judged))
    if len(rows) < table.num_rows:
        chosen = chosen.take(pa.array(rows))
    frame = pd.DataFrame({column: _series(flat(chosen[column])) for column in judged})
    frame.index = pd.Index(rows)
    return frame


def _series(column: pa.Array) -> pd.Series:
    import pandas as pd

    is_number = pa.types.is_integer(column.type) or pa.types.is_floating(column.type)
    if pa.types.is_boolean(column.type) and not column.null_count:
        return pd.Series(column.to_numpy(zero_copy_only=False))
    if is_number and (not column.null_count or _fits_float(column)):
        return pd.Series(column.to_numpy(zero_copy_only=False))
    return pd.Series(pd.arrays.ArrowExtensionArray(column))


def _fits_float(column: pa.Array) -> bool:
    """Whether nulls may become NaN without blurring a number: true below 2^53."""
    import pyarrow.compute as pc

    if pa.types.is_floating(column.type):
        return True
    bounds = pc.min_max(column)
    limit = 2**53
    return all(bounds[end].as_py() is None or abs(bounds[end].as_py()) < limit for end in ("min", "max"))
