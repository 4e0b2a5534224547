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
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from storage.errors import StenolakeError, UsageError
from tasks import formats
from tasks.fetch.address import Address, Origin, join, read_address

SLUG = r"^[a-z0-9](?:[a-z0-9-]{0,62})$"
LANGUAGE = r"^[a-z]{2,3}(?:-[A-Za-z0-9]{2,8}){0,3}$"


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
        None, description="CSS, within an entry: an element whose datetime attribute or text is ISO"
    )
    next: str | None = Field(default=None, description="CSS: the link to the list of what is older")
    previous: str | None = Field(default=None, description="CSS: the link to the list of what is newer")
    number: str | None = Field(
        default=None, description="CSS: what has the number of the list in its data-page attribute"
    )


class ByDate(_Markup):
    """A list a day, at an address that holds the day."""

    kind: Literal["by-date"]
    address: str = Field(description="path with the day: /events/by-date/{day:%d.%m.%Y}")

    @field_validator("address")
    @classmethod
    def _holds_a_day(cls, value: str) -> str:
        try:
            days = {value.format(day=dt.date(2018, 3, day)) for day in (1, 2)}
        except (KeyError, ValueError, IndexError, AttributeError) as error:
            raise ValueError(f"is no pattern for a day: {error}") from None
        if len(days) != 2:
            raise ValueError("holds no day: write {day:%Y-%m-%d}, or the parts in the publisher's order")
        return _path(value)


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
        if "{page}" not in value:
            raise ValueError("holds no {page}")
        return _path(value)


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


class Urls(_Lists):
    """Addresses, one by one."""

    kind: Literal["urls"]
    addresses: tuple[str, ...] = Field(min_length=1)


Lists = Annotated[ByDate | Paged | Feed | Sitemap | Urls, Field(discriminator="kind")]


class Edition(_Part):
    """A source in one language."""

    language: str = Field(pattern=LANGUAGE, description="BCP 47")
    base: str = Field(description="http://en.kremlin.ru")
    hosts: tuple[str, ...] = Field(default=(), description="other origins of the same publisher that pages may lead to")
    formats: tuple[str, ...] = Field(min_length=1, description="what its pages are read as")
    item: str | None = Field(default=None, description="regular expression; group `id` is what a page is known by")
    suffix: str = Field(default="", description="what a mirror appends to the path of a page: .html")
    challenge: tuple[str, ...] = Field(default=(), description="words of this site's own error and challenge pages")
    lists: tuple[Lists, ...] = Field(min_length=1)

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
            raise ValueError("has no group (?P<id>…)")
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

    slug: str = Field(pattern=SLUG)
    title: str = Field(min_length=1)
    licence: str = Field(min_length=1, description="what may be done with its words, and where it says so")
    attribution: str = Field(min_length=1, description="what has to be said where they are used")
    time_zone: str
    contact: str | None = Field(default=None, description="who answers for the requests: an address or mailbox")
    notes: tuple[str, ...] = Field(default=(), description="what changed over the years, and what to know")
    envelopes: str | None = Field(default=None, description="edition in expectations/envelopes.py whose bounds hold")
    default_edition: str
    politeness: Politeness = Politeness()
    editions: dict[Annotated[str, Field(pattern=SLUG)], Edition] = Field(min_length=1)

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
        text: TOML.
        where: how messages name the file.

    Raises:
        UsageError: with the file, the keys and what to do.
    """
    try:
        return Profile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{where} is no TOML: {error}", "mend the file") from None
    except ValidationError as error:
        lines = [f"{_place(one['loc'])}: {_message(one['msg'], one['type'])}" for one in error.errors()[:8]]
        more = f"; and {error.error_count() - 8} more" if error.error_count() > 8 else ""
        raise UsageError(
            f"{where}: {'; '.join(lines)}{more}", "mend the file; its keys: README, Fetch a source"
        ) from None


def _place(location: tuple[int | str, ...]) -> str:
    kinds = {"by-date", "paged", "feed", "sitemap", "urls"}
    return ".".join(str(part) for part in location if part not in kinds) or "the profile"


def _message(said: str, kind: str) -> str:
    if kind == "missing":
        return "is missing: add it"
    return (
        "is no key of a profile: remove or correct it"
        if kind == "extra_forbidden"
        else said.removeprefix("Value error, ")
    )


def _address(text: str) -> Address:
    try:
        return read_address(text)
    except StenolakeError as error:
        raise ValueError(error.message) from None


def _path(value: str) -> str:
    if not value.startswith("/") or value.startswith("//"):
        raise ValueError("is no path: it starts with one /")
    return value


def _compile(value: str) -> str:
    try:
        re.compile(value)
    except re.error as error:
        raise ValueError(f"is no regular expression: {error}") from None
    return value
