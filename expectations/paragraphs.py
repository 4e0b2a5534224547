"""What must be true of `paragraphs`."""

from __future__ import annotations

import re
from collections.abc import Set

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from expectations import vocabulary
from expectations.common import belonging
from expectations.doubts import labels_doubtful, starts_before
from expectations.facts import (
    MANY_PAGES_SHARE,
    Batch,
    Facts,
    Ints,
    belonging_facts,
    bytes_outside,
    first_places,
    flat,
    ints,
    nullable,
    pages_alike,
    row_ids,
    true,
)
from expectations.rules import (
    CONTRACT,
    CRITICAL,
    HEALTHY,
    VERIFIED,
    WARNING,
    Rule,
    absent,
    at_most_chars,
    equal,
    greater,
    not_matching,
    one_of,
    unique,
)
from expectations.turns import is_blank

# Shorter words may honestly be said twice: "Thank you very much."
LONG_SPEECH_CHARS = 200

LONGEST_CHARS = 10_000

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
_SENTENCE_RE = re.compile(
    r"[.!?“”«»](?:\s|$)|\s(?:is|was|are|were|has|have|had|will|said|asked|told|wrote|says|to|that|this|I|we|you|it|he|she)\s"
)

_LABEL_BYTES = 800  # longest label that the rules of `turns` let pass, in its longest encoding

# How a label ends that no other turn has: in a name. Of 745 pages none has a paragraph that begins so.
_NAME_END_RE = re.compile(r"(?:^|\s)[A-ZА-ЯЁ][\w’'-]+ (?:[A-ZА-ЯЁ][\w’'-]*\.? )?[A-ZА-ЯЁ][\w’'-]+$")
_LONG_HEAD_CHARS = 200  # without a mark or a verb: the longest such beginning of a sentence has 180
_COMMON_WORDS = frozenset(vocabulary.NOT_IN_NAMES.split())

_CODE = "a fault of the code that makes the tables."

