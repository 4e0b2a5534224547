"""Zip and tar, member by member and never to disk under their names: what a member is called decides no path."""

from __future__ import annotations

import itertools
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from storage.errors import UnsafeInputError
from tasks.streams import PIECE_BYTES, BrokenStreamError, Limits, Meter, Stream, refuse

_DIRECTORY_BYTES = 64 << 20  # of a zip's table of contents: 100,000 members with names of 500 bytes
_EXTENSION_BYTES = 1 << 20  # of a tar's extended header
_BAD_ZIP = (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError, struct.error)
_OUTSIDE_RE = re.compile(r"^[/\\]|^[A-Za-z]:|(?:^|[/\\])\.\.(?:[/\\]|$)|[\x00-\x1f\x7f]")


@dataclass(slots=True)
class Entry:
    """A member as its archive tells it: name, first byte and length in the archive, content; or why it is not taken."""

    name: str
    offset: int
    length: int
    chunks: Iterator[bytes]
    problem: str = ""


def is_outside(name: str) -> bool:
    """Whether a name points out of the archive, or is none: `../x`, `/x`, `C:x`, `\\\\host`, line breaks."""
    return bool(_OUTSIDE_RE.search(name))


def is_hidden(name: str) -> bool:
    """Whether a member is one that a folder's walk would pass over as well."""
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/") if part != ".")


def is_document(stream: BinaryIO) -> bool:
    """Whether a zip is a document of Office, whatever part of it comes first: it lists the types of its parts."""
    try:
        _check_directory(stream, stream.seek(0, 2), Limits(), "")
        return "[Content_Types].xml" in zipfile.ZipFile(stream).NameToInfo
    except (UnsafeInputError, *_BAD_ZIP):  # whoever reads it as an archive tells why
        return False


def read_zip(path: Path, limits: Limits, what: str) -> Iterator[Entry]:
    """The members of a zip, in the order of their bytes; folders are passed over.

    Raises:
        BrokenStreamError: it has no table of contents; the members that are whole have been yielded.
        UnsafeInputError: a limit is passed, or members overlap.
    """
    size = path.stat().st_size
    with path.open("rb") as stream:
        _check_directory(stream, size, limits, what)
        try:
            archive = zipfile.ZipFile(stream)
        except _BAD_ZIP as error:
            yield from _scan_zip(stream, limits, what)
            raise BrokenStreamError(f"is no whole zip: {error}") from error
        infos = sorted(archive.infolist(), key=lambda info: info.header_offset)
        _check_members(infos, limits, what)
        meter = Meter(limits, what)
        for info in infos:
            if not info.filename.endswith("/"):  # `is_dir` stumbles over a name that is empty
                problem = _zip_problem(info)
                yield Entry(
                    info.filename, info.header_offset, info.compress_size, _unzip(archive, info, meter), problem
                )


def _check_directory(stream: BinaryIO, size: int, limits: Limits, what: str) -> None:
    """Look at the table of contents before `zipfile` reads it all into memory."""
    stream.seek(max(0, size - 66_000))
    tail = stream.read()
    at = tail.rfind(b"PK\5\6")
    if at >= 0 and len(tail) - at >= 22:
        members, length = struct.unpack_from("<10xHL", tail, at)
        at = tail.rfind(b"PK\6\6", 0, at)
        if at >= 0 and len(tail) - at >= 56:  # zip64
            members, length = max((members, length), struct.unpack_from("<32xQQ", tail, at))
        if members > limits.members and members != 0xFFFF:
            raise refuse(what, f"has more than {limits.members} members")
        if length > _DIRECTORY_BYTES and length != 0xFFFFFFFF:
            raise refuse(what, f"has a table of contents of {length} bytes")
    stream.seek(0)


def _check_members(infos: list[zipfile.ZipInfo], limits: Limits, what: str) -> None:
    if len(infos) > limits.members:
        raise refuse(what, f"has more than {limits.members} members")
    for info, following in itertools.pairwise(infos):
        if info.header_offset + 30 + info.compress_size > following.header_offset:
            raise refuse(what, f"has members that overlap, {following.filename[:80]!r} among them")


