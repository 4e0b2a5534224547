"""The label grammar: what a printed speaker label says about name, role and kind.

A label is what stands before the first colon of a paragraph. The grammar has five forms, tried in this order:

    generic    Question · Remark from the audience · Moderator
    inverted   Ivan Petrov, Director General of the Lessk Works · Ivan Petrov – Head of Lessk
    of-name    King Harald IV of Sorland                    (the territory belongs to the role)
    titled     President of Sorland Ivan Petrov             (role, then name)
    bare       Ivan Petrov · I. Petrov · IVAN PETROV · IvanPetrov

Everything is decided by the tables of a `Lexicon` and by what the document proves (`Evidence`); nothing here knows a
person. A text in none of the forms is no label: `read_label` returns None, and the caller keeps the words.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from tasks.formats.blocks import Speaker, fold
from tasks.formats.edition import Edition
from tasks.formats.evidence import Evidence
from tasks.formats.label_generic import is_generic
from tasks.formats.label_initials import read_initialled
from tasks.formats.label_parts import INITIALS_RE, LONG_INITIALS_RE, find_tooltip, set_apart, split_note
from tasks.formats.label_roles import is_role, is_role_word, read_key
from tasks.formats.lexicon import Lexicon

# strong: role and name, or a generic speaker. known: the document names this person elsewhere. weak: looks like a name.
Strength = Literal["strong", "known", "weak"]

MAX_LABEL_CHARS = 300  # the longest label of the site has 190; a sentence before a colon may have any length
MAX_LABEL_WORDS = 40

# `AdaLind`, `CEOAda`: two words that lost the space between them. Bounded, as the two halves can be cut anywhere.
_GLUE_RE = re.compile(
    r"([^\W\d_a-zß-ÿа-я](?:[^\W\d_]{0,60}?[a-zß-ÿа-я]|[A-Z]{1,60}?))([A-ZÀ-ÞА-Я][a-zß-ÿа-я][^\W\d_]{1,60})"
)
_UNGLUED = ("Mac", "Mc", "De", "Di", "Du", "La", "Le", "Van", "Von", "Fitz")
_ARTICLES = frozenset("al el as ash an ar at ad az d l".split())  # written together with the name
_ABBREVIATION_RE = re.compile(
    r"(?:[^\W\d_]\.){1,3}|(?:[A-Z][aehuAEHU]|[А-ЯЁ][а-яё])\.|(?:No|St|Dr|Mr|Mrs|Ms|Jr|Sr|Prof|Gen|Lt|Col|Maj|Capt|U\.S|Rev)\.|\d{1,3}\."
)


_DASHES = (["-"], ["–"], ["—"])
_CAPITAL_PARTICLES = ("Al", "El", "Bin", "Ibn", "Abu", "De", "Van", "Von", "Da")
_NOBODY = Speaker(None, None, "generic")


@dataclass(frozen=True, slots=True)
class Label:
    """A label that was read: the printed text without its note, who it says speaks, the note, and how sure that is."""

    text: str
    speaker: Speaker
    note: str | None
    strength: Strength
    tooltip: str | None = None


def read_label(printed: str, evidence: Evidence) -> Label | None:
    """Read the text before a colon as a speaker label.

    Args:
        printed: everything before the colon, as it stands in the text.
        evidence: what the document proves so far; it is not changed.

    Returns:
        The label, or None when the text is no label. `speaker.role` is what this label prints: the caller resolves
        bare names with `evidence.resolve`.
    """
    lex = evidence.edition.lexicon
    if len(printed) > MAX_LABEL_CHARS or not lex.telling_words.isdisjoint(printed.split(" ")):
        return None
    text, note = split_note(fold(printed))
    words = text.split(" ")
    if (shown := find_tooltip(words)) is not None:
        return _read_with_tooltip(words, shown, note, evidence)
    if not text or len(words) > MAX_LABEL_WORDS or not text[0].isalpha():
        return None
    keys = [read_key(word) for word in words]
    generic = is_generic(words, keys, evidence.edition)
    if (generic and (len(words) == 1 or keys[0] in lex.utterances)) or text.casefold() in lex.generic_phrases:
        return Label(text, _NOBODY, note, "strong")
    if _is_sentence(words, keys, evidence):
        return None
    if lex.initials_prove and (speaker := read_initialled(words, evidence.edition)):
        return Label(text, speaker, note, "strong")
    for read in (_read_inverted, _read_of_name, _read_titled):
        if speaker := read(words, keys, evidence):
            return Label(text, speaker, note, "strong")
    if generic:
        return Label(text, _NOBODY, note, "strong")
    return _read_bare(text, words, keys, note, evidence)


def _read_with_tooltip(words: Sequence[str], at: int, note: str | None, evidence: Evidence) -> Label | None:
    label = read_label(" ".join(words[:at]), evidence)
    if label is None or label.speaker.name is None:
        return None
    lex = evidence.edition.lexicon
    shown = words[at:]
    first = next((i for i, word in enumerate(shown) if word[0].islower() or is_role_word(word, read_key(word), lex)), 3)
    role = label.speaker.role or " ".join(shown[first:]) or None
    return Label(label.text, replace(label.speaker, role=role), note, "strong", " ".join(shown))


@functools.lru_cache(maxsize=1 << 15)
def _take_apart(word: str) -> tuple[str, str] | None:
    """The two words that lost the space between them; None where it may be one."""
    match = _GLUE_RE.fullmatch(word)
    return (match[1], match[2]) if match else None


def _is_sentence(words: Sequence[str], keys: Sequence[str], evidence: Evidence) -> bool:
    """Whether punctuation or a word says that this is running text and no label."""
    lex = evidence.edition.lexicon
    for word in words[:-1]:
        if word[-1] in ".:!?;…" and not _ABBREVIATION_RE.fullmatch(word):
            return True
    if words[-1][-1] in "!?;,…”–—-" or (words[-1][-1] == "." and not _ABBREVIATION_RE.fullmatch(words[-1])):
        return True
    if keys[0] in lex.openers or _says_i(words):
        return True
    if keys[0] in lex.sentence_openers and not evidence.knows(" ".join(words)):
        return not (keys[0] in lex.possessives and len(keys) > 1 and keys[1] in lex.styles)
    return any(word[0].islower() and key in lex.sentence_words for word, key in zip(words, keys, strict=True))


def _says_i(words: Sequence[str]) -> bool:
    """Whether the pronoun stands there, and not the number of `Harald I of Sorland`."""
    return any(word == "I" and words[at + 1 : at + 2] not in ([], ["of"]) for at, word in enumerate(words))


def is_role_alone(text: str, edition: Edition) -> bool:
    """Whether a text is a role without a name: `President of Sorland`, `MINISTER OF TRANSPORT`."""
    lex = edition.lexicon
    words = text.split(" ")
    keys = [read_key(word) for word in words]
    if len(words) > 8 or not text[:1].isupper() or not all(keys) or not any(key in lex.roles for key in keys):
        return False
    return all(
        key in lex.roles or key in lex.bodies or key in lex.countries or key in lex.adjectives or key in lex.role_links
        for key in keys
    )


@functools.lru_cache(maxsize=1 << 15)
def _is_name_word(word: str, key: str, lex: Lexicon, capitals: bool = False) -> bool:
    """Whether one word can be part of a name, wherever it stands in it."""
    if (
        not key
        or key in lex.never_names
        or key.endswith(lex.territory_endings)
        or (key.endswith("of") and key[:-2] in lex.roles)
    ):
        return False
    if word[0].isupper():
        if key in lex.name_suffixes:
            return True
        letters = word.strip(".,’'-")
        if len(letters) > 1 and letters.isupper() and "." not in letters:
            return capitals  # an acronym, unless the whole label is printed in capitals
        return all(part.isalpha() for part in re.split(r"[-’'.‑]", word.rstrip(",")) if part)
    particle, _, rest = word.replace("’", "-").replace("'", "-").partition("-")
    return rest[:1].isupper() and (particle in _ARTICLES or particle in lex.particles)  # `al-Hamad`, `bin-Rashed`


def _is_name(words: Sequence[str], keys: Sequence[str], lex: Lexicon, capitals: bool = False) -> bool:
    """Whether the words are a whole name: a capital or an article at its start, no particle at its end."""
    if not 1 <= len(words) <= 7 or words[-1].islower() or (words[0].islower() and keys[0] not in lex.particles):
        return False
    full = 0
    for word, key in zip(words, keys, strict=True):
        if key in lex.particles and (word.islower() or word in _CAPITAL_PARTICLES):
            continue
        if not _is_name_word(word, key, lex, capitals):
            return False
        full += key not in lex.name_suffixes
    return 1 <= full <= 5


def _in_capitals(words: Sequence[str]) -> bool:
    return all(word.isupper() for word in words if word[0].isalpha())


def _speaker(role: Sequence[str], name: Sequence[str], lex: Lexicon) -> Speaker:
    said = [word for word in role if word.casefold() not in lex.honorifics]
    return Speaker(set_apart(" ".join(name).rstrip(",")), " ".join(said).rstrip(",").strip() or None, "person")


def _read_inverted(words: Sequence[str], keys: Sequence[str], evidence: Evidence) -> Speaker | None:
    """`Ivan Petrov, Director General of the Lessk Works`: a name, a comma or a dash, and something that is a role."""
    lex = evidence.edition.lexicon
    last = next((at for at, word in enumerate(words[:6]) if word.endswith(",") or words[at + 1 : at + 2] in _DASHES), 6)
    rest = last + (1 if words[last : last + 1] and words[last].endswith(",") else 2)
    if rest >= len(words):
        return None
    name = [*words[:last], words[last].rstrip(",")]
    if not _is_name(name, keys[: last + 1], lex, _in_capitals(words)) or (
        len(name) < 2 and not evidence.knows(name[0])
    ):
        return None
    if keys[rest] in lex.name_suffixes or not is_role(words[rest:], keys[rest:], lex):
        return None
    return _speaker(words[rest:], name, lex)


def _read_of_name(words: Sequence[str], keys: Sequence[str], evidence: Evidence) -> Speaker | None:
    """`King Harald IV of Sorland`: monarchs and bishops, whose territory stands behind the name."""
    lex = evidence.edition.lexicon
    at = next((index for index, key in enumerate(keys) if key == "of"), None)
    if at is None or at < 2 or at + 1 == len(words):
        return None
    first, capitals = at, _in_capitals(words)
    while first > 0 and _is_name_word(words[first - 1], keys[first - 1], lex, capitals):
        first -= 1
    if (
        first in (0, at)
        or keys[first - 1] not in lex.territorial
        or (not words[at + 1][0].isupper() and keys[at + 1] != "the")
    ):
        return None
    tail = keys[at + 1 :]
    if len(tail) > 2 and not any(
        key in lex.countries or key in lex.ambiguous_countries or key in lex.bodies for key in tail[-1:]
    ):
        return None  # `Crown Prince of Sorland Harald Storr` has its name at the end
    return _speaker([*words[:first], *words[at:]], words[first:at], lex)


def _read_titled(words: Sequence[str], keys: Sequence[str], evidence: Evidence) -> Speaker | None:
    """`President of Sorland Ivan Petrov`: a role that ends in a name."""
    lex = evidence.edition.lexicon
    capitals = _in_capitals(words)
    first = len(words)
    if first > 2 and keys[-1] in lex.surnames and _is_name_word(words[-2], keys[-2], lex, capitals):
        first -= 1
    while first > 0:
        word, key = words[first - 1], keys[first - 1]
        particle = key in lex.particles and first < len(words) and (word.islower() or word in ("Al", "El"))
        if word.endswith(",") and first < len(words):
            break
        if not particle and not _is_name_word(word, key, lex, capitals):
            break
        first -= 1
    while (
        first < len(words) and words[first].islower() and keys[first] in lex.particles and keys[first] in lex.role_links
    ):
        first += 1
    if first == 0 and (glue := _take_apart(words[0])) and glue[0].casefold() in lex.roles:
        return _speaker([glue[0]], [glue[1], *words[1:]], lex)
    if first in (0, len(words)):
        return None
    start = _find_name(words, keys, first, evidence)
    if start is None:
        return None
    first = start
    name, role = list(words[first:]), list(words[:first])
    if glue := _take_apart(name[0]):
        # `President of the CorporationIvan Petrov`, where a link swallowed the space: the first half is the role's.
        if len(name) >= 2 and not name[0].startswith(_UNGLUED):
            role.append(glue[0])
            name[0] = glue[1]
        elif len(name) == 1:
            name = [glue[0], glue[1]]
    role_keys = [read_key(word) for word in role]
    if not is_role(role, role_keys, lex) and not all(key in lex.honorifics for key in role_keys):
        return None
    if role[0][0].islower() and role_keys[0] not in lex.role_attributes and not is_role(role[:5], role_keys[:5], lex):
        return None
    return _speaker(role, name, lex)


def _find_name(words: Sequence[str], keys: Sequence[str], first: int, evidence: Evidence) -> int | None:
    """Where the name begins in the capital words that end a titled label: some of them may belong to the role.

    None where all of them may: `Minister of Canals and Inland Waters`, `Head of Ostneft`.
    """
    lex = evidence.edition.lexicon
    for at in range(max(first, len(words) - 6), len(words) - 1):
        if " ".join(words[at:]).casefold() in evidence.names:
            return at
    before, count = keys[first - 1], len(words) - first
    full = sum(
        not word.islower() and key not in lex.name_suffixes
        for word, key in zip(words[first:], keys[first:], strict=True)
    )
    if before in lex.role_links and not words[first - 1].endswith(","):
        if keys[first] in lex.ambiguous_countries and count > 1:
            return first + 1
        if full <= 2 and _take_apart(words[first]) and not words[first].startswith(_UNGLUED):
            return first  # the caller takes it apart
        if full > 2:
            return _shorten(keys, first, 2, lex)
        last = len(words) - 1
        return last if (keys[0] in lex.territorial and full == 2) or evidence.knows(words[last]) else None
    whole = words[first - 1].endswith(",") or before in lex.before_whole_names
    limit = 5 if whole else 2
    particles = any(key in lex.particles for key in keys[first:])
    return first if full <= limit or (particles and full <= limit + 2) else _shorten(keys, first, 2, lex)


def _shorten(keys: Sequence[str], first: int, count: int, lex: Lexicon) -> int:
    """The start of the last `count` full words of a name; particles and suffixes between do not count."""
    at = len(keys)
    while at > first and count:
        at -= 1
        if keys[at] not in lex.name_suffixes and keys[at] not in lex.particles:
            count -= 1
        if count == 0 and at - 2 >= first and keys[at - 1] in lex.particles:
            count, at = 1, at - 1  # `Lula da Silva`: a particle ties the word before it to the surname
    return at


def _read_bare(
    text: str, words: Sequence[str], keys: Sequence[str], note: str | None, evidence: Evidence
) -> Label | None:
    """A name and nothing else. One that nothing else supports is weak: the caller decides by the document."""
    lex = evidence.edition.lexicon
    if (glue := _take_apart(text)) and not text.startswith(_UNGLUED):
        name = f"{glue[0]} {glue[1]}"
        return Label(text, Speaker(name, None, "person"), note, "known" if evidence.knows(name) else "weak")
    capitals = text.isupper()
    person = Speaker(set_apart(text), None, "person")
    if evidence.names_person(text) and len(words) <= 7 and (len(words) > 1 or keys[0] not in lex.never_names):
        return Label(text, person, note, "known")
    # The head names events too: what stands there must look like a name, though its end may be `King`.
    end = len(words) - (keys[-1] in lex.surnames)
    if evidence.knows(text) and 1 < len(words) <= 6 and _is_name(words[:end], keys[:end], lex, capitals):
        return Label(text, person, note, "known")
    if lex.initials_prove and (match := LONG_INITIALS_RE.search(text)) and match.end() == len(text):
        role = text[: match.start()].rstrip()  # `доярка Н.Орлина`: a trade in no table, in small letters
        if all(word.islower() and word.isalpha() for word in role.split()):
            return Label(text, Speaker(set_apart(match[0]), role or None, "person"), note, "strong")
    weak = Label(text, person, note, "weak")
    if len(words) == 1:
        # `I.Petrov`; a first name only where a place or paper stands behind it: `Ivan (Lessk)`.
        return weak if INITIALS_RE.fullmatch(text) or (note and len(text) > 2 and _is_name(words, keys, lex)) else None
    if _is_caller(words, keys, lex):
        return Label(text, Speaker(text.partition(",")[0], None, "person"), note, "weak")
    end = len(words) - (keys[-1] in lex.surnames & lex.roles)  # `Ada King`; a body, as in `Ada House`, says too little
    if len(words) > 6 or not _is_name(words[:end], keys[:end], lex, capitals) or keys[1] in lex.name_suffixes:
        return None
    return weak


def _is_caller(words: Sequence[str], keys: Sequence[str], lex: Lexicon) -> bool:
    """`Ada Lind, Lessk Region`: a name and where somebody calls from."""
    at = next((index for index, word in enumerate(words[:4]) if word.endswith(",")), 0)
    place = keys[at + 1 :]
    if not 1 <= at <= 3 or not 1 <= len(place) <= 3 or not all(word[0].isupper() for word in words):
        return False
    territory = place[-1] in lex.countries or place[-1] in lex.territories
    return territory and _is_name(words[: at + 1], keys[: at + 1], lex)
