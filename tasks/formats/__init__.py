"""The formats that Stenolake reads: one module a format, chosen by the registry from the text itself.

A format module is a set of pure functions of text:

    NAME = "kremlin-text"; VERSION = 1
    SOURCE = "kremlin"; LANGUAGE = "en"; TIME_ZONE = "Europe/Moscow"
    sniff(head: str) -> float                 evidence that the text is of this format, 0 to 1
    split(text: str) -> list[tuple[int, int]] spans of documents, which tile the text, white space aside
    parse(text: str) -> list[Block]           the blocks of one document
    is_complete(blocks) -> bool               whether the document has its end: what is cut has none

and, where a dump is markup and not yet text,

    derive(markup: str) -> str                the rendition: the text that `split` and `parse` are given

and, where damaged text can be read in part,

    doubts(text: str) -> list[str]            what could not be told, as `column: why`; noted in `documents.inferred`

and, where what stands ahead of a line does not tell which documents begin behind it,

    FROM_ANY_LINE = True                      so that a large dump is cut by a look at its end

`SOURCE`, `LANGUAGE` and `TIME_ZONE` are what the format itself proves, empty where it proves none: then blocks of kind
`source` and `language`, or what is told from outside (`tasks/told.py`), stand in. A new format is one module and one
line in `_MODULES`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, cast

from tasks.formats import (
    article_html,
    kremlin_html,
    kremlin_html_ru,
    kremlin_text,
    kremlin_text_ru,
    labelled_text,
    numbered_text,
    sbv_captions,
    srt_captions,
    webvtt_captions,
)
from tasks.formats.blocks import Block

# Below this no format is chosen. One mark of a page alone gives at most 0.3: two have to agree.
MIN_EVIDENCE = 0.4


class Format(Protocol):
    """What the registry and the tasks expect of a format module."""

    NAME: str
    VERSION: int
    SOURCE: str
    LANGUAGE: str
    TIME_ZONE: str

    def sniff(self, head: str, /) -> float:
        """Evidence from 0 to 1 that the text with this beginning is of the format."""

    def split(self, text: str, /) -> list[tuple[int, int]]:
        """Spans of documents in code points."""

    def parse(self, text: str, /) -> list[Block]:
        """The blocks of one document."""

    def is_complete(self, blocks: Sequence[Block], /) -> bool:
        """Whether a document was not cut short."""


_MODULES = (
    kremlin_text,
    kremlin_text_ru,
    kremlin_html,
    kremlin_html_ru,
    labelled_text,
    numbered_text,
    webvtt_captions,
    srt_captions,
    sbv_captions,
    article_html,
)

FORMATS: dict[str, Format] = {module.NAME: cast(Format, module) for module in _MODULES}


def derivation_of(format_: Format) -> Callable[[str], str] | None:
    """The step that makes text of a dump in this format; None where the dump is text already."""
    derive: Callable[[str], str] | None = getattr(format_, "derive", None)
    return derive


def is_split_from_any_line(format_: Format) -> bool:
    """Whether a dump may be split from any start of a line on, and gives the same documents behind it."""
    return getattr(format_, "FROM_ANY_LINE", False)


def doubts_of(format_: Format, text: str) -> list[str]:
    """What a format could not tell of a document, as `column: why`."""
    doubts: Callable[[str], list[str]] | None = getattr(format_, "doubts", None)
    return doubts(text) if doubts else []


def media_type_of(format_: Format) -> str:
    """The media type of dumps that a format derives its text from."""
    return getattr(format_, "MEDIA_TYPE", "text/html")


def choose(head: str) -> Format | None:
    """Choose the format that a text's beginning gives most evidence for.

    Args:
        head: the first characters of a text; 200,000 are plenty, a few pages are enough.

    Returns:
        The format module, or None when no format reaches `MIN_EVIDENCE`: the caller holds the text back and says so.
    """
    evidence, name = max((module.sniff(head), name) for name, module in FORMATS.items())
    return FORMATS[name] if evidence >= MIN_EVIDENCE else None
