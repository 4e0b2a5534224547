"""What is wrong with a profile, in words of those who write one: each with its key and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Place = tuple[int | str, ...]

MAX_TOLD = 8
KINDS = ("by-date", "paged", "feed", "sitemap", "urls")

_KIND = f'kind = "…", one of {", ".join(KINDS)}'
_NUMBER = "is no number: write one, without quotes"
_TABLE = "is no table: write it as a section of its own"
# What pydantic finds -> what is said. What is not here is a bound, and says itself what the value should be.
_WORDS: Mapping[str, str] = {
    "missing": "is missing: add it",
    "extra_forbidden": "is no key of a profile: remove or correct it",
    "union_tag_not_found": f"has no kind: add {_KIND}",
    "union_tag_invalid": f"is of no kind that there is: write {_KIND}",
    "string_type": "is no text: put it in quotes",
    "string_too_short": "is empty: fill it in",
    "too_short": "is empty: give at least one",
    "tuple_type": "is no list: put what it holds in [ ]",
    **dict.fromkeys(("float_type", "float_parsing", "int_type", "int_parsing"), _NUMBER),
    "int_from_float": "is no whole number: write one",
    **dict.fromkeys(("dict_type", "model_type", "model_attributes_type"), _TABLE),
}  # fmt: skip


def say(errors: Sequence[Mapping[str, Any]]) -> str:
    """What is wrong, as one line; what is wrong only because something in it is, is left out.

    Args:
        errors: as `pydantic.ValidationError.errors` gives them.
    """
    places: list[Place] = [one["loc"] for one in errors]
    own = [one for one in errors if not any(_is_in(place, one["loc"]) for place in places)]
    lines = [f"{_name(one['loc'])}: {_message(one)}" for one in own[:MAX_TOLD]]
    return "; ".join(lines) + (f"; and {len(own) - MAX_TOLD} more" if len(own) > MAX_TOLD else "")


def _is_in(place: Place, around: Place) -> bool:
    return len(place) > len(around) > 0 and place[: len(around)] == around


def _name(place: Place) -> str:
    return ".".join(str(part) for part in place if part not in (*KINDS, "[key]")) or "the profile"


def _message(one: Mapping[str, Any]) -> str:
    kind, place = one["type"], one["loc"]
    if kind == "tuple_type" and place[-1] == "lists":
        return f"is one table and should be a list of them: write [[{_name(place)}]], with two brackets"
    said = str(one["msg"]).removeprefix("Value error, ")
    return _WORDS.get(kind) or said.replace("Input should", "should", 1)
