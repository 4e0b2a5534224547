"""The character set of a response's header: taken before what the page says, and found again without the header."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pytest

import tasks.acquire
from flows.verify import prove
from storage import ledger
from storage.lake import Lake
from storage.raw import RawStore
from tasks.encoding import IN_HEADER
from tasks.fetch.dumps import to_dump
from tasks.recall import told_charsets
from tests import harness
from tests.support import Command, fingerprint, write
from tests.test_containers import raw_store, take, warc_record

META = "declared in the markup"
WORDS = ("Günaydın, sayın üyeler, oturumu açıyorum.", "Teşekkür ederim, çok şükür.", "Buyurun, söz sizin.")
TALK = "".join(
    f"<p><strong>{name}:</strong> {words}</p>"
    for words in WORDS
    for name in ("BAŞKAN", "AYŞE YILDIZ")
)  # fmt: skip


def page(charset: str = "", title: str = "Açılış") -> bytes:
    """A Turkish article in windows-1254; with a character set, it declares that."""
    meta = f'<meta charset="{charset}">' if charset else ""
    return (
        f'<html lang="tr"><head>{meta}<title>{title}</title><meta property="article:published_time" '
        f'content="2024-01-02T10:00:00Z"></head><body><article><h1>{title}</h1>{TALK}</article></body></html>'
    ).encode("cp1254")


def response(body: bytes, header: str) -> bytes:
    return warc_record(body, media_type=f"text/html{header}")


# header, what the page declares -> codec, evidence
TOLD = {
    ("; charset=windows-1254", ""): ("cp1254", IN_HEADER),
    ("; charset=iso-8859-9", "windows-1250"): ("cp1254", IN_HEADER),
    ("; charset=utf-8", "windows-1254"): ("cp1254", META),
    ("; charset=euc-jp", "windows-1254"): ("cp1254", META),
    ("; charset=rot13", "windows-1254"): ("cp1254", META),
    ("", "windows-1254"): ("cp1254", META),
}


@pytest.mark.parametrize(("header", "declared"), TOLD)
def test_a_header_goes_before_the_page_unless_it_lies(tmp_path: Path, header: str, declared: str) -> None:
    read, _ = take(tmp_path, response(page(declared), header))
    told = read.record.derivation
    assert (told["encoding"], told["evidence"]) == TOLD[header, declared]


@pytest.mark.parametrize(
    ("text", "codec", "evidence"),
    [
        ("Başkan: Günaydın.".encode(), "utf-8", "strict UTF-8"),
        ("Başkan: Günaydın.".encode("utf-16"), "utf-16", "byte order mark"),
    ],
)
def test_what_the_bytes_prove_goes_before_a_header(tmp_path: Path, text: bytes, codec: str, evidence: str) -> None:
    read, _ = take(tmp_path, response(text, "; charset=windows-1254"))
    assert (read.record.derivation["encoding"], read.record.derivation["evidence"]) == (codec, evidence)


@pytest.mark.parametrize("headers", [{"content-type": "text/html; charset=windows-1254"}, {}, None])
def test_a_page_that_is_fetched_is_read_as_its_header_tells(tmp_path: Path, headers: Mapping[str, str] | None) -> None:
    raw: RawStore = raw_store(tmp_path)
    sha256, _ = raw.add_file(write(tmp_path, "body", page()))
    url = "https://meclis.example/1"
    row: dict[str, Any] = {
        "dump_sha256": sha256, "http_headers": headers, "url": url, "asked": url, "edition": "tr",
        "fetched_at": dt.datetime(2024, 1, 3, tzinfo=dt.UTC), "http_status": 200,
    }  # fmt: skip
    read = to_dump(row, raw, ["article-html"], "UTC")
    told = read.record.derivation
    assert (told["encoding"], told["evidence"] == IN_HEADER) == (("cp1254", True) if headers else ("cp1252", False))
    words = raw.read(str(read.record.rendition_sha256)).decode()
    assert (WORDS[0] in words) == bool(headers)


def texts(lake: Path) -> set[str]:
    return set(ds.dataset(lake / "turns").to_table()["text"].to_pylist())


def derivations(lake: Path) -> set[tuple[str, str]]:
    told = [json.loads(row["derivation"]) for row in ledger.read(Lake(lake), "inputs").to_pylist()]
    return {(one["encoding"], one["evidence"]) for one in told if "encoding" in one}


def test_the_same_bytes_without_a_header_are_the_same_text(stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    archive = write(tmp_path, "a.warc", response(page(), "; charset=windows-1254"))
    told = {"format": "article-html", "source": "meclis"}
    assert harness.plain_ingest([str(archive)], str(lake), **told)["documents"]["published"] == 1
    assert texts(lake) == set(WORDS)
    before = fingerprint(lake, "documents", "turns")
    bare = write(tmp_path, "1.html", page())
    for options in (told, {**told, "language": "tr"}):
        again = harness.plain_ingest([str(bare)], str(lake), **options)["documents"]
        assert (again["published"], again["unchanged"]) == (0, 1)
    (sha256,) = told_charsets(Lake(lake))
    assert told_charsets(Lake(lake)) == {sha256: "cp1254"}
    assert stenolake("reprocess", "--lake", lake, "--json").json["documents"]["published"] == 0
    assert fingerprint(lake, "documents", "turns") == before
    assert derivations(lake) == {("cp1254", IN_HEADER)}


def test_another_program_reads_the_bare_bytes_as_the_header_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lake"
    archive = write(tmp_path, "a.warc", response(page(), "; charset=windows-1254"))
    told = {"format": "article-html", "source": "meclis"}
    harness.plain_ingest([str(archive)], str(lake), **told)
    monkeypatch.setattr("tasks.recall._digest_code", lambda: "another release")
    again = harness.plain_ingest([str(write(tmp_path, "1.html", page()))], str(lake), **told)["documents"]
    assert (again["published"], again["unchanged"]) == (0, 1)
    assert derivations(lake) == {("cp1254", IN_HEADER)}


def test_reprocess_finds_a_header_that_an_earlier_release_did_not_read(
    stenolake: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lake"
    archive = write(tmp_path, "a.warc", response(page(title="Oturum 5"), "; charset=windows-1254"))
    told = {"format": "article-html", "source": "meclis"}
    with monkeypatch.context() as earlier:
        earlier.setattr(tasks.acquire, "charset_in", lambda headers: "")
        harness.plain_ingest([str(archive)], str(lake), **told)
    assert "Günaydýn, sayýn üyeler, oturumu açýyorum." in texts(lake)
    again = harness.plain_ingest([str(archive)], str(lake), **told)["documents"]  # as it is: no file changes
    assert (again["published"], again["unchanged"]) == (0, 1)
    said = stenolake("reprocess", "--lake", lake, "--json")
    assert (said.code, said.json["documents"]["published"]) == (0, 1), said
    assert texts(lake) == set(WORDS)
    assert prove(Lake(lake))[0] == []
    after = ledger.read(Lake(lake), "inputs").to_pylist()[-1]
    found = json.loads(after["derivation"])
    assert (found["encoding"], found["evidence"], found["url"]) == (
        "cp1254", IN_HEADER, "http://valdoria.example/talks/7"
    )  # fmt: skip
    assert stenolake("reprocess", "--lake", lake, "--json").json["documents"]["published"] == 0
