"""The words that the label grammar asks for, one table a language: see `english` and `russian` for what is in them.

Tables describe a language as such, not the pages that were seen: no person stands in them, and a word is listed for
what it means. All entries are lower case; look up with `str.casefold`.
"""

from __future__ import annotations

from dataclasses import dataclass, field

Words = frozenset[str]


def words(text: str) -> Words:
    """The words of a text as a table."""
    return frozenset(text.split())


@dataclass(frozen=True, slots=True, eq=False)
class Lexicon:
    """What words mean in a label. The last four are put together once of the others."""

    generic: Words  # a speaker without a name: `question`
    generic_phrases: Words  # phrases that open like a sentence and are labels all the same
    utterances: Words  # of the generic ones, those for what is said: they are no role, whoever is named behind them
    reporters: Words  # behind the name of a paper or channel: `Lessk Weekly correspondent`
    generic_links: Words  # what may follow a generic speaker: `Question from the audience`
    generic_adjectives: Words  # what may come before: `Off-screen voice`
    honorifics: Words
    roles: Words  # heads of a role: what somebody is
    role_suffixes: tuple[str, ...]  # endings of trades, where a word starts in lower case
    no_role_suffixed: Words  # words with such endings that are no trades
    role_links: Words  # little words inside a role
    bodies: Words  # bodies, territories, attributes that stand capitalised in a role and never in a name
    whole_bodies: Words  # behind these nothing more of the body's name comes
    countries: Words
    adjectives: Words
    ambiguous_countries: Words  # names of persons too: a place only behind `of`
    territorial: Words  # roles whose territory stands behind the name: `King Harald IV of Sorland`
    territory_endings: tuple[str, ...]  # of owned territories, never of a name: `Норвении`
    territories: Words  # last words of where a caller calls from: `Ostmark Region`
    particles: Words  # inside a name
    name_suffixes: Words  # numerals of monarchs, `junior`
    surnames: Words  # roles, bodies and countries that are surnames too
    no_names: Words  # capital words that open sentences, headings and lists, and are no given names
    little_names: Words  # names that are little words of the language
    styles: Words  # `His Majesty`
    possessives: Words  # what opens a style
    sentence_words: Words  # words of sentences: no label holds one
    telling_words: Words  # the commonest of them, asked for before anything else is done
    openers: Words  # a text that opens with one of these is a sentence
    initials_prove: bool  # whether initials and surname are how the edition prints its labels: `В.Путин`
    before_whole_names: Words = field(init=False)
    role_attributes: Words = field(init=False)
    never_names: Words = field(init=False)
    sentence_openers: Words = field(init=False)

    def __post_init__(self) -> None:
        whole = self.roles | self.countries | self.adjectives | self.whole_bodies
        never = self.honorifics | self.roles | self.bodies | self.countries | self.adjectives | self.no_names
        object.__setattr__(self, "before_whole_names", whole)
        object.__setattr__(self, "role_attributes", self.bodies | self.adjectives)
        object.__setattr__(self, "never_names", never - self.little_names)
        object.__setattr__(self, "sentence_openers", self.sentence_words - self.little_names)
