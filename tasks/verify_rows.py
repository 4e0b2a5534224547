"""Proof of the rows: texts equal their bytes, blocks tile their documents, no row is an orphan, no index has a hole.

A partition is read once, a rendition is opened once. Columns prove, rows explain: see `verify_columns`.
"""

from __future__ import annotations

import hashlib
import mmap
import tempfile
from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from expectations.arrays import flat
from storage.errors import StenolakeError
from storage.lake import Lake, Partition
from storage.raw import RawStore
from tasks.formats.blocks import fold
from tasks.verify_arrays import Part
from tasks.verify_columns import (
    INDEXES,
    TEXTS,
    Bytes,
    has_its_rows,
    inferred,
    mark_documents,
    order_turns,
    row_ids,
)
from tasks.verify_damage import ROW_ADVICE, UNREADABLE, Damage, describe
from tasks.verify_facts import Noted, explain_facts, repeats_its_facts
from tasks.verify_spans import explain_spans, mark_spans

_CACHE_BYTES = 256 << 20

# what the proof reads of each table
_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "documents": (
        "document_id", "source_id", "language", "event_date", "title", "summary", "place", "url", "kind", "turn_count",
        "speaker_count", "paragraph_count", "word_count", "inferred", "dump_sha256", "rendition_sha256", "byte_start",
        "byte_end", "run_id",
    ),
    "turns": (
        "turn_id", "document_id", "turn_index", "speaker_label", "speaker_name", "speaker_role", "speaker_kind",
        "speaker_id", "text", "paragraph_count", "word_count", "source_id", "language", "event_date", "byte_start",
        "byte_end", "run_id",
    ),
    "paragraphs": (
        "paragraph_id", "document_id", "paragraph_index", "turn_id", "turn_index", "kind", "text", "source_id",
        "language", "event_date", "byte_start", "byte_end", "run_id",
    ),
    "tags": ("document_id", "tag_index", "value", "source_id", "event_date", "byte_start", "byte_end", "run_id"),
    "links": (
        "document_id", "link_index", "title", "date_label", "url", "source_id", "event_date", "byte_start", "byte_end",
        "run_id",
    ),
    "photos": (
        "document_id", "photo_index", "caption", "credit", "source_id", "event_date", "byte_start", "byte_end",
        "run_id",
    ),
    "blocks": ("document_id", "rendition_sha256", "block_index", "kind", "byte_start", "byte_end", "table", "row_id"),
}  # fmt: skip

# what repeats so much there that it is read as dictionaries
_FEW = frozenset({"source_id", "language", "run_id", "document_id", "rendition_sha256", "kind", "table"})
_ENCODED: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(INDEXES, _FEW),
    "turns": _FEW | {"speaker_name", "speaker_role", "speaker_kind", "speaker_id"},
    "paragraphs": _FEW | {"turn_id"},
    "blocks": _FEW,
}


class Renditions:
    """The bytes of renditions, the last used ones kept; large ones mapped from a temporary file.

    `whole` are those that were found to have the hash that they are named after.
    """

    def __init__(self, raw: RawStore) -> None:
        self._raw = raw
        self._kept: OrderedDict[str, bytes | mmap.mmap] = OrderedDict()
        self.whole: set[str] = set()

    def get(self, sha256: str) -> bytes | mmap.mmap:
        """The bytes of one.

        Raises:
            DamageError: it is missing or damaged.
        """
        if sha256 not in self._kept:
            self._kept[sha256] = self._load(sha256)
            while len(self._kept) > 1 and sum(len(data) for data in self._kept.values()) > _CACHE_BYTES:
                self._kept.popitem(last=False)
        self._kept.move_to_end(sha256)
        return self._kept[sha256]

    def _load(self, sha256: str) -> bytes | mmap.mmap:
        data = self._raw.load(sha256, _CACHE_BYTES)
        if data is None:
            return _spill(self._raw.chunks(sha256))
        if sha256 not in self.whole and hashlib.sha256(data).hexdigest() == sha256:
            self.whole.add(sha256)
        return data


