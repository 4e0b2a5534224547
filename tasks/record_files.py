"""Files of records: JSONL, and WARC with its text form WET. Each record is whole or bad by itself."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from tasks.streams import PIECE_BYTES, BrokenStreamError, Limits, Stream, expand

# Where records keep their text; the first that holds some is taken.
TEXT_FIELDS = (
    "text",
    "content",
    "body",
    "transcript",
    "article",
    "html",
    "raw_content",
    "raw_html",
    "document",
    "page",
)
_FACT_CHARS = 1000  # a longer value is no metadata
_FACTS = 40
_DEPTH = 200  # of JSON values around one another

Facts = dict[str, str | int | float | bool | None]


@dataclass(slots=True)
class Record:
    """A record: its bytes' place in the file, the text, and what else it tells; or the rule that it breaks and how."""

    number: int
    offset: int
    length: int
    chunks: Iterator[bytes] = field(default_factory=lambda: iter(()))
    facts: Facts = field(default_factory=dict)
    media_type: str = "text/plain"
    fetched_at: dt.datetime | None = None
    http_status: int | None = None
    http_headers: dict[str, str] | None = None
    rule: str = ""
    observed: str = ""
    reason: str = ""
    is_ignored: bool = False


def is_jsonl(head: bytes) -> bool:
    """Whether a file's beginning is lines of JSON objects; a bad line among the first ones does not hide it."""
    lines = [line for line in head.removeprefix(b"\xef\xbb\xbf").split(b"\n")[:20] if line.strip()]
    if not lines or not any(line.lstrip().startswith(b'{"') for line in lines):
        return False
    if len(lines) == 1:  # the only line, or a line longer than what was read
        return lines[0].lstrip().startswith(b'{"')
    return any(_is_object(line) for line in lines)


def _is_object(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def read_jsonl(stream: Stream, limits: Limits) -> Iterator[Record]:
    """The records of a JSONL file; blank lines are passed over.

    Raises:
        BrokenStreamError: the stream breaks; the records of all whole lines have been yielded.
    """
    number = 0
    while True:
        offset = stream.offset
        line = stream.line(limits.line_bytes)
        if not line:
            return
        number += 1
        is_long = len(line) == limits.line_bytes and not line.endswith(b"\n")
        while is_long and (more := stream.line(PIECE_BYTES)):
            if more.endswith(b"\n"):
                break
        length = stream.offset - offset
        if is_long:
            observed = f"line {number}: {length} bytes"
            yield Record(
                number, offset, length, rule="dump.record_is_json", observed=observed,
                reason=f"a line is longer than {limits.line_bytes} bytes: split the record",
            )  # fmt: skip
        elif line.strip(b" \t\r\n\xef\xbb\xbf"):
            yield _read_line(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line, number, offset, length)


def _read_line(line: bytes, number: int, offset: int, length: int) -> Record:
    record = Record(number, offset, length)
    try:
        told = json.loads(line.decode(), parse_constant=_refuse_constant)
        if not isinstance(told, dict):
            raise ValueError(f"a {type(told).__name__}, not an object")
        _check_depth(told)
        key, text = _find_text(told)
        if key:
            record.chunks = iter([text.encode()])
    except (ValueError, RecursionError) as error:  # bad JSON, bad UTF-8 and lone surrogates are ValueErrors
        shown = line[:80].decode(errors="replace")
        record.rule = "dump.record_is_json"
        record.observed = f"line {number}: {type(error).__name__}: {error}; {shown!r}"[:300]
        record.reason = "a line is no JSON object in UTF-8: mend it, or export it again"
        return record
    if not key:
        record.rule = "dump.record_has_text"
        record.observed = f"line {number}: fields {', '.join(map(str, told))}"[:300]
        record.reason = f"a record has no text in {', '.join(TEXT_FIELDS)}: name its text field one of these"
    record.facts = {"field": key, **_facts(told, key)}
    return record


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > _DEPTH:
            raise ValueError(f"values nested more than {_DEPTH} deep")
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]


def _find_text(told: Mapping[str, Any]) -> tuple[str, str]:
    by_name = {str(name).lower(): str(name) for name in reversed(list(told))}
    for wanted in TEXT_FIELDS:
        name = by_name.get(wanted)
        if name is not None and isinstance(told[name], str) and told[name].strip():
            return name, told[name]
    return "", ""


