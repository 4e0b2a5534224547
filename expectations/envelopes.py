"""What a dump of an edition looks like as a whole: shares and counts that a page alone cannot show to be wrong.

A page without a speaker is news; two hundred transcripts without one are a broken selector. The bounds compare with
the last healthy runs of the same edition, and with a profile of the source where there are none yet.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

RUNS = 10  # healthy runs that say what is usual: a season of weekly dumps, and one odd run does not move their median


@dataclass(frozen=True, slots=True)
class Envelope:
    """One measure of a dump: a part of a whole, or a number a unit.

    `floor` and `ceiling` are factors of what is usual; `least` is the whole from which on it is judged at all.
    """

    name: str
    what: str
    floor: float
    least: int
    reason: str
    origin: str
    ceiling: float = math.inf

    @property
    def rule_id(self) -> str:
        """Its name among the rules."""
        return f"envelope.{self.name}"


ENVELOPES: Mapping[str, Envelope] = {
    envelope.name: envelope
    for envelope in (
        Envelope(
            "speakers_found",
            "{part:g} of {whole:g} pages filed as transcripts have a speaker",
            0.5,
            5,  # of 148 healthy pages 3 have none: five such pages and no others come together once in 10^8 dumps
            "The labels of speakers were lost or have a new form: fetch or export the pages again.",
            "145 of 148 pages that the Kremlin files as transcripts, 2010 to 2020",
        ),
        Envelope(
            "transcripts",
            "{part:g} of {whole:g} pages have a speaker, where no section tells the kind",
            0.5,
            20,
            "The labels of speakers were lost or have a new form: fetch or export the pages again.",
            "the last healthy runs alone: sources differ",
        ),
        Envelope(
            "turns_a_transcript",
            "{part:g} turns in {whole:g} transcripts",
            0.25,
            20,
            "Most turns of each page are lost, or pages are cut off after the first.",
            "146 transcripts of the Kremlin: 10 on average, half of them 3 and fewer; months differ by a factor of two",
            ceiling=4.0,
        ),
        Envelope(
            "tagged",
            "{part:g} of {whole:g} pages since 2010 have a tag",
            0.25,
            50,
            "The tags of the pages were lost.",
            "357 of 428 pages of the Kremlin since 2010; before that 1 of 317",
        ),
        Envelope(
            "recognised",
            "the text of {part:g} out of {whole:g} pages, in sum, was understood",
            0.99,
            20,
            "The pages hold text of a new form, which stands in no table.",
            "745 pages of the Kremlin: all of it",
        ),
        Envelope(
            "documents_a_day",
            "{part:g} pages in {whole:g} days",
            0.25,
            5,
            "Most pages of these days are missing: the list that they were found by, or the download, was cut short.",
            "January 2018 of the Kremlin: 74 pages in 31 days; holidays halve a month",
            ceiling=4.0,
        ),
        Envelope(
            "documents_a_run",
            "{part:g} pages",
            0.25,
            10,
            "Most pages of this dump are missing: the list that they were found by, or the export, was cut short.",
            "the last healthy runs alone: schedules differ",
        ),
        Envelope(
            "with_body",
            "{part:g} of {whole:g} pages since 2006 have text under their title",
            0.5,
            20,
            "The text of the pages was lost, and only their titles are left: fetch or export the pages again.",
            "all but 1 of the Kremlin's pages since 2006; before that one in twenty tells its news in the title alone",
        ),
        Envelope(
            "own_text",
            "{part:g} of {whole:g} pages have a text of their own",
            0.5,
            20,
            "One text stands on most pages, and nobody speaks in it: a sidebar or an error page was taken for them.",
            "745 pages of the Kremlin: all of them",
        ),
    )
}

# What is usual where no healthy run has said it yet, of a source or, under "", of any. A measure that depends on the
# years or on the exporter has none.
PROFILES: Mapping[str, Mapping[str, float]] = {
    "": {"own_text": 1.0},
    "kremlin": {"speakers_found": 0.98, "recognised": 1.0, "with_body": 0.98},
}

# Counts, which are compared by the functions below; all others are shares and averages.
COUNTED = ("documents_a_day", "documents_a_run")

Measure = tuple[float, float]  # part and whole


@dataclass(frozen=True, slots=True)
class Breach:
    """A measure outside its envelope; `is_low` refuses the run, the other way it is told."""

    envelope: Envelope
    edition: str
    measure: Measure
    usual: float
    origin: str
    is_low: bool

    def __str__(self) -> str:
        part, whole = self.measure
        bound = self.usual * (self.envelope.floor if self.is_low else self.envelope.ceiling)
        ratio = "" if self.envelope.name == "documents_a_run" else f", that is {part / whole:.3g}"
        return (
            f"envelope {self.envelope.name} of {self.edition}: {self.envelope.what.format(part=part, whole=whole)}"
            f"{ratio}; usual is {self.usual:.3g} ({self.origin}), the "
            f"{'floor' if self.is_low else 'ceiling'} is {bound:.3g}"
        )


def find_breaches(
    edition: str, measures: Mapping[str, Measure], history: Sequence[Mapping[str, Measure]]
) -> list[Breach]:
    """Measures outside their envelopes.

    Args:
        edition: source and language, `kremlin/en`.
        measures: what was measured of the batch, by name of the envelope; counts are compared elsewhere.
        history: the same of healthy runs of the edition, oldest first.
    """
    breaches = []
    for name, measure in measures.items():
        if name in COUNTED:
            continue
        envelope = ENVELOPES[name]
        past = [run[name][0] / run[name][1] for run in history if name in run and run[name][1] >= envelope.least]
        profile = {**PROFILES[""], **PROFILES.get(edition.partition("/")[0], {})}
        usual, origin = profile.get(name), "profile of the source"
        if past:
            usual, origin = statistics.median(past[-RUNS:]), f"median of {len(past[-RUNS:])} healthy runs"
        if usual is not None and (breach := find_breach(envelope, edition, measure, usual, origin)):
            breaches.append(breach)
    return breaches


def find_breach(envelope: Envelope, edition: str, measure: Measure, usual: float, origin: str) -> Breach | None:
    """The breach of one envelope; None where the measure lies within, or is of too little to judge."""
    part, whole = measure
    if whole < envelope.least:
        return None
    low = part / whole < usual * envelope.floor
    if low or part / whole > usual * envelope.ceiling:
        return Breach(envelope, edition, measure, usual, origin, low)
    return None


# Days that a dump must span to count as a list of all that appeared in them, and to be compared with what is known.
DENSE_DAYS = 7
LISTED_DAYS = 62  # a dump of a longer time may be a selection; it is compared with the lake only where it repeats it
EXPECTED = 20  # pages, below which a quiet week explains everything
REPEATED = 10  # pages of a dump that is compared with the very days that the lake holds
REGULAR_RUNS = 2  # runs of one order of size that make a schedule; one alone may have been the archive
ADDED = 5  # fewer pages, and less than a twentieth of the usual, are added by hand and no dump that was cut short


def find_small_run(
    edition: str, days: Sequence[int], repeated: int, sizes: Sequence[float], *, is_next: bool
) -> Breach | None:
    """Whether a dump has far fewer pages than the dumps of its schedule.

    Judged is a dump of later days than the lake holds, or of a week and more: a few late pages of days that are known
    are no dump. Nor is one whose pages the lake holds already, which `find_gap` compares with their days. Runs that
    are small themselves, by which pages were added, are not counted among those that make the schedule.

    Args:
        edition: source and language.
        days: day number of each page of the dump.
        repeated: pages of the dump that the lake holds in the same words.
        sizes: pages of the last healthy runs that published something, oldest first.
        is_next: whether all its days are later than those that the lake holds.
    """
    envelope = ENVELOPES["documents_a_run"]
    recent = list(sizes)[-RUNS:]
    regular = [size for size in recent if size >= envelope.floor * max(recent)]
    if len(regular) < REGULAR_RUNS or not days or 2 * repeated >= len(days):
        return None
    usual, count = statistics.median(regular), len(days)
    is_dense = max(days) - min(days) + 1 >= DENSE_DAYS
    is_added = count < ADDED and count < usual / 20
    if usual < envelope.least or count >= envelope.floor * usual or is_added or not (is_dense or is_next):
        return None
    return Breach(envelope, edition, (count, 1), usual, f"median of {len(regular)} healthy runs", True)


def find_gap(edition: str, days: Sequence[int], repeated: int, held: int, before: Sequence[int]) -> Breach | None:
    """Whether a dump has far fewer, or far more, pages than its days usually have.

    A page added, or the pages of one day, never count: only dumps of a week and more are compared, either with what
    the lake holds of the same days, where most of their pages are known there, or, where the lake knows less of these
    days than the dump, with the two months before them.

    Args:
        edition: source and language.
        days: day number of each page of the dump.
        repeated: pages of the dump that the lake holds in the same words; corrected ones are no sign of a cut list.
        held: pages that the lake holds of the days that the dump spans.
        before: day number of each page that the lake holds of the `LISTED_DAYS` before the dump.
    """
    envelope = ENVELOPES["documents_a_day"]
    count, span = len(days), max(days) - min(days) + 1
    if span < DENSE_DAYS or count < envelope.least:
        return None
    if count >= REPEATED and 2 * repeated >= count and held >= EXPECTED:
        if count < envelope.floor * held:
            return Breach(envelope, edition, (count, span), held / span, "what the lake holds of these days", True)
        return None
    if span > LISTED_DAYS or held >= count or not before:
        return None
    known = max(before) - min(before) + 1
    usual = len(before) / known
    if known < DENSE_DAYS or len(before) < EXPECTED or usual * span < EXPECTED:
        return None
    return find_breach(envelope, edition, (count, span), usual, "the two months before, as the lake holds them")
