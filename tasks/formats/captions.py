"""Captions: which line is one, and where its credit begins.

The pages print a caption as a line among the paragraphs. A counter before it or a credit in it proves it; for the
others three facts are weighed: a caption is a noun phrase or in the present tense (news leads are in the past),
it never says I, we or you (speech does), and its words are those of title, summary and captions before it.
"""

from __future__ import annotations

import re
from collections.abc import Set

from tasks.formats.edition import CaptionWords, Edition
from tasks.formats.evidence import Evidence
from tasks.formats.labels import read_label

MAX_CAPTION_CHARS = 480  # the longest seen has 440; longer lines are paragraphs

_WORD_RE = re.compile(r"[^\W_]+(?:[’'-][^\W_]+)*")


def split_credit(text: str, shown: CaptionWords) -> tuple[int, int] | None:
    """Where the credit mark stands in a caption: (start, end) of `Photo:` or `Photo by`, or None.

    `Harvest forum. Photo by Ada Lind, Lessk News` has it at (15, 23).
    """
    found = [match.span(1) for match in shown.credit_re.finditer(text)] if shown.photo in text else []
    return found[-1] if found else None


def words_of(text: str) -> list[str]:
    """The words of a text, case-folded."""
    return _WORD_RE.findall(text.casefold())


def content_words(text: str, shown: CaptionWords) -> set[str]:
    """The words of a text that say what it is about, case-folded."""
    return {word for word in words_of(text) if word not in shown.no_content and len(word) > 1}


def opens_caption(text: str, shown: CaptionWords) -> bool:
    """Whether a line begins as captions do: `Meeting with`, `At the`."""
    return shown.opening_re.match(text) is not None


def is_titled_name(text: str, edition: Edition) -> bool:
    """Whether a line is a person with a role, alone or on an occasion: `Mayor of Lessk Ada Lind at the forum.`"""
    if text[-1] not in ".)":
        return False
    label = read_label(text[:-1], Evidence(edition))
    if label and label.speaker.name and label.speaker.role:
        return True
    if match := edition.captions.occasion_word_re.search(text, 10, 160):
        label = read_label(text[: match.start()], Evidence(edition))
        return label is not None and label.speaker.name is not None
    return False


def is_first_caption(text: str, shown: CaptionWords) -> bool:
    """Whether the first line under date and place is a caption and not the lead."""
    if len(text) > MAX_CAPTION_CHARS or text.endswith((":", "?", ",", ";")) or text[0] in '“”"‘(':
        return False
    words = _WORD_RE.findall(text)
    folded = [word.casefold() for word in words]
    if not words or not shown.speech_words.isdisjoint(folded) or shown.lead_opening_re.match(text):
        return False
    return not _tells(words, folded, shown)


def is_telling(text: str, shown: CaptionWords) -> bool:
    """Whether a paragraph tells what happened: a verb in the past, and nobody speaks of himself or to somebody."""
    words = words_of(text)
    past = any(
        word in shown.past or (len(word) > 4 and word.endswith(shown.verb_endings + shown.participle_endings))
        for word in words
    )
    return past and shown.speech_words.isdisjoint(words)


def is_inner_caption(text: str, known: Set[str], spoken: bool, edition: Edition) -> bool:
    """Whether a line among paragraphs is a caption.

    Args:
        text: the line, folded.
        known: content words of title, summary and the captions before.
        spoken: whether the line stands inside speech, where most short lines are words of the speaker.
    """
    if not 12 < len(text) <= MAX_CAPTION_CHARS or not text[0].isupper() or text[-1] in ":?!,;…”*":
        return False
    shown = edition.captions
    for mark in shown.said:
        if mark in text:
            return False
    opens = shown.place_opening_re.match(text) is not None
    if not spoken and not opens:
        return False
    if not shown.no_caption.isdisjoint(text.casefold().split()):
        return False  # as below, of words that no mark touches: most sentences have one, and end here
    words = _WORD_RE.findall(text)
    folded = list(map(str.casefold, words))
    if len(words) < 3 or not shown.speech_words.isdisjoint(folded):
        return False
    content = {word for word in set(folded) - shown.no_content if len(word) > 1}
    share = len(content & known) / len(content) if content else 0.0
    if not spoken:
        is_caption = share >= 0.5
    elif shown.sides_re.search(text):
        is_caption = True
    elif opens or shown.opening_re.match(text):
        # Names of those shown are new on each photo: the first sentence, which says the occasion, is enough.
        is_caption = share >= 0.5 or (
            ". " in text and is_inner_caption(text[: text.index(". ") + 1], known, spoken, edition)
        )
    else:
        is_caption = (share >= 0.75 and len(content) >= 4) or is_titled_name(text, edition)
    return is_caption and not _tells(words, folded, shown)


def _tells(words: list[str], folded: list[str], shown: CaptionWords) -> bool:
    """Whether a sentence has a verb in the past or future: captions have none, news leads always."""
    if not shown.past.isdisjoint(folded):
        return True
    for index, word in enumerate(folded):
        if len(word) > 4 and word.endswith(shown.verb_endings):
            return True
        if word.endswith(shown.participle_endings) and len(word) > 4 and index:
            before, following = folded[index - 1], folded[index + 1] if index + 1 < len(folded) else ""
            subject = before in shown.subject_ends or (
                words[index - 1][0].isupper() and words[index][0].islower() and len(before) > 3
            )
            if subject and (following not in shown.participle_next or before in shown.actors):
                return True
            if before.endswith("ly") or following in shown.objects:
                return True
    return False
