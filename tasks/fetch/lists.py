"""What lists, feeds and sitemaps name: pure functions from a body to entries."""

from __future__ import annotations

import datetime as dt
import email.utils
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException
from selectolax.lexbor import LexborHTMLParser, LexborNode

from storage.errors import UnsafeInputError
from tasks.fetch.address import Address, join
from tasks.fetch.profile import ByDate, Feed, Paged, Sitemap
from tasks.formats.dates import find_days

MAX_ENTRIES = 50_000  # as many as a sitemap may hold
MAX_XML_BYTES = 64 << 20  # a sitemap may have 50 MB, not compressed

_MAX_DATE_CHARS = 300  # of what stands where a day should

_ISO_DAY_RE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")

Admit = Callable[[Address], Address]


class NotAListError(ValueError):
    """A body that should be a list and is none; the message says what it lacks."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One page that a list names: its address, the day it is listed under, and when it last changed, where told."""

    address: Address
    day: dt.date | None = None
    updated: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What one list names, in its order; lists next to it; how many entries have an address that may not be asked.

    `number`: which of all lists it is, so that two addresses of one list are known as such; `undated`: what entries
    print where the profile says that their day stands, and no day can be read, empty where nothing stands there.
    """

    entries: tuple[Entry, ...]
    older: Address | None = None
    newer: Address | None = None
    number: str | None = None
    children: tuple[Address, ...] = ()
    refused: int = 0
    undated: tuple[str, ...] = ()


def read_markup(body: bytes, spec: ByDate | Paged, base: Address, admit: Admit) -> Listing:
    """The entries of a list in HTML.

    Raises:
        NotAListError: the frame that every list has is not there: an error page, or a new layout.
    """
    tree = LexborHTMLParser(body)
    if tree.css_first(spec.frame) is None:
        raise NotAListError(f"has no {spec.frame}, which every list has")
    found: list[Entry] = []
    undated: list[str] = []
    refused = 0
    for node in tree.css(spec.entry)[:MAX_ENTRIES]:
        link = node.css_first(spec.link)
        href = (link.attributes.get("href") or "") if link else ""
        address = _admit(href, base, admit, spec.include)
        if address is None:
            refused += bool(href)
            continue
        day, printed = _day_in(node, spec.date)
        found.append(Entry(address, day))
        if spec.date and day is None:
            undated.append(printed)
    return Listing(
        tuple(found), _link(tree, spec.next, base, admit), _link(tree, spec.previous, base, admit),
        _number(tree, spec.number), refused=refused, undated=tuple(undated),
    )  # fmt: skip


def _link(tree: LexborHTMLParser, selector: str | None, base: Address, admit: Admit) -> Address | None:
    node = tree.css_first(selector) if selector else None
    return _admit(node.attributes.get("href") or "", base, admit, None) if node else None


def _number(tree: LexborHTMLParser, selector: str | None) -> str | None:
    node = tree.css_first(selector) if selector else None
    return node.attributes.get("data-page") if node else None


def _day_in(node: LexborNode, selector: str | None) -> tuple[dt.date | None, str]:
    """The day of an entry, and what stands where it should."""
    found = node.css_first(selector) if selector else None
    if found is None:
        return None, ""
    told = [text for text in (found.attributes.get("datetime"), found.text()) if text and text.strip()]
    return next((day for text in told if (day := _day(text))), None), " ".join(told[-1].split())[:60] if told else ""


def _admit(href: str, base: Address, admit: Admit, include: str | None) -> Address | None:
    """The address of a link, or None where it leads elsewhere."""
    if not href.strip():
        return None
    try:
        address = admit(join(base, href))
    except UnsafeInputError:
        return None
    return address if include is None or re.search(include, address.target) else None


def _day(text: str | None) -> dt.date | None:
    """The day of a date as feeds, sitemaps and markup write it, or as heads of transcripts print it; as written,
    whatever the zone."""
    text = (text or "").strip()
    if found := _ISO_DAY_RE.match(text):
        try:
            return dt.date(*map(int, found.groups()))
        except ValueError:
            return None
    if printed := {day for _, _, day in find_days(text[:_MAX_DATE_CHARS])}:
        return printed.pop() if len(printed) == 1 else None
    parsed = email.utils.parsedate_tz(text)
    try:
        return dt.date(*parsed[:3]) if parsed else None
    except ValueError:
        return None


def read_feed(body: bytes, spec: Feed, base: Address, admit: Admit) -> Listing:
    """The entries of an Atom or RSS feed.

    Raises:
        NotAListError: it is no such feed.
    """
    root = _parse_xml(body)
    if _name(root) not in ("feed", "rss", "RDF"):
        raise NotAListError(f"is no feed: its root is {_name(root)[:40]}")
    found, refused = [], 0
    for item in _named(root, "entry", "item"):
        parts = {_name(child): (child.text or "").strip() for child in reversed(item)}
        address = _admit(_feed_link(item) or parts.get("guid", ""), base, admit, spec.include)
        if address is None:
            refused += 1
            continue
        day = next((day for key in ("published", "issued", "pubDate", "date") if (day := _day(parts.get(key)))), None)
        found.append(Entry(address, day or _day(parts.get("updated")), _day(parts.get("updated"))))
    older = next((one.get("href") for one in root.iter() if _name(one) == "link" and one.get("rel") == "next"), None)
    return Listing(tuple(found), _admit(older or "", base, admit, None), refused=refused)


def _feed_link(item: Element) -> str:
    """Atom gives links as attributes, the alternate one without or with that name; RSS as text."""
    for child in item:
        if _name(child) == "link":
            if (href := child.get("href")) and child.get("rel", "alternate") == "alternate":
                return href
            if child.text and child.text.strip():
                return child.text.strip()
    return ""


def read_sitemap(body: bytes, spec: Sitemap, base: Address, admit: Admit) -> Listing:
    """The entries of a sitemap, or the sitemaps that an index names.

    Raises:
        NotAListError: it is no sitemap.
    """
    root = _parse_xml(_expand(body))
    kind = _name(root)
    if kind not in ("urlset", "sitemapindex"):
        raise NotAListError(f"is no sitemap: its root is {kind[:40]}")
    found, children, refused = [], [], 0
    for item in _named(root, "url", "sitemap"):
        parts = {_name(child): (child.text or "").strip() for child in item}
        include = spec.include if kind == "urlset" else spec.files_include
        address = _admit(parts.get("loc", ""), base, admit, include)
        if address is None:
            refused += 1
        elif kind == "urlset":
            found.append(Entry(address, _day_of_path(spec.day, address.target), _day(parts.get("lastmod"))))
        else:
            children.append(address)
    return Listing(tuple(found), children=tuple(children), refused=refused)


def _day_of_path(pattern: str | None, path: str) -> dt.date | None:
    found = re.search(pattern, path) if pattern else None
    if not found:
        return None
    try:
        return dt.date(int(found["year"]), int(found["month"]), int(found["day"]))
    except (ValueError, IndexError, TypeError):
        return None


def _expand(body: bytes) -> bytes:
    """A sitemap that is a gzip file, as many are, expanded under the limit."""
    if not body.startswith(b"\x1f\x8b"):
        return body
    decoder = zlib.decompressobj(31)
    try:
        data = decoder.decompress(body, MAX_XML_BYTES)
    except zlib.error as error:
        raise NotAListError(f"is a damaged gzip file: {error}") from None
    if not decoder.eof:
        raise NotAListError(f"is cut off, or expands to more than {MAX_XML_BYTES} bytes")
    return data


def _parse_xml(body: bytes) -> Element:
    """The root of an XML document; one with a document type is refused: entities could be made to explode."""
    try:
        root: Element = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise NotAListError(f"is no plain XML: {type(error).__name__}: {error}"[:200]) from None
    return root


def _named(root: Element, *names: str) -> Iterator[Element]:
    for count, element in enumerate(element for element in root.iter() if _name(element) in names):
        if count == MAX_ENTRIES:
            return
        yield element


def _name(element: Element) -> str:
    """A tag without its name space."""
    return str(element.tag).rpartition("}")[2]
