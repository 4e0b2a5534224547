"""From the markup of an event page to its text: what a reader sees, line by line, and the addresses behind it.

The lines are those of a text dump of the same page. Addresses, which text cannot carry, stand in lines of their own
between marks that no page prints: `⟦page http://…⟧` above the page, `⟦link http://…⟧` under the link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import urljoin

from selectolax.lexbor import LexborHTMLParser, LexborNode

OPENING, CLOSING = "\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}", "\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}"
# The reader's time grows with tags times depth: 2 s for this many nested ones. Pages of four hours have half as many.
MAX_TAGS = 20_000
MAX_TAG_CHARS = 60_000  # and with the square of the attributes of a tag; the longest seen has 3,300

ADDRESS_RE = re.compile(r"https?://[^\s<>\x22\N{MATHEMATICAL LEFT WHITE SQUARE BRACKET}-"
                        r"\N{MATHEMATICAL RIGHT WHITE SQUARE BRACKET}]{1,2000}")  # fmt: skip
PAGE_BREAK = "\f\n"  # white space to whoever reads: no block, and in no line of a page
MAX_PAGES = 1000  # cuts, two a page
MAX_TITLE_CHARS = 100_000  # of the markup of a page, to find its title in
_CONTENT_RE = re.compile(r"[\"'\s=]e(?:ntry)?-content\b")
_TAG_RE = re.compile(r"<[a-zA-Z/]")
_LONG_TAG_RE = re.compile(rf"<[a-zA-Z][^<>]{{{MAX_TAG_CHARS}}}")
_FORMATTING_RE = re.compile(r"<(?:b|big|code|em|font|i|nobr|s|small|strike|strong|tt|u)[\s/]", re.IGNORECASE)
_SPACE_RE = re.compile(r"\s+")
# Where one page of several in a dump begins. Conditional comments hold `<html`, so that proves nothing.
_PAGE_RE = re.compile(r"<!doctype\s|(?<=</html>)(?=\s{0,999}<)", re.IGNORECASE)
# What an archive writes before the address of a page or link: `https://web.archive.org/web/20200101000000id_/`.
_ARCHIVE_RE = re.compile(r"(?:(?:https?:)?//web\.archive\.org)?/web/\d{1,14}(?:[a-z]{2}_)?/(?=https?:/)")
# The photos or videos of an event, in pages of their own.
_VIEW_RE = re.compile(r"/(?:photos?|videos?|audios?)(?:/\d{1,9})?$")
_OWN_HOST_RE = re.compile(r"https?://(?:[a-z]+\.){0,2}kremlin\.ru/")

_UNSEEN = frozenset("script style template noscript head video audio source track img meta svg iframe object".split())
_BLOCKS = frozenset(
    "address article aside blockquote div dd dl dt figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main"
    " nav ol p pre section table tbody td th thead tr ul".split()
)
_UNSEEN_CLASSES = frozenset({"media__container_video", "read__share", "read__tabs"})


def derive(markup: str, of: str = "of") -> str:
    """The text of one event page, or of several one behind the other.

    Args:
        markup: the HTML of the page, decoded.
        of: the word between the numbers of a slider: `1 of 3`.

    Returns:
        Lines without white space at their ends, each closed by a line feed; nothing where the markup holds no event,
        but a list of them, or the photos or videos of one.
        Between pages stands a line with a form feed. A page of several that is no event is its title alone.

    Raises:
        ValueError: the markup has too many tags to be a page, or too many pages.
    """
    starts = sorted({0, *(match.start() for match in _PAGE_RE.finditer(markup))})
    if len(starts) > MAX_PAGES:
        raise ValueError(f"it holds more than {MAX_PAGES} pages: give them in several files")
    pages = [markup[start:end] for start, end in pairwise((*starts, len(markup)))]
    if sum(_CONTENT_RE.search(page) is not None for page in pages) < 2:
        return _derive_page(markup, of)
    if (tags := len(_TAG_RE.findall(markup))) > MAX_TAGS * 10:
        raise ValueError(f"its pages have {tags} tags together: give them in several files")
    return PAGE_BREAK.join(text for page in pages if (text := _derive_page(page, of) or _title(page)))


def _title(page: str) -> str:
    """The title of a page that holds no event: a line of text, or nothing."""
    node = LexborHTMLParser(page[:MAX_TITLE_CHARS]).css_first("title")
    title = _SPACE_RE.sub(" ", node.text()).strip() if node else ""
    return f"{title}\n" if title else ""


def _derive_page(markup: str, of: str) -> str:
    if (tags := len(_TAG_RE.findall(markup))) > MAX_TAGS:
        raise ValueError(f"it has {tags} tags, and no page has more than {MAX_TAGS}")
    if _LONG_TAG_RE.search(markup):
        raise ValueError(f"it has a tag of more than {MAX_TAG_CHARS} characters, and no page has")
    tree = LexborHTMLParser(_strip_formatting(markup))
    entry, address = _find_entry(tree), _page_address(tree)
    if entry is None or (address and _VIEW_RE.search(address)):
        return ""
    pieces = list(_pieces(entry, address, of))
    if address:
        pieces.insert(0, f"{_mark('page', address)}\n")
    # A line feed in a piece ends a line; those of the source are folded on the way in.
    lines = (_SPACE_RE.sub(" ", line).strip() for line in "".join(pieces).split("\n"))
    return "".join(f"{line}\n" for line in lines if line)


def _strip_formatting(markup: str) -> str:
    """Take the attributes off formatting tags.

    A reader opens formatting that is never closed again in each paragraph, once for each set of attributes: a page of
    1 MB can ask for gigabytes so. Without attributes it is three times at most.
    """
    pieces = []
    at = 0
    for match in _FORMATTING_RE.finditer(markup):
        if match.start() < at:
            continue
        end = markup.find(">", match.end())
        if end < 0:
            break
        pieces.append(markup[at : match.end() - 1])
        at = end
    return "".join((*pieces, markup[at:]))


def _find_entry(tree: LexborHTMLParser) -> LexborNode | None:
    """The event of a page: an entry with content. Of several the one with the title of the page; else it is a list."""
    found = [node for node in tree.css(".h-entry, .hentry") if node.css_first(".e-content, .entry-content")]
    if len(found) > 1:
        found = [node for node in found if node.css_first("h1")]
    return found[0] if found else None


def _page_address(tree: LexborHTMLParser) -> str | None:
    """The address that the page gives as its own: for sharing, as canonical, or for the reader's script."""
    for selector, attribute in (
        ('meta[property="og:url"]', "content"),
        ('link[rel="canonical"]', "href"),
        (".read[data-href]", "data-href"),
    ):
        node = tree.css_first(selector)
        address = _ARCHIVE_RE.sub("", (node.attributes.get(attribute) or "").strip(), count=1) if node else ""
        if ADDRESS_RE.fullmatch(address):
            return _plain_address(address)
    return None


