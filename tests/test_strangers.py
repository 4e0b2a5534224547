"""Files given by mistake are named, with what to give in their place; text that begins oddly is text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.strangers import name_bytes, name_text
from tests.test_containers import take

SAVE = "save it as text, and give that"
HEARD = "give its transcript, or its captions as WebVTT or SRT"
CAPTIONS = "convert them to WebVTT or SRT, and give that"
JSONL = "write each record as one line, with its text in a field text"
TABLE = "write each row as a line NAME: words, or as a record of JSONL with its text in a field text"
CODED = "a mail, or a page saved as one, in quoted-printable or base64"
HTML = "save its text, or the page as HTML, and give that"

TALK = b"ADA LIND: Good morning, everybody. It=E2=80=99s fine.\r\n\r\nJON HALM: Thank you, Madam Chair.\r\n\r\n" * 9
MAIL = (
    b"From: Ada Lind <a@b.example>\r\nSubject: Talks\r\n of today\r\nMIME-Version: 1.0\r\nContent-Type: text/plain\r\n"
)

# bytes -> what they are, what to do
BINARY = {
    "pdf": (b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\n", "a PDF file", SAVE),
    "rtf": (b"{\\rtf1\\ansi ADA LIND: Good morning.\\par}", "a Rich Text file", SAVE),
    "doc": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500), "a file of an old Office (.doc, .xls, .ppt)", SAVE),
    "png": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "a picture", "give the text that it shows"),
    "jpg": (b"\xff\xd8\xff\xe0\0\x10JFIF\0", "a picture", "give the text that it shows"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(99), "a picture", "give the text that it shows"),
    "mp4": (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2avc1mp41", "a video", HEARD),
    "webm": (b"\x1aE\xdf\xa3\x9fB\x86\x81\1", "a video", HEARD),
    "mp3": (b"ID3\3\0\0\0\0\0\x0fTALB", "a recording of sound", HEARD),
    "mp3 without a head": (b"\xff\xfb\x90d\0\x0f\xf0\0\0i", "a recording of sound", HEARD),
    "wav": (b"RIFF\x24\x08\0\0WAVEfmt ", "a recording of sound", HEARD),
    "7z": (b"7z\xbc\xaf\x27\x1c\0\4", "an archive of 7-Zip or RAR", "unpack it, and give what is in it"),
    "quoted-printable": (MAIL + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + TALK, CODED, HTML),
    "base64": (MAIL + b"content-transfer-encoding: Base64\r\n\r\nQURBIExJTkQ6IEdvb2Q=\r\n", CODED, HTML),
    "mhtml": (
        b"From: <Saved by Blink>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\n"
        b"Content-Type: text/html\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<html lang=3D\"en\">",
        CODED, HTML,
    ),
}  # fmt: skip


@pytest.mark.parametrize("label", BINARY)
def test_what_is_no_text_is_named(tmp_path: Path, label: str) -> None:
    content, name, advice = BINARY[label]
    (dump,) = take(tmp_path, content)
    assert (dump.problem, dump.reason, dump.format) == ("dump.is_text", f"this is {name}: {advice}", None)
    assert dump.record.derivation == {"encoding": None, "evidence": name}
    assert dump.record.rendition_sha256 is None


TEXTS = {
    "ttml": ('<?xml version="1.0"?>\n<tt lang="en" xmlns="http://www.w3.org/ns/ttml">', "captions as TTML", CAPTIONS),
    "srv3": ('<?xml version="1.0"?><timedtext format="3">', "captions as SAMI or of YouTube", CAPTIONS),
    "ass": ("[Script Info]\nTitle: Session\n", "captions as SSA or ASS", CAPTIONS),
    "list": ('[{"title": "T", "text": "ADA LIND: Good morning."}]', "JSON that is not JSONL", JSONL),
    "object in lines": ('{\n  "title": "T"\n}', "JSON that is not JSONL", JSONL),
    "csv": ('speaker,text,date\nAda Lind,"Good morning, everybody.",2024-01-02\n', "a table (CSV)", TABLE),
    "tsv": ("speaker\ttext\nAda Lind\tGood morning, everybody.\n", "a table (CSV)", TABLE),
}  # fmt: skip


@pytest.mark.parametrize("label", TEXTS)
def test_text_that_no_format_reads_is_named(tmp_path: Path, label: str) -> None:
    content, name, advice = TEXTS[label]
    dump = take(tmp_path, content.encode())[-1]
    reason = f"this is {name}, which no format reads: {advice}"
    assert (dump.problem, dump.reason) == ("dump.format_known", reason)


@pytest.mark.parametrize(
    "text",
    [
        "Dear all, today\nwe met, as you know.\n",
        "[00:01] Good morning.\n",
        "speaker, text\nand more, of it\n",
        "Subject: talks\nDate: 2024-01-02\n\nContent-Transfer-Encoding: base64 is what she said.\n",
        "MIME-Version: 1.0\nContent-Transfer-Encoding: 8bit\nSubject: x\n\nADA LIND: Good morning.\n",
        "Ясно, что яблоки спелые.",
    ],
)
def test_what_is_only_like_them_is_not_named(text: str) -> None:
    assert (name_bytes(text.encode()), name_text(text)) == (None, None)


def test_russian_that_begins_as_a_recording_does() -> None:
    assert name_bytes("ясно, что яблоки спелые".encode("cp1251") * 9) is None
