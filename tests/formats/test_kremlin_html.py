"""Event pages as HTML: the same rows as the text of the page, with addresses; nothing that markup can do stops a run.

`cases/html` holds two pages of the sample dump as the site would have marked them up, tooltips and sliders included.
"""

from __future__ import annotations

import re
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.agreement import compare, read_pages, read_rows
from storage import ledger
from storage.lake import Lake
from tasks.formats import FORMATS, choose, kremlin_html, kremlin_html_ru, kremlin_text, kremlin_text_ru
from tasks.formats.blocks import check_tiling
from tests.formats.projection import RUSSIAN_DUMPS, SAMPLE_DUMP
from tests.support import REAL, Command, write

FOLDER = Path(__file__).parent / "cases" / "html"
PAGES = {"news-conference": 4, "river-ports": 5}  # name -> index in the sample dump
START = (
    '<html lang="en"><head><meta property="og:url" content="http://en.kremlin.ru/events/president/news/7"/></head>'
    '<article class="h-entry"><h1 class="p-name">Harvest talks</h1><div class="e-content">'
)


def read_case(name: str) -> str:
    return (FOLDER / f"{name}.html").read_bytes().decode("utf-8")


def read_sample(index: int) -> str:
    text = SAMPLE_DUMP.read_bytes().decode("utf-8")
    start, end = kremlin_text.split(text)[index]
    return text[start:end]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_the_same_as_html_and_as_text(name: str) -> None:
    result = compare([(name, read_sample(PAGES[name]), read_case(name))])
    assert result.differing == {}
    assert result.unknown == []
    assert result.links_addressed == result.links > 0


@pytest.mark.parametrize("name", PAGES)
def test_the_derived_text_is_the_page_with_marks(name: str) -> None:
    derived = kremlin_html.derive(read_case(name)).splitlines()
    printed = [line for line in derived if not line.startswith(("⟦", "Direct link:"))]
    assert printed == [line for line in read_sample(PAGES[name]).splitlines() if line]


def test_addresses_are_those_of_the_site_and_not_of_the_mirror() -> None:
    rows = read_rows(FORMATS["kremlin-html"], kremlin_html.derive(read_case("river-ports")))
    assert rows["documents"][0]["url"] == "http://en.kremlin.ru/events/president/news/40002"
    assert [row["url"] for row in rows["links"]] == [
        "http://en.kremlin.ru/events/president/news/54178",
        "http://en.kremlin.ru/events/president/trips/45471",
        "http://en.kremlin.ru/d/77",
        "http://en.kremlin.ru/events/president/news/54178",
        "http://en.kremlin.ru/events/president/trips/45471",
    ]


# The same page, as it is met in the wild: name -> what was done to its markup.
MET = {
    "attributes turned round": lambda page: re.sub(r'(<meta) (property="[^"]*") (content="[^"]*")', r"\1 \3 \2", page),
    "capitals": lambda page: re.sub(r"<(/?)(\w+)", lambda tag: f"<{tag[1]}{tag[2].upper()}", page).replace(
        " class=", " CLASS = "
    ),
    "white space folded": lambda page: " ".join(page.split()),
    "indented": lambda page: re.sub(r"<(p|div|li|h1|h3)\b", r"\n\t  <\1", page),
    "paragraphs never closed": lambda page: page.replace("</p>", ""),
    "no bold": lambda page: re.sub(r"</?(?:b|strong)>", "", page),
    "bold paragraphs": lambda page: page.replace("<p>", "<p><b>").replace("</p>", "</b></p>"),
    "comments and scripts": lambda page: page.replace("<p>", "<!-- A: b --><script>'<b>C:</b>'</script><p>"),
    "soft hyphens": lambda page: page.replace("<p>", "<p>&shy;"),
    "saved by a browser": lambda page: f"<!-- saved from url=(0014)about:internet -->\r\n{page}",
    "archived": lambda page: (
        page.replace('="http://', '="https://web.archive.org/web/20200102030405/http://')
        .replace('href="/', 'href="/web/20200102030405/http://en.kremlin.ru/')
        .replace("<article", '<div id="wm-ipp-base">12 captures</div><article')
    ),
    "address with a query": lambda page: re.sub(
        r'("http://en.kremlin.ru/events/[^"]*/40002)"', r'\1?from=tw#sel=1"', page
    ),
    "address of the print version": lambda page: re.sub(
        r'("http://en.kremlin.ru/events/[^"]*/40002)"', r'\1/print"', page
    ),
}