RULES: tuple[Rule, ...] = (
    *belonging("paragraphs"),
    Rule(
        "paragraphs.kind.known",
        ("kind",),
        CRITICAL,
        one_of("kind", vocabulary.KINDS_OF_PARAGRAPH),
        f"The kind of paragraph is none of those that the schema describes: {_CODE}",
        CONTRACT,
    ),
    Rule(
        "paragraphs.kind.speech_has_turn",
        ("kind", "turn_id"),
        CRITICAL,
        equal("is_speech", "has_turn"),
        "Speech belongs to a turn and nothing else does; here words are said by nobody, or text that nobody said is "
        "put into somebody's mouth.",
        "contract: paragraphs.turn_id is null outside speech",
    ),
    Rule(
        "paragraphs.turn_id.known",
        ("turn_id",),
        CRITICAL,
        one_of("turn_known", [True]),
        f"The paragraph points to a turn that is not in the batch, so its speaker is lost: {_CODE}",
        VERIFIED,
    ),
    Rule(
        "paragraphs.turn_index.agrees",
        ("turn_id", "turn_index"),
        CRITICAL,
        equal("turn_id", "expected_turn_id"),
        f"The id and the index of the turn name different turns: {_CODE}",
        CONTRACT,
    ),
    Rule(
        "paragraphs.turn_index.with_id",
        ("turn_id", "turn_index"),
        CRITICAL,
        equal("has_turn", "has_turn_index"),
        f"One of the id and the index of the turn is there without the other: {_CODE}",
        CONTRACT,
    ),
    Rule(
        "paragraphs.span.inside_turn",
        ("byte_start", "byte_end", "turn_id"),
        CRITICAL,
        one_of("bytes_outside_turn", [0]),
        "The paragraph stands outside the bytes of the turn that is said to speak it: another speaker may have said "
        "it.",
        VERIFIED,
    ),
    Rule(
        "paragraphs.text.present",
        ("text",),
        CRITICAL,
        one_of("is_blank", [False]),
        "The paragraph holds no text: a fault of the parser.",
        CONTRACT,
        shown=("text",),
    ),
    Rule(
        "paragraphs.text.fits_span",
        ("text", "byte_start", "byte_end"),
        CRITICAL,
        greater("span_bytes", "text_bytes", or_equal=True),
        "The text has more bytes than the span that it was read from, though folding only shortens: it is not the text "
        "that stands there.",
        VERIFIED,
        shown=("span_bytes", "text_bytes"),
    ),
    Rule(
        "paragraphs.text.furniture",
        ("text",),
        CRITICAL,
        absent("furniture"),
        "Text of the page itself stands in a paragraph: a boundary was missed, and what follows may belong to another "
        "page.",
        HEALTHY + ": no paragraph holds any",
    ),
    Rule(
        "paragraphs.text.date_line",
        ("text",),
        CRITICAL,
        absent("date_line"),
        "A date line as in the head of a page stands in the text: two pages ran together, and what follows is another "
        "document.",
        HEALTHY + ": no paragraph is a date and nothing else",
    ),
    Rule(
        "paragraphs.text.markup",
        ("text",),
        WARNING,
        not_matching("text", vocabulary.MARKUP),
        "Markup stands in the text: the page was read as text before its tags were taken off.",
        HEALTHY + ": no paragraph holds any",
    ),
    Rule(
        "paragraphs.text.encoding",
        ("text",),
        WARNING,
        not_matching("text", vocabulary.MOJIBAKE),
        "Characters of the text were read in a wrong encoding, or could not be read: export the page as UTF-8.",
        HEALTHY + ": no paragraph holds any",
    ),
    Rule(
        "paragraphs.text.invisible",
        ("text",),
        WARNING,
        not_matching("text", vocabulary.INVISIBLE),
        "Control characters stand in the text, which change how it is shown: see where they come from.",
        HEALTHY + ": no paragraph holds any",
    ),
    Rule(
        "paragraphs.text.long",
        ("text",),
        WARNING,
        at_most_chars("text", LONGEST_CHARS),
        "The paragraph is longer than anybody speaks at a stretch: line breaks of the page were lost.",
        HEALTHY + ": the longest paragraph has 1,303 characters; others break lines less often",
    ),
    Rule(
        "paragraphs.text.label_doubtful",
        ("text",),
        WARNING,
        absent("label_doubtful"),
        "The paragraph begins like a label, a name and a colon, and nothing else in the document proves that it is "
        "one: it was left as text. See whether somebody speaks there.",
        "a transcript repeats its labels; what stands once only may as well be a heading",
    ),
    Rule(
        "paragraphs.end_ms.after_start",
        ("start_ms", "end_ms"),
        WARNING,
        greater("end_ms", "start_ms", or_equal=True),
        "The captions end before they begin: their times are damaged, their words are kept.",
        "time runs forward",
    ),
    Rule(
        "paragraphs.start_ms.in_order",
        ("start_ms",),
        WARNING,
        greater("start_ms", "start_ms_before", or_equal=True),
        "The captions begin before those that stand above them: times or order are damaged, the words are kept.",
        "time runs forward",
        shown=("start_ms", "start_ms_before"),
    ),
    Rule(
        "paragraphs.text.label_left",
        ("text",),
        WARNING,
        absent("label_left"),
        "The paragraph begins with a label that speaks elsewhere in the document, or with what may be one of an odd "
        "form: it ends in a name, is very long, or is no more than a colon or a common word. A turn may be lost in "
        "another one.",
        HEALTHY + "; the commonest fault that reviewers of parliament corpora report",
    ),
    Rule(
        "paragraphs.text.on_many_pages",
        ("text",),
        WARNING,
        absent("pages_alike"),
        "The very same paragraph stands on many pages of the batch: a sidebar, a banner or a notice was taken for "
        "text. Add it to the furniture of its format.",
        HEALTHY + f": no paragraph of {LONG_TEXT_CHARS} characters is on more than 2 of them",
    ),
    Rule(
        "paragraphs.text.menu",
        ("text",),
        WARNING,
        absent("menu_lines"),
        "Short lines without a mark at their end stand one after the other: a menu, a row of buttons or a list of tags "
        "was taken for text.",
        HEALTHY + f": no page has {MENU_LINES} such lines in a row",
    ),
    Rule(
        "paragraphs.text.said_twice",
        ("text",),
        WARNING,
        unique("long_speech"),
        "The same long paragraph is spoken twice in the document: a pull quote was taken for speech, or the page "
        "stands in the dump twice.",
        f"nobody says {LONG_SPEECH_CHARS} characters twice word for word",
        shown=("text",),
    ),
)


def facts(batch: Batch) -> Facts:
    """What the rules of `paragraphs` judge besides its own columns."""
    table, turns = batch.tables["paragraphs"], batch.tables["turns"]
    turn_rows = ints(pc.index_in(table["turn_id"], value_set=flat(turns["turn_id"]), skip_nulls=True), missing=-1)
    has_turn = true(table["turn_id"].is_valid())
    texts = batch.paragraph_texts
    starts, ends = ints(table["byte_start"]), ints(table["byte_end"])
    return {
        **belonging_facts(batch, "paragraphs"),
        "is_speech": flat(pc.fill_null(pc.equal(table["kind"], "speech"), False)),
        "has_turn": pa.array(has_turn),
        "has_turn_index": flat(table["turn_index"].is_valid()),
        "turn_known": pa.array((turn_rows >= 0) | ~has_turn),
        "expected_turn_id": row_ids(table["document_id"], table["turn_index"], "t"),
        "bytes_outside_turn": pa.array(bytes_outside(starts, ends, turns, turn_rows)),
        "is_blank": is_blank(table["text"]),
        "span_bytes": pa.array(ends - starts),
        "text_bytes": pa.array(ints(pc.binary_length(table["text"]))),
        **_page_marks(batch),
        "label_left": _labels_left(table, turns),
        "label_doubtful": labels_doubtful(batch),
        "start_ms_before": starts_before(table),
        "pages_alike": _pages_alike(batch),
        "menu_lines": _menu_lines(batch),
        "long_speech": _long_speech(table, batch.document_rows("paragraphs"), texts),
    }


