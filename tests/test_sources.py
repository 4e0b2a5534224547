"""A profile is enough: other publishers by other kinds of lists; and what is wrong with a profile is told."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows import sources
from storage import ledger
from storage.errors import UsageError
from storage.lake import Lake
from tasks.fetch.content import find_notice
from tasks.fetch.profile import read_profile
from tests.publisher import ROBOTS, Site, serve
from tests.support import Command, fingerprint

DAYS = {"ferry-fares": dt.date(2024, 3, 4), "barley-prices": dt.date(2024, 3, 5), "old-mill": dt.date(2023, 1, 2)}


def article(name: str, day: dt.date) -> bytes:
    title = name.replace("-", " ").capitalize()
    return f"""<!doctype html><html lang="en-US"><head><title>{title} | The Lessk House</title>
<meta property="og:title" content="{title}"/><meta property="og:type" content="article"/>
<meta property="article:published_time" content="{day}T15:30:00-05:00"/>
<link rel="canonical" href="https://lessk-house.example{path(name, day)}"/></head>
<body><nav><a href="/">Home</a></nav><main><article><h1>{title}</h1><div class="entry-content">
<p>Harbour Room</p><p>10:05 A.M. EST</p>
<p>MS. LAKE:  Good morning, everyone. There are two things to say about the {name.replace("-", " ")} today.</p>
<p>The first is that nothing has been decided. The second is that nothing will be before spring.</p>
<p>Q    Will the council of the harbour meet again before that?</p>
<p>MS. LAKE:  It will, on Thursday. (Laughter.) It always does when the boats are late.</p>
<p>Q    And who is to pay for all of this in the end?</p>
<p>MS. LAKE:  We have no answer to that yet, and I will not make one up here.</p>
<p>Q    Thank you. One more about the bridge, if I may?</p>
<p>MS. LAKE:  The bridge stays as it is for now.</p><p>10:20 A.M. EST</p></div></article></main>
<footer>Privacy</footer></body></html>""".encode()


def path(name: str, day: dt.date) -> str:
    return f"/briefing-room/press-briefings/{day:%Y/%m/%d}/{name}/"


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site({"/robots.txt": ROBOTS})
    one.pages |= {path(name, day): article(name, day) for name, day in DAYS.items()}
    with serve(one):
        yield one


def sitemap(*paths: str) -> bytes:
    urls = "".join(
        f"<url><loc>https://bidenwhitehouse.archives.gov{one}</loc><lastmod>2024-03-06</lastmod></url>" for one in paths
    )
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{urls}</urlset>'.encode()


def test_a_second_publisher_by_its_profile_alone(stenolake: Command, site: Site, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    index = "<sitemapindex xmlns='http://www.sitemaps.org/schemas/sitemap/0.9'>" + "".join(
        f"<sitemap><loc>https://bidenwhitehouse.archives.gov/{name}</loc></sitemap>"
        for name in ("post-sitemap1.xml", "post-sitemap2.xml", "page-sitemap.xml")
    )
    site.pages["/sitemap_index.xml"] = f"{index}</sitemapindex>".encode()
    site.pages["/post-sitemap1.xml"] = gzip.compress(sitemap(path("old-mill", DAYS["old-mill"]), "/about/"))
    site.pages["/post-sitemap2.xml"] = sitemap(path("ferry-fares", DAYS["ferry-fares"]))
    newest = "".join(
        f'<article><h2><a href="{path(name, day)}">{name}</a></h2><time datetime="{day}T12:00:00-05:00"></time>'
        "</article>"
        for name, day in DAYS.items()
    )
    site.pages["/briefing-room/press-briefings/"] = f"<html><body><main>{newest}</main></body></html>".encode()
    told = ["--since", "2024-03-01", "--until", "2024-03-07", "--delay", 0, "--lake", lake, "--json"]
    said = stenolake("fetch", "whitehouse", "--base-url", site.base, *told)
    assert said.code == 0
    assert said.json["documents"] == {"read": 2, "published": 2, "unchanged": 0, "quarantined": 0}
    assert not site.asked("/page-sitemap.xml")
    assert not site.asked("/about/")
    assert not site.asked(path("old-mill", DAYS["old-mill"]))
    (part,) = Lake(lake).partitions()
    assert (part.source, part.year) == ("whitehouse", 2024)
    rows = sorted(Lake(lake).read("documents", part).to_pylist(), key=lambda row: row["event_date"])
    found = [(row["title"], row["event_date"], row["kind"], row["language"], row["turn_count"]) for row in rows]
    assert found == [
        ("Ferry fares", DAYS["ferry-fares"], "transcript", "en-US", 7),
        ("Barley prices", DAYS["barley-prices"], "transcript", "en-US", 7),
    ]
    labels = {row["speaker_label"] for row in Lake(lake).read("turns", part).to_pylist()}
    assert labels == {"MS. LAKE", "Q"}
    assert stenolake("verify", "--lake", lake).code == 0
    days = {row["day"]: row for row in ledger.read(Lake(lake), "coverage").to_pylist()}
    assert all(row["is_whole"] for row in days.values())
    assert days[DAYS["ferry-fares"]]["published"] == 1


TALK = "The ferry leaves at nine. " * 10


@pytest.mark.parametrize(
    ("body", "notice"),
    [
        (f"<article><p>{TALK}</p></article>", ""),
        (f"<div><p>{TALK}</p></div>", "a page of 259 characters that no format knows"),
        ("<article><p>The ferry leaves at nine.</p></article>", "a page of 25 characters that no format knows"),
        (f"<article><p>{TALK} Access denied.</p></article>", "an error or challenge page: it says 'access denied'"),
        (f"<main><p>{TALK}</p><input type=password></main>", "a page to log in"),
    ],
)
def test_a_short_article_is_a_page(body: str, notice: str) -> None:
    page = f"<html><head><title>Ferry times</title></head><body>{body}</body></html>".encode()
    assert find_notice(page, {}, ["article-html"]) == notice
    assert find_notice(page, {}, ["kremlin-html"])


PROFILE = """
slug = "lessk"
title = "The Lessk House"
licence = "public domain"
attribution = "The Lessk House"
time_zone = "Europe/Berlin"
contact = "desk@archive.example"
default_edition = "en"
[editions.en]
language = "en"
base = "https://lessk-house.example"
formats = ["article-html"]
"""
PAGED = """[[editions.en.lists]]
kind = "paged"
address = "/list/{page}"
frame = "main"
entry = "li"
date = "time"
"""
FEEDS = {
    "atom": """<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><entry><title>a</title>
