"""What the rules know about the world: sets, phrases and dates, as tables."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

KINDS_OF_DOCUMENT = ("transcript", "announcement", "document", "news", "telegram")
KINDS_OF_PARAGRAPH = ("speech", "lead", "heading", "note", "quote", "elision")
KINDS_OF_SPEAKER = ("person", "generic", "unknown")
FACETS = ("geography", "topic", "person")
RELATIONS = ("see_also", "additional")

# First day that a source can tell of. kremlin: the site begins with December 31, 1999, when the office changed hands.
SOURCE_STARTS: Mapping[str, dt.date] = {"kremlin": dt.date(1999, 12, 31)}
# Any other publisher: before that there are no verbatim records on the web; an earlier date is a misread number.
EARLIEST_START = dt.date(1789, 1, 1)

# Since then pages carry tags; before that nearly none did.
TAGGED_SINCE = dt.date(2010, 1, 1)

# Sections of a site that say: somebody speaks in here.
TRANSCRIPT_SECTIONS = ("Transcripts", "Стенограммы", "Выступления и стенограммы")

# Sources whose every page prints a time under its date, announcements aside, and at its foot its sections and its
# publication date.
FULL_PAGES = ("kremlin",)

# Text of the page around the document. Found inside a paragraph it means that a boundary was missed. RE2 dialect.
# Phrases that people may say stand only where they fill the paragraph or its end, as the page prints them.
FURNITURE = "|".join(
    (
        r"Publication status",
        r"Published in sections?:",
        r"Publication date:",
        r"Text version(?:Events|$)",
        r"\sPhoto: \p{Lu}[^.!?:]{1,60}$",
        r"^Direct link:?(?:$| )|\sDirect link:? https?://",
        r"\p{Ll}Events$",
        r"\sPhoto: \p{Lu}[^.!?:]{1,60}$",
        r"^(?:See also|Additional|Geography|Topics|Persons|Events)$",
        r"^\d{1,4} of \d{1,4}$",
        # of any site
        r"^(?:Skip to (?:main )?content|Privacy [Pp]olicy|Terms of [Uu]se|Cookie [Pp]olicy|Accept (?:all )?cookies)$",
        r"^(?:Subscribe to RSS(?: feed)?|Sign up for our newsletter|Print this page|Back to top|Site map)$",
        r"^(?:Share|Share this page|Follow us|Log in|Sign in|Sign up|Menu|Search|Print|Read more|Load more)$",
        r"(?i:\b(?:we|this site|this website) uses? (?:our own |third-party )?cookies\b)",
        r"(?i:\benable java ?script\b)",
        r"^All content on this site is licensed under",
        r"Статус материала",
        r"Опубликовано? в разделах?:",
        r"Дата публикации:",
        r"Текстовая версия(?:События|$)",
        r"^Прямая ссылка:?(?:$| )",
        r"^(?:Смотрите также|Дополнительно|География|Темы|Лица|События)$",
        r"^\d{1,4} из \d{1,4}$",
    )
)

# A line that is a date and nothing else stands in the head of a page. RE2 dialect.
DATE_LINE = (
    r"^(?:January|February|March|April|May|June|July|August|September|October|November|December) \d{1,2}, \d{4}$|"
    r"^\d{1,2} (?:января|февраля|марта|апреля|мая|июня|июля|августа|сентября|октября|ноября|декабря) \d{4} года$"
)

# What a server says instead of a page. RE2 dialect; the whole title, or its beginning where a number makes it sure.
ERROR_PAGE = (
    r"(?i)^(?:(?:error )?(?:403|404|429|500|502|503)\b.*|(?:page |file )?not found|access denied|forbidden|"
    r"just a moment.*|attention required.*|service (?:temporarily )?unavailable|"
    r"страница не найдена|доступ запрещ[её]н)$"
)

# Markup, style or script that was to be taken off. `<…>` and `<*>` are marks of the source itself.
MARKUP = (
    r"(?i)</?(?:p|div|span|br|hr|a|b|i|li|ul|ol|em|strong|td|tr|table|img|script|style|iframe|svg|h[1-6])\b[^<>]*>|"
    r"&(?:nbsp|amp|quot|lt|gt|laquo|raquo|mdash|ndash|#\d{1,6}|#x[0-9a-f]{1,5});|"
    r"\bfunction ?\w{0,40}\([^()]{0,80}\) ?\{|\bvar \w{1,40} ?=|"
    r"\bdocument\.(?:createelement|getelementbyid|write|cookie)\b|\bwindow\.\w{1,40} ?[=(]|"
    r"[\w)\]] ?\{ ?[a-z-]{2,40} ?: ?[^{};]{1,80};"
)

# UTF-8 that was read as a one-byte code page, and characters that could not be read at all.
MOJIBAKE = r"\x{FFFD}|Ã[\x{0080}-\x{00BF}]|â€|Ð[\x{0080}-\x{00BF}]|Ñ[\x{0080}-\x{008F}]|Р[\x{0080}-\x{00BF}°±Ѓѓ][РС]"

# Characters that nobody sees and that change how a text is shown or compared. Soft hyphens, joiners and a zero-width
# space or two are not among them, which honest texts hold; such spaces between letter and letter hide words.
INVISIBLE = (
    r"[\x{0000}-\x{0008}\x{000B}\x{000C}\x{000E}-\x{001F}\x{007F}-\x{009F}\x{202A}-\x{202E}\x{2066}-\x{2069}]|"
    r"\x{200B}\pL{1,3}\x{200B}\pL{1,3}\x{200B}"
)

# Both, in a title or a label.
ENCODING = f"{MOJIBAKE}|{INVISIBLE}"

# Bytes of UTF-8 one of which stands in all that an expression matches. It takes two milliseconds to make ready, more
# than to see that a column of English titles has none of them.
NEEDED = {
    ENCODING: bytes(range(0x09)) + bytes(range(0x0B, 0x0D)) + bytes(range(0x0E, 0x20)) + b"\x7f"  # as such
    b"\xef\xc3\xc2"  # U+FFFD; Ã, â, Ð and Ñ; U+0080 … U+009F
    b"\xa0\x81\x8b" + bytes(range(0xAA, 0xAF)),  # second of Р; third of U+2066 …, U+200B, U+202A …
}

# What stands in no paragraph; some of it is let pass in some formats.
NOT_IN_TEXTS = (FURNITURE, DATE_LINE, MARKUP, MOJIBAKE, INVISIBLE)

# Formats in which a document itself proves which of its rows are labels. RE2 dialect, as the next.
PROVES_LABELS = r"^(?:labelled-text|webvtt|srt|sbv)/"
# Two to four capital words, or one in capitals throughout, and a colon behind.
LIKE_A_LABEL = r"^(?P<head>(?:[A-Z][\w.’'-]*,? ){1,3}[A-Z][\w.’'-]*|[A-Z][A-Z.’'-]{3,})(?: \([^()]{1,40}\))?:(?:\s|$)"

# Words that no name holds. Left out, though common: words that are somebody's name (He, An, So, Do, May, Will, No,
# Ban, Said; And joins two speakers), so that no person is ever refused for what they are called.
NOT_IN_NAMES = """
    the this that these those is are was were be been has have had which who what when where why how because
    with from but however therefore although reads read says writes wrote asks following follows
    message email e-mail telephone phone address photo video text version publication published section
    sections status date topics geography persons events transcript example note also see please thank thanks
    yes today tomorrow yesterday here there first second third finally moreover
    это этот что как вот если так например однако потому который которая которые сообщение вопросы ответы
    спасибо сегодня завтра фото видео текст версия раздел
"""
# What a speaker counts up by, or announces: `Первое: …`
COUNTING = """
    firstly secondly thirdly fourth fifth next last lastly one two three question answer example conclusion result
    первое второе третье четвёртое пятое шестое седьмое последнее во-первых во-вторых в-третьих наконец главное далее
    итак вывод вопрос ответ пример предложение просьба задача цель
"""
COMMON_WORD = rf"(?i)(?:^|\s)(?:{'|'.join(NOT_IN_NAMES.split())})(?:\s|,|$)"
