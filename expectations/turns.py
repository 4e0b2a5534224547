"""What must be true of `turns`."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations import vocabulary
from expectations.arrays import Ints, Mask, ints, true
from expectations.common import belonging
from expectations.facts import Batch, Facts, belonging_facts
from expectations.rules import (
    CONTRACT,
    CRITICAL,
    HEALTHY,
    WARNING,
    Rule,
    at_most_chars,
    equal,
    matching,
    not_matching,
    one_of,
)
from expectations.texts import Texts

_CODE = "a fault of the code that makes the tables."
_BYTES = 40  # bits of a byte offset: a terabyte
_LOST = "The paragraphs after the label went elsewhere, or the label is none."

RULES: tuple[Rule, ...] = (
    *belonging("turns"),
    Rule(
        "turns.text.present",
        ("text", "speaker_label"),
        CRITICAL,
        one_of("is_silent", [False]),
        f"A speaker is announced and says nothing, and no mark says that words were left out. {_LOST}",
        HEALTHY + ": every label is followed by words",
        shown=("speaker_label", "text"),
    ),
    Rule(
        "turns.speaker_label.present",
        ("speaker_label",),
        CRITICAL,
        matching("speaker_label", r"\S"),
        "The label of the turn is blank: white space was taken for a speaker.",
        CONTRACT,
    ),
    Rule(
        "turns.speaker_label.length",
        ("speaker_label",),
        CRITICAL,
        at_most_chars("speaker_label", 260),
        "The label is longer than any that was ever printed: words that were said stand in it.",
        HEALTHY + ": the longest of 1,457 labels has 194 characters",
    ),
    Rule(
        "turns.speaker_label.long",
        ("speaker_label",),
        WARNING,
        at_most_chars("speaker_label", 120),
        "The label is unusually long: see whether words that were said stand in it.",
        HEALTHY + ": one of 1,457 labels is longer",
    ),
    Rule(
        "turns.speaker_label.colon",
        ("speaker_label",),
        WARNING,
        not_matching("speaker_label", r":\s*$"),
        "The label still ends in its colon, which belongs to the mark and not to the speaker.",
        "contract: turns.speaker_label",
    ),
    Rule(
        "turns.speaker_label.encoding",
        ("speaker_label",),
        WARNING,
        not_matching("speaker_label", vocabulary.ENCODING),
        "The label was read in a wrong encoding or holds control characters: export the page as UTF-8.",
        HEALTHY + ": no label holds any",
    ),
    Rule(
        "turns.speaker_kind.known",
        ("speaker_kind",),
        CRITICAL,
        one_of("speaker_kind", vocabulary.KINDS_OF_SPEAKER),
        f"The kind of speaker is none of those that the schema describes: {_CODE}",
        CONTRACT,
    ),
    Rule(
        "turns.speaker_kind.person_named",
        ("speaker_kind", "speaker_name", "speaker_role"),
        CRITICAL,
        one_of("is_nobody", [False]),
        "The speaker is said to be a person but has neither a name nor a role, so the words belong to nobody.",
        "contract: turns.speaker_kind",
        shown=("speaker_label", "speaker_kind"),
    ),
    Rule(
        "turns.speaker_name.digits",
        ("speaker_name",),
        CRITICAL,
        not_matching("speaker_name", r"\d"),
        "The name holds a digit: a time, a number or a heading was taken for a speaker.",
        HEALTHY + ": no label holds a digit",
    ),
    Rule(
        "turns.speaker_name.common_word",
        ("speaker_name",),
        CRITICAL,
        not_matching("speaker_name", vocabulary.COMMON_WORD),
        "The name holds a word that no name has: part of a sentence was taken for a speaker, who would be made to say "
        "somebody else's words.",
        HEALTHY + ": no name holds one; expectations/vocabulary.py: NOT_IN_NAMES",
    ),
    Rule(
        "turns.speaker_name.long",
        ("speaker_name",),
        WARNING,
        at_most_chars("speaker_name", 80),
        "The name is unusually long: a role may stand in it.",
        HEALTHY + ": names have up to three words and 21 characters; titles of royalty are longer",
    ),
    Rule(
        "turns.paragraph_count.rows",
        ("paragraph_count",),
        CRITICAL,
        equal("paragraph_count", "spoken_rows"),
        f"The turn counts other paragraphs than point to it in `paragraphs`: {_CODE}",
        CONTRACT,
    ),
    Rule(
        "turns.word_count.rows",
        ("word_count",),
        CRITICAL,
        equal("word_count", "spoken_words"),
        f"The turn counts other words than its paragraphs hold, so its text is not theirs: {_CODE}",
        CONTRACT,
    ),
)


def facts(batch: Batch) -> Facts:
    """What the rules of `turns` judge besides its own columns."""
    table, paragraphs = batch.tables["turns"], batch.tables["paragraphs"]
    turn_rows = batch.turn_rows
    spoken = (turn_rows >= 0) & true(pc.equal(paragraphs["kind"], "speech"))
    spoken_words = np.zeros(table.num_rows, np.int64)
    np.add.at(spoken_words, turn_rows[spoken], batch.paragraphs.words[spoken])
    is_person = true(pc.equal(table["speaker_kind"], "person"))
    unnamed = np.logical_and(*(Texts.of(table[column]).is_blank for column in ("speaker_name", "speaker_role")))
    return {
        **belonging_facts(batch, "turns"),
        "is_silent": pa.array(Texts.of(table["text"]).is_blank & ~_is_left_out(batch)),
        "is_nobody": pa.array(is_person & unnamed),
        "spoken_rows": pa.array(np.bincount(turn_rows[spoken], minlength=table.num_rows), pa.int32()),
        "spoken_words": pa.array(spoken_words, pa.int32()),
    }


def _is_left_out(batch: Batch) -> Mask:
    """Whether what comes next behind a turn, before another one, is an elision or a stage direction."""
    turns, paragraphs = batch.tables["turns"], batch.tables["paragraphs"]
    begins, ends = _places(batch, "turns", "byte_start"), _places(batch, "turns", "byte_end")
    shown = _places(batch, "paragraphs", "byte_start")
    order = np.argsort(shown, kind="stable")
    marks = true(pc.is_in(paragraphs["kind"], value_set=pa.array(["elision", "note"])))[order]
    last = np.iinfo(np.int64).max
    shown, marks = np.append(shown[order], last), np.append(marks, False)
    following = np.append(np.sort(begins), last)
    at = np.searchsorted(shown, ends)
    before_next = shown[at] < following[np.searchsorted(following, begins, side="right")]
    same = (shown[at] >> _BYTES) == (ends >> _BYTES)
    left_out: Mask = marks[at] & before_next & same
    assert len(left_out) == turns.num_rows
    return left_out


def _places(batch: Batch, table: str, column: str) -> Ints:
    """A number a row that orders rows by document and byte."""
    return (batch.document_rows(table) << _BYTES) + ints(batch.tables[table][column], missing=0)
