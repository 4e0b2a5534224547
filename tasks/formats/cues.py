"""Captions: cues of a few seconds each, made into paragraphs and turns with their times.

The rendition of a caption file is text in which marks, which no caption can print, say what the text cannot:

    ⟦title Harbour Tonight⟧                     what the file says of itself, where it does
    ⟦language en⟧
    ⟦2 times lost⟧                              where times could not be read; the words stand with the cue before
    ⟦00:00:01.000 --> 00:00:04.000⟧             times of the paragraph below
    ⟦Ada Lind⟧ Good evening.                    who speaks from here on; `⟦>>⟧` where it is only known that another does

`derive` of a caption format writes it, `parse` reads it back into blocks: spans address it, and the times stand in it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from tasks.formats import asides
from tasks.formats.blocks import Block, fold
from tasks.formats.conventions import find_labels
from tasks.formats.evidence import Evidence
from tasks.formats.label_words import GENERIC, TITLES
from tasks.formats.named import read_speaker
from tasks.formats.rows import Layout, Row
from tasks.formats.silent import note_the_silent

OPENING, CLOSING = "\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}", "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}"
ANOTHER = ">>"

# A pause after a sentence ends a paragraph; a longer one does so inside a sentence too. A speaker seldom rests longer
# than two seconds, and captions of one sentence are seldom five seconds apart.
PAUSE_MS, BREAK_MS = 2_000, 5_000
PARAGRAPH_CHARS = 400  # from here on the end of a sentence ends the paragraph
# Share of cues that repeat rows of the cue before: in rolled captions nearly all do, in others one in a hundred.
ROLLED_SHARE = 0.3

_CLOCK = r"(?:\d{1,3}:)?\d{1,2}:\d{1,2}(?:[.,]\d{1,3})?"
TIMING_RE = re.compile(rf"^[^\S\n]*({_CLOCK})[^\S\n]*-{{1,2}}>[^\S\n]*({_CLOCK})(?=[^\S\n]|$)[^\n]*$", re.MULTILINE)
_TAG_RE = re.compile(r"</?[a-zA-Z][^<>]{0,200}>|<\d[\d:.,]{3,14}>|\{\\[^{}]{1,60}\}|</>")
_VOICE_RE = re.compile(r"<v(?:\.[\w.-]{1,60}+)?+[ \t]([^<>\n]{1,120})>")
_MARKS = str.maketrans({OPENING: "[", CLOSING: "]", "\u200b": None})
_INNER_MARK_RE = re.compile(r"\s(?=>{2,3}\s?[^\s>])")
_NOTE_BEHIND_RE = re.compile(r"\s?(\([^()]{1,60}\))$")
_ROUND = str.maketrans("()", "[]")
# `Lind, Ada`: as the address books of meetings have it.
_INVERTED_RE = re.compile(r"([^\W\d_][\w’'-]*), ([^\W\d_a-z][\w’'-]*(?: [^\W\d_a-z][\w’'.-]*)?)")
_DASH_RE = re.compile(r"[-–—]\s?(?=[^\s\d-])")
_FACT_RE = re.compile(rf"{OPENING}(title|language) ([^{OPENING}{CLOSING}\n]+){CLOSING}")
_LOST_RE = re.compile(rf"{OPENING}(\d+) times lost{CLOSING}")
_TIME_RE = re.compile(rf"{OPENING}(\d+):(\d\d):(\d\d)\.(\d\d\d) --> (\d+):(\d\d):(\d\d)\.(\d\d\d){CLOSING}")
_LABEL_RE = re.compile(
    rf"{OPENING}([^{OPENING}{CLOSING}()\n]*[^{OPENING}{CLOSING}()\n ]) ?(\([^{OPENING}{CLOSING}()\n]*\))?{CLOSING}"
)
_SENTENCE_ENDS = (".", "?", "!", "…", ".”", "?”", "!”", '."', '?"', '!"', ")", "]", "♪")


class Cue(NamedTuple):
    """One cue: times in milliseconds, and its text with the tags of its format."""

    start: int
    end: int
    text: str


class Piece(NamedTuple):
    """A row of a cue without tags; `voice` is the name in its voice tag, None where it has none."""

    cue: int
    start: int
    end: int
    voice: str | None
    text: str


class Paragraph(NamedTuple):
    """What becomes one paragraph: `label` is None where the speaker goes on, or nobody is known."""

    start: int
    end: int
    label: str | None
    text: str


def to_ms(clock: str) -> int:
    """Milliseconds of a printed time, with or without hours and fractions.

    >>> to_ms("01:02,5")
    62500
    """
    whole, _, fraction = clock.replace(",", ".").partition(".")
    seconds = 0
    for part in whole.split(":"):
        seconds = seconds * 60 + int(part)
    return seconds * 1000 + int(fraction.ljust(3, "0")[:3] or 0)


def write_clock(ms: int, mark: str = ".") -> str:
    """A time as captions print it."""
    seconds, rest = divmod(ms, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{mark}{rest:03}"


def canonical_timing(match: re.Match[str], mark: str) -> str:
    """A timing row as every reader takes it, without settings."""
    return f"{write_clock(to_ms(match[1]), mark)} --> {write_clock(to_ms(match[2]), mark)}"


def render(cues: Sequence[Cue], title: str | None = None, language: str | None = None, lost: int = 0) -> str:
    """The rendition of cues: see the head of this module. `lost` counts the times that could not be read."""
    out = [f"{OPENING}{name} {fold(fact.translate(_MARKS))}{CLOSING}\n" for name, fact in
           (("title", title), ("language", language)) if fact and fact.strip()]  # fmt: skip
    if lost:
        out.append(f"{OPENING}{lost} times lost{CLOSING}\n")
    for paragraph in _merge(_pieces(cues)):
        label = "" if paragraph.label is None else f"{OPENING}{paragraph.label}{CLOSING} "
        times = f"{write_clock(paragraph.start)} --> {write_clock(paragraph.end)}"
        out.append(f"{OPENING}{times}{CLOSING}\n{label}{paragraph.text}\n\n")
    return "".join(out)


def _pieces(cues: Sequence[Cue]) -> list[Piece]:
    """The rows of all cues, without those that a cue repeats from the one before where the captions roll, and without
    a cue that is the one before once more."""
    cues = [cue for at, cue in enumerate(cues) if at == 0 or cue != cues[at - 1]]
    rows = [_rows(cue.text) for cue in cues]
    repeats = [_overlap([text for _, text in before], [text for _, text in own]) for before, own in pairwise(rows)]
    full = [count for count, own in zip(repeats, rows[1:], strict=True) if own]
    rolled = len(full) >= 3 and sum(count > 0 for count in full) >= ROLLED_SHARE * len(full)
    pieces = []
    for at, (cue, own) in enumerate(zip(cues, rows, strict=True)):
        first = repeats[at - 1] if rolled and at else 0
        pieces += [Piece(at, cue.start, cue.end, voice, text) for voice, text in own[first:]]
    return pieces


def _rows(text: str) -> list[tuple[str | None, str]]:
    rows: list[tuple[str | None, str]] = []
    voice: str | None = None
    for printed in text.split("\n"):
        parts = _VOICE_RE.split(printed)
        for at, part in enumerate(parts):
            if at % 2:
                voice = _read_voice(fold(html.unescape(part).translate(_MARKS)))
                continue
            words = fold(html.unescape(_TAG_RE.sub("", part)).translate(_MARKS))
            rows += [(voice, said) for said in _INNER_MARK_RE.split(words) if said]
    return rows


def _read_voice(printed: str) -> str:
    """The name in a voice tag as it goes into a mark: `Odo Kern (Guest)` has a note behind it."""
    note = _NOTE_BEHIND_RE.search(printed)
    name, behind = (printed[: note.start()], f" {note[1]}") if note and note.start() else (printed, "")
    return name.translate(_ROUND) + behind


def _overlap(before: Sequence[str], own: Sequence[str]) -> int:
    """How many of the first rows of a cue are the last of the cue before."""
    for count in range(min(len(before), len(own)), 0, -1):
        if list(before[-count:]) == list(own[:count]):
            return count
    return 0


def _merge(pieces: Sequence[Piece]) -> Iterator[Paragraph]:
    """Join pieces into paragraphs: one ends with its speaker, at a pause, or with a sentence when it is long."""
    labels = _read_labels(pieces)
    dashed = _find_dashes(pieces)
    open_: Paragraph | None = None
    voice: str | None = None
    speaking = ANOTHER
    cue = -1
    for at, piece in enumerate(pieces):
        label, text = labels.get(at, (None, piece.text))
        if label is None and at in dashed:
            label, text = ANOTHER, _DASH_RE.sub("", text, count=1)
        if piece.voice is not None and label is None and piece.voice != voice:
            label = piece.voice or ANOTHER
        if label is not None:
            voice = piece.voice
            if label == speaking != ANOTHER and read_speaker(label).kind == "person":
                label = None  # each cue of a meeting names its speaker
            else:
                speaking = label
        note = asides.is_note(text)
        if open_ and (label is not None or note or asides.is_note(open_.text) or _ends(open_, piece, cue)):
            yield open_
            open_ = None
        if open_:
            open_ = Paragraph(open_.start, piece.end, open_.label, f"{open_.text} {text}".strip())
        else:
            open_ = Paragraph(piece.start, piece.end, label, text)
        cue = piece.cue
    if open_:
        yield open_


def _ends(paragraph: Paragraph, piece: Piece, cue: int) -> bool:
    if piece.cue == cue:
        return False
    pause = piece.start - paragraph.end
    if pause < 0:  # cues that run backwards are not one paragraph, whatever they say
        return piece.end < paragraph.start
    if not paragraph.text.endswith(_SENTENCE_ENDS):
        return pause >= BREAK_MS
    return pause >= PAUSE_MS or len(paragraph.text) >= PARAGRAPH_CHARS


def _read_labels(pieces: Sequence[Piece]) -> dict[int, tuple[str, str]]:
    """Labels in the text of cues: where they stand, as they go into a mark, and the words behind them."""
    rows = [Row(at, at + 1, piece.text, 0, at == 0 or pieces[at - 1].text.endswith(_SENTENCE_ENDS))
            for at, piece in enumerate(pieces)]  # fmt: skip
    found = {}
    for at, one in find_labels(rows, Layout(None, False)).items():
        text = pieces[at].text
        if one.form not in ("colon", "mark") or pieces[at].voice:
            continue
        notes = "".join(f" ({text[start + 1 : end - 1].strip()})" for start, end in one.notes[:1])
        label = ANOTHER if one.form == "mark" else one.text.translate(_ROUND) + notes
        found[at] = (label, text[one.words :])
    return found


def _find_dashes(pieces: Sequence[Piece]) -> set[int]:
    """Rows that a dash gives to another speaker: two of them in one cue, or one for each speaker of a talk."""
    dashes = [at for at, piece in enumerate(pieces) if _DASH_RE.match(piece.text) and piece.voice is None]
    cues = [pieces[at].cue for at in dashes]
    return {at for at in dashes if cues.count(pieces[at].cue) > 1} if len(dashes) < 20_000 else set()


def parse(text: str) -> list[Block]:
    """Parse a rendition of captions into blocks that tile it."""
    blocks: list[Block] = []
    evidence = Evidence()
    speaking = False
    start = 0
    for line in text.splitlines(keepends=True):
        words = line.strip()
        at = start + line.index(words[0]) if words else start
        start += len(line)
        if not words:
            continue
        if fact := _FACT_RE.fullmatch(words):
            left, right = at + fact.start(2), at + fact.end(2)
            value = fact[2] if fact[1] == "language" else None
            blocks += [Block("markup", at, left - 1), Block(fact[1], left, right, value)]
            blocks.append(Block("markup", right, at + len(words)))
        elif _LOST_RE.fullmatch(words):
            blocks.append(Block("markup", at, at + len(words)))
        elif time := _TIME_RE.fullmatch(words):
            first, last = (":".join(time.groups()[i : i + 3]) + f".{time[i + 4]}" for i in (0, 4))
            blocks.append(Block("cue_time", at, at + len(words), (to_ms(first), to_ms(last))))
        else:
            if label := _LABEL_RE.match(words):
                blocks += _label_blocks(label, at, evidence)
                speaking = True
            after = label.end() if label else 0
            blocks += _word_blocks(words, after, at, speaking)
    return note_the_silent(blocks)


def _label_blocks(label: re.Match[str], at: int, evidence: Evidence) -> list[Block]:
    if label[1] == ANOTHER:
        return [Block("turn_mark", at, at + label.end(), read_speaker("unknown"))]
    inverted = _INVERTED_RE.fullmatch(label[1])
    is_name = inverted and not {word.casefold() for word in inverted[2].split(" ")} & (TITLES | GENERIC)
    speaker = evidence.resolve(read_speaker(f"{inverted[2]} {inverted[1]}" if inverted and is_name else label[1]))
    evidence.add(speaker)
    blocks = [Block("markup", at, at + 1), Block("speaker_label", at + label.start(1), at + label.end(1), speaker)]
    if label[2]:
        blocks.append(Block("label_note", at + label.start(2), at + label.end(2)))
    return [*blocks, Block("label_mark", at + label.end() - 1, at + label.end())]


def _word_blocks(line: str, start: int, at: int, speaking: bool) -> list[Block]:
    """Words of a paragraph, its stage directions apart."""
    said = line[start:]
    base = start + len(said) - len(said.lstrip())
    said = said.strip()
    if not said:
        return []
    if asides.is_note(said) and not (speaking and asides.is_unheard(said)):
        return [Block("note", at + base, at + base + len(said))]
    kind = "speech" if speaking else "lead"
    edges = [(0, 0), *asides.find_stage_notes(said), (len(said), len(said))]
    blocks = []
    for (left, right), (next_left, _) in pairwise(edges):
        if left < right:
            blocks.append(Block("note", at + base + left, at + base + right))
        words = said[right:next_left]
        if words.strip():
            first = right + len(words) - len(words.lstrip())
            spoken = kind if any(map(str.isalnum, words)) else "markup"
            blocks.append(Block(spoken, at + base + first, at + base + first + len(words.strip())))
    return blocks


def doubts(text: str) -> list[str]:
    """What the times of a rendition leave untold."""
    lost = _LOST_RE.search(text)
    return [f"start_ms: {lost[1]} times could not be read; their words have the time of the cue before"] if lost else []


def split(text: str) -> list[tuple[int, int]]:
    """The span of the one document that a rendition of captions holds."""
    words = text.strip()
    if not words:
        return []
    start = text.index(words[0])
    return [(start, start + len(words))]
