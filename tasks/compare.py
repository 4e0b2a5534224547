"""What deriving the tables anew would change, document by document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from storage.errors import RefusedError
from storage.lake import PARTITIONED, SORT_KEYS, Lake, Partition
from tasks.publish import Judged, Plan

# Of the documents, or of the turns, that stand: a better parser loses a few that were none; more than one in fifty is a
# mistake of it until somebody has looked.
LOSS_SHARE = 0.02

_OF_THE_RUN = ("run_id", "ingested_at")  # tell who wrote a row, not what it says

Rows = dict[str, list[dict[str, Any]]]


def drop_unchanged(lake: Lake, plan: Plan, judged: Sequence[Judged]) -> dict[str, list[str]]:
    """Take out of a plan the documents whose rows would come out as they stand.

    Returns:
        Table -> ids of documents whose rows change in it; `added` -> ids that the lake did not hold.
    """
    homes = {document: partition for partition, ids in plan.replaced.items() for document in ids}
    changed: dict[str, list[str]] = defaultdict(list)
    for partition in sorted(plan.added):
        for fragment, ids in sorted(plan.added[partition].items()):
            differing = _differing(lake, judged[fragment], ids, homes, changed)
            same = set(ids) - differing
            plan.added[partition][fragment] = [document for document in ids if document in differing]
            plan.published -= len(same)
            plan.unchanged += len(same)
            for document in same:
                plan.replaced[homes[document]].discard(document)
        plan.added[partition] = defaultdict(list, {at: ids for at, ids in plan.added[partition].items() if ids})
    for partitions in (plan.added, plan.replaced):
        for partition in [one for one, what in partitions.items() if not what]:
            del partitions[partition]
    return {table: sorted(set(ids)) for table, ids in sorted(changed.items())}


def _differing(
    lake: Lake, judged: Judged, ids: Sequence[str], homes: dict[str, Partition], changed: dict[str, list[str]]
) -> set[str]:
    """The documents of a fragment whose rows are not those that stand; noted by table in `changed`."""
    differing = {document for document in ids if document not in homes}
    changed["added"] += sorted(differing)
    known = [document for document in ids if document in homes]
    for table in PARTITIONED:
        new = _by_document(judged.fragment.read(table), table, known)
        old: Rows = {}
        for home in sorted({homes[document] for document in known}):
            old |= _by_document(lake.read(table, home), table, known)
        found = {document for document in known if new.get(document) != old.get(document)}
        changed[table] += sorted(found)
        differing |= found
    return differing


def _by_document(rows: pa.Table, table: str, ids: Collection[str]) -> Rows:
    """The rows of some documents, those of each in their order, whatever the order of the table is."""
    rows = rows.filter(pc.is_in(rows["document_id"], pa.array(sorted(ids), pa.string()))).sort_by(SORT_KEYS[table][-1])
    rows = rows.drop_columns([name for name in _OF_THE_RUN if name in rows.column_names])
    found: Rows = defaultdict(list)
    for row in rows.to_pylist():
        found[row["document_id"]].append(row)
    return dict(found)


def find_gone(lake: Lake, plan: Plan, judged: Sequence[Judged], dumps: Collection[str]) -> list[str]:
    """Documents that stand in the lake but come out of none of the dumps that they were read from any more.

    They are added to what the plan replaces; those that the suites hold back now are among them.
    """
    derived = {document for by_fragment in plan.added.values() for ids in by_fragment.values() for document in ids}
    gone = []
    for partition in lake.partitions():
        rows = lake.read("documents", partition, ["document_id", "dump_sha256"])
        own = rows.filter(pc.is_in(rows["dump_sha256"], pa.array(sorted(dumps), pa.string())))
        for document in own["document_id"].to_pylist():
            if document not in derived:
                plan.replaced[partition].add(document)
                gone.append(document)
    return sorted(gone)


def count_losses(lake: Lake, judged: Sequence[Judged], dumps: Collection[str]) -> dict[str, tuple[int, int]]:
    """What is lost where dumps are read anew: `documents` and `turns` -> how many, and of how many."""
    now: dict[str, int] = {}
    for one in judged:
        rows = one.fragment.read("documents")
        for document, turns in zip(rows["document_id"].to_pylist(), rows["turn_count"].to_pylist(), strict=True):
            if document not in one.held:
                now[document] = max(turns, now.get(document, 0))
    before: dict[str, int] = {}
    for partition in lake.partitions():
        rows = lake.read("documents", partition, ["document_id", "dump_sha256", "turn_count"])
        own = rows.filter(pc.is_in(rows["dump_sha256"], pa.array(sorted(dumps), pa.string())))
        before |= dict(zip(own["document_id"].to_pylist(), own["turn_count"].to_pylist(), strict=True))
    lost = sum(max(0, turns - now.get(document, 0)) for document, turns in before.items())
    return {"documents": (len(before.keys() - now.keys()), len(before)), "turns": (lost, sum(before.values()))}


def require_few_losses(losses: Mapping[str, tuple[int, int]], reason: str | None) -> None:
    """Refuse what would lose too much, unless somebody says why that is right.

    Raises:
        RefusedError: more than `LOSS_SHARE` of the documents or turns are lost, and there is no reason.
    """
    told = [f"{lost} of {count} {what}" for what, (lost, count) in losses.items() if lost > LOSS_SHARE * count]
    if told and not reason:
        raise RefusedError(
            f"read anew, the raw store gives less than the tables hold: {' and '.join(told)} would be lost",
            "nothing is changed; mend the parser, or, where it is right, run again with --accept-loss REASON",
        )
