"""An article of any publisher as HTML: its facts and its text are taken out, and read as `labelled-text`.

Chosen by name only, `--format article-html` or a source's profile: any page on earth could be one. The article is what
the page marks as such (`itemprop=articleBody`, `.entry-content`, `<article>`, `<main>`, in this order); its title,
date, address and language are those that the page tells machines. They stand above the text as front matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tasks.formats import labelled_text
from tasks.formats.markup import ADDRESS_RE, MAX_TAGS

NAME = "article-html"
VERSION = 1
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
# Where pages tell their facts: front matter key -> selectors with the attribute that holds it; without, their text.
_FACTS = {
    "title": (("meta[property='og:title']", "content"), ("h1", ""), ("title", "")),
    "published": (
        ("meta[property='article:published_time']", "content"), ("[itemprop=datePublished]", "datetime"),
        ("[itemprop=datePublished]", "content"), ("time.published", "datetime"), ("time[datetime]", "datetime"),
    ),
    "url": (("link[rel=canonical]", "href"), ("meta[property='og:url']", "content")),
    "language": (("html", "lang"),),
}  # fmt: skip
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
    body = next((found for selector in _BODIES if (found := tree.css_first(selector)) is not None), None)
    if body is None:
        return ""
    facts = {key: _fact(tree, key) for key in _FACTS}
    lines = [line for raw in "".join(_pieces(body)).split("\n") if (line := _SPACE_RE.sub(" ", raw).strip())]
    if lines and facts["title"] and lines[0].casefold() == facts["title"].casefold():
        lines = lines[1:]  # the heading in the article says it once more
    if not lines:
        return ""
    front = "".join(f"{key}: {value}\n" for key, value in facts.items() if value)
    return (f"---\n{front}---\n\n" if front else "") + "".join(f"{line}\n\n" for line in lines)


def _fact(tree: LexborHTMLParser, key: str) -> str:
    for selector, attribute in _FACTS[key]:
        node = tree.css_first(selector)
        found = ((node.attributes.get(attribute) if attribute else node.text()) or "") if node else ""
        if value := _read(key, _SPACE_RE.sub(" ", found).strip()):
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
        elif node.tag and node.tag[0] != "-" and node.tag not in _UNSEEN:
            yield "\n" if node.tag in _BLOCKS else ""
            below = node.child
        if below is not None:
            above.append(node)
            node = below
        else:
            node = node.next
