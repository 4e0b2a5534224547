"""From what a person names to dumps: files found, hashed, kept in the raw store, and read as text where they are."""

from __future__ import annotations

import datetime as dt
import functools
import glob
import mimetypes
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from storage.errors import UsageError
from storage.raw import RawStore
from storage.records import Input
from tasks import containers, encoding, formats, s3, strangers
from tasks.charsets import charset_of
from tasks.containers import Flaw, Member
from tasks.s3 import Brought, Stored
from tasks.streams import Limits
from tasks.told import rank

HEAD_CHARS = 256 * 1024  # what a format is chosen by
MAX_MARKUP_CHARS = 16 << 20  # a page of markup is read whole; the largest of kremlin.ru have 2 MiB

Derivation = dict[str, str | int | float | bool | None]


@dataclass(frozen=True, slots=True)
class Dump:
    """One dump, kept in the raw store, with what is known of it.

    `format` is None where it cannot be parsed; then `problem` is the rule that says so and `reason` tells a person why.
    A container has no format and no problem: its members are dumps of their own, `flaws` are what it could not give.
    `again` are other retrievals of the same bytes that came in with it.
    """

    record: Input
    format: str | None
    problem: str = ""
    reason: str = ""
    flaws: tuple[Flaw, ...] = ()
    again: tuple[Input, ...] = ()

    def merge(self, other: Dump) -> Dump:
        """The same bytes under two names: the one that tells most of them, and when they were retrieved otherwise."""
        best, rest = sorted((self, other), key=lambda dump: rank(dump.record))
        times = {best.record.fetched_at, None}
        again = {one.fetched_at: one for one in (rest.record, *self.again, *other.again) if one.fetched_at not in times}
        return replace(best, again=tuple(sorted(again.values(), key=lambda one: str(one.fetched_at))))

    def retrievals(self) -> list[dt.datetime]:
        """When it was retrieved, where that is known."""
        return [one.fetched_at for one in (self.record, *self.again) if one.fetched_at]


Look = Callable[[Path, str, str, str], Dump]  # a file, its address and name, the character set that its header told


def retrievals_of(dumps: Iterable[Dump]) -> dict[str, list[dt.datetime]]:
    """Dump hash -> the times at which it was fetched, for dumps that tell."""
    return {dump.record.dump_sha256: times for dump in dumps if (times := dump.retrievals())}


def find_inputs(inputs: Sequence[str], lake: Path) -> list[Path | Stored]:
    """What inputs name: files, folders (all files below, hidden ones and the lake aside), globs, `-`, `s3://`.

    Raises:
        UsageError: something that was named is not there or cannot be read.
        SourceError: an object storage is not to be had.
    """
    found: dict[Path | Stored, None] = {}
    for name in inputs:
        for one in s3.find(name) if name.startswith(s3.SCHEME) else find_files(name, lake):
            found.setdefault(one)
    return list(found)


def sum_sizes(files: Iterable[Path | Stored]) -> int:
    """Bytes of all that is there, as far as that is known before it is read."""
    return sum(
        one.size if isinstance(one, Stored) else one.stat().st_size if one.exists() else 0  # nobody knows of `-`
        for one in files
    )


def find_files(name: str, lake: Path) -> Iterator[Path]:
    """The files on this machine that one input names; raises UsageError where there are none, or none to read."""
    if name == "-":
        yield Path("-")
        return
    path = Path(name)
    try:
        is_folder = path.is_dir()
    except OSError as error:  # a name that is too long, a folder on the way that may not be entered
        raise UsageError(
            f"cannot read {name}: {error.strerror}", "check the path, and the rights of this user"
        ) from error
    if is_folder:
        yield from _walk(path, lake.resolve())
    elif path.exists():
        if not path.is_file():
            raise UsageError(f"no file: {name} is a pipe or a device", "read a pipe as standard input: ingest -")
        if not os.access(path, os.R_OK):
            raise UsageError(f"cannot read {name}: permission denied", "give this user the right to read it")
        yield path
    elif glob.has_magic(name):
        matches = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 - absolute patterns too
        if not matches:
            raise UsageError(f"nothing matches {name}", "check the pattern; quote it so that the shell leaves it alone")
        for match in matches:
            yield from find_files(glob.escape(match) if not Path(match).exists() else match, lake)
    else:
        raise UsageError(f"no such file or folder: {name}", "check the path")


def _walk(folder: Path, lake: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        here = Path(root)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and (here / f).resolve() != lake)
        for file in sorted(files):
            if not file.startswith("."):
                path = here / file
                if not path.is_file():  # a pipe, a device, a socket, a link that leads nowhere
                    continue
                if not os.access(path, os.R_OK):
                    raise UsageError(f"cannot read {path}: permission denied", "give this user the right to read it")
                yield path


