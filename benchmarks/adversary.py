"""Texts against a pattern, made out of its own parts: what nearly matches, again and again.

A pattern is read as Python's own parser reads it. Out of the tree come examples of the whole, of each prefix of its
rows of items, and of what its quantifiers repeat. They are repeated to the wished size, with and without line ends, and
behind an opening that matches.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as sre_parse  # type: ignore[attr-defined]
from typing import Any

PIECES = (
    *(" ", "\n", " \n", "\t", "(", "[", "<", "<<<<", "“", "1", ":", ".", "-", "A", "a", "Я", "A ", "Aa ", "X: ", ">> "),
    *("{", ")", '"', "'", ",", "–", "…", "*", "_", "#", ">", "я", "a ", "A. ", "a. ", "12:", "X:\n", "Mr. A ", "(A) "),
    *("[(", "<…>\n", "1 of 2\n", "<b>", "<b>a:</b>", "&", "&amp;", "http://a/", "a@", "May 1, 2021 "),
    *("00:00:01 --> ", "00:00:01.000 --> 00:00:02.000\n"),
)
COMMON = 20  # of them, the first, are tried on every pattern
UNITS = 40  # examples of a pattern that are tried, the shortest first
RUN = 40  # how often an unbounded quantifier repeats in a long example

CATEGORIES = {
    sre.CATEGORY_DIGIT: "1",
    sre.CATEGORY_NOT_DIGIT: "a",
    sre.CATEGORY_SPACE: " ",
    sre.CATEGORY_NOT_SPACE: "a",
    sre.CATEGORY_WORD: "a",
    sre.CATEGORY_NOT_WORD: "-",
}
PROBES = "aA1 -.Яя\n\t_,:“(é"


def texts_for(pattern: re.Pattern[Any]) -> Iterator[tuple[str, Callable[[int], str]]]:
    """Name and maker of each adversarial text; a maker takes the number of characters."""
    source = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
    units = dict.fromkeys(PIECES[:COMMON])
    units.update(dict.fromkeys(unit for unit in sorted(set(_units(source, pattern.flags)), key=len)[:UNITS] if unit))
    for unit in units:
        yield f"{unit[:60]!r} repeated", lambda size, unit=unit: (unit * (size // len(unit) + 1))[:size]
        if "\n" not in unit and len(unit) > 1:
            yield f"rows of {unit[:60]!r}", lambda size, row=unit + "\n": (row * (size // len(row) + 1))[:size]
    opening = _example(sre_parse.parse(source, pattern.flags & ~re.DEBUG), 1)
    for unit in units:
        yield (
            f"{opening[:40]!r}, then {unit[:40]!r} repeated",
            lambda size, unit=unit: (opening + unit * (size // len(unit) + 1))[: size - 1] + "\x00",
        )


def _units(source: str, flags: int) -> Iterator[str]:
    tree = sre_parse.parse(source, flags & ~re.DEBUG)
    for times in (0, 1, 2, RUN):
        whole = _example(tree, times)
        yield whole
        yield whole[:-1]
        yield whole[: len(whole) // 2]
    yield from _parts(tree)


def _parts(tree: Any) -> Iterator[str]:
    """Examples of each quantified item, of it behind what stands before it, and of each branch."""
    before = ""
    for operator, argument in tree:
        if operator in (sre.MAX_REPEAT, sre.MIN_REPEAT, getattr(sre, "POSSESSIVE_REPEAT", None)):
            item = _example(argument[2], 1)
            yield item
            yield before + item
            yield before + item * min(RUN, max(int(argument[1]) - 1, 1))
            yield from _parts(argument[2])
        elif operator is sre.BRANCH:
            for branch in argument[1]:
                yield before + _example(branch, 1)
                yield from _parts(branch)
        elif operator is sre.SUBPATTERN:
            yield from _parts(argument[3])
        elif operator in (sre.ASSERT, sre.ASSERT_NOT):
            yield before + _example(argument[1], 1)
            yield from _parts(argument[1])
        before += _example([(operator, argument)], 1)
        yield before


def _example(tree: Any, times: int) -> str:
    """A text that the items match, look-around aside; quantifiers repeat `times`, within their bounds."""
    made = ""
    for operator, argument in tree:
        if operator is sre.LITERAL:
            made += chr(argument)
        elif operator is sre.NOT_LITERAL:
            made += "a" if argument != ord("a") else "b"
        elif operator is sre.ANY:
            made += "a"
        elif operator is sre.IN:
            made += _member(argument)
        elif operator is sre.BRANCH:
            made += _example(argument[1][0], times)
        elif operator is sre.SUBPATTERN:
            made += _example(argument[3], times)
        elif operator is getattr(sre, "ATOMIC_GROUP", None):
            made += _example(argument, times)
        elif operator in (sre.MAX_REPEAT, sre.MIN_REPEAT, getattr(sre, "POSSESSIVE_REPEAT", None)):
            least, most, item = argument
            made += _example(item, times) * min(max(times, least), int(most), max(RUN, least))
    return made


def _member(items: Any) -> str:
    """One character of a class."""
    if items[0][0] is sre.NEGATE:
        return next((probe for probe in PROBES if not any(_holds(item, probe) for item in items[1:])), "\x01")
    operator, argument = items[0]
    if operator is sre.LITERAL:
        return chr(argument)
    if operator is sre.RANGE:
        return chr(argument[0])
    return CATEGORIES.get(argument, "a")


def _holds(item: Any, character: str) -> bool:
    operator, argument = item
    if operator is sre.LITERAL:
        return chr(argument) == character
    if operator is sre.RANGE:
        return argument[0] <= ord(character) <= argument[1]
    tests = {
        sre.CATEGORY_DIGIT: character.isdigit(),
        sre.CATEGORY_SPACE: character.isspace(),
        sre.CATEGORY_WORD: character.isalnum() or character == "_",
    }
    opposite = {
        sre.CATEGORY_NOT_DIGIT: sre.CATEGORY_DIGIT,
        sre.CATEGORY_NOT_SPACE: sre.CATEGORY_SPACE,
        sre.CATEGORY_NOT_WORD: sre.CATEGORY_WORD,
    }
    return not tests[opposite[argument]] if argument in opposite else tests.get(argument, False)
