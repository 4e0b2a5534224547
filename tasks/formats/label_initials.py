"""Labels of an edition that prints initials and a surname: who speaks is told by them, wherever they stand.

role first     Мэр Лесска А.Линд · Сопредседатель «Речного союза» О.Тарн
name first     А.Линд, директор завода «Лесс» · А.Линд, «Лесск 24» · А.Линд – мэр Лесска
several        А.Линд и О.Тарн            together they are nobody by name
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tasks.formats.blocks import Speaker
from tasks.formats.edition import Edition
from tasks.formats.label_parts import LONG_INITIALS_RE, set_apart
from tasks.formats.label_roles import is_role, is_role_word, read_key

MAX_PLACE_WORDS = 8  # behind the comma, where no role is: a paper, a channel, a town

_INITIAL_START_RE = re.compile(r"[A-ZА-ЯЁ][a-zа-яё]{0,2}\.")
_BEHIND_NAME_RE = re.compile(r"(,) | ([-–—]) ")
_BETWEEN_RE = re.compile(r", | и ")


def read_initialled(words: Sequence[str], edition: Edition) -> Speaker | None:
    """Who speaks by a label with initials; None where it is another one, or initials alone.

    Args:
        words: those of the label, without its note; that they are no sentence is known.
        edition: one whose labels are proven by initials.
    """
    if not any(map(_INITIAL_START_RE.match, words)):
        return None
    text = " ".join(words)
    return _read_several(text) or _read_name_first(text, edition) or _read_role_first(words, edition)


def _read_several(text: str) -> Speaker | None:
    persons = _BETWEEN_RE.split(text)
    are_named = len(persons) > 1 and all(map(LONG_INITIALS_RE.fullmatch, persons))
    return Speaker(None, None, "unknown") if are_named else None


def _read_name_first(text: str, edition: Edition) -> Speaker | None:
    mark = _BEHIND_NAME_RE.search(text)
    if not mark or not LONG_INITIALS_RE.fullmatch(text, 0, mark.start()):
        return None
    rest = text[mark.end() :].split(" ")
    has_role = _has_role(rest, edition)
    is_told = rest[-1].islower() and rest[-1].endswith(edition.captions.verb_endings)
    if is_told and (not has_role or text.rpartition(" ")[0].endswith(",")):
        return None  # `А.Линд, директор завода, добавил`
    if not has_role and (mark[2] or len(rest) > MAX_PLACE_WORDS):
        return None
    return Speaker(set_apart(text[: mark.start()]), " ".join(rest) if has_role else None, "person")


def _read_role_first(words: Sequence[str], edition: Edition) -> Speaker | None:
    at = next(
        (
            index
            for index, word in enumerate(words)
            if _INITIAL_START_RE.match(word) and LONG_INITIALS_RE.fullmatch(" ".join(words[index:]))
        ),
        0,
    )
    role = words[:at]
    if not role:
        return None
    lex = edition.lexicon
    if role[0].islower() and read_key(role[0]) not in lex.role_attributes and not _has_role(role[:5], edition):
        return None
    said = [word for word in role if read_key(word) not in lex.honorifics]
    opening = role[0].casefold()  # `Сопредседатель`: a trade in no table, large as it opens the label
    if said and not (_has_role(role, edition) or is_role_word(opening, read_key(opening), lex)):
        return None
    return Speaker(set_apart(" ".join(words[at:])), " ".join(said).rstrip(",") or None, "person")


def _has_role(words: Sequence[str], edition: Edition) -> bool:
    return is_role(words, [read_key(word) for word in words], edition.lexicon)
