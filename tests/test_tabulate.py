"""Blocks as columns: what they give for many documents at once is what each block gives alone."""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.block_columns import read_columns
from tasks.document import Document
from tasks.formats.blocks import FURNITURE, Block, Speaker, fold
from tasks.origin import Origin
from tasks.tabulate import tabulate
from tasks.told import Fact, Told

ORIGIN = Origin("lessk", "en", "UTC", "test/1", "a" * 64, "b" * 64, "run", dt.datetime(2026, 11, 23, tzinfo=dt.UTC))
ADA = Speaker("Ada Lind", None, "person")

# Letters of one, two, three and four bytes; white space of one, two and three bytes, beyond the space and in runs.
WORDS = st.text("aé…𝔸.,”\u200b", min_size=1, max_size=4)
SPACES = st.sampled_from(" |  |\n|\r\n|\t|\x1c|\N{NO-BREAK SPACE}|\N{EM SPACE}|\u2028|\x85| \n \n  \n".split("|"))
KINDS = st.sampled_from("title lead speech heading tag_facet tag unrecognised speaker_label label_mark".split())


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, list[Block]]:
    """A text, and blocks that tile it."""
    text, blocks = draw(st.sampled_from(["", " ", "\n\n"])), []
    for kind in draw(st.lists(KINDS, min_size=1, max_size=6)):
        first, *rest = draw(st.lists(WORDS, min_size=1, max_size=3))
        words = first + "".join(draw(SPACES) + word for word in rest)
        value = ADA if kind == "speaker_label" else "topic" if kind == "tag_facet" else None
        blocks.append(Block(kind, len(text), len(text) + len(words), value))
        text += words + draw(st.one_of(st.just(""), SPACES))
    return text, blocks


@given(st.lists(documents(), min_size=1, max_size=4), st.integers(0, 1000))
def test_columns_say_of_each_block_what_the_block_says(made: list[tuple[str, list[Block]]], base: int) -> None:
    columns, faults = read_columns([Document(text, blocks, base, ORIGIN) for text, blocks in made])
    assert not faults
    at = 0
    for number, (text, blocks) in enumerate(made):
        data = text.encode()
        assert columns.firsts[number] == at
        for block in blocks:
            said = text[block.start : block.end]
            assert columns.owners[at] == number
            assert data[columns.starts[at] - base : columns.ends[at] - base].decode() == said
            assert columns.texts(np.array([at]))[0].as_py() == fold(said)
            assert columns.words[at] == fold(said).count(" ") + 1
            assert columns.inked[at] == len("".join(said.split()).encode())
            at += 1
    assert columns.firsts[-1] == at == len(columns.kinds)


@given(st.lists(documents(), min_size=1, max_size=4))
def test_a_document_gives_the_same_rows_alone_and_among_others(made: list[tuple[str, list[Block]]]) -> None:
    origins = [replace(ORIGIN, dump_sha256=f"{number:064}") for number in range(len(made))]
    whole = [Document(text, blocks, 0, origin) for (text, blocks), origin in zip(made, origins, strict=True)]
    apart = [tabulate([document])[0][0] for document in whole]
    layers, _ = tabulate(whole)
    rows = [row for layer in layers for row in layer.rows["blocks"].to_pylist()]
    for one in apart:
        for row in one.rows["blocks"].to_pylist():
            assert row in rows
    document = apart[0].rows["documents"].to_pylist()[0]
    text, blocks = made[0]
    said = "".join(f"{fold(text[one.start : one.end])}\n" for one in blocks if one.kind not in FURNITURE)
    assert document["content_sha256"] == hashlib.sha256(said.encode()).hexdigest()


PAGE = "Ada Lind: Good day.\n\nThank you."
TILING = [
    Block("speaker_label", 0, 8, ADA), Block("label_mark", 8, 9), Block("speech", 10, 19), Block("speech", 21, 31),
]  # fmt: skip


