"""A page met as text and as HTML: the rows with addresses stand, whichever came first."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.dataset as ds
import pytest

from flows.verify import prove
from storage import ledger
from storage.lake import Lake
from tests import harness
from tests.formats.test_kremlin_html import FOLDER, PAGES, read_sample
from tests.support import Command, fingerprint, write

URLS = ["http://en.kremlin.ru/events/president/news/40001", "http://en.kremlin.ru/events/president/news/40002"]


@pytest.fixture(scope="module")
def dumps(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The same two pages as text and as HTML: kind -> a folder."""
    folder = tmp_path_factory.mktemp("dumps")
    for kind in ("text", "html"):
        (folder / kind).mkdir()
    write(folder / "text", "pages.txt", "\n".join(read_sample(index) for index in PAGES.values()))
    for name in PAGES:
        shutil.copy(FOLDER / f"{name}.html", folder / "html")
    return {kind: str(folder / kind) for kind in ("text", "html")}


@pytest.fixture(scope="module")
def wanted(dumps: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What all the lakes shall hold: the tables of the HTML alone, and the raw objects of both."""
    lakes = {kind: tmp_path_factory.mktemp("wanted") / kind for kind in dumps}
    for kind, lake in lakes.items():
        harness.plain_ingest([dumps[kind]], str(lake))
    rows = {kind: harness.signature(lake) for kind, lake in lakes.items()}
    assert rows["text"].keys() != rows["html"].keys()
    raw = {name: value for name, value in rows["text"].items() if name.startswith("_raw")}
    return rows["html"] | raw


def urls(lake: Path) -> list[str]:
    return sorted(ds.dataset(lake / "documents").to_table()["url"].to_pylist())


@pytest.mark.parametrize("order", [("text", "html"), ("html", "text")])
def test_both_in_one_run(order: tuple[str, str], dumps: dict[str, str], wanted: dict[str, str], tmp_path: Path) -> None:
    said = harness.plain_ingest([dumps[kind] for kind in order], str(tmp_path / "lake"))
    assert {name: said["documents"][name] for name in ("published", "unchanged")} == {"published": 2, "unchanged": 2}
    assert harness.signature(tmp_path / "lake") == wanted


@pytest.mark.parametrize("order", [("text", "html"), ("html", "text")])
def test_one_after_the_other(
    order: tuple[str, str], dumps: dict[str, str], wanted: dict[str, str], tmp_path: Path, stenolake: Command
) -> None:
    lake = tmp_path / "lake"
    counts = [harness.plain_ingest([dumps[kind]], str(lake))["documents"] for kind in order]
    assert [one["published"] for one in counts] == ([2, 2] if order[0] == "text" else [2, 0])
    assert urls(lake) == URLS
    assert harness.signature(lake) == wanted
    told = ledger.read(Lake(lake), "versions").to_pylist()
    assert [row["change"] for row in told] == ["new", "new"]  # the words are the same
    before = fingerprint(lake, "documents", "turns", "links")
    for kind in order:
        again = harness.plain_ingest([dumps[kind]], str(lake))["documents"]
        assert (again["published"], again["unchanged"]) == (0, 2)
    assert stenolake("reprocess", "--lake", lake, "--json").json["documents"]["published"] == 0
    assert fingerprint(lake, "documents", "turns", "links") == before
    assert prove(Lake(lake))[0] == []
