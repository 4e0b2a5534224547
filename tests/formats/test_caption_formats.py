"""Captions in files: `cases/captions/*`, with their renditions beside them in `cases/captions.json`.

`python -m tests.formats.test_caption_formats` writes the renditions anew; read each difference before committing it.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pyarrow.dataset as ds
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.formats import FORMATS, choose, cues, sbv_captions, srt_captions, webvtt_captions
from tasks.formats.blocks import Speaker, check_tiling, fold
from tests.formats.test_numbered_text import DEPOSITION
from tests.support import Command, write

FOLDER = Path(__file__).parent / "cases" / "captions"
EXPECTED = FOLDER.parent / "captions.json"
MODULES: dict[str, ModuleType] = {"webvtt": webvtt_captions, "srt": srt_captions, "sbv": sbv_captions}


def render_case(path: Path) -> list[str]:
    """The rendition of a caption file, line by line."""
    text = path.read_text("utf-8")
    format_ = choose(text)
    assert format_ is not None
    assert {".vtt": "webvtt"}.get(path.suffix, path.suffix[1:]) == format_.NAME
    return [line for line in MODULES[format_.NAME].derive(text).splitlines() if line]


def write_expected() -> None:
    """Write the renditions as they are now."""
    found = {path.name: render_case(path) for path in sorted(FOLDER.iterdir())}
    EXPECTED.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", "utf-8")


CASES = json.loads(EXPECTED.read_text("utf-8")) if EXPECTED.exists() else {}


def test_every_case_has_its_expectation() -> None:
    assert sorted(CASES) == sorted(path.name for path in FOLDER.iterdir())


@pytest.mark.parametrize("name", sorted(CASES))
def test_captions_read_as_a_viewer_hears_them(name: str) -> None:
    assert render_case(FOLDER / name) == CASES[name]


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_rendition_is_tiled_and_reads_the_same_again(name: str) -> None:
    text = "\n".join(CASES[name])
    blocks = cues.parse(text)
    check_tiling(text, blocks)
    labels = [fold(text[block.start : block.end]) for block in blocks if block.kind == "speaker_label"]
    assert labels == [line[1:].partition("⟧")[0].partition(" (")[0] for line in CASES[name]
                      if line.startswith("⟦") and not line.startswith(("⟦0", "⟦1 t", "⟦>", "⟦ti", "⟦la"))]  # fmt: skip


def test_speakers_and_times_of_voice_tags() -> None:
    text = "\n".join(CASES["voices.vtt"])
    blocks = cues.parse(text)
    assert [block.value for block in blocks if block.kind == "speaker_label"] == [
        Speaker("Ada Lind", None, "person"),
        Speaker("Tobias Marsh", None, "person"),
        Speaker("Ada Lind", None, "person"),
    ]
    assert [block.value for block in blocks if block.kind == "cue_time"] == [
        (1000, 4000), (4200, 6000), (6000, 7500), (7500, 11000), (30000, 32000), (30000, 32000),
    ]  # fmt: skip


def test_a_caption_cannot_print_a_mark() -> None:
    rendition = webvtt_captions.derive("WEBVTT\n\n00:01.000 --> 00:02.000\n⟦Ada Lind⟧ I am not Ada.\n")
    assert rendition == "⟦00:00:01.000 --> 00:00:02.000⟧\n[Ada Lind] I am not Ada.\n\n"
    assert [block.kind for block in cues.parse(rendition)] == ["cue_time", "lead"]


@pytest.mark.parametrize(("module", "head"), [(webvtt_captions, "WEBVTT\n\n"), (srt_captions, "1\n")])
def test_a_time_that_cannot_be_read_is_told(module: ModuleType, head: str) -> None:
    whole = head + "00:00:01,000 --> 00:00:02,000\nYes.\n"
    assert module.doubts(module.derive(whole)) == []
    rendition = module.derive(whole + "\n00:00:0x --> 00:00:04,000\nNo.\n")
    assert rendition == "⟦1 times lost⟧\n⟦00:00:01.000 --> 00:00:02.000⟧\nYes. No.\n\n"
    assert [block.kind for block in cues.parse(rendition)] == ["markup", "cue_time", "lead"]
    assert module.doubts(rendition) == [
        "start_ms: 1 times could not be read; their words have the time of the cue before"
    ]


def test_captions_are_chosen_by_what_they_hold() -> None:
    assert choose("WEBVTT\n\n00:01.000 --> 00:02.000\nYes.\n") is FORMATS["webvtt"]
    assert choose("\ufeff1\r\n00:00:01,000 --> 00:00:02,000\r\nYes.\r\n") is FORMATS["srt"]
    assert choose("\ufeff0:00:01.000,0:00:02.000\r\nYes.\r\n") is FORMATS["sbv"]
    assert choose("10:30, 11:30\nThe ferry.\n") is None
    assert choose("1\n2\n3\n") is None
    assert choose("10:30 -> 11:30 the ferry\n") is None


PIECES = st.sampled_from([
    "1", "00:00:01,000 --> 00:00:02,000", "0:00:01.000,0:00:02.000", "00:01.000 --> 00:02.5",
    "9:9:9 --> bad", "-->", "<v Ada>Yes", "MS. LIND: Hm.",
    ">> ODO: No.", "- Who?", "[Music]", "NOTE x", "STYLE", "♪", "<c>", "&amp;", "⟦", "⟧", "WEBVTT", "(laughs)", "<v >",
])  # fmt: skip
ANY = st.lists(st.tuples(PIECES | st.text(max_size=20), st.sampled_from(["\n", "\n\n", "\r\n", " "])), max_size=30).map(
    lambda pieces: "".join(words + end for words, end in pieces)
)


@settings(deadline=None)
@given(ANY)
def test_any_captions_are_tiled(text: str) -> None:
    for module, head in (
        (webvtt_captions, "WEBVTT\n\n"),
        (srt_captions, "1\n00:00:00,000 --> 00:00:01,000\nA\n\n"),
        (sbv_captions, "0:00:00.000,0:00:01.000\nA\n\n"),
    ):
        try:
            rendition = module.derive(head + text)
        except ValueError:
            continue  # said to whoever gave it, and held back
        for start, end in module.split(rendition):
            check_tiling(rendition[start:end], module.parse(rendition[start:end]))


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_reads_as_a_rendition(text: str) -> None:
    check_tiling(text, cues.parse(text))


def test_text_above_the_first_time_is_told() -> None:
    with pytest.raises(ValueError, match=r"^text stands before the first time: 'Harbour'$"):
        sbv_captions.derive("Harbour\n0:00:01.000,0:00:02.000\nYes.\n")
    assert sbv_captions.derive("Harbour\n") == ""


def test_captions_become_rows_with_times(stenolake: Command, tmp_path: Path) -> None:
    drop = tmp_path / "drop"
    drop.mkdir()
    for path in FOLDER.iterdir():
        write(drop, path.name, path.read_bytes())
    wide = (FOLDER / "nobody-named.srt").read_text("utf-8").replace("ferry", "canoe").replace("\n", "\r\n")
    write(drop, "wide.srt", wide.encode("utf-16"))
    write(drop, "deposition.txt", DEPOSITION.encode())  # another one whose rendition is derived
    lake = tmp_path / "lake"
    said = stenolake("ingest", drop, "--lake", lake, "--source", "harbour", "--date", "2021-05-01", "--json")
    assert said.code == 0, said.err
    assert said.json["documents"]["quarantined"] == 0, stenolake("quarantine", "list", "--lake", lake).out
    assert said.json["documents"]["published"] == len(CASES) + 2
    assert stenolake("verify", "--lake", lake).code == 0

    documents = ds.dataset(lake / "documents", partitioning="hive").to_table().to_pylist()
    numbered = next(row for row in documents if row["parser"] == "numbered-text/2")
    assert (numbered["event_date"].isoformat(), numbered["turn_count"]) == ("2018-06-12", 7)
    voices = next(row for row in documents if row["title"] == "Harbour Tonight")
    assert (voices["language"], voices["kind"], voices["parser"]) == ("en", "transcript", "webvtt/2")
    rows = ds.dataset(lake / "paragraphs", partitioning="hive").to_table().to_pylist()
    own = sorted((row["paragraph_index"], row["start_ms"], row["end_ms"], row["kind"])
                 for row in rows if row["document_id"] == voices["document_id"])  # fmt: skip
    assert own == [
        (0, 1000, 4000, "speech"), (1, 4200, 6000, "speech"), (2, 6000, 7500, "note"), (3, 7500, 11000, "speech"),
        (4, 30000, 32000, "speech"), (5, 30000, 32000, "speech"),
    ]  # fmt: skip


if __name__ == "__main__":
    write_expected()
