"""What is known of a publisher, as one TOML file a source: where it lists its pages, in which languages, how to ask.

    slug = "kremlin"                            also the partition key
    title, licence, attribution                 what may be done with its words, and what has to be said then
    [politeness]                                delay_seconds, stop_after, …
    [editions.en]                               language, base, formats, item, …
    [[editions.en.lists]]                       kind = by-date | paged | feed | sitemap | urls

Every key is checked: an unknown one, or a wrong value, is told with its place and what to do.
"""

from __future__ import annotations

import datetime as dt
import re
import tomllib
import zoneinfo
from collections.abc import Mapping, Sequence
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from storage.errors import StenolakeError, UsageError
from tasks import formats
from tasks.fetch import mistakes
from tasks.fetch.address import Address, Origin, join, read_address

_SLUG_RE = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LANGUAGE_RE = re.compile(r"[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}")
# Days, no two of which may have one address: they differ in day, month and year.
_DAYS = tuple(dt.date(*day) for day in ((2018, 3, 1), (2018, 3, 2), (2018, 4, 1), (2019, 3, 1)))


def _slug(value: str) -> str:
    if not _SLUG_RE.fullmatch(value):
        raise ValueError("is no slug: use lower-case letters, digits and hyphens")
    return value


Slug = Annotated[str, AfterValidator(_slug)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Politeness(_Part):
    """How a host is asked. The defaults are what a small server bears."""

    delay_seconds: float = Field(default=3.0, ge=0, le=600, description="between two requests; never less")
    latency_factor: float = Field(
        default=5.0, ge=0, le=100, description="and this many times what the last answer took"
    )
    latency_cap_seconds: float = Field(default=30.0, ge=0, le=600, description="but no more than this for that reason")
    attempts: int = Field(default=3, ge=1, le=10, description="for one address, where a failure may be passing")
    backoff_seconds: float = Field(default=5.0, ge=0, le=600, description="doubled with each attempt, with full jitter")
    backoff_cap_seconds: float = Field(default=120.0, ge=0, le=3600)
    retry_after_cap_seconds: float = Field(
        default=300.0, ge=0, le=86400, description="asked to wait longer, the run stops"
    )
    stop_after: int = Field(default=5, ge=1, le=100, description="addresses that fail one after the other")
    page_bytes: int = Field(default=16 << 20, ge=1024, le=1 << 30)
    connect_seconds: float = Field(default=10.0, gt=0, le=120)
    read_seconds: float = Field(default=20.0, gt=0, le=600, description="without a byte")
    total_seconds: float = Field(default=60.0, gt=0, le=3600, description="for one response")
    redirects: int = Field(default=5, ge=0, le=20)
    recheck_days: int = Field(
        default=7, ge=0, le=3650, description="how long pages are looked at again after their day"
    )


class _Lists(_Part):
    include: str | None = Field(default=None, description="regular expression that the path of a page must hold")

    @field_validator("include")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        return value and _compile(value)


class _Markup(_Lists):
    frame: str = Field(description="CSS: what every list has, even one without entries")
    entry: str = Field(description="CSS: one entry")
    link: str = Field(default="a[href]", description="CSS, within an entry: the link to the page")
    date: str | None = Field(
        None, description="CSS, within an entry: what tells its day, as 2024-01-03, 3.1.2024 or in English"
    )
    next: str | None = Field(default=None, description="CSS: the link to the list of what is older")
    previous: str | None = Field(default=None, description="CSS: the link to the list of what is newer")
    number: str | None = Field(
        default=None, description="CSS: what has the number of the list in its data-page attribute"
    )

    @field_validator("frame", "entry", "link", "date", "next", "previous", "number")
    @classmethod
    def _selects(cls, value: str | None) -> str | None:
        try:
            LexborHTMLParser("<p>").css("p" if value is None else value)
        except SelectolaxError:
            raise ValueError(f"is no CSS selector: {value}; write one such as main, .entry or a[rel=next]") from None
        return value


class ByDate(_Markup):
    """A list a day, at an address that holds the day."""

    kind: Literal["by-date"]
    address: str = Field(description="path with the day: /events/by-date/{day:%d.%m.%Y}")

    @field_validator("address")
    @classmethod
    def _holds_a_day(cls, value: str) -> str:
        remedy = "write {day:%Y-%m-%d}, or day, month and year in the publisher's order"
        return _path(_pattern(value, [{"day": day} for day in _DAYS], f"is the same for several days: {remedy}"))


class Paged(_Markup):
    """Lists with numbers, the newest first."""

    kind: Literal["paged"]
    address: str = Field(description="path with the number: /briefings/page/{page}/")
    first: int = Field(default=1, ge=0)
    first_address: str | None = Field(default=None, description="path of the first list, where it is another")
    limit: int = Field(default=2000, ge=1, description="lists in one run")

    def path_of(self, number: int) -> str:
        """The path of the list with this number."""
        return self.first_address if number == self.first and self.first_address else self.address.format(page=number)

    @field_validator("address")
    @classmethod
    def _holds_a_number(cls, value: str) -> str:
        return _path(_pattern(value, [{"page": 1}, {"page": 2}], "is the same for all lists: write {page} in it"))

    @field_validator("first_address")
    @classmethod
    def _is_path(cls, value: str | None) -> str | None:
        return value and _path(value)


class Feed(_Lists):
    """An Atom or RSS feed."""

    kind: Literal["feed"]
    address: str


class Sitemap(_Lists):
    """A sitemap, or an index of sitemaps; compressed or not."""

    kind: Literal["sitemap"]
    address: str
    day: str | None = Field(
        default=None, description="regular expression with groups year, month, day, for the page's path"
    )
    files: int = Field(default=200, ge=1, le=50_000, description="sitemaps that an index may name")
    files_include: str | None = Field(
        default=None, description="regular expression that the path of a sitemap must hold"
    )

    @field_validator("day", "files_include")
    @classmethod
    def _compiles_too(cls, value: str | None) -> str | None:
        return value and _compile(value)

    @field_validator("day")
    @classmethod
    def _tells_a_day(cls, value: str | None) -> str | None:
        if value and (lacking := {"year", "month", "day"} - set(re.compile(value).groupindex)):
            raise ValueError(f"has no group {', '.join(f'(?P<{name}>…)' for name in sorted(lacking))}: add it")
        return value


class Urls(_Lists):
    """Addresses, one by one."""

    kind: Literal["urls"]
    addresses: tuple[str, ...] = Field(min_length=1)


Lists = Annotated[ByDate | Paged | Feed | Sitemap | Urls, Field(discriminator="kind")]


class Edition(_Part):
    """A source in one language."""

    language: str = Field(description="BCP 47")
    base: str = Field(description="http://en.kremlin.ru")
    hosts: tuple[str, ...] = Field(default=(), description="other origins of the same publisher that pages may lead to")
    formats: tuple[str, ...] = Field(min_length=1, description="what its pages are read as")
    item: str | None = Field(default=None, description="regular expression; group `id` is what a page is known by")
    suffix: str = Field(default="", description="what a mirror appends to the path of a page: .html")
    challenge: tuple[str, ...] = Field(default=(), description="words of this site's own error and challenge pages")
    lists: tuple[Lists, ...] = Field(min_length=1)

    @field_validator("language")
    @classmethod
    def _is_language(cls, value: str) -> str:
        if not _LANGUAGE_RE.fullmatch(value):
            raise ValueError(f"is no tag of a language (BCP 47): {value}; write one such as tr or pt-BR")
        return value

    @field_validator("base")
    @classmethod
    def _is_origin(cls, value: str) -> str:
        address = _address(value)
        if address.target != "/":
            raise ValueError("is more than scheme and host: paths belong into the lists")
        return str(address.origin)

    @field_validator("hosts")
    @classmethod
    def _are_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(_address(one).origin) for one in value)

    @field_validator("formats")
    @classmethod
    def _are_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            if name not in formats.FORMATS:
                raise ValueError(f"names no format: {name}; there are {', '.join(sorted(formats.FORMATS))}")
        return value

    @field_validator("item")
    @classmethod
    def _has_id(cls, value: str | None) -> str | None:
        if value and "id" not in re.compile(_compile(value)).groupindex:
            raise ValueError("has no group (?P<id>…): add it")
        return value

    @model_validator(mode="after")
    def _stays_at_home(self) -> Edition:
        for one in self.lists:
            for path in one.addresses if isinstance(one, Urls) else (one.address,):
                if "://" in path and _address(path).origin not in self.origins:
                    raise ValueError(f"{path} is at none of its hosts: add it to `hosts`")
        return self

    @property
    def origins(self) -> tuple[Origin, ...]:
        """The origins that may be asked, the base first."""
        return tuple(dict.fromkeys(read_address(one).origin for one in (self.base, *self.hosts)))

    def address(self, path: str) -> Address:
        """The address of a path of this edition."""
        return join(Address(self.origins[0], "/"), path)

    def item_of(self, address: Address) -> str:
        """What a page is known by: its id in the site, else its address without a mirror's suffix."""
        path = address.target
        if self.item and (found := re.search(self.item, path)):
            return found["id"]
        return path.removesuffix(self.suffix) if self.suffix else path