def _swap(blocks: list[Block], at: int, **other: object) -> list[Block]:
    return [*blocks[:at], blocks[at]._replace(**other), *blocks[at + 1 :]]


@pytest.mark.parametrize(
    ("blocks", "told"),
    [
        (TILING[1:], "gap before block 0 (label_mark): 'Ada Lind'"),
        (TILING[:3], "gap after the last block: '\\n\\nThank you.'"),
        (_swap(TILING, 2, start=11), "gap before block 2 (speech): ' G'"),
        (_swap(TILING, 2, start=9), "block 2 (speech): begins or ends in white space"),
        (_swap(TILING, 2, end=20), "block 2 (speech): begins or ends in white space"),
        (_swap(TILING, 2, start=8), "block 2 (speech): span 8-19 after 9 is no span"),
        (_swap(TILING, 3, end=32), "block 3 (speech): span 21-32 after 19 is no span"),
        (_swap(TILING, 3, kind="prose"), "block 3: unknown kind 'prose'"),
    ],
    ids=["first lost", "last lost", "letter lost", "space before", "space behind", "overlap", "beyond the end", "kind"],
)
def test_a_document_that_its_blocks_do_not_tile_is_named_and_the_others_have_their_rows(
    blocks: list[Block], told: str
) -> None:
    good = Document(PAGE, TILING, 0, ORIGIN)
    other = Document("Good night.", [Block("lead", 0, 11)], 40, ORIGIN)
    (made,), faults = tabulate([good, Document(PAGE, blocks, 100, ORIGIN), other])
    assert {number: str(fault) for number, fault in faults.items()} == {1: told}
    assert made.counts.to_pydict() == tabulate([good, other])[0][0].counts.to_pydict()
    assert made.rows["paragraphs"]["text"].to_pylist() == ["Good day.", "Thank you.", "Good night."]
    assert made.rows["turns"]["text"].to_pylist() == ["Good day.\n\nThank you."]


def test_a_document_that_is_met_again_in_other_words_goes_to_tables_of_its_own() -> None:
    def page(words: str) -> Document:
        text = f"Talk\n{words}"
        return Document(text, [Block("title", 0, 4, dt.date(2020, 1, 2)), Block("lead", 5, len(text))], 0, ORIGIN)

    layers, _ = tabulate([page("One."), page("One."), page("Two."), page("One.")])
    assert [layer.rows["paragraphs"]["text"].to_pylist() for layer in layers] == [["One."], ["Two."]]
    assert [layer.repeated for layer in layers] == [2, 0]
    (document_id,) = layers[0].rows["documents"]["document_id"].to_pylist()
    assert [sorted(layer.twice) for layer in layers] == [[document_id], []]


def test_spans_of_neighbours_never_run_together() -> None:
    """The last block of one document and the first of the next make no photo, no link and no turn together."""
    texts = {
        "A boat": [Block("photo_counter", 0, 1, 3), Block("link_title", 2, 6)],
        "May 4\nGo.": [Block("link_date", 0, 5), Block("speech", 6, 9)],
        "Storr\nOn.": [Block("credit", 0, 5), Block("speaker_label", 6, 9, ADA)],
        "No.": [Block("speech", 0, 3)],
    }
    days = [replace(ORIGIN, told=Told(date=Fact(dt.date(2020, 1, day), "told"))) for day in range(1, 5)]
    found = [Document(*text, 0, origin) for text, origin in zip(texts.items(), days, strict=True)]
    (made,), faults = tabulate(found)
    assert not faults
    assert made.rows["photos"].select(["credit", "album_size"]).to_pylist() == [
        {"credit": None, "album_size": 3},
        {"credit": "Storr", "album_size": None},
    ]
    assert made.rows["links"]["date_label"].to_pylist() == [None]
    assert made.rows["paragraphs"]["turn_index"].to_pylist() == [None, None]