def _plain_address(address: str) -> str:
    """The address of an event without what only says how it was asked for: `?utm_source=…`, `#sel=…`, `/print`, `/`."""
    if not _OWN_HOST_RE.match(address):
        return address
    return address.partition("#")[0].partition("?")[0].removesuffix("/").removesuffix("/print")


def _mark(word: str, address: str) -> str:
    return f"{OPENING}{word} {address}{CLOSING}"


def _pieces(entry: LexborNode, address: str | None, of: str) -> Iterator[str]:
    """The text of a node in order; line feeds where a line ends. Walks without recursion: markup may nest deeply."""
    node: LexborNode | None = entry.child
    above: list[LexborNode] = []
    while node is not None or above:
        if node is None:
            parent = above.pop()
            yield from _leave(parent, address)
            node = parent.next
            continue
        below = None
        if node.tag == "-text":
            yield _words(node.text_content or "")
        elif node.tag == "br":
            yield "\n"
        elif node.tag and node.tag[0] != "-" and node.tag not in _UNSEEN:
            classes = (node.attributes.get("class") or "").split()
            if "read__tooltip" in classes:
                yield "\n"
            elif "slider" in classes:
                yield from _slider(node, of)
            elif _UNSEEN_CLASSES.isdisjoint(classes):
                if node.tag in _BLOCKS or "cut__item" in classes or "media__title" in classes:
                    yield "\n"
                below = node.child
                if below is None:
                    yield from _leave(node, address)
        if below is not None:
            above.append(node)
            node = below
        else:
            node = node.next


def _leave(node: LexborNode, address: str | None) -> Iterator[str]:
    classes = (node.attributes.get("class") or "").split()
    if node.tag in _BLOCKS or "cut__item" in classes or "media__title" in classes:
        yield "\n"
    if "cut__description" in classes and (link := node.css_first("a.cut__item[href]")):
        target = _resolve(link.attributes.get("href") or "", address)
        if target:
            yield f"{_mark('link', target)}\n"


def _resolve(href: str, address: str | None) -> str | None:
    """The whole address of a link. A mirror writes `56735.html` for what the site has at `…/news/56735`."""
    try:
        href = _ARCHIVE_RE.sub("", href.strip(), count=1)
        target = urljoin(address or "", href)
    except ValueError:  # `http://[`
        return None
    if _OWN_HOST_RE.match(target) and not href.startswith(("http:", "https:")):
        target = target.removesuffix(".html")
    return target if ADDRESS_RE.fullmatch(target) else None


def _slider(node: LexborNode, of: str) -> Iterator[str]:
    """Counter and first caption: what a slider shows before anybody moves it."""
    slides = node.css(".slide")
    first = node.css_first(".starting-slide") or node.css_first(".slide")
    shown = (first.attributes.get("data-cycle-desc") or "") if first else ""
    yield "\n"
    if len(slides) > 1:
        yield f"1 {of} {len(slides)}\n"
    yield _words(shown)
    yield "\n"


def _words(text: str) -> str:
    """Text of the markup as text of a line: no breaks, no soft hyphens, and nothing that reads as a mark of ours."""
    return _SPACE_RE.sub(" ", text).replace("\N{SOFT HYPHEN}", "").replace(OPENING, f"{OPENING} ")
