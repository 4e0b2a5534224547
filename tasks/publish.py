"""From judged fragments to partitions: which document wins, what changed, and one replace a partition."""

from __future__ import annotations

import datetime as dt
import graphlib
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from storage import ledger
from storage.lake import Known, Lake, Partition
from storage.records import Sighting, Version
from storage.schemas import TABLES
from tasks.fragment import Fragment, Recalled

# What decides whether a document is published.
_COLUMNS = ["document_id", "source_id", "event_date", "dump_sha256", "byte_start", "content_sha256", "parser", "url"]


@dataclass(frozen=True, slots=True)
class Judged:
    """A fragment and the documents of it that are held back.

    `own_ids` are those that the facts of its documents give, by the ids that they are kept under, where these differ
    (`tasks.addresses`).
    """

    fragment: Fragment
    held: frozenset[str]
    own_ids: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Plan:
    """What a run will change: per partition the documents to add (by fragment) and those whose old rows go."""

    added: dict[Partition, dict[int, list[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(list)))
    replaced: dict[Partition, set[str]] = field(default_factory=lambda: defaultdict(set))
    versions: list[Version] = field(default_factory=list)
    sightings: list[Sighting] = field(default_factory=list)
    published: int = 0
    unchanged: int = 0

    def partitions(self) -> list[Partition]:
        """The partitions that change; one that a document leaves stands before the one that it moves to.

        Where they cannot change at one instant, a reader then misses the document for a moment, and never meets it
        twice. Where documents change places between two partitions the order is that of the names.
        """
        before = {one: sorted(self._left_for(one)) for one in sorted({*self.added, *self.replaced})}
        try:
            return list(graphlib.TopologicalSorter(before).static_order())
        except graphlib.CycleError:
            return list(before)

    def together(self) -> set[Partition]:
        """Partitions that documents leave or move to: they must change at one instant."""
        return {one for to in self.added if (left := self._left_for(to)) for one in (to, *left)}

    def _left_for(self, partition: Partition) -> set[Partition]:
        """Partitions that documents leave for this one."""
        arriving = {document for ids in self.added.get(partition, {}).values() for document in ids}
        return {home for home, gone in self.replaced.items() if home != partition and not gone.isdisjoint(arriving)}


@dataclass(frozen=True, slots=True)
class _Candidate:
    fragment: int
    retrieved_at: dt.datetime
    is_told: bool  # when it was retrieved is known; else it counts as retrieved when its run started
    dump_sha256: str
    byte_start: int
    content_sha256: str
    parser: str
    partition: Partition
    has_url: bool
    own_id: str | None

    def says(self) -> tuple[str, str | None]:
        """What makes a text: its words, and the date and title in its own id, which may be told from outside."""
        return self.content_sha256, self.own_id

    def order(self) -> tuple[dt.datetime, str, int]:
        return self.retrieved_at, self.dump_sha256, self.byte_start

    def fullness(self) -> tuple[bool, dt.datetime, str, int]:
        """Order of renditions of one text: those that know its address come first, then the one that was met first."""
        return not self.has_url, *self.order()


@dataclass(frozen=True, slots=True)
class _Seen:
    """When a text of a document was last a version of it, and when and in which dump it was last seen at all."""

    version_at: dt.datetime
    at: dt.datetime
    dump_sha256: str
    own_id: str | None = None


def plan_publication(
    lake: Lake,
    judged: Sequence[Judged],
    retrievals: Mapping[str, Sequence[dt.datetime]],
    started_at: dt.datetime,
    *,
    anew: bool = False,
) -> Plan:
    """Decide which documents are new, corrected or unchanged.

    The text that was retrieved last stands in the tables, however late another arrives; met again, in whatever bytes,
    it was retrieved again. A dump of unknown retrieval counts as retrieved when its run started. Where two times are
    the same, the order of dump hashes and then of place in the dump decides, so that the order of arguments decides
    nothing.

    Of renditions with the same words, such as a page as HTML and as text, one that knows the address of the document
    stands, whichever came first. Where it takes the place of one that does not, the document is published and no
    version is made: its words are the same.

    Args:
        lake: what there is.
        judged: the fragments of the run.
        retrievals: dump hash -> the times at which it was fetched, where known.
        started_at: start of the run, which stands for the time of dumps of unknown retrieval.
        anew: the dumps are not new, their rows are derived again: all are published, and none is a version but of a
            document that has none yet, since it was held back or not found until now.
    """
    gone = ledger.withdrawn(lake)
    candidates, settled = _candidates(judged, retrievals, started_at, gone)
    known = lake.known_documents({met[0].partition.source for met in candidates.values()}, candidates)
    told = _told_versions(lake, candidates)
    versioned = {document_id for document_id, _ in told}
    held_at = _retrievals(lake)
    plan = Plan(unchanged=settled + sum(one.fragment.repeated for one in judged))
    for document_id in sorted(candidates):
        met = sorted(candidates[document_id], key=_Candidate.order)
        winner = min((one for one in met if one.says() == met[-1].says()), key=_Candidate.fullness)
        plan.unchanged += len({(one.dump_sha256, one.byte_start) for one in met}) - 1
        before = known.get(document_id)
        seen = _last_seen(document_id, before, told, held_at) if before else None
        if before and not anew and document_id in gone and before.content_sha256 == winner.content_sha256:
            plan.versions += _returns(lake, document_id, met, gone[document_id])
        elif before and seen and not anew and _is_news(met[-1], before, seen):
            plan.sightings.append(
                Sighting(document_id, met[-1].content_sha256, met[-1].dump_sha256, met[-1].retrieved_at)
            )
        own_id = seen.own_id if seen else None
        if before and not anew and _is_same(before, winner, own_id):
            plan.unchanged += 1
            continue
        if before and anew and before.dump_sha256 not in retrievals and _is_same(before, winner, own_id):
            plan.unchanged += 1  # what stands was read from a dump that is not derived again
            continue
        if (
            before
            and seen
            and not anew
            and not _is_fuller(winner, before, own_id)
            and _is_older(met[-1], seen, held_at)
        ):
            plan.unchanged += 1  # what the lake holds was retrieved later; the older text is kept as a version
            untold = [one for one in met if (document_id, one.content_sha256) not in told]
            older = _versions(document_id, before, own_id, untold)
            plan.versions += older
            if older and seen.version_at < older[-1].seen_at < seen.at:  # and then it was corrected back
                plan.versions.append(
                    Version(document_id, before.content_sha256, seen.dump_sha256, seen.at, "corrected", own_id)
                )
            continue
        plan.published += 1
        plan.added[winner.partition][winner.fragment].append(document_id)
        if before:
            plan.replaced[before.partition].add(document_id)
        if not anew or document_id not in versioned:
            plan.versions += _versions(document_id, before if document_id in versioned else None, own_id, met)
    return plan


def _is_same(before: Known, now: _Candidate, own_id: str | None) -> bool:
    """Same text, and nothing to gain by new rows: no address, and no other version of the same parser.

    `own_id` is that of the text that stands.
    """
    if (before.content_sha256, own_id) != now.says() or before.partition != now.partition:
        return False
    if before.has_url != now.has_url:
        return before.has_url
    return before.parser == now.parser or before.parser.split("/")[0] != now.parser.split("/")[0]


def _is_fuller(now: _Candidate, before: Known, own_id: str | None) -> bool:
    """Same text, and the address that what stands does not know."""
    return now.has_url and not before.has_url and (before.content_sha256, own_id) == now.says()


def _is_older(last: _Candidate, seen: _Seen, held_at: Mapping[str, dt.datetime]) -> bool:
    """Whether what the lake holds was seen after `last`. Where neither tells, what comes last is newer."""
    if not last.is_told and seen.dump_sha256 not in held_at:
        return False  # arrivals, and not clocks: those may be set back
    return (seen.at, seen.dump_sha256) > last.order()[:2]


def _is_news(last: _Candidate, before: Known, seen: _Seen) -> bool:
    """Whether `last` shows the text that stands later than was known, in other bytes; `inputs` tells of the same."""
    is_elsewhere = last.dump_sha256 not in (before.dump_sha256, seen.dump_sha256)
    return is_elsewhere and last.says() == (before.content_sha256, seen.own_id) and last.retrieved_at > seen.at


def _last_seen(
    document_id: str, before: Known, told: Mapping[tuple[str, str], _Seen], held_at: Mapping[str, dt.datetime]
) -> _Seen:
    """When what stands was last seen, in the dump that it was read from or in another."""
    first = _Seen(before.ingested_at, before.ingested_at, before.dump_sha256)
    seen = told.get((document_id, before.content_sha256), first)
    again = [(held_at[dump], dump) for dump in (before.dump_sha256, seen.dump_sha256) if dump in held_at]
    at, dump = max([(seen.at, seen.dump_sha256), *again])
    return _Seen(seen.version_at, at, dump, seen.own_id)


def _returns(lake: Lake, document_id: str, met: Sequence[_Candidate], withdrawn_at: dt.datetime) -> list[Version]:
    """The version of a withdrawn document that its source shows again, with the words that it had; else none.

    A dump that does not tell when it was retrieved, and that the lake had before, is no news of the source.
    """
    inputs = set(ledger.read(lake, "inputs", columns=["dump_sha256"])["dump_sha256"].to_pylist())
    return [
        Version(document_id, one.content_sha256, one.dump_sha256, one.retrieved_at, "new", one.own_id)
        for one in met
        if one.retrieved_at > withdrawn_at and (one.is_told or one.dump_sha256 not in inputs)
    ][-1:]


def _told_versions(lake: Lake, ids: Collection[str]) -> dict[tuple[str, str], _Seen]:
    """Document id and content hash of every version of some documents -> when it was seen."""
    some = pc.field("document_id").isin(pa.array(ids, pa.string()))
    told: dict[tuple[str, str], _Seen] = {}
    facts = ["document_id", "content_sha256", "seen_at", "dump_sha256"]
    for name, columns in (("versions", [*facts, "own_id", "change"]), ("sightings", facts)):
        rows = ledger.read(lake, name, columns=columns, wanted=some)
        for document, content, at, dump, *more in zip(*(column.to_pylist() for column in rows.columns), strict=True):
            met = told.get((document, content), _Seen(at, at, dump))
            version_at = max(met.version_at, at) if more else met.version_at
            own_id = more[0] if more and more[1] != "withdrawn" else met.own_id
            told[document, content] = _Seen(version_at, *max((met.at, met.dump_sha256), (at, dump)), own_id)
    return told


def _retrievals(lake: Lake) -> dict[str, dt.datetime]:
    """Dump hash -> when it was last fetched, for dumps that tell."""
    rows = ledger.read(lake, "inputs", columns=["dump_sha256", "fetched_at"], wanted=pc.field("fetched_at").is_valid())
    last = rows.group_by("dump_sha256").aggregate([("fetched_at", "max")])
    return dict(zip(last["dump_sha256"].to_pylist(), last["fetched_at_max"].to_pylist(), strict=True))


def _candidates(
    judged: Sequence[Judged],
    retrievals: Mapping[str, Sequence[dt.datetime]],
    started_at: dt.datetime,
    gone: Collection[str],
) -> tuple[dict[str, list[_Candidate]], int]:
    """Documents by id, and how many more there are that stand as they are: recalled, and of no other dump's concern."""
    found: dict[str, list[_Candidate]] = defaultdict(list)
    settled = 0
    for index, one in sorted(enumerate(judged), key=lambda each: isinstance(each[1].fragment, Recalled)):
        rows = one.fragment.read("documents").select(_COLUMNS)
        if isinstance(one.fragment, Recalled):
            open_ = {*found, *gone, *one.fragment.elsewhere}
            concerns = pc.is_in(rows["document_id"], value_set=pa.array(open_, pa.string()))
            settled += rows.num_rows
            rows = rows.filter(concerns)
            settled -= rows.num_rows
        for row in rows.to_pylist():
            if row["document_id"] not in one.held:
                dump = row["dump_sha256"]
                for at in retrievals.get(dump, (started_at,)):
                    own_id = one.own_ids.get(row["document_id"])
                    found[row["document_id"]].append(_candidate(row, index, at, own_id, is_told=dump in retrievals))
    return found, settled


def _candidate(
    row: Mapping[str, Any], fragment: int, at: dt.datetime, own_id: str | None, *, is_told: bool
) -> _Candidate:
    return _Candidate(
        fragment,
        at,
        is_told,
        row["dump_sha256"],
        row["byte_start"],
        row["content_sha256"],
        row["parser"],
        Partition(row["source_id"], row["event_date"].year),
        row["url"] is not None,
        own_id,
    )


def compare_known(lake: Lake, stand: pa.Table) -> tuple[set[str], set[str]]:
    """How documents that were read before stand in the lake.

    Args:
        lake: what there is.
        stand: documents of dumps, in the `readings` schema.

    Returns:
        The dumps of which a document, were it read again, might not be left as it is: another has taken its place, or
        none is there; and the ids, as they are kept, of the documents of all dumps that stand as they were read, but
        from another dump.
    """
    rows = stand.select(_COLUMNS).to_pylist()
    kept = ledger.kept_ids(lake)
    ids = [kept.get(row["document_id"], row["document_id"]) for row in rows]
    known = lake.known_documents({row["source_id"] for row in rows}, ids)
    told = _told_versions(lake, set(kept.values()) & set(ids)) if kept else {}
    moot, elsewhere = set(), set()
    for row, document_id in zip(rows, ids, strict=True):
        before = known.get(document_id)
        own_id = row["document_id"] if row["document_id"] in kept else None
        seen = told.get((document_id, before.content_sha256)) if before else None
        if before is None or not _is_same(
            before, _candidate(row, 0, before.ingested_at, own_id, is_told=False), seen.own_id if seen else None
        ):
            moot.add(row["dump_sha256"])
        elif before.dump_sha256 != row["dump_sha256"]:
            elsewhere.add(document_id)
    return moot, elsewhere


def _versions(document_id: str, before: Known | None, own_id: str | None, met: Sequence[_Candidate]) -> list[Version]:
    versions = []
    last = (before.content_sha256, own_id) if before else None
    for one in met:
        if one.says() != last:
            change, last = "corrected" if last else "new", one.says()
            versions.append(
                Version(document_id, one.content_sha256, one.dump_sha256, one.retrieved_at, change, one.own_id)
            )
    return versions


def count_rows(plan: Plan, judged: Sequence[Judged]) -> dict[str, int]:
    """Rows that the plan adds, by table."""
    counts = dict.fromkeys(sorted(TABLES), 0)
    for by_fragment in plan.added.values():
        for fragment, ids in by_fragment.items():
            found = judged[fragment].fragment.count_some(ids)
            counts = {table: count + found[table] for table, count in counts.items()}
    return counts
