"""Labelled transcripts in files: each convention, and texts with colons in which nobody speaks (`negative-…`)."""

from __future__ import annotations

import json
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from benchmarks.labelled import Score, score_folder, total
from tasks.formats import FORMATS, choose, labelled_text
from tasks.formats.blocks import KINDS, Speaker, check_tiling
from tasks.formats.named import read_speaker
from tests.formats.labelled import EXPECTED, FOLDER, read_case
from tests.support import Command

CASES = json.loads(EXPECTED.read_text("utf-8"))
ROOT = Path(__file__).parents[2]


def test_every_case_has_its_expectation() -> None:
    assert sorted(CASES) == sorted(path.name for path in FOLDER.iterdir())


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_transcript_reads_as_a_reader_sees_it(name: str) -> None:
    assert read_case(FOLDER / name) == CASES[name]


@pytest.mark.parametrize("name", sorted(name for name in CASES if name.startswith("negative")))
def test_in_a_negative_nobody_speaks(name: str) -> None:
    case = CASES[name]
    assert not case["taken"]
    assert not [row for row in case["body"] if row.startswith("speech")]


@pytest.mark.parametrize(
    ("label", "speaker"),
    [
        ("MS. ARDEN", Speaker("ARDEN", None, "person")),
        ("Ada ‘Boz’ Lind", Speaker("Ada ‘Boz’ Lind", None, "person")),
        ("Right Hon. Ada Lind", Speaker("Ada Lind", None, "person")),
        ("Marie d'Aubigny", Speaker("Marie d'Aubigny", None, "person")),
        ("Secretary Arden", Speaker("Arden", "Secretary", "person")),
        ("VICE PRESIDENT ARDEN", Speaker("ARDEN", "VICE PRESIDENT", "person")),
        ("THE PRESIDENT", Speaker(None, "PRESIDENT", "person")),
        ("The Acting Chair", Speaker(None, "Acting Chair", "person")),
        ("ADA LIND, HOST", Speaker("ADA LIND", "HOST", "person")),
        ("Ada Lind, Jr.", Speaker("Ada Lind, Jr.", None, "person")),
        ("Mr. SMITH of Ohio", Speaker("SMITH", None, "person")),
        ("Herr Kern", Speaker("Kern", None, "person")),
        ("Frau Dr. Halm", Speaker("Halm", None, "person")),
        ("Abg. Kern", Speaker("Kern", None, "person")),
        ("Bundeskanzlerin Ada Lind", Speaker("Ada Lind", "Bundeskanzlerin", "person")),
        ("Präsidentin Lind", Speaker("Lind", "Präsidentin", "person")),
        ("Mme Lind", Speaker("Lind", None, "person")),
        ("Señora Lind", Speaker("Lind", None, "person")),
        ("On Monday", Speaker("On Monday", None, "person")),
        ("Frage", Speaker(None, None, "generic")),
        ("Q", Speaker(None, None, "generic")),
        ("SENIOR ADMINISTRATION OFFICIAL", Speaker(None, None, "generic")),
        ("Speaker 2", Speaker(None, None, "unknown")),
        ("UNIDENTIFIED MALE", Speaker(None, None, "unknown")),
    ],
)
def test_a_label_says_who_speaks(label: str, speaker: Speaker) -> None:
    assert read_speaker(label) == speaker


NOT_TRANSCRIPTS = [
    '{"name": "Ada", "rows": [1, 2]}\n' * 20,
    "date,ferry,passengers\n" + "2021-05-09,north,12\n" * 20,
    "<html><body><p>Ada Lind: Good day.</p><p>Odo Kern: Good day.</p></body></html>",
    "2021-05-09 10:00:01 INFO ferry: started\n2021-05-09 10:00:02 ERROR ferry: sank\n" * 20,
    "def sail(boat: Boat) -> None:\n    if boat.sinks:\n        return\n    try:\n        boat.go()\n    else:\n" * 9,
    "ERROR: no boat.\nINFO: trying again.\nERROR: no boat.\nWARN: no rope.\nERROR: no boat.\n" * 4,
    "Name: Ada\nAge: 41\nName: Odo\nAge: 12\nName: Ilse\nAge: 33\n",
    "Dear all,\nthe minutes follow.\nYours, Ada\n",
    "",
    "PK\x03\x04\x00\x00",
]  # fmt: skip


@pytest.mark.parametrize("text", NOT_TRANSCRIPTS, ids=lambda text: repr(text[:20]))
def test_what_is_no_transcript_is_left_alone(text: str) -> None:
    assert labelled_text.sniff(text) == 0.0
    assert choose(text) is None


@pytest.mark.parametrize("name", ["README.md", "CHANGELOG.md", "pyproject.toml", "Makefile", "flows/ingest.py"])
def test_the_files_of_this_project_are_no_transcripts(name: str) -> None:
    assert choose((ROOT / name).read_text("utf-8")) is None


