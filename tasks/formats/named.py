"""Whether printed words can name a speaker, and whom: `MS. ARDEN`, `THE PRESIDENT`, `ADA LIND, HOST`, `Speaker 2`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from tasks.formats.blocks import Speaker
from tasks.formats.label_words import (
    GENERIC,
    HONORIFICS,
    NO_LABELS,
    NUMBERED,
    OFFICES,
    PARTICLES,
    TITLES,
    UNKNOWN,
)

# strong: a title, an honorific or a word for a speaker stands in it. caps: capitals throughout. title: capital words.
Shape = Literal["strong", "caps", "title"]

MAX_WORDS = 5  # of a name; behind a comma an office may have more
MAX_OFFICE_WORDS = 14

_WORD_RE = re.compile(r"[^\W\d_](?:[^\W\d_]|[.’'‘\-‑&/])*,?|#?\d{1,3}|[\"“‘'][^\W\d_][\w.-]*[\"”’']")
_NUMBER_RE = re.compile(r"#?\d{1,3}")
_MIXED_RE = re.compile(r"(?:Mc|Mac|De|Di|Du|La|Le|Van|Von|Fitz|O’|O'|D’|D')[A-Z]+(?:-[A-Z]+)?")
_SMALL_PARTICLE_RE = re.compile(r"(?:d|l|t|s|al|el|an|ar|as|ash|ad|az|bin|ben|dell|dall|de)?[’'‘‑-][^\W\d_a-z]")
_INITIAL_RE = re.compile(r"(?:[^\W\d_]\.-?){1,4}")
_SUFFIXES = frozenset({"jr", "jr.", "sr", "sr.", "ii", "iii", "iv", "m.d.", "ph.d.", "md", "phd", "esq", "esq."})
# Capital words that open sentences: a label does not begin with one, unless an office stands behind `the`.
_OPENERS = frozenset(
    "the a an this that these those he she it we they you i my your his her its our their in on at as for from "
    "with to by of and but or so if when while since because after before not no yes let here there what who why "
    "how where which is are was were do does did will would can could should may might must please thank thanks "
    "dear one two three first second third finally all every each some any many most more both either neither "
    "such other another just only even also still then now today tomorrow yesterday good great new about "
    "according between during under over".split()
)


# Of these, what in capitals is an organisation: `IT Support`, `WHO Delegate`.
_ACRONYMS = frozenset({"it", "who"})
_STYLES = [[first, second] for first in ("right", "rt") for second in ("hon", "honourable", "honorable", "rev")]
# Titles that only qualify another one: `The First Rule` is no office, `The First Minister` is.
_QUALIFIERS = frozenset(
    "first lady prime foreign ranking acting vice deputy assistant presiding major principal".split()
)


def _key(word: str) -> str:
    return word.strip(".,").casefold()


def is_capitals(words: Sequence[str]) -> bool:
    """Whether all words with letters are in capitals, `McCOY` and `of` aside, and one of them has two letters."""
    full = [word for word in words if word[0].isalpha() and word.casefold().rstrip(",") not in PARTICLES]
    return all(word.upper() == word or _MIXED_RE.match(word) for word in full) and any(
        sum(map(str.isupper, word)) > 1 for word in full
    )


def read_shape(label: str, is_set_off: bool = False) -> Shape | None:
    """How much like a speaker's label some words look by themselves; None where they cannot be one.

    Args:
        label: the words with single spaces, without notes and colon.
        is_set_off: whether it is printed bold: then a name may begin as sentences do, `Will Lind`.
    """
    key = label.casefold().replace("’", "'")
    if key.strip(".") in NO_LABELS or label.casefold() in NO_LABELS:
        return None
    if is_spoken_word(label):
        return "strong" if label[0].isupper() else None
    words = label.split(" ")
    if _is_office(words):
        return "caps" if is_capitals(words) else "title"
    if len(words) > MAX_OFFICE_WORDS + MAX_WORDS or not all(_WORD_RE.fullmatch(word) for word in words):
        return None
    if _NUMBER_RE.fullmatch(words[-1]):
        named = len(words) > 1 and _key(words[-2]) in NUMBERED and words[0][0].isupper()
        return "strong" if named else None
    keys = [_key(word) for word in words]
    comma = next((at for at, word in enumerate(words) if word.endswith(",")), None)
    name = words if comma is None else words[: comma + 1]
    acronym = keys[0] in _ACRONYMS and words[0].isupper() and not is_capitals(words)
    if len(name) > MAX_WORDS + (keys[0] in TITLES) + ("of" in keys) or (keys[0] in NO_LABELS and not acronym):
        return None
    if not words[0][0].isupper() or words[-1].endswith(",") or words[-1][-1] in "-‑&/":
        return None
    for at, word in enumerate(name):
        ends = word.endswith(".") and at + 1 < len(words)
        if (
            ends
            and keys[at] not in HONORIFICS | _SUFFIXES | TITLES
            and not _INITIAL_RE.fullmatch(word)
            and len(word) > 5
        ):
            return None
        if word[0].islower() and keys[at] not in PARTICLES and not _SMALL_PARTICLE_RE.match(word):
            return None
    capitals = is_capitals(name)
    titled = keys[0] in HONORIFICS or keys[:2] in _STYLES or (keys[0] in TITLES and len(name) > 1)
    if titled and len(words) > 1 and any(word[0].isupper() for word in words[1:]):
        return "strong"
    if keys[0] in _OPENERS and not acronym and not (is_set_off and 2 <= len(name) <= 3):
        return None
    return "caps" if capitals else "title"


def _is_office(words: Sequence[str]) -> bool:
    """Whether words are an office with its department: `The Minister for Harbours`, `The Deputy Prime Minister`."""
    if not 2 <= len(words) <= MAX_OFFICE_WORDS or words[0] not in ("The", "THE"):
        return False
    keys = [_key(word) for word in words]
    end = next((at for at, key in enumerate(keys) if key in ("of", "for")), len(words))
    if end < 2 or (end == len(words) and end < 3):
        return False
    whole = all(
        _WORD_RE.fullmatch(word) and (word[0].isupper() or key in PARTICLES)
        for word, key in zip(words, keys, strict=True)
    )
    return whole and words[-1][0].isupper() and words[-1][-1] != "," and keys[end - 1] in TITLES - _QUALIFIERS


def is_spoken_word(label: str) -> bool:
    """Whether a label is a word for a speaker, or an office behind `the`: `Q`, `MODERATOR`, `The CHAIRMAN`."""
    key = label.casefold().replace("’", "'").replace(".", "")
    if key in GENERIC or key in UNKNOWN:
        return True
    return key.startswith("the ") and (key[4:] in OFFICES or key[4:] in GENERIC)


def read_speaker(label: str, note: str = "") -> Speaker:
    """Who speaks, by a label that is known to be one, and the note in brackets behind it, which may name who holds an
    office: `The Minister for Harbours (Ms Ada Lind)`, `(Ada Lind)`.

    An honorific belongs neither to name nor role: `MS. ARDEN` is ARDEN. A title is a role: `Secretary Arden`, `THE
    PRESIDENT`. Names are as printed, so `ARDEN` stays in capitals.

    >>> read_speaker("ADA LIND, HOST")
    Speaker(name='ADA LIND', role='HOST', kind='person')
    """
    key = label.casefold().replace("’", "'").replace(".", "")
    words = label.split(" ")
    if key.removeprefix("the ") in OFFICES and (key.startswith("the ") or key not in GENERIC | UNKNOWN):
        return Speaker(None, label[4:] if key.startswith("the ") else label, "person")
    if _is_office(words):
        is_holder = _key(note.partition(" ")[0]) in HONORIFICS or (
            2 <= len(note.split(" ")) <= 4 and read_shape(note) == "title" and note[-1] != "."
        )
        holder = read_speaker(note).name if is_holder else None
        return Speaker(holder, label[4:], "person")
    if key in UNKNOWN or (_NUMBER_RE.fullmatch(words[-1]) and len(words) > 1):
        return Speaker(None, None, "unknown")
    if key in GENERIC or key.removeprefix("the ") in GENERIC or len(key) == 1:
        return Speaker(None, None, "generic")
    role: list[str] = []
    office = ""
    comma = next((at for at, word in enumerate(words) if word.endswith(",")), None)
    if comma is not None and comma + 1 < len(words) and _key(words[comma + 1]) not in {s.strip(".") for s in _SUFFIXES}:
        office = " ".join(words[comma + 1 :])
        words = [*words[:comma], words[comma].rstrip(",")]
    at = 1 if _key(words[0]) == "the" else 0
    at += list(map(_key, words[at : at + 2])) in _STYLES
    while at < len(words) and (_key(words[at]) in HONORIFICS or _key(words[at]) in TITLES):
        if _key(words[at]) in TITLES:
            role.append(words[at])
        at += 1
    name = words[at:]
    if "of" in [word.casefold() for word in name[1:]]:  # `Mr. SMITH of Ohio`: which of the two
        name = name[: [word.casefold() for word in name].index("of")]
    printed = " ".join(part for part in (" ".join(role), office) if part)
    if not name and not printed:
        return Speaker(None, None, "unknown")
    return Speaker(" ".join(name) or None, printed or None, "person")
