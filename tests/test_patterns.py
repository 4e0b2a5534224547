"""Every pattern takes time in line with the text: a slice of `python -m benchmarks.patterns`."""

from __future__ import annotations

import re

import pytest

from benchmarks.patterns import Found, find_patterns, grown

QUIET = 0.05  # CPU seconds; what is linear takes less for the longer text, what is quadratic many times that


def test_the_patterns_of_all_floors_are_found() -> None:
    found = {one.name: one for one in find_patterns()}
    assert found["tasks.formats.labels._GLUE_RE"].ways == ("fullmatch",)
    assert {name.split(".")[0] for name in found} >= {"flows", "tasks", "storage"}


@pytest.mark.parametrize(
    ("pattern", "way"), [(r"\s+$", "search"), (r"(a+)+b", "match"), (r"\w*?x\w*", "fullmatch"), (r"<.*>", "finditer")]
)
def test_what_is_not_linear_is_seen(pattern: str, way: str) -> None:
    assert grown(Found("planted", re.compile(pattern), (way,)), QUIET)


def test_no_pattern_grows_faster_than_its_text() -> None:
    assert [slow for one in find_patterns() for slow in grown(one, QUIET)] == []
