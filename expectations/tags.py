"""What must be true of `tags`."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from expectations import vocabulary
from expectations.arrays import flat, ints
from expectations.common import belonging
from expectations.facts import Batch, Facts, belonging_facts
from expectations.rules import (
    CONTRACT,
    CRITICAL,
    HEALTHY,
    VERIFIED,
    WARNING,
    Rule,
    at_most_chars,
    greater,
    matching,
    not_matching,
    one_of,
    unique,
)

RULES: tuple[Rule, ...] = (
    *belonging("tags"),
    Rule(
        "tags.facet.form",
        ("facet",),
        CRITICAL,
        matching("facet", r"^[a-z][a-z_]*$"),
        "The tag stands under no heading, or the heading was not read as a facet: text may have been taken for tags.",
        CONTRACT,
    ),
    Rule(
        "tags.facet.known",
        ("facet",),
        WARNING,
        one_of("facet", vocabulary.FACETS),
        "A facet that was never met before: add it to expectations/vocabulary.py if the source has a new one.",
        HEALTHY + ": Geography, Topics and Persons",
    ),
    Rule(
        "tags.value.present",
        ("value",),
        CRITICAL,
        matching("value", r"[\pL\pN]"),
        "The tag holds no letter and no digit: a fault of the parser.",
        CONTRACT,
    ),
    Rule(
        "tags.value.long",
        ("value",),
        WARNING,
        at_most_chars("value", 80),
        "The tag is unusually long: a sentence may have been taken for it.",
        HEALTHY + ": the longest tag has 34 characters; names of councils are longer",
    ),
    Rule(
        "tags.value.cut_mark",
        ("value",),
        WARNING,
        not_matching("value", r"^(?:\d+ more|[Ее]щ[её] \d+)$"),
        "The mark of a list that was cut stands among the tags as if it were one.",
        "the site prints `3 more` after the last tag that it shows",
    ),
    Rule(
        "tags.value.repeated",
        ("facet", "value"),
        WARNING,
        unique("tag_key"),
        "The document has the same tag twice: two pages may have run together.",
        HEALTHY + ": no page prints a tag twice",
        shown=("facet", "value"),
    ),
    Rule(
        "tags.event_date.era",
        ("event_date", "value"),
        WARNING,
        one_of("is_before_tags", [False]),
        "The page is older than the tags of its source: they may be those of another page, or the date is misread.",
        HEALTHY + ": 1 of 317 pages before 2010 has tags, and 357 of 428 since",
        shown=("event_date", "value"),
    ),
    Rule(
        "tags.value.fits_span",
        ("value", "byte_start", "byte_end"),
        CRITICAL,
        greater("span_bytes", "value_bytes", or_equal=True),
        "The tag has more bytes than the span that it was read from: it is not the text that stands there.",
        VERIFIED,
        shown=("value", "span_bytes", "value_bytes"),
    ),
)


def facts(batch: Batch) -> Facts:
    """What the rules of `tags` judge besides its own columns."""
    table = batch.tables["tags"]
    return {
        **belonging_facts(batch, "tags"),
        "tag_key": pc.binary_join_element_wise(
            *(flat(table[name]) for name in ("document_id", "facet", "value")), "\n"
        ),
        "is_before_tags": pc.and_(
            pc.is_in(flat(table["source_id"]), value_set=pa.array(vocabulary.FULL_PAGES)),
            pc.fill_null(pc.less(flat(table["event_date"]), pa.scalar(vocabulary.TAGGED_SINCE)), False),
        ),
        "span_bytes": pa.array(ints(table["byte_end"]) - ints(table["byte_start"])),
        "value_bytes": pa.array(ints(pc.binary_length(table["value"]))),
    }