class Profile(_Part):
    """A publisher."""

    slug: Slug
    title: str = Field(min_length=1)
    licence: str = Field(min_length=1, description="what may be done with its words, and where it says so")
    attribution: str = Field(min_length=1, description="what has to be said where they are used")
    time_zone: str = Field(description="that days of its pages are counted in, where their format knows no other")
    contact: str | None = Field(default=None, description="who answers for the requests: an address or mailbox")
    notes: tuple[str, ...] = Field(default=(), description="what changed over the years, and what to know")
    envelopes: str | None = Field(default=None, description="edition in expectations/envelopes.py whose bounds hold")
    default_edition: str
    politeness: Politeness = Politeness()
    editions: dict[Slug, Edition] = Field(min_length=1)

    @field_validator("time_zone")
    @classmethod
    def _is_zone(cls, value: str) -> str:
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            raise ValueError("is no time zone: write one such as Europe/Moscow") from None
        return value

    @model_validator(mode="after")
    def _has_default(self) -> Profile:
        if self.default_edition not in self.editions:
            raise ValueError(f"default_edition names none of the editions: {', '.join(self.editions)}")
        return self

    def edition(self, name: str | None) -> tuple[str, Edition]:
        """An edition by its name, or the default one.

        Raises:
            UsageError: there is none of that name.
        """
        wanted = name or self.default_edition
        if wanted not in self.editions:
            known = ", ".join(self.editions)
            raise UsageError(f"{self.slug} has no edition {wanted}", f"choose one of: {known}")
        return wanted, self.editions[wanted]


