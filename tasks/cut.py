"""From renditions to batches: whole documents, about 16 MiB of text a batch and less towards the end, streamed."""

from __future__ import annotations

import codecs
import functools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from storage.files import make_folder, storing
from storage.raw import RawStore
from tasks import formats
from tasks.acquire import Dump

# Of text. Each batch costs a tenth of a second whatever it holds, and a worker holds ten times as much at work on it.
BATCH_BYTES = 16 << 20

# Of the end of a dump, which is looked at first where it is enough to find its last document: twenty pages.
_END_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class Slice:
    """Whole documents of one dump: `length` bytes of a batch file, which stand at `byte_start` of the rendition."""

    dump: Dump
    byte_start: int
    length: int


@dataclass(frozen=True, slots=True)
class Batch:
    """A unit of parsing and validating: a file of UTF-8 text in the staging folder, and whose it is."""

    index: int
    path: Path
    slices: tuple[Slice, ...]


def cut_batches(dumps: Iterable[Dump], raw: RawStore, folder: Path, batch_bytes: int = BATCH_BYTES) -> Iterator[Batch]:
    """Cut dumps into batches of whole documents, in order; small dumps share a batch.

    Args:
        dumps: dumps with a format; those without are passed over.
        raw: where their renditions are read from.
        folder: staging folder for the batch files.
        batch_bytes: most that a batch holds of documents that are shorter. The last batches hold down to a quarter of
            it, so that workers come to an end together. A batch is closed when it has half of what it may hold.
    """
    dumps = [dump for dump in dumps if dump.format is not None]
    left = sum(dump.record.bytes for dump in dumps)
    index, size = 0, 0
    texts: list[bytes] = []
    slices: list[Slice] = []

    def close() -> Batch:
        path = folder / f"batch-{index:05d}.txt"
        with storing(path):
            make_folder(folder)
            path.write_bytes(b"".join(texts))
        return Batch(index, path, tuple(slices))

    for dump in dumps:
        for start, text in _cut_dump(dump, raw, functools.partial(_wanted, left, batch_bytes)):
            slices.append(Slice(dump, start, len(text)))
            texts.append(text)
            size += len(text)
            if size > _wanted(left, batch_bytes, start) // 2:  # a run of documents has a little less than wanted
                yield close()
                index, texts, slices, size = index + 1, [], [], 0
        left -= dump.record.bytes
    if slices:
        yield close()


def _wanted(left: int, most: int, cut: int = 0) -> int:
    """How much the next batch may hold, where so many bytes were left of all dumps, and some are cut since."""
    return min(most, max((left - cut) // 2, most // 4))


def _cut_dump(dump: Dump, raw: RawStore, wanted_at: Callable[[int], int]) -> Iterator[tuple[int, bytes]]:
    """Runs of whole documents of a rendition, with the byte that each starts at; `wanted_at` says how long one is."""
    assert dump.format
    assert dump.record.rendition_sha256
    format_ = formats.FORMATS[dump.format]
    held, held_bytes, start, wanted = [b""], 0, 0, wanted_at(0)
    for chunk in raw.chunks(dump.record.rendition_sha256):
        held.append(chunk)
        held_bytes += len(chunk)
        if held_bytes < wanted:
            continue
        data = b"".join(held)
        cut = find_last(format_, data)  # the last document may go on
        if cut:
            yield start, data[:cut]
            start += cut
            held, wanted = [data[cut:]], wanted_at(start)
            held_bytes = len(held[0])
        else:  # one document, longer than a batch: look again when twice as much is at hand
            held, wanted = [data], 2 * wanted
    rest = b"".join(held)
    if rest.decode().strip():
        yield start, rest


def find_last(format_: formats.Format, data: bytes) -> int:
    """The byte at which the last of several documents begins; 0 where there is one.

    Args:
        format_: the format of the text.
        data: UTF-8 text from the start of a document on; its end may part a character.
    """
    size = _END_BYTES if formats.is_split_from_any_line(format_) else len(data)
    while True:
        line = data.find(b"\n", len(data) - size) + 1 if size < len(data) else 0
        if line or size >= len(data):
            text = codecs.getincrementaldecoder("utf-8")().decode(data[line:])
            spans = format_.split(text)
            if len(spans) > 1:
                return line + len(text[: spans[-1][0]].encode())
        if size >= len(data):
            return 0
        size *= 4
