"""Captions: which line is one, and where its credit begins.

The pages print a caption as a line among the paragraphs. A counter before it or a credit in it proves it; for the
others three facts are weighed: a caption is a noun phrase or in the present tense (news leads are in the past),
it never says I, we or you (speech does), and its words are those of title, summary and captions before it.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from tasks.formats.evidence import Evidence
from tasks.formats.labels import read_label

MAX_CAPTION_CHARS = 480  # the longest seen has 440; longer lines are paragraphs

_CREDIT_RE = re.compile(r"(?:^|(?<=\s))(Photos?(?::| by\b| courtesy of\b)|Photo and video:|Pool photo by\b)")
_WORD_RE = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")
_OPENING_RE = re.compile(
    r"(?:With|At|Before|During|After|Following|Prior to|Ahead of|On board|Aboard|Near|Inside|Outside|Opening"
    r"|Closing|Meetings?|Visit(?:ing)?|Talking|Speaking|Presenting|Presentation|Ceremony|Signing|Awarding"
    r"|Laying|Wreath-laying|Joint|Press|News|Working|Informal|Expanded|Plenary|Unveiling|Launch(?:ing)?|Naming"
    r"|Parade|Reception|Gala|Concert|Address(?:ing)?|Statement|Statements|Talks|Tour|Inspecting|Watching"
    r"|Participants?|Heads of|Family photo|Group photo|Joint photo|Photo|Arrival|Departure|Celebrations?"
    r"|Session|Summit|Interview|Annual|Official|Congratulating|Greeting|Breakfast|Lunch|Dinner|Service|Divine"
    r"|Easter|Christmas|Russia[–-]|Russian[–-]|Telephone|Videoconference|Conversation|Exhibition|Congress"
    r"|Forum|Conference|Trilateral|Bilateral|Beginning of|Event|Military|Performance|Members? of|From left"
    r"|Left to right)\b"
)
_PLACE_OPENING_RE = re.compile(
    r"(?:With|At|Before|During|After|Following|Prior to|Ahead of|Meeting|Visiting|Talking|Presenting"
    r"|Presentation|Ceremony|Signing|Visit to|Plenary|Joint|Press|News|Participants)\b"
)
_SIDES_RE = re.compile(r"[(,] ?(?:left|right|cent(?:re|er))[),. ]")
_OCCASION_WORD_RE = re.compile(r"\s(?:at|before|during|after|presents|addresses|addressing|speaking) ")
_SPEECH_WORDS = frozenset(
    "i we you our us my me your i’m i’ll i’ve i'm we’ve we’re we'll let let’s please thank thanks yes no"
    " colleagues friends mr ms mrs ours yours myself ourselves don’t that’s it’s".split()
)
# Cheap to look for, and no caption has them: most paragraphs leave here.
_SAID = (
    " we ", " I ", " our ", " you ", " have ", " will ", " it ", " not ", " was ", " can ", " would ", "We ",
)  # fmt: skip
_PAST = frozenset(
    "was were had did said told met held spoke made took gave sent went came began begun became saw heard wrote"
    " paid brought thought knew got drew rose fell ran stood chose found kept lost meant sought shook showed"
    " plans appoints bans provides stipulates envisages establishes concern concerns envisage provide will would"
    " could should might cannot has have".split()
)
_SUBJECT_ENDS = frozenset(
    "president presidents minister ministers leader leaders sides side parties participants he she they it who"
    " also putin medvedev both countries ceremony meeting talks summit chancellor emperor king governor state"
    " government".split()
)
_ACTORS = frozenset("leaders presidents sides parties he she they putin medvedev".split())
# A news lead opens like this; a caption does not.
_LEAD_OPENING_RE = re.compile(
    r"(?:The (?:two|message|telegram|document|documents|law|federal law|draft|purpose|conversation|exercise"
    r"|same|sides|parties|leaders|presidents|Presidents|Presidential|Executive Order|decree|order|instructions"
    r"|list|agreement|forum|event|summit’s|president|conference)\b|According to|In accordance|In view"
    r"|(?:During|After|Before|Following|At|On|Ahead of|Prior to)\b[^,.]{3,120}, (?:the|Vladimir|Dmitry|Mr|he"
    r"|it|they|both|President)\b|In (?:a|his|her|their|the course|this|addition|particular|turn)\b|Below\b"
    r"|Soon\b|As (?:part|a result)\b|It |This |There )"
)
_PARTICIPLE_NEXT = frozenset("to by in at on with for from as of between during and".split())
_NO_CONTENT = frozenset(
    "a an the of to in on at by for with and or from as after before during following left right centre center"
    " second third first meeting event held photo".split()
)


def split_credit(text: str) -> tuple[int, int] | None:
    """Where the credit mark stands in a caption: (start, end) of `Photo:` or `Photo by`, or None.

    >>> split_credit("Harvest forum. Photo by Ada Lind, Lessk News")
    (15, 23)
    """
    found = [match.span(1) for match in _CREDIT_RE.finditer(text)] if "hoto" in text else []
    return found[-1] if found else None


def content_words(text: str) -> set[str]:
    """The words of a text that say what it is about, case-folded."""
    return {word for word in _WORD_RE.findall(text.casefold()) if word not in _NO_CONTENT and len(word) > 1}


def opens_caption(text: str) -> bool:
    """Whether a line begins as captions do: `Meeting with`, `At the`."""
    return _OPENING_RE.match(text) is not None


def is_titled_name(text: str) -> bool:
    """Whether a line is a person with a role, alone or on an occasion: `Mayor of Lessk Ada Lind at the forum.`"""
    if text[-1] not in ".)":
        return False
    label = read_label(text[:-1], Evidence())
    if label and label.speaker.name and label.speaker.role:
        return True
    if match := _OCCASION_WORD_RE.search(text, 10, 160):
        label = read_label(text[: match.start()], Evidence())
        return label is not None and label.speaker.name is not None
    return False


def is_first_caption(text: str) -> bool:
    """Whether the first line under date and place is a caption and not the lead."""
    if len(text) > MAX_CAPTION_CHARS or text.endswith((":", "?", ",", ";")) or text[0] in '“”"‘(':
        return False
    words = _WORD_RE.findall(text)
    folded = [word.casefold() for word in words]
    if not words or not _SPEECH_WORDS.isdisjoint(folded) or _LEAD_OPENING_RE.match(text):
        return False
    return not _tells(words, folded)


def is_telling(text: str) -> bool:
    """Whether a paragraph tells what happened: a verb in the past, and nobody speaks of himself or to somebody."""
    words = _WORD_RE.findall(text.casefold())
    past = any(word in _PAST or (word.endswith("ed") and len(word) > 4) for word in words)
    return past and _SPEECH_WORDS.isdisjoint(words)


def is_inner_caption(text: str, known: Collection[str], spoken: bool) -> bool:
    """Whether a line among paragraphs is a caption.

    Args:
        text: the line, folded.
        known: content words of title, summary and the captions before.
        spoken: whether the line stands inside speech, where most short lines are words of the speaker.
    """
    if not 12 < len(text) <= MAX_CAPTION_CHARS or not text[0].isupper() or text[-1] in ":?!,;…”*":
        return False
    for mark in _SAID:
        if mark in text:
            return False
    opens = _PLACE_OPENING_RE.match(text) is not None
    if not spoken and not opens:
        return False
    words = _WORD_RE.findall(text)
    folded = [word.casefold() for word in words]
    if len(words) < 3 or not _SPEECH_WORDS.isdisjoint(folded) or _tells(words, folded):
        return False
    content = {word for word in folded if word not in _NO_CONTENT and len(word) > 1}
    share = sum(word in known for word in content) / len(content) if content else 0.0
    if not spoken:
        return share >= 0.5
    if _SIDES_RE.search(text):
        return True
    if opens or _OPENING_RE.match(text):
        # Names of those shown are new on each photo: the first sentence, which says the occasion, is enough.
        return share >= 0.5 or (". " in text and is_inner_caption(text[: text.index(". ") + 1], known, spoken))
    if is_titled_name(text):
        return True
    return share >= 0.75 and len(content) >= 4


def _tells(words: list[str], folded: list[str]) -> bool:
    """Whether a sentence has a verb in the past or future: captions have none, news leads always."""
    for index, word in enumerate(folded):
        if word in _PAST:
            return True
        if word.endswith("ed") and len(word) > 4 and index:
            before, following = folded[index - 1], folded[index + 1] if index + 1 < len(folded) else ""
            subject = before in _SUBJECT_ENDS or (
                words[index - 1][0].isupper() and words[index][0].islower() and len(before) > 3
            )
            if subject and (following not in _PARTICIPLE_NEXT or before in _ACTORS):
                return True
            if before.endswith("ly") or following in ("that", "the", "his", "her", "their", "its", "it"):
                return True
    return False
