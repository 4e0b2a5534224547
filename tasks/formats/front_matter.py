"""Front matter: facts of a document between `---` (YAML) or `+++` (TOML) rows above its text.

Only entries at the left margin are read, each by itself, so that one that is broken costs no other and no entry can
refer to another. What is read becomes a block of the kind that such a fact has anywhere; the rest is `front_matter`.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
from collections.abc import Mapping
from typing import NamedTuple

import yaml

from tasks.formats.blocks import Block, fold

MAX_CHARS = 32_768

_OPEN_RE = re.compile(r"\ufeff?\s*(---|\+\+\+)[^\S\n]*\r?\n")
_CLOSE_RE = re.compile(r"^(---|\+\+\+|\.\.\.)[^\S\n]*\r?$", re.MULTILINE)
_KEY_RE = re.compile(r"^([A-Za-z_][\w.-]{0,60})[^\S\n]*([:=])(?=[\s])[^\S\n]*", re.MULTILINE)
_ADDRESS_RE = re.compile(r"https?://[^\s<>\"']{1,2000}")
_LANGUAGE_RE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8})*")

# entry -> kind of block
_KINDS: Mapping[str, str] = {
    **dict.fromkeys(("title", "headline"), "title"),
    **dict.fromkeys(("summary", "description", "subtitle", "excerpt", "dek"), "summary"),
    **dict.fromkeys(("date", "event_date", "eventdate"), "date"),
    **dict.fromkeys(
        ("published", "published_at", "published_time", "publication_date", "datepublished", "publish_date", "pubdate"),
        "published_at",
    ),
    **dict.fromkeys(
        ("url", "source_url", "link", "canonical_url", "canonical", "permalink", "original_url"), "page_address"
    ),
    **dict.fromkeys(("language", "lang", "locale"), "language"),
    **dict.fromkeys(("source", "publisher", "site"), "source"),
    **dict.fromkeys(("place", "location", "venue"), "place"),
}  # fmt: skip
_DATED = ("date", "published_at")


class FrontMatter(NamedTuple):
    """Blocks of the front matter, and where it ends; no blocks and the start where there is none."""

    blocks: tuple[Block, ...]
    end: int


class _Entry(NamedTuple):
    key: str
    mark: str
    start: int
    value_start: int
    end: int


def find_front_matter(text: str, start: int = 0) -> tuple[int, int, int, int] | None:
    """Where front matter stands that opens at `start`: its start, its inside, its end. None where there is none.

    It is front matter only where every row at the left margin is an entry, a comment or goes on with one.
    """
    opening = _OPEN_RE.match(text, start)
    if not opening:
        return None
    closing = _CLOSE_RE.search(text, opening.end(), opening.end() + MAX_CHARS)
    if not closing or (closing[1] != opening[1] and (opening[1], closing[1]) != ("---", "...")):
        return None
    inside = text[opening.end() : closing.start()]
    keys = 0
    for row in inside.splitlines():
        if _KEY_RE.match(row + "\n"):
            keys += 1
        elif row.strip() and not row.startswith((" ", "\t", "#", "-", "]", "}")):
            return None
    return (opening.start(1), opening.end(), closing.start(), closing.end(1)) if keys else None


def read_front_matter(text: str) -> FrontMatter:
    """Read the front matter at the beginning of a document."""
    found = find_front_matter(text)
    if not found:
        return FrontMatter((), 0)
    start, inside, close, end = found
    blocks: list[Block] = []
    before = text[:start].strip()
    if before:  # a byte order mark
        blocks.append(Block("furniture", text.index(before), text.index(before) + len(before)))
    blocks.append(Block("front_matter", start, start + 3))
    met: set[str] = set()
    for entry in _entries(text, inside, close):
        blocks += _read_entry(text, entry, met)
    blocks.append(Block("front_matter", end - 3, end))
    return FrontMatter(tuple(blocks), end)


def _entries(text: str, start: int, end: int) -> list[_Entry]:
    keys = list(_KEY_RE.finditer(text, start, end))
    edges = [*(match.start() for match in keys[1:]), end]
    entries = []
    first = keys[0].start() if keys else end
    if text[start:first].strip():
        entries.append(_Entry("", "", start, start, first))
    for match, edge in zip(keys, edges, strict=True):
        entries.append(_Entry(match[1].casefold(), match[2], match.start(), match.end(), edge))
    return entries


def _span(text: str, start: int, end: int) -> tuple[int, int]:
    words = text[start:end].strip()
    if not words:
        return end, end
    at = text.index(words[0], start)
    return at, at + len(words)


def _read_entry(text: str, entry: _Entry, met: set[str]) -> list[Block]:
    whole_start, whole_end = _span(text, entry.start, entry.end)
    if whole_start == whole_end:
        return []
    start, end = _span(text, min(entry.value_start, whole_end), whole_end)
    kind = _KINDS.get(entry.key)
    value = _read_value(entry, text[start:end]) if kind and start < end else None
    block = _read_fact(kind, value, text, start, end) if kind and value is not None else None
    if block is None or block.kind in met:
        return [Block("front_matter", whole_start, whole_end)]
    met.add("title" if block.kind == "front_title" else block.kind)
    blocks = []
    for kind_, left, right in (("front_matter", whole_start, block.start), (block.kind, block.start, block.end),
                               ("front_matter", block.end, whole_end)):  # fmt: skip
        left, right = _span(text, left, right)
        if left < right:
            blocks.append(block if kind_ == block.kind else Block(kind_, left, right))
    return blocks


def _read_value(entry: _Entry, printed: str) -> object:
    """The value of one entry; None where it is none of the language of the front matter."""
    try:
        if entry.mark == "=":
            return tomllib.loads(f"value = {printed}\n")["value"]
        loaded: object = yaml.safe_load(f"value: {printed}\n")["value"]
    except (ValueError, yaml.YAMLError, RecursionError, TypeError, KeyError):
        # a title with a colon in it is no YAML, and what people write
        return printed if entry.mark == ":" and "\n" not in printed and printed[0] not in "\"'[{&*!|>" else None
    return loaded


def _read_fact(kind: str, value: object, text: str, start: int, end: int) -> Block | None:
    if kind in _DATED:
        when = _read_date(value)
        if when is None:
            return None
        if kind == "date" and isinstance(when, dt.datetime):
            when = when.date()
        if isinstance(when, dt.datetime) and when.tzinfo:
            when = when.astimezone(dt.UTC)
        return Block(kind, start, end, when)
    if not isinstance(value, str) or not value.strip():
        return None
    if text[start] in "\"'" and text[end - 1] == text[start] and end - start > 2:
        start, end = _span(text, start + 1, end - 1)
    if kind == "language":
        return Block(kind, start, end, value.replace("_", "-")) if _LANGUAGE_RE.fullmatch(value) else None
    if kind == "source":
        return Block(kind, start, end, value)
    if kind == "page_address":
        return Block(kind, start, end, value) if value == text[start:end] and _ADDRESS_RE.fullmatch(value) else None
    if fold(text[start:end]) == fold(value):
        return Block(kind, start, end)
    # Escaped or folded by the language of the front matter: no span of the text says it as it is meant.
    return Block("front_title", start, end, fold(value)) if kind == "title" else None


def _read_date(value: object) -> dt.date | None:
    if isinstance(value, dt.date):
        return value
    if isinstance(value, str):
        for read in (dt.date.fromisoformat, dt.datetime.fromisoformat):
            try:
                return read(value.strip())
            except ValueError:
                continue
    return None
