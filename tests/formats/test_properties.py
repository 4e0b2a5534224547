"""What must hold on any text, however damaged: blocks tile, spans tile, streaming changes nothing, nothing raises."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.cut import find_last
from tasks.formats import FORMATS, kremlin_text
from tasks.formats.blocks import KINDS, check_tiling, fold
from tasks.formats.evidence import Evidence
from tasks.formats.labels import read_label
from tasks.formats.lines import split_lines
from tests.formats.projection import SAMPLE_DUMP

SAMPLE = SAMPLE_DUMP.read_bytes().decode("utf-8")
SAMPLE_LINES = SAMPLE.splitlines(keepends=True)

# Lines that mean something to the parser, in any order and with any line end, mixed with any text.
PIECES = [
    "Events", "Text version", "Text versionEvents", "See also", "Additional", "Publication status", "Geography",
    "Topics", "Persons", "1 of 3", "3 more", "November 9, 2023", "July 16 − 22, 2009", "11:45", "doc, 1.5 MB",
    "<…>", "* * *", ": ", ".", ", and", "(retranslated): Yes.", "President of Sorland Harald Storr: Good.",
    "Question: And?", "Harald Storr", "(Laughter.)", "Published in sections: News, Transcripts",
    "Publication date: November 9, 2023, 11:45", "Publication date: never", "Announcement, March 4, 2011",
    "Photo: Odo Kern", "With Ada Lind. Photo by Odo Kern", "\N{ZERO WIDTH NO-BREAK SPACE}Events",
    "June 31, 2010", "“Words.”", "”Words of the speech, set off.“", "Lind Ada", "Lessk", "\x00\x01",
    "\N{NO-BREAK SPACE}", "I", "[", ")",
]  # fmt: skip
ENDS = st.sampled_from(["\n", "\r\n", "\n\n", " \n", "\r", "", "\u2028", "\x85", "\x0b"])
MIXED = st.lists(st.tuples(st.sampled_from(PIECES) | st.text(max_size=40), ENDS), max_size=40).map(
    lambda pieces: "".join(words + end for words, end in pieces)
)
ANY = st.text(max_size=400) | MIXED


def check_split(text: str, spans: list[tuple[int, int]]) -> None:
    at = 0
    for start, end in spans:
        assert at <= start < end <= len(text)
        assert not text[at:start].strip()
        assert text[start:end] == text[start:end].strip()
        at = end
    assert not text[at:].strip()


@given(ANY)
@example("\N{ZERO WIDTH NO-BREAK SPACE}")
@example("Events\n: \n11:45\nText version")
def test_blocks_tile_any_text(text: str) -> None:
    blocks = kremlin_text.parse(text)
    check_tiling(text, blocks)
    assert {block.kind for block in blocks} <= set(KINDS)
    assert 0.0 <= kremlin_text.sniff(text) <= 1.0


@given(ANY)
def test_spans_tile_any_text(text: str) -> None:
    spans = kremlin_text.split(text)
    check_split(text, spans)
    for start, end in spans:
        check_tiling(text[start:end], kremlin_text.parse(text[start:end]))


@given(MIXED, st.data())
def test_a_text_cut_anywhere_gives_the_same_documents_but_the_last(text: str, data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(text)))
    assert kremlin_text.split(text[:cut])[:-1] == kremlin_text.split(text)[: len(kremlin_text.split(text[:cut])[:-1])]


@given(MIXED)
def test_a_text_read_from_any_line_on_gives_the_same_documents_behind_it(text: str) -> None:
    starts = [start for start, _ in kremlin_text.split(text)]
    for line in (at + 1 for at, character in enumerate(text) if character == "\n"):
        behind = [line + start for start, _ in kremlin_text.split(text[line:])[1:]]
        assert behind == starts[len(starts) - len(behind) :], line


@given(MIXED, st.integers(1, 60), st.integers(0, 3))
def test_the_last_document_is_found_by_the_end_of_a_dump(text: str, size: int, parted: int) -> None:
    data = text.encode()
    data = data[: len(data) - parted]
    known = data.decode(errors="ignore")
    spans = kremlin_text.split(known)
    last = len(known[: spans[-1][0]].encode()) if len(spans) > 1 else 0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("tasks.cut._END_BYTES", size)
        assert find_last(FORMATS["kremlin-text"], data) == last


def test_the_sample_cut_at_any_character_gives_the_same_documents_but_the_last() -> None:
    spans = kremlin_text.split(SAMPLE)
    for cut in range(0, len(SAMPLE), 7):
        final = kremlin_text.split(SAMPLE[:cut])[:-1]
        assert final == spans[: len(final)], cut


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_sample_cut_at_any_line_still_tiles(ends: str) -> None:
    lines = [line.rstrip("\n") + ends for line in SAMPLE_LINES]
    for count in range(len(lines) + 1):
        text = "".join(lines[:count])
        spans = kremlin_text.split(text)
        check_split(text, spans)
        if spans:
            start, end = spans[-1]
            check_tiling(text[start:end], kremlin_text.parse(text[start:end]))


def test_a_page_without_its_last_lines_is_not_complete_and_keeps_its_turns() -> None:
    start, end = kremlin_text.split(SAMPLE)[4]
    page = SAMPLE[start:end]
    whole = [block for block in kremlin_text.parse(page) if block.kind == "speaker_label"]
    cut = page[: page.index("Geography")]
    blocks = kremlin_text.parse(cut)
    assert not kremlin_text.is_complete(blocks)
    assert [block for block in blocks if block.kind == "speaker_label"] == whole


def test_line_ends_change_no_block() -> None:
    start, end = kremlin_text.split(SAMPLE)[5]
    page = SAMPLE[start:end]
    plain = [(block.kind, fold(page[block.start : block.end]), block.value) for block in kremlin_text.parse(page)]
    for ends in ("\r\n", "\n\n", "  \n", "\r", "\n\t \n"):
        other = page.replace("\n", ends)
        read = [(block.kind, fold(other[block.start : block.end]), block.value) for block in kremlin_text.parse(other)]
        assert read == plain, repr(ends)


def test_a_page_that_was_cut_ends_where_the_next_begins() -> None:
    pages = [SAMPLE[start:end] for start, end in kremlin_text.split(SAMPLE)]
    cut = pages[4][: pages[4].index("Geography")].rstrip()
    text = f"{cut}\n{pages[5]}{pages[6]}"
    assert [text[start:end] for start, end in kremlin_text.split(text)] == [cut, pages[5], pages[6]]


def test_text_before_the_first_page_is_a_document_of_its_own_and_unrecognised() -> None:
    page = SAMPLE[slice(*kremlin_text.split(SAMPLE)[0])]
    text = f"Copied by nobody, from nowhere.\n\n{page}"
    spans = kremlin_text.split(text)
    assert [text[start:end] for start, end in spans] == ["Copied by nobody, from nowhere.", page]
    assert [block.kind for block in kremlin_text.parse(text[slice(*spans[0])])] == ["unrecognised"]


def test_the_first_page_can_lack_its_banner() -> None:
    page = SAMPLE[slice(*kremlin_text.split(SAMPLE)[0])]
    kinds = [block.kind for block in kremlin_text.parse(page)]
    assert [block.kind for block in kremlin_text.parse(page.removeprefix("Events\n"))] == kinds[1:]


@given(st.text(max_size=200))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=350))
def test_a_label_is_part_of_what_was_printed(text: str) -> None:
    label = read_label(text, Evidence())
    if label is not None:
        assert fold(text).startswith(label.text)
        assert label.note is None or fold(text).endswith(label.note)


@given(st.text(max_size=200))
def test_lines_are_where_they_say(text: str) -> None:
    for line in split_lines(text):
        assert text[line.start : line.end] == line.text == line.text.strip() != ""


@pytest.mark.timeout(60)  # far above the second that it takes; what is not linear takes hours
@settings(deadline=None, max_examples=20)
@given(
    st.sampled_from(
        ["(", "Events\n", ": ", "A ", "a. ", "* ", "See also\nT\n", "1 of 2\n", ",\n", "<…>\n", "Text version\n", "”"]
    )
)
def test_repetition_does_not_hang(piece: str) -> None:
    text = piece * (60_000 // len(piece))
    for start, end in kremlin_text.split(text)[:50]:
        check_tiling(text[start:end], kremlin_text.parse(text[start:end]))
