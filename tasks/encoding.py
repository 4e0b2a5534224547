"""From bytes to text, with the evidence: no character is ever dropped or replaced in silence."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from tasks.charsets import codecs_of, declared_in

SAMPLE_BYTES = 1 << 20
BINARY_SHARE = 0.003  # control characters over all; text has none but tab, line and page ends, a PDF has 1 % and more
CANDIDATES = ["cp1252", "cp1251", "koi8_r", "mac_cyrillic", "cp866", "iso8859_5", "iso8859_2", "mac_roman"]
STRAY_SHARE = 0.05  # bytes that are no UTF-8 over bytes that are not ASCII, up to which a text still counts as UTF-8
# The same where these bytes are marks of windows-1252: pages in two encodings were joined. A mark has three bytes in
# UTF-8, so this holds up to three of four marks; a text in windows-1252 alone has next to nothing that reads as UTF-8.
MARKS_SHARE = 0.5
ALPHABET_SHARE = 0.9  # of the upper bytes of UTF-16, of two values; text of the Kremlin in Russian has 0.996
TYPOGRAPHIC_SHARE = 0.9  # of the marks, from which on a text reads as one in a Western language

IN_HEADER = "declared in the HTTP header"
_IN_MARKUP = "declared in the markup"
_DETECTED = "detected over"
_BY_MARK, _STRICT = "byte order mark", "strict UTF-8"
CERTAIN = frozenset({_BY_MARK, _STRICT})  # evidence that the bytes give themselves: another look finds the same

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL_RE = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_MULTIBYTE_RE = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
_NO_TEXT_RE = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f-\x84\x86-\x9f\ufdd0-\ufdef\ufffe\uffff]")
_HIGH_RE = re.compile(rb"[\x80-\xff]")
_MARKED_RE = re.compile("[À-ÖØ-öø-ɏ]")  # Latin letters that ASCII has not
_ROWS_RE = re.compile(_MARKED_RE.pattern + "{4,}")


@dataclass(frozen=True, slots=True)
class Encoding:
    """How bytes are to be read, and why. `codec` None: they are no text."""

    codec: str | None
    evidence: str

    @property
    def is_utf8(self) -> bool:
        """Whether the bytes are their own rendition."""
        return self.codec == "utf-8"


def _decode_stray(error: UnicodeError) -> tuple[str, int]:
    """Read bytes that are no UTF-8 as windows-1252, then Latin-1: one character a byte, so that nothing is lost."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    stray = error.object[error.start : error.end]
    return "".join(bytes([byte]).decode("cp1252", "stenolake-latin") for byte in stray), error.end


