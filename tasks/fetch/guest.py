"""How a host is asked: as its robots.txt says, one request at a time, slowly, and not again where it makes no sense."""

from __future__ import annotations

import datetime as dt
import email.utils
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from protego import Protego

from storage.errors import SourceError, UnsafeInputError
from storage.records import Fetch
from tasks.fetch.address import Address, Origin, join
from tasks.fetch.profile import Politeness
from tasks.fetch.wire import ExchangeError, Response, Wire

TOKEN = "stenolake"  # noqa: S105 - what robots.txt calls us by
ROBOTS_HOURS = 24
ROBOTS_BYTES = 512 * 1024
ROBOTS_REDIRECTS = 5

# Statuses that may pass by themselves: asked again. The last ones are those of shields that cannot reach the server.
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524})
BLOCKING = frozenset({401, 402, 403, 407, 451})
GONE = frozenset({404, 410})
REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(frozen=True, slots=True)
class Ask:
    """One address to be asked, as the world knows it, and what for.

    `headers` make the request conditional. `is_second` marks a page that was missing a moment ago: missing again it
    is `gone`.
    """

    what: str
    address: Address
    item: str | None = None
    day: dt.date | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    is_second: bool = False


Judge = Callable[[Ask, Response], tuple[str, str]]
Keep = Callable[[Fetch, Response | None], Fetch]


