"""Containers: what is whole comes through with its address, what is bad is named, what is hostile is refused."""

from __future__ import annotations

import base64
import bz2
import gc
import gzip
import hashlib
import io
import json
import lzma
import struct
import tarfile
import tracemalloc
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import zstandard

from storage import ledger
from storage.errors import UnsafeInputError
from storage.lake import Lake
from storage.raw import RawStore
from tasks.acquire import Dump, acquire
from tasks.streams import Limits
from tests.support import Command, page, write

SMALL = Limits(stream_bytes=1 << 20, ratio=200, free_bytes=1 << 16, members=50, line_bytes=4096)
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "zstd": zstandard.compress,
}


def raw_store(folder: Path) -> RawStore:
    return RawStore(folder / "lake" / "_raw", folder / "lake" / "_staging")


def take(folder: Path, content: bytes, limits: Limits = SMALL, name: str = "input") -> list[Dump]:
    return list(acquire(write(folder, name, content), raw_store(folder), None, limits))


def make_zip(members: Iterable[tuple[str | zipfile.ZipInfo, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return out.getvalue()


def make_tar(*members: tuple[str, bytes] | tarfile.TarInfo, form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                archive.addfile(member, io.BytesIO(b"x" * member.size))
                continue
            info = tarfile.TarInfo(member[0])
            info.size = len(member[1])
            archive.addfile(info, io.BytesIO(member[1]))
    return out.getvalue()


def special(kind: bytes, name: str = "odd.txt", target: str = "/etc/hostname") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def linked(name: str, mode: int = 0o120777) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.create_system, info.external_attr = 3, mode << 16
    return info


def jsonl(*records: Any) -> bytes:
    return b"".join(
        (line if isinstance(line, bytes) else json.dumps(line, ensure_ascii=False).encode()) + b"\n" for line in records
    )


def sha1(data: bytes) -> str:
    return "sha1:" + base64.b32encode(hashlib.sha1(data).digest()).decode()


def warc_record(
    body: bytes,
    *,
    kind: str = "response",
    status: str = "200 OK",
    headers: str = "",
    media_type: str = "text/plain",
    digest: str | None = None,
    payload: str | None = None,
    length: int | str | None = None,
    date: str = "2021-06-01T10:00:00Z",
) -> bytes:
    http = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\n{headers}\r\n".encode() if kind == "response" else b""
    block = http + body
    head = [
        "WARC/1.0", f"WARC-Type: {kind}", "WARC-Target-URI: http://valdoria.example/talks/7",
        f"WARC-Date: {date}", f"WARC-Record-ID: <urn:uuid:{hashlib.md5(block).hexdigest()}>",
        f"WARC-Block-Digest: {digest or sha1(block)}", f"WARC-Payload-Digest: {payload or sha1(body)}",
        f"Content-Type: {'application/http; msgtype=response' if http else media_type}",
        f"Content-Length: {len(block) if length is None else length}",
    ]  # fmt: skip
    return "\r\n".join(head).encode() + b"\r\n\r\n" + block + b"\r\n\r\n"


def pages_zip(**more: bytes) -> bytes:
    return make_zip([("good.txt", page(1).encode()), *more.items(), ("last.txt", page(2).encode())])


def overlapping() -> bytes:
    """A zip whose two entries in the table of contents name the same bytes."""
    whole = make_zip([("a.txt", page(1).encode()), ("b.txt", page(2).encode())])
    at = whole.rfind(b"PK\1\2")
    return whole[: at + 42] + struct.pack("<L", 0) + whole[at + 46 :]


def nameless() -> bytes:
    """A zip whose last member has a name of no letter in the table of contents."""
    whole = make_zip([("good.txt", page(1).encode()), ("x", b"hello")])
    return patched(whole, b"PK\1\2", 28, b"\0\0\1\0", last=True)


def patched(data: bytes, find: bytes, offset: int, value: bytes, *, last: bool = False) -> bytes:
    at = (data.rfind(find) if last else data.find(find)) + offset
    return data[:at] + value + data[at + len(value) :]


def encrypted() -> bytes:
    whole = make_zip([("good.txt", page(1).encode()), ("secret.txt", page(2).encode())])
    at = whole.rfind(b"PK\3\4")
    whole = whole[: at + 6] + b"\1" + whole[at + 7 :]
    return patched(whole, b"PK\1\2", 8, b"\1", last=True)


def tar_with_head(**fields: bytes) -> bytes:
    """A good member, then one whose head holds what no honest tar does, with a right checksum."""
    block = bytearray(make_tar(("odd.txt", b"odd"))[:512])
    for place, value in {"size": (124, 12), "type": (156, 1)}.items():
        if place in fields:
            block[value[0] : value[0] + value[1]] = fields[place].ljust(value[1], b"\0")
    block[148:156] = b" " * 8
    block[148:156] = f"{sum(block):06o}\0 ".encode()
    good = make_tar(("good.txt", page(1).encode()))
    end = 512 + -(-len(page(1).encode()) // 512) * 512
    return good[:end] + bytes(block) + good[end:]


TEXT = page(1).encode()
BOMB = b"\0" * (8 << 20)

# label -> bytes; pages published from it; rules named, in order; None: refused as unsafe
HOSTILE: dict[str, tuple[bytes, int, list[str] | None]] = {
    "gzip bomb": (gzip.compress(BOMB), 0, None),
    "bzip2 bomb": (bz2.compress(BOMB), 0, None),
    "xz bomb": (lzma.compress(BOMB), 0, None),
    "zstd bomb": (zstandard.compress(BOMB), 0, None),
    "bomb in members of gzip": (gzip.compress(TEXT) + gzip.compress(BOMB), 0, None),
    "zip bomb": (pages_zip(**{"bomb.txt": BOMB}), 0, None),
    "bomb in a tar": (gzip.compress(make_tar(("bomb.txt", BOMB))), 0, None),
    "bomb as page of a WARC": (
        warc_record(gzip.compress(BOMB), headers="Content-Encoding: gzip\r\n"), 0, None,
    ),
    "zip of overlapping members": (overlapping(), 0, None),
    "zip of too many members": (make_zip([(f"{n}.txt", b"x") for n in range(51)]), 0, None),
    "tar of too many members": (make_tar(*[(f"{n}.txt", b"x") for n in range(51)]), 0, None),
    "zip that claims 60,000 members": (patched(pages_zip(), b"PK\5\6", 10, b"\x60\xea"), 0, None),
    "zip with a huge table of contents": (patched(pages_zip(), b"PK\5\6", 12, b"\0\0\0\x7f"), 0, None),
    "long name in a zip": (pages_zip(**{"n" * 1025: TEXT}), 0, None),
    "long name in a tar": (make_tar(("n" * 1025, TEXT)), 0, None),
    "tar member of 8 EiB": (tar_with_head(size=b"\x80" + (1 << 63).to_bytes(11, "big")), 0, None),
    "tar member of negative size": (tar_with_head(size=b"\xff" * 12), 1, ["dump.container_whole"]),
    "tar head of a GiB": (tar_with_head(size=b"10000000000", type=b"x"), 1, ["dump.container_whole"]),
    "tar size that is no number": (tar_with_head(size=b"-7"), 1, ["dump.container_whole"]),
    "zip member ../x": (pages_zip(**{"../x": TEXT}), 2, ["dump.member_safe"]),
    "zip member /etc/x": (pages_zip(**{"/etc/x": TEXT}), 2, ["dump.member_safe"]),
    "zip member C:x": (pages_zip(**{"C:\\x": TEXT}), 2, ["dump.member_safe"]),
    "zip member on a host": (pages_zip(**{"\\\\host\\x": TEXT}), 2, ["dump.member_safe"]),
    "zip member a\\..\\x": (pages_zip(**{"a\\..\\x": TEXT}), 2, ["dump.member_safe"]),
    "zip member of two lines": (pages_zip(**{"a\nb": TEXT}), 2, ["dump.member_safe"]),
    "zip member that is a link": (
        make_zip([("good.txt", TEXT), (linked("l"), b"/etc/hostname")]), 1, ["dump.member_safe"],
    ),
    "zip member that is a device": (
        make_zip([("good.txt", TEXT), (linked("d", 0o020666), b"")]), 1, ["dump.member_safe"],
    ),
    "encrypted zip member": (encrypted(), 1, ["dump.member_safe"]),
    "zip member with a wrong checksum": (
        patched(pages_zip(), b"PK\1\2", 16, b"\1\2\3\4"), 1, ["dump.member_whole"],
    ),
    "zip member that lies about its size": (
        patched(pages_zip(), b"PK\1\2", 24, b"\7\0\0\0"), 1, ["dump.member_whole"],
    ),
    "zip member of an unknown method": (patched(pages_zip(), b"PK\1\2", 10, b"\x63"), 1, ["dump.member_whole"]),
    "same name twice": (make_zip([("a.txt", TEXT), ("A.txt", page(2).encode())]), 2, []),
    "tar member ../x": (make_tar(("../x", TEXT), ("good.txt", TEXT)), 1, ["dump.member_safe"]),
    "tar member /etc/x": (make_tar(("/etc/x", TEXT), ("good.txt", TEXT)), 1, ["dump.member_safe"]),
    "symbolic link, then through it": (
        make_tar(special(tarfile.SYMTYPE, "out", "/tmp"), ("out/x.txt", TEXT)), 1, ["dump.member_safe"],
    ),
    "hard link": (make_tar(special(tarfile.LNKTYPE), ("good.txt", TEXT)), 1, ["dump.member_safe"]),
    "character device": (make_tar(special(tarfile.CHRTYPE), ("good.txt", TEXT)), 1, ["dump.member_safe"]),
    "block device": (make_tar(special(tarfile.BLKTYPE), ("good.txt", TEXT)), 1, ["dump.member_safe"]),
    "pipe": (make_tar(special(tarfile.FIFOTYPE), ("good.txt", TEXT)), 1, ["dump.member_safe"]),
    "sparse": (make_tar(special(tarfile.GNUTYPE_SPARSE), ("good.txt", TEXT)), 1, ["dump.member_safe"]),
    "type of its own": (make_tar(special(b"Z"), ("good.txt", TEXT)), 1, ["dump.member_safe"]),
    "nested too deep": (
        make_zip([("good.txt", TEXT), ("a.zip", make_zip([("b.zip", make_zip([("c.txt", page(2).encode())]))]))]),
        1, ["dump.depth_allowed"],
    ),
    "empty zip": (make_zip([]), 0, ["dump.not_empty"]),
    "truncated gzip": (gzip.compress(TEXT + page(2).encode() * 30, 0)[:-900], 1, ["dump.container_whole"]),
    "gzip with a wrong checksum": (gzip.compress(TEXT)[:-8] + b"\0" * 8, 1, ["dump.container_whole"]),
    "gzip with bytes behind": (gzip.compress(TEXT) + b"more", 1, ["dump.container_whole"]),
    "gzip padded with zeros": (gzip.compress(TEXT) + b"\0" * 512, 1, []),
    "truncated zstd": (zstandard.compress(TEXT * 9)[:-9], 0, ["dump.container_whole"]),
    "truncated zip": (pages_zip()[:-40], 2, ["dump.container_whole"]),
    "zip cut in its second member": (pages_zip()[: pages_zip().rfind(b"PK\3\4") + 60], 1, ["dump.container_whole"]),
    "truncated tar": (make_tar(("a.txt", TEXT), ("b.txt", TEXT))[: 1024 + 512 + 100], 1, ["dump.container_whole"]),
    "tar damaged behind": (make_tar(("a.txt", TEXT))[:1024] + b"x" * 512, 1, ["dump.container_whole"]),
    "line that is no JSON": (
        jsonl({"text": page(1)}, b"{not json}", {"text": page(2)}), 2, ["dump.record_is_json"],
    ),
    "first line that is no JSON": (jsonl(b"{not json}", {"text": page(1)}), 1, ["dump.record_is_json"]),
    "line that is a list": (jsonl({"text": page(1)}, b"[1, 2]"), 1, ["dump.record_is_json"]),
    "line in another encoding": (
        jsonl({"text": page(1)}, '{"text": "Привет"}'.encode("cp1251")), 1, ["dump.record_is_json"],
    ),
    "line with a lone surrogate": (jsonl({"text": page(1)}, b'{"text": "\\ud800"}'), 1, ["dump.record_is_json"]),
    "line with NaN": (jsonl({"text": page(1)}, b'{"text": "x", "n": NaN}'), 1, ["dump.record_is_json"]),
    "line nested 100,000 deep": (
        jsonl({"text": page(1)}, b'{"a":' + b"[" * 2000 + b"]" * 2000 + b"}"), 1, ["dump.record_is_json"],
    ),
    "line nested 300 deep": (
        jsonl({"text": page(1)}, b'{"text": "x", "a":' + b"[" * 300 + b"]" * 300 + b"}"), 1, ["dump.record_is_json"],
    ),
    "line that is too long": (
        jsonl({"text": page(1)}, {"text": "x" * 90_000}, {"text": page(2)}), 2, ["dump.record_is_json"],
    ),
    "record without text": (jsonl({"text": page(1)}, {"title": "x"}), 1, ["dump.record_has_text"]),
    "wrong block digest": (
        warc_record(TEXT) + warc_record(page(2).encode(), digest=sha1(b"else")) + warc_record(page(3).encode()),
        2, ["dump.digest_matches"],
    ),
    "wrong payload digest": (warc_record(TEXT, payload=sha1(b"else")), 0, ["dump.digest_matches"]),
    "digest of no known kind": (warc_record(TEXT, digest="crc0:AAAA"), 0, ["dump.digest_matches"]),
    "WARC record cut off": (warc_record(TEXT) + warc_record(page(2).encode())[:-90], 1, ["dump.container_whole"]),
    "gzip of a WARC cut off": (
        gzip.compress(warc_record(TEXT)) + gzip.compress(warc_record(page(2).encode()))[:-60],
        1, ["dump.container_whole"],
    ),
    "WARC length that is too short": (
        warc_record(TEXT, length=200) + warc_record(page(2).encode()),
        1, ["dump.digest_matches", "dump.container_whole"],
    ),
    "WARC length that is no number": (
        warc_record(TEXT, length="many") + warc_record(page(2).encode()),
        1, ["dump.container_whole", "dump.container_whole"],
    ),
    "WARC head without end": (warc_record(TEXT) + b"WARC/1.0\r\n" + b"x: y\r\n" * 200_000, 1, ["dump.container_whole"]),
    "page with a damaged chunk": (
        warc_record(b"5\r\nhello\r\nzz\r\n", headers="Transfer-Encoding: chunked\r\n"), 0, ["dump.record_readable"],
    ),
    "page of year 1": (warc_record(TEXT, date="0001-01-01T00:00:00+14:00"), 1, []),
    "page with a status that is none": (warc_record(TEXT, status="2²²") + warc_record(TEXT), 1, []),
    "zip member without a name": (nameless(), 1, ["dump.member_safe"]),
    "page in a coding that is not known": (
        warc_record(TEXT, headers="Content-Encoding: compress\r\n"), 0, ["dump.record_readable"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("label", HOSTILE)
def test_verdict_on_a_hostile_input(tmp_path: Path, label: str) -> None:
    content, pages, rules = HOSTILE[label]
    if rules is None:
        with pytest.raises(UnsafeInputError) as refused:
            take(tmp_path, content)
        assert refused.value.exit_code == 8
    else:
        dumps = take(tmp_path, content)
        assert [flaw.rule for dump in dumps for flaw in dump.flaws] == rules
        assert sum(dump.format is not None for dump in dumps) == pages
        assert all(flaw.reason and flaw.observed and flaw.uri for dump in dumps for flaw in dump.flaws)
    outside = {path.name for path in tmp_path.iterdir()} - {"input", "lake"}
    inside = [
        path for path in (tmp_path / "lake").rglob("*") if path.is_file() and path.suffix not in (".zst", ".ndjson")
    ]
    assert (outside, inside) == (set(), [])
    assert not Path("/tmp/x.txt").exists()
    assert not Path("/etc/x").exists()


@pytest.mark.parametrize("kind", COMPRESSIONS)
def test_compressed_text_is_the_text(tmp_path: Path, kind: str) -> None:
    member, container = take(tmp_path, COMPRESSIONS[kind](TEXT), name="talk.txt.gz")
    assert member.record.dump_sha256 == hashlib.sha256(TEXT).hexdigest()
    assert member.record.uri == (tmp_path / "talk.txt.gz").as_uri() + "!/talk.txt"
    assert member.record.derivation["container_sha256"] == container.record.dump_sha256
    assert container.record.derivation["container"] == kind
    assert (container.format, container.problem, container.flaws) == (None, "", ())


def test_archives_in_compression_and_in_archives(tmp_path: Path) -> None:
    packed = gzip.compress(make_tar(("pages/one.txt", TEXT), ("pages/.hidden", b"x"), form=tarfile.GNU_FORMAT))
    member, container = take(tmp_path, packed, name="a.tgz")
    assert member.record.uri.endswith("/a.tgz!/pages/one.txt")
    assert container.record.derivation == {"container": "gzip+tar", "members": 1, "ignored": 1, "flaws": 0}
    uris = [
        dump.record.uri for dump in take(tmp_path, make_zip([("b.zip", make_zip([("c d.txt", TEXT)]))]), name="a.zip")
    ]
    assert [uri.partition("/a.zip")[2] for uri in uris] == ["!/b.zip!/c%20d.txt", "!/b.zip", ""]
    (member, _) = take(tmp_path, zstandard.compress(make_zip([("c.txt", TEXT)])), name="a.zip.zst")
    assert member.record.uri.endswith("/a.zip.zst!/c.txt")
    long = "folder/" * 30 + "one.txt"
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT):
        (member, _) = take(tmp_path, make_tar((long, TEXT), form=form), name="a.tar")
        assert member.record.derivation["member"] == long


def test_records_of_jsonl_tell_their_metadata(tmp_path: Path) -> None:
    record = {"id": 7, "url": "http://valdoria.example/7", "title": "Harvest", "date": "2021-05-01", "text": page(1)}
    member, container = take(
        tmp_path, b"\xef\xbb\xbf" + jsonl({"text": page(2)}) + b"\n" + jsonl(record), name="a.jsonl"
    )[1:]
    assert member.record.uri.endswith("/a.jsonl#line=3")
    told = member.record.derivation
    assert (told["field"], told["line"], told["record.id"], told["record.url"]) == ("text", 3, 7, record["url"])
    assert container.record.derivation["members"] == 2
    assert raw_store(tmp_path).read(member.record.dump_sha256) == TEXT


def test_pages_of_a_warc_tell_where_they_come_from(tmp_path: Path) -> None:
    chunked = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in (TEXT[:99], TEXT[99:])) + b"0\r\n\r\n"
    content = b"".join(
        gzip.compress(record)
        for record in (
            warc_record(b"software: x\r\n", kind="warcinfo", media_type="application/warc-fields"),
            warc_record(TEXT, headers="X-Secret: no\r\n"),
            warc_record(chunked, headers="Transfer-Encoding: chunked\r\n", payload=sha1(TEXT)),
            warc_record(gzip.compress(TEXT), headers="Content-Encoding: gzip\r\n"),
            warc_record(b"\x89PNG", media_type="image/png"),
            warc_record(TEXT, status="404 Not Found"),
            warc_record(page(2).encode(), kind="conversion"),
        )
    )
    *pages, container = take(tmp_path, content, name="a.warc.gz")
    assert [one.record.uri.partition("#")[2] for one in pages] == [f"record={n}" for n in (2, 3, 4, 7)]
    assert {one.record.dump_sha256 for one in pages[:3]} == {hashlib.sha256(TEXT).hexdigest()}
    first = pages[0].record
    assert first.fetched_at is not None
    assert (first.fetched_at.isoformat(), first.http_status) == ("2021-06-01T10:00:00+00:00", 200)
    assert first.http_headers == {"content-type": "text/plain"}
    assert first.derivation["url"] == "http://valdoria.example/talks/7"
    assert (pages[3].record.http_status, pages[3].record.fetched_at) == (None, first.fetched_at)
    assert container.record.derivation == {"container": "gzip+warc", "members": 4, "ignored": 3, "flaws": 0}


def test_warc_as_another_program_writes_it(tmp_path: Path) -> None:
    from warcio.statusandheaders import StatusAndHeaders
    from warcio.warcwriter import WARCWriter

    out = io.BytesIO()
    heads = StatusAndHeaders("200 OK", [("Content-Type", "text/plain; charset=utf-8")], protocol="HTTP/1.1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of the writer, which leaves its spools to the collector
        writer = WARCWriter(out, gzip=True)
        writer.write_record(writer.create_warcinfo_record("a.warc.gz", {"software": "invented"}))
        for day in (1, 2):
            body = io.BytesIO(page(day).encode())
            url = f"http://valdoria.example/{day}"
            writer.write_record(writer.create_warc_record(url, "response", payload=body, http_headers=heads))
        gc.collect()
    dumps = take(tmp_path, out.getvalue())
    assert [(dump.format, dump.flaws) for dump in dumps] == [("kremlin-text", ())] * 2 + [(None, ())]


class OneWay(io.RawIOBase):
    """Where a program writes that cannot seek: lengths come behind the data."""

    def __init__(self) -> None:
        self.written = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.written += bytes(data)
        return len(data)


@pytest.mark.parametrize(("cut_at", "pages"), [(b"PK\1\2", 3), (b"PK\3\4", 2)])
def test_zip_written_to_a_pipe_and_cut_off(tmp_path: Path, cut_at: bytes, pages: int) -> None:
    pipe = OneWay()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for day in (1, 2, 3):
            archive.writestr(f"./{day}.txt", page(day))
    whole = bytes(pipe.written)
    cut = whole.find(cut_at) if cut_at == b"PK\1\2" else whole.rfind(cut_at) + 50
    *members, container = take(tmp_path, whole[:cut], name="a.zip")
    assert [one.record.uri.partition("/a.zip")[2] for one in members] == [f"!/{n + 1}.txt" for n in range(pages)]
    assert [flaw.rule for flaw in container.flaws] == ["dump.container_whole"]


def test_standard_input_may_be_a_container(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = io.BytesIO(make_zip([("pages/one.txt", TEXT)]))
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(given))
    member, container = acquire(Path("-"), raw_store(tmp_path))
    assert (member.record.uri, member.format) == ("stdin:!/pages/one.txt", "kremlin-text")
    assert (container.record.uri, container.record.media_type) == ("stdin:", "application/zip")


OFFICE = {
    "a Word file": ["[Content_Types].xml", "word/document.xml"],
    "an Excel file": ["xl/workbook.xml", "xl/sharedStrings.xml", "[Content_Types].xml"],
    "a PowerPoint file": ["docProps/app.xml", "ppt/presentation.xml", "[Content_Types].xml"],
    "an OpenDocument file, as of LibreOffice": ["mimetype", "content.xml"],
    "a document or a program in a zip": ["META-INF/MANIFEST.MF", "a.class"],
}


def office(parts: list[str]) -> bytes:
    """A document whose parts come in this order."""
    kind = b"application/vnd.oasis.opendocument.text"
    return make_zip([(part, kind if part == "mimetype" else TEXT) for part in parts], zipfile.ZIP_STORED)


@pytest.mark.parametrize("name", OFFICE)
def test_an_office_document_is_no_archive(tmp_path: Path, name: str) -> None:
    (dump,) = take(tmp_path, office(OFFICE[name]))
    assert (dump.problem, dump.reason) == ("dump.is_text", f"this is {name}: save it as text, and give that")
    assert dump.record.derivation == {"encoding": None, "evidence": name}


def test_an_archive_of_office_documents_is_one(tmp_path: Path) -> None:
    members = [(f"{at}.docx", office(parts)) for at, parts in enumerate(OFFICE.values())]
    dumps = take(tmp_path, make_zip([*members, ("word/1.txt", TEXT)], zipfile.ZIP_STORED))
    assert [dump.record.derivation["evidence"] for dump in dumps[:-2]] == list(OFFICE)
    assert [(dump.format, dump.problem) for dump in dumps[-2:]] == [("kremlin-text", ""), (None, "")]


def test_memory_does_not_follow_a_bomb(tmp_path: Path) -> None:
    coder = zlib.compressobj(wbits=31)
    bomb = b"".join(coder.compress(bytes(1 << 20)) for _ in range(256)) + coder.flush()
    for limits in (Limits(), Limits(ratio=10_000, stream_bytes=64 << 20)):
        tracemalloc.start()
        with pytest.raises(UnsafeInputError):
            take(tmp_path, bomb, limits)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 16 << 20


@pytest.mark.parametrize("kind", ["gzip", "bzip2", "xz", "zstd"])
def test_cut_anywhere_nothing_but_findings(tmp_path: Path, kind: str) -> None:
    whole = COMPRESSIONS[kind](make_tar(("a.txt", TEXT), ("b.txt", page(2).encode())))
    for cut in range(8, len(whole), max(1, len(whole) // 40)):
        dumps = take(tmp_path, whole[:cut])
        rules = {flaw.rule for dump in dumps for flaw in dump.flaws} | {dump.problem for dump in dumps}
        assert rules - {""}, cut


def test_ingest_publishes_the_whole_and_names_the_bad(stenolake: Command, tmp_path: Path) -> None:
    drop, lake = tmp_path / "drop", tmp_path / "lake"
    drop.mkdir()
    write(drop, "a.zip", make_zip([("good.txt", page(1)), ("../x", page(9)), ("letter.txt", "Dear all.")]))
    write(drop, "b.jsonl", jsonl({"text": page(2)}, b"{not json}", {"text": page(3)}))
    write(drop, "c.warc.gz", gzip.compress(warc_record(page(4).encode()) + warc_record(TEXT, digest=sha1(b"else"))))
    write(drop, "d.txt", page(5))
    said = stenolake("ingest", drop, "--lake", lake, "--json")
    assert said.code == 0
    assert said.json["documents"] == {"read": 9, "published": 5, "unchanged": 0, "quarantined": 4}
    held = ledger.read(Lake(lake), "quarantine").to_pylist()
    assert sorted((row["rule_id"], row["uri"].partition("/drop/")[2]) for row in held) == [
        ("dump.digest_matches", "c.warc.gz#record=2"),
        ("dump.format_known", "a.zip!/letter.txt"),
        ("dump.member_safe", "a.zip!/../x"),
        ("dump.record_is_json", "b.jsonl#line=2"),
    ]
    line = next(row["quarantine_id"] for row in held if row["rule_id"] == "dump.record_is_json")
    assert stenolake("trace", line, "--lake", lake, "--json").json["excerpt"] == "{not json}\n"
    assert stenolake("verify", "--lake", lake).code == 0
    again = stenolake("ingest", drop, "--lake", lake, "--json")
    assert again.json["documents"]["unchanged"] == 5
    assert ledger.read(Lake(lake), "quarantine").num_rows == 4


def test_ingest_refuses_a_bomb_and_publishes_nothing(stenolake: Command, tmp_path: Path) -> None:
    bomb = write(tmp_path, "bomb.gz", gzip.compress(BOMB))
    said = stenolake("ingest", bomb, write(tmp_path, "good.txt", page(1)), "--lake", tmp_path / "lake")
    assert said.code == 8
    assert "bomb.gz" in said.err
    assert not (tmp_path / "lake" / "documents").exists()
    assert stenolake("verify", "--lake", tmp_path / "lake").code == 0
