"""From blocks to Arrow tables: every table is a projection of the block list of a document.

Columns are lists that grow by a value a row; a table is made once a batch. A value that a document lacks is left null
here even where the schema forbids it: the suites judge, and what they hold back never reaches a file.
"""

from __future__ import annotations

import datetime as dt
import re
import zoneinfo
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeVar

import pyarrow as pa

from storage.lake import PARTITIONED
from tasks import identity
from tasks.formats.blocks import FURNITURE, PARAGRAPH_KINDS, Block, Speaker, byte_offsets, fold
from tasks.formats.unfold import part_head
from tasks.told import Fact, Told, read_language, read_source

T = TypeVar("T")

UNDETERMINED = "und"  # BCP 47 for a language that nobody told

# Blocks of which a document's own row is made.
_HEAD = (
    "title", "summary", "date", "time", "place", "sections", "published_at", "page_address", "source", "language",
    "front_title",
)  # fmt: skip

# Of a document whose title is its file's name, the id also hashes how the text begins: two of `1/transcript.txt` and
# `2/transcript.txt` are two documents. A few lines tell texts apart, and most corrections leave them as they are.
_OPENING_CHARS = 300

# Something was left out: `<…>` on a line of its own or inside a paragraph. A bare `…` is a pause.
ELISION_RE = re.compile(r"[<‹\[(] ?(?:…|\.\.\.) ?[>›\])]")


