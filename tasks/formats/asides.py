"""What stands in a transcript and nobody says: stage directions, clock and date rows, rules, page marks, end marks."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

from tasks.formats.label_words import STAGE_WORDS, UNHEARD

MAX_NOTE_WORDS = 14  # in round brackets; what is longer without a word of the stage is a thought of the speaker

_BRACKETS_RE = re.compile(r"[*_]{0,3}\\?[(\[]([^()\[\]\\]{1,240})\\?[)\]](?![(\w])[*_]{0,3}")
_NOTE_RE = re.compile(r"[*_]{0,3}\\?([(\[])([^()\[\]]{1,600}?)\\?[)\]][.!]?[*_]{0,3}")
_MUSIC_RE = re.compile(r"[♪♫#\s]{1,9}[^♪♫]{0,300}[♪♫]|[♪♫]+|\*[a-z][a-z ]{2,40}\*")
_WORD_RE = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")
_RULE_RE = re.compile(r"[-_=~–—]{3,}|(?:[-_=] ){3,}[-_=]?|\*{3,}|(?:\* ){2,}\*|\\\*(?: ?\\\*){2}|(?:\. ?){5,}")
_ELISION_RE = re.compile(r"\*{3,}|(?:\* ){2,}\*|\\\*(?: ?\\\*){2}|<…>|\[(?:…|\.\.\.)\]")
_END_RE = re.compile(
    r"(?:\W{0,4}END(?: OF (?:TRANSCRIPT|INTERVIEW|BRIEFING|RECORDING|TAPE|VIDEO|AUDIO|DOCUMENT|FILE))?\W{0,4}"
    r"|# ?# ?#(?: ?#)*|-\s?30\s?-|\[End of (?:transcript|recording|interview|audio|video)\.?\])",
)
_CLOCK_RE = re.compile(
    r"(?:(END|End|BEGIN|Begin|START)\W{1,40})?"
    r"\(?(\d{1,2})(?::|\.)(\d{2})\s?([AaPp])\.?\s?[Mm]\.?(?:\s\(?[A-Z]{2,5}\)?| local(?: time)?"
    r"| \(?[Ll]ocal\)?)?\)?\.?|(?:(END|End|BEGIN|Begin|START)\W{1,40})?(\d{1,2}):(\d{2})(?:\s[A-Z]{2,5})"
)
_MONTHS = {
    month: number
    for number, month in enumerate(
        "january february march april may june july august september october november december".split(), 1
    )
}
_MONTHS |= {month[:3]: number for month, number in _MONTHS.items()} | {"sept": 9}
_DAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s{1,3})?"
_DATE_RE = re.compile(
    rf"\(?{_DAY}(?:([a-z]{{3,9}})\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (\d{{4}})"
    r"|(\d{1,2})(?:st|nd|rd|th)? ([a-z]{3,9}),? (\d{4})"
    r"|(\d{4})-(\d{2})-(\d{2}))\)?\.?",
    re.IGNORECASE,
)
_PAGE_RE = re.compile(
    r"\[\[Page [\dA-Zivxlc]{1,8}\]\]|(?:-\s?|[Pp]age )?\d{1,4}(?: of \d{1,4})?(?:\s?-)?"
    r"|\[GRAPHIC[^\]\n]{0,120}\].{0,60}|\[?TIFF OMITTED\]?.{0,40}"
    r"|VerDate .{1,200}|\d{2}-\d{3} ?(?:PDF|CC|O).{0,60}"
)
_NEARBY = 40  # characters, which hold more white space and emphasis than anybody prints in a row
_SPACES = " \n\r\t\u00a0*_"
_TAIL = frozenset(".?!…—–-”\"’'")


def is_note(text: str) -> bool:
    """Whether a whole paragraph is a stage direction or a remark of the editors: `(Laughter.)`, `[Slide shown.]`."""
    if _MUSIC_RE.fullmatch(text):
        return True
    match = _NOTE_RE.fullmatch(text)
    if not match:
        return False
    words = match[2].split()
    return match[1] == "[" or len(words) <= MAX_NOTE_WORDS or is_stage(match[2])


def is_stage(inside: str) -> bool:
    """Whether the words in a bracket say what is seen or heard."""
    return any(word.casefold() in STAGE_WORDS for word in _WORD_RE.findall(inside[:120]))


def is_unheard(text: str) -> bool:
    """Whether a bracket stands for words that nobody understood: `(Inaudible.)`."""
    return text.strip(" .*_()[]\\").casefold() in UNHEARD


def find_stage_notes(text: str) -> Iterator[tuple[int, int]]:
    """Spans of stage directions between the sentences of a paragraph: `Yes. (Laughter.) Next?`

    One inside a sentence stays: `I — (laughter) — know` cannot be taken apart, and `(inaudible)` stands for words.
    """
    for match in _BRACKETS_RE.finditer(text):
        inside = match[1].strip()
        if not is_stage(inside) or is_unheard(inside):
            continue
        left, right = max(0, match.start() - _NEARBY), match.end() + _NEARBY
        before, after = text[left : match.start()].rstrip(_SPACES), text[match.end() : right].lstrip(_SPACES)
        if (not before or before[-1] in _TAIL) and (not after or not after[0].islower()):
            if before[-1:] in ("—", "–", "-") and after[:1] in ("—", "–", "-"):
                continue
            yield match.start(), match.end()


def is_rule(text: str) -> bool:
    """A row of dashes, stars or dots."""
    return _RULE_RE.fullmatch(text) is not None


def is_elision(text: str) -> bool:
    """`* * *`: a part ends, or something was left out."""
    return _ELISION_RE.fullmatch(text) is not None


def is_end(text: str) -> bool:
    """The row that closes a transcript: `END 2:05 P.M. EDT`, `###`."""
    if _END_RE.fullmatch(text):
        return True
    match = _CLOCK_RE.fullmatch(text)
    return match is not None and (match[1] or match[5] or "").upper() == "END"


def read_clock(text: str) -> dt.time | None:
    """The time that a row gives and nothing else: `11:05 A.M. EST`."""
    match = _CLOCK_RE.fullmatch(text.replace("\u00a0", " "))
    if not match:
        return None
    hour, minute = int(match[2] or match[6]), int(match[3] or match[7])
    if match[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[4] in "Pp" else 0)
    return dt.time(hour, minute) if hour < 24 and minute < 60 else None


def read_day(text: str) -> dt.date | None:
    """The date that a row gives and nothing else: `(October 29, 2021)`, `THURSDAY, MARCH 4, 2021`."""
    if len(text) > 60:
        return None
    match = _DATE_RE.fullmatch(" ".join(text.split()))
    if not match:
        return None
    month = (match[1] or match[5] or "").casefold()
    if match[7]:
        year, number, day = int(match[7]), int(match[8]), int(match[9])
    else:
        year, number, day = int(match[3] or match[6]), _MONTHS.get(month, 0), int(match[2] or match[4])
    try:
        return dt.date(year, number, day)
    except ValueError:
        return None


def is_page_mark(text: str) -> bool:
    """A page number or the like: `[[Page 12]]`, `- 12 -`."""
    return len(text) < 260 and _PAGE_RE.fullmatch(text) is not None
