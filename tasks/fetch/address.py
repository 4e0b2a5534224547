"""Which addresses may be asked, and which machines may be connected to.

An address is taken apart once, here, by rules stricter than those of any client: what two readers could understand
in two ways is refused. Names are compared as written in the profile; numbers are read as IP addresses only in their
usual form.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import idna

from storage.errors import UnsafeInputError

IP = ipaddress.IPv4Address | ipaddress.IPv6Address

PORTS = {"http": 80, "https": 443}
MAX_CHARS = 2000

_UNFIT_RE = re.compile(r"[\x00-\x20\x7f-\x9f\\<>\x22\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
_NUMBER_RE = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)(?:\.(?:0x[0-9a-f]*|[0-9]+)?)*", re.IGNORECASE)
_NAME_RE = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*")

_GLOBAL_IPV6 = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
# Python calls some of these global: relays, and blocks whose addresses only look like those of one machine.
_SPECIAL = [
    ipaddress.ip_network(block)
    for block in (
        "0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
        "192.175.48.0/24", "198.18.0.0/15", "224.0.0.0/3",
        "2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20",
    )
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: `http://en.kremlin.ru`. The host is in lower case, its name in ASCII."""

    scheme: str
    host: str
    port: int

    @property
    def is_loopback(self) -> bool:
        """Whether it names this machine: `localhost` or a loopback address."""
        number = read_ip(self.host)
        return self.host == "localhost" if number is None else number.is_loopback

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == PORTS[self.scheme] else f":{self.port}")


@dataclass(frozen=True, slots=True)
class Address:
    """An address that was taken apart: where, and what is asked there (`/path?query`)."""

    origin: Origin
    target: str

    def __str__(self) -> str:
        return f"{self.origin}{self.target}"


def refuse(url: object, why: str) -> UnsafeInputError:
    """The error for an address that is not asked. Credentials in it are not repeated."""
    shown = re.sub(r"//[^/@]{0,300}@", "//…@", str(url))[:200]
    return UnsafeInputError(f"refused as unsafe: {shown!r} {why}", "give a plain http or https address of the source")


def read_address(url: str) -> Address:
    """Take an address apart.

    Raises:
        UnsafeInputError: another scheme than http and https, credentials, a host that is no plain name or number,
            characters that do not belong in an address.

    >>> str(read_address("HTTP://Example.org:80/a?b#c"))
    'http://example.org/a?b'
    """
    if len(url) > MAX_CHARS:
        raise refuse(url, f"is longer than {MAX_CHARS} characters")
    if _UNFIT_RE.search(url):
        raise refuse(url, "has white space, control characters or a backslash in it")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise refuse(url, f"is no address: {error}") from None
    if parts.scheme not in PORTS:
        raise refuse(url, "is neither http nor https")
    if "@" in parts.netloc:
        raise refuse(url, "carries credentials")
    if not parts.hostname or "%" in parts.netloc:
        raise refuse(url, "names no plain host")
    if parts.netloc.endswith(":") or port == 0:
        raise refuse(url, "names no port")
    origin = Origin(parts.scheme, read_host(parts.hostname, url), port or PORTS[parts.scheme])
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(origin, target)


def read_host(host: str, url: str) -> str:
    """A host in the one form in which hosts are compared.

    Raises:
        UnsafeInputError: it is a number in an unusual form, or no name.
    """
    if ":" in host:
        try:
            return ipaddress.IPv6Address(host).compressed
        except ValueError:
            raise refuse(url, "names no plain host") from None
    if _NUMBER_RE.fullmatch(host):
        number = read_ip(host)
        if number is None:
            raise refuse(url, "writes an IP address in an unusual form")
        return str(number)
    try:
        name = host.lower() if host.isascii() else idna.encode(host, uts46=True).decode()
    except (idna.IDNAError, UnicodeError):
        raise refuse(url, "names no plain host") from None
    if len(name) > 253 or not _NAME_RE.fullmatch(name) or _NUMBER_RE.fullmatch(name):
        raise refuse(url, "names no plain host")
    return name


def read_ip(text: str) -> IP | None:
    """An IP address in its usual form, or None."""
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def join(base: Address, href: str) -> Address:
    """The address that a link in a page, or a redirect, leads to.

    Raises:
        UnsafeInputError: see `read_address`.
    """
    trimmed = href.strip(" \t\r\n\f")
    if _UNFIT_RE.search(trimmed):
        raise refuse(href, "has white space, control characters or a backslash in it")
    try:
        return read_address(urljoin(str(base), trimmed))
    except ValueError:  # `http://[`
        raise refuse(href, "is no address") from None


def is_public(ip: IP) -> bool:
    """Whether an IP address is one of the public internet, and not one that leads elsewhere in disguise.

    >>> is_public(ipaddress.ip_address("::ffff:10.0.0.1"))
    False
    """
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.scope_id:
            return False
        if ip.ipv4_mapped:
            return is_public(ip.ipv4_mapped)
        if ip in _NAT64:  # how a network without IPv4 reaches it
            return is_public(ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF))
        if int(ip) >> 32 & 0xFDFFFFFF == 0x5EFE:  # ISATAP: an IPv4 address in the last half
            return False
        if ip not in _GLOBAL_IPV6:
            return False
    if ip.is_multicast or ip.is_reserved or ip.is_unspecified or ip.is_loopback or ip.is_link_local:
        return False
    return ip.is_global and not any(ip.version == block.version and ip in block for block in _SPECIAL)


@dataclass(frozen=True, slots=True)
class Fence:
    """What a run may ask: origins of the profile, or one mirror of them that stands in.

    `public` are the addresses as the world knows them; `mirror` is asked in place of all of them.
    """

    public: tuple[Origin, ...]
    mirror: Origin | None = None

    def admit(self, address: Address) -> Address:
        """The address as the world knows it.

        Raises:
            UnsafeInputError: its host is none of the profile's.
        """
        if address.origin == self.mirror:
            return Address(self.public[0], address.target)
        if address.origin not in self.public:
            raise refuse(address, "leads to another host than those of the source's profile")
        return address

    def wire(self, address: Address) -> Address:
        """The address that is asked for one that was admitted."""
        return Address(self.mirror, address.target) if self.mirror else address

    def check(self, origin: Origin, ips: list[IP]) -> None:
        """Whether every IP address that a host's name resolves to may be connected to.

        Raises:
            UnsafeInputError: one may not.
        """
        if not ips:
            raise refuse(origin, "resolves to no address")
        is_local = self.mirror is not None and self.mirror.is_loopback and origin == self.mirror
        for ip in ips:
            if not (ip.is_loopback if is_local else is_public(ip)):
                raise refuse(origin, f"resolves to {ip}, which is no public address")
