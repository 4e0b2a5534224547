"""Labels of nobody by name: `Question from the audience`, `Second voice`, `участник встречи`."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.formats.edition import Edition
from tasks.formats.label_parts import LONG_INITIALS_RE
from tasks.formats.lexicon import Lexicon

_NUMBER_MARKS = ("no.", "number", "№")


def is_generic(words: Sequence[str], keys: Sequence[str], edition: Edition) -> bool:
    """Whether a label names nobody; `keys` are its words as they stand in the tables."""
    return _has_generic_word(keys, edition.lexicon) or _names_asker(words, keys, edition)


def _has_generic_word(keys: Sequence[str], lex: Lexicon) -> bool:
    if keys[0] in lex.generic:
        if len(keys) == 1:
            return True
        if keys[1] in lex.generic_links and len(keys) <= 12:
            return not any(key in lex.sentence_words for key in keys[1:])
        if keys[-1].isdigit() and (len(keys) == 2 or (len(keys) == 3 and keys[1] in _NUMBER_MARKS)):
            return True
    if keys[-1] in lex.reporters and len(keys) <= 6:  # `Lessk Weekly correspondent`
        return not any(key in lex.sentence_words or key in lex.no_names for key in keys)
    return len(keys) <= 3 and keys[-1] in lex.generic and all(key in lex.generic_adjectives for key in keys[:-1])


def _names_asker(words: Sequence[str], keys: Sequence[str], edition: Edition) -> bool:
    """`Вопрос С.Орлина`, `участник встречи`: whose words they are, or of what somebody without a name is a part."""
    lex = edition.lexicon
    if not lex.initials_prove or len(words) < 2 or keys[0] not in lex.generic:
        return False
    if keys[0] in lex.utterances:
        return LONG_INITIALS_RE.fullmatch(" ".join(words[1:])) is not None
    plain = all(word.islower() and word.isalpha() for word in words[1:])
    return len(words) <= 4 and plain and not words[-1].endswith(edition.captions.verb_endings)
