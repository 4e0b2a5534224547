"""What the rules of `paragraphs` judge besides its columns: their turns, marks of the page, labels, equal texts."""

from __future__ import annotations

import re
from collections.abc import Set

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations import vocabulary
from expectations.arrays import Ints, Mask, changes, flat, ints, nullable, true
from expectations.doubts import labels_doubtful, starts_before
from expectations.facts import (
    MANY_PAGES_SHARE,
    Batch,
    Facts,
    belonging_facts,
    bytes_outside,
    pages_alike,
    row_ids,
)

# Shorter words may honestly be said twice: "Thank you very much."
LONG_SPEECH_CHARS = 200

# "The message reads, in part:" is honestly on many pages; from this length on a text is written once.
LONG_TEXT_CHARS = 60

# "Thank you very much." is on every sixth transcript; what is on half of all pages, and announces nothing, is a banner.
SHORT_TEXT_CHARS = 12
MOST_PAGES_SHARE = 0.5

# Lines of a menu or a list of names: so many in a row, each short and without a mark at its end. No page has even four.
MENU_LINES = 4
MENU_CHARS = 30
_LINE_ENDS = '[.!?…:;,”»")—–-]$'

# What stands in a sentence and in no label: its end, a quotation mark, a small word after the first.
_SENTENCE = (
    r"[.!?“”«»](?:\s|$)|"
    r"\s(?:is|was|are|were|has|have|had|will|said|asked|told|wrote|says|to|that|this|I|we|you|it|he|she)\s"
)
_SENTENCE_RE = re.compile(_SENTENCE)

_LABEL_BYTES = 800  # longest label that the rules of `turns` let pass, in its longest encoding

# How a label ends that no other turn has: in a name. Of 745 pages none has a paragraph that begins so.
_NAME_END_RE = re.compile(r"(?:^|\s)[A-ZА-ЯЁ][\w’'-]+ (?:[A-ZА-ЯЁ][\w’'-]*\.? )?[A-ZА-ЯЁ][\w’'-]+$")
# A word alone, or a name and a place: `Harbourpost`, `Ilse, Lessk`. Of 745 pages no speech has a paragraph that does.
_CALLER_RE = re.compile(r"[A-ZА-ЯЁ][\w’'-]{2,}(?:, [A-ZА-ЯЁ][\w’'-]+)?")
_LONG_HEAD_CHARS = 200  # without a mark or a verb: the longest such beginning of a sentence has 180
_COMMON_WORDS = frozenset(vocabulary.NOT_IN_NAMES.split())
_COUNTING_WORDS = frozenset(vocabulary.COUNTING.split())


def facts(batch: Batch) -> Facts:
    """What the rules of `paragraphs` judge besides its own columns."""
    table, turns, turn_rows = batch.tables["paragraphs"], batch.tables["turns"], batch.turn_rows
    has_turn = true(table["turn_id"].is_valid())
    starts, ends = ints(table["byte_start"]), ints(table["byte_end"])
    is_speech = true(pc.equal(table["kind"], "speech"))
    return {
        **belonging_facts(batch, "paragraphs"),
        "is_speech": pa.array(is_speech),
        "has_turn": pa.array(has_turn),
        "has_turn_index": flat(table["turn_index"].is_valid()),
        "turn_known": pa.array((turn_rows >= 0) | ~has_turn),
        "expected_turn_id": _expected_turn_ids(batch),
        "bytes_outside_turn": pa.array(bytes_outside(starts, ends, turns, turn_rows)),
        "is_blank": pa.array(batch.paragraphs.is_blank),
        "span_bytes": pa.array(ends - starts),
        "text_bytes": pa.array(batch.paragraphs.sizes),
        **_page_marks(batch),
        "label_left": _labels_left(batch),
        "label_doubtful": labels_doubtful(batch),
        "start_ms_before": starts_before(batch),
        "pages_alike": _pages_alike(batch),
        "menu_lines": _menu_lines(batch),
        "long_speech": _long_speech(batch, is_speech),
    }


def _expected_turn_ids(batch: Batch) -> pa.Array:
    """The ids of turns that paragraphs must name, as `row_ids` makes them; those that they name where all are the same.

    Each turn is looked at where it begins.
    """
    table = batch.tables["paragraphs"]
    own, indexes, documents = (flat(table[name]) for name in ("turn_id", "turn_index", "document_id"))
    first = changes(own) | changes(indexes)
    first[batch.runs("paragraphs").starts] = True
    at = pa.array(np.flatnonzero(first))
    some, expected = own.take(at), row_ids(documents.take(at), indexes.take(at), "t")
    if (true(pc.equal(some, expected)) | true(pc.and_(some.is_null(), expected.is_null()))).all():
        return own
    return row_ids(documents, indexes, "t")


def _page_marks(batch: Batch) -> Facts:
    """Furniture and date lines in paragraphs of pages. In transcripts of anybody, and in captions, `Events` is a
    heading and `May 1, 2021` a row like another: no site printed them, and nothing ran together.
    """
    rows, at = batch.document_rows("paragraphs"), batch.searched.rows
    plain = true(pc.match_substring_regex(batch.documents["parser"], vocabulary.PROVES_LABELS))
    if len(plain):
        at = at[~(plain[rows[at]] & (rows[at] >= 0))]
    texts = batch.paragraphs.take(at)
    dated = true(pc.match_substring_regex(texts, vocabulary.DATE_LINE))
    phrases = pc.struct_field(pc.extract_regex(texts, f"(?P<phrase>{vocabulary.FURNITURE})"), "phrase")
    return {
        "furniture": _put(phrases, at, len(rows)),
        "date_line": _put(texts.filter(pa.array(dated)), at[dated], len(rows)),
    }


