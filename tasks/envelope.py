"""The whole batch against what is usual: measured from the fragments, compared with the ledger and the lake."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from expectations.document_facts import BODIES_SINCE
from expectations.envelopes import (
    COUNTED,
    ENVELOPES,
    LISTED_DAYS,
    Breach,
    Measure,
    find_breaches,
    find_gap,
    find_small_run,
)
from expectations.rules import CRITICAL
from expectations.vocabulary import TAGGED_SINCE, TRANSCRIPT_SECTIONS
from storage import ledger
from storage.errors import RefusedError
from storage.lake import Lake
from storage.records import Verdict
from tasks.fragment import Fragment, Recalled
from tasks.hold import Held

Measures = dict[str, Measure]
Dated = dict[str, tuple[int, str]]  # document id -> day number, hash of what it says

# Rules that tell a body which stands in another document too.
_ALIKE = ("documents.body.repeated", "documents.body.nearly_repeated")

_EPOCH = dt.date(1970, 1, 1)
_COLUMNS = [
    "document_id",
    "source_id",
    "language",
    "event_date",
    "sections",
    "turn_count",
    "paragraph_count",
    "recognised_share",
    "content_sha256",
]


def _read_documents(fragments: Iterable[Fragment]) -> tuple[pa.Table, set[str]]:
    rows, tagged = [], set()
    for fragment in fragments:
        rows.append(fragment.read("documents").select(_COLUMNS))
        tagged.update(fragment.read("tags")["document_id"].unique().to_pylist())
    return pa.concat_tables(rows), tagged


def measure(held: Sequence[Held]) -> tuple[dict[str, Measures], dict[str, Dated]]:
    """What was measured, and the dated documents; both by edition, `kremlin/en`.

    Dumps that are known are not judged again.
    """
    held = [one for one in held if not isinstance(one.judged.fragment, Recalled)]
    if not held:
        return {}, {}
    rows, tagged = _read_documents(one.judged.fragment for one in held)
    rows = rows.filter(rows["source_id"].is_valid())  # else held back: nobody's edition
    alike = {document for one in held for rule in _ALIKE for document in one.warnings.get(rule, ())}
    languages = rows["language"].fill_null(str(None))
    editions = pc.binary_join_element_wise(rows["source_id"], languages, "/").combine_chunks().dictionary_encode()
    names, of = editions.dictionary.to_pylist(), editions.indices.to_numpy()
    sums = {name: np.bincount(of, values, len(names)) for name, values in _values(rows, alike, tagged).items()}
    measured = {
        edition: _measures({name: at[number] for name, at in sums.items()}) for number, edition in enumerate(names)
    }
    return measured, _date(rows, [names[number] for number in of.tolist()])


def _values(rows: pa.Table, alike: Set[str], tagged: Set[str]) -> dict[str, npt.NDArray[np.float64]]:
    """What each document adds to each sum of its edition."""
    speaks, sections = rows["turn_count"].to_numpy() > 0, rows["sections"].combine_chunks()
    is_listed = pc.is_in(pc.list_flatten(sections), pa.array(TRANSCRIPT_SECTIONS)).to_numpy(zero_copy_only=False)
    unfiled = pc.list_value_length(sections).fill_null(0).to_numpy() == 0
    filed = np.zeros(len(speaks), np.bool_)
    filed[pc.list_parent_indices(sections).to_numpy()[is_listed]] = True
    days, dated = _days(rows), rows["event_date"].is_valid().to_numpy()
    later, recent = (dated & (days >= (since - _EPOCH).days) for since in (BODIES_SINCE, TAGGED_SINCE))
    values = {
        "documents": np.ones(len(speaks)),
        # where somebody speaks the page itself was read, whatever it has in common with others
        "own_text": speaks | ~_is_among(rows, alike),
        "recognised": rows["recognised_share"].to_numpy(),
        "transcripts": speaks,
        "turns": rows["turn_count"].to_numpy(),
        "unfiled": unfiled,
        "unfiled_speak": unfiled & speaks,
        "filed": filed,
        "filed_speak": filed & speaks,
        "later": later,
        "later_bodies": later & (rows["paragraph_count"].to_numpy() > 0),
        "recent": recent,
        "recent_tagged": recent & _is_among(rows, tagged),
    }
    return {name: each.astype(np.float64) for name, each in values.items()}


def _is_among(rows: pa.Table, ids: Set[str | None]) -> npt.NDArray[np.bool_]:
    found = pc.is_in(rows["document_id"], pa.array(ids, pa.string()))
    return np.asarray(found.to_numpy())


def _days(rows: pa.Table) -> npt.NDArray[np.int32]:
    return np.asarray(rows["event_date"].cast(pa.int32()).fill_null(0).to_numpy())


def _date(rows: pa.Table, editions: Sequence[str]) -> dict[str, Dated]:
    """The day and the content of each document that has a day, by edition."""
    dated: dict[str, Dated] = defaultdict(dict)
    ids, contents = rows["document_id"].to_pylist(), rows["content_sha256"].to_pylist()
    for edition, document, content, day, is_dated in zip(
        editions, ids, contents, _days(rows).tolist(), rows["event_date"].is_valid().to_pylist(), strict=True
    ):
        if is_dated:
            dated[edition][document] = (day, content)
    return dated


def _measures(found: Mapping[str, float]) -> Measures:
    every = {
        "speakers_found": (found["filed_speak"], found["filed"]),
        "transcripts": (found["unfiled_speak"], found["unfiled"]),
        "turns_a_transcript": (found["turns"], found["transcripts"]),
        "tagged": (found["recent_tagged"], found["recent"]),
        "with_body": (found["later_bodies"], found["later"]),
        "own_text": (found["own_text"], found["documents"]),
        "documents_a_run": (found["documents"], 1),
        "recognised": (round(found["recognised"], 6), found["documents"]),
    }
    return {name: (float(part), float(whole)) for name, (part, whole) in every.items() if whole}


def read_history(lake: Lake) -> tuple[dict[str, list[Measures]], set[str]]:
    """Measures of the healthy runs of a lake by edition, oldest first, and the dumps that they took in."""
    history: dict[str, list[Measures]] = defaultdict(list)
    healthy = set()
    for run in ledger.read(lake, "runs", columns=["run_id", "status", "counts"]).to_pylist():
        if run["status"] in ("completed", "completed_with_quarantine"):
            healthy.add(run["run_id"])
            counts = json.loads(run["counts"])
            for edition, measures in counts.get("envelope", {}).items():
                if not counts["documents"]["published"]:
                    measures.pop("documents_a_run", None)  # known before: no dump of the schedule
                history[edition].append({name: tuple(value) for name, value in measures.items()})
    inputs = ledger.read(lake, "inputs", columns=["run_id", "dump_sha256"]).to_pylist()
    return history, {row["dump_sha256"] for row in inputs if row["run_id"] in healthy}


def without_counts(measured: Mapping[str, Measures]) -> dict[str, Measures]:
    """Measures less those that count documents, which later runs would be compared with."""
    return {
        edition: {name: value for name, value in measures.items() if name not in COUNTED}
        for edition, measures in measured.items()
    }


def judge_envelopes(
    lake: Lake,
    measured: Mapping[str, Measures],
    days: Mapping[str, Dated],
    dumps: Iterable[str],
    *,
    counted: bool = True,
) -> list[Breach]:
    """All breaches of a batch. Dumps that a healthy run took in before are not judged again: they change nothing.

    `counted`: how many documents there are tells something; not so where each was asked for by itself.
    """
    history, known = read_history(lake)
    if set(dumps) <= known:
        return []
    breaches = []
    for edition, measures in sorted(measured.items()):
        breaches += find_breaches(edition, measures, history.get(edition, []))
        if counted and days.get(edition):
            sizes = [run["documents_a_run"][0] for run in history.get(edition, []) if "documents_a_run" in run]
            breaches += _missing(lake, edition, days[edition], sizes)
    return breaches


def _missing(lake: Lake, edition: str, dated: Dated, sizes: Sequence[float]) -> list[Breach]:
    """What a dump lacks, or has too much of, beside what the lake holds and what earlier runs brought."""
    source, language = edition.split("/", 1)
    days = [day for day, _ in dated.values()]
    first, last = min(days), max(days)
    start, end = first - LISTED_DAYS, last
    years = range((_EPOCH + dt.timedelta(start)).year, (_EPOCH + dt.timedelta(end)).year + 1)
    repeated = held = 0
    is_next = True
    before: list[int] = []
    for partition in lake.partitions():
        if partition.source == source and partition.year >= years.stop:
            is_next &= language not in lake.read("documents", partition, ["language"])["language"].unique().to_pylist()
        elif partition.source == source and partition.year in years:
            rows = lake.read("documents", partition, ["document_id", "language", "event_date", "content_sha256"])
            rows = rows.filter(pc.equal(rows["language"], language))
            numbers = np.asarray(rows["event_date"].cast(pa.int32()).to_numpy())
            is_next &= not (numbers >= first).any()
            held += int(((numbers >= first) & (numbers <= last)).sum())
            before += numbers[(numbers >= start) & (numbers < first)].tolist()
            met = zip(rows["document_id"].to_pylist(), rows["content_sha256"].to_pylist(), strict=True)
            repeated += sum(document in dated and dated[document][1] == content for document, content in met)
    found = (
        find_gap(edition, days, repeated, held, before),
        find_small_run(edition, days, repeated, sizes, is_next=is_next),
    )
    return [breach for breach in found if breach]


def to_verdicts(measured: Mapping[str, Measures], breaches: Sequence[Breach]) -> list[Verdict]:
    """A verdict an envelope, for `_quality`: over as many documents as were measured."""
    low = {breach.envelope.name for breach in breaches if breach.is_low}
    verdicts = []
    for name, envelope in ENVELOPES.items():
        at = ("documents_a_run", 0) if name in COUNTED else (name, 1)
        rows = round(sum(measures[at[0]][at[1]] for measures in measured.values() if at[0] in measures))
        failed = rows if name in low else 0
        verdicts.append(Verdict(envelope.rule_id, "batch", None, CRITICAL, rows, failed, passed=name not in low))
    return verdicts


def require_usual(breaches: Sequence[Breach], reason: str | None) -> None:
    """Raise for breaches of a floor, unless a person says why they are right.

    Raises:
        RefusedError: a measure lies below its floor; the message names the envelope and the figures.
    """
    low = [breach for breach in breaches if breach.is_low]
    if low and not reason:
        raise RefusedError(
            "; ".join(str(breach) for breach in low),
            f"Nothing is published. {' '.join(dict.fromkeys(breach.envelope.reason for breach in low))} If it is right "
            "as it stands: --accept-envelope REASON",
        )
