"""How often labelled transcripts are read right: `python -m benchmarks.labelled [FOLDER]`.

FOLDER holds transcripts of briefings as Markdown or text, by default `../shared/data/whitehouse` from the project's
root. For each document are printed its turns, its speakers, and how many turns agree with a truth of another making: a
row opens a turn where it begins with `Q` and two blanks, or with capitals and a colon. That is no hand truth, and wrong
where a briefing prints one blank behind `Q`, or small letters in a label.

A turn agrees where the label and the first three words are equal, stage directions aside; it is counted once.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.formats import labelled_text

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "whitehouse"
_ROW_RE = re.compile(r"^(Q(?=[ \u00a0]{2})|[A-Z][A-Z .\-’']+[A-Z](?=:))[:\s]*(.*(?:\n.+)?)", re.MULTILINE)
_STAGE_RE = re.compile(r"\([A-Z][a-z-]+\.\)")
_WORDS = 3

Turns = Counter[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Score:
    """Turns of one document or of many: in the truth, as parsed, and those that agree; and who speaks."""

    name: str
    truth: int
    parsed: int
    agreeing: int
    speakers: int

    @property
    def f1(self) -> float:
        """Two times the agreeing over all; 1.0 where nobody speaks and nobody is heard."""
        return 2 * self.agreeing / (self.truth + self.parsed) if self.truth + self.parsed else 1.0


def _key(label: str, words: str) -> tuple[str, str]:
    return label.strip(), " ".join(_STAGE_RE.sub("", words).split()[:_WORDS])


def read_truth(text: str) -> Turns:
    """The turns that a row by itself shows."""
    return Counter(_key(match[1], match[2]) for match in _ROW_RE.finditer(text))


def score(name: str, text: str) -> Score:
    """Parse one file, and compare its turns with those that its rows show."""
    parsed: Turns = Counter()
    for start, end in labelled_text.split(text):
        body = text[start:end]
        parsed.update(_key(*turn) for turn in labelled_text.iterate_turns(body, labelled_text.parse(body)))
    truth = read_truth(text)
    return Score(name, truth.total(), parsed.total(), (truth & parsed).total(), len({label for label, _ in parsed}))


def total(scores: Iterable[Score]) -> Score:
    """The scores of many documents in one; a speaker of two documents counts twice."""
    rows = list(scores)
    return Score(
        "all", *(sum(getattr(row, name) for row in rows) for name in ("truth", "parsed", "agreeing", "speakers"))
    )


def score_folder(folder: Path) -> list[Score]:
    """The score of each transcript in a folder, by name."""
    paths = sorted(path for path in folder.iterdir() if path.suffix in (".md", ".txt"))
    return [score(path.name, path.read_bytes().decode("utf-8")) for path in paths]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; exit 2 where FOLDER is not there."""
    parser = argparse.ArgumentParser(description="Score labelled transcripts against what their rows show.")
    parser.add_argument("folder", nargs="?", type=Path, default=DATA)
    folder = parser.parse_args(arguments).folder
    if not folder.is_dir():
        print(f"labelled: {folder} is not there; name a folder of transcripts", file=sys.stderr)
        return 2
    scores = score_folder(folder)
    print(f"{'turns':>6} {'truth':>6} {'agree':>6} {'speakers':>8} {'F1':>7}  document")
    for row in (*scores, total(scores)):
        print(f"{row.parsed:6} {row.truth:6} {row.agreeing:6} {row.speakers:8} {row.f1:7.4f}  {row.name[:70]}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
