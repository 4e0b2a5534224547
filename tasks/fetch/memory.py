"""What earlier runs learned of an edition: read from the ledger, so that what was stored is not fetched again."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow.compute as pc

from storage import ledger
from storage.lake import Lake
from tasks.fetch.address import Address, Origin, read_address
from tasks.fetch.guest import ROBOTS_HOURS, Robots, read_retry_after

# What a run that did not come to its end has looked at, the run that carries on leaves alone for so long. A list tells
# what is new, and so half a day is the most: tomorrow's run asks for it.
FRESH_HOURS = {"page": 24, "list": 12}
_ANSWERS = frozenset({"stored", "unchanged", "missing", "gone"})


@dataclass(slots=True)
class Seen:
    """What is known of one page or list.

    `headers` and `asked` are those of the response that says whether it has changed: the last one that was stored,
    or, while there is none, the last one that said that it is missing.
    """

    url: Address
    asked: Address
    headers: dict[str, str]
    day: dt.date | None
    outcome: str
    looked_at: dt.datetime
    dump_sha256: str | None = None
    stored_at: dt.datetime | None = None  # the first time
    is_fresh: bool = False  # a run that never came to its end, and that this one carries on, has just looked
    dumps: list[tuple[str, dt.datetime, dict[str, Any]]] = field(default_factory=list)

    @property
    def is_stored(self) -> bool:
        """Whether there is a text of it."""
        return self.dump_sha256 is not None

    def condition(self, wire: Origin) -> dict[str, str]:
        """Headers that ask for the page only if it has changed, where that server gave the means to.

        A page without tag and date is asked for by the time of its response; so is one that was missing: then the
        answer that nothing changed means that it is there now.
        """
        at = self.asked.origin
        if at != wire and not (at.is_loopback and wire.is_loopback):
            return {}
        found = {}
        if self.is_stored and (tag := self.headers.get("etag")):
            found["If-None-Match"] = tag
        if since := (self.is_stored and self.headers.get("last-modified")) or self.headers.get("date"):
            found["If-Modified-Since"] = since
        return found


@dataclass(slots=True)
class Memory:
    """All that is known of an edition: pages by item, lists by address, robots.txt by origin."""

    pages: dict[str, Seen] = field(default_factory=dict)
    lists: dict[str, Seen] = field(default_factory=dict)
    robots: dict[Origin, Robots] = field(default_factory=dict)
    asked_at: dict[str, dt.datetime] = field(default_factory=dict)  # host -> end of the last request
    leave_alone: dict[str, dt.datetime] = field(default_factory=dict)  # host -> until when

    def of(self, row: Mapping[str, Any]) -> Seen | None:
        """What is known of the page or list that a record of `fetches` is about."""
        if row["what"] == "page":
            return self.pages.get(row["item"])
        return self.lists.get(read_address(row["url"]).target)


def remember(lake: Lake, source: str, edition: str, now: dt.datetime) -> Memory:
    """What the ledger knows of an edition."""
    memory = Memory()
    broken_off = _broken_off(lake, source, edition)
    for row in _rows(lake, source, edition):
        _learn(memory, row, lake, now)
        if (seen := memory.of(row)) and (hours := FRESH_HOURS.get(row["what"])):
            age = now - row["fetched_at"]
            is_answer = row["http_status"] is not None and row["outcome"] in _ANSWERS
            seen.is_fresh = row["run_id"] in broken_off and is_answer and age < dt.timedelta(hours=hours)
    return memory


def _broken_off(lake: Lake, source: str, edition: str) -> set[str]:
    """Runs that did not come to their end, and that none which did has carried on since."""
    broken_off = set[str]()
    columns = ["run_id", "flow", "status", "parameters", "started_at"]
    for row in ledger.read(lake, "runs", columns=columns).sort_by("started_at").to_pylist():
        if row["flow"] != "fetch":
            continue
        told = json.loads(row["parameters"])
        if (told.get("source"), told.get("edition")) != (source, edition):
            continue
        if row["status"] == "failed":
            broken_off.add(row["run_id"])
        else:
            broken_off.clear()
    return broken_off


def _rows(lake: Lake, source: str, edition: str) -> Iterable[dict[str, Any]]:
    wanted = (pc.field("source_id") == source) & (pc.field("edition") == edition)
    rows = ledger.read(lake, "fetches", wanted=wanted)
    found: list[dict[str, Any]] = rows.sort_by([("fetched_at", "ascending")]).to_pylist()
    return found


def _learn(memory: Memory, row: dict[str, Any], lake: Lake, now: dt.datetime) -> None:
    url, asked = read_address(row["url"]), read_address(row["asked"])
    headers = row["http_headers"] = json.loads(row["http_headers"]) if row["http_headers"] else {}
    host = f"{asked.origin.host}:{asked.origin.port}"
    if row["http_status"] is not None:
        memory.asked_at[host] = row["fetched_at"] + dt.timedelta(seconds=row["seconds"])
    wait = read_retry_after(headers.get("retry-after"), row["fetched_at"])
    memory.leave_alone[host] = row["fetched_at"] + dt.timedelta(seconds=wait)
    if row["what"] == "robots":
        if now - row["fetched_at"] < dt.timedelta(hours=ROBOTS_HOURS) and (robots := _robots(row, lake)):
            memory.robots[asked.origin] = robots
        return
    known = memory.pages if row["what"] == "page" else memory.lists
    key = row["item"] if row["what"] == "page" else url.target
    if row["outcome"] == "redirected" or (row["http_status"] is None and row["outcome"] == "failed" and key in known):
        return
    before = known.get(key)
    seen = Seen(url, asked, headers, row["day"], row["outcome"], row["fetched_at"])
    if before:
        seen.day = row["day"] or before.day
        seen.dump_sha256, seen.stored_at, seen.dumps = before.dump_sha256, before.stored_at, before.dumps
        if before.is_stored or row["outcome"] not in ("missing", "gone"):
            seen.url, seen.asked, seen.headers = before.url, before.asked, before.headers
    if row["outcome"] == "stored":
        seen.url, seen.asked, seen.headers, seen.dump_sha256 = url, asked, headers, row["dump_sha256"]
        seen.stored_at = seen.stored_at or row["fetched_at"]
        seen.dumps.append((row["dump_sha256"], row["fetched_at"], row))
    known[key] = seen


def _robots(row: dict[str, Any], lake: Lake) -> Robots | None:
    if row["outcome"] == "stored":
        return Robots.read(lake.raw.read(row["dump_sha256"]))
    return Robots.read(None) if row["http_status"] and 400 <= row["http_status"] < 500 else None
