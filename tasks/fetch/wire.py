"""One HTTP exchange: on a fresh connection to an IP address that was checked, within limits of size and time.

A connection serves one exchange. A server that lies about a length can then spoil no other response, and the name is
resolved, checked and connected to in one place, each time.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import http.cookiejar
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import urllib3
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

from storage.errors import UnsafeInputError
from storage.files import storing
from tasks.fetch.address import Address, Fence, Origin, refuse
from tasks.streams import BrokenStreamError, Limits, expand

PIECE_BYTES = 16 * 1024
HEADER_CHARS = 1000  # of one header that is kept

# Headers that say what the body is, how fresh it is, who sent it, and what is asked of us.
KEPT_HEADERS = frozenset(
    "age alt-svc cache-control cf-mitigated content-disposition content-encoding content-language content-length"
    " content-location content-range content-type date etag expires last-modified link location retry-after server"
    " transfer-encoding vary via warning x-cache x-robots-tag".split()
)
_CODINGS = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "zlib", "zstd": "zstd"}

# A certificate that is refused now is refused in a minute, too.
_LASTING = (requests.exceptions.InvalidURL, requests.exceptions.InvalidHeader, requests.exceptions.SSLError)

Resolver = Callable[[str, int], list[str]]
Connector = Callable[[str, int, float], socket.socket]


def resolve(host: str, port: int) -> list[str]:
    """The IP addresses of a name, each once, in the resolver's order."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def connect(ip: str, port: int, timeout: float) -> socket.socket:
    """A TCP connection to an IP address."""
    return socket.create_connection((ip, port), timeout)


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one exchange may take."""

    page_bytes: int = 16 << 20  # of a body as it comes, and without its content coding
    connect_seconds: float = 10
    read_seconds: float = 20  # without a byte
    total_seconds: float = 120


class ExchangeError(Exception):
    """An exchange came to no whole response. `is_temporary`: asking again may help."""

    def __init__(self, message: str, *, is_temporary: bool) -> None:
        super().__init__(message)
        self.is_temporary = is_temporary


@dataclass(slots=True)
class Response:
    """A response with its body in a file: `body` as it came, `dump` without its content coding (the same where none).

    `problem`: why the body was not taken to its end; the files then hold nothing of use.
    """

    status: int
    headers: dict[str, str]
    fetched_at: dt.datetime
    seconds: float
    ip: str | None
    bytes: int = 0
    body: Path | None = None
    dump: Path | None = None
    problem: str = ""


@dataclass(slots=True)
class Wire:
    """Exchanges with the hosts of a fence.

    Args of the constructor: the fence, the user agent, the bounds, a folder for bodies; for tests, how names are
    resolved and connections made; a file of certificate authorities, where others are trusted than the public ones.
    """

    fence: Fence
    agent: str
    bounds: Bounds
    folder: Path
    resolver: Resolver = resolve
    connector: Connector = connect
    authorities: str | None = None
    _live: list[HTTPConnection] = field(default_factory=list)
    _ip: str | None = None

    def open_socket(self, connection: HTTPConnection, origin: Origin) -> socket.socket:
        """Resolve, check every answer, and connect to one that was checked.

        Raises:
            UnsafeInputError: an answer may not be connected to.
            OSError: no address answers.
        """
        self._live.append(connection)
        answers = self.resolver(origin.host, origin.port)
        try:
            ips = [ipaddress.ip_address(answer) for answer in answers]
        except ValueError:
            raise refuse(origin, "resolves to what is no address") from None
        self.fence.check(origin, ips)
        failure: OSError = OSError("no address")
        for ip in ips:
            try:
                made = self.connector(str(ip), origin.port, self.bounds.connect_seconds)
            except OSError as error:
                failure = error
                continue
            self._ip = str(ip)
            return made
        raise failure

    def exchange(self, address: Address, headers: Mapping[str, str]) -> Response:
        """Ask for one address; redirects are not followed.

        Raises:
            ExchangeError: no whole response came.
            UnsafeInputError: the host may not be connected to.
        """
        started_at, started = dt.datetime.now(dt.UTC), time.monotonic()
        self._ip = None
        self._live.clear()
        session = self._session()
        expired = threading.Event()
        watch = threading.Timer(self.bounds.total_seconds, self._cut, (expired,))
        watch.daemon = True
        watch.start()
        try:
            with session.get(
                str(address), headers=dict(headers), allow_redirects=False, stream=True,
                timeout=(self.bounds.connect_seconds, self.bounds.read_seconds),
            ) as answer:  # fmt: skip
                kept = _kept(answer.headers)
                response = Response(answer.status_code, kept, started_at, 0, self._ip)
                self._take(answer.raw, response, str(address))
        except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if expired.is_set():
                message = f"took more than {self.bounds.total_seconds:g} s"
                raise ExchangeError(message, is_temporary=True) from None
            is_wrong = isinstance(error, _LASTING)
            raise ExchangeError(_plain(error), is_temporary=not is_wrong) from None
        finally:
            watch.cancel()
            session.close()
        if expired.is_set():
            raise ExchangeError(f"took more than {self.bounds.total_seconds:g} s", is_temporary=True)
        response.seconds = time.monotonic() - started
        return response

    def _session(self) -> requests.Session:
        session = _Session()
        session.trust_env = False  # no proxies and no netrc that the environment names
        session.verify = self.authorities or True
        session.cookies.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        session.headers.clear()
        session.headers.update(
            {"User-Agent": self.agent, "Accept": "*/*", "Accept-Encoding": "identity", "Connection": "close"}
        )
        adapter = _Adapter(self)
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session

    def _cut(self, expired: threading.Event) -> None:
        """End an exchange that takes too long, whatever it is waiting for."""
        expired.set()
        for connection in self._live:
            if (opened := connection.sock) is not None:
                with contextlib.suppress(OSError):
                    opened.shutdown(socket.SHUT_RDWR)

    def _take(self, raw: urllib3.HTTPResponse, response: Response, what: str) -> None:
        """Put the body into a file, and the same without its content coding into another."""
        limit = self.bounds.page_bytes
        stated = response.headers.get("content-length", "")
        if stated.isdigit() and int(stated) > limit:
            response.problem = f"has {stated} bytes, more than {limit}"
            return
        body = self.folder / "body"
        with storing(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
            stream = body.open("wb")
        with stream:
            for piece in _pieces(raw):
                response.bytes += len(piece)
                if response.bytes > limit:
                    response.problem = f"has more than {limit} bytes"
                    return
                with storing(body):
                    stream.write(piece)
        response.body = response.dump = body
        codings = [name.strip().lower() for name in response.headers.get("content-encoding", "").split(",")]
        if codings := [name for name in codings if name not in ("", "identity")]:
            self._decode(response, codings, what)

    def _decode(self, response: Response, codings: list[str], what: str) -> None:
        response.dump = None
        if len(codings) > 2 or (unknown := [name for name in codings if name not in _CODINGS]):
            shown = ", ".join(codings if len(codings) > 2 else unknown)
            response.problem = f"is coded as {shown[:80]}, which is not read"
            return
        assert response.body
        chunks: Iterator[bytes] = iter([response.body.read_bytes()])
        limits = Limits(stream_bytes=self.bounds.page_bytes)
        for coding in reversed(codings):
            chunks = expand(chunks, _CODINGS[coding], limits, what)
        dump = self.folder / "dump"
        try:
            with storing(dump), dump.open("wb") as stream:
                for chunk in chunks:
                    stream.write(chunk)
        except BrokenStreamError as error:
            raise ExchangeError(str(error), is_temporary=True) from None
        except UnsafeInputError as error:
            response.problem = error.message.removeprefix("refused as unsafe: ").removeprefix(what).strip()
            return
        response.dump = dump


def _pieces(raw: urllib3.HTTPResponse) -> Iterator[bytes]:
    if raw.chunked and raw.supports_chunked_reads():
        yield from raw.read_chunked(PIECE_BYTES, decode_content=False)
        return
    while piece := raw.read(PIECE_BYTES, decode_content=False):
        yield piece


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers that matter, in lower case; what no header may hold is made visible."""
    return {
        name.lower(): value.encode("latin-1", "replace").decode("utf-8", "backslashreplace")[:HEADER_CHARS]
        for name, value in headers.items()
        if name.lower() in KEPT_HEADERS
    }