_NOTHING = Told()


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of a document besides its text.

    `source_id` and `language` are what its format proves, None where it proves none; `told` is taken where the document
    does not tell its own.
    """

    source_id: str | None
    language: str | None
    time_zone: str
    parser: str
    dump_sha256: str
    rendition_sha256: str
    run_id: str
    ingested_at: dt.datetime
    told: Told = _NOTHING


@dataclass(slots=True)
class _Rows:
    """Rows of one table as columns of values."""

    schema: pa.Schema
    columns: dict[str, list[object]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.columns = {name: [] for name in self.schema.names}

    def add(self, **values: object) -> None:
        for name, column in self.columns.items():
            column.append(values.get(name))

    def table(self) -> pa.Table:
        arrays = [pa.array(self.columns[name], self.schema.field(name).type) for name in self.schema.names]
        return pa.Table.from_arrays(arrays, schema=self.schema)


class Tabulator:
    """Collects documents, each with an id of its own, into tables."""

    def __init__(self) -> None:
        self._rows = {name: _Rows(schema) for name, schema in PARTITIONED.items()}
        self._met: dict[str, tuple[str, str]] = {}
        self.repeated = 0
        self.twice: set[str] = set()

    def add(self, document: Projection) -> bool:
        """Add the rows of one document. False, and nothing added, where another document of that id is there already.

        The same words in the same dump once more are counted in `repeated`, and add nothing; a document that one dump
        holds more than once, in whatever words, is noted in `twice`.
        """
        facts = (document.origin.dump_sha256, document.content_sha256)
        before = self._met.setdefault(document.document_id, facts)
        if before is facts:
            document.project(self._rows)
        elif before == facts:
            self.repeated += 1
        if before is not facts and before[0] == facts[0]:
            self.twice.add(document.document_id)
        return before == facts

    def tables(self) -> dict[str, pa.Table]:
        """The tables by name, `blocks` among them."""
        return {name: rows.table() for name, rows in self._rows.items()}


class Projection:
    """One document on its way into the tables.

    Args:
        text: its text.
        blocks: its blocks, which tile the text.
        base: byte of the rendition at which the text starts.
        origin: where it came from.
        doubts: what its format could not tell of it, as `column: why`.
    """

    def __init__(
        self, text: str, blocks: Sequence[Block], base: int, origin: Origin, doubts: Sequence[str] = ()
    ) -> None:
        if origin.told.title:
            blocks = part_head(text, blocks, origin.told.title.value)
        self.blocks, self.origin = blocks, origin
        edges = byte_offsets(text, [edge for block in blocks for edge in (block.start, block.end)], base)
        self.starts, self.ends = edges[0::2], edges[1::2]
        self.texts = [fold(text[block.start : block.end]) for block in blocks]
        self.first = {block.kind: index for index, block in reversed(list(enumerate(blocks)))}
        self.size = len("".join(text.split()).encode())
        self.unrecognised = sum(
            len("".join(text[block.start : block.end].split()).encode())
            for block in blocks
            if block.kind == "unrecognised"
        )

        self.inferred: list[str] = list(doubts)
        published = self._value("published_at")
        told = origin.told
        self.source_id = self._infer("source_id", origin.source_id or self._read("source", read_source), told.source)
        self.language = self._infer("language", origin.language or self._read("language", read_language), told.language)
        self.event_date = self._infer("event_date", self._event_date(published), told.date)
        self.published = self._infer(
            "published_at", published if isinstance(published, dt.datetime) else None, told.published_at
        )
        self.url = self._infer("url", self._text("page_address"), told.url)
        # a format that proves its source prints titles: without one, the page is broken
        unnamed = self._front_title() or told.title or (None if origin.source_id else told.name)
        if not self._text("title") and (joined := self._text("head")):
            unnamed = Fact(joined, "title and summary, which folded white space joined")
        self.title = self._infer("title", self._text("title"), unnamed)
        opening = fold(text)[:_OPENING_CHARS] if self.title and unnamed is told.name and not self._text("title") else ""
        self.document_id = identity.document_id(
            self.source_id or "",
            self.language or UNDETERMINED,
            published if isinstance(published, dt.date) else self.event_date,
            f"{self.title or ''}\n{opening}" if opening else self.title or "",
        )
        said = (text for block, text in zip(blocks, self.texts, strict=True) if block.kind not in FURNITURE)
        self.content_sha256 = identity.content_sha256(said)

    def project(self, rows: Mapping[str, _Rows]) -> None:
        """Add the rows of the document to the tables."""
        self.rows = rows
        self.owner: list[tuple[str, str] | None] = [None] * len(self.blocks)
        speakers = self._turns()
        paragraphs, words = self._paragraphs()
        self._tags()
        self._links()
        self._photos()
        for kind in _HEAD:
            if kind in self.first:
                self.owner[self.first[kind]] = ("documents", self.document_id)
        self._document(speakers, paragraphs, words)
        self._blocks()

    def _value(self, kind: str) -> object:
        return self.blocks[self.first[kind]].value if kind in self.first else None

    def _text(self, kind: str) -> str | None:
        return self.texts[self.first[kind]] if kind in self.first else None

    def _read(self, kind: str, read: Callable[[str], str | None]) -> str | None:
        value = self._value(kind)
        return read(value) if isinstance(value, str) else None

    def _front_title(self) -> Fact[str] | None:
        """The title that front matter writes with escapes: no bytes of the text say it as it is meant."""
        value = self._value("front_title")
        return Fact(value, "front matter") if isinstance(value, str) else None

    def _infer(self, column: str, own: T | None, told: Fact[T] | None) -> T | None:
        """What the document tells itself; else what is told of it, which is noted."""
        if own is not None or told is None:
            return own
        self.inferred.append(f"{column}: {told.evidence}")
        return told.value

    def _event_date(self, published: object) -> dt.date | None:
        printed = self._value("date")
        if isinstance(printed, dt.date):
            return printed
        if isinstance(published, dt.datetime):
            return published.astimezone(zoneinfo.ZoneInfo(self.origin.time_zone)).date()
        return published if isinstance(published, dt.date) else None

    def _add(self, table: str, first: int, last: int, **values: object) -> None:
        """Add a row that spans blocks `first` to `last`, inclusive."""
        origin = self.origin
        self.rows[table].add(
            document_id=self.document_id,
            source_id=self.source_id,
            language=self.language or UNDETERMINED,
            event_date=self.event_date,
            byte_start=self.starts[first],
            byte_end=self.ends[last],
            run_id=origin.run_id,
            **values,
        )

    def _turns(self) -> list[Speaker]:
        labels = [index for index, block in enumerate(self.blocks) if block.kind in ("speaker_label", "turn_mark")]
        self.turn_of: dict[int, int] = {}
        speakers = []
        for turn, (label, end) in enumerate(pairwise([*labels, len(self.blocks)])):
            spoken = [index for index in range(label + 1, end) if self.blocks[index].kind == "speech"]
            marks = [
                i for i in range(label + 1, end) if self.blocks[i].kind in ("label_mark", "label_note", "label_tooltip")
            ]
            row = identity.row_id(self.document_id, "t", turn)
            for index in (label, *marks):
                self.owner[index] = ("turns", row)
            self.turn_of.update(dict.fromkeys(spoken, turn))
            speaker = self.blocks[label].value
            assert isinstance(speaker, Speaker), f"a speaker label without a speaker: {self.texts[label]!r}"
            speakers.append(speaker)
            words = "\n\n".join(self.texts[index] for index in spoken)
            self._add(
                "turns",
                label,
                max([label, *marks, *spoken]),
                turn_id=row,
                turn_index=turn,
                speaker_label=self.texts[label] if self.blocks[label].kind == "speaker_label" else None,
                speaker_name=speaker.name,
                speaker_role=speaker.role,
                speaker_kind=speaker.kind,
                speaker_id=identity.speaker_id(speaker.name) or None if speaker.name else None,
                text=words,
                paragraph_count=len(spoken),
                word_count=len(words.split()),
            )
        return speakers

    def _paragraphs(self) -> tuple[int, int]:
        count = words = 0
        times: tuple[object, object] = (None, None)
        for index, block in enumerate(self.blocks):
            if block.kind == "cue_time" and isinstance(block.value, tuple):
                times = (block.value[0], block.value[1])
            if block.kind not in PARAGRAPH_KINDS:
                continue
            turn = self.turn_of.get(index)
            row = identity.row_id(self.document_id, "p", count)
            self.owner[index] = ("paragraphs", row)
            self._add(
                "paragraphs",
                index,
                index,
                paragraph_id=row,
                paragraph_index=count,
                turn_id=None if turn is None else identity.row_id(self.document_id, "t", turn),
                turn_index=turn,
                kind=block.kind,
                text=self.texts[index],
                start_ms=times[0],
                end_ms=times[1],
            )
            count += 1
            words += len(self.texts[index].split())
        return count, words

    def _tags(self) -> None:
        facet, count = "", 0
        for index, block in enumerate(self.blocks):
            if block.kind == "tag_facet":
                facet = str(block.value)
            elif block.kind == "tag":
                self.owner[index] = ("tags", identity.row_id(self.document_id, "g", count))
                self._add("tags", index, index, tag_index=count, facet=facet, value=self.texts[index])
                count += 1

    def _links(self) -> None:
        relation, count = "", 0
        for index, block in enumerate(self.blocks):
            if block.kind == "link_relation":
                relation = str(block.value)
            elif block.kind == "link_title":
                dated = index + 1 if self._kind(index + 1) == "link_date" else None
                last = dated or index
                addressed = last + 2 if self._kind(last + 2) == "link_address" else None
                for part in (index, dated, addressed):
                    if part is not None:
                        self.owner[part] = ("links", identity.row_id(self.document_id, "l", count))
                self._add(
                    "links",
                    index,
                    addressed or last,
                    link_index=count,
                    relation=relation,
                    title=self.texts[index],
                    date_label=self.texts[dated] if dated else None,
                    date=self.blocks[dated].value if dated else None,
                    url=self.texts[addressed] if addressed else None,
                )
                count += 1

    def _photos(self) -> None:
        count, index = 0, 0
        order = ("photo_counter", "caption", "credit_mark", "credit")
        while index < len(self.blocks):
            if self.blocks[index].kind not in order:
                index += 1
                continue
            parts = {self.blocks[index].kind: index}
            last = index
            while self._kind(last + 1) in order[order.index(self.blocks[last].kind) + 1 :]:
                last += 1
                parts[self.blocks[last].kind] = last
            for part in parts.values():
                self.owner[part] = ("photos", identity.row_id(self.document_id, "o", count))
            self._add(
                "photos",
                index,
                last,
                photo_index=count,
                caption=self.texts[parts["caption"]] if "caption" in parts else None,
                credit=self.texts[parts["credit"]] if "credit" in parts else None,
                album_size=self.blocks[parts["photo_counter"]].value if "photo_counter" in parts else None,
            )
            count, index = count + 1, last + 1

    def _kind(self, index: int) -> str:
        return self.blocks[index].kind if index < len(self.blocks) else ""

    def _document(self, speakers: Sequence[Speaker], paragraphs: int, words: int) -> None:
        sections = self._value("sections")
        running = (text for block, text in zip(self.blocks, self.texts, strict=True) if block.kind in PARAGRAPH_KINDS)
        self._add(
            "documents",
            0,
            len(self.blocks) - 1,
            title=self.title,
            summary=self._text("summary"),
            kind=_document_kind(bool(speakers), sections),
            event_time=self._value("time"),
            place=self._text("place"),
            url=self.url,
            sections=list(sections) if isinstance(sections, tuple) else [],
            published_at=self.published,
            turn_count=len(speakers),
            speaker_count=len({speaker.name or speaker.role for speaker in speakers if speaker.kind != "generic"}),
            paragraph_count=paragraphs,
            word_count=words,
            is_excerpt=any(ELISION_RE.search(text) for text in running),
            recognised_share=1.0 - self.unrecognised / self.size if self.size else 0.0,
            dump_sha256=self.origin.dump_sha256,
            rendition_sha256=self.origin.rendition_sha256,
            content_sha256=self.content_sha256,
            parser=self.origin.parser,
            inferred=sorted(self.inferred),
            ingested_at=self.origin.ingested_at,
        )

    def _blocks(self) -> None:
        for index, (block, owner) in enumerate(zip(self.blocks, self.owner, strict=True)):
            table, row = owner or (None, None)
            self.rows["blocks"].add(
                document_id=self.document_id,
                rendition_sha256=self.origin.rendition_sha256,
                block_index=index,
                kind=block.kind,
                byte_start=self.starts[index],
                byte_end=self.ends[index],
                table=table,
                row_id=row,
            )


# section of the site -> kind of a document in which nobody speaks
_KINDS = {"Announcements": "announcement", "Documents": "document", "Telegrams": "telegram"}
_KINDS |= {"Анонсы": "announcement", "Документы": "document", "Телеграммы": "telegram"}


def _document_kind(speaks: bool, sections: object) -> str:
    if speaks:
        return "transcript"
    named = sections if isinstance(sections, tuple) else ()
    return next((_KINDS[section] for section in named if section in _KINDS), "news")
