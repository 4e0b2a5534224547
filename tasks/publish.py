"""From judged fragments to partitions: which document wins, what changed, and one replace a partition."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from storage.commit import Move
from storage.lake import PARTITIONED, Known, Lake, Partition
from storage.records import Version
from storage.schemas import TABLES
from tasks.parse import Fragment

_NEVER = dt.datetime.min.replace(tzinfo=dt.UTC)


@dataclass(frozen=True, slots=True)
class Judged:
    """A fragment and the documents of it that are held back."""

    fragment: Fragment
    held: frozenset[str]


@dataclass(slots=True)
class Plan:
    """What a run will change: per partition the documents to add (by fragment) and those whose old rows go."""

    added: dict[Partition, dict[int, list[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    replaced: dict[Partition, set[str]] = field(default_factory=lambda: defaultdict(set))
    versions: list[Version] = field(default_factory=list)
    published: int = 0
    unchanged: int = 0

    def partitions(self) -> list[Partition]:
        """The partitions that change, in order."""
        return sorted({*self.added, *self.replaced})


@dataclass(frozen=True, slots=True)
class _Candidate:
    fragment: int
    retrieved_at: dt.datetime
    dump_sha256: str
    byte_start: int
    content_sha256: str
    parser: str
    partition: Partition

    def order(self) -> tuple[dt.datetime, str, int]:
        return self.retrieved_at, self.dump_sha256, self.byte_start


def plan_publication(
    lake: Lake, judged: Sequence[Judged], retrieved_at: Mapping[str, dt.datetime], started_at: dt.datetime
) -> Plan:
    """Decide which documents are new, corrected or unchanged.

    A document met more than once in a run is taken as last retrieved; without a time of retrieval the order of dump
    hashes and then of place in the dump decides, so that the order of arguments decides nothing.

    Args:
        lake: what there is.
        judged: the fragments of the run.
        retrieved_at: dump hash -> when it was fetched, where known.
        started_at: start of the run, which stands for the time of dumps of unknown retrieval.
    """
    candidates = _candidates(judged, retrieved_at)
    known = lake.known_documents({met[0].partition.source for met in candidates.values()})
    plan = Plan(unchanged=sum(one.fragment.repeated for one in judged))
    for document_id in sorted(candidates):
        met = sorted(candidates[document_id], key=_Candidate.order)
        winner = next(one for one in met if one.content_sha256 == met[-1].content_sha256)
        plan.unchanged += len(met) - 1
        before = known.get(document_id)
        if before and _is_same(before, winner):
            plan.unchanged += 1
            continue
        plan.published += 1
        plan.added[winner.partition][winner.fragment].append(document_id)
        if before:
            plan.replaced[before.partition].add(document_id)
        plan.versions += _versions(document_id, before, met, retrieved_at, started_at)
    return plan


def _is_same(before: Known, now: _Candidate) -> bool:
    """Same words, and nothing to gain by deriving the rows anew: no other version of the same parser."""
    if before.content_sha256 != now.content_sha256 or before.partition != now.partition:
        return False
    return before.parser == now.parser or before.parser.split("/")[0] != now.parser.split("/")[0]


def _candidates(judged: Sequence[Judged], retrieved_at: Mapping[str, dt.datetime]) -> dict[str, list[_Candidate]]:
    columns = ["document_id", "source_id", "event_date", "dump_sha256", "byte_start", "content_sha256", "parser"]
    found: dict[str, list[_Candidate]] = defaultdict(list)
    for index, one in enumerate(judged):
        for row in one.fragment.read("documents").select(columns).to_pylist():
            if row["document_id"] not in one.held:
                dump = row["dump_sha256"]
                partition = Partition(row["source_id"], row["event_date"].year)
                at = retrieved_at.get(dump, _NEVER)
                found[row["document_id"]].append(
                    _Candidate(index, at, dump, row["byte_start"], row["content_sha256"], row["parser"], partition)
                )
    return found


def _versions(
    document_id: str,
    before: Known | None,
    met: Sequence[_Candidate],
    retrieved_at: Mapping[str, dt.datetime],
    started_at: dt.datetime,
) -> list[Version]:
    versions = []
    last = before.content_sha256 if before else None
    for one in met:
        if one.content_sha256 != last:
            seen_at = retrieved_at.get(one.dump_sha256, started_at)
            change = "corrected" if last else "new"
            versions.append(Version(document_id, one.content_sha256, one.dump_sha256, seen_at, change))
            last = one.content_sha256
    return versions


def stage_partition(lake: Lake, plan: Plan, judged: Sequence[Judged], partition: Partition, folder: Path) -> list[Move]:
    """Make the new files of one partition in the staging folder."""
    added = {}
    for table, schema in PARTITIONED.items():
        parts = [schema.empty_table()]
        for fragment, ids in plan.added.get(partition, {}).items():
            rows = judged[fragment].fragment.read(table)
            parts.append(rows.filter(pc.is_in(rows["document_id"], pa.array(ids, pa.string()))))
        added[table] = pa.concat_tables(parts)
    return lake.stage(partition, added, sorted(plan.replaced.get(partition, ())), folder)


def count_rows(plan: Plan, judged: Sequence[Judged]) -> dict[str, int]:
    """Rows that the plan adds, by table."""
    counts = dict.fromkeys(sorted(TABLES), 0)
    for by_fragment in plan.added.values():
        for fragment, ids in by_fragment.items():
            wanted = pa.array(ids, pa.string())
            for table in counts:
                found = pc.is_in(judged[fragment].fragment.read(table)["document_id"], wanted)
                counts[table] += pc.sum(found).as_py() or 0
    return counts
