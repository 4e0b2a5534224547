"""What must be true of `links`."""

from __future__ import annotations

import pyarrow as pa

from expectations import vocabulary
from expectations.arrays import ints, nullable, true
from expectations.common import belonging
from expectations.document_facts import source_starts
from expectations.facts import EPOCH, Batch, Facts, belonging_facts
from expectations.rules import (
    CONTRACT,
    CRITICAL,
    HEALTHY,
    WARNING,
    Rule,
    at_most_chars,
    between,
    matching,
    not_matching,
    one_of,
)

RULES: tuple[Rule, ...] = (
    *belonging("links"),
    Rule(
        "links.relation.form",
        ("relation",),
        CRITICAL,
        matching("relation", r"^[a-z][a-z_]*$"),
        "The link stands under no heading: text of the body may have been taken for a link.",
        CONTRACT,
    ),
    Rule(
        "links.relation.known",
        ("relation",),
        WARNING,
        one_of("relation", vocabulary.RELATIONS),
        "A relation that was never met before: add it to expectations/vocabulary.py if the source has a new one.",
        HEALTHY + ": See also and Additional",
    ),
    Rule(
        "links.title.present",
        ("title",),
        CRITICAL,
        matching("title", r"[\pL\pN]"),
        "The link has no title: a fault of the parser.",
        CONTRACT,
    ),
    Rule(
        "links.title.long",
        ("title",),
        WARNING,
        at_most_chars("title", 500),
        "The title of the link is unusually long: a paragraph may have been taken for it.",
        HEALTHY + ": the longest title of a link has 500 characters",
    ),
    Rule(
        "links.title.furniture",
        ("title",),
        CRITICAL,
        not_matching("title", vocabulary.FURNITURE),
        "Text of the page itself was taken for a link: a boundary was missed.",
        HEALTHY + ": no link holds any",
    ),
    Rule(
        "links.date.labelled",
        ("date", "date_label"),
        CRITICAL,
        one_of("is_date_unlabelled", [False]),
        "The link has a date, yet no printed label that it could have been read from.",
        CONTRACT,
    ),
    Rule(
        "links.date.after_source_start",
        ("date", "date_label"),
        WARNING,
        between("days_after_source_start", least=0),
        "The link is dated before its source began: the label may be misread.",
        "expectations/vocabulary.py: SOURCE_STARTS",
    ),
    Rule(
        "links.date.not_far_ahead",
        ("date", "date_label"),
        WARNING,
        between("days_ahead", most=400),
        "The link is dated more than 400 days ahead: the label may be misread.",
        "as documents.event_date.not_far_ahead",
    ),
    Rule(
        "links.url.form",
        ("url",),
        WARNING,
        matching("url", r"^https?://[^\s<>\x22]+$"),
        "The address is no http or https address, so nobody can open it.",
        CONTRACT,
    ),
)


def facts(batch: Batch) -> Facts:
    """What the rules of `links` judge besides its own columns."""
    table = batch.tables["links"]
    days, dated = ints(table["date"]), true(table["date"].is_valid())
    labelled = true(table["date_label"].is_valid())
    return {
        **belonging_facts(batch, "links"),
        "is_date_unlabelled": pa.array(dated & ~labelled),
        "days_after_source_start": nullable(days - source_starts(table["source_id"]), dated),
        "days_ahead": nullable(days - (batch.today - EPOCH).days, dated),
    }
