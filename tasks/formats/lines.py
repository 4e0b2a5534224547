"""Lines of a text, and which of them belong together.

The dumps are made of pages in which a link ends its line: `… which I attend with President Storr` / `.`. So a
paragraph can span several lines, and every second question about this text is: does a line go on with the one before?
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate, compress, repeat
from operator import add
from typing import NamedTuple

from tasks.formats.evidence import Evidence


class Line(NamedTuple):
    """One line without the white space around it; offsets are code points of the whole text."""

    start: int
    end: int
    text: str


_new_line: Callable[[type[Line], tuple[int, int, str]], Line] = tuple.__new__


def split_lines(text: str, start: int = 0, end: int | None = None) -> list[Line]:
    """Split a text into its lines that are not blank, at LF, CR LF or, where there is no LF at all, CR.

    >>> split_lines("one\\n\\n two \\n")
    [Line(start=0, end=3, text='one'), Line(start=6, end=9, text='two')]
    """
    part = text[start:end] if start or end is not None else text
    printed = part.split("\n" if "\n" in part or "\r" not in part else "\r")
    lines = [line.strip() for line in printed]
    # whole columns by functions in C: a loop of Python over all lines takes a tenth of the time of a parse
    starts = list(map(add, accumulate(map(len, printed), initial=start), range(len(printed))))
    if lines != printed:
        starts = [at + raw.index(line[0]) if line else at for at, raw, line in zip(starts, printed, lines, strict=True)]
    spans = zip(starts, map(add, starts, map(len, lines)), lines, strict=True)
    return list(map(_new_line, repeat(Line), compress(spans, lines)))


def continues(before: str, line: str, paragraph_chars: int, evidence: Evidence) -> bool:
    """Whether a line goes on with the paragraph that the line before it ends.

    Args:
        before: the line before.
        line: the line in question; the caller has made sure that no speaker label begins it.
        paragraph_chars: length of the paragraph so far.
        evidence: persons of the document: tags are links, and links break lines.

    Counted on the 745 development pages: 384 lines go on; punctuation or a lower-case letter says so in 377 of them.
    """
    first, last = line[0], before[-1]
    if first.isupper():
        if last.isalnum():
            return _capital_continues(before, line, paragraph_chars, evidence)
        return last in "–—("
    if first.isalpha():  # lower case, or a script without case
        return first.islower() and (last.isalnum() or last in ")]%–—(’")
    if first in ",.;:!?)]":
        return not (line.startswith(("...", "…")) and last in ".!?…")
    if first in "’'":
        return last.isalnum()
    if first == "”":
        return last.isalnum() or last == ","
    if first in "([":
        return last.isalnum() and not (line[-1] in ")]" and ". " not in line and len(line) > 2 and line[-2] in ".!?")
    if first in "–—":
        return last.isalnum()
    if first.isdigit() or first in "“«$€":
        return last.isalnum() and before.rpartition(" ")[2] in evidence.edition.open_ends
    return False


def _capital_continues(before: str, line: str, paragraph_chars: int, evidence: Evidence) -> bool:
    """A capital word after a line without an end: a link break, or a paragraph that lacks its full stop."""
    last = before.rpartition(" ")[2]
    if last in evidence.edition.open_ends:
        return True
    if line.split(" ", 1)[0].strip(",.’'").casefold() in evidence.edition.sentence_openers:
        return False
    if (len(last) > 1 and last.isupper()) or _ends_in_known_name(before, evidence):
        return line[-1] in ".!?…”" or line[-1].isalnum()
    # A proper noun before, a finished sentence after. A heading or a list item is short, a broken sentence seldom is.
    return last[0].isupper() and line[-1] == "." and paragraph_chars > 60 and not line.startswith(("“", "•"))


def _ends_in_known_name(text: str, evidence: Evidence) -> bool:
    words = text.rsplit(" ", 3)[1:]
    return any(" ".join(words[at:]).casefold() in evidence.names for at in range(len(words)))
