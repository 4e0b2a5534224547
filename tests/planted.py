"""A dump of good pages in the style of the sample, and faults to plant in it; all of it invented."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass

NOUNS = "barn mill cart quay canal ferry orchard bridge school library lantern harbour road market well".split()
PLACES = "Lessk Ostmark Mirrow Ostrow Norvenia Vastria Halden Birkfield Torsund Elmgate".split()
VERBS = "repair open count paint measure lease insure rebuild light clear".split()
ENDS = "before the thaw;as the council agreed;at our own cost;without any delay;with the help of the guilds".split(";")
SIDEBAR = "Read also on this site: all about the harvest of lanterns in the Ostmark Region and beyond"


def sentence(chance: random.Random) -> str:
    number = chance.randint(2, 9000)
    return (
        f"We shall {chance.choice(VERBS)} {number} {chance.choice(NOUNS)}s near {chance.choice(PLACES)} "
        f"{chance.choice(ENDS)}, and report on the {chance.choice(NOUNS)} no later than week {chance.randint(1, 52)}."
    )


@dataclass(frozen=True)
class Page:
    """The lines of a page, by what they are."""

    head: tuple[str, ...]  # title, summary, date, time, place
    body: tuple[str, ...]
    foot: tuple[str, ...]

    def text(self) -> str:
        return "\n".join(("Events", *self.head, *self.body, *self.foot, "Text version"))

    def replace(self, old: str, new: str) -> str:
        text = self.text()
        assert old in text, old
        return text.replace(old, new, 1)


def good_page(number: int, day: dt.date | None = None) -> Page:
    """A transcript; three days lie between two of them."""
    chance = random.Random(number)
    day = day or dt.date(2012, 1, 9) + dt.timedelta(days=3 * number)
    printed = f"{day:%B} {day.day}, {day.year}"
    noun, place = chance.choice(NOUNS), chance.choice(PLACES)
    speech = [sentence(chance) for _ in range(6)]
    return Page(
        (
            f"Meeting {number} on the {noun}s of {place}", f"Harald Storr held a meeting in {place}.",
            printed, "14:00", place,
        ),
        (
            f"President of Sorland Harald Storr: {speech[0]}", speech[1], speech[2],
            f"Governor of Ostmark Region Ada Lind: {speech[3]}",
            f"Harald Storr: {speech[4]}", f"Ada Lind: {speech[5]}",
        ),
        (
            "Geography", "Ostmark Region", "Topics", "Transport", "Publication status",
            "Published in sections: News, Transcripts", f"Publication date: {printed}, 14:00",
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class Fault:
    """What is planted, the rules that may tell it, and whether the page is held back for it."""

    name: str
    rules: frozenset[str]
    plant: Callable[[Page], str]
    is_held: bool


FAULTS: list[Fault] = []
GOVERNOR = "Governor of Ostmark Region Ada Lind:"


def without(page: Page, *lines: str) -> str:
    return "\n".join(line for line in page.text().split("\n") if line not in lines)


def said(page: Page, words: str) -> str:
    """The page with a paragraph more in its speech."""
    return page.replace(page.body[2], f"{page.body[2]}\n{words}")


def _simple(name: str, rules: str, plant: Callable[[Page], str], *, held: bool) -> None:
    FAULTS.append(Fault(name, frozenset(rules.split()), plant, held))


FURNITURE = "paragraphs.text.furniture"
for _name, _words in {
    "publication status in speech": "So it was agreed. Publication status",
    "publication date in speech": "So it was agreed. Publication date: soon",
    "skip link in speech": "Skip to content",
    "cookie notice in speech": "Accept all cookies",
    "privacy link in speech": "Privacy Policy",
    "feed link in speech": "Subscribe to RSS",
    "print link in speech": "Print this page",
    "newsletter in speech": "Sign up for our newsletter",
    "licence in speech": "All content on this site is licensed under the Licence of Sorland",
    "Russian furniture in speech": "Статус материала",
}.items():
    _simple(_name, FURNITURE, lambda page, words=_words: said(page, words), held=True)  # type: ignore[misc]

for _name, _rule, _words in (
    ("markup in speech", "paragraphs.text.markup", "It was <b>said</b> loudly."),
    ("entity in speech", "paragraphs.text.markup", "The barns&nbsp;stand."),
    ("wrong encoding in speech", "paragraphs.text.encoding", "We met in the cafÃ© of Lessk."),
    ("bidi override in speech", "paragraphs.text.invisible", "We met in \u202eksseL."),
    ("control character in speech", "paragraphs.text.invisible", "We met\x07 in Lessk."),
    ("lost line breaks", "paragraphs.text.long", "We met in Lessk, and then again. " * 320),
):
    _simple(_name, _rule, lambda page, words=_words: said(page, words), held=False)  # type: ignore[misc]

for _name, _rule, _title, _held in (
    ("title of 700 characters", "documents.title.length", "On barns and mills " * 37, True),
    ("title of 400 characters", "documents.title.long", "On barns and mills " * 21, False),
    ("title without a letter", "documents.title.present", "— — —", True),
    ("error page", "documents.title.error_page", "404 Not Found", True),
    ("refused page", "documents.title.error_page", "Access denied", True),
    ("markup in the title", "documents.title.markup", "Meeting on <b>barns</b>", False),
):
    _simple(_name, _rule, lambda page, title=_title: page.replace(page.head[0], title), held=_held)  # type: ignore[misc]

for _name, _rules, _year, _where in (
    ("date of 2099", "documents.event_date.not_far_ahead", "2099", 0),
    ("date of 1950", "documents.event_date.after_source_start", "1950", 0),
):
    _simple(
        _name,
        _rules,
        lambda page, year=_year: page.replace(page.head[2], page.head[2][:-4] + year),  # type: ignore[misc]
        held=True,
    )


def _publish(page: Page, year: str) -> str:
    mark = page.foot[-1]
    return page.replace(mark, mark.replace(page.head[2], page.head[2][:-4] + year))


_simple("published in 2099", "documents.published_at.not_ahead", lambda page: _publish(page, "2099"), held=True)
_simple(
    "published in 1950", "documents.published_at.after_source_start", lambda page: _publish(page, "1950"), held=True
)
_simple("two dates", "documents.event_date.near_publication", lambda page: _publish(page, "2005"), held=False)
_simple(
    "tags of another age",
    "tags.event_date.era",
    lambda page: page.text().replace(page.head[2], page.head[2][:-4] + "2004"),
    held=False,
)
_simple("no time", "documents.event_time.printed", lambda page: without(page, page.head[3]), held=False)
_simple("no foot", "document.is_complete", lambda page: without(page, *page.foot[4:]), held=True)
_simple(
    "missing body", "documents.paragraph_count.body documents.sections.transcript_speaks",
    lambda page: without(page, *page.body), held=False,
)  # fmt: skip
_simple(
    "speaker lost", "documents.sections.transcript_speaks",
    lambda page: "\n".join(line.split(": ", 1)[-1] if line in page.body else line for line in page.text().split("\n")),
    held=False,
)  # fmt: skip
_simple(
    "two pages in one", "paragraphs.text.date_line",
    lambda page: page.text()[: page.text().index("Geography") - 40] + good_page(900).text(), held=True,
)  # fmt: skip
_simple(
    "cut off", "document.is_complete", lambda page: page.text()[: page.text().index("Geography") - 40] + "\n", held=True
)
_simple(
    "label of 300 characters", "paragraphs.text.label_left",
    lambda page: page.replace("Ostmark Region Ada Lind:", "Ostmark " + "and Ostmark " * 24 + "Ada Lind:"),
    held=False,
)  # fmt: skip
_simple(
    "digit in a name", "paragraphs.text.label_left",
    lambda page: page.replace("Ada Lind: We", "Ada Lind 27: We"), held=False,
)  # fmt: skip
_simple(
    "characters that could not be read", "documents.recognised_share.enough",
    lambda page: said(page, "We met in the caf\ufffd of Lessk."), held=True,
)  # fmt: skip
_simple("tag twice", "tags.value.repeated", lambda page: page.replace("Transport", "Transport\nTransport"), held=False)
_simple(
    "a sentence as tag",
    "tags.value.long",
    lambda page: page.replace("Transport", "T" + "ransport by barge " * 6),
    held=False,
)
_simple(
    "said twice", "paragraphs.text.said_twice",
    lambda page: page.text().replace(page.body[1], page.body[1] + " " + page.body[2], 1).replace(
        page.body[5], page.body[5] + "\n" + page.body[1] + " " + page.body[2], 1
    ),
    held=False,
)  # fmt: skip
_simple(
    "long title of a link", "links.title.long",
    lambda page: page.replace("Geography\n", "See also\n" + "On barns and mills " * 28 + "\nMay 3, 2013\nGeography\n"),
    held=False,
)  # fmt: skip
_simple(
    "long summary", "documents.summary.long",
    lambda page: page.replace(page.head[1], "Harald Storr held a meeting on barns. " * 17), held=False,
)  # fmt: skip


for _name, _rule, _plant in (
    ("empty title", "documents.title.sentence", lambda page: page.replace(page.head[0], "")),
    ("wrong encoding in the title", "documents.title.encoding", lambda page: page.replace("Meeting", "MeetÃ©ng")),
    (
        "a day that no month has",
        "documents.event_date.printed",
        lambda page: page.replace(page.head[2], "June 31, 2016"),
    ),
    ("no date", "documents.event_date.printed", lambda page: without(page, page.head[2])),
    ("no sections", "documents.sections.half_foot", lambda page: without(page, page.foot[-2])),
    ("published years later", "documents.published_at.near_event", lambda page: _publish(page, "2023")),
    ("the page twice", "documents.document_id.repeated", lambda page: page.text() + page.text()),
    ("a menu", "paragraphs.text.menu", lambda page: said(page, "News\nTrips\nDocuments\nContacts")),
    ("a script", "paragraphs.text.markup", lambda page: said(page, "var count = count || []; start(count);")),
    ("a style", "paragraphs.text.markup", lambda page: said(page, ".head { color: red; margin: 0 } .foot { top: 0 }")),
    ("letters set apart", "paragraphs.text.invisible", lambda page: said(page, "We m\u200be\u200bt\u200b there.")),
    ("a word as label", "paragraphs.text.label_left", lambda page: page.replace(GOVERNOR, "However:")),
):
    _simple(_name, _rule, _plant, held=False)

_simple(
    "cookies in speech",
    FURNITURE,
    lambda page: said(page, "This website uses cookies so that you may be known again."),
    held=True,
)
_simple(
    "next page glued on",
    FURNITURE,
    lambda page: page.replace(page.body[2], page.body[2].partition(", and")[0] + "Events"),
    held=True,
)  # fmt: skip


def twin(page: Page) -> str:
    """The page once more, under another title."""
    return page.replace(page.head[0], f"{page.head[0]}, once more")


def near_twin(page: Page) -> str:
    """The page once more, under another title, with one sentence changed."""
    return twin(page).replace(page.body[2], "That is all that I had to say.")
