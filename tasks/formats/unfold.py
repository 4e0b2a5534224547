"""Pages whose white space was folded: a whole page on one line, and where its lines were.

Whoever collects pages often folds their white space. What a line break said is lost then, but most of it can be read
from the wordings of the edition: banner, date and time, link headings, elisions, tag facets and the marks of the foot
stand at line starts, and so do speaker labels. `unfold` puts those breaks back as lines of the same text, offsets
unchanged, so that one parser reads both. What cannot be told is left together and named by `doubts_of`: where a
paragraph ends inside a turn, and where the title ends when a summary follows.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from tasks.formats.blocks import Block
from tasks.formats.edition import Edition
from tasks.formats.evidence import Evidence
from tasks.formats.furniture import ELISION_RE, FILE_NOTE_RE, TIME_RE, Furniture
from tasks.formats.label_parts import find_initials
from tasks.formats.labels import MAX_LABEL_CHARS, read_label
from tasks.formats.lines import Line
from tasks.formats.tag_runs import part_tags

MAX_HEAD_CHARS = 6000  # title and summary have 2,100 at most
MAX_TAGS_CHARS = 4000
MAX_LINK_CHARS = 300
MAX_PLACE_CHARS = 80
MIN_SURE_LABELS = 4  # as many prove a transcript on a page of lines, see `body`
MIN_REPEATED_CHARS = 20  # a title that is repeated as a caption proves where it ends; shorter runs repeat by chance
_COLON_RE = re.compile(r" ?:(?=\s)")
# Where a sentence ends and a capital follows; what stands before the space is closed.
_SENTENCE_END_RE = re.compile(r"[.!?…»”)>*\]\"] (?=[^\W\d_])")
_NOTE_RE = re.compile(r"(?<=[.!?…»”)>*] )\([A-ZА-ЯЁ][^()]{2,300}[.!?…]\)(?= |$)")
_INITIAL_RE = re.compile(r"(?<![^\W\d_])[^\W\d_]\. ?$")  # `D. Orlin`: no sentence ends behind an initial
_PUNCTUATION = frozenset(".!?:;…")


@dataclass(slots=True)
class Unfolded:
    """The lines of a folded page; `joined` where title and summary could not be told apart."""

    lines: list[Line]
    joined: bool


@dataclass(slots=True)
class _Page:
    text: str
    edition: Edition
    cuts: set[int] = field(default_factory=lambda: {0})
    joined: bool = False
    caption: str = ""  # a title that stands once more under the date, as the caption of the photo

    def cut(self, start: int, end: int) -> None:
        """Make a line of a span."""
        self.cuts.update((start, end))


def is_folded(text: str, wording: Furniture) -> bool:
    """Whether a document is a whole page on one line."""
    words = text.strip()
    if "\n" in words or "\r" in words or len(words) < 40:
        return False
    return words.startswith(f"{wording.banner} ") or f" {wording.status} " in words


def ends_of_pages(text: str, marks: Iterable[int], wording: Furniture) -> Iterator[int]:
    """Where folded pages end in a dump: behind an end mark that a publication date stands before on the same line.

    Args:
        text: the dump.
        marks: where the words of an end mark stand.
        wording: those of the edition.
    """
    for mark in marks:
        at, end = mark - 1, mark + len(wording.end_mark)
        if at < 0 or text[at] != " ":
            continue
        follows = text[end : end + len(wording.banner) + 2].lstrip(" ")
        line = max(text.rfind("\n", max(0, at - 400), at), max(0, at - 400))
        if (not follows or follows[0] in "\r\n" or follows.startswith(wording.banner)) and (
            wording.published_mark in text[line:at]
        ):
            yield end


def unfold(text: str, edition: Edition) -> Unfolded:
    """Find the lines of a folded page.

    Args:
        text: one document for which `is_folded` holds.
        edition: whose wordings to look for.
    """
    page = _Page(text, edition)
    end = _cut_foot(page)
    start = _cut_head(page, end)
    start = _cut_place(page, start, end)
    _cut_inserts(page, start, end)
    spoken = end == len(text) or any(section in text[end:] for section in edition.spoken_sections)
    _cut_labels(page, start, end, spoken)
    edges = sorted({*page.cuts, len(text)})
    lines = []
    for first, last in pairwise(edges):
        words = text[first:last].strip()
        if words:
            at = text.index(words[0], first)
            lines.append(Line(at, at + len(words), words))
    return Unfolded(lines, page.joined)


def part_head(text: str, blocks: Sequence[Block], title: str) -> list[Block]:
    """Part a joined title and summary where a title that is known from elsewhere ends; else the blocks as they are."""
    parted: list[Block] = []
    for block in blocks:
        rest = text[block.start + len(title) : block.end]
        if block.kind == "head" and text.startswith(f"{title} ", block.start) and rest.strip():
            parted.append(Block("title", block.start, block.start + len(title)))
            parted.append(Block("summary", block.end - len(rest.lstrip()), block.end))
        else:
            parted.append(block)
    return parted


def doubts_of(text: str, wording: Furniture) -> list[str]:
    """What folding has lost of a document, as `column: why`; empty where lines are lines."""
    if not is_folded(text, wording):
        return []
    lost = ["paragraph_count: white space was folded, so what stood between two labels is one paragraph"]
    if any(f" {facet} " in text for facet in wording.facets):
        lost.append("tags: white space was folded, so they are parted by capitals and order")
    return lost


def _cut_foot(page: _Page) -> int:
    """Cut status lines and tags; the offset where the foot begins."""
    text, wording = page.text, page.edition.furniture
    status = text.rfind(f" {wording.status} ")
    if status < 0:
        return len(text)
    page.cut(status, status + 1 + len(wording.status))
    at = status
    for mark in (*wording.section_marks, wording.published_mark, wording.direct_link, wording.end_mark):
        found = text.find(f" {mark}", status)
        if found >= 0:
            page.cuts.add(found)
    first = status
    for facet in reversed(tuple(wording.facets)):
        at = text.rfind(f" {facet} ", max(0, first - MAX_TAGS_CHARS), first)
        if at < 0 or not _PUNCTUATION.isdisjoint(text[at:first].replace("им.", "")):
            continue
        begin = at + len(facet) + 2
        page.cut(at, begin)
        page.cuts.update(part_tags(text, begin, first, wording.facets[facet], page.edition))
        first = at
    page.cuts.add(first)
    return first


def _cut_head(page: _Page, end: int) -> int:
    """Cut banner, title, date and time; the offset behind them."""
    text, wording = page.text, page.edition.furniture
    start = 0
    if text.startswith(f"{wording.banner} "):
        start = len(wording.banner)
        page.cuts.add(start)
    limit = min(end, start + MAX_HEAD_CHARS)
    announced = text.find(f" {wording.announcement} ", start, limit)
    dates = list(wording.date_re.finditer(text, start, limit))[:8]
    timed = next((date for date in dates if TIME_RE.match(text, date.end() + 1)), None)
    date = timed or next(iter(dates), None)
    if date is None or (announced >= 0 and announced < date.start()):
        if date is not None:
            page.cut(announced, date.end())
            return date.end()
        return start
    page.cut(date.start(), date.end())
    title = text[start : date.start()].strip()
    at = date.end()
    if timed and (time := TIME_RE.match(text, at + 1)):
        at = time.end()
        page.cuts.add(at)
    ends = title.endswith((".", "!", "?", "…"))
    size = _repeated(title, text[at : at + 600])
    if size and ends:
        page.cuts.add(text.index(title[0], start) + size)
    elif not ends and title in text[at : at + 600]:
        size = len(title)
    page.joined = ends and not size
    if size:
        page.caption = title[:size]
    return at


def _repeated(title: str, after: str) -> int:
    """How many characters of a title are repeated as the caption under the date; 0 where too few are."""
    ends = [match.start() for match in re.finditer(r" (?=[^\W\d_])", title)]
    for end in reversed(ends):
        if end < MIN_REPEATED_CHARS:
            break
        if title[end + 1].isupper() and title[:end] in after:
            return end
    return 0


def _cut_place(page: _Page, start: int, end: int) -> int:
    """Cut the place under the time: words that name places, or a few capital words right before a label."""
    text, edition = page.text, page.edition
    counter = edition.furniture.counter_re.search(text, start, min(end, start + MAX_PLACE_CHARS + 12))
    if counter and all(
        word[0].isupper() or word in edition.place_words for word in text[start : counter.start()].split()
    ):
        page.cut(counter.start(), counter.end())
        shown = _SENTENCE_END_RE.search(text, counter.end(), min(end, counter.end() + MAX_LINK_CHARS))
        if shown:
            page.cuts.add(shown.end())
        return counter.end()
    at, last = start, start
    while at < min(end, start + MAX_PLACE_CHARS):
        stop = text.find(" ", at + 1, end)
        word = text[at : stop if stop > 0 else end].strip()
        key = word.rstrip(",").casefold()
        if not word or not (word[0].isupper() or key in edition.place_ends or key in edition.place_words):
            break
        if word[-1] in ".:!?":
            break
        if key in edition.place_ends:
            last = stop if stop > 0 else end
            if not word.endswith(",") and not _goes_on_place(text, last, end, edition):
                break
        at = stop if stop > 0 else end
    if last == start:
        last = _place_before_label(text, start, end)
    if last > start:
        page.cuts.add(last)
    if page.caption and text.startswith(page.caption, last + 1):
        follows = last + 1 + len(page.caption)
        if text[follows : follows + 1] == " " and (text[follows + 1].isupper() or text[follows + 1] in "*<"):
            page.cuts.add(follows)
            return follows
    return last


def _place_before_label(text: str, start: int, end: int) -> int:
    """The end of a few capital words between the time and the first label; `start` where other words stand there."""
    colon = _COLON_RE.search(text, start, min(end, start + MAX_PLACE_CHARS + MAX_LABEL_CHARS))
    label = find_initials(text, start, colon.start()) if colon else -1
    between = text[start:label].strip() if label > start else ""
    if not between or len(between) > MAX_PLACE_CHARS or between[-1] in ".!?…":
        return start
    return label if all(word[0].isupper() for word in between.split(" ")) else start


def _goes_on_place(text: str, at: int, end: int, edition: Edition) -> bool:
    word = text[at:end].lstrip().partition(" ")[0].rstrip(",").casefold()
    return word in edition.place_ends or word in edition.place_words


def _cut_inserts(page: _Page, start: int, end: int) -> None:
    """Cut elisions, stage directions and groups of links."""
    text, wording = page.text, page.edition.furniture
    for match in ELISION_RE.finditer(text, start, end):
        if text[match.start() - 1 : match.start()] == " " and text[match.end() : match.end() + 1] in ("", " "):
            if match[0][0] in "<‹[(" and not _stands_alone(text, match.start(), match.end()):
                continue
            page.cut(match.start(), match.end())
    for match in _NOTE_RE.finditer(text, start, end):
        page.cut(match.start(), match.end())
    for relation in wording.relations:
        at = text.find(f" {relation} ", start, end)
        while at >= 0:
            begin = at + 1 + len(relation)
            if text[at - 1] in ".!?…»”)>*]0123456789" or at in page.cuts or begin in page.cuts:
                _cut_link(page, at, begin, end)
            at = text.find(f" {relation} ", begin, end)


def _stands_alone(text: str, start: int, end: int) -> bool:
    """Whether an elision stands between sentences and not inside one."""
    before, after = text[: start - 1][-1:], text[end + 1 : end + 2]
    return before in ".!?…»”)>*:" and not after.islower()


def _cut_link(page: _Page, at: int, begin: int, end: int, allowed: int = 1) -> None:
    """Cut a link heading, the titles behind it and their dates. Without a date the title ends where a sentence begins.

    `allowed` is how many sentences may end inside the title: one under the heading; behind a link, where speech can go
    on, none.
    """
    text, wording = page.text, page.edition.furniture
    page.cut(at, begin)
    if not allowed and text[begin : begin + MAX_LINK_CHARS].count(":"):
        end = min(end, text.index(":", begin))
    reach = min(end, begin + MAX_LINK_CHARS)
    limit = next((at for at in range(begin + 1, reach) if at in page.cuts), reach)
    notes = [found for expression in (wording.range_re, wording.date_re, FILE_NOTE_RE)
             if (found := expression.search(text, begin, limit))]  # fmt: skip
    note = min(notes, key=lambda match: (match.start(), -match.end()), default=None)
    if note and len(_SENTENCE_END_RE.findall(text[begin : note.start()])) <= allowed:
        page.cut(note.start(), note.end())
        _cut_link(page, note.end(), note.end(), end, 0)
        return
    if not allowed:
        return
    if limit == end or limit in page.cuts:
        return  # the title goes up to the next insert or to the foot
    stop = re.search(r"[.,!?:;]", text[begin:limit])
    words = (
        [match.start() for match in re.finditer(r" (?=[A-ZА-ЯЁ])", text[begin : begin + stop.start()])] if stop else []
    )
    if len(words) > 1:
        page.cuts.add(begin + words[-1])


def _cut_labels(page: _Page, start: int, end: int, spoken: bool) -> None:
    """Cut before speaker labels: behind a sentence or an insert; a label that is known, behind a caption too."""
    text = page.text
    evidence = Evidence(page.edition, head=text[:start])
    cuts = sorted(page.cuts)
    doubtful: list[tuple[int, str, bool]] = []
    found = 0  # labels that are sure
    for colon in _COLON_RE.finditer(text, start, end):
        floor = max(start, colon.start() - MAX_LABEL_CHARS)
        floor = max(floor, cuts[bisect_right(cuts, colon.start()) - 1]) if cuts else floor
        label = _label_start(page, evidence, floor, colon, spoken, floor in page.cuts or floor == start)
        if label >= 0:
            page.cuts.add(label)
            if (read := read_label(text[label : colon.start()].strip(), evidence)) is not None:
                found += read.strength != "weak"
                evidence.add(read.speaker)
        elif (at := find_initials(text, floor, colon.start())) >= 0:
            doubtful.append((at, text[at : colon.start()].strip(), text[colon.end() + 1 : colon.end() + 2].islower()))
    if not spoken and found >= MIN_SURE_LABELS:  # what the labels say, though no section does: names alone count too
        _cut_labels(page, start, end, True)
        return
    labels = set(evidence.names)
    earliest = min((cut for cut in page.cuts.difference(cuts) if cut > start), default=end)  # the first sure label
    for at, printed, told in doubtful:
        read = read_label(printed, evidence)
        known = read is not None and read.speaker.name is not None and read.speaker.name.casefold() in labels
        first = at <= earliest
        if read is not None and ((known and not told) or first):
            page.cuts.add(at)


def _label_start(page: _Page, evidence: Evidence, floor: int, colon: re.Match[str], spoken: bool, whole: bool) -> int:
    """Where the label that this colon ends begins; -1 where it ends none."""
    text = page.text
    starts = [
        match.end()
        for match in _SENTENCE_END_RE.finditer(text, floor, colon.start())
        if not _INITIAL_RE.search(text[max(0, match.start() - 2) : match.end()])
    ]
    if whole:
        starts.insert(0, floor)
    follows = text[colon.end() : colon.end() + 3].strip()[:1]
    for at in reversed(starts[-4:]):
        printed = text[at : colon.start()].strip()
        label = read_label(printed, evidence) if printed else None
        if label is None:
            continue
        if label.strength == "weak" and (not spoken or follows.islower()):
            continue
        if label.speaker.kind == "generic" and (not spoken or follows.islower() or not printed[0].isupper()):
            continue
        if label.strength != "weak" and follows.islower() and not page.edition.lexicon.initials_prove:
            continue
        return text.index(printed[0], at) + _behind_heading(printed, evidence)
    return -1


def _behind_heading(printed: str, evidence: Evidence) -> int:
    """Where a role begins behind a heading that lost its break: `Opening remarks at talks President of Sorland …`."""
    if not evidence.edition.heading_re.match(printed):
        return 0
    words = printed.split(" ")
    lex = evidence.edition.lexicon
    for index in range(len(words) - 1, 1, -1):
        before, word = words[index - 1].casefold(), words[index]
        if not word[0].isupper() or word.casefold() not in lex.roles:
            continue
        if before in lex.role_links or before in lex.roles or before in lex.role_attributes:
            continue
        label = read_label(" ".join(words[index:]), evidence)
        if label is not None and label.strength == "strong":
            return len(" ".join(words[:index])) + 1
    return 0