@dataclass(frozen=True, slots=True)
class Recognised:
    """What was found out of a dump when it came in before: its format, its rendition, and how that was had."""

    format: str
    rendition_sha256: str
    derivation: Mapping[str, str | int | float | bool | None]


def acquire(
    file: Path | Brought,
    raw: RawStore,
    format_name: str | None = None,
    limits: Limits | None = None,
    before: Mapping[str, Recognised] | None = None,
    charsets: Mapping[str, str] | None = None,
) -> Iterator[Dump]:
    """Keep one file in the raw store, and every member where it is a container; find out how each is to be read.

    Args:
        file: the file, or `-` for standard input, or one that was brought here.
        raw: where dumps and renditions are kept.
        format_name: a format to use whatever the text looks like.
        limits: what a container may ask for.
        before: dump hash -> what need not be found out again.
        charsets: dump hash -> the character set that a header told when the same bytes came before, perhaps without one
            now.

    Raises:
        UnsafeInputError: a container asks for more.
    """
    look = functools.partial(_acquire, raw=raw, format_name=format_name, before=before or {}, charsets=charsets or {})
    limits = limits or Limits()
    if isinstance(file, Brought):
        yield from _open(file.path, file.uri, file.name, raw, look, limits)
        return
    if str(file) != "-":
        yield from _open(file, file.resolve().as_uri(), file.name, raw, look, limits)
        return
    raw.staging.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=raw.staging, prefix="stdin-") as spool:
        shutil.copyfileobj(sys.stdin.buffer, spool)
        spool.flush()
        yield from _open(Path(spool.name), "stdin:", "stdin", raw, look, limits)


def _open(
    path: Path, uri: str, name: str, raw: RawStore, look: Look, limits: Limits, layers: int = 0
) -> Iterator[Dump]:
    """The dump that a file is, after those that it holds."""
    kind = containers.detect(path)
    if kind is None:
        yield look(path, uri, name, "")
        return
    sha256, size = raw.add_file(path)
    contents = containers.Contents(kind, uri, name, layers, limits)
    for member in containers.read(path, raw.staging, contents):
        if member.record is None:
            inner = _open(member.path, member.uri, member.name, raw, look, limits, member.layers)
        else:
            charset = charset_in(member.record.http_headers)
            inner = iter([look(member.path, member.uri, member.name, charset)])
        for dump in inner:
            yield _tell_origin(dump, member, sha256) if dump.record.uri == member.uri else dump
    media_type = mimetypes.guess_type(name)[0] or containers.MEDIA_TYPES[kind]
    yield Dump(Input(sha256, uri, size, media_type, contents.summary()), None, flaws=tuple(contents.flaws))


def _tell_origin(dump: Dump, member: Member, container_sha256: str) -> Dump:
    """A dump with what its container says of it."""
    derivation = {**dump.record.derivation, "container_sha256": container_sha256, **member.facts}
    told = replace(dump.record, derivation=derivation)
    if record := member.record:
        told = replace(
            told, media_type=record.media_type, fetched_at=record.fetched_at, http_status=record.http_status,
            http_headers=record.http_headers,
        )  # fmt: skip
    elif media_type := mimetypes.guess_type(member.name)[0]:
        told = replace(told, media_type=media_type)
    return replace(dump, record=told)


def _acquire(
    path: Path,
    uri: str,
    name: str,
    charset: str,
    raw: RawStore,
    format_name: str | None,
    before: Mapping[str, Recognised],
    charsets: Mapping[str, str],
) -> Dump:
    sha256, size = raw.add_file(path)
    known = before.get(sha256)
    if known and (known.rendition_sha256 == sha256 or raw.holds(known.rendition_sha256)):
        return Dump(_record(sha256, size, uri, name, known.rendition_sha256, dict(known.derivation)), known.format)
    return recognise(sha256, size, uri, name, raw, format_name, charset or charsets.get(sha256, ""))


def charset_in(headers: Mapping[str, str] | None) -> str:
    """The character set that the headers of a response tell, as `inputs.http_headers` keeps them; empty without one."""
    return charset_of((headers or {}).get("content-type", ""))


