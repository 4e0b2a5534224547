"""Whether a response with status 200 is what was asked for, or an error or challenge page in its place."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from selectolax.lexbor import LexborHTMLParser

from tasks import formats
from tasks.formats import MIN_EVIDENCE

HEAD_CHARS = 400_000
SCANT_CHARS = 600  # of visible text; a page with less that no format knows is a notice, not a page
SHORT_CHARS = 120  # the same for a page that marks its article, where the profile names a format for such
_TAIL_BYTES = 4096

# Words of pages that stand in the way, in their title or, in short pages, anywhere. As seen with the common shields,
# servers and content systems; lower case.
NOTICES = (
    "just a moment", "attention required", "checking your browser", "verify you are human", "are you a robot",
    "ddos protection", "ddos-guard", "captcha", "security check", "access denied", "access to this page has been",
    "request blocked", "request unsuccessful", "incapsula", "forbidden", "unusual traffic", "rate limit",
    "too many requests",
    "service unavailable", "temporarily unavailable", "bad gateway", "gateway time", "internal server error",
    "under maintenance", "scheduled maintenance", "be back soon", "page not found", "not found", "404", "error 5",
    "an error occurred", "something went wrong", "site is down", "enable javascript", "enable cookies",
    "log in", "login", "sign in", "welcome to nginx", "apache2", "index of /", "domain for sale", "account suspended",
    "страница не найдена", "ошибка", "доступ запрещ", "доступ ограничен", "технические работы", "временно недоступ",
    "проверка браузера", "подтвердите, что вы",
)  # fmt: skip
_CHALLENGE_RE = re.compile(
    r"cf-chl-|cdn-cgi/challenge|challenges\.cloudflare\.com|__ddg\d|_incapsula_resource|g-recaptcha|h-captcha|smartcaptcha"
    r"|/_sec/cp_challenge|datadome",
    re.IGNORECASE,
)
_NOTICES_RE = re.compile(r"\b(?:" + "|".join(map(re.escape, NOTICES)) + r")")
_META_REFRESH_RE = re.compile(r"<meta[^<>]{0,100}http-equiv=[\x22']?refresh", re.IGNORECASE)
_HTML_RE = re.compile(rb"<html[\s>]", re.IGNORECASE)
_CLOSED_RE = re.compile(rb"</html\s*>", re.IGNORECASE)


def is_cut_off(body: bytes) -> bool:
    """Whether a page of HTML that opens does not close: its transfer ended early, whatever the length said."""
    return bool(_HTML_RE.search(body[:_TAIL_BYTES])) and not _CLOSED_RE.search(body[-_TAIL_BYTES:])


def find_notice(
    body: bytes, headers: Mapping[str, str], format_names: Sequence[str], own_words: Sequence[str] = ()
) -> str:
    """Why a body is an error or challenge page and no page of these formats; empty where it may be one.

    Evidence for a page outweighs words: an article may be about captchas. What no format knows and says little, or
    says what such pages say, is none. What no format knows and reads like a text is left to the ingest, which holds
    it back where it can be looked at.
    """
    if "cf-mitigated" in headers:
        return "a challenge page: cf-mitigated"
    if not body.strip():
        return "an empty body"
    text = body[: HEAD_CHARS * 2].decode("utf-8", "replace")[:HEAD_CHARS]
    folded = text.casefold()
    if own := next((words for words in own_words if words.casefold() in folded), None):
        return f"a page of the site that says {own!r}"
    evidence = max((formats.FORMATS[name].sniff(text) for name in format_names), default=0.0)
    if evidence >= MIN_EVIDENCE:
        return ""
    is_article = evidence > 0  # it says so, and the profile names a format for articles of anybody
    if "<" not in text[:2000]:
        return "" if len(text) >= SCANT_CHARS else _find_words(folded) or "a few words"
    if found := _CHALLENGE_RE.search(text):
        return f"a challenge page: {found[0]}"
    tree = LexborHTMLParser(text)
    title = tree.css_first("title")
    seen = _visible(tree)
    if reason := _find_words((title.text() if title else "").casefold()):
        return f"{reason}, in its title"
    if tree.css_first("input[type=password]"):
        return "a page to log in"
    if len(seen) < (SHORT_CHARS if is_article else SCANT_CHARS):
        if _META_REFRESH_RE.search(text):
            return "a page that only leads on"
        return _find_words(seen.casefold()) or f"a page of {len(seen)} characters that no format knows"
    return _find_words(seen.casefold()) if len(seen) < SCANT_CHARS else ""


def _find_words(text: str) -> str:
    found = _NOTICES_RE.search(text)
    return f"an error or challenge page: it says {found[0]!r}" if found else ""


def _visible(tree: LexborHTMLParser) -> str:
    tree.strip_tags(["script", "style", "noscript", "template", "svg"])
    body = tree.body
    return " ".join(body.text(separator=" ").split()) if body else ""
