"""Containers: compressed files, archives and files of records, told by their content, read member by member.

    gzip, bzip2, xz, zstd       expanded as a stream; what is in them is looked at again
    zip, tar                    each file of theirs is a dump: `file:///a.zip!/pages/one.txt`
    JSONL                       the text of each record is a dump: `file:///a.jsonl#line=3`
    WARC, WET                   each page is a dump: `file:///a.warc.gz#record=5`

Compression and archives count as layers, of which two may stand around one another. A member is written to a file of
our own naming in staging, one at a time; a limit that is passed refuses the whole input, a bad member only itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from storage.files import storing
from tasks.archives import Entry, is_document, is_hidden, is_outside, is_tar, read_tar, read_zip
from tasks.record_files import Facts, Record, is_jsonl, read_jsonl, read_warc
from tasks.streams import BrokenStreamError, Limits, Stream, expand, file_chunks, refuse, spool

HEAD_BYTES = 64 * 1024  # enough for the magic bytes of all, and a few lines of JSONL

MEDIA_TYPES = {
    "gzip": "application/gzip",
    "bzip2": "application/x-bzip2",
    "xz": "application/x-xz",
    "zstd": "application/zstd",
    "zip": "application/zip",
    "tar": "application/x-tar",
    "jsonl": "application/jsonl",
    "warc": "application/warc",
}
_MAGIC = (
    (b"\x1f\x8b\x08", "gzip"),
    (b"\xfd7zXZ\0", "xz"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"PK\3\4", "zip"),
    (b"PK\5\6", "zip"),
    (b"WARC/1.", "warc"),
    (b"WARC/0.", "warc"),
)
_COMPRESSIONS = frozenset({"gzip", "bzip2", "xz", "zstd"})
_SUFFIXES = {".gz": "", ".bz2": "", ".xz": "", ".zst": "", ".tgz": ".tar", ".txz": ".tar", ".tbz2": ".tar"}
# First members of zips that are one thing to a person: office documents, books, programs. Their parts are no dumps.
_DOCUMENTS = (b"[Content_Types].xml", b"mimetype", b"META-INF/", b"_rels/")


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that a container could not give: the rule, what was met, what to do; where it stands.

    `is_text`: the bytes can be shown from the container itself.
    """

    rule: str
    observed: str
    reason: str
    uri: str
    byte_start: int
    byte_end: int
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    """One member: its bytes in a file that is gone with the next member, and what its container tells.

    `record` is None for the file of an archive, which may be a container again.
    """

    path: Path
    uri: str
    name: str
    layers: int
    facts: Facts
    record: Record | None = None


@dataclass(slots=True)
class Contents:
    """A container at work: where it comes from, what it may ask for, and what was met in it."""

    kind: str
    uri: str
    name: str
    layers: int  # around it
    limits: Limits
    kinds: list[str] = field(default_factory=list)
    members: int = 0
    ignored: int = 0
    flaws: list[Flaw] = field(default_factory=list)

    def summary(self) -> Facts:
        """What stands in the container's derivation."""
        return {
            "container": "+".join(self.kinds), "members": self.members, "ignored": self.ignored,
            "flaws": len(self.flaws),
        }  # fmt: skip


def detect(path: Path) -> str | None:
    """What kind of container a file is, by its first bytes; None: none."""
    with storing(path), path.open("rb") as stream:
        kind = _detect(stream.read(HEAD_BYTES))
        return None if kind == "zip" and is_document(stream) else kind


def _detect(head: bytes) -> str | None:
    for magic, kind in _MAGIC:
        if head.startswith(magic):
            return None if kind == "zip" and head[30:].startswith(_DOCUMENTS) else kind
    if head[:3] == b"BZh" and head[4:10] == b"1AY&SY":
        return "bzip2"
    if is_tar(head):
        return "tar"
    return "jsonl" if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and is_jsonl(head) else None


def read(path: Path, staging: Path, contents: Contents) -> Iterator[Member]:
    """The members of a container, in order; `contents` holds what was met when all are read.

    Raises:
        UnsafeInputError: a limit is passed.
    """
    stream, kind, name = Stream(file_chunks(path)), contents.kind, contents.name
    while kind in _COMPRESSIONS:
        contents.kinds.append(kind)
        if not _add_layer(contents):
            return
        stream = Stream(expand(stream, kind, contents.limits, contents.uri))
        suffix = PurePosixPath(name).suffix.lower()
        name = name[: -len(suffix)] + _SUFFIXES[suffix] if suffix in _SUFFIXES else name
        kind = _detect(stream.peek(HEAD_BYTES)) or ""
    if kind:
        contents.kinds.append(kind)
    is_bare = len(contents.kinds) == 1
    try:
        if kind == "zip":
            yield from _read_zip(path if is_bare else None, stream, staging, contents)
        elif kind == "tar":
            if _add_layer(contents):
                yield from _read_entries(read_tar(stream, contents.limits, contents.uri), staging, contents, stream)
        elif kind == "jsonl":
            yield from _read_records(read_jsonl(stream, contents.limits), "line", staging, contents, stream)
        elif kind == "warc":
            records = read_warc(stream, contents.limits, contents.uri)
            yield from _read_records(records, "record", staging, contents, stream)
        else:
            yield from _read_file(stream, name, staging, contents)
    except BrokenStreamError as error:
        _add_break(contents, error, path.stat().st_size)


