"""An article of any publisher as HTML: its facts and its text are taken out, and read as `labelled-text`.

Chosen by name only, `--format article-html` or a source's profile: any page on earth could be one. The article is what
the page marks as such (`itemprop=articleBody`, `.entry-content`, `<article>`, `<main>`, in this order), of several the
one under the heading of the page, else the longest; what the page hides is no part of it. Its title, date, address and
language are those that the page tells machines. They stand above the text as front matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.formats import labelled_text
from tasks.formats.markup import ADDRESS_RE, MAX_TAGS

NAME = "article-html"
VERSION = 2  # since 2: of several articles the one with the heading; nothing hidden; no dates of other articles
SOURCE = labelled_text.SOURCE
LANGUAGE = labelled_text.LANGUAGE
TIME_ZONE = labelled_text.TIME_ZONE

split = labelled_text.split
parse = labelled_text.parse
is_complete = labelled_text.is_complete

_TAG_RE = re.compile(r"<[a-zA-Z/]")
_SPACE_RE = re.compile(r"\s+")
_ARTICLE_RE = re.compile(r"<article[\s>]|articleBody|entry-content|<main[\s>]")
_DAY_RE = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d)?(?:\.\d{1,6})?(?:Z|[+-]\d\d:?\d\d)?)?")
_LANGUAGE_RE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})?")

# Where an article stands, the surest first.
_BODIES = ("[itemprop=articleBody]", "article .entry-content", ".entry-content", ".body-content", "article", "main")
MAX_WEIGHED = 50  # elements that one selector finds
# Where pages tell their facts: front matter key -> whether in the article or anywhere on the page, selector, and the
# attribute that holds it; without, their text.
_FACTS = {
    "title": (
        ("page", "meta[property='og:title']", "content"), ("article", "h1", ""), ("page", "h1", ""),
        ("page", "title", ""),
    ),
    "published": (
        ("page", "meta[property='article:published_time']", "content"),
        ("article", "[itemprop=datePublished]", "datetime"), ("article", "[itemprop=datePublished]", "content"),
        ("page", "[itemprop=datePublished]", "datetime"), ("page", "[itemprop=datePublished]", "content"),
        ("article", "time.published", "datetime"), ("article", "time[datetime]", "datetime"),
    ),
    "url": (("page", "link[rel=canonical]", "href"), ("page", "meta[property='og:url']", "content")),
    "language": (("page", "html", "lang"),),
}  # fmt: skip
_APART = frozenset("aside footer nav".split())
_HIDDEN_RE = re.compile(r"(?:^|;)\s{0,9}display\s{0,9}:\s{0,9}none\b", re.IGNORECASE)
_UNSEEN = frozenset(
    "script style template noscript head nav aside footer form button figure iframe object svg video audio"
    " select".split()
)
_BLOCKS = frozenset(
    "address article blockquote br dd div dl dt h1 h2 h3 h4 h5 h6 header hr li main ol p pre section table td th tr"
    " ul".split()
)


def sniff(head: str) -> float:
    """Next to nothing, whatever the page: 0.35, less than any choice needs, where it marks an article."""
    return 0.35 if "<" in head and _ARTICLE_RE.search(head) else 0.0


def derive(markup: str) -> str:
    """The facts and the text of an article, a paragraph a line, blank lines between; nothing where there is no article.

    Raises:
        ValueError: the markup has too many tags to be a page.
    """
    if (tags := len(_TAG_RE.findall(markup))) > MAX_TAGS:
        raise ValueError(f"it has {tags} tags, and no page has more than {MAX_TAGS}")
    tree = LexborHTMLParser(markup)
    body = _find_body(tree)
    if body is None:
        return ""
    places = {"page": [tree.root] if tree.root else [], "article": _places_of(body)}
    facts = {key: _fact(places, key) for key in _FACTS}
    lines = [line for raw in "".join(_pieces(body)).split("\n") if (line := _SPACE_RE.sub(" ", raw).strip())]
    if lines and facts["title"] and lines[0].casefold() == facts["title"].casefold():
        lines = lines[1:]  # the heading in the article says it once more
    if not lines:
        return ""
    front = "".join(f"{key}: {value}\n" for key, value in facts.items() if value)
    return (f"---\n{front}---\n\n" if front else "") + "".join(f"{line}\n\n" for line in lines)


def _find_body(tree: LexborHTMLParser) -> LexborNode | None:
    """The article of a page. Of several the one under the heading of the page, else the longest: others are teasers."""
    for selector in _BODIES:
        found = [node for node in tree.css(selector)[:MAX_WEIGHED] if _is_shown(node)]
        if len(found) > 1:
            headed = [node for node in found if _article_of(node).css_first("h1")]
            return max(headed or found, key=lambda node: sum(map(len, _pieces(node))))
        if found:
            return found[0]
    return None


def _article_of(body: LexborNode) -> LexborNode:
    """The article that a body is or stands in, with its heading; where the page marks none, what is around the body."""
    around = {node.tag: node for node in reversed([body, *_above(body)])}
    return around.get("article") or around.get("main") or body.parent or body


def _places_of(body: LexborNode) -> list[LexborNode]:
    """The article that a body stands in, and the headers beside it."""
    article = _article_of(body)
    beside = [] if article.parent is None else _children(article.parent)
    return [article, *(node for node in beside if node.tag == "header")]


def _above(node: LexborNode) -> Iterator[LexborNode]:
    while (parent := node.parent) is not None:
        yield parent
        node = parent


def _children(node: LexborNode) -> Iterator[LexborNode]:
    child = node.child
    while child is not None:
        yield child
        child = child.next


def _is_shown(node: LexborNode) -> bool:
    """Whether a reader of the page sees a node, and not beside the article."""
    return not any(one.tag in _APART or _is_hidden(one) for one in (node, *_above(node)))


def _is_hidden(node: LexborNode) -> bool:
    told = node.attributes
    if "hidden" in told or (told.get("aria-hidden") or "").strip().lower() == "true":
        return True
    return _HIDDEN_RE.search(told.get("style") or "") is not None


def _fact(places: Mapping[str, Sequence[LexborNode]], key: str) -> str:
    for where, selector, attribute in _FACTS[key]:
        for node in (node for place in places[where] for node in place.css(selector)[:MAX_WEIGHED]):
            found = (node.attributes.get(attribute) if attribute else node.text()) or ""
            if (value := _read(key, _SPACE_RE.sub(" ", found).strip())) and _is_shown(node):
                return value
    return ""


def _read(key: str, value: str) -> str:
    if key == "url":
        return value if ADDRESS_RE.fullmatch(value) else ""
    if key == "published":
        match = _DAY_RE.match(value)
        return match[0] if match else ""
    if key == "language":
        return value.replace("_", "-") if _LANGUAGE_RE.fullmatch(value) else ""
    if value[:1] in tuple("\"'[]{}&*!|>%@`#-?:,") and "'" not in value:
        return f"'{value}'"
    return value[:1000]


def _pieces(root: LexborNode) -> Iterator[str]:
    """The text below a node in order, line feeds where a line ends. Walks without recursion: markup may nest deeply."""
    node: LexborNode | None = root.child
    above: list[LexborNode] = []
    while node is not None or above:
        if node is None:
            parent = above.pop()
            yield "\n" if parent.tag in _BLOCKS else ""
            node = parent.next
            continue
        below = None
        if node.tag == "-text":
            yield _SPACE_RE.sub(" ", node.text_content or "").replace("\N{SOFT HYPHEN}", "")
        elif node.tag and node.tag[0] != "-" and node.tag not in _UNSEEN and not _is_hidden(node):
            yield "\n" if node.tag in _BLOCKS else ""
            below = node.child
        if below is not None:
            above.append(node)
            node = below
        else:
            node = node.next
