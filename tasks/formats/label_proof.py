"""Which paragraphs of a running text begin with a speaker label: the whole document decides.

The grammar (`labels`) says what could be one. Here labels prove each other, and what a page is filed under helps.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.formats import captions
from tasks.formats.blocks import Block, Speaker, fold
from tasks.formats.edition import CaptionWords, Edition
from tasks.formats.evidence import Evidence
from tasks.formats.labels import MAX_LABEL_CHARS, Label, is_role_alone, read_label
from tasks.formats.lines import Line

MAX_GREETING_CHARS = 400  # words behind a label that are asked whether somebody says them


@dataclass(slots=True)
class Paragraph:
    """Consecutive lines of one paragraph; `label` and `colon` (offset of it) once they are read."""

    lines: list[Line]
    start: int
    end: int
    colon: int = -1
    label: Label | None = None

    @property
    def chars(self) -> int:
        """How many characters the paragraph has so far."""
        return self.end - self.start


Item = Paragraph | Block


def prove_labels(text: str, items: Sequence[Item], evidence: Evidence, spoken: bool) -> None:
    """Read labels, and keep them where the document supports them.

    On a page that says it is a transcript every label of the grammar counts, a name that nothing else supports too.
    On another page only labels that prove each other do: see `_keep_proved`.
    """
    read: list[Paragraph] = []
    alone: dict[str, list[tuple[Paragraph, int]]] = {}
    seen: dict[str, Label] = {}  # most labels of a page are printed many times
    for item in items:
        if not isinstance(item, Paragraph):
            continue
        colon = text.find(":", item.start, min(item.end, item.start + MAX_LABEL_CHARS))
        if colon <= item.start or text.startswith("//", colon + 1):
            continue
        if text[colon - 1].isdigit() and text[colon + 1 : colon + 2].isdigit():
            continue  # `12:00`
        printed = text[item.start : colon]
        label = seen.get(printed) or read_label(printed, evidence)
        if label is None or (label.speaker.role and _names_somebody(text[colon + 1 : item.end], evidence.edition)):
            if label is None and is_role_alone(printed, evidence.edition):
                alone.setdefault(printed, []).append((item, colon))
            continue
        if label.strength != "weak":
            seen[printed] = label
        elif text[colon + 1 : colon + 3].strip()[:1].islower():
            continue  # `North Stream: the project …`
        item.colon, item.label = colon, label
        read.append(item)
        if label.strength != "weak":
            evidence.add(label.speaker)
        elif spoken:
            evidence.names.add(label.text.casefold())
    if spoken:
        _keep_repeated_roles(text, alone, evidence.edition)
        return
    _keep_proved(text, read, evidence.edition)


def _keep_proved(text: str, read: Sequence[Paragraph], edition: Edition) -> None:
    """Keep the labels of a page that prove each other, where nothing says that it is a transcript.

    Two or more prove each other, one of them with role and name; so does a talk, three of two speakers; so does one of
    somebody the page knows, behind which is said I, we or you. Beside them a name that nothing else supports counts
    when it is printed twice, when such words are said behind it, or when there are four of them. Where labels are
    initials and a surname, one of those proves itself.
    """
    initials = edition.lexicon.initials_prove
    labels = [(item, item.label) for item in read if item.label]
    printed = Counter(label.text for _, label in labels)
    speaking = {label.text for item, label in labels if _is_said(text, item, edition.captions)}
    # Behind a label of a list the words go on small: it proves nothing.
    sure = [
        label for item, label in labels if label.strength != "weak" and (initials or not _goes_on_small(text, item))
    ]
    known = {label.text for label in sure}
    talking = [label.text for _, label in labels if label.text in known or printed[label.text] > 1]
    proved = (
        (len(sure) > 1 and any(label.speaker.role for label in sure))
        or (len(talking) > 2 and len(set(talking)) > 1)
        or any(label.speaker.name and (initials or label.text in speaking) for label in sure)
    )
    for item, label in labels:
        alone = label.strength == "weak" and len(sure) < 4 and printed[label.text] == 1
        if not proved or (alone and label.text not in speaking):
            item.label = None


def _goes_on_small(text: str, item: Paragraph) -> bool:
    return text[item.colon + 1 : item.colon + 3].strip()[:1].islower()


def _is_said(text: str, item: Paragraph, shown: CaptionWords) -> bool:
    """Whether somebody speaks of himself or to somebody right behind a label: the greeting may fill its paragraph."""
    said = text[item.colon + 1 : item.colon + MAX_GREETING_CHARS]
    return not shown.speech_words.isdisjoint(captions.words_of(said))


def _names_somebody(rest: str, edition: Edition) -> bool:
    """Whether behind a colon stands a name and nothing else: `Minister of Canals: Pavel Orlin.` is read from a list."""
    words = rest.strip()
    if not 3 < len(words) <= 60 or words[-1] not in ".;":
        return False
    label = read_label(words[:-1], Evidence(edition))
    return label is not None and label.speaker.name == label.text and label.speaker.role is None


def _keep_repeated_roles(text: str, alone: dict[str, list[tuple[Paragraph, int]]], edition: Edition) -> None:
    """A role without a name is a label when it is printed again and no name follows: who speaks is unknown."""
    for printed, found in alone.items():
        if len(found) < 2 or any(_names_somebody(text[colon + 1 : item.end], edition) for item, colon in found):
            continue
        for item, colon in found:
            item.colon = colon
            item.label = Label(fold(printed), Speaker(None, fold(printed), "unknown"), None, "weak")
