"""What stands between the paragraphs of a page and is none: photos, groups of links, elisions, direct links.

Everything here is found by a line of its own wording (`See also`, `1 of 3`, `* * *`, `Photo:`), wherever it stands:
inside speech as well as before and behind it.
"""

from __future__ import annotations

from collections.abc import Sequence

from tasks.formats import captions, furniture
from tasks.formats.blocks import Block
from tasks.formats.edition import CaptionWords, Edition
from tasks.formats.evidence import Evidence
from tasks.formats.labels import MAX_LABEL_CHARS, read_label
from tasks.formats.lines import Line
from tasks.formats.page import line_block

MAX_LINKS_OF_GROUP = 60
MAX_CREDIT_CHARS = 100
MAX_TITLE_CHARS = 400  # a longer line without a date under it is a paragraph: the heading has lost its links
MAX_BARE_TITLE_CHARS = 100


def take_insert(lines: Sequence[Line], at: int, blocks: list[Block], edition: Edition) -> int:
    """Take an elision, a photo or a group of links at a line.

    Args:
        lines: the lines of the running text.
        at: the index of the line.
        blocks: where the blocks go; nothing else in it is touched.

    Returns:
        The index of the line behind what was taken; 0 where nothing was.
    """
    line = lines[at]
    wording = edition.furniture
    if line.text in wording.relations and at + 1 < len(lines):
        return _take_links(lines, at, blocks, edition)
    if (size := wording.read_counter(line.text)) is not None:
        blocks.append(line_block("photo_counter", line, size))
        at += 1
        if at < len(lines) and _is_counted_caption(lines, at, edition):
            blocks.extend(caption_blocks(lines[at], edition.captions))
            at += 1
        return at
    if furniture.is_elision(line.text):
        blocks.append(line_block("elision", line))
        return at + 1
    if line.text.startswith(wording.direct_link):
        blocks.append(line_block("furniture", line))
        return at + 1
    return 0


def is_credited(words: str, shown: CaptionWords) -> bool:
    """Whether a line is a caption with its credit: nothing but a photographer and an agency stands behind the mark."""
    if len(words) > captions.MAX_CAPTION_CHARS or (mark := captions.split_credit(words, shown)) is None:
        return False
    return len(words) - mark[1] <= MAX_CREDIT_CHARS and words[mark[1] :].strip()[:1].isupper()


def _is_counted_caption(lines: Sequence[Line], at: int, edition: Edition) -> bool:
    """Whether the line under a counter is its caption: an album can be without captions."""
    words = lines[at].text
    if (
        len(words) > 2 * captions.MAX_CAPTION_CHARS
        or words in edition.furniture.relations
        or furniture.is_elision(words)
    ):
        return False
    if at + 1 < len(lines) and lines[at + 1].text[0] == ":":
        return False
    colon = words.find(":", 0, MAX_LABEL_CHARS)
    return colon < 0 or read_label(words[:colon], Evidence(edition)) is None


def _take_links(lines: Sequence[Line], at: int, blocks: list[Block], edition: Edition) -> int:
    """Take a heading and its links. A link is a title, and mostly a date or a file note under it."""
    wording = edition.furniture
    blocks.append(line_block("link_relation", lines[at], wording.relations[lines[at].text]))
    first = at = at + 1
    while at < len(lines) and at - first < 2 * MAX_LINKS_OF_GROUP:
        words = lines[at].text
        dated = at + 1 < len(lines) and wording.is_link_note(lines[at + 1].text)
        if words in wording.relations or wording.is_link_note(words) or (len(words) > MAX_TITLE_CHARS and not dated):
            break
        if not (dated or at == first or _is_bare_title(lines, at, edition)):
            break
        blocks.append(line_block("link_title", lines[at]))
        if dated:
            note = lines[at + 1]
            blocks.append(line_block("link_date", note, wording.read_first_day(note.text)))
        at += 1 + dated
    return at


def _is_bare_title(lines: Sequence[Line], at: int, edition: Edition) -> bool:
    """Whether a line behind a link is one more title, though nothing stands under it: short, without an end, alone."""
    words = lines[at].text
    wording = edition.furniture
    if len(words) > MAX_BARE_TITLE_CHARS or not words[-1].isalnum() or ":" in words or wording.read_counter(words):
        return False
    if at + 1 == len(lines) or (follows := lines[at + 1].text) in wording.relations:
        return words[0].isupper()
    if follows[0].islower() or follows[0] in ",.;:()’'" or furniture.is_elision(follows):
        return False
    colon = follows.find(":", 0, MAX_LABEL_CHARS)
    return words[0].isupper() and (colon < 0 or read_label(follows[:colon], Evidence(edition)) is None)


def caption_blocks(line: Line, shown: CaptionWords) -> list[Block]:
    """A caption line as caption, credit mark and credit."""
    mark = captions.split_credit(line.text, shown)
    if mark is None:
        return [line_block("caption", line)]
    before, after = line.text[: mark[0]].rstrip(), line.text[mark[1] :].strip()
    blocks = []
    if before:
        blocks.append(Block("caption", line.start, line.start + len(before)))
    blocks.append(Block("credit_mark", line.start + mark[0], line.start + mark[1]))
    if after:
        blocks.append(Block("credit", line.end - len(after), line.end))
    return blocks
