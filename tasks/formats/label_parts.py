"""The parts of a printed label around its name: initials, the note in brackets, the tooltip of a link."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NOTE_RE = re.compile(r"[(\[]([^()\[\]]{1,160})[)\]]?$")
# `I.Petrov`, `К.-Ж.Орлин`, `Дж.Лунд`; in Russian labels particles and more words may follow: `М.бен Орлин Аль Лунд`.
_INITIALS = r"(?:[A-ZÀ-ÞА-ЯЁ][a-zа-яё]?\.-?){1,3}"
_ELIDED = r"(?:[a-zа-яё][’'])?"  # `Ж.д’Орлин`
INITIALS_RE = re.compile(rf"{_INITIALS}[A-ZÀ-ÞА-ЯЁ][^\W\d_]+(?:-[^\W\d_]+)?")
LONG_INITIALS_RE = re.compile(
    r"(?:[A-ZА-ЯЁ][a-zа-яё]{0,2}\.[- ]?){1,4}(?:[a-zа-яё]{2,4}[- ])?(?:[a-zа-яё]{2,4}[- ])?"
    rf"{_ELIDED}[A-ZА-ЯЁ][^\W\d_.]*(?:[-’'][^\W\d_]+){{0,2}}(?: {_ELIDED}[A-ZА-ЯЁ][^\W\d_]+){{0,2}}"
)
_INITIALS_START_RE = re.compile(r"(?:^|(?<=[\s(«]))[A-ZА-ЯЁ][a-zа-яё]{0,2}\.[- ]?[A-ZА-ЯЁa-z]")
_INITIAL_DOT_RE = re.compile(r"(?<=[^\W\d_])\.(?=[^\W\d_])")


def split_note(printed: str) -> tuple[str, str | None]:
    """Split a trailing bracket off a label; it may lack its closing half.

    >>> split_note("President of Sorland Ivan Petrov (retranslated)")
    ('President of Sorland Ivan Petrov', '(retranslated)')
    """
    match = _NOTE_RE.search(printed) if printed.endswith((")", "]")) or "(" in printed else None
    if not match or match.start() == 0:
        return printed, None
    return printed[: match.start()].rstrip(), printed[match.start() :]


def find_tooltip(words: Sequence[str]) -> int | None:
    """Where a tooltip begins that was taken with the label; it repeats the surname: `И.Орлин Орлин Иван Ильич мэр`."""
    for at in range(1, min(len(words) - 1, 8)):
        surname = words[at - 1].rpartition(".")[2]
        if len(surname) > 1 and surname == words[at].rstrip(",") and surname[0].isupper():
            return at
    return None


def find_initials(text: str, start: int, end: int) -> int:
    """Where a label of initials and surname begins that ends a span, with note and tooltip if there are; else -1."""
    for match in reversed(list(_INITIALS_START_RE.finditer(text, start, end))):
        words, _ = split_note(text[match.start() : end].strip())
        parts = words.split(" ")
        if LONG_INITIALS_RE.fullmatch(words) or find_tooltip(parts) == 1:
            return match.start()
    return -1


def set_apart(text: str) -> str:
    """A name as its initials are set apart: `I. Petrov` for `I.Petrov`."""
    return _INITIAL_DOT_RE.sub(". ", text) if "." in text else text
