"""For each rule one edit of a valid document that breaks it and one that goes as far as the rule allows."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from expectations.common import NUMBERED
from tests.expectations.builder import TODAY, Rows

Edit = Callable[[Rows], None]
DAY = dt.timedelta(days=1)
START = dt.date(1999, 12, 31)  # of kremlin


@dataclass(frozen=True)
class Case:
    """An edit that breaks a rule, and one that just keeps it."""

    rule_id: str
    breaks: Edit
    holds: Edit


def nothing(_: Rows) -> None:
    """The valid document itself goes as far as the rule allows."""


def put(table: str, row: int, **values: object) -> Edit:
    """Set cells of one row."""
    return lambda document: document[table][row].update(values)


def shift(table: str, row: int, column: str, by: int, of: tuple[str, int, str] | None = None) -> Edit:
    """Set a cell to another cell, or to itself, plus something."""
    other_table, other_row, other_column = of or (table, row, column)

    def edit(document: Rows) -> None:
        document[table][row][column] = document[other_table][other_row][other_column] + by  # type: ignore[operator]

    return edit


def both(*edits: Edit) -> Edit:
    """One edit after another."""

    def edit(document: Rows) -> None:
        for one in edits:
            one(document)

    return edit


def everywhere(**values: object) -> Edit:
    """Set cells of every row of every table."""

    def edit(document: Rows) -> None:
        for rows in document.values():
            for row in rows:
                row.update(values)

    return edit


def dated(day: dt.date) -> Edit:
    """Date the event and its publication."""
    return both(everywhere(event_date=day), put("documents", 0, published_at=None))


def published(day: dt.date) -> Edit:
    """Date the publication: its last second, in UTC."""
    return put("documents", 0, published_at=dt.datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=dt.UTC))


def stray(table: str) -> Edit:
    """Let the last row belong to a document that is nowhere."""

    def edit(document: Rows) -> None:
        row = document[table][-1]
        row["document_id"] = "f" + str(row["document_id"])[1:]

    return edit


def reverse(table: str) -> Edit:
    """Turn the order of the rows round: it is not the order of the document."""
    return lambda document: document[table].reverse()


def second_document(**values: object) -> Edit:
    """Add a document without rows in other tables."""

    def edit(document: Rows) -> None:
        document["documents"].append({**document["documents"][0], **values})

    return edit


def repeat_body(letter: str, body: str) -> Edit:
    """Add a document that has the same paragraphs, save that the last one may read otherwise."""

    def edit(document: Rows) -> None:
        old = str(document["documents"][0]["document_id"])
        new = letter + old[1:]
        document["documents"].append({**document["documents"][0], "document_id": new})
        copies: list[dict[str, object]] = [{**row, "document_id": new} for row in document["paragraphs"]]
        copies[-1]["text"] = body or copies[-1]["text"]
        document["paragraphs"] += copies

    return edit


def repeat_most(share: float) -> Edit:
    """Add a document with the same paragraphs but the last, which are that share of the words of both."""

    def edit(document: Rows) -> None:
        repeat_body("b", "And so it ended.")(document)
        half = document["paragraphs"][: len(document["paragraphs"]) // 2]
        shared = sum(len(str(row["text"]).split()) for row in half[:-1])
        for row in document["documents"]:
            row["word_count"] = round(shared / share)

    return edit


def add_row(table: str, **values: object) -> Edit:
    """Repeat the last row with other values."""
    return lambda document: document[table].append({**document[table][-1], **values})


def on_pages(count: int) -> Edit:
    """Let a long paragraph stand on so many pages."""

    def edit(document: Rows) -> None:
        head, lead = document["documents"][0], document["paragraphs"][0]
        lead["text"] = "Whoever needs a cart asks the clerk of the council before noon."
        for number in range(1, count):
            other = f"{number:02x}{'b' * 18}"
            document["documents"].append({**head, "document_id": other})
            document["paragraphs"].append({**lead, "document_id": other})

    return edit


def headed(letter: str, count: int, **values: object) -> Edit:
    """Let so many pages have the same head."""

    def edit(document: Rows) -> None:
        head = document["documents"][0]
        head.update(values)
        for number in range(1, count):
            document["documents"].append({**head, "document_id": f"{number:03x}{letter * 17}"})

    return edit


def captioned(count: int) -> Edit:
    """Let a caption stand on so many pages."""

    def edit(document: Rows) -> None:
        photo = document["photos"][0]
        photo["caption"] = f"Ask {count} clerks."
        for number in range(1, count):
            other = f"{number:02x}{count:02x}{'e' * 16}"
            document["documents"].append({**document["documents"][0], "document_id": other})
            document["photos"].append({**photo, "document_id": other})

    return edit


def menu(lines: int) -> Edit:
    """Let so many lines of a menu stand in a row."""

    def edit(document: Rows) -> None:
        for number, row in enumerate(document["paragraphs"][:lines]):
            row["text"] = f"News {number}"

    return edit


def drop_row(table: str, row: int) -> Edit:
    """Remove a row."""

    def edit(document: Rows) -> None:
        del document[table][row]

    return edit


def speak_again(chars: int) -> Edit:
    """Let two paragraphs say the same, in so many characters."""
    return both(put("paragraphs", 1, text="a" * chars), put("paragraphs", 3, text="a" * chars))


# table -> (row, required column): a row whose missing value breaks no numbering.
_REQUIRED = {
    "turns": (1, "speaker_kind"),
    "paragraphs": (0, "kind"),
    "tags": (0, "facet"),
    "links": (0, "relation"),
    "photos": (0, "photo_index"),
}
# table -> a cell that may be null, where there is one.
_OPTIONAL = {
    "turns": put("turns", 1, speaker_label=None, speaker_kind="unknown"),
    "paragraphs": nothing,
    "tags": nothing,
    "links": put("links", 0, url=None, date=None, date_label=None),
    "photos": put("photos", 0, credit=None, album_size=None),
}


def _belonging(table: str) -> list[Case]:
    row, column = _REQUIRED[table]
    return [
        Case(f"{table}.row.complete", put(table, row, **{column: None}), _OPTIONAL[table]),
        Case(f"{table}.document_id.known", stray(table), nothing),
        Case(f"{table}.document.agrees", put(table, 0, source_id="vostra"), everywhere(source_id="vostra")),
        Case(f"{table}.{NUMBERED[table]}.consecutive", shift(table, -1, NUMBERED[table], 1), reverse(table)),
        Case(
            f"{table}.span.forward",
            shift(table, 0, "byte_end", 0, (table, 0, "byte_start")),
            shift(table, 0, "byte_end", 1, (table, 0, "byte_start")),
        ),
        Case(
            f"{table}.span.disjoint",
            shift(table, 1, "byte_start", -1, (table, 0, "byte_end")),
            shift(table, 1, "byte_start", 0, (table, 0, "byte_end")),
        ),
        Case(
            f"{table}.span.inside_document",
            shift(table, -1, "byte_end", 1, ("documents", 0, "byte_end")),
            both(
                shift(table, -1, "byte_end", 0, ("documents", 0, "byte_end")),
                shift(table, 0, "byte_start", 0, ("documents", 0, "byte_start")),
            ),
        ),
    ]


def _ids(table: str, column: str, letter: str) -> list[Case]:
    return [
        Case(f"{table}.{column}.derived", put(table, 1, **{column: f"{0:020x}-{letter}0001"}), nothing),
        Case(f"{table}.{column}.unique", shift(table, 1, column, "", (table, 0, column)), nothing),  # type: ignore[arg-type]
    ]


def _text(rule_id: str, bad: object, good: object) -> Case:
    """Set the column that the rule id names, in the first row."""
    table, column, _ = rule_id.split(".")
    return Case(rule_id, put(table, 0, **{column: bad}), put(table, 0, **{column: good}))


CASES: tuple[Case, ...] = (
    Case("documents.row.complete", put("documents", 0, parser=None), put("documents", 0, url=None)),
    Case("documents.document_id.form", everywhere(document_id="g" * 20), nothing),
    Case("documents.document_id.unique", second_document(), second_document(document_id="d" * 20)),
    Case("documents.document_id.repeated", put("documents", 0, is_twice=True), nothing),
    _text("documents.source_id.form", "Kremlin", "vostra-24"),
    _text("documents.language.form", "English", "sr-Latn-RS"),
    _text("documents.title.present", " — ", "Ю"),
    _text("documents.title.length", "t" * 601, "t" * 600),
    _text("documents.title.long", "t" * 301, "t" * 300),
    _text("documents.title.furniture", "Publication status", "On the status of publications"),
    _text("documents.title.error_page", "404 Not Found", "Route 404 is not found on any map"),
    _text("documents.title.markup", "Talks on <b>barns</b>", "Talks on <…> barns & mills"),
    _text("documents.title.encoding", "Talks in the cafÃ©", "Talks in the café"),
    _text("documents.title.sentence", "The council spoke of barns.", "The council spoke of barns etc.”"),
    Case("documents.title.on_many_pages", headed("c", 250, title="The Council"), headed("c", 9, title="The Office")),
    Case("documents.summary.on_many_pages", headed("d", 250, summary="The site."), headed("d", 9, summary="The page.")),
    _text("documents.summary.long", "s" * 601, "s" * 600),
    _text("documents.place.long", "p" * 101, "p" * 100),
    _text("documents.kind.known", "speech", "announcement"),
    Case(
        "documents.kind.transcript_speaks",
        put("documents", 0, kind="news"),
        put("documents", 0, kind="news", turn_count=0),
    ),
    Case(
        "documents.sections.transcript_speaks",
        lambda document: document["turns"].clear(),
        both(put("documents", 0, sections=["News", "Photos"]), lambda document: document["turns"].clear()),
    ),
    Case(
        "documents.sections.foot",
        put("documents", 0, sections=[], published_at=None),
        put("documents", 0, sections=[]),
    ),
    Case(
        "documents.sections.half_foot",
        put("documents", 0, sections=[]),
        put("documents", 0, sections=[], published_at=None),
    ),
    Case(
        "documents.event_date.printed",
        lambda document: document["blocks"].clear(),
        both(put("documents", 0, kind="announcement"), lambda document: document["blocks"].clear()),
    ),
    Case(
        "documents.event_time.printed",
        put("documents", 0, event_time=None),
        put("documents", 0, event_time=None, kind="announcement"),
    ),
    Case("documents.event_date.after_source_start", dated(START - DAY), dated(START)),
    Case("documents.event_date.not_far_ahead", dated(TODAY + 401 * DAY), dated(TODAY + 400 * DAY)),
    Case(
        "documents.event_date.near_publication",
        both(published(TODAY), everywhere(event_date=TODAY + 401 * DAY)),
        both(published(TODAY), everywhere(event_date=TODAY + 400 * DAY)),
    ),
    Case(
        "documents.published_at.near_event",
        both(everywhere(event_date=dt.date(2020, 5, 1)), published(dt.date(2020, 6, 2))),
        both(everywhere(event_date=dt.date(2020, 5, 1)), published(dt.date(2020, 6, 1))),
    ),
    Case("documents.published_at.not_ahead", published(TODAY + 3 * DAY), published(TODAY + 2 * DAY)),
    Case("documents.published_at.after_source_start", published(START - DAY), published(START)),
    _text("documents.url.form", "javascript:alert(1)", "http://example.org/a?b=c#d"),
    Case("documents.turn_count.rows", put("documents", 0, turn_count=3), nothing),
    Case(
        "documents.speaker_count.at_most_turns",
        put("documents", 0, speaker_count=3),
        put("documents", 0, speaker_count=2),
    ),
    _text("documents.speaker_count.not_negative", -1, 0),
    Case("documents.paragraph_count.rows", drop_row("paragraphs", 4), nothing),
    Case(
        "documents.paragraph_count.body",
        both(dated(dt.date(2006, 1, 1)), lambda document: document["paragraphs"].clear()),
        both(dated(dt.date(2005, 12, 31)), lambda document: document["paragraphs"].clear()),
    ),
    Case("documents.word_count.rows", shift("documents", 0, "word_count", 1), nothing),
    _text("documents.recognised_share.enough", 0.9799, 0.98),
    _text("documents.recognised_share.nearly_all", 0.9989, 0.999),
    Case("documents.body.repeated", repeat_body("a", ""), repeat_body("c", "And so it ended.")),
    Case("documents.body.nearly_repeated", repeat_most(0.81), repeat_most(0.79)),
    _text("documents.dump_sha256.form", "A" * 64, "0" * 64),
    _text("documents.rendition_sha256.form", "a" * 63, "0" * 64),
    _text("documents.content_sha256.form", "", "f" * 64),
    _text("documents.parser.form", "kremlin-text", "vostra-html/12"),
    _text("documents.byte_start.not_negative", -1, 0),
    Case(
        "documents.span.forward",
        shift("documents", 0, "byte_end", 0, ("documents", 0, "byte_start")),
        shift("documents", 0, "byte_end", 1, ("documents", 0, "byte_start")),
    ),
    Case(
        "documents.span.disjoint",
        both(
            second_document(document_id="1" * 20), shift("documents", 1, "byte_start", -1, ("documents", 0, "byte_end"))
        ),
        both(
            second_document(document_id="2" * 20),
            shift("documents", 1, "byte_start", 0, ("documents", 0, "byte_end")),
            shift("documents", 1, "byte_end", 9, ("documents", 0, "byte_end")),
        ),
    ),
    *(case for table in NUMBERED for case in _belonging(table)),
    *_ids("turns", "turn_id", "t"),
    *_ids("paragraphs", "paragraph_id", "p"),
    _text("turns.text.present", " \n\n", "No."),
    _text("turns.speaker_label.present", " ", "?"),
    _text("turns.speaker_label.length", "l" * 261, "l" * 260),
    _text("turns.speaker_label.long", "l" * 121, "l" * 120),
    _text("turns.speaker_label.encoding", "Chair Zoe\u202eMarden", "Chair Zoé Marden"),
    _text("turns.speaker_label.colon", "Zoe Marden :", "Zoe Marden (to Ana Orlo: quietly)"),
    _text("turns.speaker_kind.known", "human", "unknown"),
    Case(
        "turns.speaker_kind.person_named",
        put("turns", 0, speaker_name=None, speaker_role=" "),
        put("turns", 0, speaker_name=None),
    ),
    _text("turns.speaker_name.digits", "Zoe 11:45", "Zoe Marden II"),
    _text("turns.speaker_name.common_word", "The message reads", "Omar bin Said"),
    _text("turns.speaker_name.long", "n" * 81, "n" * 80),
    Case("turns.paragraph_count.rows", put("turns", 0, paragraph_count=1), nothing),
    Case("turns.word_count.rows", shift("turns", 0, "word_count", -1), nothing),
    _text("paragraphs.kind.known", "body", "quote"),
    Case(
        "paragraphs.kind.speech_has_turn",
        put("paragraphs", 1, kind="note"),
        put("paragraphs", 1, kind="note", turn_id=None, turn_index=None),
    ),
    Case("paragraphs.turn_id.known", drop_row("turns", 1), drop_row("paragraphs", 4)),
    Case("paragraphs.turn_index.agrees", put("paragraphs", 1, turn_index=1), nothing),
    Case(
        "paragraphs.turn_index.with_id",
        put("paragraphs", 1, turn_index=None),
        put("paragraphs", 1, turn_index=None, turn_id=None),
    ),
    Case(
        "paragraphs.span.inside_turn",
        shift("paragraphs", 2, "byte_end", 1, ("turns", 0, "byte_end")),
        shift("paragraphs", 1, "byte_start", 0, ("turns", 0, "byte_start")),
    ),
    _text("paragraphs.text.present", "\t", "—"),
    Case(
        "paragraphs.text.fits_span",
        both(put("paragraphs", 0, text="né"), shift("paragraphs", 0, "byte_end", 2, ("paragraphs", 0, "byte_start"))),
        both(put("paragraphs", 0, text="né"), shift("paragraphs", 0, "byte_end", 3, ("paragraphs", 0, "byte_start"))),
    ),
    _text("paragraphs.text.furniture", "So be it. Publication status", "Read the Text version before you sign."),
    _text("paragraphs.text.date_line", "May 1, 2021", "May 1, 2021: the barns are full."),
    _text("paragraphs.text.markup", "So be it.<br/>", "So be it: <…> and so on, at 3 < 4."),
    _text("paragraphs.text.encoding", "The cafÃ© is full.", "The café of São Ålund is full; № 4 – “Р. С.”."),
    _text("paragraphs.text.invisible", "So\u202ebe it.", "So\u00ad be\u200d it."),
    _text("paragraphs.text.long", "p" * 10_001, "p" * 10_000),
    Case(
        "paragraphs.text.label_left",
        put("paragraphs", 2, text="Chair of the Council Zoe Marden : Thank you."),
        put("paragraphs", 2, text="What the Chair of the Council said to Ana Orlo: Thank you."),
    ),
    Case(
        "paragraphs.text.label_doubtful",
        both(put("documents", 0, parser="labelled-text/1"), put("paragraphs", 0, text="Ana Orlo: This is all.")),
        both(put("documents", 0, parser="labelled-text/1"), put("paragraphs", 0, text="This is all: nothing.")),
    ),
    Case(
        "paragraphs.end_ms.after_start",
        put("paragraphs", 2, start_ms=2000, end_ms=1999),
        put("paragraphs", 2, start_ms=2000, end_ms=2000),
    ),
    Case(
        "paragraphs.start_ms.in_order",
        both(put("paragraphs", 1, start_ms=2000), put("paragraphs", 2, start_ms=1999)),
        both(put("paragraphs", 1, start_ms=2000), put("paragraphs", 2, start_ms=2000)),
    ),
    Case("paragraphs.text.on_many_pages", on_pages(30), on_pages(9)),
    Case("paragraphs.text.menu", menu(4), menu(3)),
    Case("paragraphs.text.said_twice", speak_again(200), speak_again(199)),
    _text("tags.facet.form", "", "organisation"),
    _text("tags.facet.known", "organisation", "topic"),
    _text("tags.value.present", "…", "Ф"),
    _text("tags.value.long", "v" * 81, "v" * 80),
    _text("tags.value.cut_mark", "3 more", "3 more mills"),
    Case(
        "tags.value.repeated",
        put("tags", 1, facet="geography", value="Lessk"),
        put("tags", 1, facet="topic", value="Lessk"),
    ),
    Case("tags.event_date.era", dated(dt.date(2009, 12, 31)), dated(dt.date(2010, 1, 1))),
    Case(
        "tags.value.fits_span",
        put("tags", 0, value="Lesská"),
        put("tags", 0, value="Lessk"),
    ),
    _text("links.relation.form", "See also", "press_release"),
    _text("links.relation.known", "press_release", "additional"),
    _text("links.title.present", "", "7"),
    _text("links.title.long", "t" * 501, "t" * 500),
    _text("links.title.furniture", "Text version", "The text version of the treaty"),
    Case("links.date.labelled", put("links", 0, date_label=None), put("links", 0, date=None)),
    _text("links.date.after_source_start", START - DAY, START),
    _text("links.date.not_far_ahead", TODAY + 401 * DAY, TODAY + 400 * DAY),
    _text("links.url.form", "https://example.org/a b", "https://example.org/"),
    Case(
        "photos.row.shows_something",
        put("photos", 0, caption=None, credit=None, album_size=None),
        put("photos", 0, caption=None, credit=None),
    ),
    _text("photos.caption.present", " ", "."),
    _text("photos.caption.long", "c" * 601, "c" * 600),
    Case("photos.caption.on_many_pages", captioned(30), captioned(9)),
    _text("photos.caption.credit_mark", "The mill. Photo: Ana Orlo", "The Photo Club of Lessk."),
    _text("photos.credit.present", "", "A"),
    _text("photos.credit.long", "c" * 151, "c" * 150),
    _text("photos.album_size.plausible", 1001, 1000),
)
