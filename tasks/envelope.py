"""The whole batch against what is usual: measured from the fragments, compared with the ledger and the lake."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
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
    alike = {finding.document_id for one in held for finding in one.warnings if finding.rule_id in _ALIKE}
    sums: dict[str, Counter[str]] = defaultdict(Counter)
    days: dict[str, Dated] = defaultdict(dict)
    for row in rows.to_pylist():
        if row["source_id"] is None:
            continue  # held back: nobody's edition
        edition = f"{row['source_id']}/{row['language']}"
        found = sums[edition]
        speaks, day = row["turn_count"] > 0, row["event_date"]
        found["documents"] += 1
        # where somebody speaks the page itself was read, whatever it has in common with others
        found["own_text"] += speaks or row["document_id"] not in alike
        found["recognised"] += row["recognised_share"]
        found["transcripts"] += speaks
        found["turns"] += row["turn_count"]
        if not row["sections"]:
            found["unfiled"] += 1
            found["unfiled_speak"] += speaks
        elif set(row["sections"]) & set(TRANSCRIPT_SECTIONS):
            found["filed"] += 1
            found["filed_speak"] += speaks
        if day:
            days[edition][row["document_id"]] = ((day - _EPOCH).days, row["content_sha256"])
            found["later"] += day >= BODIES_SINCE
            found["later_bodies"] += day >= BODIES_SINCE and row["paragraph_count"] > 0
            found["recent"] += day >= TAGGED_SINCE
            found["recent_tagged"] += day >= TAGGED_SINCE and row["document_id"] in tagged
    return {edition: _measures(found) for edition, found in sums.items()}, days


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
    for run in ledger.read(lake, "runs").to_pylist():
        if run["status"] in ("completed", "completed_with_quarantine"):
            healthy.add(run["run_id"])
            counts = json.loads(run["counts"])
            for edition, measures in counts.get("envelope", {}).items():
                if not counts["documents"]["published"]:
                    measures.pop("documents_a_run", None)  # known before: no dump of the schedule
                history[edition].append({name: tuple(value) for name, value in measures.items()})
    inputs = ledger.read(lake, "inputs").select(["run_id", "dump_sha256"]).to_pylist()
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