def _zip_problem(info: zipfile.ZipInfo) -> str:
    mode = info.external_attr >> 16
    if not info.filename:
        return "without a name: pack it again"
    if info.flag_bits & 0x1:
        return "encrypted: decrypt it and ingest that"
    if info.create_system == 3 and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "a link or a device, not a file: ingest what it points to"
    return ""


def _unzip(archive: zipfile.ZipFile, info: zipfile.ZipInfo, meter: Meter) -> Iterator[bytes]:
    meter.stream = 0
    meter.took += info.compress_size
    try:
        with archive.open(info) as stream:
            while data := stream.read(PIECE_BYTES):
                yield meter.count(data)
    except UnsafeInputError:
        raise
    except Exception as error:  # zipfile lets out whatever its decoders raise on bad bytes
        raise BrokenStreamError(f"not readable: {type(error).__name__}: {error}") from error


def _scan_zip(stream: BinaryIO, limits: Limits, what: str) -> Iterator[Entry]:
    """Members of a zip without its table of contents, by their own heads, as long as each is whole."""
    stream.seek(0)
    test, meter = Meter(limits, what), Meter(limits, what)
    for count in range(limits.members + 1):
        offset = stream.tell()
        head = stream.read(30)
        if len(head) < 30 or head[:4] != b"PK\3\4":
            return
        if count == limits.members:
            raise refuse(what, f"has more than {limits.members} members")
        flags, method, crc, stored, _, name_bytes, extra = struct.unpack("<6xHH4xLLLHH", head)
        name = stream.read(name_bytes).decode("utf-8" if flags & 0x800 else "cp437", "replace")
        stream.seek(extra, 1)
        is_streamed = flags & 0x8 and method == 8  # the length stands behind the data, which tells its own end
        if flags & 0x1 or method not in (0, 8) or (flags & 0x8 and not is_streamed) or stored == 0xFFFFFFFF:
            return
        start = stream.tell()
        length, found = _measure(stream, None if is_streamed else stored, method, test)
        if is_streamed:
            descriptor = stream.read(16)
            has_mark = descriptor[:4] == b"PK\7\x08"
            crc = int.from_bytes(descriptor[4:8] if has_mark else descriptor[:4], "little")
        following = start + length + (0 if not is_streamed else 16 if has_mark else 12)
        if found != crc:
            return
        if not name.endswith("/"):
            stream.seek(start)
            meter.stream = 0
            yield Entry(name, offset, length, _inflate(stream, length, method, meter))
        stream.seek(following)


def _measure(stream: BinaryIO, stored: int | None, method: int, meter: Meter) -> tuple[int, int]:
    """Bytes that a member takes in the zip, and the checksum of its content; -1 where it is not whole."""
    start, found, meter.stream = stream.tell(), 0, 0
    took = meter.took
    try:
        for piece in _inflate(stream, stored, method, meter):
            found = zlib.crc32(piece, found)
    except (zlib.error, BrokenStreamError):
        return 0, -1
    length = meter.took - took
    stream.seek(start + length)
    return length, found


def _inflate(stream: BinaryIO, stored: int | None, method: int, meter: Meter) -> Iterator[bytes]:
    """A member's content; `stored` None: as far as its deflated data goes."""
    decoder, left = zlib.decompressobj(-15), stored
    while left != 0 and not decoder.eof:
        data = stream.read(PIECE_BYTES if left is None else min(left, PIECE_BYTES))
        if not data:
            raise BrokenStreamError("ends early")
        meter.took += len(data)
        left = None if left is None else left - len(data)
        while data and not decoder.eof:
            yield meter.count(decoder.decompress(data, PIECE_BYTES) if method else data)
            data = decoder.unconsumed_tail if method else b""
        meter.took -= len(decoder.unused_data)


# type flag -> why such a member is not taken
_TAR_PROBLEMS = {
    b"1": "a hard link, not a file: ingest what it points to",
    b"2": "a symbolic link, not a file: ingest what it points to",
    b"3": "a device, not a file",
    b"4": "a device, not a file",
    b"6": "a pipe, not a file",
    b"S": "a sparse file: pack it without holes",
}


