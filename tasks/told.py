"""What is told of a document from outside it: by its record, its address, its file's name, or a person.

A fact that the document does not tell itself is taken from the first of these that tells it:

    1. the record that held it: a JSONL field, a header of a WARC record or of an HTTP response
    2. the address of the page: a day in its path
    3. the name of its file
    4. `--date`, `--source`, `--language`; of a page that was fetched, the profile
    5. for the source alone: the host of the address

All of it stands in the ledger's inputs, so that deriving the tables anew finds the same facts. What is taken is noted
in `documents.inferred`, with where it was found. A time of retrieval is no publication date, and never taken for one.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Generic, TypeVar
from urllib.parse import unquote, urlsplit

from storage.records import Input

T = TypeVar("T")

# What records call a fact, in order of preference; case, and `-` or `_` between words, do not matter.
_FIELDS: Mapping[str, tuple[str, ...]] = {
    "title": ("title", "headline"),
    "date": ("eventdate", "date", "published", "publishedat", "datepublished", "publicationdate", "pubdate"),
    "published_at": ("published", "publishedat", "datepublished", "publicationdate", "pubdate", "date"),
    "source": ("source", "sourceid", "publisher"),
    "language": ("language", "lang"),
    "url": ("url", "sourceurl", "canonicalurl", "permalink", "link"),
}
# Publishers whose slug is not the name of their host.
_HOSTS: Mapping[str, str] = {
    "kremlin.ru": "kremlin",
    "whitehouse.gov": "whitehouse",
    # the site of each administration, as the National Archives keep it
    "georgewbush-whitehouse.archives.gov": "whitehouse",
    "obamawhitehouse.archives.gov": "whitehouse",
    "trumpwhitehouse.archives.gov": "whitehouse",
    "bidenwhitehouse.archives.gov": "whitehouse",
}
_LANGUAGES: Mapping[str, str] = {"english": "en", "eng": "en", "russian": "ru", "rus": "ru", "русский": "ru"}

_MONTHS: Mapping[str, int] = {
    name: number
    for number, names in enumerate(
        "january jan,february feb,march mar,april apr,may,june jun,july jul,august aug,september sep sept,october oct,"
        "november nov,december dec".split(","),
        start=1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(_MONTHS, key=lambda name: (-len(name), name)))

# Days that file names hold, each by the order of its parts. `03-04-2024` has two readings and gives none.
_DAY_RES = (
    ("ymd", re.compile(r"(?<![0-9])((?:19|20)[0-9]{2})([-_.]?)([0-9]{2})\2([0-9]{2})(?![0-9])")),
    ("d.my", re.compile(r"(?<![0-9.])([0-9]{1,2})(\.)([0-9]{1,2})\.((?:19|20)[0-9]{2})(?![0-9])")),
    ("dmy", re.compile(r"(?<![0-9])([0-9]{1,2})([-_])([0-9]{1,2})\2((?:19|20)[0-9]{2})(?![0-9])")),
    ("y-b-d", re.compile(rf"(?<![0-9])((?:19|20)[0-9]{{2}})([-_ .]?)({_MONTH})\2([0-9]{{1,2}})(?![0-9])")),
    ("d-b-y", re.compile(rf"(?<![0-9])([0-9]{{1,2}})([-_ .]?)({_MONTH})\2((?:19|20)[0-9]{{2}})(?![0-9])")),
    ("b-d-y", re.compile(rf"(?<![a-z])({_MONTH})([-_ .]?)([0-9]{{1,2}}),?\2((?:19|20)[0-9]{{2}})(?![0-9])")),
)
_PATH_DAY_RE = re.compile(r"/((?:19|20)[0-9]{2})/([0-9]{1,2})/([0-9]{1,2})(?=/|$)")
_LEADING_DAY_RE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?![0-9])")
_LANGUAGE_RE = re.compile(r"([a-z]{2,3})(?:[-_](?:[a-z]{4}|[a-z]{2}|[0-9]{3})){0,2}", re.IGNORECASE)
_HOST_RE = re.compile(r"[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})+")
_SLUG_RE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_NOT_SLUG_RE = re.compile(r"[^a-z0-9]+")
_PLACE_RE = re.compile(r"#(line|record)=([0-9]+)$")
_TITLE_CHARS = 300
SAID_DATE = "--date"  # evidence of a day that a person said of a whole run: it tells none of its documents from another


@dataclass(frozen=True, slots=True)
class Fact(Generic[T]):
    """A value, and where it was found: `record field lang`, `file name`, `--date`."""

    value: T
    evidence: str


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of the documents of one dump, and the time zone of the source that it was fetched from."""

    title: Fact[str] | None = None
    date: Fact[dt.date] | None = None
    published_at: Fact[dt.datetime] | None = None
    source: Fact[str] | None = None
    language: Fact[str] | None = None
    url: Fact[str] | None = None
    name: Fact[str] | None = None
    time_zone: str = ""


