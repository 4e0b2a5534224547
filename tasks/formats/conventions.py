"""Which rows of a text are labels: a form of label counts where the document as a whole keeps to it.

One row that begins with `Ports:` proves nothing. Evidence of a document is repetition (the same label again),
alternation (another one between), words that speak (sentences behind the label), and labels that are strong by
themselves (an honorific, a title, `Q`). Candidates of one form and case are judged together; what no proof covers stays
text. Thresholds were chosen on invented documents in each form and on the negatives beside them in `tests/formats`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from itertools import pairwise

from tasks.formats.dates import read_head_row
from tasks.formats.label_forms import Candidate, is_set_off, read_alone, read_candidate
from tasks.formats.named import is_capitals, is_spoken_word, read_shape
from tasks.formats.rows import MAX_INDENT, Layout, Row, is_wrapped

Labels = dict[int, Candidate]

_QUOTED_RE = re.compile(r">(?!>)")  # letters quote so, and `>>` what was quoted in them

MIN_WORDS_ALONE = 20  # what a label that is the only one of its document must have behind it

_CLOSE_RE = re.compile(r"\[[^\[\]]{0,200}\b(?:adjourned|concluded)\b[^\[\]]{0,80}\]")
_CLOSE_ROWS = 4
_LIST_MARKS = ("- ", "* ", "+ ", "• ", "<", "|", "[", "```")
_HEAD_ENTRIES = 8  # labels at most of a head that are entries
_ASKING = frozenset(("q", "question"))
_LISTS = frozenset(("participants", "members", "panelists", "attendees", "representatives", "staff", "appearances"))

_SPOKEN_ENDS = ".?!…—–-”\"’')]*_"


def find_labels(rows: Sequence[Row], layout: Layout) -> Labels:
    """The rows that begin with a label, by index, in a form that the document proves."""
    candidates = _read_candidates(rows, layout)
    groups: defaultdict[str, Labels] = defaultdict(dict)
    for at, candidate in candidates.items():
        groups[_group(candidate, rows[at])][at] = candidate
    proven = {name for name, found in groups.items() if _is_proven(name, found, rows)}
    strong = any(name in proven for name in ("caps", "title", "period", "timed"))
    if "letter" in groups and "letter" not in proven and strong:
        proven.add("letter")
    if not proven:
        return _find_alone(rows)
    if "caps" in proven and "title" in proven and not _outweighs(groups["title"], groups["caps"]):
        proven.discard("title")
    accepted: Labels = {}
    for name in sorted(proven):
        accepted |= _accept(name, groups[name], rows)
    if "caps" in proven and "title" not in proven and _outweighs(groups["title"], groups["caps"]):
        accepted |= _sure(groups["title"])  # `PM: …` and `Media: …`: initials, and others in small letters
    if {one.key for one in accepted.values()} <= _ASKING:
        return {}  # who answers is not said, and whoever asks does not say the answers
    return _without_appendix(_without_entries(dict(sorted(accepted.items())), rows), rows)


def _without_entries(labels: Labels, rows: Sequence[Row]) -> Labels:
    """The labels without entries of the head: `Moderator: Ada Lind, Harbour Times` says who will speak."""
    entries = set()
    for at, one in list(labels.items())[:_HEAD_ENTRIES]:
        said = rows[at].text[one.words :].strip("*_ ")
        goes_on = at + 1 < len(rows) and at + 1 not in labels and not rows[at + 1].gap
        if one.form != "colon" or goes_on or said[-1:] in _SPOKEN_ENDS or not (_is_name(said) or read_head_row(said)):
            break
        entries.add(at)
    return {at: one for at, one in labels.items() if at not in entries}


def _is_name(said: str) -> bool:
    words = said.split(" ")
    return 2 <= len(words) <= 12 and (read_shape(said) is not None or words[:2] == ["The", "Honourable"])


def _without_appendix(labels: Labels, rows: Sequence[Row]) -> Labels:
    """The labels without those of written questions and answers behind the close of a printed record.

    A record that goes on, as one of several days does, goes on with somebody who spoke before, labelled as before.
    """
    close = next((at for at, row in enumerate(rows) if row.text[0] == "[" and _closes(rows, at)), None)
    before = {one.key: one.form for at, one in labels.items() if close is not None and at < close}
    if close is None or not before:
        return labels
    form = Counter(one.form for at, one in labels.items() if at < close).most_common(1)[0][0]
    goes_on = any(at > close and before.get(one.key) == form == one.form for at, one in labels.items())
    return {at: one for at, one in labels.items() if at < close or (goes_on and one.form == form)}


def _closes(rows: Sequence[Row], at: int) -> bool:
    return _CLOSE_RE.match(" ".join(row.text for row in rows[at : at + _CLOSE_ROWS])) is not None


def _read_candidates(rows: Sequence[Row], layout: Layout) -> Labels:
    found: Labels = {}
    for at, row in enumerate(rows):
        candidate = read_candidate(row.text)
        if candidate is None:
            continue
        capitals = candidate.form in ("mark", "letter") or is_capitals(candidate.text.split(" "))
        opens = layout.indented and 2 <= row.indent <= MAX_INDENT  # behind a paragraph of one row, which fills it
        starts = at == 0 or row.gap or opens or not is_wrapped(rows[at - 1], row, layout)
        if not starts and (not capitals or candidate.form == "period" or candidate.shape == "title"):
            continue
        if candidate.words == len(row.text) and candidate.form != "mark" and at + 1 == len(rows):
            continue  # a label with nothing behind it
        if candidate.words == len(row.text) and candidate.key in _LISTS:
            continue  # a list of names is below
        found[at] = candidate
    return found


def _group(candidate: Candidate, row: Row) -> str:
    if ">>" in row.text[: candidate.before]:  # behind `>>` a label is what it looks like
        return "mark"
    behind = row.text[candidate.label[1] : candidate.words].lstrip("*_: ")
    if candidate.form == "timed" and (
        (candidate.before > 3 and row.text[0].isdigit())
        or (row.text[candidate.label[1] :].lstrip("*_ ")[:1] == ":" and behind[:1].isdigit())
    ):
        return "clock"
    if candidate.form == "period" and candidate.shape == "caps":
        return "capitals"
    if candidate.form == "letter" and candidate.text not in ("Q", "A"):
        return "letters"
    if candidate.form != "colon":
        return candidate.form
    if row.text[candidate.words - 2 : candidate.words - 1] in ("–", "—"):
        return "dash"
    words = candidate.text.split(" ")
    return "caps" if candidate.text in ("Q", "A") or is_capitals(words) else "title"


def _is_proven(name: str, found: Mapping[int, Candidate], rows: Sequence[Row]) -> bool:
    keys = [candidate.key for candidate in found.values()]
    counts = Counter(keys)
    count, distinct = len(keys), len(counts)
    again = count - distinct
    strong = sum(candidate.shape == "strong" for candidate in found.values())
    match name:
        case "mark":
            prompts = sum(rows[at].text.startswith(">>> ") for at in found)  # of a program; a new topic has a few
            return count >= 2 and prompts <= 0.5 * count and not any(_QUOTED_RE.match(row.text) for row in rows)
        case "timed":
            return count >= 2 and (distinct >= 2 or count >= 3)
        case "clock":  # a programme or a log prints times so, and no sentences
            enough = count >= 2 and again >= 1 and (distinct >= 2 or count >= 4)
            return enough and _spoken_share(found, rows) >= 0.6
        case "capitals" | "tab":
            whole = sum(rows[at].text[one.words :].isupper() for at, one in found.items()) <= 0.2 * count
            return count >= 4 and again >= 2 and distinct >= 2 and whole and _spoken_share(found, rows) >= 0.8
        case "letter":
            wide = sum(candidate.shape == "strong" and candidate.text == "Q" for candidate in found.values())
            return wide >= 2 or (wide >= 1 and "a" in counts)
        case "letters":  # of two persons; what follows the alphabet is a list of choices
            turns = sum(one != two for one, two in pairwise(keys)) >= 0.8 * (count - 1)
            is_list = set(counts) <= {"b", "c", "d"}
            return distinct == 2 and again >= 2 and turns and not is_list and _spoken_share(found, rows) >= 0.7
        case "dash":
            return count >= 4 and again >= 1
        case "period":
            return count >= 3 or (count >= 2 and again >= 1)
    spoken = _spoken_share(found, rows)
    small = sum(rows[at].text[one.words : one.words + 1].islower() for at, one in found.items())
    if again == 0 and small > 0.5 * count:
        return False  # a list of persons says what they are: `MS. LIND: a boatman.`
    if name == "caps":
        if strong >= 2:
            return spoken >= 0.5
        if strong == 1 and count == 1:
            return _is_alone_enough(found, rows)
        return distinct >= 2 and again >= 1 and count >= 4 and spoken >= 0.5
    alternates = sum(one != two for one, two in pairwise(keys)) >= 0.5 * (count - 1)
    if strong >= 2 and spoken >= 0.5:
        return again >= 1 or strong == count
    if strong == 1 and count == 1:
        return _is_alone_enough(found, rows)
    whole = sum(" " in key for key in keys) == count
    enough = (again >= 2 and count >= 4) or (whole and again >= 1 and count >= 3)
    return enough and distinct >= 2 and alternates and spoken >= (0.3 if whole else 0.5)


def _is_alone_enough(found: Mapping[int, Candidate], rows: Sequence[Row]) -> bool:
    """`THE PRESIDENT: …` and no other label: a speech, if it opens with it and goes on."""
    (at, candidate), *_ = found.items()
    if is_spoken_word(candidate.text) and not candidate.key.startswith("the "):
        return False  # `SPEAKER: Ada Lind` on a programme
    words = len(rows[at].text[candidate.words :].split()) + sum(len(row.text.split()) for row in rows[at + 1 : at + 6])
    return at <= 12 and words >= MIN_WORDS_ALONE


def _spoken_share(found: Mapping[int, Candidate], rows: Sequence[Row]) -> float:
    """The share of candidates whose first paragraph ends as sentences do."""
    spoken = 0
    for at, candidate in found.items():
        last = at
        while last + 1 < len(rows) and not rows[last + 1].gap and last + 1 not in found and last - at < 60:
            last += 1
        text = rows[last].text if last > at else rows[at].text[candidate.words :]
        if not text and last + 1 < len(rows):
            text = rows[last + 1].text
        spoken += text.rstrip("*_ ")[-1:] in _SPOKEN_ENDS and bool(text)
    return spoken / len(found) if found else 0.0


def _outweighs(title: Labels, caps: Labels) -> bool:
    """Whether labels in small letters are a form of their own in a document that has some in capitals."""
    return len(title) * 2 >= len(caps)


def _accept(name: str, found: Labels, rows: Sequence[Row]) -> Labels:
    """The candidates of a proven form that are labels themselves."""
    if name not in ("caps", "title", "capitals", "tab"):
        return dict(found)
    sure = _sure(found)
    gaps = sum(rows[at].gap for at in sure) >= 0.8 * len(sure)
    bold = all(is_set_off(rows[at].text, one.label[0]) for at, one in sure.items())
    known = {word.strip(".,") for one in sure.values() for word in one.key.split(" ")}
    accepted = dict(sure)
    for at, one in found.items():
        if at in sure or (gaps and not rows[at].gap):
            continue
        words = one.key.split(" ")
        set_off = bold and is_set_off(rows[at].text, one.label[0])
        if name in ("caps", "tab") or set_off or len(words) > 1 or words[0] in known:
            accepted[at] = one
    return accepted


def _sure(found: Labels) -> Labels:
    """The candidates that are strong, or stand in the document again."""
    counts = Counter(candidate.key for candidate in found.values())
    return {at: one for at, one in found.items() if one.shape == "strong" or counts[one.key] > 1}


def _find_alone(rows: Sequence[Row]) -> Labels:
    """Labels that fill their rows, with the words below: only where every second paragraph has one, again and again."""
    every = {at: one for at, row in enumerate(rows[:-1]) if row.gap and (one := read_alone(row.text))}
    counts = Counter(candidate.key for candidate in every.values())
    again = {at: one for at, one in every.items() if counts[one.key] > 1 or one.shape == "strong"}
    marks = {rows[at].text[: one.before] for at, one in again.items()}
    if len(marks) == 1 and "#" in (mark := next(iter(marks))):  # headings of one rank: each of them is a label
        again = {at: one for at, one in every.items() if rows[at].text[: one.before] == mark}
    found = {at: one for at, one in again.items() if at - 1 not in again and at + 1 not in again}
    keys = [candidate.key for candidate in found.values()]
    distinct = len(set(keys))
    is_strong = sum(one.shape == "strong" for one in found.values()) >= 0.5 * len(keys)
    if len(keys) < 4 or distinct < 2 or len(keys) < (distinct + 2 if is_strong else 2 * distinct):
        return {}
    listed = sum(rows[at + 1].text.startswith(_LIST_MARKS) for at in found)
    if listed > 0.2 * len(keys):
        return {}  # headings of a list of changes
    alternates = sum(one != two for one, two in pairwise(keys)) >= 0.8 * (len(keys) - 1)
    return found if alternates and _spoken_share(found, rows) >= 0.6 else {}