@pytest.mark.parametrize("name", MET)
def test_a_page_says_the_same_however_it_is_met(name: str) -> None:
    page = read_case("river-ports")
    met = MET[name](page)
    assert met != page
    assert choose(met) is FORMATS["kremlin-html"]
    format_ = FORMATS["kremlin-html"]
    ours, theirs = (read_rows(format_, kremlin_html.derive(markup)) for markup in (met, page))
    places = {"byte_start", "byte_end"}
    for table, rows in theirs.items():
        kept = [[{key: row[key] for key in row.keys() - places} for row in found] for found in (ours[table], rows)]
        assert kept[0] == kept[1], table


def test_pages_in_one_file_are_documents_each() -> None:
    pages = [read_case(name) for name in PAGES]
    error = "<!doctype html><html><title>502 Bad  Gateway</title></html>"
    text = kremlin_html.derive(f"{pages[0]}\n{error}{pages[1]}")
    found = [text[start:end] for start, end in kremlin_html.split(text)]
    assert found == [kremlin_html.derive(pages[0]).strip(), "502 Bad Gateway", kremlin_html.derive(pages[1]).strip()]
    check_tiling(found[1], kremlin_html.parse(found[1]))


def test_what_shows_no_event_gives_no_text() -> None:
    page = read_case("river-ports")
    entry = '<div class="h-entry"><h3 class="p-name">Harvest</h3><div class="e-content">Ada Lind: we swim.</div></div>'
    assert kremlin_html.derive(f"<html><body>{entry}{entry}</body></html>") == ""
    assert kremlin_html.derive(page.replace("news/40002", "news/40002/photos")) == ""
    assert kremlin_html.derive("<!doctype html><title>Just a moment...</title><p>Checking your browser") == ""


def test_formats_do_not_take_each_other_s_dumps() -> None:
    page = read_case("river-ports")
    assert choose(page) is FORMATS["kremlin-html"]
    assert kremlin_text.sniff(page) < 0.4
    assert kremlin_html.sniff(SAMPLE_DUMP.read_bytes().decode()) == 0.0
    assert kremlin_html.sniff(kremlin_html.derive(page)) == 0.0
    assert choose(page.replace("e-content", "e-summary")) is None  # a list of pages
    assert choose(page.replace("en.kremlin.ru", "lessk.example")) is None  # another site with microformats
    assert choose("User-agent: *\nDisallow: /search\n") is None


def test_a_page_cannot_print_a_mark() -> None:
    forged = f"{START}<p>⟦page http://lessk.example/⟧</p><p>⟦link http://lessk.example/⟧</p>"
    text = kremlin_html.derive(forged)
    kinds = [block.kind for block in kremlin_html.parse(text)]
    assert kinds.count("page_address") == 1
    assert "link_address" not in kinds


def test_a_mark_inside_a_paragraph_parts_it_and_loses_nothing() -> None:
    lines = read_sample(5).splitlines()
    for at in range(1, len(lines)):
        text = "\n".join([*lines[:at], "⟦link http://lessk.example/a⟧", *lines[at:]])
        check_tiling(text, kremlin_html.parse(text))


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(["⟦page http://a/⟧", "⟦link ", "⟧", "\n", "Events", " x"])).map("".join)
)
def test_blocks_tile_any_text(text: str) -> None:
    check_tiling(text, kremlin_html.parse(text))
    for start, end in kremlin_html.split(text):
        assert text[start:end] == text.strip()


TAGS = [
    "<p>", "</p>", "<b x=1>", "<a class='cut__item' href='x'>", "<div class='slider'>", "x", "<!--", "</div>", "\0",
    "<br", "<div class='cut__description'>", ">", "&#0;", "&nbsp;", "<li",
]  # fmt: skip


@given(st.lists(st.sampled_from(TAGS), max_size=60))
def test_any_markup_gives_text_whose_blocks_tile(pieces: list[str]) -> None:
    text = kremlin_html.derive(START + "".join(pieces))
    check_tiling(text, kremlin_html.parse(text))


MANY = 100_000
HOSTILE = {
    "nested": "<div>" * MANY,
    "nested, as deep as allowed": "<div>" * 19_000,
    "nested lists": "<ul><li>" * MANY,
    "formatting never closed": "".join(f"<b x={number}><p>w" for number in range(9_000)),
    "formatting with long attributes": "".join(f'<b x="{"y" * 5000}{number}"><p>w' for number in range(3_000)),
    "tags never closed": "<b " * 19_000 + "x" * 1_000_000,
    "closed before opened": "<div>" * 9_000 + "</p>" * MANY,
    "attributes": "<p " + " ".join(f"a{number}" for number in range(MANY)) + ">",
    "comments": "<!--" * MANY,
    "null bytes": "\0" * 1_000_000 + "<p>\0</p>",
    "cut blocks in cut blocks": '<div class="cut__description">' * 9_000,
}


