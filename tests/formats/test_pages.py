"""Pages in files: `cases/pages/*.txt`, with what a reader sees in them in `cases/pages.json`.

Groups: synthetic (every quirk that came up), negative (must not become labels), damaged (named after the damage).
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.formats import kremlin_text
from tasks.formats.blocks import Speaker, check_tiling, fold

FOLDER = Path(__file__).parent / "cases" / "pages"
EXPECTED = json.loads((FOLDER.parent / "pages.json").read_text("utf-8"))
SHOWN = {
    "speech",
    "lead",
    "heading",
    "note",
    "quote",
    "elision",
    "caption",
    "credit",
    "unrecognised",
    "link_title",
    "furniture",
}


def read_page(name: str) -> tuple[list[str], bool]:
    """The body of a page line by line as `kind: words`, a label as `name / role:`, and whether the page is whole."""
    text = (FOLDER / f"{name}.txt").read_bytes().decode("utf-8")
    spans = kremlin_text.split(text)
    assert len(spans) == 1
    start, end = spans[0]
    document = text[start:end]
    blocks = kremlin_text.parse(document)
    check_tiling(document, blocks)
    seen = []
    for block in blocks:
        if isinstance(block.value, Speaker):
            seen.append(f"{block.value.name} / {block.value.role} / {block.value.kind}")
        elif block.kind in SHOWN:
            seen.append(f"{block.kind}: {fold(document[block.start : block.end])}")
    return seen, kremlin_text.is_complete(blocks)


def test_every_page_has_its_expectation() -> None:
    assert sorted(EXPECTED) == sorted(path.stem for path in FOLDER.glob("*.txt"))


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_page_reads_as_a_reader_sees_it(name: str) -> None:
    seen, complete = read_page(name)
    assert seen == EXPECTED[name]["body"]
    assert complete == EXPECTED[name]["complete"]


def test_what_is_said_twice_is_not_taken_for_a_page() -> None:
    assert kremlin_text.split("") == []
    assert kremlin_text.parse("") == []
    assert kremlin_text.parse(" \n\t\r\n ") == []