def _decode_latin(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return error.object[error.start : error.end].decode("latin-1"), error.end


codecs.register_error("stenolake-stray", _decode_stray)
codecs.register_error("stenolake-latin", _decode_latin)


def decodes(chunks: Iterable[bytes], codec: str) -> bool:
    """Whether a stream of bytes is text in a codec from end to end."""
    decoder = codecs.getincrementaldecoder(codec)()
    try:
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeError:
        return False
    return True


def detect(sample: bytes, is_whole: Callable[[str], bool], charset: str = "") -> Encoding:
    """Decide how a dump is to be read.

    Order: byte order mark, strict UTF-8 of the whole, UTF-8 with a few stray bytes, what a header tells, what markup
    declares of itself, a detector over the sample. A declaration counts where it can be true: see `_read_declared`.

    Args:
        sample: the first `SAMPLE_BYTES` of the dump.
        is_whole: what `decodes` says of all of it and a codec.
        charset: the character set that the header of an HTTP response named for it.
    """
    for mark, codec in _BOMS:
        if sample.startswith(mark) and (codec != "utf-8" or is_whole("utf-8")):
            return Encoding(codec, _BY_MARK)
    if b"\0" in sample and (wide := _find_wide(sample)):
        return Encoding(wide, "every second byte as in UTF-16 without a mark")
    if len(_CONTROL_RE.findall(sample)) > BINARY_SHARE * len(sample):
        return Encoding(None, "control characters, as in a binary file")
    if is_whole("utf-8"):
        return Encoding("utf-8", _STRICT)
    multibyte = sum(len(run) for run in _MULTIBYTE_RE.findall(sample))
    stray = len(_HIGH_RE.findall(sample)) - multibyte
    has_marks = _typographic_share(_MULTIBYTE_RE.sub(b"", sample), "cp1252") > TYPOGRAPHIC_SHARE
    share = MARKS_SHARE if has_marks else STRAY_SHARE
    if multibyte and stray <= share * (multibyte + stray):
        return Encoding("utf-8+stray", f"UTF-8 with {stray} stray bytes in the first MiB, read as windows-1252")
    return _read_declared(sample, is_whole, charset) or _detect_single_byte(sample)


def _find_wide(sample: bytes) -> str | None:
    """The UTF-16 of text in Latin or in another alphabet; None where bytes do not look like it.

    The upper byte of nearly every character is that of the alphabet, or zero, as of spaces and of Latin letters.
    """
    for codec, upper in (("utf-16-le", sample[1::2]), ("utf-16-be", sample[0::2])):
        if upper.count(0) > 0.4 * len(upper):
            return codec
        common = Counter(upper).most_common(2)
        if 0 in dict(common) and sum(dict(common).values()) > ALPHABET_SHARE * len(upper) and _is_text(sample, codec):
            return codec
    return None


def _is_text(sample: bytes, codec: str) -> bool:
    """Whether bytes decode, and next to nothing of what they give is a control character, or no character at all."""
    try:
        text = codecs.getincrementaldecoder(codec)().decode(sample)
    except UnicodeDecodeError:
        return False
    return len(_NO_TEXT_RE.findall(text)) <= BINARY_SHARE * len(text)


def _read_declared(sample: bytes, is_whole: Callable[[str], bool], charset: str) -> Encoding | None:
    """The encoding that a header or else markup declares; None where none does, or what they declare is not true.

    It is not where the dump does not decode in it from end to end. Nearly everything decodes as windows-1252, which
    servers and editors name without a look: there it must read as spelled in Latin letters, too.
    """
    declared = [(charset, IN_HEADER)] if charset else []
    declared += [(name, _IN_MARKUP) for name in declared_in(sample)]
    for name, evidence in declared:
        for codec in codecs_of(name):
            if is_whole(codec) and _is_spelled(codecs.getincrementaldecoder(codec)().decode(sample)):
                return Encoding(codec, evidence)
    return None


def _is_spelled(text: str) -> bool:
    """Whether marked Latin letters stand among plain ones, as in all languages, and not in rows, as in `Ïðèâåò`."""
    return sum(map(len, _ROWS_RE.findall(text))) <= 0.5 * len(_MARKED_RE.findall(text))


def _detect_single_byte(sample: bytes) -> Encoding:
    import charset_normalizer

    best = charset_normalizer.from_bytes(sample, cp_isolation=CANDIDATES, enable_fallback=False).best()
    if best is None:
        return Encoding(None, "no encoding makes text of it")
    high = len(_HIGH_RE.findall(sample))
    codec = best.encoding
    if high < 0.1 * len(sample):
        # English with typographic marks: all candidates spell the letters alike, one of these two alone the marks as
        # used. Where both do, as with a `É` that is a `…` in the other, windows-1252 is the one that is met.
        shares = {one: _typographic_share(sample, one) for one in ("cp1252", "mac_roman")}
        marked = max(shares, key=lambda one: shares[one])
        codec = marked if shares[marked] > TYPOGRAPHIC_SHARE else codec
    return Encoding(codec, f"{_DETECTED} {len(sample)} bytes, {high} of them not ASCII")


_TYPOGRAPHIC = frozenset("‘’“”–—…•™€ «»°é§©®−\u00a0áàâäãåçèêëíìîïñóòôöõøúùûüýÿßÁÀÉÈÍÓÖÜ")


def _typographic_share(sample: bytes, codec: str) -> float:
    """How many of the characters that are not ASCII are such as a text in a Western language has; 0 for none."""
    try:
        marks = [char for char in sample.decode(codec) if ord(char) > 127]
    except UnicodeDecodeError:
        return 0.0
    return sum(char in _TYPOGRAPHIC for char in marks) / max(len(marks), 1)


def doubts_of(derivation: Mapping[str, object]) -> list[str]:
    """What is doubtful in the text of a dump with this derivation, as `documents.inferred` says it: `text: why`.

    >>> doubts_of({"encoding": "cp1251", "evidence": "detected over 900 bytes, 400 of them not ASCII"})
    ['text: encoding cp1251 was detected, nothing declared it']
    """
    if not str(derivation.get("evidence")).startswith(_DETECTED):
        return []
    return [f"text: encoding {derivation['encoding']} was detected, nothing declared it"]


def decode(chunks: Iterable[bytes], codec: str) -> Iterator[str]:
    """The text of a stream of bytes, piece by piece.

    Raises:
        UnicodeDecodeError: the bytes are not of that encoding after all.
    """
    name, errors = ("utf-8", "stenolake-stray") if codec == "utf-8+stray" else (codec, "strict")
    decoder = codecs.getincrementaldecoder(name)(errors)
    for chunk in chunks:
        if text := decoder.decode(chunk):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text
