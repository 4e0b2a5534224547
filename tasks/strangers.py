"""Files that are no text of a transcript, by how they begin: what each is, and what to give in its place.

Such a file is given by mistake, and whoever gave it knows it as a Word file, not as control characters.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_SAVE = "save it as text, and give that"
_HEARD = "give its transcript, or its captions as WebVTT or SRT"
_CAPTIONS = "convert them to WebVTT or SRT, and give that"


class Stranger(NamedTuple):
    """What a file is, and what to do."""

    name: str
    advice: str


# How files begin that are no text, whatever their bytes look like. A zip comes here only where it is a document.
_BYTES = (
    (rb"PK\x03\x04.{26,60}mimetypeapplication/epub\+zip", "a book (EPUB)", _SAVE),
    (rb"PK\x03\x04.{26,60}mimetypeapplication/vnd\.oasis\.", "an OpenDocument file, as of LibreOffice", _SAVE),
    (rb"\A(?=PK\x03\x04).*?PK\x03\x04.{26}word/", "a Word file", _SAVE),
    (rb"\A(?=PK\x03\x04).*?PK\x03\x04.{26}xl/", "an Excel file", _SAVE),
    (rb"\A(?=PK\x03\x04).*?PK\x03\x04.{26}ppt/", "a PowerPoint file", _SAVE),
    (rb"PK\x03\x04", "a document or a program in a zip", _SAVE),
    (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a file of an old Office (.doc, .xls, .ppt)", _SAVE),
    (rb"\s{0,9}%PDF-", "a PDF file", _SAVE),
    (rb"\s{0,9}\{\\rtf", "a Rich Text file", _SAVE),
    (
        rb"\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|II\*\0|MM\0\*|RIFF....WEBP|\0\0\0.ftyp(?:heic|avif|mif1)",
        "a picture",
        "give the text that it shows",
    ),
    # an MP3 may begin with a frame, whose first bytes begin Russian words in windows-1251: no text has a zero byte
    (rb"ID3[\x02-\x04]|\xff[\xfb\xf3\xf2\xf1\xf9].{0,64}\0|RIFF....WAVE|OggS\0|fLaC\0", "a recording of sound", _HEARD),
    (rb"\0\0\0.ftyp|\x1aE\xdf\xa3|RIFF....AVI |\0\0\x01[\xb3\xba]|FLV\x01", "a video", _HEARD),
    (rb"7z\xbc\xaf\x27\x1c|Rar!\x1a\x07", "an archive of 7-Zip or RAR", "unpack it, and give what is in it"),
)
_BYTE_RES = [(re.compile(pattern, re.DOTALL), Stranger(name, advice)) for pattern, name, advice in _BYTES]

# How texts begin that no format reads; these are asked where none does.
_TEXTS = (
    (
        r"(?s)\A.{0,4000}<(?:\w+:)?tt\s[^<>]*\bhttp://www\.w3\.org/(?:ns/ttml|\d+/\d+/ttaf1)",
        "captions as TTML",
        _CAPTIONS,
    ),
    (r"(?si)\A.{0,400}<(?:timedtext|sami)\b", "captions as SAMI or of YouTube", _CAPTIONS),
    (r"\A\s*\[Script Info\]", "captions as SSA or ASS", _CAPTIONS),
    (
        r"\A\s*(?:\[\s*[\[{\"]|\{\s*\")",
        "JSON that is not JSONL",
        "write each record as one line, with its text in a field text",
    ),
    (
        r"\A\"?\w+\"?([,;\t])\"?\w+\"?(?:\1\"?\w+\"?)*\r?\n.*\1",
        "a table (CSV)",
        "write each row as a line NAME: words, or as a record of JSONL with its text in a field text",
    ),
)
_TEXT_RES = [(re.compile(pattern), Stranger(name, advice)) for pattern, name, advice in _TEXTS]

# A mail, or a page that a browser saved as one: headers, and somewhere a part whose letters are coded.
_HEADERS_RE = re.compile(rb"(?:From [^\n]{1,200}\n)?(?:[!-9;-~]{1,60}:[^\n]*\n(?:[ \t][^\n]*\n)*){2,200}\r?\n")
_MIME_RE = re.compile(rb"^(?:mime-version|content-type):", re.IGNORECASE | re.MULTILINE)
_CODED_RE = re.compile(rb"^content-transfer-encoding:\s*(?:quoted-printable|base64)", re.IGNORECASE | re.MULTILINE)
_MAIL = Stranger(
    "a mail, or a page saved as one, in quoted-printable or base64",
    "save its text, or the page as HTML, and give that",
)


def name_bytes(head: bytes) -> Stranger | None:
    """What a file is that is no text, by its first bytes; None where it may be text.

    >>> name_bytes(b"%PDF-1.7")
    Stranger(name='a PDF file', advice='save it as text, and give that')
    """
    if found := next((stranger for pattern, stranger in _BYTE_RES if pattern.match(head)), None):
        return found
    headers = _HEADERS_RE.match(head)
    return _MAIL if headers and _MIME_RE.search(headers[0]) and _CODED_RE.search(head) else None


def name_text(head: str) -> Stranger | None:
    """What a text is that no format reads, by its first characters; None where that is not known.

    >>> name_text("speaker,text\\nAda Lind,Good day.\\n").name
    'a table (CSV)'
    """
    return next((stranger for pattern, stranger in _TEXT_RES if pattern.match(head)), None)