def _put(values: pa.Array, at: Ints, rows: int) -> pa.Array:
    """A column of texts that is null but where values are put."""
    if not len(at):
        return pa.nulls(rows, pa.string())
    places = np.full(rows, -1)
    places[at] = np.arange(len(at))
    return values.take(pa.array(places, mask=places < 0))


def _labels_left(batch: Batch) -> pa.Array:
    """The label of a turn of the same document, or one of an odd form, that a paragraph begins with, where it does."""
    table, turns, colons = batch.tables["paragraphs"], batch.tables["turns"], batch.paragraphs.first_colons
    early = np.flatnonzero((colons >= 0) & (colons < _LABEL_BYTES))  # few, and only these are taken apart
    kinds = flat(table["kind"]).take(pa.array(early))
    rows = early[~true(pc.is_in(kinds, value_set=pa.array(["quote", "note"])))]
    is_spoken = true(pc.equal(flat(table["kind"]).take(pa.array(rows)), "speech"))
    if not len(rows):
        return pa.nulls(table.num_rows, pa.string())
    heads = pc.ascii_rtrim(batch.paragraphs.heads(rows, colons[rows]), " \t\n\f\r")
    documents = flat(table["document_id"]).take(pa.array(rows))
    labelled = pc.binary_join_element_wise(flat(turns["document_id"]), flat(turns["speaker_label"]), "\n")
    is_label = true(pc.is_in(pc.binary_join_element_wise(documents, heads, "\n"), value_set=labelled))
    # A sentence to RE2, for which less is white space, is one to Python.
    is_sentence = true(pc.match_substring_regex(heads, _SENTENCE))
    rest = np.flatnonzero(~is_label & ~is_sentence)
    odd = rest[_are_odd(heads.take(pa.array(rest)), documents.take(pa.array(rest)), is_spoken[rest], turns)]
    left = np.sort(np.append(np.flatnonzero(is_label), odd))
    return _put(heads.take(pa.array(left)), rows[left], table.num_rows)


def _are_odd(heads: pa.Array, documents: pa.Array, is_spoken: Mask, turns: pa.Table) -> Mask:
    """Whether what stands before a colon is no beginning of a sentence: labels of an odd form."""
    names: dict[str, set[str]] = {}
    if len(heads):
        for document, name in zip(turns["document_id"].to_pylist(), turns["speaker_name"].to_pylist(), strict=True):
            if name:
                names.setdefault(document, set()).add(name)
    every = zip(heads.to_pylist(), documents.to_pylist(), is_spoken, strict=True)
    odd = [
        _is_odd_label(head, names.get(document, set())) or (said and _may_call(head)) for head, document, said in every
    ]
    return np.array(odd, np.bool_)


def _may_call(head: str) -> bool:
    """Whether what stands before a colon, in speech, may be a paper or a caller that the parser does not know."""
    return _CALLER_RE.fullmatch(head) is not None and head.casefold() not in _COUNTING_WORDS


def _is_odd_label(head: str, names: Set[str]) -> bool:
    """Whether what stands before a colon may be a label: by the names of those who speak in the document, or by form.

    >>> _is_odd_label("Deputy Head of the Northern Ferry Agency Ada Lind 27", set())
    True
    >>> _is_odd_label("My first point", set())
    False
    """
    tail = head.rstrip(" 0123456789()")
    if not head or head.lower() in _COMMON_WORDS:
        return True
    if _SENTENCE_RE.search(head):
        return False
    return len(head) >= _LONG_HEAD_CHARS or bool(_NAME_END_RE.search(tail)) or any(map(tail.endswith, names))


def _pages_alike(batch: Batch) -> pa.Array:
    """On how many pages each text stands, where they are many for its length; null for all other paragraphs."""
    table, chars = batch.tables["paragraphs"], batch.paragraphs.chars
    announces = true(pc.ends_with(table["text"], ":"))  # "The message reads, in part:"
    shares = np.where((chars >= SHORT_TEXT_CHARS) & ~announces, MOST_PAGES_SHARE, np.nan)
    return pages_alike(batch, "paragraphs", "text", np.where(chars >= LONG_TEXT_CHARS, MANY_PAGES_SHARE, shares))


def _menu_lines(batch: Batch) -> pa.Array:
    """How many short lines without a mark at their end stand in a row, where they are many; null elsewhere."""
    rows, bare = batch.document_rows("paragraphs"), batch.paragraphs.chars <= MENU_CHARS
    short = np.flatnonzero(bare)
    bare[short] = ~true(pc.match_substring_regex(batch.paragraphs.take(short), _LINE_ENDS))
    starts = np.append(True, (bare[1:] != bare[:-1]) | (rows[1:] != rows[:-1]))[: len(bare)]
    row_of = np.cumsum(starts) - 1
    lengths = np.bincount(row_of)[row_of] if len(bare) else row_of
    return nullable(lengths, bare & (lengths >= MENU_LINES))


def _long_speech(batch: Batch, is_speech: Mask) -> pa.Array:
    """A number for each long spoken text of each document, the same for equal texts; null for all other paragraphs."""
    texts, documents = batch.paragraphs.numbers, batch.document_rows("paragraphs")
    spoken = is_speech & (batch.paragraphs.chars >= LONG_SPEECH_CHARS)
    return pa.array((documents + 1) * (len(texts) + 1) + texts, mask=~spoken)
