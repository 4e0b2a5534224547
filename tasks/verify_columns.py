"""Proof of the texts by columns: which documents of a partition do not stand in their blocks, or their texts in these.

The documents of a partition are laid end to end, in the order of their ids. Their blocks then cut that text into spans
and gaps, which Arrow holds as one array without copying: gaps must be white space, and spans must be the texts of rows.
Almost every text equals its span byte for byte; the others are folded one by one. What fails is only marked here, and
explained row by row in `verify_rows`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.formats.blocks import PARAGRAPH_KINDS, fold

Numbers = npt.NDArray[np.int64]
Marks = npt.NDArray[np.bool_]

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
# table -> its index column and the letter of its row ids
INDEXES: Mapping[str, tuple[str, str]] = {
    "turns": ("turn_index", "t"),
    "paragraphs": ("paragraph_index", "p"),
    "tags": ("tag_index", "g"),
    "links": ("link_index", "l"),
    "photos": ("photo_index", "o"),
}


@dataclass(frozen=True, slots=True)
class _Spans:
    """Blocks in the order of their text: number of the document, start and end in the text of all, and what they are.

    `place` numbers the column of `TEXTS` that a block proves, -1 where it proves none; `at` is its row in `blocks`.
    """

    document: Numbers
    start: Numbers
    end: Numbers
    place: Numbers
    at: Numbers

    def keep(self, wanted: Marks) -> _Spans:
        return self if bool(wanted.all()) else _Spans(*(getattr(self, name)[wanted] for name in self.__slots__))


_PLACES = sorted(set(TEXTS.values()))
_WHITE = np.array([chr(byte).isspace() if byte < 128 else False for byte in range(256)])


def mark_documents(tables: Mapping[str, pa.Table], texts: Sequence[bytes | memoryview]) -> set[str]:
    """Documents of a partition of which something does not hold.

    Args:
        tables: `documents` and `blocks`, and the tables of `TEXTS`.
        texts: the bytes of each document, from `byte_start` to `byte_end` of its rendition.
    """
    documents = tables["documents"]
    ids = documents["document_id"].combine_chunks()
    first, last = (_numbers(documents[name]) for name in ("byte_start", "byte_end"))
    lengths = np.array([len(text) for text in texts], np.int64)
    base = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths)])
    bounds, origin = (base[:-1], base[1:]), base[:-1] - first
    bad = lengths != last - first
    spans = _order_blocks(tables["blocks"], ids, origin)
    bad |= _mark_overlaps(spans, bounds)
    renditions = _encode(documents["rendition_sha256"])
    elsewhere = _find(tables["blocks"]["rendition_sha256"], renditions.dictionary)[spans.at]
    bad[spans.document[elsewhere != _numbers(renditions.indices)[spans.document]]] = True
    spans = spans.keep(~bad[spans.document])
    text = b"".join(texts)
    cuts = np.concatenate([[0], np.stack([spans.start, spans.end], axis=1).ravel(), [len(text)]])
    cut = pa.LargeBinaryArray.from_buffers(  # gap, span, gap … gap; nothing is copied
        pa.large_binary(), len(cuts) - 1, [None, pa.py_buffer(cuts), pa.py_buffer(text)]
    )
    bad |= _mark_gaps(text, cut, cuts, bounds)
    homes = {table: _find(tables[table]["document_id"], ids) for table in {table for table, _ in _PLACES}}
    told = inferred(documents)
    row_ids_of_blocks = tables["blocks"]["row_id"].combine_chunks()
    for number, (table, column) in enumerate(_PLACES):
        chosen = spans.place == number
        held = cut.take(pa.array(np.flatnonzero(chosen) * 2 + 1)).cast(pa.binary())
        own = spans.keep(chosen)
        row_id = row_ids_of_blocks.take(pa.array(own.at))
        rows, document = _printed(tables[table], homes[table], (table, column), told)
        bad |= _mark_texts(own, row_id, held, rows, document, (table, column), origin)
    return set(ids.filter(pa.array(bad)).to_pylist())


def _order_blocks(blocks: pa.Table, ids: pa.Array, origin: Numbers) -> _Spans:
    document = _find(blocks["document_id"], ids)
    order = np.argsort((document << 32) + _numbers(blocks["block_index"]), kind="stable")
    order = order[document[order] >= 0]  # blocks of strangers are found elsewhere
    document = document[order]
    start, end = (_numbers(blocks[name])[order] + origin[document] for name in ("byte_start", "byte_end"))
    kind = _encode(blocks["kind"])
    number = [_PLACES.index(TEXTS[name]) if name in TEXTS else -1 for name in kind.dictionary.to_pylist()]
    place = np.array([*number, -1], np.int64)[_numbers(kind.indices)]
    place = np.where(_marks(pc.is_valid(blocks["row_id"])), place, -1)
    return _Spans(document, start, end, place[order], order)


def _mark_overlaps(spans: _Spans, bounds: tuple[Numbers, Numbers]) -> Marks:
    bad = np.zeros(len(bounds[0]), np.bool_)
    reached = np.concatenate([[0], spans.end[:-1]])
    wrong = (spans.start >= spans.end) | (spans.start < np.maximum(reached, bounds[0][spans.document]))
    wrong |= spans.end > bounds[1][spans.document]
    bad[spans.document[wrong]] = True
    return bad


def _mark_gaps(text: bytes, cut: pa.Array, cuts: Numbers, bounds: tuple[Numbers, Numbers]) -> Marks:
    bad = np.zeros(len(bounds[0]), np.bool_)
    start, end = cuts[:-1:2], cuts[1::2]
    # most gaps are one line break: looked up in the bytes; only the others are taken out
    short = end - start == 1
    black = np.zeros(len(start), np.bool_)
    black[short] = ~_WHITE[np.frombuffer(text, np.uint8)[start[short]]]
    long = np.flatnonzero(end - start > 1)
    gaps = cut.take(pa.array(long * 2)).dictionary_encode()
    written = [bool(gap.decode(errors="replace").strip()) for gap in gaps.dictionary.to_pylist()]
    black[long] = np.array([*written, False])[_numbers(gaps.indices)]
    for at in np.flatnonzero(black):
        bad |= (bounds[0] < end[at]) & (bounds[1] > start[at])
    return bad


def _mark_texts(
    spans: _Spans,
    row_id: pa.Array,
    held: pa.Array,
    rows: pa.Table,
    document: Numbers,
    place: tuple[str, str],
    origin: Numbers,
) -> Marks:
    """Documents whose blocks do not give the texts of their rows, one block a row, in their order."""
    table, column = place
    many = len(origin)
    bad: Marks = np.bincount(document, minlength=many) != np.bincount(spans.document, minlength=many)
    bad[document[1:][document[1:] < document[:-1]]] = True  # out of order: explained row by row
    if bad.any():
        left, same = ~bad[document], ~bad[spans.document]
        rows, document = rows.filter(pa.array(left)), document[left]
        spans, row_id, held = spans.keep(same), row_id.filter(pa.array(same)), held.filter(pa.array(same))
    if len(document) != len(spans.document) or (document != spans.document).any():
        return np.ones(many, np.bool_)
    texts = rows[column].combine_chunks().cast(pa.binary())
    wrong: Marks = ~_marks(pc.equal(row_id, row_ids(rows, table)))
    wrong |= _numbers(rows["byte_start"]) + origin[document] > spans.start
    wrong |= _numbers(rows["byte_end"]) + origin[document] < spans.end
    unequal = np.flatnonzero(~_marks(pc.equal(held, texts)))
    for at, raw, text in zip(unequal, held.take(unequal).to_pylist(), texts.take(unequal).to_pylist(), strict=True):
        wrong[at] |= fold(raw.decode(errors="replace")).encode() != text
    bad[document[wrong]] = True
    return bad


def _printed(
    rows: pa.Table, document: Numbers, place: tuple[str, str], told: set[tuple[str, str]]
) -> tuple[pa.Table, Numbers]:
    """The rows whose text stands in their document: not null, not told from outside. Orphans are found elsewhere."""
    table, column = place
    index = [INDEXES[table][0]] if table in INDEXES else []
    rows = rows.select(["document_id", *index, column, "byte_start", "byte_end"])
    printed = document >= 0
    if rows[column].null_count:
        printed &= _marks(rows[column].is_valid())
    if table == "documents" and (own := sorted(document for document, name in told if name == column)):
        printed &= ~_marks(pc.is_in(rows["document_id"], pa.array(own)))
    return (rows, document) if printed.all() else (rows.filter(pa.array(printed)), document[printed])


def inferred(documents: pa.Table) -> set[tuple[str, str]]:
    """Document ids and columns that were told from outside the document, and have no bytes in it."""
    pairs = zip(documents["document_id"].to_pylist(), documents["inferred"].to_pylist(), strict=True)
    return {(document, one.partition(":")[0]) for document, notes in pairs for one in notes}


def has_its_rows(tables: Mapping[str, pa.Table]) -> bool:
    """Whether a partition has no orphan, no index with a hole, no turn that is not its paragraphs, no other count.

    The tables stand in the order of their documents; what stands otherwise is not proven here.
    """
    documents = tables["documents"]
    ids = documents["document_id"].combine_chunks()
    for table, (index, _) in INDEXES.items():
        document = _find(tables[table]["document_id"], ids)
        if (document < 0).any() or (document[1:] < document[:-1]).any():
            return False
        counts = np.bincount(document, minlength=len(ids))
        first = np.cumsum(counts) - counts
        if (_numbers(tables[table][index]) != np.arange(len(document)) - first[document]).any():
            return False
        counted = f"{table[:-1]}_count"
        if counted in documents.column_names and (_numbers(documents[counted]) != counts).any():
            return False
    if (_find(tables["blocks"]["document_id"], ids) < 0).any():
        return False
    return _turns_say_their_paragraphs(tables["turns"], tables["paragraphs"])


def row_ids(rows: pa.Table, table: str) -> pa.Array:
    """The id of each row, as blocks name it: `<document_id>-g0002`; of a document its own."""
    ids = rows["document_id"].combine_chunks().cast(pa.string())
    if table not in INDEXES:
        return ids
    index, letter = INDEXES[table]
    number = pc.utf8_lpad(rows[index].combine_chunks().cast(pa.string()), 4, "0")
    return pc.binary_join_element_wise(ids, number, f"-{letter}")


def _turns_say_their_paragraphs(turns: pa.Table, paragraphs: pa.Table) -> bool:
    """Whether each turn is its paragraphs joined by a blank line; both tables in the order of their documents."""
    ids, texts = _encode(paragraphs["turn_id"]), paragraphs["text"].combine_chunks()
    number = np.asarray(pc.fill_null(ids.indices, -1).to_numpy(), np.int64)
    spoken = np.flatnonzero(number >= 0)
    starts = np.flatnonzero(np.diff(number[spoken], prepend=-1))
    if ((np.diff(spoken) > 1) & (np.diff(number[spoken]) == 0)).any():  # something that nobody says, within a turn
        number, texts, spoken = number[spoken], texts.take(pa.array(spoken)), np.arange(len(spoken))
    bounds = np.flatnonzero(np.diff(number, prepend=-2))
    said = number[bounds] >= 0  # what stands between turns is null, and has no bytes: nothing is copied twice
    runs = pa.ListArray.from_arrays(pa.array([*bounds, len(number)], pa.int32()), texts, mask=pa.array(~said))
    lengths, joined = _layout(pc.binary_join(runs, "\n\n"))
    wanted, stated = _layout(turns["text"].combine_chunks())
    same = ids.dictionary.take(pa.array(number[spoken[starts]])).equals(turns["turn_id"].combine_chunks())
    return same and np.array_equal(lengths[said], wanted) and joined.equals(stated)


def _layout(texts: pa.StringArray) -> tuple[Numbers, pa.Buffer]:
    """Lengths of texts in bytes, and their bytes one after the other."""
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1].astype(np.int64)
    if data is None or not len(texts):
        return np.zeros(len(texts), np.int64), pa.py_buffer(b"")
    return np.diff(ends), data.slice(ends[0], ends[-1] - ends[0])


def _encode(column: pa.ChunkedArray) -> pa.DictionaryArray:
    if not pa.types.is_dictionary(column.type):
        return column.combine_chunks().dictionary_encode()
    return column.unify_dictionaries().combine_chunks()


def _find(column: pa.ChunkedArray, ids: pa.Array) -> Numbers:
    """The place of each value among the ids, -1 where there is none."""
    encoded = _encode(column)
    return _numbers(pc.fill_null(pc.index_in(encoded.dictionary, value_set=ids), -1))[_numbers(encoded.indices)]


def _numbers(column: pa.ChunkedArray | pa.Array) -> Numbers:
    return np.asarray(column.to_numpy(), np.int64)


def _marks(column: pa.Array) -> Marks:
    return np.asarray(pc.fill_null(column, False).to_numpy(zero_copy_only=False), np.bool_)
