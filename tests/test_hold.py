"""What is at fault: every rule of every table finds its span, or says that the document as a whole is."""

from __future__ import annotations

import datetime as dt

import pytest

from expectations.suites import BY_ID
from storage.schemas import TABLES
from tasks.document import Document
from tasks.formats import FORMATS
from tasks.fragment import Fragment, write_fragment
from tasks.hold import find_fault
from tasks.origin import Origin
from tasks.tabulate import tabulate
from tasks.validate import Broken
from tests.formats.projection import SAMPLE_DUMP


@pytest.fixture(scope="module")
def page() -> str:
    text = SAMPLE_DUMP.read_bytes().decode("utf-8")
    start, end = FORMATS["kremlin-text"].split(text)[4]
    return text[start:end]


@pytest.fixture(scope="module")
def fragment(page: str, tmp_path_factory: pytest.TempPathFactory) -> Fragment:
    """One page of the sample with turns, tags and links."""
    format_ = FORMATS["kremlin-text"]
    seen = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    origin = Origin(format_.SOURCE, format_.LANGUAGE, format_.TIME_ZONE, "kremlin-text/1", "0" * 64, "0" * 64, "", seen)
    (tables,), _ = tabulate([Document(page, format_.parse(page), 0, origin)])
    return write_fragment(tmp_path_factory.mktemp("fragment") / "0", tables)


def test_each_rule_finds_its_span_or_says_that_it_has_none(fragment: Fragment, page: str) -> None:
    """Rules over columns that no kind of block is read from had no span to find, and ended the run in a type error."""
    tables = {name: fragment.read(name) for name in TABLES}
    document = tables["documents"]["document_id"][0].as_py()
    size = len(page.encode())
    spanless = set()
    for rule_id, rule in BY_ID.items():
        if not len(tables.get(rule.table, ())):
            continue
        start, end = find_fault(fragment, tables, Broken(document, rule_id, "critical", "", "", 0))
        if start is None:
            spanless.add(rule.table)
        else:
            assert end is not None
            assert 0 <= start < end <= size, rule_id
    assert spanless == {"documents"}
    title = find_fault(fragment, tables, Broken(document, "documents.title.encoding", "critical", "", "", 0))
    assert page.encode()[slice(*title)].decode() == tables["documents"]["title"][0].as_py()