def recognise(
    sha256: str, size: int, uri: str, name: str, raw: RawStore, format_name: str | None, charset: str = ""
) -> Dump:
    """Find out how a dump that stands in the raw store is to be read; keep the text that is derived from it.

    Args:
        sha256: the dump.
        size: its length in bytes.
        uri: where it came from.
        name: name of its file, which may tell its media type.
        raw: where dumps and renditions are kept.
        format_name: a format to use whatever the text looks like.
        charset: the character set that a header told.
    """
    sample = raw.read(sha256, 0, encoding.SAMPLE_BYTES)
    stranger = strangers.name_bytes(sample)
    if stranger:
        found = encoding.Encoding(None, stranger.name)
    else:
        found = encoding.detect(sample, lambda codec: encoding.decodes(raw.chunks(sha256), codec), charset)
    derivation: Derivation = {"encoding": found.codec, "evidence": found.evidence}
    rendition, chosen, problem, reason = None, None, "", ""
    if not size:
        problem, reason = "dump.not_empty", "the file is empty: fetch it again"
    elif found.codec is None:
        problem, reason = "dump.is_text", f"this is no text ({found.evidence}): give the text of the pages"
        if stranger:
            reason = f"this is {stranger.name}: {stranger.advice}"
    else:
        try:
            head = _head(raw, sha256, found.codec)
            chosen = formats.FORMATS[format_name] if format_name else formats.choose(head)
            derive = formats.derivation_of(chosen) if chosen else None
            if chosen and derive:
                derivation["derived_by"] = f"{chosen.NAME}/{chosen.VERSION}"
                rendition, reason = _derive(raw, sha256, found.codec, derive)
                problem = "dump.derives" if reason else ""
            else:
                rendition = sha256 if found.is_utf8 else _decode(raw, sha256, found.codec)
        except UnicodeError as error:
            problem, reason = "dump.is_text", f"not readable as {found.codec}: {error}; save it as UTF-8"
    if chosen is None and not problem:
        problem = "dump.format_known"
        if stranger := strangers.name_text(head):
            reason = f"this is {stranger.name}, which no format reads: {stranger.advice}"
        else:
            known = ", ".join(sorted(formats.FORMATS))
            reason = f"the text is in no format that Stenolake knows ({known}): name one with --format"
    record = _record(sha256, size, uri, name, rendition, derivation)
    return Dump(record, chosen.NAME if chosen and not problem else None, problem, reason)


def _record(sha256: str, size: int, uri: str, name: str, rendition: str | None, derivation: Derivation) -> Input:
    derived_by = str(derivation.get("derived_by", "")).partition("/")[0]
    guessed = formats.media_type_of(formats.FORMATS[derived_by]) if derived_by else mimetypes.guess_type(name)[0]
    media_type = guessed or ("text/plain" if rendition else "application/octet-stream")
    return Input(sha256, uri, size, media_type, derivation, rendition)


def derive_again(dump: Dump, raw: RawStore) -> Dump:
    """A dump with the rendition that is made of it at present; as it is, where that is the same or there is none.

    The present derivation of markup may have another version. An encoding that the bytes do not prove may be found to
    be another one now: the ledger keeps what a header told, and more declarations are understood than once were.
    """
    record, told = dump.record, dump.record.derivation
    chosen = formats.FORMATS.get(dump.format or "")
    is_outdated = bool(
        chosen and formats.derivation_of(chosen) and told.get("derived_by") != f"{chosen.NAME}/{chosen.VERSION}"
    )
    if told["evidence"] in encoding.CERTAIN and not is_outdated:
        return dump
    known = str(told["encoding"]) if told["evidence"] == encoding.IN_HEADER else ""  # came in without its header since
    charset = charset_in(record.http_headers) or known
    now = recognise(record.dump_sha256, record.bytes, record.uri, "", raw, dump.format, charset)
    if now.problem:
        return replace(dump, format=None, problem=now.problem, reason=now.reason) if is_outdated else dump
    derivation = {**told, **now.record.derivation}
    if derivation == told:
        return dump
    record = replace(record, rendition_sha256=now.record.rendition_sha256, derivation=derivation)
    return replace(now, record=record, again=dump.again)


def _decode(raw: RawStore, sha256: str, codec: str) -> str:
    """Keep the text of a dump in another encoding as its rendition."""
    return _keep(raw, encoding.decode(raw.chunks(sha256), codec))


def _derive(raw: RawStore, sha256: str, codec: str, derive: Callable[[str], str]) -> tuple[str | None, str]:
    """Keep the text that a format makes of markup as the rendition of the dump; or say why there is none."""
    pieces, size = [], 0
    for piece in encoding.decode(raw.chunks(sha256), codec):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_MARKUP_CHARS:
            return None, f"more than {MAX_MARKUP_CHARS} characters of markup: give one page a file"
    try:
        text = derive("".join(pieces))
    except ValueError as error:
        return None, f"the markup is no page: {error}"
    if not text.strip():
        return None, "no page is in this markup: give the page itself, not a list of pages or a part of one"
    return _keep(raw, (text,)), ""


def _keep(raw: RawStore, pieces: Iterable[str]) -> str:
    with tempfile.NamedTemporaryFile(dir=raw.staging, prefix="rendition-") as spool:
        for piece in pieces:
            spool.write(piece.encode())
        spool.flush()
        rendition, _ = raw.add_file(Path(spool.name))
    return rendition


def _head(raw: RawStore, sha256: str, codec: str) -> str:
    """The first characters of a dump."""
    pieces, size = [], 0
    for piece in encoding.decode(raw.chunks(sha256), codec):
        pieces.append(piece)
        size += len(piece)
        if size >= HEAD_CHARS:
            break
    return "".join(pieces)[:HEAD_CHARS]
