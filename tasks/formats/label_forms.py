"""The forms in which transcripts print a label at the start of a row, and which part of the row is what.

    colon    MS. ARDEN: Good day. · Ada Lind (by telephone): … · **Ada Lind:** … · >> HOST: … · [00:12] Ada Lind: …
             GOV. ADA LIND (D), LESSK: …            a bracket inside, the place behind it
    timed    Ada Lind: (09:51) · Ada Lind: 09:51 · Ada Lind  0:05       the words stand in the next row
             Ada Lind (PPE). – Mr President, …                          a full stop and a dash
    letter   Q    And the ferry? · Q. And the ferry? · A. No.
    period   Mr. Lind. Good day. · The CHAIRMAN. … · Senator ARDEN [presiding]. …        as printed records have it
    mark     >> Good day.                                                  somebody else speaks
    alone    ADA LIND · Ada Lind -- Harbour Tools -- Analyst               the words stand below
    tab      ADA LIND    Good day.                                         a tab, or room as wide, is the mark

A form is read from one row alone: whether the document keeps to it is for `conventions` to decide.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from tasks.formats.named import Shape, is_capitals, read_shape

Form = Literal["colon", "timed", "letter", "period", "mark", "alone", "tab"]

MAX_LABEL_CHARS = 160

_MARK_RE = re.compile(r"(?:>{2,4}|&gt;&gt;|-(?=\s*>>)|»)\s*")
_EMPHASIS_RE = re.compile(r"\*{1,3}|_{1,3}|#{1,6}(?=\s)\s*")
_TIME = r"\d{1,2}:\d{2}(?::\d{2})?(?:[.,]\d{1,3})?"
_STAMP_RE = re.compile(rf"\\?[\[(<]{_TIME}(?:\s?[-–—]\s?{_TIME})?\\?[\])>]:?|{_TIME}(?=[\s\]-])")
_STAMP_BEHIND_RE = re.compile(rf"\s{{0,40}}(?:[-–—|]\s{{0,40}})?(?:\\?[\[(]{_TIME}\\?[\])]|{_TIME}(?=\s*$))")
# A name; one in quotation marks may stand inside: `Ada “Boz” Lind`.
_PLAIN = r"[^:*()\[\]<>{}\"“”\\|=;?!\t\n]*+"
_NAME_RE = re.compile(rf"[^\W\d_]{_PLAIN}(?:(?<= )[\"“][^\W\d_][\w’'. -]{{0,20}}[\"”](?= ){_PLAIN}){{0,2}}")
_NOTE_RE = re.compile(r"\s{0,8}\\?[(\[]([^()\[\]:\\]{1,80})\\?[)\]]")
_PLACE_RE = re.compile(r", ?[^\W\d_][^:*()\[\]<>{}\"“”\\|=;?!\t\n]{0,80}(?=:)")
_LETTER_RE = re.compile(r"(Q|A)(?:(\.)\s+|[^\S\n]{2,}|\t+|\u00a0+[^\S\n]*|$)")
_BOLD_LETTER_RE = re.compile(r"(Q|A)[.:]?\*{2,3}[.:]?\s*")
_SINGLE_Q_RE = re.compile(r"Q (?=[A-Z“\"—–‘I(…])")
_PERIOD_LABEL_RE = re.compile(
    r"(?:(?:Mr|Mrs|Ms|Miss|Dr|Rev|Prof|Gen|Adm|Sen|Rep|Amb|Hon|Col|Lt)\.?|Chairman|Chairwoman|Chairperson|Chair"
    r"|Vice (?:Chairman|Chairwoman|Chair)|Ranking Member|Senator|Representative|Congressman|Congresswoman|Secretary"
    r"|General|Admiral|Ambassador|Governor|Judge|Justice|Professor|Director|Commissioner|Administrator|Chief|Colonel"
    r"|Captain|Mayor|Sheriff|Father|Sister|Bishop|Pastor|Reverend|Delegate|President|Madam|Major|Lieutenant|Under"
    r"|Attorney|Inspector|Superintendent|Speaker|Deputy|Acting)"
    r"(?: (?:of|de|la|van|von|der|den|del|di|du|al|and|the|[^\W\d_a-z](?:\.(?= )|[\w’'‑-]*))){1,6}"
)
_OFFICE_RE = re.compile(
    r"(?:The|Voice|Voices|Unidentified|Audience|Court)\b(?: (?:[^\W\d_]|of)[\w-]*| pro tempore){0,5}"
)
_PERIOD_NOTE_RE = re.compile(r" ?[(\[]([^()\[\]]{1,60})[)\]]")
# `CHAIR LIND.  Good day.`: capitals without honorific, as some records print everybody.
_CAPITAL_PERIOD_RE = re.compile(r"[A-Z][A-Z.'’-]*(?: [A-Z][A-Z.'’-]*){1,5}(?=\.\s+\S)")
_TAB_RE = re.compile(r"([^\W\d_][^\t\n:;?!]{0,60}?)(?:[ \u00a0]*\t[\t \u00a0]*|[ \u00a0]{3,})(?=\S)")
# `1. Ada Lind (Lessk) (Lab): …`: the question as the order paper numbers it.
_NUMBERED_RE = re.compile(r"(?:[QT]?\d{1,3}\.|\d{1,3}\))\s+(?:\[\d{3,8}\]\s+)?(?=[^\W\d_a-z])")
_OFFICE_BEHIND_RE = re.compile(r" (?:--|—|–|-) (?=\S)")
# `Q. (BY MR. LIND) Where?`: who asks from here on.
_BY_RE = re.compile(r"[(\[](?:BY|By) [^()\[\]]{2,60}[)\]]:?\s*")
# `Ada Lind, on behalf of the Blue Group (PPE). – Mr President, …`
_DASH_BEHIND_RE = re.compile(r"([^\W\d_][^.:;()\n]{1,120}?)(?: ?(\([^()\n]{1,60}\)))?\.\s{1,3}[–—]\s{1,3}(?=\S)")
_ONE_LETTER_RE = re.compile(r"([A-Z]):\s+(?=\S)")
_ABBREVIATED = frozenset("mr mrs ms dr rev prof gen adm sen rep amb hon col lt st".split())
_TRAILING_SPACE_RE = re.compile(r"\s*")


class Candidate(NamedTuple):
    """A label that a row may begin with; all offsets are in the row's text.

    `before`: spans of marks before the label; `label`: its span, empty for a bare `>>`; `notes`: spans of brackets
    behind it; `words`: where the words begin. `shape` is what the label looks like by itself.
    """

    form: Form
    shape: Shape
    before: int
    label: tuple[int, int]
    notes: tuple[tuple[int, int], ...]
    words: int
    text: str

    @property
    def key(self) -> str:
        """The label as it is compared with others."""
        return self.text.casefold()


def read_candidate(text: str) -> Candidate | None:
    """Read a row as one that begins with a label, in any of the forms but `alone`."""
    if not text or (text[0] in "\"“‘'({=;/0" and not _STAMP_RE.match(text)):
        return None
    if numbered := _NUMBERED_RE.match(text):
        found = _read_named(text, numbered.end(), False)
        return found if found and found.notes else None
    at = _end(_MARK_RE, text, 0)
    marked = at > 0
    at = _skip(text, _end(_EMPHASIS_RE, text, at))
    if stamp := _STAMP_RE.match(text, at):
        at = _skip(text, stamp.end())
        at = _skip(text, at + 1) if text[at : at + 1] in ("-", "–", "—", "|") else at
        at = _skip(text, _end(_EMPHASIS_RE, text, at))
    if text[at : at + 1] == "[" and "]:" in text[at : at + MAX_LABEL_CHARS]:  # `[Ada Lind]: …`
        at += 1
    found = (
        _read_letter(text, at)
        or _read_one_letter(text, at)
        or _read_dashed(text, at)
        or _read_named(text, at, stamp is not None)
        or _read_period(text, at)
        or _read_tabbed(text, at)
    )
    if found is None and marked:
        return Candidate("mark", "strong", 0, (0, 0), (), _skip(text, _end(_MARK_RE, text, 0)), "")
    return found


def read_alone(text: str) -> Candidate | None:
    """Read a row as a label that fills it."""
    if len(text) > MAX_LABEL_CHARS:
        return None
    start = at = _end(_EMPHASIS_RE, text, 0)
    match = _NAME_RE.match(text, at)
    if not match:
        return None
    name = match[0].rstrip().rstrip("_")
    at = match.start() + len(name)
    notes, at = _read_notes(text, at)
    at = _end(_EMPHASIS_RE, text, at)
    printed = " ".join(name.split())
    shape: Shape | None
    if office := _OFFICE_BEHIND_RE.search(printed):
        whole = f"{printed[: office.start()]}, {printed[office.end() :]}"
        shape = "strong" if at == len(text) and not notes and read_shape(printed[: office.start()]) else None
    else:
        whole, shape = printed, read_shape(printed)
    if at != len(text) or shape is None or name[-1] in ".,-":
        return None
    return Candidate("alone", shape, start, (start, start + len(name)), notes, len(text), whole)


def is_set_off(text: str, start: int) -> bool:
    """Whether the words that begin there are printed bold."""
    return text[:start].endswith(("**", "__"))


def _end(expression: re.Pattern[str], text: str, at: int) -> int:
    match = expression.match(text, at)
    return match.end() if match else at


def _skip(text: str, at: int) -> int:
    return _end(_TRAILING_SPACE_RE, text, at)


def _read_letter(text: str, at: int) -> Candidate | None:
    """`Q` and `A` with room behind them, or a full stop."""
    if (bold := _BOLD_LETTER_RE.match(text, at)) and at:
        return Candidate("letter", "strong", at, (at, at + 1), (), bold.end(), bold[1])
    match = _LETTER_RE.match(text, at)
    if not match and at == 0:
        match = _SINGLE_Q_RE.match(text)
        if not match:
            return None
        return Candidate("letter", "title", at, (at, at + 1), (), match.end(), "Q")
    if not match or (match.end() == len(text) and match[2]):
        return None
    shape: Shape = "strong" if match[1] == "Q" or match[2] else "caps"
    by = _BY_RE.match(text, match.end())
    notes = ((by.start(), by.start() + len(by[0].rstrip(": \t\u00a0"))),) if by else ()
    return Candidate("letter", shape, at, (at, at + 1), notes, by.end() if by else match.end(), match[1])


def _read_notes(text: str, at: int) -> tuple[tuple[tuple[int, int], ...], int]:
    notes: list[tuple[int, int]] = []
    while (match := _NOTE_RE.match(text, at)) and len(notes) < 2:
        notes.append((at + len(match[0]) - len(match[0].lstrip()), match.end()))
        at = match.end()
    return tuple(notes), at


def _read_named(text: str, start: int, stamped: bool) -> Candidate | None:
    """A name, and a colon or a time, or both, behind it."""
    match = _NAME_RE.match(text, start, start + MAX_LABEL_CHARS)
    if not match:
        return None
    name = match[0].rstrip().rstrip("_")
    at = start + len(name)
    closed = text[start - 1 : start] == "[" and text[at : at + 1] == "]"
    notes, at = _read_notes(text, at + closed)
    if notes and (place := _PLACE_RE.match(text, at)):
        return _candidate("colon", text, start, text[start : place.end()], (), place.end() + 1, name + place[0])
    at = _end(_EMPHASIS_RE, text, at)
    time = _STAMP_BEHIND_RE.match(text, at)
    if time is None and name[-1:].isdigit() and (cut := _cut_time(text, start, name)):
        name, at = cut
        return _candidate("timed", text, start, name, (), at)
    if time:
        at = _end(_EMPHASIS_RE, text, time.end())
    colon = text[at : at + 1] == ":"
    if colon:
        at = _end(_EMPHASIS_RE, text, at + 1)
        if time is None and (time := _STAMP_BEHIND_RE.match(text, at)):
            at = _end(_EMPHASIS_RE, text, time.end())
    if not (colon or time) or not name or (text[at : at + 1].strip() and text[at - 1] not in "*_)]"):
        return None
    if text[at : at + 2] == "//":
        return None
    return _candidate("timed" if time or stamped else "colon", text, start, name, notes, at)


def _cut_time(text: str, start: int, name: str) -> tuple[str, int] | None:
    """`Ada Lind  0:05` and `Ada Lind - 0:05`: the name ran into the hours of the time."""
    digits = len(name) - len(name.rstrip("0123456789"))
    short = name[:-digits].rstrip(" -–—|\u00a0")
    at = start + len(short)
    match = _STAMP_BEHIND_RE.match(text, at)
    return (short, match.end()) if match and match.end() == len(text) and short else None


def _candidate(
    form: Form,
    text: str,
    start: int,
    name: str,
    notes: tuple[tuple[int, int], ...],
    at: int,
    compared: str | None = None,
) -> Candidate | None:
    printed = _OFFICE_BEHIND_RE.sub(", ", " ".join((compared or name).split()), count=1)
    shape = read_shape(printed, is_set_off(text, start))
    if shape is None and printed.endswith(".") and printed[:-1] in ("Q", "A"):
        shape = "strong"
    if shape is None:
        return None
    return Candidate(form, shape, start, (start, start + len(name)), notes, _skip(text, at), printed)


def _read_period(text: str, start: int) -> Candidate | None:
    """`Mr. Lind. Good day.`: an honorific or office, a surname, a full stop, and words behind it."""
    match = _PERIOD_LABEL_RE.match(text, start, start + MAX_LABEL_CHARS) or _OFFICE_RE.match(text, start, start + 60)
    if not match or match[0].isupper():
        capitals = _CAPITAL_PERIOD_RE.match(text, start, start + MAX_LABEL_CHARS)
        if capitals and read_shape(capitals[0]) in ("caps", "strong"):
            words = _skip(text, capitals.end() + 1)
            return Candidate("period", "caps", start, capitals.span(), (), words, capitals[0])
    if not match:
        return None
    name = match[0]
    while name.endswith("."):
        name = name[:-1]
    if name.rpartition(" ")[2].casefold() in _ABBREVIATED:
        return None
    at = start + len(name)
    notes: list[tuple[int, int]] = []
    if note := _PERIOD_NOTE_RE.match(text, at):
        notes.append((at + len(note[0]) - len(note[0].lstrip()), note.end()))
        at = note.end()
    if text[at : at + 1] != "." or (text[at + 1 : at + 2].strip() and text[at + 1] not in '[(“"'):
        return None
    words = _skip(text, at + 1)
    if words == len(text) or not (text[words].isupper() or text[words].isdigit() or text[words] in "“\"[(‘'—–-.…$"):
        return None
    if read_shape(name) != "strong":
        return None
    return Candidate("period", "strong", start, (start, start + len(name)), tuple(notes), words, name)


def _read_tabbed(text: str, start: int) -> Candidate | None:
    """`ADA LIND    Good day.`: a label in a column of its own."""
    match = _TAB_RE.match(text, start) if "\t" in text or "   " in text else None
    if not match or "\t" in text[match.end() :] or "   " in text[match.end() :]:  # a table
        return None
    name = match[1]
    shape = read_shape(name)
    if shape is None or ("\t" not in match[0] and not is_capitals(name.split(" "))):
        return None
    return Candidate("tab", shape, start, match.span(1), (), match.end(), name)


def _read_one_letter(text: str, start: int) -> Candidate | None:
    """`I: And the ferry?` and `R: It came.`: interviews print who asks and who answers so."""
    match = _ONE_LETTER_RE.match(text, start)
    if not match or match[1] in "QA":
        return None
    return Candidate("letter", "title", start, match.span(1), (), match.end(), match[1])


def _read_dashed(text: str, start: int) -> Candidate | None:
    """`Ada Lind (PPE). – Mr President, …`."""
    match = _DASH_BEHIND_RE.match(text, start) if ". –" in text or ". —" in text else None
    if not match or read_shape(match[1].partition(",")[0]) is None:
        return None
    notes = (match.span(2),) if match[2] else ()
    return Candidate("colon", "title", start, match.span(1), notes, match.end(), match[1])
