"""What must be true of `documents`."""

from __future__ import annotations

from expectations import heads, vocabulary
from expectations.common import presence, spans
from expectations.document_facts import SHORT_BODY_WORDS
from expectations.rules import (
    CONTRACT,
    CRITICAL,
    HEALTHY,
    VERIFIED,
    WARNING,
    Rule,
    between,
    equal,
    greater,
    matching,
    one_of,
    unique,
)

_SHA256 = r"^[0-9a-f]{64}$"
_CODE = "a fault of the code that makes the tables."

RULES: tuple[Rule, ...] = (
    presence("documents"),
    Rule(
        "documents.document_id.form",
        ("document_id",),
        CRITICAL,
        matching("document_id", r"^[0-9a-f]{20}$"),
        f"The id is not 20 hexadecimal digits, so it was not made as ids are made: {_CODE}",
        "tasks/identity.py: DOCUMENT_ID_CHARS",
    ),
    Rule(
        "documents.document_id.unique",
        ("document_id", "title"),
        CRITICAL,
        unique("document_id"),
        "Two documents of the batch have the same source, language, time and title, so one would replace the other. "
        "Compare the two: the page may stand twice in the dump, or the time was misread.",
        "contract: documents.document_id",
    ),
    Rule(
        "documents.document_id.repeated",
        ("document_id", "title"),
        WARNING,
        one_of("is_twice", [False]),
        "The dump holds the page more than once. It is published once, in the words that stand last: see why the page "
        "was exported twice.",
        HEALTHY + ": no page stands twice",
        shown=("title", "document_id"),
    ),
    Rule(
        "documents.source_id.form",
        ("source_id",),
        CRITICAL,
        matching("source_id", r"^[a-z0-9-]+$"),
        "The source is no slug of small letters, digits and hyphens, so it cannot name a partition. Give --source.",
        "contract: words, source",
    ),
    Rule(
        "documents.language.form",
        ("language",),
        CRITICAL,
        matching("language", r"^[a-z]{2,3}(?:-[A-Z][a-z]{3})?(?:-(?:[A-Z]{2}|[0-9]{3}))?$"),
        "The language is no tag of BCP 47 such as `en` or `sr-Latn`. Give --language.",
        "contract: documents.language",
    ),
    *heads.RULES,
    Rule(
        "documents.kind.known",
        ("kind",),
        CRITICAL,
        one_of("kind", vocabulary.KINDS_OF_DOCUMENT),
        f"The kind is none of those that the schema describes: {_CODE}",
        CONTRACT,
    ),
    Rule(
        "documents.kind.transcript_speaks",
        ("kind", "turn_count"),
        CRITICAL,
        equal("is_transcript", "has_turns"),
        "A document is a transcript exactly when somebody speaks in it; here kind and turns tell different stories.",
        "contract: documents.kind",
    ),
    Rule(
        "documents.sections.transcript_speaks",
        ("sections", "turn_count"),
        WARNING,
        one_of("is_silent_transcript", [False]),
        "The source files the document under its transcripts, yet no speaker was found: see whether its labels have a "
        "new form.",
        HEALTHY + ": 145 of 148 pages filed as transcripts have a speaker",
    ),
    Rule(
        "documents.sections.foot",
        ("sections", "published_at"),
        CRITICAL,
        one_of("is_footless", [False]),
        "The page has neither sections nor a publication date, though its source prints both at the foot of every "
        "page: it is cut off, or two pages ran together. Without that date its id would not stay the same either.",
        HEALTHY + ": every page has both",
    ),
    Rule(
        "documents.sections.half_foot",
        ("sections", "published_at"),
        WARNING,
        one_of("is_foot_half", [False]),
        "One of the sections and the publication date is missing from the foot of the page, though its source prints "
        "both on every page.",
        HEALTHY + ": every page has both",
    ),
    Rule(
        "documents.event_date.printed",
        ("event_date", "kind"),
        WARNING,
        one_of("is_dateless", [False]),
        "No date that exists is printed under the title, though the source prints one on all but announcements: the "
        "line is lost, damaged or of a new form, and the date is that of publication.",
        HEALTHY + ": every page but its 23 announcements has one",
    ),
    Rule(
        "documents.event_time.printed",
        ("event_time", "kind"),
        WARNING,
        one_of("is_timeless", [False]),
        "The page has no time under its date, though its source prints one on all but announcements: its head may be "
        "cut off, so that another line was taken for the title.",
        HEALTHY + ": every page but its 23 announcements has one",
    ),
    Rule(
        "documents.event_date.after_source_start",
        ("event_date", "source_id"),
        CRITICAL,
        between("days_after_source_start", least=0),
        "The date lies before the source began, so another number was read as the date. Look at the head of the page.",
        "expectations/vocabulary.py: SOURCE_STARTS; kremlin: the first page is of December 31, 1999",
    ),
    Rule(
        "documents.event_date.not_far_ahead",
        ("event_date",),
        CRITICAL,
        between("days_ahead", most=400),
        "The date lies more than 400 days ahead, so another number was read as the date. Look at the head of the page.",
        "announcements name events up to about a year ahead",
    ),
    Rule(
        "documents.event_date.near_publication",
        ("event_date", "published_at"),
        WARNING,
        between("days_after_publication", most=400),
        "The event is dated more than 400 days after the page was published: one of the two dates is misread, or the "
        "source has a slip.",
        HEALTHY + ": no page tells an event of a later year than its publication",
    ),
    Rule(
        "documents.published_at.near_event",
        ("published_at", "event_date"),
        WARNING,
        between("days_until_publication", most=31),
        "The page was published more than a month after its event, though its source publishes the same day: one of "
        "the two dates is misread, or the page was put up again.",
        HEALTHY + ": every page was published on the day that stands under its title; a month is granted",
    ),
    Rule(
        "documents.published_at.not_ahead",
        ("published_at",),
        CRITICAL,
        between("publication_days_ahead", most=2),
        "The page says that it was published in the future: its publication date is misread.",
        "time zones and clocks that differ explain a day, not three",
    ),
    Rule(
        "documents.published_at.after_source_start",
        ("published_at", "source_id"),
        CRITICAL,
        between("publication_days_after_source_start", least=0),
        "The page says that it was published before its source began: its publication date is misread.",
        "expectations/vocabulary.py: SOURCE_STARTS",
    ),
    Rule(
        "documents.url.form",
        ("url",),
        WARNING,
        matching("url", r"^https?://[^\s<>\x22]+$"),
        "The address is no http or https address, so nobody can open it.",
        CONTRACT,
    ),
    Rule(
        "documents.turn_count.rows",
        ("turn_count",),
        CRITICAL,
        equal("turn_count", "turn_rows"),
        f"The document counts other turns than stand in `turns`: {_CODE}",
        CONTRACT,
    ),
    Rule(
        "documents.speaker_count.at_most_turns",
        ("speaker_count", "turn_count"),
        CRITICAL,
        greater("turn_count", "speaker_count", or_equal=True),
        f"More speakers than turns, though each speaks at least once: {_CODE}",
        CONTRACT,
    ),
    Rule(
        "documents.speaker_count.not_negative",
        ("speaker_count",),
        CRITICAL,
        between("speaker_count", least=0),
        f"A count below zero: {_CODE}",
        CONTRACT,
    ),
    Rule(
        "documents.paragraph_count.rows",
        ("paragraph_count",),
        CRITICAL,
        equal("paragraph_count", "paragraph_rows"),
        f"The document counts other paragraphs than stand in `paragraphs`: {_CODE}",
        CONTRACT,
    ),
    Rule(
        "documents.paragraph_count.body",
        ("paragraph_count", "event_date"),
        WARNING,
        one_of("is_bodiless", [False]),
        "The page has a title and nothing else: its body may have been lost.",
        HEALTHY
        + ": 16 of 17 pages without a body are of 2000 to 2005, when the site told news in the title alone; later "
        "pages are judged",
    ),
    Rule(
        "documents.word_count.rows",
        ("word_count",),
        CRITICAL,
        equal("word_count", "paragraph_words"),
        f"The document counts other words than its paragraphs hold: {_CODE}",
        CONTRACT,
    ),
    Rule(
        "documents.recognised_share.enough",
        ("recognised_share",),
        CRITICAL,
        between("recognised_share", least=0.98, most=1.0),
        "More than 2 % of the page was not understood, so text may be missing from the tables. `trace` shows the "
        "blocks of kind `unrecognised`.",
        HEALTHY
        + ": pages have a median of 1,129 bytes; 2 % of that is 23 bytes, less than any sentence, and on a long "
        "transcript no more than a paragraph or two",
    ),
    Rule(
        "documents.recognised_share.nearly_all",
        ("recognised_share",),
        WARNING,
        between("recognised_share", least=0.999),
        "Some text of the page was not understood. `trace` shows the blocks of kind `unrecognised`.",
        HEALTHY + ": every page has 1.0; 0.999 lets pass a stray mark on a long one",
    ),
    Rule(
        "documents.body.repeated",
        ("title",),
        WARNING,
        unique("body_fingerprint"),
        "Another document of the batch has the very same paragraphs: a page that answered for another, or one text "
        "published under two titles.",
        f"no two bodies of {SHORT_BODY_WORDS} words and more are the same by chance; shorter ones are compared where "
        "the title is the same too",
        shown=("title", "paragraph_count"),
    ),
    Rule(
        "documents.body.nearly_repeated",
        ("title",),
        WARNING,
        between("share_repeated", most=0.8),
        "Nearly all words of the page stand in another document of the batch too: one page under two titles, or a page "
        "that answered for another.",
        HEALTHY + ": no two pages that differ share more than half of their words in whole paragraphs",
        shown=("title", "share_repeated"),
    ),
    *(
        Rule(
            f"documents.{column}.form",
            (column,),
            CRITICAL,
            matching(column, _SHA256),
            f"No SHA-256 in small hexadecimal digits, so the bytes could not be found again: {_CODE}",
            CONTRACT,
        )
        for column in ("dump_sha256", "rendition_sha256", "content_sha256")
    ),
    Rule(
        "documents.parser.form",
        ("parser",),
        CRITICAL,
        matching("parser", r"^[a-z0-9-]+/[0-9]+$"),
        f"The parser is not told as name and version, `kremlin-text/1`: {_CODE}",
        "contract: documents.parser",
    ),
    Rule(
        "documents.byte_start.not_negative",
        ("byte_start",),
        CRITICAL,
        between("byte_start", least=0),
        "The span begins before the rendition does: a fault of the parser.",
        VERIFIED,
    ),
    *spans("documents"),
)
