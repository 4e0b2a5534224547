"""From blocks to Arrow tables: every table is a projection of the block list of a document.

A value that a document lacks is left null here even where the schema forbids it: the suites judge, and what they hold
back never reaches a file.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from typing import Any, TypeVar

import pyarrow as pa

from tasks import identity
from tasks.columns import Columns
from tasks.formats.blocks import FURNITURE, PARAGRAPH_KINDS, Block, Speaker, fold
from tasks.formats.unfold import part_head
from tasks.identity import row_mark
from tasks.origin import Origin as Origin
from tasks.own_facts import document_kind, event_date, named_date
from tasks.people import identify, person_tags
from tasks.spans import count_inked, read_spans
from tasks.told import SAID_DATE, Fact, read_language, read_source

T = TypeVar("T")

UNDETERMINED = "und"  # BCP 47 for a language that nobody told

# Blocks of which a document's own row is made.
_HEAD = (
    "title", "summary", "date", "time", "place", "sections", "published_at", "page_address", "source", "language",
    "front_title",
)  # fmt: skip

# Of a document whose title is its file's name, or whose date nobody printed, the id also hashes how the text begins:
# two of `1/transcript.txt` and `2/transcript.txt`, or two talks under one headline and one `--date`, are two documents.
# A few lines tell texts apart, and most corrections leave them as they are.
_OPENING_CHARS = 300

# Blocks with which a turn begins, those that belong to its label, and the parts of a photo in their order.
_OPENING_TURNS = frozenset({"speaker_label", "turn_mark"})
_MARKING_TURNS = frozenset({"label_mark", "label_note", "label_tooltip"})
_PHOTO = ("photo_counter", "caption", "credit_mark", "credit")

# Something was left out: `<…>` on a line of its own or inside a paragraph. A bare `…` is a pause.
ELISION_RE = re.compile(r"[<‹\[(] ?(?:…|\.\.\.) ?[>›\])]")


class Tabulator:
    """Collects documents, each with an id of its own, into tables."""

    def __init__(self) -> None:
        self._columns = Columns()
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
            document.project(self._columns)
        elif before == facts:
            self.repeated += 1
        if before is not facts and before[0] == facts[0]:
            self.twice.add(document.document_id)
        return before == facts

    def tables(self) -> dict[str, pa.Table]:
        """The tables by name, `blocks` among them."""
        return self._columns.tables()

    def counts(self) -> pa.Table:
        """How many rows each document has in each table."""
        return self._columns.counts()


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
        self.text, self.blocks, self.origin = text, blocks, origin
        columns: Iterable[tuple[Any, ...]] = zip(*blocks, strict=True) if blocks else ((), (), (), ())
        self.kinds, firsts, lasts, self.values = columns
        self.first = dict(zip(reversed(self.kinds), range(len(blocks) - 1, -1, -1), strict=True))
        self.spans = read_spans(text, firsts, lasts, base)
        self.starts, self.ends, self.texts = self.spans.starts, self.spans.ends, self.spans.texts
        self.unrecognised = 0
        if "unrecognised" in self.first:
            unknown = (block for block in blocks if block.kind == "unrecognised")
            self.unrecognised = sum(count_inked(text[block.start : block.end]) for block in unknown)

        self.inferred: list[str] = list(doubts)
        published = self._value("published_at")
        told = origin.told
        publisher = origin.source_id or self._read("source", read_source)
        self.source_id = self._infer("source_id", publisher, told.source or self._host())
        self.language = self._infer("language", origin.language or self._read("language", read_language), told.language)
        printed, named = event_date(self._value, origin.time_zone), named_date(self._value)
        self.event_date = self._infer("event_date", printed, named or told.date)
        if not (printed or named) and (doubtful := self._text("doubtful_date")):
            self.inferred.append(f"event_date: {doubtful} has two readings")
        self.published = self._infer(
            "published_at", published if isinstance(published, dt.datetime) else None, told.published_at
        )
        self.url = self._infer("url", self._text("page_address"), told.url)
        # a format that proves its source prints titles: without one, the page is broken
        unnamed = self._front_title() or told.title or (None if origin.source_id else told.name)
        if not self._text("title") and (joined := self._text("head")):
            unnamed = Fact(joined, "title and summary, which folded white space joined")
        self.title = self._infer("title", self._text("title"), unnamed)
        is_named = bool(self._text("title")) or unnamed is not told.name or not self.title
        is_dated = bool(printed or named) or (told.date is not None and told.date.evidence != SAID_DATE)
        opening = "" if is_named and is_dated else fold(text)[:_OPENING_CHARS]
        self.document_id = identity.document_id(
            self.source_id or "",
            self.language or UNDETERMINED,
            published if isinstance(published, dt.date) else self.event_date,
            f"{self.title or ''}\n{opening}" if opening else self.title or "",
        )
        said = compress(self.spans.encoded, [kind not in FURNITURE for kind in self.kinds])
        self.content_sha256 = identity.content_sha256(said)

    def project(self, columns: Columns) -> None:
        """Add the rows of the document to the tables."""
        self.columns = columns
        self.tables: list[str | None] = [None] * len(self.blocks)
        self.marks: list[str | None] = [None] * len(self.blocks)
        speakers, paragraphs, words = self._running_text()
        self._tags()
        self._links()
        self._photos()
        for kind in _HEAD:
            if kind in self.first:
                self.tables[self.first[kind]], self.marks[self.first[kind]] = "documents", ""
        self._document(speakers, paragraphs, words)
        columns.add(
            "blocks", len(self.blocks), kind=self.kinds, byte_start=self.starts, byte_end=self.ends, table=self.tables,
            row_id=self.marks,
        )  # fmt: skip

    def _own(self, indexes: Iterable[int], table: str, letter: str, number: int) -> None:
        """Note of which row blocks are part."""
        mark = row_mark(letter, number)
        for index in indexes:
            self.tables[index], self.marks[index] = table, mark

    def _value(self, kind: str) -> object:
        return self.values[self.first[kind]] if kind in self.first else None

    def _text(self, kind: str) -> str | None:
        return self.texts[self.first[kind]] if kind in self.first else None

    def _read(self, kind: str, read: Callable[[str], str | None]) -> str | None:
        value = self._value(kind)
        return read(value) if isinstance(value, str) else None

    def _host(self) -> Fact[str] | None:
        """The source that the host of the document's own address gives."""
        slug = read_source(self._text("page_address") or "")
        return Fact(slug, "host of the address") if slug else None

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

    def _running_text(self) -> tuple[list[str | None], int, int]:
        """Add turns and paragraphs.

        Returns the speaker of each turn (the id, or name or role as printed; None for a generic one), and counts of
        paragraphs and words.
        """
        encoded, tables, marks = self.spans.encoded, self.tables, self.marks
        paragraphs: list[int] = []
        turn_of: list[int | None] = []  # of each paragraph
        labels: list[int] = []
        lasts: list[int] = []  # block with which each turn ends
        spoken: list[list[int]] = []  # paragraphs of each turn
        cue: tuple[object, object] = (None, None)  # times of the last caption cue
        cues: list[tuple[object, object]] = []  # of each paragraph
        for index, kind in enumerate(self.kinds):
            if kind in PARAGRAPH_KINDS:
                cues.append(cue)
                tables[index], marks[index] = "paragraphs", row_mark("p", len(paragraphs))
                if kind == "speech" and labels:
                    turn_of.append(len(labels) - 1)
                    spoken[-1].append(len(paragraphs))
                    lasts[-1] = index
                else:
                    turn_of.append(None)
                paragraphs.append(index)
            elif kind in _OPENING_TURNS:
                tables[index], marks[index] = "turns", row_mark("t", len(labels))
                labels.append(index)
                lasts.append(index)
                spoken.append([])
            elif labels and kind in _MARKING_TURNS:
                tables[index], marks[index] = "turns", marks[labels[-1]]
                lasts[-1] = index
            elif kind == "cue_time" and isinstance(value := self.values[index], tuple):
                cue = (value[0], value[1])
        texts = [encoded[index] for index in paragraphs]
        words = [text.count(b" ") + 1 for text in texts]  # folded: one space between two words
        self.columns.add(
            "paragraphs", len(paragraphs), turn_index=turn_of, kind=[self.kinds[index] for index in paragraphs],
            text=texts, byte_start=[self.starts[index] for index in paragraphs],
            byte_end=[self.ends[index] for index in paragraphs], start_ms=[start for start, _ in cues],
            end_ms=[end for _, end in cues],
        )  # fmt: skip
        speakers = [self._speaker(label) for label in labels]
        persons = self._persons(labels)
        self.columns.add(
            "turns", len(labels),
            speaker_label=[self.texts[label] if self.kinds[label] == "speaker_label" else None for label in labels],
            speaker_name=[speaker.name for speaker in speakers], speaker_role=[speaker.role for speaker in speakers],
            speaker_kind=[speaker.kind for speaker in speakers],
            speaker_id=[person for person, _ in persons], speaker_id_evidence=[evidence for _, evidence in persons],
            text=[b"\n\n".join([texts[number] for number in each]) for each in spoken],
            paragraph_count=[len(each) for each in spoken],
            word_count=[sum([words[number] for number in each]) for each in spoken],
            byte_start=[self.starts[label] for label in labels], byte_end=[self.ends[last] for last in lasts],
        )  # fmt: skip
        named = [
            None if speaker.kind == "generic" else person or speaker.name or speaker.role or ""
            for speaker, (person, _) in zip(speakers, persons, strict=True)
        ]
        return named, len(paragraphs), sum(words)

    def _persons(self, labels: Sequence[int]) -> list[tuple[str | None, str | None]]:
        """The person behind each label and by what that is proven, as far as one is."""
        if not labels:
            return []
        printed = [(self.texts[label], self.values[label]) for label in labels]
        tags = person_tags(self.blocks, self.texts) if "tag" in self.first else []
        return [each or (None, None) for each in identify(printed, tags, self.source_id or "", self.origin.aliases)]

    def _speaker(self, label: int) -> Speaker:
        speaker = self.values[label]
        assert isinstance(speaker, Speaker), f"a speaker label without a speaker: {self.texts[label]!r}"
        return speaker

    def _spans(self, firsts: Sequence[int], lasts: Sequence[int]) -> dict[str, list[int]]:
        return {
            "byte_start": [self.starts[first] for first in firsts],
            "byte_end": [self.ends[last] for last in lasts],
        }

    def _tags(self) -> None:
        found: list[int] = []
        facets: list[str] = []
        facet = ""
        for index, kind in enumerate(self.kinds) if "tag" in self.first else ():
            if kind == "tag_facet":
                facet = str(self.values[index])
            elif kind == "tag":
                self._own((index,), "tags", "g", len(found))
                found.append(index)
                facets.append(facet)
        values = [self.texts[index] for index in found]
        self.columns.add("tags", len(found), facet=facets, value=values, **self._spans(found, found))

    def _links(self) -> None:
        found: list[int] = []
        lasts: list[int] = []
        relations: list[str] = []
        dates: list[int | None] = []
        urls: list[int | None] = []
        relation = ""
        for index, kind in enumerate(self.kinds) if "link_title" in self.first else ():
            if kind == "link_relation":
                relation = str(self.values[index])
            elif kind == "link_title":
                dated = index + 1 if self._kind(index + 1) == "link_date" else None
                last = dated or index
                addressed = last + 2 if self._kind(last + 2) == "link_address" else None
                self._own([part for part in (index, dated, addressed) if part is not None], "links", "l", len(found))
                found.append(index)
                lasts.append(addressed or last)
                relations.append(relation)
                dates.append(dated)
                urls.append(addressed)
        self.columns.add(
            "links", len(found), relation=relations, title=[self.texts[index] for index in found],
            date_label=[self.texts[dated] if dated else None for dated in dates],
            date=[self.values[dated] if dated else None for dated in dates],
            url=[self.texts[url] if url else None for url in urls], **self._spans(found, lasts),
        )  # fmt: skip

    def _photos(self) -> None:
        found: list[dict[str, int]] = []
        lasts: list[int] = []
        index = 0 if not self.first.keys().isdisjoint(_PHOTO) else len(self.blocks)
        while index < len(self.blocks):
            if self.kinds[index] not in _PHOTO:
                index += 1
                continue
            parts = {self.kinds[index]: index}
            last = index
            while self._kind(last + 1) in _PHOTO[_PHOTO.index(self.kinds[last]) + 1 :]:
                last += 1
                parts[self.kinds[last]] = last
            self._own(parts.values(), "photos", "o", len(found))
            found.append(parts)
            lasts.append(last)
            index = last + 1
        self.columns.add(
            "photos", len(found),
            caption=[self.texts[parts["caption"]] if "caption" in parts else None for parts in found],
            credit=[self.texts[parts["credit"]] if "credit" in parts else None for parts in found],
            album_size=[
                self.values[parts["photo_counter"]] if "photo_counter" in parts else None for parts in found
            ],
            **self._spans([min(parts.values()) for parts in found], lasts),
        )  # fmt: skip

    def _kind(self, index: int) -> str:
        return self.kinds[index] if index < len(self.kinds) else ""

    def _document(self, speakers: Sequence[str | None], paragraphs: int, words: int) -> None:
        sections = self._value("sections")
        row = {
            "document_id": self.document_id,
            "source_id": self.source_id,
            "language": self.language or UNDETERMINED,
            "event_date": self.event_date,
            "byte_start": self.starts[0],
            "byte_end": self.ends[-1],
            "run_id": self.origin.run_id,
            "title": self.title,
            "summary": self._text("summary"),
            "kind": document_kind(bool(speakers), sections),
            "event_time": self._value("time"),
            "place": self._text("place"),
            "url": self.url,
            "event_id": identity.event_id(self.source_id, self.url),
            "sections": list(sections) if isinstance(sections, tuple) else [],
            "published_at": self.published,
            "turn_count": len(speakers),
            "speaker_count": len(set(speakers) - {None}),
            "paragraph_count": paragraphs,
            "word_count": words,
            "is_excerpt": self._is_excerpt(),
            "recognised_share": 1.0 - self.unrecognised / self.spans.inked if self.spans.inked else 0.0,
            "dump_sha256": self.origin.dump_sha256,
            "rendition_sha256": self.origin.rendition_sha256,
            "content_sha256": self.content_sha256,
            "parser": self.origin.parser,
            "inferred": sorted(self.inferred),
            "ingested_at": self.origin.ingested_at,
        }
        self.columns.add("documents", 1, **{name: (value,) for name, value in row.items()})

    def _is_excerpt(self) -> bool:
        if "\u2026" not in self.text and "..." not in self.text:
            return False
        return any(
            ELISION_RE.search(text)
            for kind, text in zip(self.kinds, self.texts, strict=True)
            if kind in PARAGRAPH_KINDS and ("\u2026" in text or "..." in text)
        )