def _spill(chunks: Iterable[bytes]) -> mmap.mmap:
    with tempfile.TemporaryFile() as file:
        file.writelines(chunks)
        file.flush()
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def check_rows(
    lake: Lake, renditions: Renditions, progress: Callable[[int, int], None], skipped: Collection[str] = ()
) -> Iterator[Damage]:
    """Check every row of every partition.

    Args:
        lake: the lake.
        renditions: those of the lake.
        progress: told partitions done and partitions in all.
        skipped: partitions that are left out, `source=kremlin/year=2023`.
    """
    partitions = [one for one in lake.partitions() if str(one) not in skipped]
    seen: dict[str, Partition] = {}
    noted = Noted.of(lake)
    for number, partition in enumerate(partitions):
        try:
            yield from _check_partition(lake, partition, renditions, seen, noted)
        except UNREADABLE as error:
            yield describe(5, str(partition), error)
        progress(number + 1, len(partitions))


def _check_partition(
    lake: Lake, partition: Partition, renditions: Renditions, seen: dict[str, Partition], noted: Noted
) -> Iterator[Damage]:
    tables = {
        table: lake.read(table, partition, columns, _ENCODED.get(table, frozenset()).intersection(columns))
        for table, columns in _COLUMNS.items()
    }
    order = order_turns(tables["turns"], tables["documents"])
    said = flat(tables["turns"]["text"])
    tables["turns"] = tables["turns"].drop_columns(["text"]).take(pa.array(order))
    yield from _check_documents(tables["documents"], partition, seen)
    present, text, damage = _find_bytes(tables["documents"], renditions)
    yield from damage
    part = Part.of(tables)
    readable = part
    if present is not tables["documents"]:
        readable = Part.of({table: _of(rows, flat(present["document_id"])) for table, rows in tables.items()})
    marked = mark_documents(readable, text) | mark_spans(readable)
    told: list[Damage] = []
    if marked:
        suspects = {table: _of(lake.read(table, partition), pa.array(sorted(marked))) for table in tables}
        told += [*_explain_strays(suspects), *_explain_texts(suspects, renditions), *explain_spans(suspects)]
    in_order = has_its_rows(part, lambda first, count: said.take(pa.array(order[first : first + count])))
    if not (in_order and repeats_its_facts(part, noted)):
        rows = {table: lake.read(table, partition) for table in tables}
        for table in INDEXES:
            told += _explain_children(table, rows[table], rows["documents"])
        told += _explain_turns(rows["turns"], rows["paragraphs"])
        strangers = _of(rows["blocks"], rows["documents"]["document_id"].combine_chunks(), invert=True)
        for document in pc.unique(strangers["document_id"]).to_pylist():
            told.append(Damage(3, document, "has blocks but is no document", ROW_ADVICE))
        told += explain_facts(rows, noted)
    yield from told or [Damage(3, one, "is not proven by its blocks", ROW_ADVICE) for one in sorted(marked)]


def _find_bytes(documents: pa.Table, renditions: Renditions) -> tuple[pa.Table, Bytes, list[Damage]]:
    """The documents whose renditions can be read, and their bytes: those of one rendition, or of several joined."""
    columns = [documents[name] for name in ("rendition_sha256", "byte_start", "byte_end")]
    hashes = pc.unique(columns[0]).to_pylist()
    if len(hashes) == 1:
        try:
            data = renditions.get(hashes[0])
        except UNREADABLE as error:
            return documents[:0], _lay_out([]), [_damaged_object(hashes[0], error)]
        starts, ends = (np.clip(column.to_numpy(), 0, len(data)) for column in columns[1:])
        return documents, Bytes(data, starts, np.maximum(ends - starts, 0)), []
    places = list(zip(*(column.to_pylist() for column in columns), strict=True))
    texts: list[bytes | None] = [None] * len(places)
    broken: dict[str, Damage] = {}
    for at, (sha256, start, end) in sorted(enumerate(places), key=lambda row: row[1]):  # a rendition is opened once
        if sha256 not in broken:
            try:
                texts[at] = renditions.get(sha256)[max(0, start) : max(0, end)]
            except UNREADABLE as error:
                broken[sha256] = _damaged_object(sha256, error)
    if not broken:
        return documents, _lay_out([text for text in texts if text is not None]), []
    present = documents.filter(pa.array([text is not None for text in texts], pa.bool_()))
    return present, _lay_out([text for text in texts if text is not None]), list(broken.values())


def _lay_out(texts: Sequence[bytes]) -> Bytes:
    lengths = np.array([len(text) for text in texts], np.int64)
    return Bytes(b"".join(texts), np.cumsum(lengths) - lengths, lengths)


