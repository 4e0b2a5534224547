"""Where a fetch goes: the profile, the edition, the publisher's hosts or a mirror of them, and who asks."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import os
import re
import stat
import tempfile
import zoneinfo
from dataclasses import dataclass
from pathlib import Path

from storage.errors import SourceError, UsageError
from storage.files import storing
from storage.lake import Lake
from storage.raw import RawStore
from storage.records import Fetch
from tasks.fetch.address import Fence, Origin, is_public, read_address, read_ip, refuse
from tasks.fetch.guest import Guest
from tasks.fetch.memory import remember
from tasks.fetch.profile import Edition, Politeness, Profile
from tasks.fetch.visit import Archive, Visit
from tasks.fetch.wire import Bounds, Wire

CONTACT = "STENOLAKE_CONTACT"
AUTHORITIES = "REQUESTS_CA_BUNDLE"
_CONTACT_RE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,198}[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class Destination:
    """An edition of a source, with everything that was decided about how to ask for it."""

    profile: Profile
    name: str
    edition: Edition
    fence: Fence
    manners: Politeness
    agent: str

    @property
    def origin(self) -> Origin:
        """What is connected to: the mirror, or the publisher."""
        return self.fence.mirror or self.fence.public[0]

    @property
    def host(self) -> str:
        """Host and port that are connected to."""
        return f"{self.origin.host}:{self.origin.port}"

    @property
    def tag(self) -> str:
        """Tag of the task runs that ask this host: one concurrency limit in Prefect bounds all of them."""
        return f"host:{self.origin.host}"

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        """The source's own time zone."""
        return zoneinfo.ZoneInfo(self.profile.time_zone)


def find_destination(
    profile: Profile, edition: str | None, base_url: str | None, delay_seconds: float | None
) -> Destination:
    """Decide where a fetch goes and how it asks.

    Raises:
        UsageError: there is no such edition, the delay is too short, or nobody answers for the requests.
        UnsafeInputError: the mirror's address is none that may be asked.
    """
    name, chosen = profile.edition(edition)
    mirror = _mirror(base_url) if base_url is not None else None
    fence = Fence(chosen.origins, mirror)
    is_local = mirror is not None and mirror.is_loopback
    manners = profile.politeness
    if delay_seconds is not None:
        if delay_seconds < 0 or (delay_seconds < manners.delay_seconds and not is_local):
            raise UsageError(
                f"a delay of {delay_seconds:g} s is less than the {manners.delay_seconds:g} s of the profile",
                "leave --delay out; it may be shorter only with a --base-url on this machine",
            )
        manners = manners.model_copy(update={"delay_seconds": delay_seconds})
    return Destination(profile, name, chosen, fence, manners, _agent(profile, is_local=is_local))


def _mirror(base_url: str) -> Origin:
    address = read_address(base_url)
    if address.target != "/":
        raise UsageError(f"{base_url} is more than scheme, host and port", "give the root of the mirror")
    number = read_ip(address.origin.host)
    if number is not None and not number.is_loopback and not is_public(number):
        raise refuse(base_url, "is no public address, and not this machine")
    return address.origin


def _agent(profile: Profile, *, is_local: bool) -> str:
    contact = os.environ.get(CONTACT) or profile.contact or ("this machine" if is_local else "")
    if not _CONTACT_RE.fullmatch(contact):
        raise UsageError(
            f"nobody answers for requests to {profile.title}"
            if not contact
            else f"{CONTACT} is no contact: {contact!r}",
            f"set {CONTACT} to a mailbox or a page where the publisher can reach you",
        )
    return f"Stenolake/{importlib.metadata.version('stenolake')} (archive of transcripts; contact: {contact})"


def _authorities() -> str | None:
    """The file of certificate authorities that the environment names, under the client's own name for it."""
    path = os.environ.get(AUTHORITIES) or None
    if path and not os.access(path, os.R_OK):
        raise UsageError(f"{AUTHORITIES}: cannot read {path}", "name a file of certificates (PEM), or unset it")
    return path


def lock_of(goal: Destination) -> Path:
    """The file that the run holds that asks a host, on this machine: where nobody but this user can put anything.

    Raises:
        UsageError: the folder is somebody else's, or others may write there.
    """
    name = re.sub(r"[^a-z0-9.-]", "-", goal.host)
    folder = Path(tempfile.gettempdir()) / f"stenolake-{os.getuid()}"
    with storing(folder):
        folder.mkdir(mode=0o700, exist_ok=True)
        is_ours = stat.S_ISDIR((found := folder.lstat()).st_mode) and found.st_uid == os.getuid()
    if not is_ours or found.st_mode & 0o022:
        raise UsageError(
            f"{folder} is not this user's alone", f"remove it, or name a folder of your own in TMPDIR: {folder.parent}"
        )
    return folder / "hosts" / f"{name}.lock"


def set_out(
    goal: Destination, lake: Lake, raw: RawStore, folder: Path, fetches: list[Fetch], now: dt.datetime
) -> Visit:
    """A visit, with all that earlier runs learned.

    Raises:
        SourceError: the host asked to be left alone until later.
        UsageError: the certificate authorities that are named cannot be read.
    """
    memory = remember(lake, goal.profile.slug, goal.name, now)
    until = memory.leave_alone.get(goal.host)
    if until and until > now:
        raise SourceError(
            f"{goal.origin} asks to be left alone until {until:%Y-%m-%d %H:%M:%S} UTC",
            "run the same command again then",
        )
    manners = goal.manners
    bounds = Bounds(manners.page_bytes, manners.connect_seconds, manners.read_seconds, manners.total_seconds)
    wire = Wire(goal.fence, goal.agent, bounds, folder / "wire", authorities=_authorities())
    archive = Archive(raw, folder, fetches)
    guest = Guest(
        wire, manners, lambda ask, response: visit.judge(ask, response), archive.keep, goal.profile.slug, goal.name
    )
    guest.robots |= memory.robots
    if last := memory.asked_at.get(goal.host):
        guest.ready_at = guest.now() + max(0.0, manners.delay_seconds - (now - last).total_seconds())
    visit = Visit(goal.edition, memory, guest, raw, goal.fence.mirror is not None)
    return visit
