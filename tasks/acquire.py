"""From what a person names to dumps: files found, hashed, kept in the raw store, and read as text where they are."""

from __future__ import annotations

import codecs
import glob
import mimetypes
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from storage.errors import UsageError
from storage.raw import RawStore
from storage.records import Input
from tasks import encoding, formats

HEAD_BYTES = 256 * 1024  # what a format is chosen by


@dataclass(frozen=True, slots=True)
class Dump:
    """One dump, kept in the raw store, with what is known of it.

    `format` is None where it cannot be parsed; then `problem` is the rule that says so and `reason` tells a person why.
    """

    record: Input
    format: str | None
    problem: str = ""
    reason: str = ""


def find_inputs(inputs: Sequence[str], lake: Path) -> list[Path]:
    """The files that inputs name: files, folders (all files below, hidden ones and the lake aside), globs, `-`.

    Raises:
        UsageError: something that was named is not there or cannot be read.
    """
    found: dict[Path, None] = {}
    for name in inputs:
        for path in _expand(name, lake):
            found.setdefault(path)
    return list(found)


def _expand(name: str, lake: Path) -> Iterator[Path]:
    if name == "-":
        yield Path("-")
        return
    if name.startswith("s3://"):
        raise UsageError(
            f"cannot read {name}: s3:// needs object storage, which is not built in yet", "copy it here first"
        )
    path = Path(name)
    if path.is_dir():
        yield from _walk(path, lake.resolve())
    elif path.exists():
        if not os.access(path, os.R_OK):
            raise UsageError(f"cannot read {name}: permission denied", "give this user the right to read it")
        yield path
    elif glob.has_magic(name):
        matches = sorted(glob.glob(name, recursive=True))  # noqa: PTH207 - absolute patterns too
        if not matches:
            raise UsageError(f"nothing matches {name}", "check the pattern; quote it so that the shell leaves it alone")
        for match in matches:
            yield from _expand(glob.escape(match) if not Path(match).exists() else match, lake)
    else:
        raise UsageError(f"no such file or folder: {name}", "check the path")


def _walk(folder: Path, lake: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        here = Path(root)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and (here / f).resolve() != lake)
        for file in sorted(files):
            if not file.startswith("."):
                path = here / file
                if not os.access(path, os.R_OK):
                    raise UsageError(f"cannot read {path}: permission denied", "give this user the right to read it")
                yield path


def acquire_file(path: Path, raw: RawStore, format_name: str | None = None) -> Dump:
    """Keep one file in the raw store and find out how it is to be read.

    Args:
        path: the file, or `-` for standard input.
        raw: where dumps and renditions are kept.
        format_name: a format to use whatever the text looks like.
    """
    if str(path) != "-":
        return _acquire(path, path.resolve().as_uri(), raw, format_name)
    raw.staging.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=raw.staging, prefix="stdin-") as spool:
        shutil.copyfileobj(sys.stdin.buffer, spool)
        spool.flush()
        return _acquire(Path(spool.name), "stdin:", raw, format_name)


def _acquire(path: Path, uri: str, raw: RawStore, format_name: str | None) -> Dump:
    sha256, size = raw.add_file(path)
    sample = raw.read(sha256, 0, encoding.SAMPLE_BYTES)
    found = encoding.detect(sample, encoding.is_utf8(raw.chunks(sha256)))
    rendition, problem, reason = None, "", ""
    derivation: dict[str, str | int | float | bool | None] = {"encoding": found.codec, "evidence": found.evidence}
    if not size:
        problem, reason = "dump.not_empty", "the file is empty: fetch it again"
    elif found.codec is None:
        problem, reason = "dump.is_text", f"this is no text ({found.evidence}): give the text of the pages"
    elif found.is_utf8:
        rendition = sha256
    else:
        rendition, problem, reason = _derive(raw, sha256, found.codec)
    chosen = None
    if rendition and not problem:
        head = _head(raw, rendition)
        chosen = formats.FORMATS[format_name] if format_name else formats.choose(head)
        if chosen is None:
            known = ", ".join(sorted(formats.FORMATS))
            problem = "dump.format_known"
            reason = f"the text is in no format that Stenolake knows ({known}): name one with --format"
    media_type = mimetypes.guess_type(path.name)[0] or ("text/plain" if rendition else "application/octet-stream")
    record = Input(sha256, uri, size, media_type, derivation, rendition)
    return Dump(record, chosen.NAME if chosen else None, problem, reason)


def _derive(raw: RawStore, sha256: str, codec: str) -> tuple[str | None, str, str]:
    with tempfile.NamedTemporaryFile(dir=raw.staging, prefix="rendition-") as spool:
        try:
            for text in encoding.decode(raw.chunks(sha256), codec):
                spool.write(text.encode())
        except UnicodeError as error:
            return None, "dump.is_text", f"not readable as {codec}: {error}; save it as UTF-8"
        spool.flush()
        rendition, _ = raw.add_file(Path(spool.name))
    return rendition, "", ""


def _head(raw: RawStore, rendition: str) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()  # keeps back a character that the cut would split
    return decoder.decode(raw.read(rendition, 0, HEAD_BYTES))