def tell(record: Input, date: dt.date | None = None, source: str | None = None, language: str | None = None) -> Told:
    """What is told of the documents of a dump.

    Args:
        record: the dump as the ledger knows it.
        date, source, language: what a person said, or the profile that the dump was fetched by.

    Returns:
        The facts. `title` is what the record says, `name` a title made of the file's name, for those who have no other.
    """
    fields = list(_record_fields(record))
    is_fetched = "edition" in record.derivation
    name, is_own = _file_name(record.uri)
    url = _first(fields, "url", _read_url) or _page_address(record)
    day = (
        _first(fields, "date", read_day)
        or _fact(_path_day(url.value) if url else None, "address")
        or _fact(_name_day(name) if is_own else None, "file name")
        or _fact(date, SAID_DATE)
    )
    tag = (
        _first(fields, "language", read_language)
        or _fact(read_language((record.http_headers or {}).get("content-language", "")), "header content-language")
        or _fact(language, "profile" if is_fetched else "--language")
    )
    publisher = (
        _first(fields, "source", read_source)
        or _fact(source, "profile" if is_fetched else "--source")
        or _fact(read_source(url.value) if url else None, "host of the address")
    )
    return Told(
        title=_first(fields, "title", _read_title),
        date=day,
        published_at=_first(fields, "published_at", _read_time),
        source=publisher,
        language=tag,
        url=url,
        name=_fact(_name_title(name, record), "file name"),
        time_zone=str(record.derivation.get("time_zone") or ""),
    )


def read_day(text: str) -> dt.date | None:
    """The day that a value begins with, as ISO 8601 writes it, in its own time zone.

    >>> read_day("2021-10-29 23:00:00-04:00")
    datetime.date(2021, 10, 29)
    """
    found = _LEADING_DAY_RE.match(text)
    return _date(*map(int, found[0].split("-"))) if found else None


def read_language(text: str) -> str | None:
    """A BCP 47 tag of a language, in its usual case; None for what is none.

    >>> read_language("EN_us"), read_language("Russian"), read_language("the English one")
    ('en-US', 'ru', None)
    """
    word = text.strip()
    if word.casefold() in _LANGUAGES:
        return _LANGUAGES[word.casefold()]
    if not _LANGUAGE_RE.fullmatch(word):
        return None
    first, *rest = word.replace("_", "-").lower().split("-")
    return "-".join(
        [_LANGUAGES.get(first, first), *(part.title() if len(part) == 4 else part.upper() for part in rest)]
    )


def read_source(text: str) -> str | None:
    """The slug of a publisher named by a slug, a host, an address or a name in Latin letters; None without any.

    A host gives its own name, less `www.`, unless it is one of a publisher that is known: nothing is cut off that two
    publishers might share.

    >>> read_source("The Lessk Gazette"), read_source("https://www.gazette.example/a?b"), read_source("en.kremlin.ru")
    ('the-lessk-gazette', 'gazette-example', 'kremlin')
    """
    word = text.strip().casefold()
    if len(word) > 2000:
        return None
    if _SLUG_RE.fullmatch(word):
        return word
    host = _host(word) if "://" in word else word
    if _HOST_RE.fullmatch(host):
        for known, slug in _HOSTS.items():
            if host == known or host.endswith(f".{known}"):
                return slug
        word = host.removeprefix("www.")
    elif "://" in word:
        return None
    plain = "".join(c for c in unicodedata.normalize("NFKD", word) if not unicodedata.combining(c))
    if any(c.isalpha() and not c.isascii() for c in plain):
        return None
    return _NOT_SLUG_RE.sub("-", plain).strip("-")[:60].strip("-") or None