def _facts(told: Mapping[str, Any], text_field: str) -> Facts:
    """Metadata of a record: its short, plain values as `record.<name>`, in the record's order."""
    facts: Facts = {}
    for name, value in told.items():
        if name == text_field or len(facts) == _FACTS:
            continue
        is_number = isinstance(value, int) or (isinstance(value, float) and math.isfinite(value))
        if is_number or (isinstance(value, str) and len(value) <= _FACT_CHARS):
            key = f"record.{name[:100]}".encode(errors="replace").decode()
            facts[key] = value.encode(errors="replace").decode() if isinstance(value, str) else value
    return facts


_SUCCESS_RE = re.compile(r"2[0-9]{2}")
_PAGE_TYPES = ("text/html", "application/xhtml+xml", "text/plain", "text/markdown", "text/vtt", "application/x-subrip")
_CODINGS = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "zlib", "zstd": "zstd"}
_HEADERS = ("content-type", "content-language", "content-encoding", "last-modified", "etag", "date", "location")


def read_warc(stream: Stream, limits: Limits, what: str) -> Iterator[Record]:
    """The pages of a WARC or WET file: responses with status 2xx and conversions, of a text type. Digests are checked.

    Other records are yielded as ignored. After a record with a damaged head, reading goes on at the next head.

    Raises:
        BrokenStreamError: the stream breaks; all whole records have been yielded.
        UnsafeInputError: a page's content coding passes a limit.
    """
    from warcio.exceptions import ArchiveLoadFailed
    from warcio.recordloader import ArcWarcRecordLoader
    from warcio.statusandheaders import StatusAndHeadersParserException

    loader = ArcWarcRecordLoader()
    number = 0
    while (head := _find_head(stream)) is not None:
        first, skipped = head
        offset = stream.offset - len(first)
        number += 1
        if skipped:
            reason = "a record is longer than its head says, or its head is damaged: fetch or export it again"
            observed = f"before record {number}: {skipped} bytes that belong to no record"
            yield Record(
                number, offset - skipped, skipped, rule="dump.container_whole", observed=observed, reason=reason
            )
        stream.head_bytes = 0
        try:
            told = loader.parse_record_stream(stream, first, known_format="warc", check_digests=True)
        except (ArchiveLoadFailed, StatusAndHeadersParserException, EOFError, ValueError, AttributeError) as error:
            yield _bad_record(number, offset, stream.offset - offset, f"{type(error).__name__}: {error}")
            continue
        if told.length is None or told.rec_headers.get_header("Content-Length") != str(told.length):
            yield _bad_record(number, offset, stream.offset - offset, "its length is no number")
            continue
        yield from _read_record(told, Record(number, offset, 0), stream, limits, what)


def _bad_record(number: int, offset: int, length: int, observed: str) -> Record:
    return Record(
        number, offset, length, rule="dump.container_whole", observed=f"record {number}: {observed}"[:300],
        reason="a record's head is damaged: fetch or export it again",
    )  # fmt: skip


def _find_head(stream: Stream) -> tuple[bytes, int] | None:
    """The first line of the next record, and how many bytes but line ends had to be passed over."""
    skipped, is_line_start = 0, True
    while line := stream.line(PIECE_BYTES):
        if is_line_start and line.startswith((b"WARC/1.", b"WARC/0.")):
            return line, skipped
        skipped += len(line) if skipped or line.strip(b"\r\n") else 0
        is_line_start = line.endswith(b"\n")
    return None


def _read_record(told: Any, record: Record, stream: Stream, limits: Limits, what: str) -> Iterator[Record]:
    heads = told.rec_headers
    if not _is_page(told):
        record.is_ignored = True
        for _ in _rest(told):
            pass
        record.length = stream.offset - record.offset
        if problem := _judge(told, ""):
            record.is_ignored, record.rule = False, problem.rule
            record.observed = f"record {record.number}: {problem}"[:300]
            record.reason = "a record is not what was written: fetch or export it again"
        yield record
        return
    record.media_type = _media_type(told)
    record.facts = {
        "record_id": heads.get_header("WARC-Record-ID"),
        "url": heads.get_header("WARC-Target-URI"),
        "record_type": told.rec_type,
    }
    record.fetched_at = _time(heads.get_header("WARC-Date"))
    codings: list[str] = []
    if told.http_headers:
        code = told.http_headers.get_statuscode() or ""
        record.http_status = int(code) if re.fullmatch(r"[0-9]{3}", code) else None
        record.http_headers = {
            name.lower(): value[:_FACT_CHARS] for name, value in told.http_headers.headers if name.lower() in _HEADERS
        }
        codings = [
            name.strip().lower()
            for name in (told.http_headers.get_header("content-encoding") or "").split(",")
            if name.strip().lower() not in ("", "identity")
        ]
    if unknown := [name for name in codings if name not in _CODINGS]:
        record.rule, record.observed = "dump.record_readable", f"record {record.number}: coded as {unknown[0][:40]}"
        record.reason = f"a page's content coding is none of {', '.join(_CODINGS)}: fetch it without"
    else:
        record.chunks = _payload(told, codings, limits, f"{what}#record={record.number}")
    yield record
    for _ in _rest(told):
        pass
    record.length = stream.offset - record.offset


