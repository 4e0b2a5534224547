"""Text out of dumps, as it may be shown to a person: nothing in it that a terminal or a page would act on unseen.

The commands print by `tell` and `tell_json` and by nothing else, so that no value can reach a terminal as it is.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

# Control characters but tab and line feed; zero-width space, line separators, direction marks, overrides, isolates.
_UNSEEN_RE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb]"
)


def reveal(value: object) -> str:
    """A value with a mark in place of each character that nobody sees.

    >>> reveal("a\\x1b[31mb")
    'a�[31mb'
    """
    return _UNSEEN_RE.sub("\N{REPLACEMENT CHARACTER}", str(value))


def plain(value: object) -> str:
    """The same in one line, which no line break can forge another of.

    >>> plain("one\\ntwo")
    'one two'
    """
    return reveal(value).replace("\n", " ").replace("\t", " ")


def tell(text: object = "", *, stream: TextIO | None = None) -> None:
    """Print text for a person, on standard output or another stream."""
    print(reveal(text), file=stream)


def command(words: str, lake: Path | None = None) -> str:
    """A command as the person who started this one would type it, for the same lake."""
    program = sys.argv[0] if Path(sys.argv[0]).name == "stenolake" else "stenolake"
    if lake is None or str(lake) == os.environ.get("STENOLAKE_LAKE", "lake"):
        return f"{program} {words}"
    return f"{program} {words} --lake {shlex.quote(str(lake))}"


def tell_json(value: Any, *, default: Callable[[Any], Any] = str) -> None:
    """Print one JSON object: faithful, with characters that nobody sees as escapes.

    >>> tell_json({"a": "\x9b31m\u202e"})
    {"a": "\\u009b31m\\u202e"}
    """
    text = json.dumps(value, ensure_ascii=False, default=default)
    print(_UNSEEN_RE.sub(lambda found: f"\\u{ord(found[0]):04x}", text))
