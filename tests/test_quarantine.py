"""The quarantine: what it holds can be listed, looked at, tried again and vouched for; nothing leaves it otherwise."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from expectations import suites
from storage import ledger
from storage import ledger_schemas as schemas
from storage.lake import Lake
from tasks.formats import kremlin_text
from tests.support import Command, fingerprint, page, write

SIDEBAR = "Publication status: ask the clerk."
LONG = "the harvest came late and the carts came later still, but the barns are full to the roof " * 8


def titles(lake: Path) -> list[str]:
    return sorted(ds.dataset(lake / "documents", partitioning="hive").to_table(["title"])["title"].to_pylist())


def held(stenolake: Command, lake: Path) -> list[dict[str, object]]:
    found: list[dict[str, object]] = stenolake("quarantine", "list", "--lake", lake, "--json").json["held"]
    return found


@pytest.fixture
def lake(stenolake: Command, tmp_path: Path) -> Path:
    """Two good pages; one held for furniture in its text, one for the length of its title."""
    lake = tmp_path / "lake"
    dump = page(1) + page(2, "Torn page", SIDEBAR) + page(3) + page(4, LONG)
    stenolake("ingest", write(tmp_path, "a.txt", dump), "--lake", lake)
    return lake


def test_list_and_show_name_rule_and_mark_the_block(stenolake: Command, lake: Path) -> None:
    long, torn = held(stenolake, lake)
    assert (torn["title"], torn["rules"]) == ("Torn page", ["paragraphs.text.furniture"])
    assert long["rules"] == ["documents.title.length"]
    (finding,) = stenolake("quarantine", "show", torn["quarantine_id"], "--lake", lake, "--json").json["findings"]
    assert finding["at_fault"] == SIDEBAR
    assert finding["before"].endswith("President of Valdoria Ada Brook: ")
    assert finding["after"].startswith("\nThank you.")
    said = stenolake("quarantine", "show", torn["quarantine_id"], "--lake", lake).out
    assert f"> | {SIDEBAR}" in said.splitlines()
    assert f"quarantine accept {torn['quarantine_id']}" in said
    (finding,) = stenolake("quarantine", "show", long["quarantine_id"], "--lake", lake, "--json").json["findings"]
    assert finding["at_fault"].strip() == LONG.strip()


def test_retry_without_a_fix_changes_nothing(stenolake: Command, lake: Path) -> None:
    before = held(stenolake, lake)
    files = fingerprint(lake, "documents", "turns", "_quarantine")
    said = stenolake("quarantine", "retry", "--lake", lake, "--json")
    assert said.json["documents"] == {"read": 2, "published": 0, "unchanged": 0, "quarantined": 2}
    assert held(stenolake, lake) == before
    assert fingerprint(lake, "documents", "turns", "_quarantine") == files


@pytest.mark.parametrize("command", [["quarantine", "retry"], ["reprocess"]])
def test_retry_after_a_fix_publishes_what_passes_once(
    stenolake: Command, lake: Path, monkeypatch: pytest.MonkeyPatch, command: list[str]
) -> None:
    parse = kremlin_text.parse

    def fixed(text: str) -> list[kremlin_text.Block]:
        blocks = parse(text)
        return [
            kremlin_text.Block("furniture", b.start, b.end)
            if b.kind == "speech" and text[b.start : b.end].startswith(SIDEBAR[:18])
            else b
            for b in blocks
        ]

    monkeypatch.setattr(kremlin_text, "parse", fixed)
    files = fingerprint(lake, "_quarantine")
    said = stenolake(*command, "--lake", lake, "--json")
    others = 0 if command[0] == "quarantine" else 2
    assert said.json["documents"] == {"read": 2 + others, "published": 1, "unchanged": others, "quarantined": 1}
    assert said.json.get("still_held", 1) == 1  # `reprocess` has other things to tell
    assert "Torn page" in titles(lake)
    assert [entry["rules"] for entry in held(stenolake, lake)] == [["documents.title.length"]]
    again = stenolake("quarantine", "retry", "--lake", lake, "--json")
    assert again.json["documents"]["published"] == 0
    assert fingerprint(lake, "_quarantine") == files  # only ever added to
    (release,) = ledger.read(Lake(lake), "releases").to_pylist()
    assert (release["way"], release["rule_id"]) == ("retry", "paragraphs.text.furniture")
    versions = ledger.read(Lake(lake), "versions")
    assert versions["change"].to_pylist() == ["new"] * 3
    assert set(versions["document_id"].to_pylist()) == set(
        ds.dataset(lake / "documents").to_table(["document_id"])["document_id"].to_pylist()
    )
    assert stenolake("verify", "--lake", lake).code == 0


def test_retry_takes_one_rule_or_some_ids(stenolake: Command, lake: Path) -> None:
    said = stenolake("quarantine", "retry", "--rule", "documents.title.length", "--lake", lake, "--json")
    assert said.json["documents"]["read"] == 1
    one = held(stenolake, lake)[0]["quarantine_id"]
    assert stenolake("quarantine", "retry", one, "--lake", lake, "--json").json["documents"]["read"] == 1
    said = stenolake("quarantine", "retry", "--rule", "no.such.rule", "--lake", lake)
    assert said.code == 2
    assert "paragraphs.text.furniture" in said.err
    assert stenolake("quarantine", "retry", "0" * 16 + "-0", "--lake", lake).code == 2


def test_accept_publishes_with_the_reason_on_record(stenolake: Command, lake: Path, tmp_path: Path) -> None:
    long = held(stenolake, lake)[0]
    reason = "The title is printed like this."
    said = stenolake("quarantine", "accept", long["quarantine_id"], "--reason", reason, "--lake", lake, "--json")
    assert said.json["documents"]["published"] == 1
    assert said.json["warnings"] == {"documents.title.length": 1, "documents.title.long": 1}
    assert len(titles(lake)) == 3
    (release,) = ledger.read(Lake(lake), "releases").to_pylist()
    assert (release["way"], release["reason"]) == ("accept", reason)
    run = ledger.read(Lake(lake), "runs").to_pylist()[-1]
    assert json.loads(run["parameters"])["reason"] == reason
    before = fingerprint(lake, "documents", "_quarantine")
    again = stenolake("ingest", tmp_path / "a.txt", "--lake", lake, "--json")  # the same dump holds it back no more
    assert again.json["documents"] == {"read": 4, "published": 0, "unchanged": 3, "quarantined": 1}
    assert fingerprint(lake, "documents", "_quarantine") == before
    said = stenolake("quarantine", "show", long["quarantine_id"], "--lake", lake)
    assert said.code == 2
    assert "not held any more: accept" in said.err
    assert stenolake("verify", "--lake", lake).code == 0


def test_what_the_tables_rely_on_cannot_be_accepted(stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    cut = (page(1) + page(3, title="Cut off"))[:-60]
    stenolake("ingest", write(tmp_path, "cut.txt", cut), "--lake", lake)
    (entry,) = held(stenolake, lake)
    assert "quarantine accept" not in stenolake("quarantine", "show", entry["quarantine_id"], "--lake", lake).out
    said = stenolake("quarantine", "accept", entry["quarantine_id"], "--reason", "fine", "--lake", lake)
    assert said.code == 2
    assert "cannot be accepted" in said.err
    assert stenolake("quarantine", "accept", entry["quarantine_id"], "--reason", " ", "--lake", lake).code == 2
    assert titles(lake) == ["Harvest talks"]


def test_what_a_rule_holds_that_was_taken_away_is_for_another_try(
    stenolake: Command, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = held(stenolake, lake)[0]
    assert long["rules"] == ["documents.title.length"]
    rules = tuple(rule for rule in suites.RULES if rule.rule_id != "documents.title.length")
    monkeypatch.setattr(suites, "RULES", rules)
    monkeypatch.delitem(suites.BY_ID, "documents.title.length")
    said = stenolake("quarantine", "accept", long["quarantine_id"], "--reason", "fine", "--lake", lake)
    assert (said.code, said.err.splitlines()) == (
        2,
        [
            f"stenolake: {long['quarantine_id']} cannot be accepted: documents.title.length is no rule any more",
            f"  stenolake quarantine retry {long['quarantine_id']} publishes it if nothing else holds it",
        ],
    )
    said = stenolake("quarantine", "retry", long["quarantine_id"], "--lake", lake, "--json")
    assert (said.json["documents"]["published"], said.json["still_held"]) == (1, 1)


def test_a_newer_version_ends_it(stenolake: Command, lake: Path, tmp_path: Path) -> None:
    stenolake("ingest", write(tmp_path, "b.txt", page(2, "Torn page")), "--lake", lake)
    assert [entry["rules"] for entry in held(stenolake, lake)] == [["documents.title.length"]]
    (release,) = ledger.read(Lake(lake), "releases").to_pylist()
    assert release["way"] == "newer"


def test_the_rules_that_hold_it_are_those_of_the_last_try(stenolake: Command, tmp_path: Path) -> None:
    lake, words = tmp_path / "lake", "MS. LIND: Good day to you.\n\nMR. HALM: And to you.\n\nMS. LIND: Thank you.\n"
    dump, rules = write(tmp_path, "talk.txt", words), []
    for more in ([], ["--source", "hall", "--language", "en", "--date", "9999-12-31"]):
        assert stenolake("ingest", dump, "--lake", lake, *more).code == 0
        (held,) = stenolake("quarantine", "list", "--lake", lake, "--json").json["held"]
        rules.append(held["rules"])
    assert rules == [["documents.row.complete"], ["documents.event_date.not_far_ahead"]]
    assert stenolake("ingest", dump, "--lake", lake, *more[:-1], "2021-05-04").code == 0
    assert stenolake("quarantine", "list", "--lake", lake, "--json").json["held"] == []


def test_found_again_after_release_is_held_again(
    stenolake: Command, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(
            kremlin_text,
            "split",
            lambda text, split=kremlin_text.split: [span for span in split(text) if SIDEBAR not in text[slice(*span)]],
        )
        stenolake("quarantine", "retry", "--lake", lake)  # a parser that finds no document lets nothing go
    assert len(held(stenolake, lake)) == 2
    stenolake("ingest", write(tmp_path, "b.txt", page(2, "Torn page")), "--lake", lake)
    stenolake("ingest", tmp_path / "a.txt", "--lake", lake)
    assert len(held(stenolake, lake)) == 2


def test_a_dump_that_no_format_knew_is_read_whole(
    stenolake: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lake"
    dump = write(tmp_path, "a.txt", page(1) + page(2))
    with monkeypatch.context() as patched:
        patched.setattr(kremlin_text, "sniff", lambda head: 0.0)
        stenolake("ingest", dump, "--lake", lake)
    (entry,) = held(stenolake, lake)
    assert entry["rules"] == ["dump.format_known"]
    said = stenolake("quarantine", "retry", "--lake", lake, "--json")
    assert said.json["documents"]["published"] == 2
    assert held(stenolake, lake) == []
    assert stenolake("verify", "--lake", lake).code == 0


def test_what_was_said_when_it_came_in_is_said_again(stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    undated = "".join(
        "\n".join(line for line in text.split("\n") if "May " not in line and line != "12:00")
        for text in (page(1), page(4, LONG))
    )
    stenolake("ingest", write(tmp_path, "a.txt", undated), "--lake", lake, "--date", "2020-02-03")
    (entry,) = held(stenolake, lake)
    stenolake("quarantine", "accept", entry["quarantine_id"], "--reason", "printed so", "--lake", lake)
    rows = ds.dataset(lake / "documents", partitioning="hive").to_table(["event_date"]).to_pylist()
    assert rows == [{"event_date": dt.date(2020, 2, 3)}] * 2


def test_ten_thousand_are_listed(stenolake: Command, lake: Path) -> None:
    (path,) = (lake / "_quarantine").glob("*.parquet")
    row = pq.read_table(path).to_pylist()[0]
    many = [{**row, "quarantine_id": f"{number:016x}-0"} for number in range(10_000)]
    later = dt.timedelta(seconds=1)
    many = [{**row, "held_at": row["held_at"] + later} for row in many]
    pq.write_table(pa.Table.from_pylist(many, schemas.QUARANTINE), path.with_name("9.parquet"))
    said = stenolake("quarantine", "list", "--lake", lake, "--json")
    assert said.json["count"] == 10_002
