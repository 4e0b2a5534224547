"""From blocks to Arrow tables: every table is a projection of the blocks of its documents, made for many at once.

A row repeats facts of its document and is numbered in it, and its id is made of both. What a row says is taken out of
the one buffer that holds all texts (`tasks/block_columns.py`).
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from storage.lake import PARTITIONED
from tasks import identity
from tasks.block_columns import CODES, BlockColumns, Ints, Mask, codes_of, read_columns
from tasks.document import HEAD, OPENING_TURNS, UNDETERMINED, Document
from tasks.formats.blocks import FURNITURE, PARAGRAPH_KINDS
from tasks.origin import Origin as Origin
from tasks.own_facts import document_kind

_OPENING = codes_of(OPENING_TURNS)
_MARKING = codes_of({"label_mark", "label_note", "label_tooltip"})
_PARAGRAPHS = codes_of(PARAGRAPH_KINDS)
_SAYING = ~codes_of(FURNITURE)
# Parts of a photo in their order; 0 for every other kind.
_PHOTO = ("photo_counter", "caption", "credit_mark", "credit")
_PHOTO_RANKS = np.zeros(len(codes_of(())), np.int64)
_PHOTO_RANKS[[CODES[kind] for kind in _PHOTO]] = range(1, len(_PHOTO) + 1)

# Something was left out: `<…>` on a line of its own or inside a paragraph. A bare `…` is a pause.
ELISION_RE = re.compile(r"[<‹\[(] ?(?:…|\.\.\.) ?[>›\])]")


@dataclass(frozen=True, slots=True)
class Tables:
    """The rows of documents by table, `blocks` among them, in which no document id stands twice.

    Documents stand by source, day and id; `counts` says how many rows each has in each table, in this order.
    `repeated` are documents that were met again in the same words of the same dump, and are not in the tables. `twice`
    are ids that one dump holds more than once, in the same words or others.
    """

    rows: dict[str, pa.Table]
    counts: pa.Table
    repeated: int
    twice: frozenset[str]


def tabulate(documents: Sequence[Document]) -> tuple[list[Tables], dict[int, ValueError]]:
    """Make the tables of documents.

    Returns:
        The tables: a document that is met again under the id of one before, in other words or another dump, goes to
        second ones, and so on. And the documents that their blocks do not tile, by number: they are in no table.
    """
    order = sorted(range(len(documents)), key=lambda number: _place(documents[number]))
    blocks, found = read_columns([documents[number] for number in order])
    faults = {order[at]: fault for at, fault in found.items()}
    whole = [number for number in order if number not in faults]
    contents = dict(zip(whole, _hash_contents(blocks, len(whole)), strict=True))
    layers = [_Layer()]
    for number in sorted(whole):
        document_id, facts = documents[number].document_id, (documents[number].origin.dump_sha256, contents[number])
        if not any(layer.add(number, document_id, facts) for layer in layers):
            layers.append(_Layer())
            layers[-1].add(number, document_id, facts)
    made = []
    for layer in layers:
        numbers = [number for number in whole if number in layer.numbers]
        some = [documents[number] for number in numbers]
        theirs = blocks if len(some) == len(whole) else read_columns(some)[0]
        rows, counts = _Projection(some, theirs, [contents[number] for number in numbers]).tables()
        made.append(Tables(rows, counts, layer.repeated, frozenset(layer.twice)))
    return made, faults


def _place(document: Document) -> tuple[object, ...]:
    """Where a document stands in the order of partitions and of rows in them: so its rows need not be moved again."""
    source, day = document.source_id, document.event_date
    return source is None, source or "", day is None, day or dt.date.min, document.document_id


@dataclass(slots=True)
class _Layer:
    """Documents, each with an id of its own: their numbers, and what is known of each id."""

    numbers: set[int] = field(default_factory=set)
    met: dict[str, tuple[str, str]] = field(default_factory=dict)
    twice: set[str] = field(default_factory=set)
    repeated: int = 0

    def add(self, number: int, document_id: str, facts: tuple[str, str]) -> bool:
        """Add a document, by its dump and the hash of what it says. False where another of that id is here already."""
        before = self.met.setdefault(document_id, facts)
        if before is facts:
            self.numbers.add(number)
            return True
        self.repeated += before == facts
        if before[0] == facts[0]:
            self.twice.add(document_id)
        return before == facts


def _hash_contents(blocks: BlockColumns, count: int) -> list[str]:
    """Hash of what each document says: its folded texts, each with a line feed behind, page furniture left out."""
    said = blocks.find(_SAYING)
    per_document = np.bincount(blocks.owners[said], minlength=count)
    joined = _join(blocks.texts(said), per_document, "\n").cast(pa.binary())
    hashes = []
    for text, has_any in zip(joined, per_document, strict=True):
        digest = hashlib.sha256(text.as_buffer())
        if has_any:
            digest.update(b"\n")
        hashes.append(digest.hexdigest())
    return hashes


def _join(texts: pa.StringArray, counts: Ints, between: str) -> pa.StringArray:
    """Runs of texts, joined each; `counts` says how long the runs are."""
    offsets = np.append(0, np.cumsum(counts)).astype(np.int32)
    return pc.binary_join(pa.ListArray.from_arrays(pa.array(offsets), texts), between)


class _Projection:
    """Documents, each with an id of its own, on their way into the tables."""

    def __init__(self, documents: Sequence[Document], blocks: BlockColumns, contents: Sequence[str]) -> None:
        self.documents, self.blocks, self.contents = documents, blocks, contents
        self.tables_made: dict[str, pa.Table] = {}
        self.counts: dict[str, Ints] = {}
        # what each block is part of: a row of this table, which is the n-th of its ids
        self.table_of = np.full(len(blocks.kinds), -1, np.int8)
        self.row_of = np.zeros(len(blocks.kinds), np.int64)
        self.ids: dict[str, pa.Array] = {}
        of = {
            "document_id": [one.document_id for one in documents],
            "source_id": [one.source_id for one in documents],
            "language": [one.language or UNDETERMINED for one in documents],
            "event_date": [one.event_date for one in documents],
            "run_id": [one.origin.run_id for one in documents],
            "rendition_sha256": [one.origin.rendition_sha256 for one in documents],
        }
        schema = PARTITIONED["documents"]
        self.repeated = {name: pa.array(values, schema.field(name).type) for name, values in of.items()}

    def tables(self) -> tuple[dict[str, pa.Table], pa.Table]:
        """The tables by name, and how many rows each document has in each."""
        self._running_text()
        self._tags()
        self._links()
        self._photos()
        self._documents()
        self._blocks()
        counts = {name: pa.array(self.counts[name], pa.int64()) for name in PARTITIONED}
        counted = pa.table({"document_id": self.repeated["document_id"], **counts})
        return {name: self.tables_made[name] for name in PARTITIONED}, counted

    def _running_text(self) -> None:
        blocks = self.blocks
        is_opening = _OPENING[blocks.kinds]
        opened = np.cumsum(is_opening)
        opened_before = np.append(0, opened)[blocks.firsts[:-1]]  # of each document
        in_turn = opened > opened_before[blocks.owners]
        turns = opened - 1  # of each block the turn before it
        is_spoken = (blocks.kinds == CODES["speech"]) & in_turn

        openings = np.flatnonzero(is_opening)
        spoken = np.flatnonzero(is_spoken)
        words = np.bincount(turns[spoken], blocks.words[spoken], len(openings)).astype(np.int64)
        each = np.bincount(turns[spoken], minlength=len(openings))
        belonging = np.flatnonzero(is_opening | (_MARKING[blocks.kinds] & in_turn) | is_spoken)
        lasts = belonging[np.append(np.diff(turns[belonging]) > 0, True)] if len(belonging) else belonging
        speakers = [speaker for document in self.documents for speaker in document.speakers]
        persons = [person for document in self.documents for person in document.persons]
        self._own(np.flatnonzero(is_opening | (_MARKING[blocks.kinds] & in_turn)), "turns", turns)
        self._add(
            "turns", openings, lasts, "turn_index", "turn_id", "t",
            speaker_label=blocks.texts(openings, blocks.kinds[openings] != CODES["speaker_label"]),
            speaker_name=[speaker.name for speaker in speakers], speaker_role=[speaker.role for speaker in speakers],
            speaker_kind=[speaker.kind for speaker in speakers],
            speaker_id=[person for person, _ in persons], speaker_id_evidence=[evidence for _, evidence in persons],
            text=_join(blocks.texts(spoken), each, "\n\n"), paragraph_count=each, word_count=words,
        )  # fmt: skip

        rows = blocks.find(_PARAGRAPHS)
        of_turn = pa.array(turns[rows], mask=~is_spoken[rows])
        starts, ends = self._cues(rows)
        self._own(rows, "paragraphs", np.cumsum(_PARAGRAPHS[blocks.kinds]) - 1)
        self._add(
            "paragraphs", rows, rows, "paragraph_index", "paragraph_id", "p",
            turn_id=self.ids["turns"].take(of_turn), turn_index=self.tables_made["turns"]["turn_index"].take(of_turn),
            kind=blocks.kind_names(rows), text=blocks.texts(rows), start_ms=starts, end_ms=ends,
        )  # fmt: skip

    def _cues(self, rows: Ints) -> tuple[pa.Array, pa.Array]:
        """Times of the caption cue above some blocks."""
        at = self._last_before(CODES["cue_time"], rows)
        cues = [self.blocks.values[cue] if cue >= 0 else (None, None) for cue in at] if (at >= 0).any() else []
        if not cues:
            return pa.nulls(len(rows), pa.int64()), pa.nulls(len(rows), pa.int64())
        assert all(isinstance(cue, tuple) for cue in cues), "a cue has two times"
        return pa.array([cue[0] for cue in cues], pa.int64()), pa.array([cue[1] for cue in cues], pa.int64())

    def _last_before(self, code: int, rows: Ints) -> Ints:
        """The last block of a kind above each of some blocks in its document; -1 where there is none."""
        blocks = self.blocks
        found = np.flatnonzero(blocks.kinds == code)
        at = np.searchsorted(found, rows) - 1
        last = np.where(at >= 0, found[at] if len(found) else -1, -1)
        return np.where(last >= blocks.firsts[blocks.owners[rows]], last, -1)

    def _own(self, some: Ints, table: str, rows: Ints) -> None:
        """Note of which row of a table blocks are part; `rows` says it for all blocks."""
        self.table_of[some] = _OWNERS.index(table)
        self.row_of[some] = rows[some]

    def _add(
        self, table: str, firsts: Ints, lasts: Ints, number: str, id_: str | None, letter: str, **columns: object
    ) -> None:
        """Make a table of rows that begin and end with these blocks."""
        blocks, schema = self.blocks, PARTITIONED[table]
        owners = blocks.owners[firsts]
        counts = np.bincount(owners, minlength=len(self.documents))
        numbers = np.arange(len(firsts)) - np.repeat(np.cumsum(counts) - counts, counts)
        taken = pa.array(owners)
        made = {name: values.take(taken) for name, values in self.repeated.items() if name in schema.names}
        self.ids[table] = pc.binary_join_element_wise(made["document_id"], _marks(letter, numbers), "")
        made |= {number: pa.array(numbers, pa.int32())}
        made |= {} if id_ is None else {id_: self.ids[table]}
        made |= {"byte_start": pa.array(blocks.starts[firsts]), "byte_end": pa.array(blocks.ends[lasts])}
        for name, values in columns.items():
            is_made = isinstance(values, pa.Array | pa.ChunkedArray)
            made[name] = values if is_made else pa.array(values, schema.field(name).type)
        self.counts[table] = counts
        self.tables_made[table] = pa.Table.from_arrays([made[name] for name in schema.names], schema=schema)

    def _tags(self) -> None:
        blocks = self.blocks
        tags = np.flatnonzero(blocks.kinds == CODES["tag"])
        facets = [str(blocks.values[at]) if at >= 0 else "" for at in self._last_before(CODES["tag_facet"], tags)]
        self._own(tags, "tags", np.cumsum(blocks.kinds == CODES["tag"]) - 1)
        self._add("tags", tags, tags, "tag_index", None, "g", facet=facets, value=blocks.texts(tags))

    def _links(self) -> None:
        blocks = self.blocks
        titles = np.flatnonzero(blocks.kinds == CODES["link_title"])
        related = self._last_before(CODES["link_relation"], titles)
        relations = [str(blocks.values[at]) if at >= 0 else "" for at in related]
        is_dated = self._is_behind(titles, 1, "link_date")
        dates = titles + 1
        lasts = np.where(is_dated, dates, titles)
        is_addressed = self._is_behind(lasts, 2, "link_address")
        urls = lasts + 2
        rows = np.cumsum(blocks.kinds == CODES["link_title"]) - 1
        self._own(titles, "links", rows)
        self._own(dates[is_dated], "links", rows)
        self._own(urls[is_addressed], "links", rows)
        self._add(
            "links", titles, np.where(is_addressed, urls, lasts), "link_index", None, "l",
            relation=relations, title=blocks.texts(titles), date_label=self._texts_where(dates, is_dated),
            date=[blocks.values[at] if dated else None for at, dated in zip(dates, is_dated, strict=True)],
            url=self._texts_where(urls, is_addressed),
        )  # fmt: skip

    def _is_behind(self, rows: Ints, steps: int, kind: str) -> Mask:
        """Whether so many blocks behind each of some, in its document, there is one of a kind."""
        blocks = self.blocks
        at = np.minimum(rows + steps, len(blocks.kinds) - 1)
        found: Mask = (blocks.owners[at] == blocks.owners[rows]) & (blocks.kinds[at] == CODES[kind])
        found &= at == rows + steps
        return found

    def _texts_where(self, rows: Ints, chosen: Mask) -> pa.StringArray:
        return self.blocks.texts(np.where(chosen, rows, 0), ~chosen)

    def _photos(self) -> None:
        """A photo is a run of its parts in their order: a part that stands no later than the last begins another."""
        blocks = self.blocks
        parts = np.flatnonzero(_PHOTO_RANKS[blocks.kinds] > 0)
        ranks, owners = _PHOTO_RANKS[blocks.kinds[parts]], blocks.owners[parts]
        goes_on = (np.diff(parts) == 1) & (np.diff(owners) == 0) & (np.diff(ranks) > 0)
        is_first = np.append(True, ~goes_on)[: len(parts)]
        photos = np.cumsum(is_first) - 1
        firsts, lasts = parts[is_first], parts[np.append(~goes_on, True)[: len(parts)]]
        part_of: dict[str, Ints] = {}
        for rank, kind in enumerate(_PHOTO, 1):
            part_of[kind] = np.full(len(firsts), -1)
            part_of[kind][photos[ranks == rank]] = parts[ranks == rank]
        rows = np.zeros(len(blocks.kinds), np.int64)
        rows[parts] = photos
        self._own(parts, "photos", rows)
        self._add(
            "photos", firsts, lasts, "photo_index", None, "o",
            caption=self._texts_where(part_of["caption"], part_of["caption"] >= 0),
            credit=self._texts_where(part_of["credit"], part_of["credit"] >= 0),
            album_size=[blocks.values[at] if at >= 0 else None for at in part_of["photo_counter"]],
        )  # fmt: skip

    def _documents(self) -> None:
        blocks, documents, schema = self.blocks, self.documents, PARTITIONED["documents"]
        numbers, has_blocks = np.arange(len(documents)), np.diff(blocks.firsts) > 0
        heads = [
            (number, first + one.first[kind])
            for number, (one, first) in enumerate(zip(documents, blocks.firsts, strict=False))
            for kind in HEAD
            if kind in one.first
        ]
        self.ids["documents"] = self.repeated["document_id"]
        if heads:
            rows, at = np.array(heads, np.int64).T
            self.table_of[at], self.row_of[at] = _OWNERS.index("documents"), rows
        starts, ends = np.zeros(len(documents), np.int64), np.zeros(len(documents), np.int64)
        starts[has_blocks] = blocks.starts[blocks.firsts[:-1][has_blocks]]
        ends[has_blocks] = blocks.ends[blocks.firsts[1:][has_blocks] - 1]
        is_paragraph = _PARAGRAPHS[blocks.kinds]
        words = np.bincount(blocks.owners[is_paragraph], blocks.words[is_paragraph], len(documents)).astype(np.int64)
        inked = np.bincount(blocks.owners, blocks.inked, len(documents))
        unknown = blocks.kinds == CODES["unrecognised"]
        lost = np.bincount(blocks.owners[unknown], blocks.inked[unknown], len(documents))
        sections = [one.value("sections") for one in documents]
        turn_counts = self.counts["turns"]
        columns: dict[str, object] = {
            "title": [one.title for one in documents],
            "summary": [one.summary for one in documents],
            "kind": [document_kind(turns > 0, named) for turns, named in zip(turn_counts, sections, strict=True)],
            "event_time": [one.value("time") for one in documents],
            "place": [one.place for one in documents],
            "sections": [list(named) if isinstance(named, tuple) else [] for named in sections],
            "published_at": [one.published for one in documents],
            "url": [one.url for one in documents],
            "event_id": [identity.event_id(one.source_id, one.url) for one in documents],
            "turn_count": turn_counts,
            "speaker_count": [one.count_speakers() for one in documents],
            "paragraph_count": self.counts["paragraphs"],
            "word_count": words,
            "is_excerpt": self._find_excerpts(),
            "recognised_share": np.where(inked > 0, 1.0 - lost / np.maximum(inked, 1), 0.0),
            "dump_sha256": [one.origin.dump_sha256 for one in documents],
            "content_sha256": self.contents,
            "byte_start": starts,
            "byte_end": ends,
            "parser": [one.origin.parser for one in documents],
            "inferred": [sorted(one.inferred) for one in documents],
            "ingested_at": [one.origin.ingested_at for one in documents],
        }
        made = self.repeated | {name: pa.array(values, schema.field(name).type) for name, values in columns.items()}
        self.counts["documents"] = np.ones_like(numbers)
        self.tables_made["documents"] = pa.Table.from_arrays([made[name] for name in schema.names], schema=schema)

    def _find_excerpts(self) -> Mask:
        """For each document whether an elision stands in its running text."""
        blocks = self.blocks
        found = np.zeros(len(self.documents), np.bool_)
        rows = blocks.find_dotted()
        rows = rows[_PARAGRAPHS[blocks.kinds[rows]]]
        for row, text in zip(rows, blocks.texts(rows), strict=True):
            found[blocks.owners[row]] |= ELISION_RE.search(text.as_py()) is not None
        return found

    def _blocks(self) -> None:
        blocks, schema = self.blocks, PARTITIONED["blocks"]
        of = pa.array(blocks.owners)
        is_free = self.table_of < 0
        sizes = [0, *np.cumsum([len(self.ids[table]) for table in _OWNERS])]
        at = np.array(sizes, np.int64)[self.table_of] + self.row_of
        made: Mapping[str, pa.Array] = {
            "document_id": self.repeated["document_id"].take(of),
            "rendition_sha256": self.repeated["rendition_sha256"].take(of),
            "block_index": pa.array(np.arange(len(of)) - blocks.firsts[blocks.owners], pa.int32()),
            "kind": blocks.kind_names(),
            "byte_start": pa.array(blocks.starts),
            "byte_end": pa.array(blocks.ends),
            "table": pa.array(_OWNERS, pa.string()).take(pa.array(self.table_of, mask=is_free)),
            "row_id": pa.concat_arrays([self.ids[table] for table in _OWNERS]).take(pa.array(at, mask=is_free)),
        }
        self.counts["blocks"] = np.diff(blocks.firsts)
        self.tables_made["blocks"] = pa.Table.from_arrays([made[name] for name in schema.names], schema=schema)


# Tables of whose rows blocks are part.
_OWNERS = ("turns", "paragraphs", "tags", "links", "photos", "documents")


def _marks(letter: str, numbers: Ints) -> pa.StringArray:
    """`identity.row_mark` for a column of numbers."""
    marks = [identity.row_mark(letter, number) for number in range(int(numbers.max()) + 1 if len(numbers) else 0)]
    return pa.array(marks, pa.string()).take(pa.array(numbers))
