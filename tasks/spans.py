"""The blocks of a document as bytes and words: where each stands in the UTF-8 of its text, and what it says, folded.

Most texts have no white space but single spaces and line feeds. That is asked once a document; then a block is folded
as it is, unless it holds a line feed.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tasks.formats.blocks import Block, fold

# White space but the space and the line feed: a text without any, and without two spaces in a row, is folded but for
# its line feeds.
_ODD_SPACES = tuple(mark for mark in map(chr, range(0x3001)) if mark.isspace() and mark not in " \n")


def read_spans(text: str, blocks: Sequence[Block], base: int) -> tuple[list[int], list[int], list[str], int]:
    """First bytes of the blocks and bytes after their last, counted from `base`; folded texts; bytes that are inked."""
    data = text.encode()
    starts = _byte_offsets(text, data, [block.start for block in blocks], base)
    ends = _byte_offsets(text, data, [block.end for block in blocks], base)
    printed = [text[block.start : block.end] for block in blocks]
    if "  " in text or any(space in text for space in _ODD_SPACES):
        return starts, ends, [fold(words) for words in printed], count_inked(text)
    texts = [fold(words) if "\n" in words else words for words in printed]
    return starts, ends, texts, len(data) - text.count(" ") - text.count("\n")


def _byte_offsets(text: str, data: bytes, offsets: Sequence[int], base: int) -> list[int]:
    """Code point offsets of a text as byte offsets of its UTF-8, counted from `base`."""
    if len(text) == len(data):
        return [base + offset for offset in offsets]
    heads = np.flatnonzero((np.frombuffer(data, np.uint8) & 0xC0) != 0x80)  # first byte of each character
    found: list[int] = (np.append(heads, len(data))[np.asarray(offsets, np.int64)] + base).tolist()
    return found


def count_inked(text: str) -> int:
    """Bytes of a text, white space aside."""
    return len("".join(text.split()).encode())
