"""Transcripts as plain text or Markdown, in which a label at the start of a row says who speaks.

A document is front matter, a head (title, date, place, time), and turns. The convention of its labels is found in the
document itself (`conventions`); where none is proven nobody speaks, and the text is what stands there. Breaks that only
wrap a paragraph are told by the width of the text. One file is one document, unless front matter stands in it again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tasks.formats import asides
from tasks.formats.blocks import Block, Value
from tasks.formats.conventions import Labels, find_labels
from tasks.formats.dates import read_clock, read_day, read_told_time
from tasks.formats.evidence import Evidence
from tasks.formats.front_matter import find_front_matter, read_front_matter
from tasks.formats.heads import cut_day, day_of_title, find_head_days
from tasks.formats.label_forms import Candidate
from tasks.formats.named import read_speaker
from tasks.formats.rows import MAX_INDENT, Layout, Row, find_layout, find_running, is_wrapped, split_rows
from tasks.formats.shadow import cast_shadow, read_by_shadow
from tasks.formats.silent import note_the_silent
from tasks.formats.titles import END_SENTENCE, HEAD_ROWS, HEADING_RE, SPACED_RE, find_title

NAME = "labelled-text"
VERSION = 2
SOURCE = ""  # anybody prints so: the document tells its source, or a person does
LANGUAGE = ""
TIME_ZONE = ""

# Labels prove a transcript and no publisher: a format that knows its own pages goes first.
_EVIDENCE = 0.42
_SNIFF_CHARS = 120_000
_MIN_SPOKEN_SHARE = 0.4  # of the rows stand behind the first label; a manual with questions at its end has less
_MAX_HEADING_CHARS = 600

_MARKUP_RE = re.compile(
    r"\s*(?:<(?:!doctype|html|head|body|\?xml|rss|svg|div|p|script|table)\b|[{\[]\s*[\"{\[\]}])", re.IGNORECASE
)
_CODE_RE = re.compile(
    r"(?:#!|import |from \S+ import |def |class |function |var |let |const |#include|package |public |private "
    r"|if \(|for \(|return\b|\}|\{(?!time\})|//|/\*|<\?|SELECT |INSERT |CREATE |\$ |```)"
)
_STATEMENT_RE = re.compile(r"(?:JOINT |OPENING |PREPARED |CLOSING )?(?:STATEMENTS?|TESTIMONY|REMARKS) OF ")
_WRITTEN_RE = re.compile(
    r"\\?\[?(?:The|Prepared|Additional).{0,200}\b(?:follows?|submitted|referred to)\b.{0,60}:?\\?\]?", re.DOTALL
)
_CLOSED_RE = re.compile(r"\b(?:adjourned|concluded|recessed)\b")


def sniff(head: str) -> float:
    """How much speaks for a labelled transcript in the first characters of a text: 0.42 where a convention is proven.

    Labels that stand in the front matter of a site, and in text that is data, markup or a program, count for nothing.
    """
    text = head[:_SNIFF_CHARS]
    if _MARKUP_RE.match(text) or "\x00" in text:
        return 0.0
    front = read_front_matter(text)
    shadow = cast_shadow(text[front.end :])
    rows = split_rows(shadow.text) if shadow else split_rows(text, front.end)
    if not rows:
        return 0.0
    if sum(_CODE_RE.match(row.text) is not None for row in rows) > 0.08 * len(rows):
        return 0.0
    kinds = {block.kind for block in front.blocks}
    filed = {"title", "front_title"} & kinds and {"date", "published_at"} & kinds
    labels = find_labels(rows, find_layout(rows))
    if labels and len(rows) - min(labels) >= _MIN_SPOKEN_SHARE * len(rows):
        return _EVIDENCE
    return _EVIDENCE if filed else 0.0


def split(text: str) -> list[tuple[int, int]]:
    """The spans of documents: the whole text, unless front matter opens another one behind a blank row."""
    cuts = [0]
    for match in re.finditer(r"^(?:---|\+\+\+)[^\S\n]*\r?\n", text, re.MULTILINE):
        at = match.start()
        if at > cuts[-1] and text[:at].endswith(("\n\n", "\n\r\n", "\f", "\f\n")) and _opens_document(text, at):
            cuts.append(at)
    spans = []
    for start, end in zip(cuts, [*cuts[1:], len(text)], strict=True):
        words = text[start:end].strip()
        if words:
            first = text.index(words[0], start)
            spans.append((first, first + len(words)))
    return spans


def _opens_document(text: str, at: int) -> bool:
    found = find_front_matter(text, at)
    if not found:
        return False
    kinds = {block.kind for block in read_front_matter(text[at : found[3]]).blocks}
    return bool({"title", "front_title", "date", "published_at"} & kinds)


def is_complete(blocks: Sequence[Block]) -> bool:
    """Nothing in this format says where a document ends: what is there is taken for whole."""
    return bool(blocks)


def parse(text: str) -> list[Block]:
    """Parse one document into blocks that tile it."""
    front = read_front_matter(text)
    told = {block.kind for block in front.blocks}
    body = read_by_shadow(text[front.end :], lambda seen: _read_rows(seen, told))
    return [
        *front.blocks,
        *(block._replace(start=block.start + front.end, end=block.end + front.end) for block in body),
    ]


def _read_rows(text: str, told: set[str]) -> list[Block]:
    """The blocks behind front matter; `told` are the kinds that stand in it."""
    rows = split_rows(text)
    blocks: list[Block] = []
    if rows and rows[0].text.startswith("\ufeff"):
        rows = _cut_byte_order_mark(rows, blocks)
    layout = find_layout(rows)
    labels = find_labels(rows, layout)
    return blocks + _Reader(text, rows, labels, layout, told | {block.kind for block in blocks}).read()


def _cut_byte_order_mark(rows: list[Row], blocks: list[Block]) -> list[Row]:
    first = rows[0]
    words = first.text.lstrip("\ufeff").lstrip()
    blocks.append(Block("furniture", first.start, first.start + len(first.text) - len(first.text.lstrip("\ufeff"))))
    return [Row(first.end - len(words), first.end, words, 0, True), *rows[1:]] if words else rows[1:]


class _Reader:
    """Reads the rows of one document from its first to its last."""

    def __init__(self, text: str, rows: Sequence[Row], labels: Labels, layout: Layout, told: set[str]) -> None:
        self.text, self.rows, self.labels, self.layout = text, rows, labels, layout
        self.told = told
        self.blocks: list[Block] = []
        self.evidence = Evidence()
        self.first_label = min(labels, default=len(rows))
        self.last_label = max(labels, default=-1)
        self.running = find_running(rows)
        self.days = find_head_days(rows[: min(self.first_label, HEAD_ROWS)])
        self.speaking = self.written = self.ended = False

    def read(self) -> list[Block]:
        at = self._read_title()
        while at < len(self.rows):
            at = self._read_at(at)
        return note_the_silent(self.blocks)

    def _add(self, kind: str, start: int, end: int, value: Value = None) -> None:
        words = self.text[start:end].strip()
        if words:
            first = self.text.index(words[0], start)
            self.blocks.append(Block(kind, first, first + len(words), value))

    def _read_title(self) -> int:
        """Read the title where the head prints one and front matter does not; the row behind it."""
        if {"title", "front_title"} & self.told or not self.rows:
            return 0
        found = find_title(self.text, self.rows[: min(self.first_label, HEAD_ROWS)], self.layout)
        if not found:
            return 0
        first, last = found
        at = 0
        while at < first:
            at = self._read_at(at, first)
        row = self.rows[first]
        mark = HEADING_RE.match(row.text)
        start = row.start + (mark.end() if mark else 0)
        self._add("markup", row.start, start)
        self._add("title", start, self.rows[last].end, day_of_title(self.text[start : self.rows[last].end]))
        return last + 1

    def _read_at(self, at: int, stop: int | None = None) -> int:
        """Read what begins at a row; the row behind it."""
        row = self.rows[at]
        if candidate := self.labels.get(at):
            return self._read_turn(at, candidate)
        if kind := self._kind_of_row(at):
            self._add_row(kind, at)
            self.ended = self.ended or (kind == "end_mark" and at > self.last_label)
            return at + 1
        end = self._paragraph_end(at, stop)
        start, stop_at = row.start, self.rows[end - 1].end
        said = self.text[start:stop_at]
        if at > self.last_label >= 0 and asides.is_tail(said):
            self.ended = True
        if mark := HEADING_RE.match(said):
            self._add("markup", start, start + mark.end())
            self._add("heading", start + mark.end(), stop_at)
            return end
        if asides.is_note(" ".join(said.split())):
            self._add("note", start, stop_at)
            self.written = self.written or bool(_WRITTEN_RE.fullmatch(said))
            self.ended = self.ended or (bool(_CLOSED_RE.search(said)) and at > self.last_label)
        elif self._is_heading(said) or (self.speaking and self._is_centred(at, end)):
            self._add("heading", start, stop_at)
        elif self.speaking and not self.written and not self.ended:
            self._add_words(start, stop_at)
        else:
            self._add("lead", start, stop_at)
        return end

    def _is_heading(self, said: str) -> bool:
        """`STATEMENT OF HON. ADA LIND, …` over what she says."""
        return _STATEMENT_RE.match(said) is not None and said[:9].isupper() and len(said) < _MAX_HEADING_CHARS

    def _is_centred(self, at: int, end: int) -> bool:
        """Rows in capitals in the middle of a page: a heading of the record, which nobody says."""
        rows = self.rows[at:end]
        return all(row.indent > MAX_INDENT and row.text.isupper() and len(row.text) > 3 for row in rows)

    def _kind_of_row(self, at: int) -> str | None:
        """What a row is by itself, whatever stands around it; None where it is part of a paragraph."""
        text = self.rows[at].text
        if at in self.days and not self.speaking:
            return "date"
        if asides.is_elision(text):
            return "elision"
        if asides.is_end(text):
            return "end_mark"
        if asides.is_rule(text):
            return "furniture"
        if asides.is_examination(text):
            return "heading"
        if at in self.running:
            return "furniture"
        alone = self._stands_alone(at)
        if alone and asides.is_section(text):
            return "heading"
        if alone and asides.is_page_mark(text):
            return "furniture"
        if read_clock(text) or (not self.speaking and read_told_time(text)):
            return (
                "time" if not self.speaking and at < self.first_label else "end_mark" if self._is_last(at) else "note"
            )
        if alone and self.speaking and read_day(text):
            return "furniture"
        if not self.speaking and at < self.first_label <= HEAD_ROWS and self._is_place(at):
            return "place"
        return None

    def _stands_alone(self, at: int) -> bool:
        return self.rows[at].gap and (at + 1 == len(self.rows) or self.rows[at + 1].gap)

    def _is_last(self, at: int) -> bool:
        return at + 4 >= len(self.rows) and at > self.last_label

    def _is_place(self, at: int) -> bool:
        """A short row over the clock, in a head that prints no date between them."""
        row = self.rows[at]
        if (
            len(row.text) > 100
            or row.text.endswith(END_SENTENCE)
            or not row.text[0].isupper()
            or SPACED_RE.fullmatch(row.text)
        ):
            return False
        nearby = self.rows[at + 1 : min(at + 4, self.first_label)]
        return any(read_clock(other.text) for other in nearby) and row.text.count(" ") < 14

    def _add_row(self, kind: str, at: int) -> None:
        row = self.rows[at]
        if kind == "time" and (told := read_told_time(row.text)):
            self._add("furniture", row.start, row.start + told[0])
            self._add(kind, row.start + told[0], row.end, told[2])
        elif kind == "time":
            self._add(kind, row.start, row.end, read_clock(row.text))
        elif kind == "date":
            for part in cut_day(row, self.days[at]):
                self._add(*part)
        elif kind == "place" and self.blocks and self.blocks[-1].kind == "place":
            self.blocks[-1] = Block("place", self.blocks[-1].start, row.end)
        else:
            self._add(kind, row.start, row.end)

    def _paragraph_end(self, at: int, stop: int | None = None) -> int:
        """The row behind the paragraph that begins at, or goes on at, a row."""
        end = at + 1
        limit = len(self.rows) if stop is None else stop
        while end < limit and end not in self.labels:
            row, before = self.rows[end], self.rows[end - 1]
            if row.gap or HEADING_RE.match(row.text) or self._kind_of_row(end) or asides.is_note(row.text):
                break
            if min(before.indent, row.indent) > MAX_INDENT and row.text.isupper() == before.text.isupper():
                end += 1
                continue
            if not is_wrapped(before, row, self.layout) and not self._goes_on(before, row):
                break
            end += 1
        return end

    def _goes_on(self, before: Row, row: Row) -> bool:
        """Rows of one printed heading or note: a bracket that is still open."""
        opened = self.text.rfind("[", max(0, before.start - 600), before.end)
        return (
            opened >= 0 and "]" not in self.text[opened : before.end] and opened >= before.start - 400 and not row.gap
        )

    def _read_turn(self, at: int, candidate: Candidate) -> int:
        row = self.rows[at]
        self.speaking, self.written, self.ended = True, False, False
        left, right = (row.start + edge for edge in candidate.label)
        words = row.start + candidate.words
        if candidate.form == "mark":
            self._add("turn_mark", row.start, words, read_speaker("unknown"))
        else:
            inside = [self.text[row.start + start + 1 : row.start + end - 1] for start, end in candidate.notes[:1]]
            speaker = self.evidence.resolve(read_speaker(candidate.text, inside[0] if inside else ""))
            self.evidence.add(speaker)
            self._add("markup", row.start, left)
            self._add("speaker_label", left, right, speaker)
            edge = right
            for start, end in candidate.notes:
                self._add("label_mark", edge, row.start + start)
                self._add("label_note", row.start + start, row.start + end)
                edge = row.start + end
            self._add("label_mark", edge, words)
        if words >= row.end:
            return at + 1
        end = self._paragraph_end(at)
        self._add_words(words, self.rows[end - 1].end)
        return end

    def _add_words(self, start: int, end: int) -> None:
        """Words of a speaker, with the stage directions between their sentences taken out."""
        at = start
        said = self.text[start:end]
        if asides.is_note(" ".join(said.split())) and not asides.is_unheard(said):
            self._add("note", start, end)
            return
        for left, right in asides.find_stage_notes(said):
            self._add_speech(at, start + left)
            self._add("note", start + left, start + right)
            at = start + right
        self._add_speech(at, end)

    def _add_speech(self, start: int, end: int) -> None:
        """A part of a paragraph; marks of emphasis that were left alone by a cut are no words."""
        kind = "speech" if any(map(str.isalnum, self.text[start:end])) else "markup"
        self._add(kind, start, end)


def iterate_turns(text: str, blocks: Sequence[Block]) -> Iterator[tuple[str, str]]:
    """Label and words of each turn, for those who compare: the label as printed, empty for a bare mark."""
    label: str | None = None
    words: list[str] = []
    for block in blocks:
        if block.kind in ("speaker_label", "turn_mark"):
            if label is not None:
                yield label, " ".join(words)
            label = text[block.start : block.end] if block.kind == "speaker_label" else ""
            words = []
        elif block.kind == "speech":
            words.append(text[block.start : block.end])
    if label is not None:
        yield label, " ".join(words)
