"""Characters that nobody sees, accents set apart and colons of another width: a label with them is a label."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tasks.formats import FORMATS, kremlin_text, kremlin_text_ru, labelled_text
from tasks.formats.blocks import Block, Speaker, check_tiling, fold
from tasks.formats.shadow import cast_shadow, read_by_shadow
from tests.support import Command

PAGE = """Events
Meeting on ferries
March 4, 2021
12:00
Lessk
President of Sorland Harald Storr: Good day, colleagues.
Prime Minister of Valdoria Nicolás Marén: We are ready.
The ferry is late.
Harald Storr: Good.
Publication status
Published in sections: News, Transcripts
Publication date: March 4, 2021, 12:00
Text version
"""
RUSSIAN = """События
Встреча о паромах
4 марта 2021 года
12:00
Лесск
Х.Сторр: Добрый день, коллеги.
Г.Гайдай: Мы готовы.
Паром опаздывает.
Х.Сторр: Хорошо.
Статус материала
Опубликован в разделах: Новости, Выступления и стенограммы
Дата публикации: 4 марта 2021 года, 12:00
Текстовая версия
"""
RECORD = """CHAIRMAN: Good day, colleagues. We begin.
MR. MARÉN: We are ready. Now.
The ferry is late.
CHAIRMAN: Good. We go on with the boats.
MR. MARÉN: The boats are new.
CHAIRMAN: Then we are done here.
"""
PRIME_MINISTER = Speaker("Nicolás Marén", "Prime Minister of Valdoria", "person")
PLAIN = {
    "en": (PAGE, "Prime Minister of Valdoria Nicolás Marén", PRIME_MINISTER, "We are ready."),
    "ru": (RUSSIAN, "Г.Гайдай", Speaker("Г. Гайдай", None, "person"), "Мы готовы."),
    "labelled": (RECORD, "MR. MARÉN", Speaker("MARÉN", None, "person"), "We are ready. Now."),
}
PARSERS = {"en": kremlin_text, "ru": kremlin_text_ru, "labelled": labelled_text}


def turns(name: str, text: str) -> list[tuple[str, object, list[str]]]:
    """Label, speaker and paragraphs of each turn, as printed."""
    found: list[tuple[str, object, list[str]]] = []
    for start, end in PARSERS[name].split(text):
        document = text[start:end]
        blocks = PARSERS[name].parse(document)
        check_tiling(document, blocks)
        for block in blocks:
            words = fold(document[block.start : block.end])
            if isinstance(block.value, Speaker):
                found.append((words, block.value, []))
            elif block.kind == "speech":
                found[-1][2].append(words)
    return found


# name: what becomes of a label and its colon
DAMAGES = {
    "soft hyphen inside": lambda label: f"{label[:-2]}\N{SOFT HYPHEN}{label[-2:]}:",
    "zero width joiner inside": lambda label: f"{label[:-2]}\N{ZERO WIDTH JOINER}{label[-2:]}:",
    "zero width space before": lambda label: f"\N{ZERO WIDTH SPACE}{label}:",
    "word joiner before": lambda label: f"\N{WORD JOINER}{label}:",
    "byte order mark before": lambda label: f"\N{ZERO WIDTH NO-BREAK SPACE}{label}:",
    "marks of direction around": lambda label: f"\N{LEFT-TO-RIGHT MARK}{label}\N{RIGHT-TO-LEFT MARK}:",
    "isolates around": lambda label: f"\N{FIRST STRONG ISOLATE}{label}\N{POP DIRECTIONAL ISOLATE}:",
    "accents set apart": lambda label: unicodedata.normalize("NFD", label) + ":",
    "wide colon": lambda label: f"{label}\N{FULLWIDTH COLON}",
    "ratio for a colon": lambda label: f"{label}\N{RATIO}",
}


@pytest.mark.parametrize(
    ("name", "folded"), [("en", False), ("en", True), ("ru", False), ("ru", True), ("labelled", False)]
)
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_label_is_read_as_a_reader_sees_it_and_stays_as_printed(name: str, damage: str, folded: bool) -> None:
    page, label, speaker, words = PLAIN[name]
    page = fold(page) if folded else page
    printed = DAMAGES[damage](label)
    plain = turns(name, page)
    seen = turns(name, page.replace(f"{label}: {words}", f"{printed} {words}"))
    assert plain[1][:2] == (label, speaker)
    assert seen[1][:2] == (printed.rstrip("\N{RATIO}\N{FULLWIDTH COLON}:"), speaker)
    assert [turn[1:] for turn in seen] == [turn[1:] for turn in plain]
    assert [turn[0] for turn in seen[2:]] == [turn[0] for turn in plain[2:]]


def test_a_stress_mark_is_no_letter_of_the_name() -> None:
    acute = "\N{COMBINING ACUTE ACCENT}"
    page = RUSSIAN.replace("Г.Гайдай: Мы", f"Г.Га{acute}йдай: М{acute}ы")
    assert turns("ru", page)[1] == (
        f"Г.Га{acute}йдай",
        Speaker("Г. Гайдай", None, "person"),
        [f"М{acute}ы готовы.", "Паром опаздывает."],
    )


def test_a_wide_colon_has_no_space_behind_it() -> None:
    seen = turns("labelled", RECORD.replace(": ", "\N{FULLWIDTH COLON}"))
    assert seen == turns("labelled", RECORD)
    assert labelled_text.sniff(RECORD.replace(": ", "\N{FULLWIDTH COLON}")) == labelled_text.sniff(RECORD) > 0


def test_what_is_said_keeps_every_character() -> None:
    said = "We\N{SOFT HYPHEN} are ready. Cafe\N{COMBINING ACUTE ACCENT}\N{RIGHT-TO-LEFT MARK}"
    assert turns("en", PAGE.replace("We are ready.", said))[1][2] == [said, "The ferry is late."]


def test_a_row_of_unseen_characters_is_furniture() -> None:
    page = PAGE.replace("The ferry", "\N{ZERO WIDTH SPACE}\N{WORD JOINER}\nThe ferry")
    assert turns("en", page) == turns("en", PAGE)
    blocks = kremlin_text.parse(page)
    assert [fold(page[one.start : one.end]) for one in blocks if one.kind == "furniture"] == [
        "\N{ZERO WIDTH SPACE}\N{WORD JOINER}"
    ]


def test_a_text_without_such_characters_casts_no_shadow() -> None:
    assert [cast_shadow(text) for text in ("", "Ada Lind: Good day.", PAGE, RUSSIAN)] == [None] * 4


def test_the_byte_order_mark_of_a_file_stays() -> None:
    shadow = cast_shadow("\N{ZERO WIDTH NO-BREAK SPACE}A\N{SOFT HYPHEN}da")
    assert shadow is not None
    assert shadow.text == "\N{ZERO WIDTH NO-BREAK SPACE}Ada"


UNLIKE = st.text(
    "ae \n.:йТ"
    "\N{SOFT HYPHEN}\N{ZERO WIDTH SPACE}\N{COMBINING ACUTE ACCENT}\N{COMBINING BREVE}\N{FULLWIDTH COLON}\N{RATIO}"
    "\N{ZERO WIDTH NO-BREAK SPACE}",
    max_size=40,
)


@given(UNLIKE)
@example("\N{ZERO WIDTH SPACE}\N{FULLWIDTH COLON}")
@example("a \N{ZERO WIDTH SPACE}e\N{COMBINING ACUTE ACCENT}")
def test_words_of_a_shadow_tile_its_text(text: str) -> None:
    def read(seen: str) -> list[Block]:
        at = 0
        blocks = []
        for word in seen.split():
            at = seen.index(word, at)
            blocks.append(Block("speech", at, at + len(word)))
            at += len(word)
        return blocks

    check_tiling(text, read_by_shadow(text, read))


@given(UNLIKE.map(lambda text: PAGE.replace("ready", text).replace("Harald", text)))
def test_a_page_of_such_characters_is_tiled(text: str) -> None:
    for format_ in (FORMATS["kremlin-text"], FORMATS["labelled-text"]):
        for start, end in format_.split(text):
            check_tiling(text[start:end], format_.parse(text[start:end]))


def test_a_lake_of_such_labels_verifies(stenolake: Command, tmp_path: Path) -> None:
    page = PAGE.replace("Harald Storr: Good.", "\N{LEFT-TO-RIGHT MARK}Harald St\N{SOFT HYPHEN}orr\N{RATIO} Good.")
    (tmp_path / "page.txt").write_text(unicodedata.normalize("NFD", page), "utf-8")
    lake = tmp_path / "lake"
    assert stenolake("ingest", tmp_path / "page.txt", "--lake", lake).code == 0
    asked = "select speaker_label, speaker_name, speaker_id, text from turns order by turn_index"
    assert stenolake("sql", asked, "--lake", lake, "--json").json["rows"] == [
        ["President of Sorland Harald Storr", "Harald Storr", "harald-storr", "Good day, colleagues."],
        [
            unicodedata.normalize("NFD", "Prime Minister of Valdoria Nicolás Marén"),
            "Nicolás Marén",
            "nicolas-maren",
            "We are ready.\n\nThe ferry is late.",
        ],
        ["\N{LEFT-TO-RIGHT MARK}Harald St\N{SOFT HYPHEN}orr", "Harald Storr", "harald-storr", "Good."],
    ]
    assert stenolake("verify", "--lake", lake, "--json").json["damage"] == []
