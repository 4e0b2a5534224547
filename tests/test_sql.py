"""`stenolake sql` has a view for whatever a query names."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from flows.sql import _VIEWS, connect, run_sql
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


def test_a_folder_with_signs_of_patterns(lake: Lake, tmp_path: Path) -> None:
    shutil.copytree(lake.root, tmp_path / "my [l]ake's")
    odd = Lake(tmp_path / "my [l]ake's")
    assert connect(odd, "turns").sql("select count(*), any_value(source) from turns").fetchall() == [(1, "kremlin")]


def test_what_has_no_rows_and_what_is_no_number(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    run_sql("select title, place from documents where false", lake.root, as_json=False)
    drawn = capsys.readouterr().out
    assert drawn.split()[-2:] == ["0", "rows"]
    assert "title" in drawn
    run_sql("select title from documents where false", lake.root, as_json=True)
    assert json.loads(capsys.readouterr().out) == {"columns": ["title"], "rows": []}
    run_sql("select 'nan'::double n, '-inf'::double i, 1.5::double x", lake.root, as_json=True)
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail)["rows"] == [["nan", "-inf", 1.5]]


def test_withdrawn_is_made_of_versions(lake: Lake) -> None:
    assert views(lake, "select * from withdrawn") == ["versions", "withdrawn"]
