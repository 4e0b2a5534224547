"""Text dumps of en.kremlin.ru: pages copied as text and joined, mostly without a line break between them.

A page is a head (`Events`, title, summary, date, time, place), running text with photos and links between, and a foot
(tags, publication status, `Text version`). The next page's `Events` is glued to that end mark: `Text versionEvents`.
Pure functions of text: no disk, no clock. They never raise on any text; what they do not know is `unrecognised`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from zoneinfo import ZoneInfo

from tasks.formats import furniture
from tasks.formats.blocks import Block
from tasks.formats.body import read_body
from tasks.formats.edition import Edition
from tasks.formats.editions import ENGLISH
from tasks.formats.evidence import Evidence, turn_round
from tasks.formats.furniture import Furniture
from tasks.formats.lines import Line, split_lines
from tasks.formats.page import line_block, read_foot, read_head
from tasks.formats.shadow import read_by_shadow
from tasks.formats.unfold import doubts_of, ends_of_pages, is_folded, unfold

NAME = "kremlin-text"
VERSION = 2
SOURCE = "kremlin"
LANGUAGE = "en"
TIME_ZONE = "Europe/Moscow"
FROM_ANY_LINE = True

_ZONE = ZoneInfo(TIME_ZONE)
_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"
_BLANK = r"[^\S\r\n]*"
# Blanks that stand for a space where a text was copied out of a browser.
_COPIED_BLANKS = ("\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}", "\N{THIN SPACE}", "\N{FIGURE SPACE}")
MAX_SNIFFED = 200_000  # characters: some pages
_LOOK_AHEAD_LINES = 16
_LOOK_AHEAD_CHARS = 6000  # title and summary above a date have 2,100 at most


# What follows an end mark: nothing on its line, or the banner of the next page; and what follows a banner.
_BEHIND_END_RE = re.compile(rf"{_BLANK}\r?$|[A-ZА-Я\N{{ZERO WIDTH NO-BREAK SPACE}}]", re.MULTILINE)
_BEHIND_BANNER_RE = re.compile(rf"{_BLANK}\r?$", re.MULTILINE)

Match = Callable[[str, int], "re.Match[str] | None"]


def _find_all(text: str, words: str) -> Iterator[int]:
    """Where fixed words stand: a dump is read in one sweep, ten times as fast as by a pattern that tries each line."""
    at = text.find(words)
    while at >= 0:
        yield at
        at = text.find(words, at + len(words))


def _openings(
    text: str, found: Iterable[int], words: str, match_behind: Match
) -> Iterator[tuple[int, int, re.Match[str]]]:
    """Where a line opens with words that were found: its start, end of the words, and what stands behind them."""
    for at in found:
        end = at + len(words)
        line = at
        while line and text[line - 1].isspace() and text[line - 1] not in "\r\n":
            line -= 1
        if (not line or text[line - 1] == "\n") and (follows := match_behind(text, end)):
            yield line, end, follows


def _plain(text: str) -> str:
    """The text with a space for each blank that reads as one, character for character: wordings are looked up so."""
    for blank in _COPIED_BLANKS:
        text = text.replace(blank, " ")
    return text


def sniff(head: str, edition: Edition = ENGLISH) -> float:
    """How much speaks for this format in the first characters of a text, from 0 to 1.

    Evidence: a line `Events`, a date line with a time line under it, `Publication status`, `Publication date:`, the end
    mark. One alone gives at most 0.3; the registry asks for more.
    """
    wording = edition.furniture
    head = _plain(head[:MAX_SNIFFED])
    lines = [line.text for line in split_lines(head)]
    folded = next((text for text in lines if is_folded(text, wording)), None)
    if folded:
        lines = [line.text for line in unfold(folded, edition).lines]
    found = 0.0
    if lines and lines[0].lstrip(_BOM) == wording.banner:
        found += 0.3
    elif wording.banner in lines:
        found += 0.15
    for at, text in enumerate(lines[:-1]):
        if text[-1].isdigit() and wording.read_date(text) and furniture.read_time(lines[at + 1]):
            found += 0.3
            break
    if wording.status in lines:
        found += 0.3
    if any(text.startswith(wording.published_mark) for text in lines):
        found += 0.2
    ends = _find_all(head, wording.end_mark)
    if any(_openings(head, ends, wording.end_mark, _BEHIND_END_RE.match)):
        found += 0.2
    return min(1.0, round(found, 2))


def split(text: str, edition: Edition = ENGLISH) -> list[tuple[int, int]]:
    """Split a dump into its documents.

    Returns:
        Spans in code points, half-open, ascending, without white space at their ends; they tile the text, white
        space aside. When more text may follow, all but the last span are final: the rules look ahead only over whole
        lines, and only as far as the text goes.

    A document ends with its end mark. One that was cut short has none: then it ends where a banner line is followed by
    the head of another page.
    """
    text = _plain(text)
    wording = edition.furniture
    marks = list(_find_all(text, wording.end_mark))
    cuts = {end for _, end, _ in _openings(text, marks, wording.end_mark, _BEHIND_END_RE.match)}
    cuts.update(ends_of_pages(text, marks, wording))
    banners = _find_all(text, wording.banner)
    for line, _, rest in _openings(text, banners, wording.banner, _BEHIND_BANNER_RE.match):
        if line not in cuts and _heads_page(text, rest.end(), wording):
            cuts.add(line)
    spans: list[tuple[int, int]] = []
    start = 0
    for cut in (*sorted(cuts), len(text)):
        part = text[start:cut]
        words = part.strip()
        if words:
            first = start + part.index(words[0])
            spans.append((first, first + len(words)))
        start = cut
    return spans


def _heads_page(text: str, at: int, wording: Furniture) -> bool:
    """Whether a date, a time or an announced day stands in the next lines; only lines with an end count."""
    printed = text[at : at + _LOOK_AHEAD_CHARS].split("\n", 2 * _LOOK_AHEAD_LINES)[:-1]  # the last one may go on
    lines = [line for line in map(str.strip, printed) if line]
    for line in lines[1:_LOOK_AHEAD_LINES]:  # the first is the title
        if line == wording.banner or line in wording.relations:
            return False
        if len(line) <= 60 and (wording.read_date(line) or wording.read_announced_day(line)):
            return True
    return False


def parse(text: str, edition: Edition = ENGLISH) -> list[Block]:
    """Parse one document into blocks that tile it.

    Args:
        text: the text of one document, as `split` gives it. Any line ends, blank lines, no-break spaces and a byte
            order mark are fine.

    Returns:
        Blocks in order. A text without any structure of a page (no date under its title and no publication
        status) is one `unrecognised` block a line.
    """
    return read_by_shadow(_plain(text), lambda seen: _read_page(seen, edition))


def _read_page(text: str, edition: Edition) -> list[Block]:
    lines = split_lines(text)
    blocks: list[Block] = []
    lines = _cut_byte_order_mark(lines, blocks)
    if not lines:
        return blocks
    folded = is_folded(text, edition.furniture)
    joined = False
    if folded:
        unfolded = unfold(text, edition)
        lines, joined = unfolded.lines, unfolded.joined
    foot = read_foot(lines, _ZONE, edition.furniture)
    head = read_head(lines, foot.start, edition)
    if not head.dated and not foot.complete:
        return blocks + _unrecognised(lines)
    names = {turn_round(person).casefold() for person in foot.persons}
    body = read_body(text, lines[head.end : foot.start], head, foot.sections, Evidence(edition, names), folded)
    if joined:
        head.blocks = [block._replace(kind="head") if block.kind == "title" else block for block in head.blocks]
    return [*blocks, *head.blocks, *body, *foot.blocks]


def doubts(text: str, edition: Edition = ENGLISH) -> list[str]:
    """What could not be told of a document, as `column: why`: on a page whose white space was folded."""
    return doubts_of(_plain(text), edition.furniture)


def is_complete(blocks: Sequence[Block]) -> bool:
    """Whether a document has its whole foot: a publication status and an end mark."""
    kinds = {block.kind for block in blocks}
    return "end_mark" in kinds and "status" in kinds


def _cut_byte_order_mark(lines: list[Line], blocks: list[Block]) -> list[Line]:
    """Take a byte order mark before the first line out as furniture: it is of the file, not of the text."""
    if not lines or not lines[0].text.startswith(_BOM):
        return lines
    start, end, text = lines[0]
    words = text.lstrip(_BOM)
    marks = len(text) - len(words)
    blocks.append(Block("furniture", start, start + marks))
    rest = words.lstrip()
    return [Line(end - len(rest), end, rest), *lines[1:]] if rest else lines[1:]


def _unrecognised(lines: Sequence[Line]) -> list[Block]:
    return [line_block("unrecognised", line) for line in lines]
