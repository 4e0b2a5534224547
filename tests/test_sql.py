"""`stenolake sql` has a view for whatever a query names."""

from __future__ import annotations

import pytest

from flows.sql import _VIEWS, connect
from storage.lake import Lake
from tests.harness import page, plain_ingest
from tests.support import write


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("sql")
    plain_ingest([str(write(folder, "a.txt", page(1)))], str(folder / "lake"), workers=1)
    return Lake(folder / "lake")


def views(lake: Lake, query: str) -> list[str]:
    return sorted(name for (name,) in connect(lake, query).sql("show tables").fetchall())


def test_a_query_that_names_none_sees_all(lake: Lake) -> None:
    assert views(lake, "show tables") == views(lake, "") == sorted([*_VIEWS, "withdrawn"])


def test_a_query_has_the_views_that_it_names(lake: Lake) -> None:
    query = 'select d.title from "Documents" d join TURNS using (document_id)'
    assert views(lake, query) == ["documents", "turns"]
    assert connect(lake, query).sql(query).fetchall() == [("Harvest talks May 1",)]


def test_withdrawn_is_made_of_versions(lake: Lake) -> None:
    assert views(lake, "select * from withdrawn") == ["versions", "withdrawn"]
