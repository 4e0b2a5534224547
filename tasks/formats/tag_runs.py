"""Tags whose line breaks were folded away: where one ends and the next begins.

Nothing between them tells, so this is evidence, not proof: tags begin with a capital, the site sorts them, persons are
a surname with given names, and an adjective belongs to what follows it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tasks.formats.edition import Edition

_WORD_RE = re.compile(r"\S+")


def part_tags(text: str, start: int, end: int, facet: str, edition: Edition) -> Iterator[int]:
    """The offsets at which the tags of one facet begin, the first one aside."""
    found = list(_WORD_RE.finditer(text, start, end))
    words = [match[0] for match in found]
    firsts = _persons(words, edition) if facet == "person" else _things(words, edition)
    for index in firsts:
        if index:
            yield found[index].start()


def _persons(words: list[str], edition: Edition) -> Iterator[int]:
    """Surname, given name, and a patronymic where one stands: `Петров Иван Ильич Сторр Харальд`."""
    at = 0
    while at < len(words):
        yield at
        at += 1
        taken = 0
        while at < len(words) and (taken < 1 or words[at].endswith(edition.patronymics) or words[at][0].islower()):
            at += 1
            taken += 1


def _things(words: list[str], edition: Edition) -> Iterator[int]:
    """Places and topics: a tag begins with a capital word that no adjective or little word stands before."""
    tag: list[str] = []
    before = ""
    more = edition.furniture.more_re
    for index, word in enumerate(words):
        counted = more.fullmatch(" ".join(words[index : index + 2])) is not None
        opens = word[0].isupper() or counted
        joined = tag and (
            (tag[-1][0].islower() and len(tag[-1]) < 3)
            or tag[-1] in "–—-"
            or tag[-1].casefold().endswith(edition.attributes)
            or " ".join((*tag, word)).casefold() in edition.whole_names
            or (word.casefold() < tag[0].casefold() and word.casefold() >= before)
        )  # fmt: skip
        if not tag or (opens and (counted or not joined)):
            if tag:
                before = tag[0].casefold()
            tag = [word]
            yield index
        else:
            tag.append(word)