def _damaged_object(sha256: str, error: StenolakeError | OSError) -> Damage:
    return describe(1, f"_raw/{sha256[:2]}/{sha256}.zst", error)


def _check_documents(documents: pa.Table, partition: Partition, seen: dict[str, Partition]) -> Iterator[Damage]:
    met = Counter(documents["document_id"].to_pylist())
    for document in [one for one, count in met.items() if count > 1 or one in seen]:
        yield Damage(4, document, f"stands in {seen.get(document, partition)} and in {partition}", ROW_ADVICE)
    seen |= dict.fromkeys(met, partition)
    strays = documents.filter(
        pc.or_(
            pc.not_equal(documents["source_id"], partition.source),
            pc.not_equal(pc.year(documents["event_date"]), partition.year),
        )
    )
    for row in strays.select(["document_id", "source_id", "event_date"]).to_pylist():
        where = f"of {row['source_id']} and {row['event_date']} stands in {partition}"
        yield Damage(4, row["document_id"], where, ROW_ADVICE)


def _explain_children(table: str, rows: pa.Table, documents: pa.Table) -> Iterator[Damage]:
    index = INDEXES[table][0]
    orphans = rows.filter(pc.invert(pc.is_in(rows["document_id"], documents["document_id"].combine_chunks())))
    for document in pc.unique(orphans["document_id"]).to_pylist():
        yield Damage(4, document, f"has rows in {table} but none in documents", ROW_ADVICE)
    grouped = rows.group_by("document_id").aggregate(
        [(index, "min"), (index, "max"), (index, "count_distinct"), (index, "count")]
    )
    for row in grouped.to_pylist():
        count = row[f"{index}_count"]
        if (row[f"{index}_min"], row[f"{index}_max"], row[f"{index}_count_distinct"]) != (0, count - 1, count):
            yield Damage(
                4,
                row["document_id"],
                f"{index} of its {count} rows in {table} does not run from 0 without holes",
                ROW_ADVICE,
            )
    if (counted := f"{table[:-1]}_count") in documents.column_names:
        actual = dict(zip(grouped["document_id"].to_pylist(), grouped[f"{index}_count"].to_pylist(), strict=True))
        for document, stated in zip(documents["document_id"].to_pylist(), documents[counted].to_pylist(), strict=True):
            if actual.get(document, 0) != stated:
                yield Damage(
                    4, document, f"{counted} is {stated}, rows in {table} are {actual.get(document, 0)}", ROW_ADVICE
                )


def _explain_turns(turns: pa.Table, paragraphs: pa.Table) -> Iterator[Damage]:
    spoken = paragraphs.filter(pc.is_valid(paragraphs["turn_id"])).select(["turn_id", "text"])
    joined = spoken.group_by("turn_id", use_threads=False).aggregate([("text", "list")])
    texts = dict(
        zip(joined["turn_id"].to_pylist(), pc.binary_join(joined["text_list"], "\n\n").to_pylist(), strict=True)
        if joined.num_rows
        else ()
    )
    for turn, text in zip(turns["turn_id"].to_pylist(), turns["text"].to_pylist(), strict=True):
        if texts.pop(turn, "") != text:
            yield Damage(2, turn, "text is not that of its paragraphs", ROW_ADVICE)
    for turn in texts:
        yield Damage(4, turn, "paragraphs name this turn, which is not there", ROW_ADVICE)


def _of(rows: pa.Table, ids: pa.Array, *, invert: bool = False) -> pa.Table:
    own = pc.is_in(rows["document_id"], ids)
    return rows.filter(pc.invert(own) if invert else own)


def _explain_strays(tables: Mapping[str, pa.Table]) -> Iterator[Damage]:
    documents = tables["documents"].select(["document_id", "rendition_sha256"])
    blocks = tables["blocks"].select(["document_id", "rendition_sha256"])
    strays = blocks.join(documents, list(documents.column_names), join_type="left anti")
    for document, count in Counter(strays["document_id"].to_pylist()).items():
        yield Damage(3, document, f"{count} of its blocks are of another rendition than its own", ROW_ADVICE)


