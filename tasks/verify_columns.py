"""Proof of the texts by columns: which documents of a partition do not stand in their blocks, or their texts in these.

The blocks of all documents cut the bytes that these stand in into spans and gaps: gaps must be white space, and spans,
which Arrow holds as one array without copying, must be the texts of rows. Almost every text equals its span byte for
byte, and most others but for a line break; the rest is folded one by one. What fails is only marked here, and explained
row by row in `verify_rows`.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.arrays import flat
from tasks.formats.blocks import CLOSING, PARAGRAPH_KINDS, fold
from tasks.verify_arrays import Marks, Numbers, Part, choose, encode, find, marks, numbers

Texts = Callable[[int, int], pa.Array]

# kind of block -> (table, column whose text it is)
TEXTS: Mapping[str, tuple[str, str]] = {
    "title": ("documents", "title"),
    "summary": ("documents", "summary"),
    "place": ("documents", "place"),
    "page_address": ("documents", "url"),
    "speaker_label": ("turns", "speaker_label"),
    **dict.fromkeys(PARAGRAPH_KINDS, ("paragraphs", "text")),
    "tag": ("tags", "value"),
    "link_title": ("links", "title"),
    "link_date": ("links", "date_label"),
    "link_address": ("links", "url"),
    "caption": ("photos", "caption"),
    "credit": ("photos", "credit"),
}
# Texts of rows that one block makes: such a row begins and ends with it, and is of its kind, where it has one.
WHOLE = frozenset({("paragraphs", "text"), ("tags", "value")})
# table -> its index column and the letter of its row ids
INDEXES: Mapping[str, tuple[str, str]] = {
    "turns": ("turn_index", "t"),
    "paragraphs": ("paragraph_index", "p"),
    "tags": ("tag_index", "g"),
    "links": ("link_index", "l"),
    "photos": ("photo_index", "o"),
}


# table -> the column of its row ids, where it has one
IDS: Mapping[str, str] = {"turns": "turn_id", "paragraphs": "paragraph_id"}


@dataclass(frozen=True, slots=True)
class _Spans:
    """Blocks in the order of their text: number of the document, start and end in the text of all, and what they are.

    `place` numbers the column of `TEXTS` that a block proves, -1 where it proves none; `at` is its row in `blocks`.
    """

    document: Numbers
    start: Numbers
    end: Numbers
    index: Numbers
    kind: Numbers
    place: Numbers
    at: Numbers

    def keep(self, wanted: Marks | Numbers) -> _Spans:
        if wanted.dtype == np.bool_ and wanted.all():
            return self
        return _Spans(*(getattr(self, name)[wanted] for name in self.__slots__))


_PLACES = sorted(set(TEXTS.values()))
_WHITE = np.array([chr(byte).isspace() if byte < 128 else False for byte in range(256)])
_SHORT_GAP = 4  # bytes: almost every gap is a line break or two; what is longer is decoded
_TURNS = 512  # the same of turns
_STEP = 4096  # texts that are copied at a time, to be compared: some MB, which stay in the cache of a core

# Where a text has this, `fold` may have done more than replace line breaks by spaces and take them from closing marks.
_ODD_RE = rf"^ | $| [ {re.escape(CLOSING)}]|[^\S ]|[\x0b\x1c-\x1f\x85]|[^ \PZ]"


@dataclass(frozen=True, slots=True)
class Bytes:
    """The bytes that the documents of a partition stand in.

    `starts` says where in `data` each begins, in the order of the table; `lengths` how many bytes of it are there.
    """

    data: bytes | mmap.mmap
    starts: Numbers
    lengths: Numbers


def mark_documents(part: Part, text: Bytes) -> set[str]:
    """Documents of a partition of which something does not hold.

    Args:
        part: the partition, without documents that have no bytes.
        text: the bytes of the documents, from `byte_start` to `byte_end` of their renditions.
    """
    tables, ids, documents = part.tables, part.ids, part.tables["documents"]
    first, last = (numbers(documents[name]) for name in ("byte_start", "byte_end"))
    bounds, origin = (text.starts, text.starts + text.lengths), text.starts - first
    bad = text.lengths != last - first
    kinds = encode(tables["blocks"]["kind"])
    spans = _order_blocks(tables["blocks"], kinds, part.owners["blocks"], text.starts, origin)
    bad |= _mark_overlaps(spans, bounds)
    renditions = encode(documents["rendition_sha256"])
    elsewhere = find(tables["blocks"]["rendition_sha256"], renditions.dictionary)[spans.at]
    bad[spans.document[elsewhere != numbers(renditions.indices)[spans.document]]] = True
    spans = spans.keep(~bad[spans.document])
    bad |= _mark_gaps(text.data, spans, bounds)
    cuts = np.stack([spans.start, spans.end], axis=1).ravel()
    cut = pa.LargeBinaryArray.from_buffers(  # span, gap, span … span; nothing is copied
        pa.large_binary(), max(0, len(cuts) - 1), [None, pa.py_buffer(cuts), pa.py_buffer(text.data)]
    )
    told = inferred(documents)
    for number, (table, column) in enumerate(_PLACES):
        places = np.flatnonzero(spans.place == number)
        places = places[np.argsort(spans.document[places], kind="stable")]
        own = spans.keep(places)
        rows, document = _printed(tables[table], part.owners[table], (table, column), told)
        found = _Found(own, places * 2, cut, flat(tables["blocks"]["row_id"]), kinds)
        bad |= _mark_texts(found, rows, document, (table, column), origin)
    return set(ids.filter(pa.array(bad)).to_pylist())


def _order_blocks(
    blocks: pa.Table, kinds: pa.DictionaryArray, document: Numbers, starts: Numbers, origin: Numbers
) -> _Spans:
    rank = np.empty(len(starts) + 1, np.int64)
    rank[np.argsort(starts, kind="stable")] = np.arange(len(starts))
    rank[-1] = -1  # blocks of strangers, which are found elsewhere
    index = numbers(blocks["block_index"])
    order = np.argsort((rank[document] << 32) + index, kind="stable")
    order = order[document[order] >= 0]
    document = document[order]
    start, end = (numbers(blocks[name])[order] + origin[document] for name in ("byte_start", "byte_end"))
    kind = numbers(kinds.indices)
    number = [_PLACES.index(TEXTS[name]) if name in TEXTS else -1 for name in kinds.dictionary.to_pylist()]
    place = np.array([*number, -1], np.int64)[kind]
    place = np.where(marks(pc.is_valid(blocks["row_id"])), place, -1)
    return _Spans(document, start, end, index[order], kind[order], place[order], order)


def _mark_overlaps(spans: _Spans, bounds: tuple[Numbers, Numbers]) -> Marks:
    """Documents whose blocks are out of order, overlap or leave it, or do not reach from its start to its end."""
    bad = np.zeros(len(bounds[0]), np.bool_)
    reached, is_first = _reached(spans, bounds[0]), np.diff(spans.document, prepend=-1) != 0
    wrong = (spans.start >= spans.end) | (spans.start < reached) | (is_first & (spans.start > reached))
    wrong |= spans.end > bounds[1][spans.document]
    wrong |= np.append(is_first[1:], True) & (spans.end != bounds[1][spans.document])
    wrong |= spans.index != np.arange(len(is_first)) - np.flatnonzero(is_first)[np.cumsum(is_first) - 1]
    bad[spans.document[wrong]] = True
    return bad


def _reached(spans: _Spans, starts: Numbers) -> Numbers:
    """Where the block before each ends, or the document begins."""
    is_first = np.diff(spans.document, prepend=-1) != 0
    return np.where(is_first, starts[spans.document], np.concatenate([[0], spans.end])[:-1])


def _mark_gaps(data: bytes | mmap.mmap, spans: _Spans, bounds: tuple[Numbers, Numbers]) -> Marks:
    """Documents with ink before, between or behind their blocks."""
    bad = np.zeros(len(bounds[0]), np.bool_)
    document = np.concatenate([spans.document, np.arange(len(bad))])
    last = bounds[0].copy()
    last[spans.document] = spans.end  # the last one stays
    start = np.concatenate([_reached(spans, bounds[0]), last])
    end = np.concatenate([spans.start, bounds[1]])
    bytes_, black = np.frombuffer(data, np.uint8), end - start > _SHORT_GAP
    for byte in range(_SHORT_GAP):
        some = np.flatnonzero((end - start > byte) & ~black)
        black[some] = ~_WHITE[bytes_[start[some] + byte]]
    for at in np.flatnonzero(black):
        bad[document[at]] |= bool(data[start[at] : end[at]].decode(errors="replace").strip())
    return bad


@dataclass(frozen=True, slots=True)
class _Found:
    """Blocks that hold the texts of a column, in the order of their documents.

    The text of each is that of `cut` at `places`; `row_ids` and `kinds` are those of all blocks.
    """

    spans: _Spans
    places: Numbers
    cut: pa.Array
    row_ids: pa.Array
    kinds: pa.DictionaryArray

    def keep(self, wanted: Marks) -> _Found:
        return _Found(self.spans.keep(wanted), self.places[wanted], self.cut, self.row_ids, self.kinds)


def _mark_texts(found: _Found, rows: pa.Table, document: Numbers, place: tuple[str, str], origin: Numbers) -> Marks:
    """Documents whose blocks do not give the texts of their rows, one block a row, in their order."""
    many = len(origin)
    bad: Marks = np.bincount(document, minlength=many) != np.bincount(found.spans.document, minlength=many)
    bad[document[1:][document[1:] < document[:-1]]] = True  # out of order: explained row by row
    if bad.any():
        left = ~bad[document]
        rows, document, found = rows.filter(pa.array(left)), document[left], found.keep(~bad[found.spans.document])
    spans = found.spans
    if len(document) != len(spans.document) or (document != spans.document).any():
        return np.ones(many, np.bool_)
    starts, ends = (numbers(rows[name]) + origin[document] for name in ("byte_start", "byte_end"))
    wrong: Marks = (starts > spans.start) | (ends < spans.end)
    if place in WHOLE:
        wrong |= (starts < spans.start) | (ends > spans.end)
    if "kind" in rows.column_names:
        wrong |= find(rows["kind"], found.kinds.dictionary) != spans.kind
    wrong[list(_unequal(found, rows, *place))] = True
    bad[document[wrong]] = True
    return bad


def _unequal(found: _Found, rows: pa.Table, table: str, column: str) -> Iterator[int]:
    """Rows that have another id than their blocks say, or another text than stands there."""
    for first in range(0, len(found.places), _STEP):
        some = slice(first, first + _STEP)
        held = found.cut.take(pa.array(found.places[some])).cast(pa.binary())
        named = found.row_ids.take(pa.array(found.spans.at[some]))
        some_rows = rows.slice(first, _STEP)
        texts = flat(some_rows[column]).cast(pa.string())
        wrong = ~marks(pc.equal(named, flat(some_rows[IDS[table]]) if table in IDS else row_ids(some_rows, table)))
        others = np.flatnonzero(~marks(pc.equal(held, texts.cast(pa.binary()))))
        for at in others[~_is_folded(held.take(pa.array(others)), texts.take(pa.array(others)))]:
            wrong[at] |= fold(held[at].as_py().decode(errors="replace")) != texts[at].as_py()
        yield from (first + np.flatnonzero(wrong)).tolist()


def _is_folded(held: pa.Array, texts: pa.Array) -> Marks:
    """Whether a text is its bytes less line breaks, and `fold` has nothing more to do. False is no verdict."""
    for mark in CLOSING:
        held = pc.replace_substring(held, f"\n{mark}".encode(), mark.encode())
    spaced = pc.replace_substring(held, b"\n", b" ")
    odd = pc.match_substring_regex(texts, _ODD_RE)
    return marks(pc.equal(spaced, texts.cast(pa.binary()))) & ~marks(odd)


def _printed(
    rows: pa.Table, document: Numbers, place: tuple[str, str], told: set[tuple[str, str]]
) -> tuple[pa.Table, Numbers]:
    """The rows whose text stands in their document: not null, not told from outside. Orphans are found elsewhere."""
    table, column = place
    index = [INDEXES[table][0]] if table in INDEXES else []
    own = ["kind"] if table == "paragraphs" else []
    own += [IDS[table]] if table in IDS else []
    rows = rows.select(["document_id", *index, *own, column, "byte_start", "byte_end"])
    printed = document >= 0
    if rows[column].null_count:
        printed &= marks(rows[column].is_valid())
    if table == "documents" and (named := sorted(document for document, name in told if name == column)):
        printed &= ~marks(pc.is_in(rows["document_id"], pa.array(named)))
    return (rows, document) if printed.all() else (rows.filter(pa.array(printed)), document[printed])


def inferred(documents: pa.Table) -> set[tuple[str, str]]:
    """Document ids and columns that were told from outside the document, and have no bytes in it."""
    has_notes = pc.greater(pc.list_value_length(documents["inferred"]), 0)
    noted = documents.select(["document_id", "inferred"]).filter(has_notes)
    pairs = zip(*(column.to_pylist() for column in noted.columns), strict=True)
    return {(document, one.partition(":")[0]) for document, notes in pairs for one in notes}


def order_turns(turns: pa.Table, documents: pa.Table) -> Numbers:
    """The rows of turns, which stand by speaker, in the order of their documents."""
    document = find(turns["document_id"], flat(documents["document_id"]))
    return np.argsort((document << 32) + numbers(turns["turn_index"]), kind="stable")


def has_its_rows(part: Part, texts: Texts) -> bool:
    """Whether a partition has no orphan, no index with a hole, no turn that is not its paragraphs, no other count.

    The tables stand in the order of their documents; what stands otherwise is not proven here. `texts` are the texts of
    the turns in that order: from one, so many.
    """
    tables, documents = part.tables, part.tables["documents"]
    for table, (index, _) in INDEXES.items():
        document = part.owners[table]
        if (document < 0).any() or (document[1:] < document[:-1]).any():
            return False
        counts = np.bincount(document, minlength=len(part.ids))
        first = np.cumsum(counts) - counts
        if (numbers(tables[table][index]) != np.arange(len(document)) - first[document]).any():
            return False
        counted = f"{table[:-1]}_count"
        if counted in documents.column_names and (numbers(documents[counted]) != counts).any():
            return False
    if (part.owners["blocks"] < 0).any():
        return False
    return _turns_say_their_paragraphs(tables["turns"], texts, tables["paragraphs"])


def row_ids(rows: pa.Table, table: str) -> pa.Array:
    """The id of each row, as blocks name it: `<document_id>-g0002`; of a document its own."""
    ids = flat(rows["document_id"]).cast(pa.string())
    if table not in INDEXES:
        return ids
    index, letter = INDEXES[table]
    number = pc.utf8_lpad(flat(rows[index]).cast(pa.string()), 4, "0")
    return pc.binary_join_element_wise(ids, number, f"-{letter}")


def _turns_say_their_paragraphs(turns: pa.Table, stated: Texts, paragraphs: pa.Table) -> bool:
    """Whether each turn is its paragraphs joined by a blank line; both tables in the order of their documents."""
    ids, texts = encode(paragraphs["turn_id"]), flat(paragraphs["text"])
    number = choose(np.arange(len(ids.dictionary)), ids.indices)
    spoken = np.flatnonzero(number >= 0)
    starts = np.flatnonzero(np.diff(number[spoken], prepend=-1))
    if ((np.diff(spoken) > 1) & (np.diff(number[spoken]) == 0)).any():  # something that nobody says, within a turn
        number, texts, spoken = number[spoken], texts.take(pa.array(spoken)), np.arange(len(spoken))
    if not ids.dictionary.take(pa.array(number[spoken[starts]])).equals(flat(turns["turn_id"])):
        return False
    bounds = np.append(np.flatnonzero(np.diff(number, prepend=-2)), len(number))
    said = number[bounds[:-1]] >= 0  # what stands between turns is null, and has no bytes: nothing is copied twice
    told = 0
    for first in range(0, len(said), _TURNS):
        some = said[first : first + _TURNS]
        parts = pa.array(bounds[first : first + len(some) + 1], pa.int32())
        joined = pc.binary_join(pa.ListArray.from_arrays(parts, texts, mask=pa.array(~some)), "\n\n").drop_null()
        if not joined.equals(stated(told, len(joined))):
            return False
        told += len(joined)
    return bool(told == turns.num_rows)
