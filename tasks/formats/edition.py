"""What an edition of the site is to the parser: its language and its wordings, in tables. The rules are one for all."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from tasks.formats.furniture import Furniture
from tasks.formats.lexicon import Lexicon, Words


@dataclass(frozen=True, slots=True)
class CaptionWords:
    """What tells a caption from speech and from news leads; see `captions` for how it is weighed."""

    photo: str  # a piece of every credit mark, cheap to look for
    credit_re: re.Pattern[str]  # group 1: the mark between caption and credit
    opening_re: re.Pattern[str]  # how captions begin
    place_opening_re: re.Pattern[str]  # those of them that open captions outside speech too
    sides_re: re.Pattern[str]  # `(left)`
    occasion_word_re: re.Pattern[str]  # between a person and an occasion
    speech_words: Words  # said by who speaks of himself or to somebody
    said: tuple[str, ...]  # cheap to look for, the commonest first, and no caption has them
    past: Words  # verbs that tell
    verb_endings: tuple[str, ...]  # endings of verbs that tell, whatever stands around
    participle_endings: tuple[str, ...]  # endings of verbs that can tell or describe: the words around say which
    subject_ends: Words
    actors: Words
    participle_next: Words
    objects: Words
    lead_opening_re: re.Pattern[str]  # a news lead opens like this; a caption does not
    no_content: Words
    no_caption: Words = field(init=False)  # speech words and verbs that tell: no caption has one

    def __post_init__(self) -> None:
        object.__setattr__(self, "no_caption", self.speech_words | self.past)


@dataclass(frozen=True, slots=True, eq=False)
class Edition:
    """One edition of the site."""

    language: str
    host: str
    furniture: Furniture
    lexicon: Lexicon
    captions: CaptionWords
    spoken_sections: frozenset[str]  # sections whose pages print who speaks
    place_words: frozenset[str]  # words of places that begin with a small letter
    place_ends: Words  # words that end the name of a place where lines are folded: `Кремль`, `область`
    no_place_openings: frozenset[str]  # captions in title case begin like this
    heading_re: re.Pattern[str]  # how headings inside a body begin
    open_ends: Words  # a line that ends in one of these is broken by a link
    sentence_openers: Words  # a line that begins with one of these begins a sentence
    patronymics: tuple[str, ...]  # how words end that stand behind a given name
    attributes: tuple[str, ...]  # how words end that belong to the word behind them
    whole_names: Words  # places of several capital words, where nothing else tells that they are one
