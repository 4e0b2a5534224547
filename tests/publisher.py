"""An invented publisher on loopback: its pages, and a log of every request and connection; it may misbehave."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import select
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Request:
    """One request as the server met it: when it came, when its answer ended (monotonic), and how it was answered."""

    path: str
    headers: Mapping[str, str]
    came: float
    ended: float = 0.0
    status: int = 0

    @property
    def is_conditional(self) -> bool:
        return "If-None-Match" in self.headers or "If-Modified-Since" in self.headers


Answer = Callable[["Handler"], None]


@dataclass
class Site:
    """What the publisher has: path -> body, or a function that answers itself."""

    pages: dict[str, bytes | Answer] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    open_now: int = 0
    most_open: int = 0
    base: str = ""

    def asked(self, path: str) -> list[Request]:
        return [request for request in self.requests if request.path == path]

    def gaps(self) -> list[float]:
        """Seconds from each request to the next."""
        return [after.came - before.came for before, after in zip(self.requests, self.requests[1:], strict=False)]


class Handler(BaseHTTPRequestHandler):
    """Answers as the site says, with tags and dates."""

    site: Site

    def log_message(self, *arguments: Any) -> None:
        """The site keeps its own log."""

    def handle(self) -> None:
        self.site.open_now += 1
        self.site.most_open = max(self.site.most_open, self.site.open_now)
        try:
            with contextlib.suppress(ConnectionError, BrokenPipeError):
                super().handle()
        finally:
            self.site.open_now -= 1

    def do_GET(self) -> None:
        request = Request(self.path, dict(self.headers), time.monotonic())
        self.site.requests.append(request)
        self.request_record = request
        try:
            page = self.site.pages.get(self.path)
            if page is None:
                self.answer(404, b"<html><body>There is no such page here.</body></html>")
            elif isinstance(page, bytes):
                self.send_page(page)
            else:
                page(self)
        finally:
            request.ended = time.monotonic()

    def send_page(self, body: bytes) -> None:
        tag = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        headers = {"ETag": tag, "Last-Modified": formatdate(1_600_000_000, usegmt=True)}
        if self.headers.get("If-None-Match") == tag:
            self.answer(304, b"", headers)
        else:
            self.answer(200, body, headers)

    def pause(self, seconds: float) -> None:
        """Wait, unless who asked has gone."""
        if select.select([self.connection], [], [], seconds)[0]:
            raise ConnectionResetError

    def answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.request_record.status = status
        self.send_response(status)
        told = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(body)), **(headers or {})}
        for name, value in told.items():
            if not (status == 304 and name == "Content-Length"):
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextlib.contextmanager
def serve(site: Site, tls: ssl.SSLContext | None = None) -> Iterator[Site]:
    """Play a site on loopback."""
    handler = type("OwnHandler", (Handler,), {"site": site})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls:  # the handshake is the handler's thread's affair
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    site.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


ROBOTS = b"User-agent: *\nDisallow: /search\n"
_LONG_DAY = "%B %-d, %Y"


def kremlin_page(number: int, day: dt.date, words: str = "Good day, friends.") -> bytes:
    """A page as the site of the first source has them, with invented words."""
    printed = day.strftime(_LONG_DAY)
    text = f"""<!doctype html> <html lang="en"> <head> <meta charset="utf-8"/>
<title>Harvest talks {number} • President of Valdoria</title>
<meta property="og:url" content="http://en.kremlin.ru/events/president/news/{number}"/>
<link rel="canonical" href="{number}.html" /> </head> <body>
<div class="read h-entry hentry" data-id="{number}">
<div class="read__top"> <h1 class="entry-title p-name">Harvest talks {number}</h1>
<div class="read__lead p-summary">Ada Brook met with growers of the Lessk Region.</div>
<div class="read__meta"> <time class="read__published" datetime="{day}">{printed}</time>
<div class="read__time">12:00</div> <div class="read__place p-location"><i></i>Lessk</div> </div> </div>
<div class="entry-content e-content read__internal_content">
<p><b>President of Valdoria Ada Brook:</b> {words}</p> <p>The year was a good one for rye and for barley.</p>
<p><b>Governor of the Lessk Region Pavel Orlin:</b> Thank you. We have brought in all that was sown in spring.</p>
</div>
<div class="read__bottommeta"> <h3>Publication status</h3>
<p>Published in section: <a href="../transcripts.html">Transcripts</a></p>
<p>Publication date: <b>{printed}, 12:00</b></p>
<p>Direct link: <span>en.kremlin.ru/d/{number}</span></p>
<p><a class="text_version_link" href="copy/{number}">Text version</a></p> </div>
</div> </body> </html>
"""
    return text.encode()


def kremlin_list(entries: Mapping[int, dt.date], number: int = 1, suffix: str = "", *, last: bool = False) -> bytes:
    """A list of pages: number of the page -> its day, the newest first. Behind the `last` one there is no other."""
    items = "".join(
        f"""<div class="hentry h-entry hentry_event" data-id="{page}"> <h3 class="hentry__title">
<a href="../{page}{suffix}" rel="bookmark"><span class="entry-title p-name">Harvest talks {page}</span>
<time class="published dt-published" datetime="{day}">{day}</time></a></h3></div>"""
        for page, day in entries.items()
    )
    newer = f'<link rel="prev" href="../page/{number - 1}">' if number > 1 else ""
    older = "" if last else f'<link rel="next" href="../page/{number + 1}">'
    return f"""<!doctype html> <html lang="en"> <head> <title>News</title> {newer}
{older} </head> <body>
<div class="entry-content lister-page" data-page="{number}">{items}</div> </body> </html>
""".encode()
