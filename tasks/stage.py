"""The new files of one partition: its tables, and who appears in it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.commit import Move
from storage.lake import Lake, Partition
from storage.merge import Strand
from storage.schemas import TABLES
from tasks.fragment import Fragment
from tasks.publish import Judged, Plan
from tasks.speakers import stage_appearances


@dataclass(frozen=True, slots=True)
class Change:
    """What becomes of one partition: documents that are added, by fragment, and ids of those whose old rows go."""

    partition: Partition
    added: tuple[tuple[Fragment, tuple[str, ...]], ...]
    replaced: tuple[str, ...]
    is_together: bool


def find_changes(plan: Plan, judged: Sequence[Judged]) -> list[Change]:
    """What a plan changes, a partition at a time, in the order of `Plan.partitions`."""
    together = plan.together()
    return [
        Change(
            partition,
            tuple((judged[at].fragment, tuple(ids)) for at, ids in plan.added.get(partition, {}).items()),
            tuple(sorted(plan.replaced.get(partition, ()))),
            partition in together,
        )
        for partition in plan.partitions()
    ]


def stage_partition(lake: Lake, change: Change, folder: Path, threads: int = 1) -> list[Move]:
    """Make the new files of one partition in the staging folder, `threads` of them at a time."""
    found = [(fragment, fragment.find(ids)) for fragment, ids in change.added]
    # where a file of the partition was lost, the others may hold rows of a document that is new to `documents`
    gone = {*change.replaced, *(document for _, ids in change.added for document in ids)}

    def added(table: str) -> list[Strand]:
        return [fragment.strand(table, documents) for fragment, documents in found]

    moves = lake.stage(change.partition, added, sorted(gone), folder, threads)
    moves += stage_appearances(lake, change.partition, moves, folder)
    if not change.is_together:
        return moves
    return [dataclasses.replace(move, together=move.output.table in TABLES) for move in moves]
