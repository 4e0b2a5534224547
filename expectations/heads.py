"""What must be true of the head of a document: its title, summary and place."""

from __future__ import annotations

from expectations import vocabulary
from expectations.rules import (
    CRITICAL,
    HEALTHY,
    WARNING,
    Rule,
    absent,
    at_most_chars,
    matching,
    not_matching,
    one_of,
)

RULES: tuple[Rule, ...] = (
    Rule(
        "documents.title.present",
        ("title",),
        CRITICAL,
        matching("title", r"[\pL\pN]"),
        "The title holds no letter and no digit, so the page was cut in the wrong place or is not a document. Look at "
        "its first lines.",
        HEALTHY + ": the shortest title has 11 characters",
    ),
    Rule(
        "documents.title.length",
        ("title",),
        CRITICAL,
        at_most_chars("title", 600),
        "The title is longer than any that was ever printed: a paragraph was taken for it.",
        HEALTHY + ": the longest title has 447 characters, and a third more is granted",
    ),
    Rule(
        "documents.title.long",
        ("title",),
        WARNING,
        at_most_chars("title", 300),
        "The title is unusually long: see whether a paragraph was taken for it.",
        HEALTHY
        + ": 99 of 100 titles have at most 242 characters; the others tell the news of 2000 to 2003 in the title",
    ),
    Rule(
        "documents.title.furniture",
        ("title",),
        CRITICAL,
        not_matching("title", vocabulary.FURNITURE),
        "Text of the page itself stands where the title should be: the page was cut in the wrong place.",
        HEALTHY + ": no title holds any",
    ),
    Rule(
        "documents.title.error_page",
        ("title",),
        CRITICAL,
        not_matching("title", vocabulary.ERROR_PAGE),
        "The title is what a server says when it has no page to give: fetch it again.",
        HEALTHY + ": no title says so",
    ),
    Rule(
        "documents.title.markup",
        ("title",),
        WARNING,
        not_matching("title", vocabulary.MARKUP),
        "Markup stands in the title: the page was read as text before its tags were taken off.",
        HEALTHY + ": no title holds any",
    ),
    Rule(
        "documents.title.encoding",
        ("title",),
        WARNING,
        not_matching("title", vocabulary.ENCODING),
        "The title was read in a wrong encoding or holds control characters: export the page as UTF-8.",
        HEALTHY + ": no title holds any",
    ),
    Rule(
        "documents.title.sentence",
        ("title",),
        WARNING,
        one_of("is_title_sentence", [False]),
        "The title ends in a full stop, as no title of this source does: the title may be missing, and the summary or "
        "the first paragraph was taken for it.",
        HEALTHY + ": no title ends in one",
        shown=("title",),
    ),
    *(
        Rule(
            f"documents.{column}.on_many_pages",
            (column,),
            WARNING,
            absent(f"{column}_pages_alike"),
            f"The very same {column} stands on many pages of the batch: what is printed on every page, such as the "
            "name of the site, was taken for it.",
            HEALTHY + f": {met}; less than a third of the batch is granted",
        )
        for column, met in (("title", "one title is on 11 of them"), ("summary", "one summary is on 5"))
    ),
    Rule(
        "documents.summary.long",
        ("summary",),
        WARNING,
        at_most_chars("summary", 600),
        "The summary is unusually long: the first paragraph may have been taken for it.",
        HEALTHY + ": the longest summary has 422 characters",
    ),
    Rule(
        "documents.place.long",
        ("place",),
        WARNING,
        at_most_chars("place", 100),
        "The place is unusually long: the first paragraph may have been taken for it.",
        HEALTHY + ": the longest place has 52 characters",
    ),
)
