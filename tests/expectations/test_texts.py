"""What is asked of all texts at once is what each would say by itself, whatever stands in them and around them."""

from __future__ import annotations

import random

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from expectations import arrays, vocabulary
from expectations.arrays import are_distinct, changes, flat
from expectations.texts import Texts

WORDS = ["", "a", "the mills", "Ada Lind: yes", "жара", "вода: да", "“so”", "10:30", ":", "x" * 70, "\u200b", "é", "🌊"]


def made(seed: int) -> list[str | None]:
    chance = random.Random(seed)
    texts = [" ".join(chance.choices(WORDS, k=chance.randint(0, 9))).strip() for _ in range(chance.randint(0, 400))]
    return [None if seed % 3 == 0 and chance.random() < 0.1 else text for text in texts]


def columns(texts: list[str | None]) -> list[pa.Array | pa.ChunkedArray]:
    """The same texts in one piece, as part of a longer column, and in two pieces."""
    whole, half = pa.array(texts, pa.string()), len(texts) // 2
    within = pa.array(["before", *texts, "behind"], pa.string()).slice(1, len(texts))
    return [whole, within, pa.chunked_array([whole[:half], whole[half:]], pa.string())]


@pytest.mark.parametrize("seed", range(30))
def test_a_sweep_says_what_each_text_says(seed: int) -> None:
    texts = made(seed)
    plain = [text or "" for text in texts]
    for column in columns(texts):
        found = Texts.of(column)
        assert found.sizes.tolist() == [len(text.encode()) for text in plain]
        assert found.chars.tolist() == [len(text) for text in plain]
        assert found.words.tolist() == [text.count(" ") + bool(text) for text in plain]
        assert found.first_colons.tolist() == [text.encode().find(b":") for text in plain]
        assert found.is_blank.tolist() == [not text for text in plain]
        first = {text: row for row, text in reversed(list(enumerate(texts)))}
        assert found.numbers.tolist() == [first[text] for text in texts]
        rows = np.flatnonzero(found.first_colons >= 0)
        heads = [plain[row].partition(":")[0] for row in rows]
        assert found.heads(rows, found.first_colons[rows]).to_pylist() == heads


def test_texts_larger_than_what_is_looked_at_together() -> None:
    texts = ["a b: c " * size for size in (100_000, 0, 1, 18_724, 18_725)]  # the last two meet at the end of a block
    found = Texts.of(pa.array(texts))
    assert found.words.tolist() == [text.count(" ") + bool(text) for text in texts]
    assert found.first_colons.tolist() == [text.find(":") for text in texts]


def test_every_character_is_blank_or_not_as_arrow_has_it() -> None:
    every = [chr(code) for code in range(0x11_0000) if not 0xD800 <= code <= 0xDFFF]
    column = pa.array(every)
    assert (Texts.of(column).is_blank == pc.equal(pc.utf8_trim_whitespace(column), "").to_numpy(False)).all()


def test_texts_that_end_alike_are_told_apart() -> None:
    end = "and so on, until the thaw comes to the barns of Lessk."
    texts = [f"{number % 7} {end}" for number in range(40)] + [end, f"{end} {end}"] * 2
    numbers = Texts.of(pa.array(texts)).numbers
    assert [texts[number] for number in numbers.tolist()] == texts
    assert len(set(numbers.tolist())) == len(set(texts))


@pytest.mark.parametrize("seed", range(20))
def test_distinct_values_are_told_from_repeated_ones(seed: int) -> None:
    chance = random.Random(seed)
    for size in (0, 1, 2, 50):
        names = [f"{chance.randint(0, 10 ** (seed % 5)):030d}" for _ in range(size)]
        numbers = [chance.choice([None, chance.randint(-(10 ** (seed % 5)), 10)]) for _ in range(size)]
        assert are_distinct(pa.array(names, pa.string())) == (bool(size) and len(set(names)) == size)
        known = [number for number in numbers if number is not None]
        assert are_distinct(pa.array(numbers, pa.int64())) == (len(set(known)) == len(known))
    assert not are_distinct(pa.array(["a", "bc"])), "texts of several lengths need a longer look"


def test_a_value_changes_where_it_differs_from_the_one_ahead() -> None:
    column = pa.chunked_array([["a", "a", None], [None, "b", "b"]])
    assert changes(column).tolist() == [True, False, True, True, True, False]
    assert changes(pa.array([], pa.string())).tolist() == []


def test_a_column_in_one_piece_is_not_copied() -> None:
    column = pa.chunked_array([["a", "b"]])
    assert flat(column).buffers()[2].address == column.chunk(0).buffers()[2].address
    rows = arrays.as_rows(column)
    assert rows is not None
    assert rows.ctypes.data == column.chunk(0).buffers()[2].address


def test_one_search_finds_what_each_expression_finds() -> None:
    every = "|".join(f"(?:{each})" for each in vocabulary.NOT_IN_TEXTS)
    texts = pa.array(
        [None, "We met.", "May 1, 2021", "<b>", "cafÃ©", "a\x07", "Skip to content", "Events", "so Events."]
    )
    apart = [pc.match_substring_regex(texts, each).fill_null(False).to_numpy(False) for each in vocabulary.NOT_IN_TEXTS]
    together = pc.match_substring_regex(texts, every).fill_null(False).to_numpy(False)
    assert together.tolist() == np.logical_or.reduce(apart).tolist() == [False, False, *[True] * 6, False]


@pytest.mark.parametrize("expression", vocabulary.NEEDED)
def test_what_an_expression_matches_holds_a_byte_that_it_needs(expression: str) -> None:
    every = [chr(code) for code in (*range(0x3000), 0xFFFD)]
    # what matches by itself, behind one of these, or between two spaces that nobody sees
    for first in ("", *"ÃâÐÑР", "\u200b"):
        texts = pa.array([f"{first}{character}{'€' * (first == 'â')}{first}ab{first}" for character in every])
        matched = texts.filter(pc.match_substring_regex(texts, expression))
        assert first == "" or len(matched)
        needed = vocabulary.NEEDED[expression]
        assert [text for text in matched.to_pylist() if not set(text.encode()) & set(needed)] == []
    assert not Texts.of(pa.array(["“Good” — plain, so’s this…"])).holds_any(vocabulary.NEEDED[expression])
