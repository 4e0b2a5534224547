"""Pages whose white space was folded say the same as pages of lines, as far as that can be told."""

from __future__ import annotations

import pytest

from tasks import formats
from tasks.formats import kremlin_text, kremlin_text_ru
from tasks.formats.blocks import Block, Speaker, check_tiling, fold
from tasks.formats.edition import Edition
from tasks.formats.editions import ENGLISH, RUSSIAN
from tasks.formats.unfold import part_head
from tests.formats.projection import RUSSIAN_DUMPS, SAMPLE_DUMP

EDITIONS = {"en": (ENGLISH, SAMPLE_DUMP), "ru": (RUSSIAN, RUSSIAN_DUMPS[0])}


def pages(language: str) -> list[tuple[Edition, str]]:
    edition, dump = EDITIONS[language]
    text = dump.read_bytes().decode()
    return [(edition, text[start:end]) for start, end in kremlin_text.split(text, edition)]


# What folding makes untold: where a credit ends, and where a town without a comma ends before a bare name.
UNTOLD = {("en", 4): "credit", ("en", 6): "town", ("en", 11): "credit"}
PAGES = [
    pytest.param(
        *page,
        id=f"{language}-{n}",
        marks=[pytest.mark.xfail(strict=True, reason=UNTOLD[language, n])] if (language, n) in UNTOLD else [],
    )
    for language in EDITIONS
    for n, page in enumerate(pages(language))
]


def turns(text: str, edition: Edition) -> list[tuple[object, ...]]:
    """Speaker and label of each turn, with the words of what is spoken in it."""
    found: list[tuple[object, ...]] = []
    words: list[str] = []
    for block in kremlin_text.parse(text, edition):
        if isinstance(block.value, Speaker):
            words = []
            found.append((block.value, fold(text[block.start : block.end]), words))
        elif block.kind == "speech":
            words += fold(text[block.start : block.end]).split(" ")
    return found


def values(text: str, edition: Edition, kinds: set[str]) -> list[tuple[str, object]]:
    return [(block.kind, block.value) for block in kremlin_text.parse(text, edition) if block.kind in kinds]


@pytest.mark.parametrize(("edition", "page"), PAGES)
def test_a_folded_page_has_the_labels_of_its_lines(edition: Edition, page: str) -> None:
    line = fold(page)
    blocks = kremlin_text.parse(line, edition)
    check_tiling(line, blocks)
    assert [turn[:2] for turn in turns(line, edition)] == [turn[:2] for turn in turns(page, edition)]
    kinds = {"date", "time", "sections", "published_at", "tag_facet", "tag_more", "end_mark", "status"}
    assert values(line, edition, kinds) == values(page, edition, kinds)
    assert kremlin_text.is_complete(blocks)


def test_folded_words_stay_with_their_speaker() -> None:
    edition, page = pages("ru")[0]
    assert turns(fold(page), edition) == turns(page, edition)


@pytest.mark.parametrize("language", EDITIONS)
@pytest.mark.parametrize("between", ["\n", " ", "\r\n", ""])
def test_folded_pages_are_split_however_they_are_joined(language: str, between: str) -> None:
    edition = EDITIONS[language][0]
    lines = [fold(page) for _, page in pages(language)]
    text = between.join(lines)
    assert [text[start:end] for start, end in kremlin_text.split(text, edition)] == lines
    assert formats.choose(text) is formats.FORMATS["kremlin-text" if language == "en" else "kremlin-text-ru"]


@pytest.mark.parametrize("names", [("О.Вандер", "Ю.Кох"), ("Ш.Аль-Тарн", "Э.О’Лунд"), ("К.-Ж.Ёлкин", "Дж.Орлин-Керн")])
def test_it_is_no_matter_who_speaks(names: tuple[str, str]) -> None:
    text = fold(pages("ru")[0][1])
    renamed = text.replace("Х.Сторр", names[0]).replace("А.Линд", names[1])
    expected = [str(turn[1]).replace("Х.Сторр", names[0]).replace("А.Линд", names[1]) for turn in turns(text, RUSSIAN)]
    assert [turn[1] for turn in turns(renamed, RUSSIAN)] == expected


def test_what_folding_lost_is_said() -> None:
    folded = kremlin_text_ru.doubts(fold(pages("ru")[0][1]))
    assert [doubt.partition(":")[0] for doubt in folded] == ["paragraph_count", "tags"]
    assert kremlin_text_ru.doubts(pages("ru")[0][1]) == []


def test_a_title_that_is_known_parts_it_from_the_summary() -> None:
    text = "Talks in Lessk The talks were held."
    head = [Block("head", 0, len(text))]
    assert part_head(text, head, "Talks in Lessk") == [Block("title", 0, 14), Block("summary", 15, 35)]
    assert part_head(text, head, "Talks") == [Block("title", 0, 5), Block("summary", 6, 35)]
    assert part_head(text, head, "Talks in Less") == head
    assert part_head(text, head, text) == head


def test_a_label_in_the_middle_of_a_sentence_is_none() -> None:
    page = fold(pages("ru")[0][1])
    told = page.replace("Х.Сторр: А паром?", "Х.Сторр: А паром? Как сказал А.Линд: реки соединяют.")
    assert told != page
    assert [turn[1] for turn in turns(told, RUSSIAN)] == [turn[1] for turn in turns(page, RUSSIAN)]