@dataclass(frozen=True, slots=True)
class Robots:
    """What a host's robots.txt says; without one everything is allowed."""

    rules: Protego | None

    @classmethod
    def read(cls, body: bytes | None) -> Robots:
        """Read it; None: the host has none."""
        if body is None:
            return cls(None)
        return cls(Protego.parse(body[:ROBOTS_BYTES].removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")))

    def allows(self, address: Address) -> bool:
        """Whether an address may be asked."""
        return self.rules is None or self.rules.can_fetch(str(address), TOKEN)

    @property
    def delay_seconds(self) -> float:
        """How long it wants us to wait between requests."""
        if self.rules is None:
            return 0.0
        rate = self.rules.request_rate(TOKEN)
        paced = rate.seconds / rate.requests if rate and rate.requests else 0.0
        return max(self.rules.crawl_delay(TOKEN) or 0.0, paced)


@dataclass(slots=True)
class Guest:
    """Asks one host, patiently.

    Args of the constructor: the wire; how to ask; what a body with status 200 is (outcome and reason); where a
    response is kept (gives the record back with the hashes); the robots.txt that was fetched before, by origin; the
    clock, for tests.
    """

    wire: Wire
    manners: Politeness
    judge: Judge
    keep: Keep
    source: str
    edition: str
    robots: dict[Origin, Robots] = field(default_factory=dict)
    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    jitter: Callable[[float, float], float] = random.uniform
    ready_at: float = 0.0
    asked: int = 0
    failures: int = 0
    last: bytes | None = None  # body of the robots.txt that was just fetched

    def ask(self, ask: Ask) -> Fetch:
        """Ask for an address, following redirects by hand; each response is kept.

        Returns:
            The record of the last response.

        Raises:
            SourceError: the host is unreachable, blocks us, or wants to be left alone.
        """
        address, met = ask.address, [ask.address]
        while True:
            if not self._robots_of(address).allows(self.wire.fence.wire(address)):
                return self._note(ask, address, "refused", "robots.txt does not allow it")
            fetch = self._ask_patiently(ask, address)
            if fetch.outcome != "redirected":
                return self._count(fetch)
            try:
                address = self._follow(fetch, address)
            except UnsafeInputError as error:
                return self._count(self._note(ask, address, "refused", error.message))
            if address in met or len(met) > self.manners.redirects:
                why = (
                    "redirects in a circle" if address in met else f"redirects more than {self.manners.redirects} times"
                )
                return self._count(self._note(ask, address, "refused", why))
            met.append(address)

    def _follow(self, fetch: Fetch, address: Address) -> Address:
        location = (fetch.http_headers or {}).get("location", "")
        fence = self.wire.fence
        return fence.admit(join(fence.wire(address), location))

    def _robots_of(self, address: Address) -> Robots:
        """The rules of a host, fetched once.

        Raises:
            SourceError: it answers with an error or not at all: then nothing may be asked.
        """
        origin = self.wire.fence.wire(address).origin
        if origin not in self.robots:
            self.robots[origin] = self._fetch_robots(address.origin)
        if self.robots[origin].delay_seconds > self.manners.retry_after_cap_seconds:
            raise SourceError(
                f"robots.txt of {origin} wants {self.robots[origin].delay_seconds:.0f} s between two requests, "
                f"more than {self.manners.retry_after_cap_seconds:.0f}",
                "ask the publisher, or raise retry_after_cap_seconds in the profile",
            )
        return self.robots[origin]

    def _fetch_robots(self, origin: Origin) -> Robots:
        ask = Ask("robots", Address(origin, "/robots.txt"))
        address = ask.address
        for _ in range(ROBOTS_REDIRECTS + 1):
            fetch = self._ask_patiently(ask, address)
            if fetch.outcome == "stored":
                assert self.last is not None
                return Robots.read(self.last)
            if fetch.outcome == "redirected":
                try:
                    address = self._follow(fetch, address)
                except UnsafeInputError as error:
                    raise SourceError(f"robots.txt of {origin} cannot be had: {error.message}", _LATER) from None
                continue
            if fetch.http_status and 400 <= fetch.http_status < 500 and fetch.http_status not in PASSING:
                return Robots.read(None)
            asked = self.wire.fence.wire(address).origin
            of = f"{origin}, asked of {asked}," if asked != origin else str(origin)
            raise SourceError(f"robots.txt of {of} cannot be had: {fetch.reason}", _LATER)
        return Robots.read(None)

    def _ask_patiently(self, ask: Ask, address: Address) -> Fetch:
        """Ask one address, again where a failure may be passing."""
        for attempt in range(self.manners.attempts):
            fetch, is_passing, wait = self._ask_once(ask, address)
            if wait > self.manners.retry_after_cap_seconds:
                raise SourceError(f"{address.origin} asks to be left alone for {wait:.0f} s", _LATER)
            if not is_passing:
                break
            bound = min(self.manners.backoff_cap_seconds, self.manners.backoff_seconds * 2**attempt)
            pause = max(wait, self.jitter(0, bound)) if attempt + 1 < self.manners.attempts else wait
            self.ready_at = max(self.ready_at, self.now() + pause)
        return fetch

    def _ask_once(self, ask: Ask, address: Address) -> tuple[Fetch, bool, float]:
        """One exchange: its record, whether it may pass by itself, and how long the host wants to be left alone."""
        self.sleep(max(0.0, self.ready_at - self.now()))
        response, problem, is_temporary, started = None, "", True, self.now()
        started_at = dt.datetime.now(dt.UTC)
        self.asked += 1
        try:
            response = self.wire.exchange(self.wire.fence.wire(address), ask.headers)
        except ExchangeError as error:
            problem, is_temporary = str(error), error.is_temporary
        taken = self.now() - started
        slow = min(self.manners.latency_cap_seconds, self.manners.latency_factor * taken)
        origin = self.wire.fence.wire(address).origin
        robots = self.robots.get(origin)
        self.ready_at = self.now() + max(self.manners.delay_seconds, robots.delay_seconds if robots else 0.0, slow)
        if response is None:
            fetch = self._record(ask, address, "failed", problem, started_at, taken, None)
            return self.keep(fetch, None), is_temporary, 0.0
        outcome, reason, is_passing = self._read(ask, response)
        fetch = self._record(ask, address, outcome, reason, started_at, taken, response)
        if ask.what == "robots":
            self.last = response.dump.read_bytes() if outcome == "stored" and response.dump else None
        wait = read_retry_after(response.headers.get("retry-after"), dt.datetime.now(dt.UTC)) if is_passing else 0.0
        return self.keep(fetch, response), is_passing, wait

    def _read(self, ask: Ask, response: Response) -> tuple[str, str, bool]:
        """What a response is: outcome, reason, and whether asking again may help."""
        status = response.status
        if status == 304 and ask.headers:
            return "unchanged", "", False
        if status in REDIRECTS and response.headers.get("location"):
            return "redirected", f"to {response.headers['location'][:300]}", False
        if status in GONE:
            return "gone" if ask.is_second else "missing", f"answers {status}", False
        if status in BLOCKING:
            return "blocked", f"answers {status}", False
        if status in PASSING:
            return "failed", f"answers {status}", True
        if status not in (200, 203):
            return "failed", f"answers {status}", False
        if response.problem:
            return "refused", response.problem, False
        if ask.what == "robots":
            return "stored", "", False
        outcome, reason = self.judge(ask, response)
        return outcome, reason, outcome == "failed"

    def _count(self, fetch: Fetch) -> Fetch:
        """Count failures that follow one another.

        Raises:
            SourceError: there are too many.
        """
        self.failures = self.failures + 1 if fetch.outcome in ("failed", "blocked") else 0
        if self.failures >= self.manners.stop_after:
            raise SourceError(
                f"{self.failures} addresses failed one after the other, the last one {fetch.asked}: {fetch.reason}",
                _LATER,
            )
        return fetch

    def _note(self, ask: Ask, address: Address, outcome: str, reason: str) -> Fetch:
        """The record of what was not asked."""
        return self.keep(self._record(ask, address, outcome, reason, dt.datetime.now(dt.UTC), 0.0, None), None)

    def _record(
        self, ask: Ask, address: Address, outcome: str, reason: str, at: dt.datetime, taken: float,
        response: Response | None,
    ) -> Fetch:  # fmt: skip
        fetch = Fetch(
            0, self.source, self.edition, ask.what, str(address), str(self.wire.fence.wire(address)), ask.item, ask.day,
            at, round(taken, 3), None, None, None, 0, None, None, outcome, reason or None,
        )  # fmt: skip
        if response is None:
            return fetch
        return replace(
            fetch, address=response.ip, http_status=response.status, http_headers=response.headers, bytes=response.bytes
        )


_MONTH_SECONDS = 30 * 86_400.0  # no header is worth more, and dates end somewhere
_LATER = "what was fetched is kept; run the same command again later, and tell the publisher if it stays so"


def read_retry_after(value: str | None, now: dt.datetime) -> float:
    """Seconds that a Retry-After header asks for, given as seconds or as a date, a month at most; 0 where for none.

    >>> read_retry_after("Mon, 01 Jan 2018 00:01:00 GMT", dt.datetime(2018, 1, 1, tzinfo=dt.UTC))
    60.0
    """
    text = (value or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:12]), _MONTH_SECONDS)
    try:
        until = email.utils.parsedate_to_datetime(text)
        until = until if until.tzinfo else until.replace(tzinfo=dt.UTC)
        return min(max(0.0, (until - now).total_seconds()), _MONTH_SECONDS)
    except (ValueError, TypeError, IndexError, OverflowError):
        return 0.0
