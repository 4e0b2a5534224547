"""The raw store: dumps and renditions, kept once, named by the SHA-256 of their bytes.

    <lake>/_raw/ab/ab12….zst      one zstd frame with its content size and a checksum

An object is never changed. The tables can be thrown away and derived from here again.
"""

from __future__ import annotations

import contextlib
import dataclasses
import hashlib
import json
import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import zstandard

from storage.errors import DamageError, StorageError
from storage.failpoint import reach
from storage.files import (
    CHUNK_BYTES,
    make_folder,
    move_into_place,
    read_journal,
    sha256_file,
    storing,
    sync_file,
    sync_together,
)
from storage.records import Output

LEVEL = 3  # 14.8 MB where level 9 gives 13.8 at four times the time
OBJECTS = "objects.ndjson"
GATHERED = 500  # objects that wait at most: what a killed run would have to do again
_FRAME_HEADER_BYTES = 18  # at most
OBJECT_NAME_RE = re.compile(r"[0-9a-f]{64}\.zst")


@dataclass(frozen=True, slots=True)
class RawStore:
    """Objects below `root` (`<lake>/_raw`).

    New ones are made in `staging`, on the same file system, and added to `written`, the outputs of the run at work.
    `objects.ndjson` in `staging` lists each one before it takes its place: whatever ends the run, what it left is
    known.

    Many small ones are made durable together (`gathering`), since the disk takes milliseconds for each that it is asked
    about: they wait in `staging`, can be read from there, and go into place after one sync of them all.
    """

    root: Path
    staging: Path
    written: list[Output] = field(default_factory=list)
    waiting: dict[str, tuple[Path, Output]] | None = None  # hash -> staged file; None where each is placed at once

    def path(self, sha256: str) -> Path:
        """Where the object of that hash stands, or would stand."""
        return self.root / sha256[:2] / f"{sha256}.zst"

    @contextlib.contextmanager
    def gathering(self) -> Iterator[RawStore]:
        """A store whose new objects are placed together: whenever enough wait, and at the end.

        Where the work ends with an error, what waits is left to those who clear `staging`.
        """
        store = dataclasses.replace(self, waiting={})
        yield store
        store.place()

    def place(self) -> None:
        """Put the objects that wait into their places, durable, and listed before that as any other.

        Raises:
            StorageError: a disk did not take them; those that were placed are noted.
        """
        if not self.waiting:
            return
        found = list(self.waiting.values())
        with storing(self.staging):
            sync_together([*(staged for staged, _ in found), self.staging / OBJECTS])
            reach("raw.synced")
            for staged, output in found:
                final = self.root.parent / output.path
                make_folder(final.parent)
                staged.replace(final)
                self.written.append(output)
            sync_together(sorted({(self.root.parent / output.path).parent for _, output in found}))
        self.waiting.clear()
        reach("raw.placed")

    def add_file(self, source: Path) -> tuple[str, int]:
        """Keep the bytes of a file. Returns their hash and their length.

        An object that is there is read before it is trusted; a damaged one is replaced.

        Raises:
            StorageError: reading or writing failed, or the file changed while it was read.
        """
        with storing(source):
            sha256 = sha256_file(source)
            size = source.stat().st_size
        if not self.holds(sha256):
            with storing(source), source.open("rb") as stream:
                self._write(sha256, size, stream, source)
        return sha256, size

    def chunks(self, sha256: str) -> Iterator[bytes]:
        """The bytes of an object, a MiB at a time.

        Raises:
            DamageError: it is missing or is no zstd any more. The hash is not checked here: `check` does that.
        """
        with self._open(sha256) as stream, zstandard.ZstdDecompressor().stream_reader(stream) as reader:
            while chunk := reader.read(CHUNK_BYTES):
                yield chunk

    def load(self, sha256: str, limit: int) -> bytes | None:
        """All bytes of an object at once, half as costly as in chunks; None where it has more than `limit`.

        Raises:
            DamageError: it is missing or is no zstd any more. The hash is not checked here.
        """
        with self._open(sha256) as stream:
            head = stream.read(_FRAME_HEADER_BYTES)
            if not 0 <= zstandard.frame_content_size(head) <= limit:
                return None
            return zstandard.ZstdDecompressor().decompress(head + stream.read())

    @contextlib.contextmanager
    def _open(self, sha256: str) -> Iterator[BinaryIO]:
        path = self._present(sha256)
        try:
            with path.open("rb") as stream:
                yield stream
        except FileNotFoundError:
            raise DamageError(f"raw object is missing: {path}", "ingest the dump again, or restore the file") from None
        except zstandard.ZstdError as error:
            raise DamageError(f"raw object is damaged: {path}: {error}", "ingest the dump again") from error

    def read(self, sha256: str, start: int = 0, end: int | None = None) -> bytes:
        """Bytes `start` to `end` (exclusive) of an object."""
        out, at = [], 0
        for chunk in self.chunks(sha256):
            if end is not None and at >= end:
                break
            out.append(chunk[max(0, start - at) : None if end is None else max(0, end - at)])
            at += len(chunk)
        return b"".join(out)

    def hash_content(self, sha256: str) -> str:
        """SHA-256 of what the object of that name really holds."""
        digest = hashlib.sha256()
        for chunk in self.chunks(sha256):
            digest.update(chunk)
        return digest.hexdigest()

    def holds(self, sha256: str) -> bool:
        """Whether the object of that hash is there, and is what its name says."""
        if not self._present(sha256).exists():
            return False
        try:
            return self.hash_content(sha256) == sha256
        except DamageError:
            return False

    def _present(self, sha256: str) -> Path:
        """Where an object stands, or waits."""
        waits = (self.waiting or {}).get(sha256)
        return waits[0] if waits else self.path(sha256)

    def _write(self, sha256: str, size: int, stream: BinaryIO, origin: Path) -> None:
        staged = self.staging / f"{sha256}-{uuid.uuid4().hex[:8]}.zst"
        digest = hashlib.sha256()
        with storing(staged):
            make_folder(self.staging)
            compressor = zstandard.ZstdCompressor(level=LEVEL, write_checksum=True)
            with staged.open("wb") as out, compressor.stream_writer(out, size=size, closefd=False) as writer:
                while chunk := stream.read(CHUNK_BYTES):
                    digest.update(chunk)
                    try:
                        writer.write(chunk)
                    except zstandard.ZstdError:
                        break  # longer than it was a moment ago: the hash below tells
            reach("raw.made")
            if self.waiting is None:
                sync_file(staged)
                reach("raw.synced")
        if digest.hexdigest() != sha256:
            staged.unlink()
            raise StorageError(f"input changed while it was read: {origin}", "let its writer finish and run again")
        with storing(staged):
            staged.chmod(0o444)
            output = Output(
                "_raw", "", f"_raw/{sha256[:2]}/{sha256}.zst", 1, staged.stat().st_size, sha256_file(staged)
            )
        self._list(output)
        reach("raw.listed")
        if self.waiting is not None:
            self.waiting[sha256] = staged, output
            if len(self.waiting) >= GATHERED:
                self.place()
            return
        move_into_place(staged, self.path(sha256))
        self.written.append(output)
        reach("raw.placed")

    def _list(self, output: Output) -> None:
        journal = self.staging / OBJECTS
        with storing(journal), journal.open("ab") as stream:
            stream.write(json.dumps(dataclasses.asdict(output)).encode() + b"\n")
            stream.flush()
            if self.waiting is None:
                os.fsync(stream.fileno())


def listed_objects(folder: Path) -> list[Output]:
    """The objects that a run listed in its staging folder, less lines that a power cut left half written."""
    return [Output(**row) for row in read_journal(folder / OBJECTS)]
