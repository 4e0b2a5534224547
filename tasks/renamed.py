"""Rows of documents that are kept under another id than their own facts give: renamed when they are read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

import pyarrow as pa
import pyarrow.compute as pc

from storage.merge import Strand
from tasks.fragment import Fragment, Recalled
from tasks.identity import DOCUMENT_ID_CHARS
from tasks.publish import Judged

_ROW_IDS = ("turn_id", "paragraph_id", "row_id")  # columns whose values begin with the id of their document


@dataclass(frozen=True, slots=True)
class Renamed(Fragment):
    """Some documents of a fragment, in which no two have one id; `own_ids` gives the id under which each is found."""

    whole: Fragment = field(kw_only=True)
    own_ids: Mapping[str, str] = field(kw_only=True)

    def read(self, table: str) -> pa.Table:
        """Rows of a table, of these documents."""
        rows = self.whole.read(table)
        some = pa.array(self.own_ids.values(), pa.string())
        return rename(rows.filter(pc.is_in(rows["document_id"], value_set=some)), self._names())

    def find(self, ids: Collection[str]) -> pa.Table:
        """Where the rows of some of them are, by the ids that they are kept under."""
        return rename(self.whole.find([self.own_ids[one] for one in ids if one in self.own_ids]), self._names())

    def strand(self, table: str, documents: pa.Table) -> Strand:
        """Rows of some of them in a table, renamed when they are read; they are sorted by the ids they keep."""
        strand, names = self.whole.strand(table, rename(documents, self.own_ids)), self._names()
        return Strand(rename(strand.units, names), lambda start, stop: rename(strand.read(start, stop), names))

    def _names(self) -> dict[str, str]:
        return {own: kept for kept, own in self.own_ids.items()}


def rename(rows: pa.Table, names: Mapping[str, str]) -> pa.Table:
    """Rows of any table with the ids of documents replaced, and those of rows with them."""
    own = pa.array(names.keys(), pa.string())
    before = rows["document_id"].combine_chunks()
    kept = pa.array(names.values(), pa.string()).take(pc.index_in(before, value_set=own))
    ids = pc.coalesce(kept, before)
    made = {"document_id": ids}
    for name in _ROW_IDS:
        if name in rows.column_names:
            rest = pc.utf8_slice_codeunits(rows[name].combine_chunks(), DOCUMENT_ID_CHARS)
            made[name] = pc.binary_join_element_wise(ids, rest, "")  # null stays null
    for name, column in made.items():
        at = rows.schema.get_field_index(name)
        rows = rows.set_column(at, rows.schema.field(at), column)
    return rows


def rename_judged(one: Judged, names: Mapping[str, str]) -> Iterator[Judged]:
    """A fragment under the ids that its documents are kept under; in parts where two of them are one document.

    Args:
        one: a fragment with its own ids.
        names: own id -> id that it is kept under; those that keep their own may be left out.
    """
    found = one.fragment.read("documents")["document_id"].to_pylist()
    if names.keys().isdisjoint(found):
        yield one
        return
    parts: list[dict[str, str]] = []
    for own in dict.fromkeys(found):
        kept = names.get(own, own)
        part = next((each for each in parts if kept not in each), None)
        if part is None:
            parts.append(part := {})
        part[kept] = own
    for number, part in enumerate(parts):
        held = frozenset(kept for kept, own in part.items() if own in one.held)
        others = {kept: own for kept, own in part.items() if kept != own}
        yield Judged(_part(one.fragment, number, part), held, others)


def _part(whole: Fragment, number: int, own_ids: Mapping[str, str]) -> Fragment:
    """A part of a fragment; what is told of the whole stands in the first."""
    told = (whole.documents, whole.findings, whole.repeated) if number == 0 else (0, (), 0)
    if isinstance(whole, Recalled):
        some = whole.stand.filter(pc.is_in(whole.stand["document_id"], pa.array(own_ids.values(), pa.string())))
        stand = rename(some, {own: kept for kept, own in own_ids.items()})
        return replace(whole, documents=told[0], findings=told[1], repeated=told[2], stand=stand)
    return Renamed(whole.folder, *told, whole=whole, own_ids=own_ids)
