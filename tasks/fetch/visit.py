"""One look at an edition: its lists are read, what is due is asked for, and every response is kept at once."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from storage.errors import SourceError
from storage.fetches import note_fetch
from storage.raw import RawStore
from storage.records import Fetch
from tasks.fetch import content, faults, lists
from tasks.fetch.address import Address
from tasks.fetch.coverage import Reach
from tasks.fetch.guest import Ask, Guest
from tasks.fetch.lists import Entry, Listing, NotAListError
from tasks.fetch.memory import Memory, Seen
from tasks.fetch.profile import ByDate, Edition, Feed, Paged, Sitemap, Urls
from tasks.fetch.wire import Response

MAX_FOLLOWED = 200  # lists that are followed from the ends of others
MAX_DEAD_ENDS = 3  # links in a row to lists that are not to be had: a mirror may have none of those with numbers
_LAST_NUMBER_RE = re.compile(r"(\d{1,9}+)(?!\d)\D*$")


@dataclass(slots=True)
class Page:
    """A page that may be asked for: what it is known by, where it is, what is known of it."""

    item: str
    address: Address
    day: dt.date | None
    updated: dt.date | None = None
    seen: Seen | None = None
    fetch: Fetch | None = None  # the last response of this visit


@dataclass(slots=True)
class Archive:
    """Where responses go: the body into the raw store, then a line into the journal, both before the next request."""

    raw: RawStore
    folder: Path
    fetches: list[Fetch]

    def keep(self, fetch: Fetch, response: Response | None) -> Fetch:
        """Keep one response; gives its record with the hashes of its body."""
        body = dump = None
        if response and response.body and response.bytes:
            body = self.raw.add_file(response.body)[0]
            if response.dump:
                dump = body if response.dump == response.body else self.raw.add_file(response.dump)[0]
        kept = replace(fetch, fetch_index=len(self.fetches), body_sha256=body, dump_sha256=dump)
        note_fetch(self.folder, kept)
        self.fetches.append(kept)
        return kept


@dataclass(slots=True)
class Visit:
    """A look at an edition at work.

    Args of the constructor: the edition, what is known of it, who asks, where responses are kept, whether a mirror is
    asked.
    """

    edition: Edition
    memory: Memory
    guest: Guest
    raw: RawStore
    is_mirror: bool = False
    pages: dict[str, Page] = field(default_factory=dict)
    reach: Reach = field(default_factory=Reach)
    stopped: SourceError | None = None
    faults: list[str] = field(default_factory=list)  # lists of which nothing came, so that pages may be missed
    doubts: list[str] = field(default_factory=list)
    lists_read: int = 0
    links_named: int = 0
    links_refused: int = 0
    links_undated: int = 0
    _read: set[str] = field(default_factory=set)
    _ends: list[tuple[ByDate | Paged, Listing]] = field(default_factory=list)
    _suffixed: dict[str, bool] = field(default_factory=dict)  # what this visit found
    _before: dict[str, bool] = field(default_factory=dict)  # and what those before it did: perhaps with another mirror
    _dead_ends: int = 0
    _came: tuple[str, str] = ("", "")  # outcome of the last list that was asked for, and why

    def __post_init__(self) -> None:
        for item, seen in self.memory.pages.items():
            self.pages[item] = Page(item, seen.url, seen.day, seen=seen)
        for what, known in (("page", self.memory.pages), ("list", self.memory.lists)):
            for seen in known.values():
                if seen.is_stored:
                    self._before[what] = seen.url.target.endswith(self.edition.suffix)

    # lists

    def read_days(self, spec: ByDate, days: Sequence[dt.date]) -> None:
        """Read lists until they cover these days, the newest first.

        A list names more than one day, so that years take one request for some twenty entries, not one for each day:
        the list next to the last one is asked for by its link, and a day by its own address where no link leads to it.
        """
        for day in sorted(days, reverse=True):
            for _ in range(MAX_FOLLOWED):
                if self.reach.covers(day) or not self._follow_to(day):
                    break
            if not self.reach.covers(day):
                self._read_list(spec, self.edition.address(spec.address.format(day=day)), own=day)

    def _follow_to(self, day: dt.date) -> bool:
        """Ask for the list behind the last one, where one as long would reach a day; whether it was asked for."""
        if not self._ends:
            return False
        spec, listing = self._ends[-1]
        found = [entry.day for entry in listing.entries if entry.day]
        if not found or listing.older is None or not self._may_follow(listing.older):
            return False
        low, high = min(found), max(found)
        if not dt.timedelta() <= low - day <= max(high - low, dt.timedelta(days=1)):
            return False
        self._follow(spec, listing.older)
        return True

    def follow_ends(self, days: Collection[dt.date]) -> None:
        """Read the lists next to those whose first or last day is one of `days` and may go on there."""
        wanted, left = set(days), MAX_FOLLOWED
        for spec, listing in self._ends:  # which grows on the way
            found = [entry.day for entry in listing.entries if entry.day]
            for link, day in ((listing.older, min(found, default=None)), (listing.newer, max(found, default=None))):
                if link and day in wanted and not self.reach.covers(day) and self._may_follow(link) and left:
                    left -= 1
                    self._follow(spec, link)

    def _may_follow(self, link: Address) -> bool:
        if self.stopped or self._dead_ends >= MAX_DEAD_ENDS or self._form(link).target in self._read:
            return False
        number = _LAST_NUMBER_RE.search(link.target.partition("?")[0])
        return number is None or not self.reach.has(int(number[1]))

    def _follow(self, spec: ByDate | Paged, link: Address) -> None:
        self._dead_ends = 0 if self._read_list(spec, link) else self._dead_ends + 1

    def read_lists(self, spec: Paged | Feed | Sitemap | Urls, since: dt.date) -> None:
        """Read numbered lists, a feed, a sitemap, or a list of addresses; note where they name nothing."""
        if isinstance(spec, Urls):
            self._take(Listing(tuple(Entry(self.edition.address(one)) for one in spec.addresses)))
            self.reach.add_all()
            return
        read, named, refused, undated = self.lists_read, self.links_named, self.links_refused, self.links_undated
        is_whole = self._read_numbered(spec, since) if isinstance(spec, Paged) else self._read_whole(spec)
        if is_whole and self.links_undated == undated and self.links_named > named:
            self.reach.add_all()
        if self.stopped or self.links_named > named:
            return
        first = self.edition.address(spec.path_of(spec.first) if isinstance(spec, Paged) else spec.address)
        if self.lists_read > read:
            count = self.links_refused - refused
            is_young = not (count or self.memory.pages or isinstance(spec, Paged))
            (self.doubts if is_young else self.faults).append(faults.tell_vain(spec, first, count))
        elif self._came[0]:  # else another list of the profile has the same address
            self.faults.append(f"{first} cannot be read: {self._came[1]}")

    def _read_numbered(self, spec: Paged, since: dt.date) -> bool:
        """Read numbered lists, the newest first, until one reaches behind `since`; whether they came to their end."""
        link: Address | None = None
        for number in range(spec.first, spec.first + spec.limit):
            listing = self._read_list(spec, link or self.edition.address(spec.path_of(number)), number=str(number))
            if listing is None:  # without links from one to the next, the numbers go on until there is no such list
                return self._came[0] == "missing" and not spec.next
            if not listing.entries:
                return not listing.refused
            days = [entry.day for entry in listing.entries if entry.day]
            if days and min(days) < since:
                return False
            if spec.next and listing.older is None:
                return True
            link = listing.older
        return False

    def _read_whole(self, spec: Feed | Sitemap) -> bool:
        """Read a feed to its end, or a sitemap with all that its index names; whether that is everything there is."""
        waiting, left = [self.edition.address(spec.address)], MAX_FOLLOWED if isinstance(spec, Feed) else spec.files
        is_whole = True
        while waiting and left and not self.stopped:
            left -= 1
            listing = self._read_list(spec, waiting.pop(0))
            is_whole = is_whole and listing is not None
            if listing:
                waiting += [one for one in (*listing.children, listing.older) if one and one.target not in self._read]
        return isinstance(spec, Sitemap) and is_whole and not waiting

    def _read_list(
        self, spec: ByDate | Paged | Feed | Sitemap, address: Address, number: str | None = None,
        own: dt.date | None = None,
    ) -> Listing | None:  # fmt: skip
        """Ask for a list and note what it names; None where there is none to be had."""
        self._came = ("", "")
        seen = next(
            (found for one in self._forms("list", address) if (found := self.memory.lists.get(one.target))), None
        )
        forms = self._forms("list", seen.url if seen and seen.is_stored else address)
        for form in forms:
            if self.stopped or form.target in self._read:
                return None
            self._read.add(form.target)
            outcome, sha256 = self._look(form)
            if outcome not in ("missing", "gone"):
                break
        else:
            return None
        if outcome not in ("stored", "unchanged") or not sha256:
            return None
        self._learn_form("list", form)
        try:
            listing = self._parse(spec, self.raw.read(sha256), form)
        except NotAListError as error:  # it was stored by an earlier version of the profile
            self._came = ("blocked", f"no list: it {error}")
            return None
        listing = replace(listing, number=listing.number or number)
        if listing.undated and not self.links_undated:  # told once; pages are asked for all the same
            self.doubts.append(faults.tell_undated(listing, form))
        self._take(listing)
        if isinstance(spec, ByDate | Paged):
            is_open = isinstance(spec, Paged) and not spec.next  # nothing on it tells whether something is older
            self.reach.add(replace(listing, older=form) if is_open else listing, own)
            self._ends.append((spec, listing))
        elif isinstance(spec, Feed):
            self.reach.add(replace(listing, older=form))  # a feed never tells whether something is older
        return listing

    def _look(self, form: Address) -> tuple[str, str | None]:
        """Ask for a list, unless a run that was killed has just done so: what came of it, and the hash of its text."""
        known = self.memory.lists.get(form.target)
        if known and known.is_fresh:
            self._came = (known.outcome, "the run before, which broke off, did not find it")
            return known.outcome, known.dump_sha256
        fetch = self._ask(Ask("list", form, headers=self._condition(known)), known)
        if fetch is None:
            return "stopped", None
        self._came = (fetch.outcome, fetch.reason or "")
        held = known.dump_sha256 if known else None
        return fetch.outcome, fetch.dump_sha256 if fetch.outcome == "stored" else held

    def _parse(self, spec: ByDate | Paged | Feed | Sitemap, body: bytes, base: Address) -> Listing:
        admit = self.guest.wire.fence.admit
        if isinstance(spec, Feed):
            return lists.read_feed(body, spec, base, admit)
        if isinstance(spec, Sitemap):
            return lists.read_sitemap(body, spec, base, admit)
        return lists.read_markup(body, spec, base, admit)

    def _take(self, listing: Listing) -> None:
        self.lists_read += 1
        self.links_named += len(listing.entries)
        self.links_refused += listing.refused
        self.links_undated += len(listing.undated)
        for entry in listing.entries:
            item = self.edition.item_of(entry.address)
            page = self.pages.setdefault(item, Page(item, entry.address, entry.day))
            page.day = entry.day or page.day
            page.updated = entry.updated or page.updated

    # pages

    def fetch_pages(self, pages: Sequence[Page], *, is_second: bool = False) -> None:
        """Ask for pages, one after the other; nothing more once the source has stopped us."""
        for page in pages:
            seen = page.seen
            forms = self._forms("page", seen.url if seen and seen.is_stored else page.address)
            for form in forms:
                is_gone = is_second or (seen is not None and seen.outcome == "gone")
                ask = Ask("page", form, page.item, page.day, self._condition(seen), is_gone)
                fetch = self._ask(ask, seen)
                if fetch is None:
                    return
                page.fetch = fetch
                if fetch.outcome in ("stored", "unchanged"):
                    self._learn_form("page", self.edition.address(fetch.url))
                if fetch.outcome not in ("missing", "gone"):
                    break

    def count(self, pages: Sequence[Page]) -> dict[str, int | str]:
        """What became of the pages that were due."""
        outcomes = [page.fetch.outcome for page in pages if page.fetch]
        counts: dict[str, int | str] = {
            "requests": self.guest.asked, "lists": self.lists_read, "due": len(pages),
            "stored": outcomes.count("stored"), "unchanged": outcomes.count("unchanged"),
            "missing": outcomes.count("missing"), "gone": outcomes.count("gone"),
            "failed": outcomes.count("failed") + outcomes.count("blocked"), "refused": outcomes.count("refused"),
            "links_refused": self.links_refused,
        }  # fmt: skip
        return counts | ({"stopped": self.stopped.message} if self.stopped else {})

    def describe(self, pages: Sequence[Page]) -> str:
        """The same as one line, for the log."""
        counts = self.count(pages)
        return ", ".join(
            f"{count} {name}"
            for name, count in counts.items()
            if count and name not in ("requests", "lists", "links_refused", "stopped")
        )

    @property
    def is_vain(self) -> bool:
        """Whether the source stopped us before anything came."""
        came = any(page.fetch and page.fetch.outcome == "stored" for page in self.pages.values())
        return self.stopped is not None and not came

    def require_end(self) -> None:
        """Say that the source stopped us, or gave no list, when all that came is safe.

        Raises:
            SourceError: it did.
        """
        if self.stopped:
            raise self.stopped
        if self.faults:
            raise SourceError("; ".join(self.faults), faults.ADVICE)

    # both

    def _ask(self, ask: Ask, seen: Seen | None) -> Fetch | None:
        """Ask; None once the source has stopped us."""
        if self.stopped:
            return None
        try:
            fetch = self.guest.ask(ask)
            if fetch.outcome == "unchanged" and (seen is None or not seen.is_stored or seen.outcome == "gone"):
                fetch = self.guest.ask(replace(ask, headers={}))  # it was missing, and is there now
        except SourceError as error:
            self.stopped = error
            return None
        return fetch

    def _condition(self, seen: Seen | None) -> dict[str, str]:
        return seen.condition(self.guest.wire.fence.wire(seen.url).origin) if seen else {}

    def _form(self, address: Address) -> Address:
        return self._forms("list", address)[0]

    def _forms(self, what: str, address: Address) -> list[Address]:
        """The forms in which a mirror may have an address: with the suffix that its tool appends, or without."""
        suffix = self.edition.suffix
        if not self.is_mirror or not suffix or "?" in address.target:
            return [address]
        path = address.target.removesuffix(suffix)
        forms = {True: replace(address, target=path + suffix), False: replace(address, target=path)}
        if what in self._suffixed:
            return [forms[self._suffixed[what]]]
        likely = self._before.get(what, address.target.endswith(suffix))
        return [forms[likely], forms[not likely]]

    def _learn_form(self, what: str, address: Address) -> None:
        if self.is_mirror and self.edition.suffix:
            self._suffixed[what] = address.target.endswith(self.edition.suffix)

    def judge(self, ask: Ask, response: Response) -> tuple[str, str]:
        """What a body with status 200 is: its outcome and why."""
        if response.dump is None or not response.bytes:
            return "blocked", "an empty body"
        body = response.dump.read_bytes()
        if content.is_cut_off(body):
            return "failed", "the page is cut off: it has no end"
        if ask.what == "list":
            return self._judge_list(body)
        edition = self.edition
        notice = content.find_notice(body, response.headers, edition.formats, edition.challenge)
        return ("blocked", notice) if notice else ("stored", "")

    def _judge_list(self, body: bytes) -> tuple[str, str]:
        """A list is what one of the edition's kinds of list can be read from."""
        base, why = self.edition.address("/"), ""
        for spec in self.edition.lists:
            if not isinstance(spec, Urls):
                try:
                    self._parse(spec, body, base)
                except NotAListError as error:
                    why = f"no list: it {error}"
                else:
                    return "stored", ""
        return "blocked", why
