"""Streams of untrusted bytes under limits: expanded piece by piece, so that memory never follows what they claim."""

from __future__ import annotations

import bz2
import contextlib
import lzma
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import zstandard

from storage.errors import UnsafeInputError
from storage.files import make_folder, storing

PIECE_BYTES = 64 * 1024
HEADER_BYTES = 1 << 20  # lines of one record's head together; a crawler's are below 64 KiB


@dataclass(frozen=True, slots=True)
class Limits:
    """What an input may ask for before it is refused as unsafe."""

    stream_bytes: int = 2 << 30  # of one expanded stream: a gzip member, a file of an archive
    ratio: int = 200  # expanded over stored bytes, once `free_bytes` are out; text seldom reaches 20
    free_bytes: int = 1 << 20
    members: int = 100_000  # of one archive
    layers: int = 2  # of compression and archives around one another
    name_bytes: int = 1024
    line_bytes: int = 64 << 20  # of one JSONL record; a longer one is held back, the others are read


class BrokenStreamError(Exception):
    """A stream is not whole: what came before stands, nothing can be read after. `rule` is what it breaks."""

    def __init__(self, message: str, rule: str = "dump.container_whole") -> None:
        super().__init__(message)
        self.rule = rule


class Meter:
    """Counts what goes in and comes out of an expansion.

    Raises:
        UnsafeInputError: from `count`, when a limit is passed.
    """

    def __init__(self, limits: Limits, what: str) -> None:
        self.limits, self.what = limits, what
        self.took = self.gave = self.stream = 0

    def count(self, data: bytes) -> bytes:
        """Note expanded bytes and hand them on."""
        self.gave += len(data)
        self.stream += len(data)
        if self.stream > self.limits.stream_bytes:
            raise refuse(self.what, f"expands to more than {self.limits.stream_bytes} bytes")
        if self.gave > self.limits.free_bytes and self.gave > self.limits.ratio * self.took:
            raise refuse(self.what, f"expands to more than {self.limits.ratio} times its size")
        return data


def refuse(what: str, why: str) -> UnsafeInputError:
    """The error for an input that passes a limit."""
    return UnsafeInputError(f"refused as unsafe: {what} {why}", "if you trust it, unpack it yourself and ingest that")


# kind -> a new decoder, and how many bytes it is given at once: zstd has no bound on what a call returns but what it
# is given (a KiB makes 32 MiB at most)
_DECODERS: dict[str, tuple[Callable[[], Any], int]] = {
    "gzip": (lambda: zlib.decompressobj(31), PIECE_BYTES),
    "zlib": (lambda: zlib.decompressobj(15), PIECE_BYTES),
    "deflate": (lambda: zlib.decompressobj(-15), PIECE_BYTES),
    "bzip2": (bz2.BZ2Decompressor, 4096),
    "xz": (lambda: lzma.LZMADecompressor(memlimit=256 << 20), 4096),
    "zstd": (lambda: zstandard.ZstdDecompressor(max_window_size=1 << 27).decompressobj(), 1024),
}
_ERRORS = (zlib.error, lzma.LZMAError, zstandard.ZstdError, OSError, EOFError)


def expand(chunks: Iterable[bytes], kind: str, limits: Limits, what: str) -> Iterator[bytes]:
    """Expand a compressed stream of one or more members, in pieces.

    Args:
        chunks: the compressed bytes.
        kind: a key of `_DECODERS`.
        limits: what it may ask for.
        what: how messages name it.

    Raises:
        BrokenStreamError: it ends early, is damaged, or something else follows it; all before has been yielded.
        UnsafeInputError: a limit is passed.
    """
    make, step = _DECODERS[kind]
    meter = Meter(limits, what)
    decoder, members = None, 0
    for data in _pieces(chunks, step):
        meter.took += len(data)
        while data:
            if decoder is None:
                if members:
                    data = data.lstrip(b"\0")  # padding to a block is no garbage
                    if not data:
                        break
                decoder, meter.stream = make(), 0
            try:
                for piece in _decode(decoder, data):
                    yield meter.count(piece)
            except _ERRORS as error:
                behind = f", behind {members} whole ones" if members else ""
                raise BrokenStreamError(f"is damaged in its {kind} data{behind}: {error}") from error
            data = decoder.unused_data if decoder.eof else b""
            if decoder.eof:
                decoder, members = None, members + 1
    if decoder is not None:
        raise BrokenStreamError(f"ends in the middle of its {kind} data")


def _pieces(chunks: Iterable[bytes], step: int) -> Iterator[bytes]:
    for chunk in chunks:
        for at in range(0, len(chunk), step):
            yield chunk[at : at + step]


