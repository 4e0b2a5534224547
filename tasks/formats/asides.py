"""What stands in a transcript and nobody says: stage directions, rules, page marks, end marks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tasks.formats.dates import read_clock
from tasks.formats.label_words import STAGE_WORDS, UNHEARD

MAX_NOTE_WORDS = 14  # in round brackets; what is longer without a word of the stage is a thought of the speaker

_BRACKETS_RE = re.compile(r"[*_]{0,3}\\?[(\[]([^()\[\]\\]{1,240})\\?[)\]](?![(\w])[*_]{0,3}")
_NOTE_RE = re.compile(r"[*_]{0,3}\\?([(\[])([^()\[\]]{1,600}?)\\?[)\]][.!]?[*_]{0,3}")
_ANGLED_RE = re.compile(r"(<)([A-ZА-ЯЁ][a-zа-яё][^<>/=@]{0,300})>\.?")  # `<Applause.>`, and no tag or address
_MUSIC_RE = re.compile(r"[♪♫#\s]{1,9}[^♪♫]{0,300}[♪♫]|[♪♫]+|\*[a-z][a-z ]{2,40}\*")
_WORD_RE = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)?")
_RULE_RE = re.compile(r"[-_=~–—]{3,}|(?:[-_=] ){3,}[-_=]?|\*{3,}|(?:\* ){2,}\*|\\\*(?: ?\\\*){2}|(?:\. ?){5,}")
_ELISION_RE = re.compile(r"\*{3,}|(?:\* ){2,}\*|\\\*(?: ?\\\*){2}|<…>|\[(?:…|\.\.\.)\]")
_END_RE = re.compile(
    r"(?:\W{0,4}END(?: OF (?:TRANSCRIPT|INTERVIEW|BRIEFING|RECORDING|TAPE|VIDEO|AUDIO|DOCUMENT|FILE))?\W{0,4}"
    r"|# ?# ?#(?: ?#)*|-\s?30\s?-|\[End of (?:transcript|recording|interview|audio|video)\.?\])",
)
_PAGE_RE = re.compile(
    r"\[\[Page [\dA-Zivxlc]{1,8}\]\]|(?:-\s?|[Pp]age )?\d{1,4}(?: of \d{1,4})?(?:\s?-)?"
    r"|\[GRAPHIC[^\]\n]{0,120}\].{0,60}|\[?TIFF OMITTED\]?.{0,40}"
    r"|\{time\} {1,4}\d{4}|VerDate .{1,200}|\d{2}-\d{3} ?(?:PDF|CC|O).{0,60}"
)
_EXAMINATION_RE = re.compile(
    r"(?:(?:FURTHER|CONTINUED|DIRECT|CROSS|REDIRECT|RECROSS|RE-DIRECT|RE-CROSS|VOIR DIRE|ADVERSE)[ -]){0,3}EXAMINATION"
    r"(?: \(?(?:CONTINUED|CONTINUING|RESUMED|CONT'D)\)?)?(?: BY .{2,60})?:?"
    r"|(?:Examination|Cross-examination|Re-examination|Questions) (?:in chief )?(?:from|by) .{2,60}"
    r"|(?:MR|MS|MRS|MISS|DR|SIR|Mr|Ms|Mrs|Miss|Dr|Sir) .{2,60} \((?:sworn|affirmed|recalled)\)"
    r"|(?:BY|By) (?:MR|MS|MRS|MISS|DR|THE|Mr|Ms|Mrs|Miss|Dr|The)\b[^:]{1,60}:"
)
# What publishers and programs print below a transcript.
_TAIL_RE = re.compile(
    r"(?:©|\(c\) |copyright\b|all rights reserved|to order an? "
    r"|transcript(?:ion)? (?:provided|produced|prepared|courtesy|by\b)"
    r"|transcribed by |this (?:editable |rush |unedited )?transcript |\w+ transcripts are created |meeting ended\b"
    r"|(?:end|conclusion) of (?:the )?(?:press conference|briefing|interview)\b"
    r"|recording (?:ended|stopped)\b|duration: |call participants:?$|certificate of |c e r t i f i c a t e"
    r"|reporter[’']s certificate"
    r"|dpb ?#|content and programming copyright)",
    re.IGNORECASE,
)
_SECTION_RE = re.compile(
    r"(?:prepared|opening|closing) remarks:?|questions? (?:and|&) answers?:?|q ?& ?a:?", re.IGNORECASE
)
_ROSE_RE = re.compile(r"(?:(?:Several|Some) )?[Hh]on\.? [Mm]embers? rose ?[—–-]+")
_BREAK_RE = re.compile(
    r"[*_]{0,3}(?:Break|Jingle|Music|Intro|Outro|Ad|Ad break|Sponsor)[*_]{0,3}:[*_]{0,3}"
    r"(?: ?\\?[\[(]{1,2}\\?\[?\d[\d:.]{3,14}\\?\]?(?:\]|\)).{0,200})?"
)
# What a record tells of a sitting, between what is said there.
_PROCEEDING_RE = re.compile(
    r"(?:The Clerk (?:read|designated|called|reported|proceeded)|The question was (?:taken|put|agreed)"
    r"|The (?:vote|motion|bill|amendment|resolution|draft resolution|previous question|yeas and nays|agenda)"
    r" (?:was|were) (?:then )?(?:taken|agreed|ordered|read|passed|adopted|rejected|put|laid)"
    r"|A motion to reconsider|A (?:recorded )?vote was (?:taken|ordered)"
    r"|The (?:meeting|sitting|House|Senate|Committee|debate)"
    r" (?:was called to order|rose|adjourned|was suspended|was resumed|divided)"
    r"|(?:Honourable|Opposition|Government|Several hon\.?|Some hon\.?) (?:[Mm]embers|senators) (?:interject|interrupt))"
    r"[^.?!]{0,120}(?:[ap]\.m\.)?[.—–-]{0,2}"
)
_NEARBY = 40  # characters, which hold more white space and emphasis than anybody prints in a row
_SPACES = " \n\r\t\u00a0*_"
_TAIL = frozenset(".?!…—–-”\"’'")


def is_note(text: str) -> bool:
    """Whether a whole paragraph is a stage direction or a remark of the editors: `(Laughter.)`, `[Slide shown.]`,
    `<Applause.>`.
    """
    if (
        _MUSIC_RE.fullmatch(text)
        or _ROSE_RE.fullmatch(text)
        or _BREAK_RE.fullmatch(text)
        or _PROCEEDING_RE.fullmatch(text)
    ):
        return True
    match = _NOTE_RE.fullmatch(text) or _ANGLED_RE.fullmatch(text)
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
        if is_unheard(inside) or not (is_stage(inside) or ("[" in match[0] and inside[-1:] == ".")):
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
    return text[:3].upper() == "END" and read_clock(text) is not None


def is_examination(text: str) -> bool:
    """The row of a record of a court that says who asks from here on: `BY MS. LIND:`, `CROSS-EXAMINATION`."""
    return len(text) < 120 and _EXAMINATION_RE.fullmatch(text) is not None


def is_section(text: str) -> bool:
    """The heading of a part of a call: `Prepared Remarks:`, `Questions and Answers`."""
    return _SECTION_RE.fullmatch(text) is not None


def is_tail(text: str) -> bool:
    """What stands below a transcript: who made it, whose it is, how to order it."""
    return _TAIL_RE.match(text) is not None


def is_page_mark(text: str) -> bool:
    """A page number or the like: `[[Page 12]]`, `- 12 -`."""
    return len(text) < 260 and _PAGE_RE.fullmatch(text) is not None