def test_pages_that_know_their_publisher_go_first() -> None:
    page = (ROOT / "tests" / "samples" / "kremlin-sample.txt").read_text("utf-8")
    assert choose(page) is FORMATS["kremlin-text"]
    assert choose((FOLDER / "parliament.txt").read_text("utf-8")) is FORMATS["labelled-text"]


def test_front_matter_that_comes_again_opens_a_document() -> None:
    one = "---\ntitle: One\ndate: 2021-05-09\n---\n\nQ: Who?\n\nA: I.\n"
    two = "---\ntitle: Two\ndate: 2021-05-10\n---\n\nQ: And?\n\n---\n\nA: No.\n"
    text = f"{one}\n{two}"
    assert [text[start:end] for start, end in labelled_text.split(text)] == [one.strip(), two.strip()]


PIECES = [
    "MS. LIND: Good day.", "Q    And?", "Q. Who?", "A. I.", "Ada Lind: (00:12)", ">> Yes.", ">> ODO: No.",
    "**Ada:** Hm.",
    "    Mr. Kern. Thank you.", "The Chairman. Order.", "(Laughter.)", "[Applause", "---", "+++", "title: One",
    "* * *",
    "# Ferries", "11:05 A.M. EST", "END 2:00 P.M.", "March 4, 2021", "[[Page 3]]", "ADA LIND", "Tobias Marsh",
    ":", "**",
    "NOTE: none.", "[The prepared statement of Ms. Lind follows:]", "STATEMENT OF ADA LIND, BOATMAN", "HEARING",
    "\ufeff",
    "MS. LIND: (Laughs.)", "MR. KERN:", "♪ music ♪", "\u00a0", "\x0c",
]  # fmt: skip
ENDS = st.sampled_from(["\n", "\r\n", "\n\n", " \n", "\r", "", "\u2028"])
ANY = st.text(max_size=300) | st.lists(
    st.tuples(st.sampled_from(PIECES) | st.text(max_size=30), ENDS), max_size=40
).map(lambda pieces: "".join(words + end for words, end in pieces))


@settings(deadline=None)
@given(ANY)
@example("AA(0:00)\nA(0:00)0")
@example("---\ntitle: \\\n---\n")
@example("Q. Who?\nA. I.\nQ.")
def test_any_text_is_tiled(text: str) -> None:
    assert labelled_text.sniff(text) in (0.0, 0.42)
    at = 0
    for start, end in labelled_text.split(text):
        assert not text[at:start].strip()
        document = text[start:end]
        assert document == document.strip()
        blocks = labelled_text.parse(document)
        check_tiling(document, blocks)
        assert {block.kind for block in blocks} <= set(KINDS)
        spoken = [block.kind for block in blocks if block.kind in ("speaker_label", "turn_mark", "speech")]
        for one, two in pairwise([*spoken, "end"]):
            assert one == "speech" or two == "speech", "a label behind which nobody speaks"
        assert spoken[:1] in ([], ["speaker_label"], ["turn_mark"])
        at = end
    assert not text[at:].strip()


@pytest.mark.timeout(60)  # far above the seconds that it takes; what is not linear takes hours
@settings(deadline=None, max_examples=25)
@given(st.sampled_from([*PIECES, "A" * 30, "(", "[(", "A B ", "Mr. ", "_*", "1:", "A: "]))
def test_repetition_does_not_hang(piece: str) -> None:
    for end in ("", "\n", " "):
        text = (piece + end) * (20_000 // len(piece + end))
        labelled_text.sniff(text)
        for start, stop in labelled_text.split(text):
            check_tiling(text[start:stop], labelled_text.parse(text[start:stop]))


@pytest.mark.real
def test_briefings_do_not_fall_below_their_floor(real_data: Path) -> None:
    """What lowers the floor is said in `floors.toml`."""
    scores = score_folder(real_data / "whitehouse")
    floor = tomllib.loads((ROOT / "tests" / "floors.toml").read_text("utf-8"))["labelled"]["turn_f1"]
    assert total(scores).truth > 300
    assert total(scores).f1 >= floor, [(row.name, row.f1) for row in scores]


def test_the_benchmark_counts_what_rows_show(tmp_path: Path) -> None:
    briefing = (
        "MS. LIND: Good day.\n\nQ  Who are you?\n\nMS. LIND: (Laughter.) I am Ada.\n\nQ  Who else?\n\nLIND: Odo.\n"
    )
    (tmp_path / "briefing.md").write_text(briefing, "utf-8")
    assert score_folder(tmp_path) == [Score("briefing.md", truth=5, parsed=5, agreeing=5, speakers=3)]


def test_a_folder_of_transcripts_becomes_a_lake_that_verifies(stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    said = stenolake(
        "ingest", FOLDER, "--lake", lake, "--source", "harbour", "--language", "en", "--date", "2021-05-01", "--format",
        "labelled-text", "--json",
    )  # fmt: skip
    assert said.code == 0, said.err
    counts = said.json["documents"]
    assert counts["quarantined"] == 0, stenolake("quarantine", "list", "--lake", lake).out
    assert counts["published"] == len(CASES)
    assert stenolake("verify", "--lake", lake).code == 0