def _is_page(told: Any) -> bool:
    if told.rec_type == "conversion":
        return _media_type(told) in _PAGE_TYPES
    if told.rec_type != "response" or not told.http_headers:
        return False
    if told.rec_headers.get_header("WARC-X-Stenolake", "page stored") != "page stored":
        return False  # of an archive of ours: a list, robots.txt, an error page
    status = told.http_headers.get_statuscode() or ""
    return bool(_SUCCESS_RE.fullmatch(status)) and _media_type(told) in _PAGE_TYPES


def _media_type(told: Any) -> str:
    headers = told.http_headers or told.rec_headers
    return (headers.get_header("Content-Type") or "text/html").split(";")[0].strip().lower()


def _time(stated: str | None) -> dt.datetime | None:
    try:
        told = dt.datetime.fromisoformat(stated or "")
        return (told if told.tzinfo else told.replace(tzinfo=dt.UTC)).astimezone(dt.UTC)
    except (ValueError, OverflowError):
        return None


def _rest(told: Any) -> Iterator[bytes]:
    while data := told.raw_stream.read(PIECE_BYTES):
        yield data


def _payload(told: Any, codings: list[str], limits: Limits, what: str) -> Iterator[bytes]:
    """The page: without chunk lengths and content codings.

    Raises:
        BrokenStreamError: at the end, when the record is short, or a digest is wrong; the message tells which.
        UnsafeInputError: a limit is passed.
    """
    is_chunked = ((told.http_headers and told.http_headers.get_header("transfer-encoding")) or "").lower() == "chunked"
    payload = hashlib.sha1(usedforsecurity=False)
    chunks: Iterable[bytes] = _dechunk(told.raw_stream, payload) if is_chunked else _rest(told)
    for coding in reversed(codings):
        chunks = expand(chunks, _CODINGS[coding], limits, what)
    try:
        yield from chunks
    except BrokenStreamError as error:
        for _ in _rest(told):
            pass
        raise _judge(told, "") or BrokenStreamError(str(error), "dump.record_readable") from error
    for _ in _rest(told):
        pass
    if problem := _judge(told, base64.b32encode(payload.digest()).decode() if is_chunked else ""):
        raise problem


def _judge(told: Any, dechunked_sha1: str) -> BrokenStreamError | None:
    """What is wrong with a record that was read to its end; None when it is whole and its digests agree.

    A payload digest may also be that of the page without chunk lengths: crawlers differ.
    """
    if told.raw_stream.limit > 0:
        return BrokenStreamError(f"ends {told.raw_stream.limit} bytes early")
    is_dechunked = told.rec_headers.get_header("WARC-Payload-Digest") == f"sha1:{dechunked_sha1}"
    problems = [one for one in told.digest_checker.problems if not (is_dechunked and one.startswith("payload"))]
    return BrokenStreamError("; ".join(problems), "dump.digest_matches") if problems else None


def _dechunk(stream: Any, payload: Any) -> Iterator[bytes]:
    """A body without its chunk lengths; one that only claims to be chunked comes as it is."""
    line = stream.readline(64)
    if not _chunk_length(line)[0]:
        yield line
        while data := stream.read(PIECE_BYTES):
            yield data
        return
    while line:
        is_length, left = _chunk_length(line)
        if not is_length:
            raise BrokenStreamError("has a page with a damaged chunk length")
        if not left:
            return
        while left:
            data = stream.read(min(left, PIECE_BYTES))
            if not data:
                raise BrokenStreamError("has a page that ends in the middle of a chunk")
            payload.update(data)
            left -= len(data)
            yield data
        stream.readline(8)
        line = stream.readline(64)
    raise BrokenStreamError("has a page that ends before its last chunk")


def _chunk_length(line: bytes) -> tuple[bool, int]:
    digits = line.split(b";")[0].strip()
    is_length = 0 < len(digits) <= 16 and all(byte in b"0123456789abcdefABCDEF" for byte in digits)
    return is_length, int(digits, 16) if is_length else 0
