"""A publisher that misbehaves: each page ends as the profile says, within its limits; nothing wrong is published."""

from __future__ import annotations

import datetime as dt
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from storage import ledger
from storage.lake import Lake
from tests.publisher import ROBOTS, Answer, Handler, Site, kremlin_list, kremlin_page, serve
from tests.support import ROOT, Command, Said, ask_prefect, wait_for

NEWS = "/events/president/news"
DAY = dt.date(2021, 5, 4)
LIMIT = 200_000
DELAY = 0.05


def good(number: int) -> bytes:
    return kremlin_page(number, DAY, f"Good day, friends, for the {number}th time.")


def times(count: int, answer: Answer, number: int) -> Answer:
    """Answer so for the first requests, and properly after that."""
    left = [count]

    def call(handler: Handler) -> None:
        left[0] -= 1
        answer(handler) if left[0] >= 0 else handler.send_page(good(number))

    return call


def status(code: int, **headers: str) -> Answer:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda handler: handler.answer(code, b"<html><body>No.</body></html>", told)


def raw(handler: Handler, head: bytes, *body: bytes) -> None:
    handler.request_record.status = 200
    handler.close_connection = True
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n" + head + b"\r\n")
    for piece in body:
        handler.wfile.write(piece)


def slow_body(handler: Handler) -> None:
    body = good(905)
    raw(handler, f"Content-Length: {len(body)}\r\n".encode())
    for at in range(60):
        handler.wfile.write(body[at : at + 1])
        handler.wfile.flush()
        handler.pause(0.1)


def slow_head(handler: Handler) -> None:
    handler.close_connection = True
    for byte in b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX-Slow: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa":
        handler.wfile.write(bytes([byte]))
        handler.wfile.flush()
        handler.pause(0.1)


def silent(handler: Handler) -> None:
    handler.close_connection = True
    handler.pause(5)


def huge(handler: Handler) -> None:
    raw(handler, f"Content-Length: {40 << 20}\r\n".encode(), b"<html>" + b"a" * 50_000)


def endless(handler: Handler) -> None:
    raw(handler, b"", b"<html>", *[b"a" * 10_000] * 100)


BOMB = gzip.compress(b"<html>" + b" " * (8 << 20))
BOMB_IN_A_BOMB = gzip.compress(BOMB)


