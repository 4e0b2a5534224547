"""From renditions to batches: whole documents, about 8 MiB of text a batch, streamed."""

from __future__ import annotations

import codecs
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from storage.files import make_folder, storing
from storage.raw import RawStore
from tasks import formats
from tasks.acquire import Dump

# Of text. A worker holds twenty times as much while it works on a batch; 16 MiB take 9 % more time and 100 MB more.
BATCH_BYTES = 8 << 20


@dataclass(frozen=True, slots=True)
class Slice:
    """Whole documents of one dump: `length` bytes of a batch file, which stand at `byte_start` of the rendition.

    `spans` are those of the documents, start and end in turn, in code points, where the cut had to find them out.
    """

    dump: Dump
    byte_start: int
    length: int
    spans: array[int] | None = None


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
        batch_bytes: a batch is closed when it holds this many.
    """
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
        if dump.format is None:
            continue
        for start, text, spans in _cut_dump(dump, raw, batch_bytes):
            slices.append(Slice(dump, start, len(text), spans))
            texts.append(text)
            size += len(text)
            if size >= batch_bytes:
                yield close()
                index, texts, slices, size = index + 1, [], [], 0
    if slices:
        yield close()


def _cut_dump(dump: Dump, raw: RawStore, batch_bytes: int) -> Iterator[tuple[int, bytes, array[int] | None]]:
    """Runs of whole documents of a rendition, with the byte that each starts at, and the spans that were found."""
    assert dump.format
    assert dump.record.rendition_sha256
    split = formats.FORMATS[dump.format].split
    decoder = codecs.getincrementaldecoder("utf-8")()
    held, held_bytes, start, wanted = [""], 0, 0, batch_bytes
    for chunk in raw.chunks(dump.record.rendition_sha256):
        held.append(decoder.decode(chunk))
        held_bytes += len(chunk)
        if held_bytes < wanted:
            continue
        text = "".join(held)
        spans = split(text)
        if len(spans) < 2:  # one document, longer than a batch: look again when twice as much is at hand
            held, wanted = [text], 2 * wanted
            continue
        cut = spans[-1][0]  # the last document may go on
        done = text[:cut].encode()
        yield start, done, array("q", chain.from_iterable(spans[:-1]))
        start += len(done)
        held, wanted = [text[cut:]], batch_bytes
        held_bytes = len(held[0].encode())
    rest = "".join(held) + decoder.decode(b"", final=True)
    if rest.strip():
        yield start, rest.encode(), None
