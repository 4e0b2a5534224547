"""The running text of a page: from lines to paragraphs, turns, photos and links.

Three passes. `_gather` puts lines together that a link broke and takes photos, links and elisions out. `prove_labels`
finds the paragraphs that begin with a speaker label. `_emit` walks through once more and says what each paragraph is:
speech of the last label, or lead, heading, note, caption, quote.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tasks.formats import captions
from tasks.formats.blocks import Block, fold, new_block
from tasks.formats.edition import CaptionWords, Edition
from tasks.formats.evidence import Evidence
from tasks.formats.furniture import is_elision
from tasks.formats.inserts import caption_blocks, is_credited, take_insert
from tasks.formats.label_proof import Item, Paragraph, prove_labels
from tasks.formats.labels import MAX_LABEL_CHARS, Label, read_label
from tasks.formats.lines import Line, continues
from tasks.formats.page import Head
from tasks.formats.quotes import find_quotes

MAX_HEADING_CHARS = 200
_MAX_DOUBTFUL_CHARS = max(MAX_HEADING_CHARS, captions.MAX_CAPTION_CHARS)  # what is longer is speech or lead
# In angle brackets what opens as a sentence does: `<Applause.>`, and no tag.
_NOTE_RE = re.compile(r"(?:[(\[][^()\[\]]{2,600}[)\]]|<[A-ZА-ЯЁ][a-zа-яё][^<>/=@]{0,300}>)\.?")
_NOTE_OPENINGS = "([<"
_CONTROL_RE = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\N{REPLACEMENT CHARACTER}]")
# What was no text leaves at least one of these; looking for them is ten times as fast as for the whole class.
_DAMAGE_MARKS = "\x00\x01\x02\x03\x04\x05\x06\x08\x1b\x7f\N{REPLACEMENT CHARACTER}"
_NAMING_KINDS = frozenset({"caption", "link_title"})  # they name persons who speak


def read_body(
    text: str,
    lines: Sequence[Line],
    head: Head,
    sections: Sequence[str] | None,
    evidence: Evidence,
    whole: bool = False,
) -> list[Block]:
    """Read the lines between head and foot.

    Args:
        text: the document.
        lines: the lines between head and foot, in order.
        head: what was read above them.
        sections: the sections the page says it is in; None where the page is cut before it says so.
        evidence: persons known from the tags; labels are added to it.
        whole: whether every line is whole: none was broken by a link.
    """
    items = _gather(text, lines, evidence, whole)
    _take_first_caption(text, items, head, evidence.edition)
    shown = [text[item.start : item.end] for item in items if isinstance(item, Block) and item.kind in _NAMING_KINDS]
    evidence.head = fold(" / ".join((head.title, head.summary, *shown)))
    prove_labels(text, items, evidence, sections is None or not evidence.edition.spoken_sections.isdisjoint(sections))
    return _emit(text, items, head, evidence)


def _gather(text: str, lines: Sequence[Line], evidence: Evidence, whole: bool) -> list[Item]:
    edition = evidence.edition
    photo = edition.captions.photo
    is_credit_near = photo in text
    items: list[Item] = []
    inserts: list[Block] = []
    open_: Paragraph | None = None
    is_finished = False  # whether what the paragraph has so far ends in a mark
    at, end = 0, len(lines)
    while at < end:
        line = lines[at]
        words = line.text
        if len(words) <= 80 and (taken := take_insert(lines, at, inserts, edition)):
            items.extend(inserts)
            inserts.clear()
            at, open_ = taken, None
            continue
        if is_credit_near and photo in words and is_credited(words, edition.captions):
            items.extend(caption_blocks(line, edition.captions))
            at, open_ = at + 1, None
            continue
        # by far the most lines are a new sentence after a finished one
        is_new = open_ is None or whole or (is_finished and words[0].isupper())
        if open_ and not is_new and _belongs(text, open_, line, lines[at + 1].text if at + 1 < end else "", evidence):
            open_.lines.append(line)
            open_.end = line.end
        else:
            open_ = Paragraph([line], line.start, line.end)
            items.append(open_)
        is_finished = not words[-1].isalnum()
        at += 1
    return items


def _belongs(text: str, paragraph: Paragraph, line: Line, follows: str, evidence: Evidence) -> bool:
    """Whether a line goes on with a paragraph; it does not begin in upper case behind a finished sentence."""
    if line.text[0].isupper():
        colon = line.text.find(":", 0, MAX_LABEL_CHARS)
        if colon < 0 and follows[:1] in (":", "(") and len(line.text) < MAX_LABEL_CHARS:
            colon = len(line.text)
        if colon > 0 and (label := read_label(line.text[:colon], evidence)):
            return _is_open_role(text, paragraph, label, evidence)
        if _is_label_alone(text, paragraph, evidence.edition):
            return False
    return continues(paragraph.lines[-1].text, line.text, paragraph.chars, evidence)


def _is_open_role(text: str, paragraph: Paragraph, label: Label, evidence: Evidence) -> bool:
    """Whether a paragraph is a role that a link broke off before its name: `President of Lesskneft` / `Ada Lind: …`."""
    if paragraph.chars > MAX_LABEL_CHARS or label.strength == "strong" or label.speaker.name is None:
        return False
    role = fold(text[paragraph.start : paragraph.end])
    if read_label(role, evidence) is not None:
        return False
    whole = read_label(f"{role} {label.text}", evidence)
    return whole is not None and whole.strength == "strong" and whole.speaker.name == label.speaker.name


def _is_label_alone(text: str, paragraph: Paragraph, edition: Edition) -> bool:
    if paragraph.chars > MAX_LABEL_CHARS or text[paragraph.end - 1] != ":":
        return False
    return read_label(text[paragraph.start : paragraph.end - 1], Evidence(edition)) is not None


def _take_first_caption(text: str, items: list[Item], head: Head, edition: Edition) -> None:
    """The first paragraph under date and place is often the caption of the only photo, without counter or credit."""
    first = items[0] if items else None
    if not isinstance(first, Paragraph) or not head.dated or len(first.lines) > 1:
        return
    words = first.lines[0].text
    if _may_be_label(words, edition) or (len(items) == 1 and not captions.split_credit(words, edition.captions)):
        return
    follows = items[1] if len(items) > 1 else None
    if isinstance(follows, Block) and follows.kind == "elision" and words[-1].isalnum():
        return  # a heading
    shown = captions.split_credit(words, edition.captions) is not None or words in (
        head.summary,
        head.title,
        head.title + ".",
    )
    ends = words[-1] in ".)" or (
        words[-1].isalnum() and captions.opens_caption(words, edition.captions) and len(items) > 1
    )
    if shown or (ends and captions.is_first_caption(words, edition.captions)):
        items[:1] = caption_blocks(first.lines[0], edition.captions)


def _may_be_label(words: str, edition: Edition) -> bool:
    colon = words.find(":", 0, MAX_LABEL_CHARS)
    return colon > 0 and read_label(words[:colon], Evidence(edition)) is not None


def _emit(text: str, items: Sequence[Item], head: Head, evidence: Evidence) -> list[Block]:
    edition, shown = evidence.edition, evidence.edition.captions
    paragraphs = [item for item in items if isinstance(item, Paragraph)]
    folded = [
        item.lines[0].text if item.label is None and len(item.lines) == 1 else _words_of(text, item)
        for item in paragraphs
    ]
    started = False
    eligible: list[int] = []
    for number, paragraph in enumerate(paragraphs):
        started = started or paragraph.label is not None
        if started and paragraph.label is None:
            eligible.append(number)
    quotes = find_quotes(folded, eligible) if eligible else set()
    known = captions.content_words(f"{head.title} {head.summary}", shown)
    roles = Evidence(edition)
    damaged = any(mark in text for mark in _DAMAGE_MARKS)
    blocks: list[Block] = []
    speaking, index = False, 0
    for at, item in enumerate(items):
        if isinstance(item, Block):
            blocks.append(item)
            if item.kind == "caption":
                known |= captions.content_words(text[item.start : item.end], shown)
            continue
        words = folded[index]
        quoted = index in quotes
        index += 1
        if item.label is not None:
            speaking = True
            blocks.extend(_label_blocks(text, item, item.label, roles, damaged))
            continue
        if speaking and isinstance(items[at - 1], Block) and _resumes_telling(items, at, words, shown):
            speaking = False
        if len(words) > _MAX_DOUBTFUL_CHARS and words[0] not in _NOTE_OPENINGS:
            kind = "speech" if speaking else "lead"
        else:
            kind = _kind_of(words, item, items, at, known, speaking, edition)
        if damaged and _CONTROL_RE.search(words):
            kind = "unrecognised"
        if quoted and kind == "speech":
            kind = "quote"
        elif kind == "heading":
            known |= captions.content_words(words, shown)
        if kind == "caption":
            known |= captions.content_words(words, shown)
            blocks.extend(caption_blocks(item.lines[0], shown))
        else:
            blocks.append(new_block(Block, (kind, item.start, item.end, None)))
    return blocks


def _words_of(text: str, item: Paragraph) -> str:
    if item.label is None:
        return fold(text[item.start : item.end])
    words = text[item.colon + 1 : item.end].strip()
    return words if len(item.lines) == 1 else fold(words)


def _kind_of(
    words: str, item: Paragraph, items: Sequence[Item], at: int, known: set[str], speaking: bool, edition: Edition
) -> str:
    if words[0] in _NOTE_OPENINGS and _NOTE_RE.fullmatch(words):
        return "note"
    if words[-1] in ".)":
        is_short = len(words) <= captions.MAX_CAPTION_CHARS and len(item.lines) == 1
        if is_short and captions.is_inner_caption(words, known, speaking, edition) and not _is_open(items, at):
            return "caption"
    elif len(words) <= MAX_HEADING_CHARS and words[-1].isalnum() and _is_heading(words, items, at, speaking, edition):
        return "heading"
    return "speech" if speaking else "lead"


def _resumes_telling(items: Sequence[Item], at: int, words: str, shown: CaptionWords) -> bool:
    """Whether behind an elision the page tells again instead of quoting: nobody says I, we or you, and it is past."""
    before = items[at - 1] if at else None
    parted = isinstance(before, Block) and before.kind == "elision"
    return parted and words[0].isupper() and captions.is_telling(words, shown)


def _is_open(items: Sequence[Item], at: int) -> bool:
    """Whether the paragraph before ends in a comma, as a greeting does: what follows is said, not shown."""
    before = items[at - 1] if at else None
    return isinstance(before, Paragraph) and before.lines[-1].text[-1] in ",:"


def _is_heading(words: str, items: Sequence[Item], at: int, speaking: bool, edition: Edition) -> bool:
    """A line without an end, where a part begins: behind an elision, or before a label, or named like one."""
    if len(words) < 4 or not words[0].isupper():
        return False
    before, after = items[at - 1] if at else None, items[at + 1] if at + 1 < len(items) else None
    parted = isinstance(before, Block) and before.kind == "elision"
    labelled = isinstance(after, Paragraph) and after.label is not None
    if parted and (labelled or edition.heading_re.match(words) is not None):
        return True
    if edition.heading_re.match(words):
        return labelled or (not speaking and isinstance(after, Block) and after.kind == "elision")
    return labelled and not speaking


def _kind_of_words(words: str) -> str:
    """What stands behind a label: speech, but for an elision or a stage direction alone, which nobody says."""
    if is_elision(words):
        return "elision"
    return "note" if words[0] in _NOTE_OPENINGS and _NOTE_RE.fullmatch(words) else "speech"


def _label_blocks(text: str, item: Paragraph, label: Label, roles: Evidence, damaged: bool) -> list[Block]:
    """Label, note, mark and the first paragraph of a turn."""
    speaker = roles.resolve(label.speaker)
    roles.add(label.speaker)
    printed = text[item.start : item.colon].rstrip()
    note = len(printed)
    if label.note:
        opening = label.note[0]
        note = printed.rfind(opening)
    before = printed[:note].rstrip()
    blocks = [Block("speaker_label", item.start, item.start + len(before), speaker)]
    if label.tooltip and printed.startswith(label.text) and len(before) > len(label.text):
        shown = item.start + before.index(label.tooltip[0], len(label.text))
        blocks = [
            Block("speaker_label", item.start, item.start + len(label.text), speaker),
            Block("label_tooltip", shown, item.start + len(before)),
        ]
    if note < len(printed):
        blocks.append(Block("label_note", item.start + note, item.start + len(printed)))
    blocks.append(Block("label_mark", item.colon, item.colon + 1))
    rest = text[item.colon + 1 : item.end]
    if rest.strip():
        start = item.colon + 1 + len(rest) - len(rest.lstrip())
        kind = "unrecognised" if damaged and _CONTROL_RE.search(rest) else _kind_of_words(rest.strip())
        blocks.append(Block(kind, start, item.end))
    return blocks
