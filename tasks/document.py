"""One document on its way into the tables: its blocks, and the facts that they and its surroundings tell of it.

A value that a document lacks is left null here even where the schema forbids it: the suites judge, and what they hold
back never reaches a file.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar

from tasks import identity, own_facts
from tasks.formats.blocks import Block, Speaker, fold
from tasks.formats.unfold import part_head
from tasks.origin import Origin
from tasks.people import identify, person_tags
from tasks.told import SAID_DATE, Fact, read_language, read_source

T = TypeVar("T")

UNDETERMINED = "und"  # BCP 47 for a language that nobody told

# Blocks of which a document's own row is made.
HEAD = (
    "title", "summary", "date", "time", "place", "sections", "published_at", "page_address", "source", "language",
    "front_title",
)  # fmt: skip

# Blocks with which a turn begins.
OPENING_TURNS = frozenset({"speaker_label", "turn_mark"})

# Of a document whose title is its file's name, or whose date nobody printed, the id also hashes how the text begins:
# two of `1/transcript.txt` and `2/transcript.txt`, or two talks under one headline and one `--date`, are two documents.
# A few lines tell texts apart, and most corrections leave them as they are.
_OPENING_CHARS = 300


class Document:
    """One document, its blocks as columns, and what is known of it; what takes all its text is left to the tables.

    Args:
        text: its text.
        blocks: its blocks.
        base: byte of the rendition at which the text starts.
        origin: where it came from.
        doubts: what its format could not tell of it, as `column: why`.
        data: the text in UTF-8, where it is at hand.
    """

    def __init__(
        self,
        text: str,
        blocks: Sequence[Block],
        base: int,
        origin: Origin,
        doubts: Sequence[str] = (),
        data: bytes | None = None,
    ) -> None:
        if origin.told.title:
            blocks = part_head(text, blocks, origin.told.title.value)
        self.base, self.origin, self.chars = base, origin, len(text)
        self.data = text.encode() if data is None else data
        self._text: str | None = text
        columns: Iterable[tuple[Any, ...]] = zip(*blocks, strict=True) if blocks else ((), (), (), ())
        self.kinds, self.firsts, self.lasts, self.values = columns
        self.first = dict(zip(reversed(self.kinds), range(len(blocks) - 1, -1, -1), strict=True))
        self.inferred: list[str] = list(doubts)
        self._read_facts()
        self._read_persons(blocks)
        self.summary, self.place = self.words("summary"), self.words("place")
        self._text = None  # of a batch these are twice its bytes, and all are in `data`

    def _read_facts(self) -> None:
        origin, told = self.origin, self.origin.told
        published = own_facts.published(self.value, origin.time_zone)
        publisher = origin.source_id or self._read("source", read_source)
        self.source_id = self._infer("source_id", publisher, told.source or self._host())
        self.language = self._infer("language", origin.language or self._read("language", read_language), told.language)
        printed = own_facts.event_date(self.value, published, origin.time_zone)
        named = own_facts.named_date(self.value)
        self.event_date = self._infer("event_date", printed, named or told.date)
        if not (printed or named) and (doubtful := self.words("doubtful_date")):
            self.inferred.append(f"event_date: {doubtful} has two readings")
        self.published = self._infer(
            "published_at", published if isinstance(published, dt.datetime) else None, told.published_at
        )
        self.url = self._infer("url", self.words("page_address"), told.url)
        # a format that proves its source prints titles: without one, the page is broken
        unnamed = self._front_title() or told.title or (None if origin.source_id else told.name)
        title = self.words("title")
        if not title and (joined := self.words("head")):
            unnamed = Fact(joined, "title and summary, which folded white space joined")
        self.title = self._infer("title", title, unnamed)
        is_named = bool(title) or unnamed is not told.name or not self.title
        is_dated = bool(printed or named) or (told.date is not None and told.date.evidence != SAID_DATE)
        opening = "" if is_named and is_dated else fold(self.text)[:_OPENING_CHARS]
        self.document_id = identity.document_id(
            self.source_id or "",
            self.language or UNDETERMINED,
            published or self.event_date,
            f"{self.title or ''}\n{opening}" if opening else self.title or "",
        )

    def _read_persons(self, blocks: Sequence[Block]) -> None:
        """Who each turn is by: what its label says, and the person behind it and by what that is proven, if one is."""
        labels = [at for at, kind in enumerate(self.kinds) if kind in OPENING_TURNS]
        self.speakers: list[Speaker] = []
        self.persons: list[tuple[str | None, str | None]] = []
        if not labels:
            return
        for at in labels:
            speaker = self.values[at]
            assert isinstance(speaker, Speaker), f"a speaker label without a speaker: {self._words_at(at)!r}"
            self.speakers.append(speaker)
        printed = [(self._words_at(at), self.values[at]) for at in labels]
        tags = person_tags(self.text, blocks) if "tag" in self.first else []
        found = identify(printed, tags, self.source_id or "", self.origin.aliases)
        self.persons = [each or (None, None) for each in found]

    @property
    def text(self) -> str:
        """The text, decoded from its bytes."""
        return self.data.decode() if self._text is None else self._text

    def count_speakers(self) -> int:
        """How many speakers its turns have: by id, or by name or role as printed; generic ones do not count."""
        return len(
            {
                person or speaker.name or speaker.role or ""
                for speaker, (person, _) in zip(self.speakers, self.persons, strict=True)
                if speaker.kind != "generic"
            }
        )

    def value(self, kind: str) -> object:
        """The value of the first block of a kind; None where there is none."""
        return self.values[self.first[kind]] if kind in self.first else None

    def words(self, kind: str) -> str | None:
        """What the first block of a kind says, folded; None where there is none."""
        return self._words_at(self.first[kind]) if kind in self.first else None

    def _words_at(self, at: int) -> str:
        return fold(self.text[self.firsts[at] : self.lasts[at]])

    def _read(self, kind: str, read: Callable[[str], str | None]) -> str | None:
        value = self.value(kind)
        return read(value) if isinstance(value, str) else None

    def _host(self) -> Fact[str] | None:
        """The source that the host of the document's own address gives."""
        slug = read_source(self.words("page_address") or "")
        return Fact(slug, "host of the address") if slug else None

    def _front_title(self) -> Fact[str] | None:
        """The title that front matter writes with escapes: no bytes of the text say it as it is meant."""
        value = self.value("front_title")
        return Fact(value, "front matter") if isinstance(value, str) else None

    def _infer(self, column: str, own: T | None, told: Fact[T] | None) -> T | None:
        """What the document tells itself; else what is told of it, which is noted."""
        if own is not None or told is None:
            return own
        self.inferred.append(f"{column}: {told.evidence}")
        return told.value