<link rel="alternate" href="{one}"/><published>2024-03-04T10:00:00Z</published></entry>
<entry><link href="{two}"/><updated>2024-03-05T10:00:00Z</updated></entry>
<entry><link href="http://127.0.0.1/elsewhere"/></entry></feed>""",
    "rss": """<rss version="2.0"><channel><item><link>{one}</link>
<pubDate>Mon, 04 Mar 2024 10:00:00 GMT</pubDate></item>
<item><guid>{two}</guid><pubDate>Tue, 05 Mar 2024 10:00:00 GMT</pubDate></item></channel></rss>""",
}


@pytest.mark.parametrize("kind", FEEDS)
def test_a_feed_and_single_addresses(stenolake: Command, site: Site, tmp_path: Path, kind: str) -> None:
    one, two, three = (path(name, day) for name, day in DAYS.items())
    site.pages["/feed"] = FEEDS[kind].format(one=f"https://lessk-house.example{one}", two=two).encode()
    own = tmp_path / "lessk.toml"
    lists = f"""[[editions.en.lists]]\nkind = "feed"\naddress = "/feed"
[[editions.en.lists]]\nkind = "urls"\naddresses = ["{three}"]\n"""
    own.write_text(PROFILE + lists, "utf-8")
    told = ["--since", "2024-03-01", "--until", "2024-03-07", "--delay", 0, "--lake", tmp_path / "lake", "--json"]
    said = stenolake("fetch", own, "--base-url", site.base, *told)
    assert (said.code, said.json["documents"]["published"]) == (0, 3)
    assert [part.source for part in Lake(tmp_path / "lake").partitions()] == ["lessk", "lessk"]


def test_days_are_those_of_the_source(stenolake: Command, site: Site, tmp_path: Path) -> None:
    lake, own, told = tmp_path / "lake", tmp_path / "lessk.toml", article("ferry-fares", dt.date(2024, 1, 2))
    clocks = {"/s/1": b"2024-01-02T22:30:00+00:00", "/s/2": b"2024-01-03T01:30:00"}
    for number, clock in clocks.items():
        page = told.replace(b"2024-01-02T15:30:00-05:00", clock).replace(b"Ferry fares", b"Fares " + number.encode())
        site.pages[number] = page.replace(b'lang="en-US"', b"").replace(b"canonical", b"alternate")
    items = "".join(f'<li><a href="{one}">x</a><time datetime="2024-01-03">3 Jan</time></li>' for one in clocks)
    site.pages["/list/1"] = f"<html><body><main>{items}</main></body></html>".encode()
    own.write_text(PROFILE.replace("Europe/Berlin", "Europe/Istanbul") + PAGED, "utf-8")
    days = ["--since", "2024-01-03", "--until", "2024-01-03", "--base-url", site.base, "--delay", 0]
    said = stenolake("fetch", own, *days, "--lake", lake, "--json")
    assert (said.code, said.json["documents"]["published"]) == (0, 2)
    (part,) = Lake(lake).partitions()
    moment = dt.datetime(2024, 1, 2, 22, 30, tzinfo=dt.UTC)
    names = ("event_date", "published_at", "inferred")
    rows = [[row[name] for name in names] for row in Lake(lake).read("documents", part).to_pylist()]
    assert (
        rows
        == [[dt.date(2024, 1, 3), moment, ["language: profile", "source_id: profile", "url: address of the dump"]]] * 2
    )
    before = fingerprint(lake, "documents", "turns")
    assert stenolake("reprocess", "--lake", lake).code == 0
    assert fingerprint(lake, "documents", "turns") == before
    assert stenolake("verify", "--lake", lake).code == 0


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (("slug = ", "slag = "), ("slug: is missing: add it", "slag: is no key of a profile")),
        (("Europe/Berlin", "Europe/Lessk"), ("time_zone: is no time zone",)),
        (("article-html", "artikel"), ("editions.en.formats: names no format: artikel; there are article-html",)),
        (("https://lessk", "ftp://lessk"), ("editions.en.base:", "neither http nor https")),
        (("https://lessk", "https://me:word@lessk"), ("editions.en.base:", "carries credentials")),
        (('default_edition = "en"', 'default_edition = "de"'), ("default_edition names none of the editions: en",)),
        (("kind = ", "kind ="), ()),
        (("[editions.en]", "[editions.en"), ("is no TOML",)),
        (("/feed", "https://other.example/feed"), ("is at none of its hosts: add it to `hosts`",)),
    ],
    ids=lambda value: str(value)[:30],
)
def test_what_is_wrong_with_a_profile_is_told(change: tuple[str, str], told: tuple[str, ...], tmp_path: Path) -> None:
    own = tmp_path / "lessk.toml"
    text = PROFILE + '[[editions.en.lists]]\nkind = "feed"\naddress = "/feed"\n'
    own.write_text(text.replace(*change), "utf-8")
    if not told:
        assert sources.load(str(own)).slug == "lessk"
        return
    with pytest.raises(UsageError) as raised:
        sources.load(str(own))
    assert str(own) in raised.value.message
    assert all(words in raised.value.message for words in told)
    assert "word" not in raised.value.message.replace("words", "")


DATED = PAGED.replace("paged", "by-date").replace("{page}", "{day:%Y/%m/%d}")
MAP = '[[editions.en.lists]]\nkind = "sitemap"\naddress = "/map.xml"\n'
KINDS = 'kind = "…", one of by-date, paged, feed, sitemap, urls'
SAME_DAY = "is the same for several days: write {day:%Y-%m-%d}, or day, month and year in the publisher's order"
CSS = "write one such as main, .entry or a[rel=next]"
LIST = "editions.en.lists.0"


@pytest.mark.parametrize(
    ("lists", "change", "told"),
    [
        (PAGED, ('"main"', '"main["'), f"{LIST}.frame: is no CSS selector: main[; {CSS}"),
        (PAGED, ('"li"', '"li:::x"'), f"{LIST}.entry: is no CSS selector: li:::x; {CSS}"),
        (PAGED, ('"main"', '""'), f"{LIST}.frame: is no CSS selector: ; {CSS}"),
        (
            PAGED,
            ("{page}", "{page}/{x}"),
            f"{LIST}.address: cannot be filled in: /list/{{page}}/{{x}}; its one field is {{page}}, other brackets are"
            " doubled",
        ),
        (PAGED, ("{page}", "1"), f"{LIST}.address: is the same for all lists: write {{page}} in it"),
        (PAGED, ("frame", 'first_address = "list"\nframe'), f"{LIST}.first_address: is no path: it starts with one /"),
        (DATED, ("{day:%Y/%m/%d}", "{day.day}"), f"{LIST}.address: {SAME_DAY}"),
        (DATED, ("%Y/%m/%d", "%m/%d"), f"{LIST}.address: {SAME_DAY}"),
        (MAP, ("address", "day = '/([0-9]{4})/'\naddress"), f"{LIST}.day: has no group (?P<day>…), (?P<month>…),"
         " (?P<year>…): add it"),
        (MAP, ("address", "day = '/(?P<year>[0-9]{4})-(?P<day>[0-9]+)'\naddress"),
         f"{LIST}.day: has no group (?P<month>…): add it"),
        (PAGED, ('kind = "paged"\n', ""), f"{LIST}: has no kind: add {KINDS}"),
        (PAGED, ('"paged"', '"page"'), f"{LIST}: is of no kind that there is: write {KINDS}"),
        (PAGED, ("date =", "dates ="), f"{LIST}.dates: is no key of a profile: remove or correct it"),
        (PAGED, ('frame = "main"\n', ""), f"{LIST}.frame: is missing: add it"),
        (PAGED, ("[[editions.en.lists]]", "[editions.en.lists]"),
         "editions.en.lists: is one table and should be a list of them: write [[editions.en.lists]], with two"
         " brackets"),
        (PAGED, ('"en"\nbase', '"English"\nbase'),
         "editions.en.language: is no tag of a language (BCP 47): English; write one such as tr or pt-BR"),
        (PAGED, ('"en"\nbase', '"en_US"\nbase'),
         "editions.en.language: is no tag of a language (BCP 47): en_US; write one such as tr or pt-BR"),
        (PAGED, ('"lessk"', '"Lessk House"'), "slug: is no slug: use lower-case letters, digits and hyphens"),
        (PAGED, ("[editions.en]", "[politeness]\ndelay_seconds = '3'\nstop_after = 0\n[editions.en]"),
         "politeness.stop_after: should be greater than or equal to 1"),
        (PAGED, ("[editions.en]", "[politeness]\ndelay_seconds = 'long'\n[editions.en]"),
         "politeness.delay_seconds: is no number: write one, without quotes"),
        ("lists = []", ("lists = []", "lists = []"), "editions.en.lists: is empty: give at least one"),
    ],
    ids=lambda value: str(value)[-40:],
)  # fmt: skip
def test_what_is_wrong_is_told_in_words_of_a_profile(lists: str, change: tuple[str, str], told: str) -> None:
    assert change[0] in PROFILE + lists
    with pytest.raises(UsageError) as raised:
        read_profile((PROFILE + lists).replace(*change), "lessk.toml")
    assert raised.value.message == f"lessk.toml: {told}"


def test_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    (tmp_path / "lessk.toml").write_text(PROFILE + PAGED, "utf-8-sig")
    assert sources.load(str(tmp_path / "lessk.toml")).slug == "lessk"


def test_a_mistake_is_no_bug(stenolake: Command, tmp_path: Path) -> None:
    own = tmp_path / "lessk.toml"
    own.write_text((PROFILE + PAGED).replace('"main"', '"main["'), "utf-8")
    said = stenolake("fetch", own, "--lake", tmp_path / "lake", "--json")
    assert (said.code, said.json["error"]) == (2, f"{own}: {LIST}.frame: is no CSS selector: main[; {CSS}")


def test_own_profiles_stand_before_those_that_are_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = PROFILE + '[[editions.en.lists]]\nkind = "feed"\naddress = "/feed"\n'
    (tmp_path / "lessk.toml").write_text(text, "utf-8")
    monkeypatch.setenv("STENOLAKE_SOURCES", str(tmp_path))
    assert sources.load("lessk").title == "The Lessk House"
    assert sources.load("kremlin").edition("ru")[1].base == "http://kremlin.ru"
    with pytest.raises(UsageError, match="no such source: gazette"):
        sources.load("gazette")
    with pytest.raises(UsageError, match="no such source"):
        sources.load("../lessk")
