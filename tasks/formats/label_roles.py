"""Words of a label as the tables know them, and whether they say what somebody is."""

from __future__ import annotations

import functools
from collections.abc import Sequence

from tasks.formats.lexicon import Lexicon


@functools.lru_cache(maxsize=1 << 15)
def read_key(word: str) -> str:
    """A word as it stands in the tables."""
    if word == "US":
        return "usa"  # and not the pronoun
    key = word.strip(",“”\"'’‘«»()[]").casefold()
    return key[:-2] if key.endswith(("’s", "'s")) else key


@functools.lru_cache(maxsize=1 << 15)
def is_role_word(word: str, key: str, lex: Lexicon) -> bool:
    """Whether a word says what somebody is; `key` is the word as it stands in the tables."""
    if key in lex.roles or (key.endswith("of") and key[:-2] in lex.roles):  # `Presidentof Sorland`
        return True
    return word[0].islower() and len(key) > 4 and key.endswith(lex.role_suffixes) and key not in lex.no_role_suffixed


def is_role(words: Sequence[str], keys: Sequence[str], lex: Lexicon) -> bool:
    """Whether one of the words says what somebody is."""
    return any(is_role_word(word, key, lex) for word, key in zip(words, keys, strict=True))
