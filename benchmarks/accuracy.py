"""How often the parser is right: `python -m benchmarks.accuracy [DUMP] [TRUTH.jsonl] [--html FOLDER]`.

DUMP is a text dump, TRUTH.jsonl one record a page in the same order: title, summary, date, time, place, sections,
tags, links, photos, and the turns that bold labels mark on the web page. Defaults: `../shared/data/kremlin-dev.txt` and
`.turns.jsonl` from the project's root.

The truth is markup truth, not hand truth, and is wrong in known ways:
- a label that an editor forgot to set in bold is not in it: the parser's turn then counts as false;
- bold runs glue words (`President of LesskneftAda Lind`): labels are compared without white space;
- a note in the bold run is part of the label (`… (retranslated)`), elsewhere not: labels are compared without notes;
- `links` and `photos` hold groups with a heading and the first slider only: inner captions have no truth here;
- what follows a label up to the next one is its turn there: elisions, notes, pull quotes and headings are counted as
  paragraphs of the turn and stand in its first words, so they are counted here too, though no speaker says them.

A turn matches a truth turn of the same page when label (without notes, white space, case) and the first three words are
equal; both lists are aligned in order, so a page is never helped by two turns in the wrong order. A wrong count of
paragraphs is shown apart and does not unmatch a turn.
"""

from __future__ import annotations

import argparse
import difflib
import json
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tasks.formats import kremlin_html, kremlin_text, kremlin_text_ru
from tasks.formats.blocks import Block, Speaker, fold
from tasks.formats.evidence import Evidence
from tasks.formats.labels import read_label

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
_NOTE_RE = re.compile(r"\s*[(\[][^()\[\]]*[)\]]?\s*$")
_SPACE_RE = re.compile(r"\s+")
SHOWN_IN_TURN = frozenset({"speech", "note", "quote", "elision", "heading"})
FIELDS = ("title", "summary", "date", "time", "place", "sections", "tags", "links", "photos")


@dataclass(slots=True)
class Turn:
    """A turn as the truth writes it."""

    label: str
    first_words: str
    paragraphs: int = 0


@dataclass(slots=True)
class Score:
    """Counts over all pages; `misses` by class, each with page id and what was seen."""

    pages: int = 0
    right: Counter[str] = field(default_factory=Counter)
    matched: int = 0
    found: int = 0
    true: int = 0
    paragraphs_right: int = 0
    silent_pages: int = 0
    false_pages: list[str] = field(default_factory=list)
    misses: dict[str, list[str]] = field(default_factory=dict)
    chars: int = 0
    unrecognised: int = 0
    classes: dict[str, Counter[str]] = field(default_factory=dict)

    @property
    def precision(self) -> float:
        return self.matched / self.found if self.found else 1.0

    @property
    def recall(self) -> float:
        return self.matched / self.true if self.true else 1.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def count(self, label: str, what: str, is_split: bool = False) -> None:
        """Count a turn as true, missed or false in the class of its label, or of those that lines break."""
        self.classes.setdefault("split over lines" if is_split else class_of(label), Counter())[what] += 1

    def miss(self, kind: str, text: str) -> None:
        self.misses.setdefault(kind, []).append(text)


def class_of(label: str) -> str:
    """The form of a printed label: the classes of the confusion table."""
    read = read_label(label, Evidence())
    if read is None:
        return "no label by itself"
    if read.note:
        return "noted"
    if read.speaker.kind == "generic":
        return "generic"
    if read.text.isupper():
        return "capitals"
    if read.speaker.role:
        return "inverted" if read.text.startswith(f"{read.speaker.name},") else "titled"
    if "." in read.text:
        return "initials"
    return "glued" if read.speaker.name != read.text and "," not in read.text else "bare"


def label_key(label: str) -> str:
    """A label as it is compared: no note, no white space, no case."""
    return _SPACE_RE.sub("", _NOTE_RE.sub("", label)).casefold()


