"""Character sets as pages and headers name them, and the codecs of Python that read them.

A name means what browsers take it to mean (the labels of the WHATWG's Encoding Standard): pages were written to be read
there. `iso-8859-1` is windows-1252, which differs where Latin-1 has control characters only, and `gb2312` is what grew
out of it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

_HEAD_BYTES = 4096  # of a page; browsers look at 1,024, and pages put scripts before it

# Names that browsers know and Python does not, and that pages use.
_NAMES = {
    "cn-big5": "big5", "dos-874": "cp874", "gb_2312-80": "gb2312", "iso-8859-6-i": "iso8859_6",
    "iso-8859-8-e": "iso8859_8", "iso-8859-8-i": "iso8859_8", "koi": "koi8_r", "koi8": "koi8_r", "koi8-ru": "koi8_u",
    "ks_c_5601-1989": "euc_kr", "ksc_5601": "euc_kr", "logical": "iso8859_8", "mac": "mac_roman", "visual": "iso8859_8",
    "windows-31j": "cp932", "windows-874": "cp874", "windows-949": "cp949", "x-euc-jp": "euc_jp", "x-gbk": "gbk",
    "x-mac-cyrillic": "mac_cyrillic", "x-mac-roman": "mac_roman", "x-mac-ukrainian": "mac_cyrillic", "x-sjis": "cp932",
}  # fmt: skip

# What is meant by a codec's name; of several the first that fits. cp950 has the punctuation of Taiwan, big5hkscs the
# characters of Hong Kong; euc_jis_2004 the rows that makers of Japan added to EUC-JP.
_MEANT = {
    "ascii": ("cp1252",), "big5": ("cp950", "big5hkscs"), "euc_jp": ("euc_jp", "euc_jis_2004"), "euc_kr": ("cp949",),
    "gb2312": ("gb18030",), "gbk": ("gb18030",), "iso8859_1": ("cp1252",), "iso8859_11": ("cp874",),
    "iso8859_9": ("cp1254",), "shift_jis": ("cp932",), "tis_620": ("cp874",),
}  # fmt: skip

_NAME = rb"([A-Za-z0-9_.:-]{1,40})"
_DECLARED_RE = re.compile(
    rb"^\s{0,40}<\?xml\s[^<>]{0,200}?\bencoding\s{0,9}=\s{0,9}[\"']" + _NAME
    + rb"|<meta\s[^<>]{0,200}?\bcharset\s{0,9}=\s{0,9}[\"']?" + _NAME,
    re.IGNORECASE,
)  # fmt: skip
_PARAMETER_RE = re.compile(r";\s*charset\s*=\s*[\"']?([A-Za-z0-9_.:-]{1,40})", re.IGNORECASE)

# Whoever reads a declaration as ASCII knows that ASCII is ASCII in that character set: UTF-16 and EBCDIC are not meant.
# `\u0041` is there for Python's own codecs of escapes, which make an A of it.
_PLAIN = b"\\u0041\t\n\r" + bytes(byte for byte in range(0x20, 0x7F) if byte != ord("\\"))


def charset_of(content_type: str) -> str:
    """The character set that a Content-Type header names, as it writes it; empty without one.

    >>> charset_of('text/html; charset="windows-1254"')
    'windows-1254'
    """
    found = _PARAMETER_RE.search(content_type)
    return found[1] if found else ""


def declared_in(head: bytes) -> Iterator[str]:
    """The character sets that markup declares of itself, by its XML declaration or a meta element, as it writes them.

    >>> list(declared_in(b'<?xml version="1.0" encoding="koi8-u"?>'))
    ['koi8-u']
    """
    for found in _DECLARED_RE.finditer(head[:_HEAD_BYTES]):
        yield (found[1] or found[2]).decode("ascii")


def codecs_of(name: str) -> tuple[str, ...]:
    """The codecs of Python that a character set's name may mean, likeliest first; none where it means no text.

    >>> codecs_of("ISO-8859-9"), codecs_of("Big5"), codecs_of("utf-16"), codecs_of("rot13")
    (('cp1254',), ('cp950', 'big5hkscs'), (), ())
    """
    try:
        codec = codecs.lookup(_NAMES.get(name.lower(), name)).name.replace("-", "_")
        is_charset = _PLAIN.decode(codec) == _PLAIN.decode("ascii")  # which no codec of bytes to bytes does
    except (LookupError, ValueError):
        return ()
    return _MEANT.get(codec, (codec,)) if is_charset else ()