def bomb(handler: Handler) -> None:
    packed = BOMB
    raw(handler, f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n".encode(), packed)


def bomb_in_a_bomb(handler: Handler) -> None:
    packed = BOMB_IN_A_BOMB
    raw(handler, f"Content-Encoding: gzip, gzip\r\nContent-Length: {len(packed)}\r\n".encode(), packed)


def coded(handler: Handler) -> None:
    packed = gzip.compress(good(912))
    raw(handler, f"Content-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n".encode(), packed)


def short_length(handler: Handler) -> None:
    body = good(913)
    raw(handler, f"Content-Length: {len(body) // 2}\r\n".encode(), body)


def long_length(handler: Handler) -> None:
    body = good(914)
    raw(handler, f"Content-Length: {len(body) + 100}\r\n".encode(), body)


def cut(handler: Handler) -> None:
    raw(handler, b"Transfer-Encoding: chunked\r\n", b"40\r\n<html><body>and then")


CHALLENGE = b"""<!doctype html><html lang="en"><head><title>Just a moment...</title></head><body>
<noscript>Enable JavaScript and cookies to continue</noscript><script src="/cdn-cgi/challenge-platform/h"></script>
</body></html>"""
SOFT_404 = b"""<!doctype html><html lang="en"><head><title>Page not found \xe2\x80\xa2 President</title></head><body>
<div class="content">The page that you asked for has moved or never was.</div></body></html>"""
LOGIN = b"""<html><head><title>Office</title></head><body><form><input name="u"><input type="password" name="p"></form>
</body></html>"""
HEAD_ONLY = b"<html><head><title>Harvest talks</title></head><body></body></html>"

# page -> how it is answered, outcome of the last response, words of the reason, requests
PAGES: dict[int, tuple[bytes | Answer, str, str, int]] = {
    900: (good(900), "stored", "", 1),
    901: (times(1, status(429, Retry_After="1"), 901), "stored", "", 2),
    902: (times(1, status(503), 902), "stored", "", 2),
    903: (status(500), "failed", "answers 500", 2),
    904: (status(403), "blocked", "answers 403", 1),
    905: (slow_body, "failed", "took more than 1.5 s", 2),
    906: (slow_head, "failed", "took more than 1.5 s", 2),
    907: (silent, "failed", "no answer in time", 2),
    908: (huge, "refused", "has 41943040 bytes, more than 200000", 1),
    909: (endless, "refused", "has more than 200000 bytes", 1),
    910: (bomb, "refused", "expands to more than 200000 bytes", 1),
    911: (bomb_in_a_bomb, "refused", "expands to more than 200000 bytes", 1),
    912: (coded, "stored", "", 1),
    913: (short_length, "failed", "cut off", 2),
    914: (long_length, "failed", "IncompleteRead", 2),
    915: (cut, "failed", "Incomplete", 2),
    916: (status(302, Location="916"), "refused", "redirects in a circle", 1),
    917: (status(301, Location="http://127.0.0.1:1/"), "refused", "another host", 1),
    918: (CHALLENGE, "blocked", "a challenge page", 1),
    919: (SOFT_404, "blocked", "page not found", 1),
    920: (LOGIN, "blocked", "a page to log in", 1),
    921: (HEAD_ONLY, "blocked", "that no format knows", 1),
    922: (b"", "blocked", "an empty body", 1),
    923: (status(404), "missing", "answers 404", 1),
    924: (lambda handler: raw(handler, b"Content-Encoding: br\r\n", b"abc"), "refused", "coded as br", 1),
    925: (good(925), "stored", "", 1),
}


def profile(folder: Path, **politeness: float) -> Path:
    """The profile of the first source, for a publisher that is asked with little patience."""
    text = (ROOT / "flows" / "sources" / "kremlin.toml").read_text("utf-8")
    told = {
        "page_bytes": LIMIT, "read_seconds": 1, "total_seconds": 1.5, "attempts": 2, "backoff_seconds": 0.01,
        "stop_after": 40, "retry_after_cap_seconds": 3, "latency_cap_seconds": 0.1, **politeness,
    }  # fmt: skip
    lines = "".join(f"{name} = {value}\n" for name, value in told.items())
    path = folder / "kremlin.toml"
    path.write_text(text.replace("[politeness]\n", f"[politeness]\n{lines}"), "utf-8")
    return path


@pytest.fixture
def site() -> Iterator[Site]:
    one = Site({"/robots.txt": ROBOTS})
    with serve(one):
        yield one


def list_pages(site: Site, pages: dict[int, bytes | Answer]) -> None:
    site.pages |= {f"{NEWS}/{number}": answer for number, answer in pages.items()}
    site.pages[f"{NEWS}/by-date/04.05.2021"] = kremlin_list(
        {999: dt.date(2021, 5, 6), **dict.fromkeys(sorted(pages, reverse=True), DAY), 1: dt.date(2021, 5, 1)}
    )


def fetch(stenolake: Command, site: Site, folder: Path, *more: object, **politeness: float) -> Said:
    told = ["--since", DAY, "--until", DAY, "--json", "--base-url", site.base, "--delay", DELAY]
    return stenolake("fetch", profile(folder, **politeness), "--lake", folder / "lake", *told, *more)


def test_each_page_ends_as_the_profile_says(stenolake: Command, site: Site, tmp_path: Path) -> None:
    list_pages(site, {number: page[0] for number, page in PAGES.items()})
    said = fetch(stenolake, site, tmp_path)
    assert said.code == 0
    lake = Lake(tmp_path / "lake")
    last = {row["item"]: row for row in ledger.read(lake, "fetches").to_pylist() if row["what"] == "page"}
    found = {number: (last[str(number)]["outcome"], last[str(number)]["reason"] or "") for number in PAGES}
    assert {number: outcome for number, (outcome, _) in found.items()} == {n: page[1] for n, page in PAGES.items()}
    assert [number for number, (_, reason) in found.items() if PAGES[number][2] not in reason] == []
    assert {n: len(site.asked(f"{NEWS}/{n}")) for n in PAGES} == {n: page[3] for n, page in PAGES.items()}
    titles = {row["title"] for part in lake.partitions() for row in lake.read("documents", part).to_pylist()}
    assert titles == {f"Harvest talks {number}" for number, page in PAGES.items() if page[1] == "stored"}
    assert said.json["documents"]["quarantined"] == 0
    # a good guest
    assert len(site.asked("/robots.txt")) == 1
    assert site.most_open == 1
    assert min(site.gaps()) >= DELAY
    waited = site.asked(f"{NEWS}/901")
    assert waited[1].came - waited[0].ended >= 1
    (row,) = [row for row in ledger.read(lake, "coverage").to_pylist() if row["day"] == DAY]
    assert (row["listed"], row["published"], row["missing"], row["is_whole"]) == (26, 5, 21, False)


@pytest.mark.parametrize(
    ("robots", "code"),
    [(500, 7), (503, 7), (429, 7), (404, 0), (410, 0), (403, 0), (401, 0)],
)
def test_robots_that_cannot_be_had(stenolake: Command, site: Site, tmp_path: Path, robots: int, code: int) -> None:
    site.pages["/robots.txt"] = status(robots)
    list_pages(site, {900: good(900)})
    said = fetch(stenolake, site, tmp_path)
    assert said.code == code
    assert bool(site.asked(f"{NEWS}/900")) == (code == 0)


def test_robots_rules_hold(stenolake: Command, site: Site, tmp_path: Path) -> None:
    site.pages["/robots.txt"] = f"User-agent: *\nCrawl-delay: 0.2\nDisallow: {NEWS}/901\n".encode()
    list_pages(site, {900: good(900), 901: good(901)})
    said = fetch(stenolake, site, tmp_path)
    assert (said.code, said.json["documents"]["published"], said.json["fetch"]["refused"]) == (0, 1, 1)
    assert not site.asked(f"{NEWS}/901")
    assert min(site.gaps()[1:]) >= 0.2


def test_a_host_that_fails_on_and_on_is_left_alone(stenolake: Command, site: Site, tmp_path: Path) -> None:
    list_pages(site, {900: good(900), **{number: status(503) for number in range(901, 911)}})
    said = fetch(stenolake, site, tmp_path, stop_after=3)
    assert said.code == 7
    assert "3 addresses failed one after the other" in said.json["error"]
    assert {n for n in range(901, 911) if site.asked(f"{NEWS}/{n}")} == {901, 902, 903}
    # what came before is published
    lake = Lake(tmp_path / "lake")
    assert [row["title"] for part in lake.partitions() for row in lake.read("documents", part).to_pylist()] == [
        "Harvest talks 900"
    ]
    site.pages |= {f"{NEWS}/{number}": good(number) for number in range(901, 911)}
    again = fetch(stenolake, site, tmp_path)
    assert (again.code, again.json["documents"]["published"]) == (0, 10)
    assert len(site.asked(f"{NEWS}/900")) == 2
    assert site.asked(f"{NEWS}/900")[1].is_conditional


def test_asked_to_wait_longer_than_we_can_it_stops_and_remembers(
    stenolake: Command, site: Site, tmp_path: Path
) -> None:
    list_pages(site, {900: status(429, Retry_After="600")})
    assert fetch(stenolake, site, tmp_path).code == 7
    count = len(site.requests)
    said = fetch(stenolake, site, tmp_path)
    assert (said.code, len(site.requests)) == (7, count)
    assert "asks to be left alone until" in said.json["error"]


def test_nobody_there_and_the_flow_run_says_so(stenolake: Command, tmp_path: Path, prefect_api: str) -> None:
    with serve(Site()) as site:
        pass
    said = fetch(stenolake, site, tmp_path)
    assert said.code == 7
    assert "robots.txt" in said.json["error"]
    # what the flow UI shows: what, where, what to do; no traceback, no task that went on in vain
    (row,) = ledger.read(Lake(tmp_path / "lake"), "runs").to_pylist()
    run = ask_prefect(prefect_api, "GET", f"flow_runs/{row['run_id']}")
    assert (run["state_type"], run["state_name"]) == ("FAILED", "SourceUnavailable")
    assert run["state"]["message"] == f"{said.json['error']}\n  {said.json['advice']}"
    mine = {"flow_runs": {"id": {"any_": [run["id"]]}}}
    wanted = {"logs": {"flow_run_id": {"any_": [run["id"]]}, "level": {"ge_": 40}}}
    logs = wait_for(lambda: _ask(prefect_api, "logs", wanted))
    assert [log["message"] for log in logs] == [run["state"]["message"]]
    tasks = wait_for(
        lambda: _ask(prefect_api, "task_runs", mine),
        lambda found: found and all(one["state_type"] == "COMPLETED" for one in found),
    )
    assert [one["name"] for one in tasks] == ["read lists 2021-05-04 to 2021-05-04"]
    (story,) = _ask(prefect_api, "artifacts", mine | {"artifacts": {"key": {"any_": ["fetch-story"]}}})
    assert story["description"] == "2 requests, 0 pages new or changed"
    assert "cannot be had" in story["data"].replace("\\", "")


def _ask(api: str, what: str, body: dict[str, object]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask_prefect(api, "POST", f"{what}/filter", body)
    return found


def test_all_pages_missing_at_once_are_not_taken_for_removed(stenolake: Command, site: Site, tmp_path: Path) -> None:
    pages = {number: good(number) for number in range(900, 908)}
    list_pages(site, dict(pages))
    fetch(stenolake, site, tmp_path)
    for number in pages:
        del site.pages[f"{NEWS}/{number}"]
    said = fetch(stenolake, site, tmp_path)
    assert said.code == 0
    assert said.json["fetch"]["doubt"] == "8 of 8 pages are missing at once: none is taken for removed"
    assert ledger.withdrawn(Lake(tmp_path / "lake")) == {}
