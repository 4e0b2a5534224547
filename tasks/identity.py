"""Identifiers: hashes of the fewest facts that every format shows, so that better parsing renames nothing."""

from __future__ import annotations

import datetime as dt
import functools
import hashlib
import re
import unicodedata
from collections.abc import Iterable

DOCUMENT_ID_CHARS = 20  # 80 bits: a lake of ten million documents meets no two alike

# Where the address of a page has the number that all editions of a source give to one event. An item stands under
# several addresses of its site, with one number.
_EVENT_RES = {
    "kremlin": re.compile(
        r"https?://(?:[a-z-]+\.)?kremlin\.ru/(?:events(?:/[a-z-]+){1,4}|acts/news|d)/([0-9]+)(?![^/?#])"
    )
}
_NOT_SLUG_RE = re.compile(r"[^\w]+")


def document_id(source: str, language: str, published: dt.datetime | dt.date | None, title: str) -> str:
    """Stable id of a document: source, language, publication time (in UTC) or date, and title as folded.

    >>> document_id("demo", "en", dt.date(2020, 1, 2), "Harvest talks")
    '10ac5b7d3a95d64d2d8c'
    """
    if isinstance(published, dt.datetime):
        when = published.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%MZ")
    else:
        when = published.isoformat() if published else ""
    facts = "\n".join((source, language, when, unicodedata.normalize("NFC", title)))
    return hashlib.sha256(facts.encode()).hexdigest()[:DOCUMENT_ID_CHARS]


@functools.lru_cache(maxsize=1 << 16)
def row_mark(letter: str, index: int) -> str:
    """What follows the document id in the id of a row: `-t0003`. Letters: t turn, p paragraph, g tag, l link, o photo.

    >>> row_mark("t", 3)
    '-t0003'
    """
    return f"-{letter}{index:04d}"


@functools.lru_cache(maxsize=1 << 14)
def speaker_id(name: str) -> str:
    """Id of a person by the name as printed, case and marks aside.

    >>> speaker_id("Zoé  MARDEN")
    'zoe-marden'
    """
    plain = "".join(c for c in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(c))
    return _NOT_SLUG_RE.sub("-", plain).strip("-")


def event_id(source: str | None, url: str | None) -> str | None:
    """Id of an event that several editions tell, by the number in the address; None where it has none.

    >>> event_id("kremlin", "http://en.kremlin.ru/events/president/news/123")
    'kremlin-123'
    """
    if not source or not url or source not in _EVENT_RES:
        return None
    found = _EVENT_RES[source].match(url)
    return f"{source}-{found[1]}" if found else None


def content_sha256(texts: Iterable[bytes]) -> str:
    """Hash of what a document says: its folded texts in UTF-8, in order, page furniture left out by the caller."""
    return hashlib.sha256(b"\n".join([*texts, b""])).hexdigest()
