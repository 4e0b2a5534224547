"""What must be true of `paragraphs`."""

from __future__ import annotations

from expectations import vocabulary
from expectations.common import belonging
from expectations.paragraph_facts import LONG_SPEECH_CHARS, LONG_TEXT_CHARS, MENU_LINES
from expectations.rules import (
    CONTRACT,
    CRITICAL,
    HEALTHY,
    VERIFIED,
    WARNING,
    Rule,
    absent,
    at_most_chars,
    equal,
    greater,
    not_matching,
    one_of,
    unique,
)

LONGEST_CHARS = 10_000

_CODE = "a fault of the code that makes the tables."

RULES: tuple[Rule, ...] = (
    *belonging("paragraphs"),
    Rule(
        "paragraphs.kind.known",
        ("kind",),
        CRITICAL,
        one_of("kind", vocabulary.KINDS_OF_PARAGRAPH),
        f"The kind of paragraph is none of those that the schema describes: {_CODE}",
        CONTRACT,
    ),
    Rule(
        "paragraphs.kind.speech_has_turn",
        ("kind", "turn_id"),
        CRITICAL,
        equal("is_speech", "has_turn"),
        "Speech belongs to a turn and nothing else does; here words are said by nobody, or text that nobody said is "
        "put into somebody's mouth.",
        "contract: paragraphs.turn_id is null outside speech",
    ),
    Rule(
        "paragraphs.turn_id.known",
        ("turn_id",),
        CRITICAL,
        one_of("turn_known", [True]),
        f"The paragraph points to a turn that is not in the batch, so its speaker is lost: {_CODE}",
        VERIFIED,
    ),
    Rule(
        "paragraphs.turn_index.agrees",
        ("turn_id", "turn_index"),
        CRITICAL,
        equal("turn_id", "expected_turn_id"),
        f"The id and the index of the turn name different turns: {_CODE}",
        CONTRACT,
    ),
    Rule(
        "paragraphs.turn_index.with_id",
        ("turn_id", "turn_index"),
        CRITICAL,
        equal("has_turn", "has_turn_index"),
        f"One of the id and the index of the turn is there without the other: {_CODE}",
        CONTRACT,
    ),
    Rule(
        "paragraphs.span.inside_turn",
        ("byte_start", "byte_end", "turn_id"),
        CRITICAL,
        one_of("bytes_outside_turn", [0]),
        "The paragraph stands outside the bytes of the turn that is said to speak it: another speaker may have said "
        "it.",
        VERIFIED,
    ),
    Rule(
        "paragraphs.text.present",
        ("text",),
        CRITICAL,
        one_of("is_blank", [False]),
        "The paragraph holds no text: a fault of the parser.",
        CONTRACT,
        shown=("text",),
    ),
    Rule(
        "paragraphs.text.fits_span",
        ("text", "byte_start", "byte_end"),
        CRITICAL,
        greater("span_bytes", "text_bytes", or_equal=True),
        "The text has more bytes than the span that it was read from, though folding only shortens: it is not the text "
        "that stands there.",
        VERIFIED,
        shown=("span_bytes", "text_bytes"),
    ),
    Rule(
        "paragraphs.text.furniture",
        ("text",),
        CRITICAL,
        absent("furniture"),
        "Text of the page itself stands in a paragraph: a boundary was missed, and what follows may belong to another "
        "page.",
        HEALTHY + ": no paragraph holds any",
    ),
    Rule(
        "paragraphs.text.date_line",
        ("text",),
        CRITICAL,
        absent("date_line"),
        "A date line as in the head of a page stands in the text: two pages ran together, and what follows is another "
        "document.",
        HEALTHY + ": no paragraph is a date and nothing else",
    ),
    Rule(
        "paragraphs.text.markup",
        ("text",),
        WARNING,
        not_matching("text", vocabulary.MARKUP),
        "Markup stands in the text: the page was read as text before its tags were taken off.",
        HEALTHY + ": no paragraph holds any",
    ),
    Rule(
        "paragraphs.text.encoding",
        ("text",),
        WARNING,
        not_matching("text", vocabulary.MOJIBAKE),
        "Characters of the text were read in a wrong encoding, or could not be read: export the page as UTF-8.",
        HEALTHY + ": no paragraph holds any",
    ),
    Rule(
        "paragraphs.text.invisible",
        ("text",),
        WARNING,
        not_matching("text", vocabulary.INVISIBLE),
        "Control characters stand in the text, which change how it is shown: see where they come from.",
        HEALTHY + ": no paragraph holds any",
    ),
    Rule(
        "paragraphs.text.long",
        ("text",),
        WARNING,
        at_most_chars("text", LONGEST_CHARS),
        "The paragraph is longer than anybody speaks at a stretch: line breaks of the page were lost.",
        HEALTHY + ": the longest paragraph has 1,303 characters; others break lines less often",
    ),
    Rule(
        "paragraphs.text.label_doubtful",
        ("text",),
        WARNING,
        absent("label_doubtful"),
        "The paragraph begins like a label, a name and a colon, and nothing else in the document proves that it is "
        "one: it was left as text. See whether somebody speaks there.",
        "a transcript repeats its labels; what stands once only may as well be a heading",
    ),
    Rule(
        "paragraphs.end_ms.after_start",
        ("start_ms", "end_ms"),
        WARNING,
        greater("end_ms", "start_ms", or_equal=True),
        "The captions end before they begin: their times are damaged, their words are kept.",
        "time runs forward",
    ),
    Rule(
        "paragraphs.start_ms.in_order",
        ("start_ms",),
        WARNING,
        greater("start_ms", "start_ms_before", or_equal=True),
        "The captions begin before those that stand above them: times or order are damaged, the words are kept.",
        "time runs forward",
        shown=("start_ms", "start_ms_before"),
    ),
    Rule(
        "paragraphs.text.label_left",
        ("text",),
        WARNING,
        absent("label_left"),
        "The paragraph begins with a label that speaks elsewhere in the document, or with what may be one of an odd "
        "form: it ends in a name, is very long, or is no more than a colon, a word, or a name and a place. A turn may "
        "be lost in another one.",
        HEALTHY + "; the commonest fault that reviewers of parliament corpora report",
    ),
    Rule(
        "paragraphs.text.on_many_pages",
        ("text",),
        WARNING,
        absent("pages_alike"),
        "The very same paragraph stands on many pages of the batch: a sidebar, a banner or a notice was taken for "
        "text. Add it to the furniture of its format.",
        HEALTHY + f": no paragraph of {LONG_TEXT_CHARS} characters is on more than 2 of them",
    ),
    Rule(
        "paragraphs.text.menu",
        ("text",),
        WARNING,
        absent("menu_lines"),
        "Short lines without a mark at their end stand one after the other: a menu, a row of buttons or a list of tags "
        "was taken for text.",
        HEALTHY + f": no page has {MENU_LINES} such lines in a row",
    ),
    Rule(
        "paragraphs.text.said_twice",
        ("text",),
        WARNING,
        unique("long_speech"),
        "The same long paragraph is spoken twice in the document: a pull quote was taken for speech, or the page "
        "stands in the dump twice.",
        f"nobody says {LONG_SPEECH_CHARS} characters twice word for word",
        shown=("text",),
    ),
)
