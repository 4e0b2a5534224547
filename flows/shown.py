"""Text out of dumps, as it may be shown to a person: nothing in it that a terminal or a page would act on unseen."""

from __future__ import annotations

import re

# Control characters but tab and line feed; zero-width space, direction marks, overrides and isolates.
_UNSEEN_RE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def reveal(value: object) -> str:
    """A value with a mark in place of each character that nobody sees.

    >>> reveal("a\\x1b[31mb")
    'a�[31mb'
    """
    return _UNSEEN_RE.sub("\N{REPLACEMENT CHARACTER}", str(value))


def plain(value: object) -> str:
    """The same in one line, which no line break can forge another of.

    >>> plain("one\\ntwo")
    'one two'
    """
    return reveal(value).replace("\n", " ").replace("\t", " ")
