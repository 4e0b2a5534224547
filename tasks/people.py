"""Who speaks: from labels to persons, by what proves it, one document at a time.

A person's id is the folded form of a full name, so that capitals, accents, roles and glued words change nothing. Names
are never merged because they look alike. What proves that a shorter form means a person:

    printed    the label has the full name
    tag        the one person tag of the document with that surname, and initial, names the person
    label      the one full name of that surname, and initial, among the labels of the document does
    alias      the alias file gives this name, or this label in this source, to the person (`tasks/people.toml`)

Whoever is known by a surname or an office alone has no id. Nothing depends on other documents.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tasks.aliases import Aliases
from tasks.formats.blocks import Block, Speaker, Value, fold
from tasks.identity import speaker_id

_TOKEN_RE = re.compile(r"[^\s.]+\.?")
_PATRONYMIC_RE = re.compile(r"[а-яё]+(?:ович|евич|ич|овна|евна|ична|инична)")
_NUMERAL_RE = re.compile(r"[IVX]+")
# Words of surnames that are no name by themselves.
_PARTICLES = frozenset("al el bin ibn bint abu van von der den de del della di da dos du la le ter zu af".split())
_SUFFIXES = frozenset("jr sr phd md esq".split())


@dataclass(frozen=True, slots=True)
class _Name:
    """A name taken apart. `id` of a full name, None of a shorter one; a surname and initials where they can be told."""

    id: str | None
    surname: str
    given: str  # folded first given name, or its initial


def is_full(name: str) -> bool:
    """Whether a name is a full one, of a given name and a surname at least."""
    return _take_apart(name).id is not None


def person_tags(text: str, blocks: Sequence[Block]) -> list[str]:
    """The person tags of a document."""
    tags, facet = [], ""
    for block in blocks:
        if block.kind == "tag_facet":
            facet = str(block.value)
        elif block.kind == "tag" and facet == "person":
            tags.append(fold(text[block.start : block.end]))
    return tags


def identify(
    labels: Sequence[tuple[str, Value]], tags: Iterable[str], source: str, aliases: Aliases
) -> list[tuple[str, str] | None]:
    """Id and evidence of the person behind each label of a document, None where no person is proven.

    Args:
        labels: every label of the document as printed, and what was read from it.
        tags: its person tags, surname first.
        source: its source.
        aliases: names known to be one person's.
    """
    speakers = []
    for label, speaker in labels:
        assert isinstance(speaker, Speaker), f"a speaker label without a speaker: {label!r}"
        speakers.append(speaker)
    names = [_take_apart(one.name) if one.name and one.kind == "person" else None for one in speakers]
    printed = {name.id: name for name in names if name and name.id}
    tagged = [_read_tag(tag, printed) for tag in tags]
    known = {"tag": [name for name in tagged if name], "label": list(printed.values())}
    return [
        _identify(label, name, known, source, aliases) if name or speaker.kind == "person" else None
        for (label, _), speaker, name in zip(labels, speakers, names, strict=True)
    ]


def _identify(
    label: str, name: _Name | None, known: Mapping[str, Sequence[_Name]], source: str, aliases: Aliases
) -> tuple[str, str] | None:
    if name and name.id:
        if name.id in aliases.names:
            return _named(name.id, "printed", aliases)
        for tag in known["tag"]:  # the tag may leave out what the label prints between: `Ada Maria Brook`
            if tag.id and tag.id != name.id and (tag.surname, tag.given) == (name.surname, name.given):
                return _named(tag.id, "tag", aliases)
        return name.id, "printed"
    if name:
        for evidence, persons in known.items():
            found = {_named(one.id, evidence, aliases) for one in persons if one.id and _may_be(name, one)}
            if len({one for one, _ in found}) == 1:
                return min(found)
            if found:
                return None
    printed, short = _fold(label), _join(name) if name else ""
    for label in (printed, short):
        if person := aliases.labels.get((source, label)) or aliases.names.get(label):
            return person, "alias"
    return None


def _named(full_name: str, evidence: str, aliases: Aliases) -> tuple[str, str]:
    """Id and evidence of a full name, the alias that acts included: `tag+alias`."""
    person = aliases.names.get(full_name, full_name)
    if person == full_name:
        return person, evidence
    return person, "alias" if evidence == "printed" else f"{evidence}+alias"


def _join(name: _Name) -> str:
    return "-".join(filter(None, (name.given, name.surname)))


def _may_be(short: _Name, full: _Name) -> bool:
    """Whether a surname, with or without initials, may be this person's."""
    return short.surname == full.surname and full.given.startswith(short.given[:1])


@functools.lru_cache(maxsize=65_536)
def _fold(text: str) -> str:
    return speaker_id(text)


@functools.lru_cache(maxsize=65_536)
def _take_apart(name: str) -> _Name:
    tokens = [token.rstrip(".") for token in _TOKEN_RE.findall(name)]
    tokens = [token for token in tokens if token and token.casefold() not in _SUFFIXES]
    if len(tokens) > 2 and _PATRONYMIC_RE.fullmatch(tokens[1].casefold()):
        del tokens[1]  # the other edition prints no patronymic, nor do most labels of this one
    initials = [token for token in tokens if len(token) == 1]
    words = [token for token in tokens if len(token) > 1]
    telling = [word for word in words if word.casefold() not in _PARTICLES and not _NUMERAL_RE.fullmatch(word)]
    if len(telling) >= 2 and telling[0] == tokens[0]:
        start = len(words) - 1
        while start - 1 > 0 and words[start - 1].casefold() in _PARTICLES:
            start -= 1
        return _Name(_fold(" ".join(tokens)), _fold(" ".join(words[start:])), _fold(words[0]))
    return _Name(None, _fold(" ".join(words)), _fold(initials[0]) if initials else "")


@functools.lru_cache(maxsize=65_536)
def _turn_round(tag: str) -> _Name | None:
    """The name in a person tag: surname, given names; `von der Leyen Ursula`, `Петров Иван Ильич`."""
    words = tag.split()
    first = next((at for at, word in enumerate(words) if not word.islower()), 0)
    surname, given = words[: first + 1], words[first + 1 :]
    if not given:
        return None
    return _take_apart(" ".join([*given, *surname]))


def _read_tag(tag: str, printed: Collection[str]) -> _Name | None:
    """The person that a tag names; by the name as it stands where a label prints it so: `Xi Jinping`."""
    as_is = _take_apart(tag)
    return as_is if as_is.id in printed else _turn_round(tag)