def is_tar(head: bytes) -> bool:
    """Whether bytes begin with the head of a tar member: its checksum says so."""
    return len(head) >= 512 and any(head[:100]) and _checksum_agrees(head[:512])


def _checksum_agrees(block: bytes) -> bool:
    try:
        stated = int(block[148:156].strip(b" \0") or b"x", 8)
    except ValueError:
        return False
    return stated == sum(block[:148]) + 8 * 32 + sum(block[156:])


def read_tar(stream: Stream, limits: Limits, what: str) -> Iterator[Entry]:
    """The members of a tar, as they come; folders are passed over.

    Not `tarfile`: it believes lengths (a head of 2 GiB is read whole, a negative one loops) and seeks.

    Raises:
        BrokenStreamError: it ends early or is damaged; the members before have been yielded.
        UnsafeInputError: a limit is passed.
    """
    count, long_name, extension = 0, "", dict[str, str]()
    while True:
        offset = stream.offset
        block = stream.read(512)
        if len(block) < 512:
            raise BrokenStreamError("ends without the end mark of a tar")
        if not any(block):
            for _ in stream:  # what is wrapped around the tar shall say whether it is whole
                pass
            return
        if not _checksum_agrees(block):
            raise BrokenStreamError(f"has a damaged tar head at byte {offset}")
        size, kind = _tar_number(block[124:136]), block[156:157]
        if kind in b"LKxg":
            if size > _EXTENSION_BYTES:
                raise BrokenStreamError(f"has a tar head of {size} bytes at byte {offset}")
            data = b"".join(_take(stream, size))
            if kind == b"L":
                long_name = data.rstrip(b"\0").decode("utf-8", "replace")
            elif kind == b"x":
                extension = _pax(data)
            continue
        if "size" in extension:
            size = _tar_number(extension["size"].encode(), base=10)
        name = extension.get("path") or long_name or _tar_name(block)
        is_sparse = any(key.startswith("GNU.sparse") for key in extension)
        long_name, extension = "", {}
        if size > limits.stream_bytes:
            raise refuse(what, f"has a member of {size} bytes")
        count += 1
        if count > limits.members:
            raise refuse(what, f"has more than {limits.members} members")
        chunks = _take(stream, size)
        if kind in b"0\0007" or kind in _TAR_PROBLEMS:
            problem = _TAR_PROBLEMS[b"S"] if is_sparse else _TAR_PROBLEMS.get(kind, "")
            if not (kind in (b"0", b"\0") and name.endswith("/")):
                yield Entry(name, offset, 512 + size, chunks, problem)
        elif kind != b"5":
            yield Entry(name, offset, 512 + size, chunks, f"of a type that is no file: {kind!r}")
        for _ in chunks:  # what nobody read
            pass


def _take(stream: Stream, size: int) -> Iterator[bytes]:
    padding = -size % 512
    while size:
        data = stream.read(min(size, PIECE_BYTES))
        if not data:
            raise BrokenStreamError("ends in the middle of a tar member")
        size -= len(data)
        yield data
    stream.read(padding)


def _tar_number(field: bytes, base: int = 8) -> int:
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.strip(b" \0")
    if not re.fullmatch(rb"[0-9]{0,25}", digits):
        raise BrokenStreamError("has a tar head with a length that is no number")
    try:
        return int(digits or b"0", base)
    except ValueError:
        raise BrokenStreamError("has a tar head with a length that is no number") from None


def _tar_name(block: bytes) -> str:
    name = block[:100].split(b"\0")[0]
    prefix = block[345:500].split(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    return (prefix + b"/" + name if prefix else name).decode("utf-8", "replace")


def _pax(data: bytes) -> dict[str, str]:
    """Records of an extended header: `21 path=pages/one.txt`, each with its own length in front."""
    found, at = {}, 0
    while at < len(data):
        record = re.compile(rb"([0-9]{1,8}) ([^=\n]+)=").match(data, at)
        if not record or data[at + int(record[1]) - 1 : at + int(record[1])] != b"\n":
            break
        end = at + int(record[1])
        found[record[2].decode("utf-8", "replace")] = data[record.end() : end - 1].decode("utf-8", "replace")
        at = max(end, record.end())
    return found