def furniture(texts: pa.ChunkedArray) -> pa.Array:
    """The first text of the page itself that stands in a text; null where there is none."""
    mask = true(pc.match_substring_regex(texts, vocabulary.FURNITURE))
    found = np.full(len(mask), None, object)
    if mask.any():  # rare, so the slow way to the words is taken for these rows only
        hits = pc.extract_regex(texts.filter(pa.array(mask)), f"(?P<phrase>{vocabulary.FURNITURE})")
        found[mask] = pc.struct_field(flat(hits), "phrase").to_pylist()
    return pa.array(found, pa.string())


def _page_marks(batch: Batch) -> Facts:
    """Furniture and date lines in paragraphs of pages. In transcripts of anybody, and in captions, `Events` is a
    heading and `May 1, 2021` a row like another: no site printed them, and nothing ran together.
    """
    table, rows = batch.tables["paragraphs"], batch.document_rows("paragraphs")
    plain = true(pc.match_substring_regex(batch.documents["parser"], vocabulary.PROVES_LABELS))
    of_page = pa.array(~(plain[rows] & (rows >= 0)) if len(plain) else np.ones(len(rows), np.bool_))
    texts = pc.if_else(of_page, flat(table["text"]), None)
    dated = pc.match_substring_regex(texts, vocabulary.DATE_LINE)
    return {"furniture": furniture(pa.chunked_array([texts])), "date_line": pc.if_else(dated, texts, None)}


def _labels_left(table: pa.Table, turns: pa.Table) -> pa.Array:
    """The label of a turn of the same document, or one of an odd form, that a paragraph begins with, where it does."""
    colon = first_places(table["text"], ":")
    early = (colon >= 0) & (colon < _LABEL_BYTES)  # few, and only these are taken apart
    quoted = true(pc.is_in(table["kind"], value_set=pa.array(["quote", "note"])))
    left = np.full(table.num_rows, None, object)
    rows = np.flatnonzero(early & ~quoted)
    if len(rows):
        some = table.select(["document_id", "text"]).take(pa.array(rows))
        heads = pc.struct_field(pc.extract_regex(flat(some["text"]), r"^(?P<head>[^:]*?)\s*:"), "head")
        labelled = pc.binary_join_element_wise(flat(turns["document_id"]), flat(turns["speaker_label"]), "\n")
        is_label = true(
            pc.is_in(pc.binary_join_element_wise(flat(some["document_id"]), heads, "\n"), value_set=labelled)
        )
        left[rows[is_label]] = heads.filter(pa.array(is_label)).to_pylist()
        rest = np.flatnonzero(~is_label & true(heads.is_valid()))
        _find_odd(left, rows[rest], heads.take(pa.array(rest)), some["document_id"].take(pa.array(rest)), turns)
    return pa.array(left, pa.string())


def _find_odd(
    left: npt.NDArray[np.object_], rows: Ints, heads: pa.Array, documents: pa.ChunkedArray, turns: pa.Table
) -> None:
    """Add what stands before a colon and is no beginning of a sentence: labels of an odd form."""
    names: dict[str, set[str]] = {}
    for document, name in zip(turns["document_id"].to_pylist(), turns["speaker_name"].to_pylist(), strict=True):
        if name:
            names.setdefault(document, set()).add(name)
    for row, head, document in zip(rows.tolist(), heads.to_pylist(), documents.to_pylist(), strict=True):
        if _is_odd_label(head, names.get(document, set())):
            left[row] = head


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
    table = batch.tables["paragraphs"]
    chars = ints(pc.utf8_length(table["text"]))
    announces = true(pc.ends_with(table["text"], ":"))  # "The message reads, in part:"
    shares = np.where((chars >= SHORT_TEXT_CHARS) & ~announces, MOST_PAGES_SHARE, np.nan)
    return pages_alike(batch, "paragraphs", "text", np.where(chars >= LONG_TEXT_CHARS, MANY_PAGES_SHARE, shares))


def _menu_lines(batch: Batch) -> pa.Array:
    """How many short lines without a mark at their end stand in a row, where they are many; null elsewhere."""
    table, rows = batch.tables["paragraphs"], batch.document_rows("paragraphs")
    marked = true(pc.match_substring_regex(table["text"], _LINE_ENDS))
    bare = (ints(pc.utf8_length(table["text"])) <= MENU_CHARS) & ~marked
    starts = np.append(True, (bare[1:] != bare[:-1]) | (rows[1:] != rows[:-1]))[: len(bare)]
    row_of = np.cumsum(starts) - 1
    lengths = np.bincount(row_of)[row_of] if len(bare) else row_of
    return nullable(lengths, bare & (lengths >= MENU_LINES))


def _long_speech(table: pa.Table, document_rows: Ints, texts: Ints) -> pa.Array:
    """A number for each long spoken text of each document, the same for equal texts; null for all other paragraphs."""
    long = true(pc.greater_equal(pc.utf8_length(table["text"]), LONG_SPEECH_CHARS))
    spoken = long & true(pc.equal(table["kind"], "speech"))
    return pa.array((document_rows + 1) * (len(texts) + 1) + texts, mask=~spoken)
