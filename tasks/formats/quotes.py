"""Pull quotes: words of a speech that the page shows once more, set off, wherever the layout had room.

In a text dump nothing marks them but their words: the same sentences stand in another paragraph. They are copies
and often abridged, so whole paragraphs are not compared, but how each sentence begins, and how the last one ends.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import chain

MIN_QUOTE_CHARS, MAX_QUOTE_CHARS = 80, 450  # the shortest and longest seen have 122 and 327
MIN_PARAGRAPHS = 5  # pull quotes relieve long speeches: the shortest with one has 5 such paragraphs, the next 11
MAX_CHECKS = 50  # each reads the whole document; the most that a page needed is 8
_START_CHARS = 28  # shorter starts are shared by chance (`I would like to say once`), longer ones miss abridged copies
_END_CHARS = 24
# The first letter aside: a quote begins with a capital one where the speech had a comma.
_START_RE = re.compile(rf"[.!?:,;…] .(?=(.{{{_START_CHARS - 1}}}))")
_SENTENCE_RE = re.compile(r"[.!?…] ")


def find_quotes(paragraphs: Sequence[str], eligible: Sequence[int]) -> set[int]:
    """Find the paragraphs that only repeat others.

    Args:
        paragraphs: the folded paragraphs of a body, labels removed.
        eligible: indexes of those that can be pull quotes: inside speech, without a label of their own.

    Returns:
        Indexes, a part of `eligible`. Of two equal paragraphs the first is the quote: copies stand before what they
        announce more often than after.
    """
    joined = "\n".join(paragraphs)
    found = {index for index in eligible if _is_set_in_marks(paragraphs[index])} if "”" in joined else set()
    wanted = [index for index in eligible if MIN_QUOTE_CHARS <= len(paragraphs[index]) <= MAX_QUOTE_CHARS]
    if len(wanted) < MIN_PARAGRAPHS:
        return found
    within = _START_RE.findall(joined)
    firsts = Counter(map(_start, paragraphs))
    opening = {_start(paragraphs[index]) for index in wanted}
    if opening.isdisjoint(within) and max(map(firsts.__getitem__, opening)) < 2:
        return found  # none of them begins as anything else does: so it is on most pages
    starts = Counter(chain(firsts.elements(), within))
    copies = Counter(paragraphs)
    checks = MAX_CHECKS
    for index in wanted:
        text = paragraphs[index]
        if index in found or starts[_start(text)] < 2:
            continue
        sentences = [sentence for sentence in _SENTENCE_RE.split(text) if len(sentence) > _START_CHARS]
        if not all(starts[_start(sentence)] >= 2 for sentence in sentences):
            continue
        checks -= 1
        if checks < 0:
            break
        if joined.count(text.rstrip(".!?…“”")[-_END_CHARS:]) < 2:
            continue
        if copies[text] == 1 or paragraphs.index(text) == index:
            found.add(index)
    return found


def _start(sentence: str) -> str:
    """How a sentence begins, its first letter aside."""
    return sentence[1:_START_CHARS]


def _is_set_in_marks(paragraph: str) -> bool:
    """Whether a paragraph stands between reversed marks, `”words.“`, as the site sets some of its quotes."""
    return len(paragraph) > 40 and paragraph[0] == "”" and paragraph[-1] == "“"