def _plain(error: Exception) -> str:
    """What went wrong, in a line, without the objects that the client prints."""
    inner: BaseException = error
    while inner.__cause__ is not None or inner.__context__ is not None:
        inner = inner.__cause__ or inner.__context__ or inner
    if isinstance(inner, TimeoutError):
        return "no answer in time"
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"its certificate is refused: {inner.verify_message}"[:200]
    return f"{type(inner).__name__}: {' '.join(str(inner).split())}"[:200]


class _Session(requests.Session):
    """A session that does not even look where a redirect leads: it is followed by hand, or not."""

    def get_redirect_target(self, resp: requests.Response) -> None:
        return None


class _Adapter(HTTPAdapter):
    """The client's transport, with connections that the wire opens."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=0)

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options)
        self.poolmanager.pool_classes_by_scheme = _pools(self._wire)


def _pools(wire: Wire) -> dict[str, type[HTTPConnectionPool]]:
    class Plain(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return wire.open_socket(self, Origin("http", self.host, self.port))

    class Secure(HTTPSConnection):
        def _new_conn(self) -> socket.socket:
            return wire.open_socket(self, Origin("https", self.host, self.port))

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class SecurePool(HTTPSConnectionPool):
        ConnectionCls = Secure

    return {"http": PlainPool, "https": SecurePool}