def words_key(text: str) -> str:
    """The first three words as they are compared."""
    return "".join(fold(text).split(" ")[:3]).casefold()


def read_page(text: str, blocks: Sequence[Block]) -> dict[str, Any]:
    """The fields of one page in the shape of the truth."""
    page: dict[str, Any] = dict.fromkeys(FIELDS)
    page.update(sections=[], tags={}, links=[], photos=[])
    facet = relation = ""
    size: int | None = None
    for block in blocks:
        words = fold(text[block.start : block.end])
        match block.kind:
            case "title" | "summary" | "place":
                page[block.kind] = words
            case "date":
                page["date"] = str(block.value)
            case "time":
                page["time"] = words.zfill(5)
            case "sections":
                page["sections"] = list(block.value) if isinstance(block.value, tuple) else []
            case "tag_facet":
                facet = words
                page["tags"].setdefault(facet, [])
            case "tag":
                page["tags"][facet].append(words)
            case "link_relation":
                relation = words
            case "link_title":
                page["links"].append({"relation": relation, "title": words, "date": None})
            case "link_date":
                page["links"][-1]["date"] = words if block.value else None  # a file note is no date
            case "photo_counter":
                size = block.value if isinstance(block.value, int) else None
            case "caption" if size is not None:
                page["photos"].append({"caption": words, "album_size": size})
                size = None
            case "credit_mark" | "credit" if page["photos"] and size is None and _follows_photo(blocks, block):
                page["photos"][-1]["caption"] += f" {words}"
            case _:
                pass
    return page


def _follows_photo(blocks: Sequence[Block], block: Block) -> bool:
    at = blocks.index(block)
    while at and blocks[at].kind in ("credit", "credit_mark", "caption"):
        at -= 1
    return blocks[at].kind == "photo_counter"


def read_turns(text: str, blocks: Sequence[Block]) -> list[Turn]:
    """The turns of one page: a label opens one, a lead ends it."""
    turns: list[Turn] = []
    open_ = False
    for block in blocks:
        words = text[block.start : block.end]
        if block.kind == "speaker_label":
            assert isinstance(block.value, Speaker)
            turns.append(Turn(fold(words), ""))
            open_ = True
        elif open_ and block.kind in SHOWN_IN_TURN:
            turn = turns[-1]
            turn.paragraphs += 1
            if turn.first_words.count(" ") < 6:
                turn.first_words = f"{turn.first_words} {fold(words[:300])}".strip()
        elif block.kind == "lead":
            open_ = False
    return turns


def _documents(text: str) -> Iterator[tuple[str, list[Block]]]:
    for start, end in kremlin_text.split(text):
        document = text[start:end]
        yield document, kremlin_text.parse(document)


def read_html(folder: Path, truth: Sequence[dict[str, Any]]) -> Iterator[tuple[str, list[Block]]]:
    """The pages of a truth as `<id>.html` of a folder: what is derived of each, and its blocks."""
    for record in truth:
        document = kremlin_html.derive((folder / f"{record['id']}.html").read_bytes().decode("utf-8"))
        yield document, kremlin_html.parse(document)


def score(text: str, truth: Sequence[dict[str, Any]]) -> Score:
    """Compare a dump with its truth, page by page; raises ValueError when the numbers of pages differ."""
    return score_pages(list(_documents(text)), truth)


def score_pages(documents: Sequence[tuple[str, list[Block]]], truth: Sequence[dict[str, Any]]) -> Score:
    """Compare parsed pages with their truth; raises ValueError when the numbers of pages differ."""
    result = Score()
    if len(documents) != len(truth):
        raise ValueError(f"{len(documents)} documents, but the truth has {len(truth)} pages")
    for (document, blocks), record in zip(documents, truth, strict=True):
        result.pages += 1
        for block in blocks:
            chars = len("".join(document[block.start : block.end].split()))
            result.chars += chars
            if block.kind == "unrecognised":
                result.unrecognised += chars
                result.miss("unrecognised", f"{record['id']}: {document[block.start : block.end]!r:.120}")
        _score_fields(result, read_page(document, blocks), record)
        _score_turns(result, read_turns(document, blocks), record, document)
    return result


