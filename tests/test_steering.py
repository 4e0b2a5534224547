"""Nobody steers the fetcher: where an address may lead, what a name may resolve to, and that both are checked anew."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.errors import UnsafeInputError, UsageError
from storage.raw import RawStore
from storage.records import Fetch
from tasks.fetch.address import Fence, Origin, is_public, join, read_address
from tasks.fetch.guest import Ask, Guest
from tasks.fetch.profile import Politeness
from tasks.fetch.visit import Archive
from tasks.fetch.wire import Bounds, Wire
from tests.publisher import ROBOTS, Site, serve
from tests.support import ROOT, Command

CASES = tomllib.loads((ROOT / "tests" / "steering.toml").read_text("utf-8"))
HOST, PUBLIC = "news.valdoria.example", "93.184.215.14"
SOURCE = Origin("http", HOST, 80)


class Net:
    """A resolver and a network of our own: names resolve as told, and what is connected to is noted.

    The public address of the source leads to the site on loopback; any other fails the test that uses it.
    """

    def __init__(self, site: Site, *answers: list[str]) -> None:
        self.port = int(site.base.rpartition(":")[2])
        self.answers = list(answers) or [[PUBLIC]]
        self.connected: list[str] = []

    def resolve(self, host: str, port: int) -> list[str]:
        assert (host, port) == (HOST, 80)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def connect(self, ip: str, port: int, timeout: float) -> socket.socket:
        self.connected.append(ip)
        assert ip == PUBLIC
        return socket.create_connection(("127.0.0.1", self.port), timeout)


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site({"/robots.txt": ROBOTS, "/page": b"<html><body>A page.</body></html>"})
    with serve(one):
        yield one


def guest_of(net: Net, folder: Path, **manners: float) -> Guest:
    fetches: list[Fetch] = []
    archive = Archive(RawStore(folder / "_raw", folder / "staging"), folder / "staging", fetches)
    wire = Wire(Fence((SOURCE,)), "Stenolake/test", Bounds(), folder / "wire", net.resolve, net.connect)
    polite = Politeness.model_validate({"delay_seconds": 0, "backoff_seconds": 0, **manners})
    return Guest(wire, polite, lambda ask, response: ("stored", ""), archive.keep, "valdoria", "en")


def page(path: str = "/page") -> Ask:
    return Ask("page", read_address(f"http://{HOST}{path}"), path)


def test_there_are_enough_cases() -> None:
    assert len(CASES["refused"]) >= 80
    assert len(CASES["resolved"]) >= 40


def test_the_source_itself_is_asked(site: Site, tmp_path: Path) -> None:
    net = Net(site)
    fetch = guest_of(net, tmp_path).ask(page())
    assert (fetch.outcome, fetch.http_status, fetch.address) == ("stored", 200, PUBLIC)
    assert {request.headers["Host"] for request in site.requests} == {HOST}
    assert net.connected == [PUBLIC, PUBLIC]  # robots.txt, page


@pytest.mark.parametrize("url", CASES["refused"], ids=ascii)
def test_no_link_leads_elsewhere(url: str) -> None:
    with pytest.raises(UnsafeInputError):
        Fence((SOURCE,)).admit(join(read_address(f"http://{HOST}/a/b"), url))


@pytest.mark.parametrize("url", CASES["refused"], ids=ascii)
def test_no_redirect_leads_elsewhere(url: str, site: Site, tmp_path: Path) -> None:
    if "\r" in url or "\n" in url:
        pytest.skip("no header can carry it")
    location = url.encode("utf-8").decode("latin-1")
    site.pages["/page"] = lambda handler: handler.answer(302, b"", {"Location": location})
    net = Net(site)
    fetch = guest_of(net, tmp_path).ask(page())
    assert fetch.outcome == "refused"
    assert set(net.connected) == {PUBLIC}
    assert [request.path for request in site.requests] == ["/robots.txt", "/page"]


@pytest.mark.parametrize("answers", CASES["resolved"], ids=str)
def test_no_name_leads_elsewhere(answers: list[str], site: Site, tmp_path: Path) -> None:
    net = Net(site, answers)
    with pytest.raises(UnsafeInputError):
        guest_of(net, tmp_path).ask(page())
    assert net.connected == []


def test_a_name_that_changes_its_mind_is_checked_each_time(site: Site, tmp_path: Path) -> None:
    net = Net(site, [PUBLIC], ["127.0.0.1"])
    guest = guest_of(net, tmp_path)
    with pytest.raises(UnsafeInputError, match=r"resolves to 127\.0\.0\.1"):
        guest.ask(page())
    assert net.connected == [PUBLIC]  # robots.txt; the page would have gone to this machine


def test_the_environment_names_no_proxy(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    net = Net(site)
    assert guest_of(net, tmp_path).ask(page()).outcome == "stored"


@pytest.mark.parametrize(
    "base",
    [
        "ftp://127.0.0.1/", "http://10.0.0.5", "http://169.254.169.254", "http://user:word@127.0.0.1", "http://0x7f.1",
        "http://2130706433", "http://[::ffff:127.0.0.1]", "http://[fe80::1]", "http://192.168.0.1:8080",
    ],
)  # fmt: skip
def test_a_mirror_is_public_or_this_machine(stenolake: Command, base: str, tmp_path: Path) -> None:
    said = stenolake("fetch", "kremlin", "--base-url", base, "--lake", tmp_path / "lake", "--since", "2021-05-03")
    assert said.code == 8
    assert "refused as unsafe" in said.err
    assert "word" not in said.err


def test_requests_to_the_world_need_somebody_who_answers_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from flows import sources
    from flows.destination import find_destination

    monkeypatch.delenv("STENOLAKE_CONTACT", raising=False)
    kremlin = sources.load("kremlin")
    with pytest.raises(UsageError, match="nobody answers for requests"):
        find_destination(kremlin, None, None, None)
    monkeypatch.setenv("STENOLAKE_CONTACT", "desk@archive.example")
    assert find_destination(kremlin, None, None, None).agent.endswith("contact: desk@archive.example)")
    with pytest.raises(UsageError, match=r"less than the 3 s of the profile"):
        find_destination(kremlin, None, None, 1)
    assert find_destination(kremlin, None, "http://127.0.0.1:81", 1).manners.delay_seconds == 1


def test_public_addresses_are_public() -> None:
    for ip in (
        "93.184.215.14",
        "8.8.8.8",
        "2606:2800:21f:cb07:6820:80da:af6b:8b2c",
        "64:ff9b::808:808",
        "::ffff:8.8.8.8",
    ):
        assert is_public(ipaddress.ip_address(ip)), ip


def test_day_of_the_clock_is_utc(site: Site, tmp_path: Path) -> None:
    assert guest_of(Net(site), tmp_path).ask(page()).fetched_at.tzinfo is dt.UTC
