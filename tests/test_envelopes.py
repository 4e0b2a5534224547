"""A dump that as a whole is not what its source gives is refused; a small one never is."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from expectations.envelopes import COUNTED, ENVELOPES, find_breach, find_breaches, find_gap, find_small_run
from storage import ledger
from storage.lake import Lake
from tests.support import PAGE, Command, fingerprint, page, write

DAYS = [dt.date(2021, 5, 1) + dt.timedelta(number // 2) for number in range(100)]


def month(*numbers: int, later: int = 0) -> str:
    """Pages by number, two a day from May 1, 2021."""
    pages = []
    for number in numbers:
        day = DAYS[number] + dt.timedelta(later)
        text = PAGE.format(title=f"Talks on barn {number}", day=day.day, words=f"Good day, barn {number} is full.")
        pages.append(text.replace("May ", f"{day:%B} "))
    return "".join(pages)


def test_pages_that_lost_their_speakers_are_refused_even_first(stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    lost = month(*range(10)).replace("President of Valdoria Ada Brook: ", "")
    said = stenolake("ingest", write(tmp_path, "lost.txt", lost), "--lake", lake)
    assert said.code == 4
    assert "envelope speakers_found of kremlin/en: 0 of 10 pages filed as transcripts have a speaker" in said.err
    assert "the floor is 0.49" in said.err
    assert not (lake / "documents").exists()
    (run,) = ledger.read(Lake(lake), "runs").to_pylist()
    assert run["status"] == "refused"
    assert json.loads(run["counts"])["envelope"]["kremlin/en"]["speakers_found"] == [0.0, 10.0]
    assert ledger.read(Lake(lake), "inputs").num_rows == 1
    verdicts = {row["rule_id"]: row["passed"] for row in ledger.read(Lake(lake), "verdicts").to_pylist()}
    assert verdicts["envelope.speakers_found"] is False
    assert verdicts["envelope.documents_a_day"] is True
    assert stenolake("verify", "--lake", lake).code == 0


def test_a_tenth_of_the_pages_is_refused_and_a_reason_lets_it_in(stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    stenolake("ingest", write(tmp_path, "a.txt", month(*range(100))), "--lake", lake)
    before = fingerprint(lake, "documents", "turns", "paragraphs")
    few = write(tmp_path, "few.txt", month(*range(0, 100, 10)))
    said = stenolake("ingest", few, "--lake", lake, "--json")
    assert said.code == 4
    assert "envelope documents_a_day of kremlin/en: 10 pages in 46 days" in said.json["error"]
    assert fingerprint(lake, "documents", "turns", "paragraphs") == before
    later = write(tmp_path, "later.txt", month(*range(0, 100, 10), later=60))
    assert stenolake("ingest", later, "--lake", lake).code == 4
    reason = "The office was closed."
    said = stenolake("ingest", later, "--lake", lake, "--accept-envelope", reason, "--json")
    assert said.json["documents"]["published"] == 10
    assert len(said.json["outside_envelope"]) == 1
    run = ledger.read(Lake(lake), "runs").to_pylist()[-1]
    assert json.loads(run["parameters"])["accept_envelope"] == reason
    assert stenolake("ingest", few, "--lake", lake, "--accept-envelope", " ").code == 2
    assert stenolake("ingest", later, "--lake", lake).code == 0  # taken in before: it changes nothing


def daily(day: int, *numbers: int) -> str:
    """Pages of one day of May, 2021."""
    return "".join(
        PAGE.format(title=f"Talks on mill {day}-{number}", day=day, words=f"Good day, mill {number} of {day} stands.")
        for number in numbers
    )


def test_a_day_with_a_tenth_of_the_usual_pages_is_refused_and_a_late_page_is_not(
    stenolake: Command, tmp_path: Path
) -> None:
    lake = tmp_path / "lake"
    for day in (1, 2):
        assert stenolake("ingest", write(tmp_path, f"{day}.txt", daily(day, *range(10))), "--lake", lake).code == 0
    before = fingerprint(lake, "documents", "turns", "paragraphs")
    said = stenolake("ingest", write(tmp_path, "3.txt", daily(3, 0)), "--lake", lake)
    assert said.code == 4
    assert "envelope documents_a_run of kremlin/en: 1 pages; usual is 10 (median of 2 healthy runs)" in said.err
    assert "the floor is 2.5" in said.err
    assert fingerprint(lake, "documents", "turns", "paragraphs") == before
    late = write(tmp_path, "late.txt", daily(2, 10))
    assert stenolake("ingest", late, "--lake", lake, "--json").json["documents"]["published"] == 1
    assert stenolake("ingest", write(tmp_path, "all.txt", daily(3, *range(10))), "--lake", lake).code == 0


def test_pages_without_text_and_pages_with_one_text_are_refused(stenolake: Command, tmp_path: Path) -> None:
    news = [re.sub(r"President of Valdoria Ada Brook: .*\nThank you\.", "{}", page(number)) for number in range(1, 29)]
    news = [text.replace("News, Transcripts", "News") for text in news]
    assert all("{}" in text for text in news)
    lost = write(tmp_path, "lost.txt", "".join(text.replace("{}\n", "") for text in news))
    said = stenolake("ingest", lost, "--lake", tmp_path / "lake")
    assert said.code == 4
    assert "envelope with_body of kremlin/en: 0 of 28 pages since 2006 have text" in said.err
    words = "Whoever has two carts lends one to the clerk of the council until the thaw comes. " * 3
    same = write(tmp_path, "same.txt", "".join(text.replace("{}", words) for text in news))
    said = stenolake("ingest", same, "--lake", tmp_path / "lake")
    assert said.code == 4
    assert "envelope own_text of kremlin/en: 0 of 28 pages have a text of their own" in said.err


def test_small_and_ordinary_dumps_go_in(stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    dumps = {
        "first": month(*range(60)),
        "one more": month(60),
        "four of a day": month(61, 61, 61, 61),
        "next weeks": month(*range(62, 90)),
        "some known": month(*range(50, 64)),
    }
    for name, text in dumps.items():
        said = stenolake("ingest", write(tmp_path, f"{name}.txt", text), "--lake", lake, "--json")
        assert (name, said.code, said.json["outside_envelope"]) == (name, 0, [])


@pytest.mark.parametrize("names", [("kremlin-dev", "kremlin-2023-11-09"), ("kremlin-2023-11-09", "kremlin-dev")])
@pytest.mark.real
def test_real_dumps_go_in_in_any_order(stenolake: Command, tmp_path: Path, real_data: Path, names: list[str]) -> None:
    for name in names:
        said = stenolake("ingest", real_data / f"{name}.txt", "--lake", tmp_path / "lake", "--json")
        assert (said.code, said.json["outside_envelope"]) == (0, [])


def test_refused_run_says_so_in_its_state(prefect_api: str, tmp_path: Path) -> None:
    from flows.ingest import ingest

    lost = month(*range(10)).replace("President of Valdoria Ada Brook: ", "")
    state = ingest([str(write(tmp_path, "lost.txt", lost))], str(tmp_path / "lake"), return_state=True)
    assert (state.name, state.type.value) == ("Refused", "FAILED")


@pytest.mark.parametrize("name", sorted(set(ENVELOPES) - set(COUNTED)))
def test_each_envelope_has_a_floor_that_just_holds(name: str) -> None:
    envelope = ENVELOPES[name]
    history = [{name: (0.8 * 1000, 1000.0)}] * 3
    edge = 0.8 * envelope.floor * 1000
    assert find_breaches("elsewhere/en", {name: (edge + 1, 1000.0)}, history) == []
    (breach,) = find_breaches("elsewhere/en", {name: (edge - 1, 1000.0)}, history)
    assert breach.is_low
    assert "median of 3 healthy runs" in str(breach)
    assert find_breach(envelope, "elsewhere/en", (0.0, envelope.least - 1), 0.8, "") is None
    first = find_breaches("elsewhere/en", {name: (0.0, 1000.0)}, [])
    assert [str(breach.origin) for breach in first] == (["profile of the source"] if name == "own_text" else [])


def test_above_the_ceiling_is_told_and_not_refused() -> None:
    (breach,) = find_breaches("x/en", {"turns_a_transcript": (900.0, 20.0)}, [{"turns_a_transcript": (200.0, 20.0)}])
    assert not breach.is_low


def test_gap_looks_at_days_only_where_there_is_something_to_compare() -> None:
    every = list(range(0, 100))
    assert find_gap("x/en", [5], 1, 50, every) is None
    assert find_gap("x/en", [5] * 40, 40, 400, every) is None
    assert find_gap("x/en", list(range(0, 100, 10)), 10, 39, []) is None
    assert find_gap("x/en", list(range(0, 100, 10)), 10, 41, []) is not None
    assert find_gap("x/en", list(range(200, 260, 10)), 0, 0, list(range(100, 199))) is not None
    assert find_gap("x/en", list(range(200, 260, 2)), 0, 0, list(range(100, 199))) is None


@pytest.mark.parametrize(
    ("days", "sizes", "is_next", "is_low"),
    [
        (range(0, 300, 30), [100, 100], False, True),
        (range(0, 300, 30), [100], False, False),  # one run may have been the archive
        (range(0, 300, 30), [1000, 40, 1], False, False),  # of different sizes
        (range(0, 300, 30), [100, 1, 100, 1, 1], False, True),  # pages added between make no schedule
        (range(0, 250, 10), [100, 100], False, False),  # a quarter
        (range(0, 240, 10), [100, 100], False, True),
        ([5] * 10, [100, 100], False, False),  # late pages of a day
        ([5] * 10, [100, 100], True, True),
        ([5] * 4, [100, 100], True, False),  # added by hand
        ([5], [10, 10], True, True),
        ([5], [9, 9], True, False),
    ],
)
def test_run_of_a_schedule(days: Iterable[int], sizes: list[float], is_next: bool, is_low: bool) -> None:
    breach = find_small_run("x/en", list(days), 0, sizes, is_next=is_next)
    assert (breach is not None) == is_low
    assert find_small_run("x/en", list(days), len(list(days)), sizes, is_next=is_next) is None