def _score_fields(result: Score, page: dict[str, Any], record: dict[str, Any]) -> None:
    for name in FIELDS:
        wanted = record[name]
        if name == "tags":
            wanted = {
                facet: [tag for tag in tags if not re.fullmatch(r"\d+ more", tag)] for facet, tags in wanted.items()
            }
        if _plain(page[name]) == _plain(wanted):
            result.right[name] += 1
        else:
            result.miss(f"field {name}", f"{record['id']}: read {page[name]!r:.240}, true {wanted!r:.240}")


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return _SPACE_RE.sub("", value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    return value


def is_split(turn: Turn, lines: Sequence[str]) -> bool:
    """Whether no line of a page begins with label and words of a turn: a link broke the label, or its colon off.

    `lines` are those of the page without white space. A label that fills its line has its words in the next.
    """
    label, words = _plain(turn.label), _plain(turn.first_words)[:8]
    for line in lines:
        marked = line.startswith(label) and line.find(":", len(label))
        if marked and marked > 0:
            said = line[marked + 1 :][:8]
            if words.startswith(said) or said.startswith(words):
                return False
    return True


def _score_turns(result: Score, turns: Sequence[Turn], record: dict[str, Any], document: str = "") -> None:
    page = record["id"]
    true = [Turn(turn["label"], turn["first_words"], turn["paragraphs"]) for turn in record["turns"]]
    result.found += len(turns)
    result.true += len(true)
    if not true:
        result.silent_pages += 1
        if turns:
            result.false_pages.append(page)
    read_keys = [label_key(turn.label) + "|" + words_key(turn.first_words) for turn in turns]
    true_keys = [label_key(turn.label) + "|" + words_key(turn.first_words) for turn in true]
    lines = [_plain(line) for line in document.splitlines()]
    split = {id(turn) for turn in true if lines and is_split(turn, lines)}
    for turn in true:
        result.count(turn.label, "true", id(turn) in split)
    matcher = difflib.SequenceMatcher(a=read_keys, b=true_keys, autojunk=False)
    for tag, first, last, true_first, true_last in matcher.get_opcodes():
        if tag == "equal":
            result.matched += last - first
            for turn, wanted in zip(turns[first:last], true[true_first:true_last], strict=True):
                if turn.paragraphs == wanted.paragraphs:
                    result.paragraphs_right += 1
                else:
                    seen = f"read {turn.paragraphs}, true {wanted.paragraphs}"
                    result.miss("paragraph count", f"{page}: {wanted.label} ({wanted.first_words:.30}): {seen}")
            continue
        known = {label_key(turn.label) for turn in true}
        for turn in turns[first:last]:
            kind = "false turn, label of the page" if label_key(turn.label) in known else "false turn, new label"
            if true_first < true_last and any(words_key(w.first_words) == words_key(turn.first_words) for w in true):
                kind = "other label for a true turn"
            result.count(turn.label, "false")
            result.miss(kind, f"{page}: {turn.label} | {turn.first_words:.70}")
        for turn in true[true_first:true_last]:
            result.count(turn.label, "missed", id(turn) in split)
            result.miss("missed turn", f"{page}: {turn.label} | {turn.first_words:.60}")


# `И.Орлин:`, `И.Орлин :` and `И.Орлин Орлин Иван Ильич мэр :`: written apart from the parser, to be a check on it.
_RUSSIAN_LABEL_RE = re.compile(
    r"(?<!\S)((?:[А-ЯЁ][а-яё]?\.-?){1,3}([А-ЯЁ][а-яё-]+))(?: \2 [^:!?]{5,150}?)?(?: \([^()]{3,60}\))? ?:(?=\s)"
)


def score_russian(texts: Sequence[str]) -> tuple[int, int, int]:
    """True, read and matched labels of initials in folded Russian pages; the truth is a rule of this module."""
    true = read = matched = 0
    for text in texts:
        wanted = [match[1] for match in _RUSSIAN_LABEL_RE.finditer(text)]
        blocks = kremlin_text_ru.parse(text)
        seen = [fold(text[block.start : block.end]) for block in blocks if block.kind == "speaker_label"]
        seen = [label for label in seen if "." in label]
        matcher = difflib.SequenceMatcher(a=seen, b=wanted, autojunk=False)
        true, read = true + len(wanted), read + len(seen)
        matched += sum(size for _, _, size in matcher.get_matching_blocks())
    return true, read, matched


def print_report(result: Score, limit: int) -> None:
    """Print shares, scores, confusion by class and up to `limit` misses of each class."""
    print(f"pages {result.pages}")
    for name in FIELDS:
        print(f"  {name:<9} {result.right[name] / max(result.pages, 1):.4f}")
    print(f"turns: true {result.true}, read {result.found}, matched {result.matched}")
    print(f"  precision {result.precision:.4f}  recall {result.recall:.4f}  F1 {result.f1:.4f}")
    print(f"  paragraph count right in {result.paragraphs_right / max(result.matched, 1):.4f} of matched turns")
    print(f"  {'class of label':<20}{'true':>7}{'found':>7}{'missed':>7}{'false':>7}")
    for name, seen in sorted(result.classes.items(), key=lambda item: -item[1]["true"]):
        found = seen["true"] - seen["missed"]
        print(f"  {name:<20}{seen['true']:>7}{found:>7}{seen['missed']:>7}{seen['false']:>7}")
    print(
        f"pages without true turns {result.silent_pages}, with a false one {len(result.false_pages)}:"
        f" {result.false_pages}"
    )
    print(f"recognised share {1 - result.unrecognised / max(result.chars, 1):.6f}")
    for kind, misses in sorted(result.misses.items(), key=lambda item: -len(item[1])):
        print(f"{kind}: {len(misses)}")
        for miss in misses[:limit]:
            print(f"    {miss}")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line; exit 2 when a file is not there."""
    parser = argparse.ArgumentParser(description="Compare the parser with the markup truth of a dump.")
    parser.add_argument("dump", nargs="?", type=Path, default=DATA / "kremlin-dev.txt")
    parser.add_argument("truth", nargs="?", type=Path, default=DATA / "kremlin-dev.turns.jsonl")
    parser.add_argument("--html", type=Path, help="folder of the pages as <id>.html: they are scored, not the dump")
    parser.add_argument("--russian", type=Path, help="JSONL of folded Russian pages: their labels are scored instead")
    parser.add_argument("--limit", type=int, default=20, help="misses to print of each class")
    options = parser.parse_args(arguments)
    if options.russian:
        texts = [json.loads(line)["text"] for line in options.russian.read_text("utf-8").splitlines()]
        true, read, matched = score_russian(texts)
        print(f"pages {len(texts)}, labels of initials: true {true}, read {read}, matched {matched}")
        print(f"  F1 {2 * matched / max(true + read, 1):.4f}")
        return 0
    for path in (options.html or options.dump, options.truth):
        if not path.exists():
            print(f"accuracy: {path} is not there", file=sys.stderr)
            return 2
    truth = [json.loads(line) for line in options.truth.read_text("utf-8").splitlines() if line.strip()]
    started = time.perf_counter()
    if options.html:
        pages = list(read_html(options.html, truth))
    else:
        pages = list(_documents(options.dump.read_bytes().decode("utf-8")))
    print_report(score_pages(pages, truth), options.limit)
    size = sum(len(document.encode()) for document, _ in pages)
    print(f"{size / 1e6:.1f} MB of text in {time.perf_counter() - started:.1f} s, scoring included")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