def _explain_texts(tables: Mapping[str, pa.Table], renditions: Renditions) -> Iterator[Damage]:
    blocks, documents = tables["blocks"], tables["documents"]
    expected = _expected_texts(tables)
    for sha256 in sorted(set(documents["rendition_sha256"].to_pylist())):
        own = documents.filter(pc.equal(documents["rendition_sha256"], sha256))
        of_rendition = blocks.filter(pc.equal(blocks["rendition_sha256"], sha256))
        yield from _explain_rendition(of_rendition, own, renditions.get(sha256), expected)
    for row_id, column in sorted(expected):
        yield Damage(2, row_id, f"{column} has no bytes: no block says where it stands", ROW_ADVICE)


def _expected_texts(tables: Mapping[str, pa.Table]) -> dict[tuple[str, str], tuple[str, int, int]]:
    """(row id, table.column) -> text, byte_start, byte_end, of every text that a block must prove."""
    expected: dict[tuple[str, str], tuple[str, int, int]] = {}
    told = inferred(tables["documents"])
    for table, column in sorted(set(TEXTS.values())):
        rows = tables[table].filter(pc.is_valid(tables[table][column]))
        ids = row_ids(rows, table).to_pylist()
        values = (rows[name].to_pylist() for name in (column, "byte_start", "byte_end"))
        for row_id, text, start, end in zip(ids, *values, strict=True):
            if table != "documents" or (row_id, column) not in told:
                expected[row_id, f"{table}.{column}"] = (text, start, end)
    return expected


def _explain_rendition(
    blocks: pa.Table,
    documents: pa.Table,
    data: bytes | mmap.mmap,
    expected: dict[tuple[str, str], tuple[str, int, int]],
) -> Iterator[Damage]:
    blocks = blocks.sort_by([("document_id", "ascending"), ("block_index", "ascending")])
    columns = [
        blocks[name].to_pylist() for name in ("document_id", "kind", "byte_start", "byte_end", "row_id", "block_index")
    ]
    spans = {
        document: (start, end)
        for document, start, end in zip(
            *(documents[c].to_pylist() for c in ("document_id", "byte_start", "byte_end")), strict=True
        )
    }
    view = memoryview(data)
    reached: dict[str, int] = {}
    met = Counter[str]()
    for document, kind, start, end, row_id, index in zip(*columns, strict=True):
        if document not in spans:
            continue
        if index != met[document]:
            yield Damage(3, f"{document} block {index}", f"stands where block {met[document]} should", ROW_ADVICE)
        met[document] += 1
        if met[document] == 1 and start > spans[document][0]:
            yield Damage(3, document, f"span begins at {spans[document][0]}, its first block at {start}", ROW_ADVICE)
        at = reached.get(document, spans[document][0])
        where = f"{document} block {index}"
        if not (at <= start < end <= min(spans[document][1], len(view))):
            yield Damage(3, where, f"span {start}-{end} overlaps or leaves its document (at {at})", ROW_ADVICE)
            continue
        if start > at and bytes(view[at:start]).decode(errors="replace").strip():
            yield Damage(3, where, f"bytes {at}-{start} before it are in no block", ROW_ADVICE)
        reached[document] = end
        if kind in TEXTS and row_id:
            table, column = TEXTS[kind]
            row = expected.pop((row_id, f"{table}.{column}"), None)
            if row is None:
                yield Damage(2, row_id, f"{table}.{column} is missing, while block {index} holds its bytes", ROW_ADVICE)
                continue
            text, row_start, row_end = row
            if not row_start <= start < end <= row_end:
                yield Damage(
                    2, row_id, f"span {row_start}-{row_end} does not hold its {column} at {start}-{end}", ROW_ADVICE
                )
            raw = bytes(view[start:end])
            if raw != text.encode() and fold(raw.decode(errors="replace")) != text:
                yield Damage(2, row_id, f"{table}.{column} is not what stands at bytes {start}-{end}", ROW_ADVICE)
    for document, (start, end) in spans.items():
        if not 0 <= start < end <= len(view):
            yield Damage(3, document, f"span {start}-{end} leaves its rendition of {len(view)} bytes", ROW_ADVICE)
        at = reached.get(document, start)
        if bytes(view[at:end]).strip():
            yield Damage(3, document, f"bytes {at}-{end} at its end are in no block", ROW_ADVICE)
        elif at != end:
            yield Damage(3, document, f"span ends at {end}, its last block at {at}", ROW_ADVICE)
