"""The blocks of many documents as columns: where each stands in the UTF-8 of its text, and what it says, folded.

All texts are encoded into one buffer, in which every block is a run of bytes. Most blocks say what stands there; only
those that hold other white space than single spaces are folded, and what they say is written behind. So the texts of
any choice of blocks are one copy out of that buffer, and next to nothing is done a block at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.document import Document
from tasks.formats.blocks import KINDS, Block, check_tiling, fold
from tasks.places import find_following, in_bytes

Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

CODES = {kind: code for code, kind in enumerate(KINDS)}
_NAMES = pa.array(list(KINDS), pa.string())
_NO_KIND = len(CODES)

_SPACE, _DOT = b" ."
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}".encode()
_IS_ASCII_SPACE = np.array([byte < 128 and chr(byte).isspace() for byte in range(256)])
# White space beyond ASCII, as the number that its last three bytes make; those of two bytes apart.
_WIDE = [mark.encode() for mark in map(chr, range(128, 0x3001)) if mark.isspace()]
_WIDE_TWO, _WIDE_THREE = ([int.from_bytes(mark) for mark in _WIDE if len(mark) == size] for size in (2, 3))
_MAX_GAP = 4  # bytes between blocks that are looked at in all gaps at once; longer gaps are looked at one by one


def _find_ellipses(data: Bytes) -> Ints:
    """Where an ellipsis begins."""
    first, second, third = _ELLIPSIS
    last = np.flatnonzero(data == third)
    last = last[last > 1]
    found: Ints = last[(data[last - 1] == second) & (data[last - 2] == first)] - 2
    return found


def codes_of(kinds: Iterable[str]) -> Mask:
    """For each code of a kind whether the kind is one of these."""
    chosen = np.zeros(_NO_KIND + 1, np.bool_)
    chosen[[CODES[kind] for kind in kinds]] = True
    return chosen


@dataclass(frozen=True, slots=True)
class BlockColumns:
    """The blocks of documents in order, a column a fact.

    `firsts` holds the first block of each document and, behind, the number of all; `owners` the document of each block.
    `starts` and `ends` are bytes of the rendition, half-open; `words` counts words, `inked` bytes without white space.
    """

    kinds: Bytes
    values: list[object]
    owners: Ints
    firsts: Ints
    starts: Ints
    ends: Ints
    words: Ints
    inked: Ints
    pool: pa.StringArray
    places: npt.NDArray[np.int32]  # of what each block says, in the pool

    def texts(self, blocks: Ints, missing: Mask | None = None) -> pa.StringArray:
        """What some blocks say, folded; null where it is `missing`."""
        return self.pool.take(pa.array(self.places[blocks], mask=missing))

    def find_dotted(self) -> Ints:
        """The blocks in which an ellipsis stands, or three dots."""
        bounds, data = (
            np.frombuffer(part, of) for part, of in zip(self.pool.buffers()[1:], (np.int32, np.uint8), strict=True)
        )
        raw = data[: bounds[2 * len(self.kinds)]] if len(self.kinds) else data[:0]
        is_dot = raw == _DOT
        at = np.append(np.flatnonzero(is_dot[2:] & is_dot[1:-1] & is_dot[:-2]), _find_ellipses(raw))
        parts: Ints = np.unique(np.searchsorted(bounds[: 2 * len(self.kinds)], at, "right") - 1)
        blocks: Ints = parts[parts % 2 == 0] // 2  # every other one is a gap
        return blocks

    def kind_names(self, blocks: Ints | slice = slice(None)) -> pa.StringArray:
        """The kinds of some blocks."""
        return _NAMES.take(pa.array(self.kinds[blocks]))

    def find(self, chosen: Mask) -> Ints:
        """The blocks of some kinds, as `codes_of` gives them."""
        return np.flatnonzero(chosen[self.kinds])


def read_columns(documents: Sequence[Document]) -> tuple[BlockColumns, dict[int, ValueError]]:
    """The blocks of documents as columns.

    Returns:
        The columns of the documents that their blocks tile; and for each of the others, by its number, why they do not.
    """
    layout = _lay_out(documents)
    faults = {}
    for number in _find_doubtful(layout, documents):
        document = documents[number]
        try:
            blocks = map(Block, document.kinds, document.firsts, document.lasts, document.values)
            check_tiling(document.text, list(blocks))
        except ValueError as error:
            faults[number] = error
    if faults:
        whole = [document for number, document in enumerate(documents) if number not in faults]
        return read_columns(whole)[0], faults
    return _fold_all(layout, documents), {}


@dataclass(frozen=True, slots=True)
class _Layout:
    """Documents in one buffer. Of blocks: kinds, owners, and where they stand in it; of documents: where they begin.

    `texts_at` and `firsts` have the end of the last document behind. `wide`: first bytes of white space beyond ASCII.
    """

    data: bytes
    buffer: Bytes
    kinds: Bytes
    owners: Ints
    firsts: Ints
    texts_at: Ints
    starts: Ints
    ends: Ints
    wide: Ints
    is_ascending: bool


def _lay_out(documents: Sequence[Document]) -> _Layout:
    counts = [len(document.kinds) for document in documents]
    firsts = np.append(0, np.cumsum(counts, dtype=np.int64))
    owners = np.repeat(np.arange(len(documents)), counts)
    names = chain.from_iterable(document.kinds for document in documents)
    kinds = np.fromiter(map(CODES.get, names, repeat(_NO_KIND)), np.uint8, firsts[-1])
    chars_at = np.append(0, np.cumsum([document.chars for document in documents], dtype=np.int64))
    texts_at = np.append(0, np.cumsum([len(document.data) for document in documents], dtype=np.int64))
    data = b"".join([document.data for document in documents])
    buffer = np.frombuffer(data, np.uint8)
    starts, ends = (
        np.fromiter(chain.from_iterable(spans), np.int64, firsts[-1]) + chars_at[owners]
        for spans in ((one.firsts for one in documents), (one.lasts for one in documents))
    )
    before = _gaps_before(ends, firsts, chars_at)
    is_ascending = bool((before <= starts).all() and (starts < ends).all() and (ends <= chars_at[owners + 1]).all())
    following = find_following(buffer)
    starts, ends = in_bytes(starts, following), in_bytes(ends, following)
    wide = _find_wide_spaces(buffer, following)
    return _Layout(data, buffer, kinds, owners, firsts, texts_at, starts, ends, wide, is_ascending)


def _gaps_before(ends: Ints, firsts: Ints, texts_at: Ints) -> Ints:
    """Where the gap before each block begins: at the end of the one before, or where the text does."""
    has_blocks = np.diff(firsts) > 0
    before = np.append(0, ends)[:-1]
    before[firsts[:-1][has_blocks]] = texts_at[:-1][has_blocks]
    return before


def _find_wide_spaces(buffer: Bytes, following: Ints) -> Ints:
    """First bytes of the white space beyond ASCII."""
    if not len(following):
        return following
    last = following.astype(np.int64)
    two = buffer[last].astype(np.int32) | (buffer[last - 1].astype(np.int32) << 8)
    three = two | (buffer[np.maximum(last - 2, 0)].astype(np.int32) << 16)
    return np.sort(np.concatenate([last[np.isin(two, _WIDE_TWO)] - 1, last[np.isin(three, _WIDE_THREE)] - 2]))


def _find_doubtful(layout: _Layout, documents: Sequence[Document]) -> list[int]:
    """Documents that their blocks may not tile; those that are not among them they do."""
    if not layout.is_ascending or (layout.kinds == _NO_KIND).any():
        return list(range(len(documents)))
    buffer, wide = layout.buffer, layout.wide
    # the gap before each block, and that behind the last one of each document
    before = _gaps_before(layout.ends, layout.firsts, layout.texts_at)
    has_blocks = np.diff(layout.firsts) > 0
    last_ends = layout.texts_at[:-1].copy()
    last_ends[has_blocks] = layout.ends[layout.firsts[1:][has_blocks] - 1]
    gaps_at = np.concatenate([before, last_ends])
    gaps_to = np.concatenate([layout.starts, layout.texts_at[1:]])
    owners = np.concatenate([layout.owners, np.arange(len(documents))])
    lengths = gaps_to - gaps_at
    doubtful = np.zeros(len(documents), np.bool_)
    for at in range(_MAX_GAP):
        some = np.flatnonzero(lengths > at)
        doubtful[owners[some[~_IS_ASCII_SPACE[buffer[gaps_at[some] + at]]]]] = True
    for gap in np.flatnonzero(lengths > _MAX_GAP):
        if not layout.data[gaps_at[gap] : gaps_to[gap]].isspace():
            doubtful[owners[gap]] = True
    ends_in_space = _IS_ASCII_SPACE[buffer[layout.starts]] | _IS_ASCII_SPACE[buffer[layout.ends - 1]]
    if len(wide):
        touched = np.concatenate([wide, wide + 2, wide + 3])  # where it begins, and where it ends
        ends_in_space |= np.isin(layout.starts, wide) | np.isin(layout.ends, touched)
    doubtful[layout.owners[ends_in_space]] = True
    return list(map(int, np.flatnonzero(doubtful)))


def _fold_all(layout: _Layout, documents: Sequence[Document]) -> BlockColumns:
    buffer, starts, ends = layout.buffer, layout.starts, layout.ends
    is_space = buffer == _SPACE
    low = np.flatnonzero(buffer < _SPACE)
    odd = np.concatenate([low[_IS_ASCII_SPACE[buffer[low]]], layout.wide, np.flatnonzero(is_space[1:] & is_space[:-1])])
    odd.sort()
    to_fold = np.flatnonzero(np.searchsorted(odd, starts) < np.searchsorted(odd, ends))
    raw = [layout.data[starts[block] : ends[block]].decode() for block in to_fold]
    folded = [fold(text).encode() for text in raw]
    data = b"".join([layout.data, *folded]) if folded else layout.data
    # the pool holds each block, the gap behind it, and in the end what was folded
    count = len(starts)
    offsets = np.empty(2 * count + 1 + len(folded), np.int32)
    offsets[0 : 2 * count : 2], offsets[1 : 2 * count : 2] = starts, ends
    offsets[2 * count :] = len(layout.data) + np.append(0, np.cumsum([len(text) for text in folded], dtype=np.int64))
    places = np.arange(0, 2 * count, 2, dtype=np.int32)
    places[to_fold] = 2 * count + np.arange(len(folded))
    spaces = count_before(is_space, ends) - count_before(is_space, starts)
    inked = ends - starts - spaces
    inked[to_fold] = [len("".join(text.split()).encode()) for text in raw]
    spaces[to_fold] = [text.count(b" ") for text in folded]
    shift = np.array([document.base for document in documents], np.int64) - layout.texts_at[:-1]
    return BlockColumns(
        kinds=layout.kinds,
        values=list(chain.from_iterable(document.values for document in documents)),
        owners=layout.owners,
        firsts=layout.firsts,
        starts=starts + shift[layout.owners],
        ends=ends + shift[layout.owners],
        words=spaces + 1,
        inked=inked,
        pool=pa.StringArray.from_buffers(len(offsets) - 1, pa.py_buffer(offsets), pa.py_buffer(data)),
        places=places,
    )


def count_before(mask: Mask, places: Ints) -> Ints:
    """How often a mask is true before each place, by words of 64 bits: a sum over all would take ten times as long."""
    size = (len(mask) // 64 + 1) * 8
    bits = np.packbits(mask, bitorder="little")
    words = np.concatenate([bits, np.zeros(size - len(bits), np.uint8)]).view("<u8")
    before = np.append(0, np.cumsum(np.bitwise_count(words), dtype=np.int64))
    at, rest = places // 64, (places % 64).astype(np.uint64)
    inside = words[at] & ((np.uint64(1) << rest) - np.uint64(1))
    counts: Ints = before[at] + np.bitwise_count(inside)
    return counts
