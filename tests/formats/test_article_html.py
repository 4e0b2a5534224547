"""Articles of any publisher: which element of a page is the article, when it was published, and what nobody sees."""

from __future__ import annotations

import pytest

from tasks.formats.article_html import derive

TALK = "<p>MS. LIND: The ferry leaves at nine.</p><p>Q    Who says so?</p>"
TOLD = "MS. LIND: The ferry leaves at nine.\n\nQ Who says so?\n\n"
TEASER = '<article><h2>Barley</h2><p>It is dear.</p><time datetime="2023-12-24">then</time></article>'
PUBLISHED = '<time datetime="2024-01-02">2 January</time>'
DATED = f"---\npublished: 2024-01-02\n---\n\n2 January\n\n{TOLD}"
PLAIN = f"---\ntitle: Ferry\n---\n\n{TOLD}"


def read(body: str, head: str = "") -> str:
    return derive(f"<!doctype html><html><head>{head}</head><body>{body}</body></html>")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (f"<article>{TALK}</article>", TOLD),
        (f"{TEASER}<article><h1>Ferry</h1>{TALK}</article>{TEASER}", PLAIN),
        (f"<article><h1>Ferry</h1><p>Yes.</p></article><article>{TALK * 9}</article>",
         "---\ntitle: Ferry\n---\n\nYes.\n\n"),
        (f"<main><h1>Ferry</h1><article><p>Soon.</p></article><article>{TALK}</article></main>", PLAIN),
        (f"<aside>{TEASER * 9}</aside><article>{TALK}</article>", TOLD),
        (f"<nav><article>{TALK * 9}</article></nav><article>{TALK}</article>", TOLD),
        (f"<article hidden>{TALK * 9}</article><article>{TALK}</article>", TOLD),
        (
            f'<article><div class="entry-content"><p>Soon.</p></div></article>'
            f'<article><h1>Ferry</h1><div class="entry-content">{TALK}</div></article>',
            PLAIN,
        ),
        (f"<header><h1>The Gazette</h1></header><article><h1>Ferry</h1>{TALK}</article>", PLAIN),
        (f"<article><article><p>A comment.</p></article><h1>Ferry</h1>{TALK}</article>",
         f"---\ntitle: Ferry\n---\n\nA comment.\n\nFerry\n\n{TOLD}"),
        ("<p>No article.</p>", ""),
    ],
)  # fmt: skip
def test_of_several_articles_the_one_under_the_heading_else_the_longest(body: str, text: str) -> None:
    assert read(body) == text


@pytest.mark.parametrize(
    ("body", "head", "text"),
    [
        (f"<article>{PUBLISHED}{TALK}</article>", "", DATED),
        (f"<article><header>{PUBLISHED}</header>{TALK}</article>", "", DATED),
        (f"<main><header>{PUBLISHED}</header><article>{TALK}</article></main>", "", DATED.replace("\n2 January\n", "")),
        (f'<div><p>{PUBLISHED}</p><div class="entry-content">{TALK}</div></div>', "",
         DATED.replace("\n2 January\n", "")),
        (f"<aside>{PUBLISHED}</aside><article>{TALK}</article>", "", TOLD),
        (f"<nav>{PUBLISHED}</nav><article>{TALK}</article><footer>{PUBLISHED}</footer>", "", TOLD),
        (f"<article><aside>{PUBLISHED}</aside>{TALK}<footer>{PUBLISHED}</footer></article>", "", TOLD),
        (f"{PUBLISHED}<article>{TALK}</article><section>{TEASER}</section>", "", TOLD),
        (f'<article>{TALK}<div hidden>{PUBLISHED}</div></article>', "", TOLD),
        (f'<p itemprop="datePublished" content="2023-01-01"></p><article><i itemprop="datePublished"'
         f' content="2024-01-02"></i>{TALK}</article>', "", DATED.replace("\n2 January\n", "")),
        (f"<article>{TALK}</article>", '<meta itemprop="datePublished" content="2024-01-02">',
         DATED.replace("\n2 January\n", "")),
    ],
)  # fmt: skip
def test_the_date_is_that_of_the_article(body: str, head: str, text: str) -> None:
    assert read(body, head) == text


@pytest.mark.parametrize(
    ("hiding", "is_hidden"),
    [
        ("hidden", True), ('hidden="until-found"', True), ('aria-hidden="true"', True), ('aria-hidden="false"', False),
        ('style="display:none"', True), ('style="color: red; DISPLAY : none !important"', True),
        ('style="display:block"', False), ('style="--x-display:none"', False), ("data-hidden", False),
    ],
)  # fmt: skip
def test_what_is_hidden_is_no_part_of_the_article(hiding: str, is_hidden: bool) -> None:
    text = read(f"<article>{TALK}<p {hiding}>MR. KERN: Nobody sees this.</p></article>")
    assert text == (TOLD if is_hidden else f"{TOLD}MR. KERN: Nobody sees this.\n\n")