def _fact(value: T | None, evidence: str) -> Fact[T] | None:
    return None if value is None or value == "" else Fact(value, evidence)


def _record_fields(record: Input) -> Iterator[tuple[str, str, str]]:
    """Plain name, value and own name of each field that the record told."""
    for key, value in record.derivation.items():
        if key.startswith("record.") and isinstance(value, str) and value.strip():
            own = key.removeprefix("record.")
            yield own.casefold().replace("_", "").replace("-", ""), value.strip(), own


def _first(fields: Iterable[tuple[str, str, str]], fact: str, read: Callable[[str], T | None]) -> Fact[T] | None:
    for wanted in _FIELDS[fact]:
        for plain, value, own in fields:
            if plain == wanted and (told := read(value)) is not None:
                return Fact(told, f"record field {own}")
    return None


def _page_address(record: Input) -> Fact[str] | None:
    """The address that a WARC record names, or that the dump was fetched from."""
    stated = record.derivation.get("url")
    if isinstance(stated, str) and (url := _read_url(stated)):
        return Fact(url, "WARC-Target-URI")
    return _fact(_read_url(record.uri), "address of the dump")


def _read_url(text: str) -> str | None:
    is_address = text.startswith(("http://", "https://")) and not any(c.isspace() for c in text)
    return text if is_address and _host(text) else None


def _host(address: str) -> str:
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""


def _read_title(text: str) -> str | None:
    return " ".join(text.split())[:_TITLE_CHARS].strip() or None


def _read_time(text: str) -> dt.datetime | None:
    try:
        told = dt.datetime.fromisoformat(text)
        return told.astimezone(dt.UTC) if told.tzinfo else None  # a clock without a zone tells no moment
    except (ValueError, OverflowError):
        return None


def _file_name(uri: str) -> tuple[str, bool]:
    """Name of the file that a dump is or stands in, and whether it is the dump's own."""
    place = _PLACE_RE.search(uri)
    path = uri[: place.start()] if place else uri
    if path.startswith(("http://", "https://")):
        path = path.split("?", 1)[0].split("#", 1)[0]
    return ("" if ":" in path.rsplit("/", 1)[-1] else unquote(path.rsplit("/", 1)[-1])), place is None


def _name_day(name: str) -> dt.date | None:
    """The one day that a file's name holds; None where it holds none, or several, or one that has two readings."""
    days = set[dt.date]()
    for order, pattern in _DAY_RES:
        for one, _, two, three in (found.groups() for found in pattern.finditer(name.casefold())):
            days.update(day for day in _readings(order, one, two, three) if day)
    return days.pop() if len(days) == 1 else None


def _readings(order: str, one: str, two: str, three: str) -> Iterator[dt.date | None]:
    if order == "ymd":
        yield _date(int(one), int(two), int(three))
    elif order == "d.my":  # with dots, the day comes first wherever dates are written so
        yield _date(int(three), int(two), int(one))
    elif order == "dmy":
        yield _date(int(three), int(two), int(one))
        yield _date(int(three), int(one), int(two))
    elif order == "y-b-d":
        yield _date(int(one), _MONTHS[two], int(three))
    elif order == "d-b-y":
        yield _date(int(three), _MONTHS[two], int(one))
    else:
        yield _date(int(three), _MONTHS[one], int(two))


def _path_day(url: str) -> dt.date | None:
    days = {_date(*map(int, found)) for found in _PATH_DAY_RE.findall(urlsplit(url).path)}
    return days.pop() if len(days) == 1 else None


def _date(year: int, month: int, day: int) -> dt.date | None:
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def _name_title(name: str, record: Input) -> str:
    """A title of the file's name; a record adds its number, and what came without a name the start of its hash."""
    if not name:
        return f"untitled {record.dump_sha256[:8]}"
    place = _PLACE_RE.search(record.uri)
    stem = " ".join(PurePosixPath(name).stem.split())
    return f"{stem} {place[1]} {place[2]}" if place else stem


def rank(record: Input) -> tuple[int, str]:
    """Order of dumps of the same bytes under several names: the least tells most, and then stands first by address."""
    told = tell(record)
    facts = (told.title, told.date, told.published_at, told.source, told.language, told.url)
    return -sum(fact is not None for fact in facts), record.uri