def read_profile(text: str, where: str) -> Profile:
    """Read and check a profile.

    Args:
        text: TOML; a byte order mark is passed over.
        where: how messages name the file.

    Raises:
        UsageError: with the file, the keys and what to do.
    """
    try:
        return Profile.model_validate(tomllib.loads(text.removeprefix("\ufeff")))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where} is no TOML: {error}", "mend the file") from None
    except ValidationError as error:
        said = mistakes.say(error.errors())
        raise UsageError(f"{where}: {said}", "mend the file; its keys: README, Fetch a source") from None


def _address(text: str) -> Address:
    try:
        return read_address(text)
    except StenolakeError as error:
        raise ValueError(error.message) from None


def _path(value: str) -> str:
    if not value.startswith("/") or value.startswith("//"):
        raise ValueError("is no path: it starts with one /")
    return value


def _pattern(value: str, samples: Sequence[Mapping[str, object]], fault: str) -> str:
    """An address with fields to fill in, which no two samples fill in alike."""
    try:
        filled = {value.format(**sample) for sample in samples}
    except (KeyError, ValueError, IndexError, AttributeError, TypeError):
        name = "".join(samples[0])
        raise ValueError(
            f"cannot be filled in: {value}; its one field is {{{name}}}, other brackets are doubled"
        ) from None
    if len(filled) < len(samples):
        raise ValueError(fault)
    return value


def _compile(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return value