READ = {"nested, as deep as allowed", "comments", "null bytes", "cut blocks in cut blocks"}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_markup_is_refused_or_read_in_seconds(name: str) -> None:
    started = time.process_time()
    try:
        text = kremlin_html.derive(START + HOSTILE[name])
        check_tiling(text, kremlin_html.parse(text))
    except ValueError:
        assert name not in READ
    assert time.process_time() - started < 10


def test_pages_and_lists_in_a_folder(stenolake: Command, tmp_path: Path) -> None:
    lake, drop = tmp_path / "lake", tmp_path / "drop"
    drop.mkdir()
    for name in PAGES:
        write(drop, f"{name}.html", read_case(name))
    write(drop, "list.html", read_case("river-ports").replace("e-content", "e-summary"))
    write(drop, "nested.html", START + "<div>" * MANY)
    said = stenolake("ingest", drop, "--lake", lake, "--json")
    assert said.json["documents"] == {"read": 4, "published": 2, "unchanged": 0, "quarantined": 2}
    held = {row["rule_id"] for row in ledger.read(Lake(lake), "quarantine").to_pylist()}
    assert held == {"dump.format_known", "dump.derives"}
    inputs = ledger.read(Lake(lake), "inputs").to_pylist()
    derived = [row for row in inputs if '"derived_by":"kremlin-html/2"' in row["derivation"].replace(" ", "")]
    assert len(derived) == 3
    assert all(row["media_type"] == "text/html" for row in derived)
    assert all(row["rendition_sha256"] not in (None, row["dump_sha256"]) for row in derived if row["bytes"] < 100_000)
    assert stenolake("verify", "--lake", lake).code == 0
    # The same pages as text are the same documents: nothing is new.
    text = write(tmp_path, "pages.txt", "".join(f"{read_sample(index)}\n" for index in PAGES.values()))
    again = stenolake("ingest", text, "--lake", lake, "--json")
    assert again.json["documents"]["unchanged"] == 2


@pytest.mark.real
def test_the_mirror_agrees_with_the_text_of_its_pages() -> None:
    news = REAL / "en.kremlin.ru" / "events" / "president" / "news"
    result = compare(read_pages(REAL / "kremlin-dev.txt", REAL / "kremlin-dev.turns.jsonl", news))
    assert result.pages == result.addressed == 745
    assert result.unknown == []
    assert result.share >= 0.995, result.differing
    assert result.links_addressed == result.links
    for page in (news / "by-date").glob("*.html"):
        assert choose(page.read_bytes().decode("utf-8")) is None


def test_the_russian_edition_says_the_same_as_html_and_as_text() -> None:
    page = kremlin_text_ru.split(text := RUSSIAN_DUMPS[0].read_text("utf-8"))[1]
    banner, title, day, clock, place, counter, caption, *body = text[slice(*page)].splitlines()
    assert counter == "1 из 3"
    slides = "".join(f'<div class="slide" data-cycle-desc="{caption}"></div>' for _ in range(3))
    markup = (
        '<html><head><meta property="og:url" content="http://kremlin.ru/events/president/news/90002"/></head>'
        f'<article class="h-entry"><a>{banner}</a><h1 class="p-name">{title}</h1><time>{day}</time><div>{clock}</div>'
        f'<div>{place}</div><div class="e-content"><div class="slider">{slides}</div>'
        + "".join(f"<p>{line}</p>" for line in body)
        + "</div></article></html>"
    )
    assert choose(markup) is FORMATS["kremlin-html-ru"]
    ours = read_rows(FORMATS["kremlin-html-ru"], kremlin_html_ru.derive(markup))
    theirs = read_rows(FORMATS["kremlin-text-ru"], text[slice(*page)])
    assert ours["documents"][0]["url"] == "http://kremlin.ru/events/president/news/90002"
    assert ours["documents"][0]["document_id"] == theirs["documents"][0]["document_id"]
    assert ours["documents"][0]["language"] == "ru"
    for table in ("turns", "tags", "photos", "links"):
        assert len(ours[table]) == len(theirs[table]) > 0
    spoken = [(row["speaker_name"], row["text"]) for row in ours["turns"]]
    assert spoken == [(row["speaker_name"], row["text"]) for row in theirs["turns"]]
