"""The label grammar, case by case: `cases/labels.tsv`, and `labels-ru.tsv` for the Russian edition."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.formats.blocks import Speaker
from tasks.formats.edition import Edition
from tasks.formats.editions import ENGLISH, RUSSIAN
from tasks.formats.evidence import Evidence, turn_round
from tasks.formats.label_parts import split_note
from tasks.formats.labels import MAX_LABEL_CHARS, read_label

CASES = Path(__file__).parent / "cases"
FILES = {"labels.tsv": ENGLISH, "labels-ru.tsv": RUSSIAN}


def read_cases() -> list[tuple[Edition, tuple[str, ...]]]:
    return [
        (edition, tuple(line.split("\t")))
        for name, edition in FILES.items()
        for line in (CASES / name).read_text("utf-8").splitlines()
        if line and not line.startswith("#")
    ]


@pytest.mark.parametrize(("edition", "case"), [pytest.param(*case, id=case[1][0][:40]) for case in read_cases()])
def test_a_label_says_who_speaks(edition: Edition, case: tuple[str, ...]) -> None:
    printed, kind, name, role, note = (*case, "", "", "", "")[:5]
    label = read_label(printed, Evidence(edition))
    if kind == "-":
        assert label is None
        return
    assert label is not None
    assert (label.speaker, label.note) == (Speaker(name or None, role or None, kind), note or None)  # type: ignore[arg-type]


def test_a_surname_alone_is_a_label_only_where_the_document_knows_it() -> None:
    evidence = Evidence()
    assert read_label("Storr", evidence) is None
    evidence.add(Speaker("Harald Storr", "President of Sorland", "person"))
    label = read_label("Storr", evidence)
    assert label is not None
    assert evidence.resolve(label.speaker) == Speaker("Storr", "President of Sorland", "person")


def test_a_thing_is_no_trade_though_it_ends_like_one() -> None:
    labels = [read_label(printed, Evidence(RUSSIAN)) for printed in ("Сопредседатель А.Линд", "Памятник А.Линду")]
    assert [label.strength for label in labels if label] == ["strong", "weak"]


def test_a_surname_that_two_persons_share_takes_no_role() -> None:
    evidence = Evidence()
    evidence.add(Speaker("Harald Storr", "President of Sorland", "person"))
    evidence.add(Speaker("Ada Storr", "Mayor of Lessk", "person"))
    assert evidence.resolve(Speaker("Storr", None, "person")).role is None
    assert evidence.resolve(Speaker("A. Storr", None, "person")).role is None
    assert evidence.resolve(Speaker("Ada Storr", None, "person")).role == "Mayor of Lessk"


def test_initials_take_the_role_of_the_full_name() -> None:
    evidence = Evidence()
    evidence.add(Speaker("Harald Storr", "President of Sorland", "person"))
    assert evidence.resolve(Speaker("H. Storr", None, "person")).role == "President of Sorland"
    assert evidence.resolve(Speaker("K. Storr", None, "person")).role is None


def test_a_later_role_replaces_an_earlier_one() -> None:
    evidence = Evidence()
    evidence.add(Speaker("Ada Lind", "Acting Mayor of Lessk", "person"))
    evidence.add(Speaker("Ada Lind", "Mayor of Lessk", "person"))
    assert evidence.resolve(Speaker("Ada Lind", None, "person")).role == "Mayor of Lessk"


def test_a_tag_helps_to_tell_the_name_from_a_body() -> None:
    printed = "Director of Novaya Gavan Ana Maria Lind"
    alone = read_label(printed, Evidence())
    assert alone is not None
    assert alone.speaker.name == "Maria Lind"
    tagged = read_label(printed, Evidence(names={turn_round("Lind Ana Maria").casefold()}))
    assert tagged is not None
    assert tagged.speaker == Speaker("Ana Maria Lind", "Director of Novaya Gavan", "person")


@pytest.mark.parametrize(
    ("tag", "name"), [("Lind Ada", "Ada Lind"), ("Lind Ana Maria", "Ana Maria Lind"), ("Magnus", "Magnus")]
)
def test_a_tag_is_turned_round(tag: str, name: str) -> None:
    assert turn_round(tag) == name


def test_a_bracket_at_the_start_is_no_note() -> None:
    assert split_note("(retranslated)") == ("(retranslated)", None)
    assert split_note("Ada Lind [by telephone]") == ("Ada Lind", "[by telephone]")


def test_a_text_that_is_too_long_is_no_label() -> None:
    assert read_label("Head of the " + "very " * MAX_LABEL_CHARS + "Ada Lind", Evidence()) is None
    assert read_label("", Evidence()) is None
    assert read_label("   ", Evidence()) is None


def test_what_the_head_names_is_a_speaker_only_if_it_looks_like_a_person() -> None:
    evidence = Evidence(head="Lars King speaks at the Forum of River Cities / Lessk Festival of Ferries")
    known = read_label("Lars King", evidence)
    assert known is not None
    assert known.strength == "known"
    assert read_label("Forum of River Cities", evidence) is None
    assert read_label("Lessk Festival", evidence) is None