def _add_layer(contents: Contents) -> bool:
    contents.layers += 1
    if contents.layers <= contents.limits.layers:
        return True
    contents.flaws.append(
        Flaw(
            "dump.depth_allowed", f"{'+'.join(contents.kinds)} in {contents.limits.layers} layers",
            f"more than {contents.limits.layers} layers of archives and compression: unpack it and ingest that",
            contents.uri, 0, 0,
        )
    )  # fmt: skip
    return False


def _add_break(contents: Contents, error: BrokenStreamError, size: int) -> None:
    reason = "the file is cut off or damaged, what is whole before that was taken: fetch it again"
    contents.flaws.append(Flaw(error.rule, str(error)[:300], reason, contents.uri, size, size))


def _read_file(stream: Stream, name: str, staging: Path, contents: Contents) -> Iterator[Member]:
    """What a compressed file holds, even when it is cut off: its whole documents count."""
    with spool(stream, staging) as (path, broken):
        if stream.offset or not broken:
            contents.members += 1
            uri = f"{contents.uri}!/{quote(name)}"
            yield Member(path, uri, name, contents.layers, {})
    if broken:
        raise broken


def _read_zip(path: Path | None, stream: Stream, staging: Path, contents: Contents) -> Iterator[Member]:
    if not _add_layer(contents):
        return
    if path:
        yield from _read_entries(read_zip(path, contents.limits, contents.uri), staging, contents, None)
        return
    with spool(stream, staging) as (inner, broken):
        yield from _read_entries(read_zip(inner, contents.limits, contents.uri), staging, contents, None)
    if broken:
        raise broken


def _read_entries(
    entries: Iterator[Entry], staging: Path, contents: Contents, stream: Stream | None
) -> Iterator[Member]:
    """Members of an archive; with `stream`, a member that breaks breaks the archive."""
    for entry in entries:
        if len(entry.name.encode(errors="replace")) > contents.limits.name_bytes:
            raise refuse(contents.uri, f"has a member whose name is longer than {contents.limits.name_bytes} bytes")
        uri = f"{contents.uri}!/{quote(entry.name.removeprefix('./'), errors='replace')}"
        if is_outside(entry.name):
            entry.problem = "a name that points out of the archive: pack it under a plain name"
        if entry.problem:
            observed = f"member {entry.name!r}"[:300]
            reason = f"a member is {entry.problem}" if not is_outside(entry.name) else f"a member has {entry.problem}"
            contents.flaws.append(
                Flaw("dump.member_safe", observed, reason, uri, entry.offset, entry.offset + entry.length)
            )
        elif is_hidden(entry.name):
            contents.ignored += 1
        else:
            with spool(entry.chunks, staging) as (path, broken):
                if broken is None:
                    contents.members += 1
                    yield Member(path, uri, PurePosixPath(entry.name).name, contents.layers, {"member": entry.name})
            if broken and stream:
                raise broken
            if broken:
                observed, reason = f"member {entry.name!r}: {broken}"[:300], "a member is damaged: fetch it again"
                end = entry.offset + entry.length
                contents.flaws.append(Flaw("dump.member_whole", observed, reason, uri, entry.offset, end))
    if not contents.members and not contents.flaws:
        reason = "the archive holds no file: fetch it again"
        contents.flaws.append(Flaw("dump.not_empty", "0 members", reason, contents.uri, 0, 0))


def _read_records(
    records: Iterator[Record], unit: str, staging: Path, contents: Contents, stream: Stream
) -> Iterator[Member]:
    """Records of a file; one that breaks is bad by itself, unless the stream around it broke."""
    is_text = len(contents.kinds) == 1  # the container's own bytes are the records
    for record in records:
        uri = f"{contents.uri}#{unit}={record.number}"
        if record.is_ignored:
            contents.ignored += 1
            continue
        if not record.rule:
            with spool(record.chunks, staging) as (path, broken):
                if broken is None:
                    contents.members += 1
                    place: Facts = {unit: record.number, "byte_start": record.offset}
                    yield Member(path, uri, "", contents.layers, {**place, **record.facts}, record)
            if broken:
                if stream.is_broken:
                    continue  # told of the container as a whole
                record.rule, record.observed = broken.rule, f"{unit} {record.number}: {broken}"[:300]
                record.reason = "a record is not what was written: fetch or export it again"
        if record.rule:
            end = record.offset + (record.length or stream.offset - record.offset)
            contents.flaws.append(Flaw(record.rule, record.observed, record.reason, uri, record.offset, end, is_text))