def _decode(decoder: Any, data: bytes) -> Iterator[bytes]:
    if hasattr(decoder, "needs_input"):  # bzip2, xz
        yield decoder.decompress(data, PIECE_BYTES)
        while not decoder.eof and not decoder.needs_input:
            yield decoder.decompress(b"", PIECE_BYTES)
    elif hasattr(decoder, "copy"):  # zlib
        while True:
            before = decoder.copy()
            try:
                piece = decoder.decompress(data, PIECE_BYTES)
            except zlib.error:
                yield from _salvage(before, data)
                raise
            yield piece
            data = decoder.unconsumed_tail
            if decoder.eof or (not data and len(piece) < PIECE_BYTES):
                break
    else:
        yield decoder.decompress(data)


def _salvage(decoder: Any, data: bytes) -> Iterator[bytes]:
    """What a damaged piece holds before its damage: zlib forgets all of a call that fails."""
    for at in range(len(data)):
        try:
            yield decoder.decompress(data[at : at + 1])
        except zlib.error:
            return


class Stream:
    """Chunks as something to read from, with bounds on lines.

    A BrokenStreamError of the chunks is raised when all that came before it was read.
    """

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = iter(chunks)
        self._buffer, self._at = b"", 0
        self._broken: BrokenStreamError | None = None
        self._is_done = False
        self.offset = 0  # bytes handed out
        self.head_bytes = 0  # of lines handed out by `readline`; whoever counts a head sets it to 0 before

    @property
    def is_broken(self) -> bool:
        """Whether the damage that ends the stream has been met."""
        return self._broken is not None

    def _fill(self) -> bool:
        while not self._is_done and self._broken is None:
            try:
                chunk = next(self._chunks)
            except StopIteration:
                self._is_done = True
            except BrokenStreamError as error:
                self._broken = error
            else:
                if chunk:
                    self._buffer, self._at = self._buffer[self._at :] + chunk, 0
                    return True
        return False

    def peek(self, size: int) -> bytes:
        """Up to `size` bytes that come next, which stay to be read."""
        while len(self._buffer) - self._at < size and self._fill():
            pass
        return self._buffer[self._at : self._at + size]

    def read(self, size: int) -> bytes:
        """The next `size` bytes, fewer only at the end or before damage.

        Raises:
            BrokenStreamError: nothing is left before the damage.
        """
        parts, wanted = [], size
        while wanted:
            if self._at >= len(self._buffer) and not self._fill():
                break
            part = self._buffer[self._at : self._at + wanted]
            self._at += len(part)
            wanted -= len(part)
            parts.append(part)
        data = b"".join(parts)
        self.offset += len(data)
        if size and not data and self._broken:
            raise self._broken
        return data

    def line(self, limit: int) -> bytes:
        """The next line with its end; without one where it is the last or longer than `limit` bytes.

        Raises:
            BrokenStreamError: the stream breaks before the line ends.
        """
        parts, size = [], 0
        while size < limit:
            if self._at >= len(self._buffer) and not self._fill():
                if self._broken:
                    raise self._broken
                break
            end = self._buffer.find(b"\n", self._at, self._at + limit - size) + 1
            part = self._buffer[self._at : end or self._at + limit - size]
            self._at += len(part)
            size += len(part)
            parts.append(part)
            if end:
                break
        self.offset += size
        return b"".join(parts)

    def readline(self, size: int | None = None) -> bytes:
        """A line of a record's head, as parsers of heads ask for it.

        Raises:
            BrokenStreamError: the head is longer than any honest one.
        """
        line = self.line(HEADER_BYTES if size is None else min(size, HEADER_BYTES))
        self.head_bytes += len(line)
        if self.head_bytes > HEADER_BYTES:
            raise BrokenStreamError(f"has a record with a head of more than {HEADER_BYTES} bytes")
        return line

    def __iter__(self) -> Iterator[bytes]:
        while data := self.read(PIECE_BYTES):
            yield data


def file_chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file, in pieces."""
    with storing(path), path.open("rb") as stream:
        while data := stream.read(PIECE_BYTES):
            yield data


@contextlib.contextmanager
def spool(chunks: Iterable[bytes], staging: Path) -> Iterator[tuple[Path, BrokenStreamError | None]]:
    """A file of our own naming in `staging` with the bytes of a stream, and how the stream broke, if it did."""
    with storing(staging):
        make_folder(staging)
    with tempfile.NamedTemporaryFile(dir=staging, prefix="member-") as file:
        broken = None
        try:
            for chunk in chunks:
                with storing(staging):
                    file.write(chunk)
        except BrokenStreamError as error:
            broken = error
        with storing(staging):
            file.flush()
        yield Path(file.name), broken
