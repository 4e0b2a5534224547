"""A dump that was read before is not parsed again, and decides what it would decide if it were."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.dataset as ds
import pytest

import flows.ingest
import flows.release
from flows.verify import prove
from storage import ledger
from storage.lake import Lake
from tasks import recall
from tasks.fragment import Recalled
from tasks.publish import Judged, plan_publication
from tests import harness
from tests.support import write

Ingest = Callable[..., dict[str, Any]]


@pytest.fixture
def ingest(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Ingest:
    """Ingest files; the counts of the run, with the names of the files that were parsed as `parsed`."""
    cut, parsed = flows.ingest.cut_batches, list[str]()

    def noted(dumps, *args):  # type: ignore[no-untyped-def]
        parsed.extend(dump.record.uri.rsplit("/", 1)[-1] for dump in dumps)
        return cut(dumps, *args)

    monkeypatch.setattr(flows.ingest, "cut_batches", noted)

    def run(*files: Path, lake: str = "lake", **options: Any) -> dict[str, Any]:
        parsed.clear()
        counts = harness.plain_ingest([str(file) for file in files], str(tmp_path / lake), **options)
        return counts | {"parsed": sorted(parsed)}

    return run


def counted(counts: dict[str, Any]) -> tuple[int, int, int]:
    return tuple(counts["documents"][name] for name in ("published", "unchanged", "quarantined"))  # type: ignore[return-value]


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Two pages, one of them twice, and one that is cut off."""
    return write(
        tmp_path, "a.txt", harness.page(1) + harness.page(2) + harness.page(2) + "Events\nCut off\nMay 3, 2021"
    )


def test_a_known_dump_is_counted_and_not_parsed(ingest: Ingest, dump: Path, tmp_path: Path) -> None:
    first = ingest(dump)
    assert (counted(first), first["parsed"]) == ((2, 1, 1), ["a.txt"])
    again = ingest(dump)
    assert (counted(again), again["parsed"], again["rules_broken"]) == ((0, 3, 1), [], first["rules_broken"])
    assert again["status"] == "completed_with_quarantine"
    lake = Lake(tmp_path / "lake")
    runs, inputs, readings = (ledger.read(lake, name) for name in ("runs", "inputs", "readings"))
    assert (runs.num_rows, inputs.num_rows) == (2, 2)
    assert len({*inputs["derivation"].to_pylist(), *inputs["media_type"].to_pylist()}) == 2  # as it was found out
    assert set(readings["run_id"].to_pylist()) == {first["run_id"]}
    assert prove(lake)[0] == []


def test_a_page_that_is_new_beside_a_known_dump_is_the_only_one_parsed(
    ingest: Ingest, dump: Path, tmp_path: Path
) -> None:
    ingest(dump)
    counts = ingest(dump, write(tmp_path, "b.txt", harness.page(4)))
    assert (counted(counts), counts["parsed"]) == ((1, 3, 1), ["b.txt"])


def test_other_options_are_another_reading(ingest: Ingest, dump: Path) -> None:
    ingest(dump)
    for options in ({"format": "kremlin-text"}, {"source": "lessk", "language": "de"}):
        assert ingest(dump, **options)["parsed"] == ["a.txt"]
        assert ingest(dump, **options)["parsed"] == []
    assert ingest(dump)["parsed"] == []


def test_another_program_reads_again(ingest: Ingest, dump: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(dump)
    monkeypatch.setattr(recall, "_digest_code", lambda: "another")
    assert ingest(dump)["parsed"] == ["a.txt"]


def test_another_alias_file_reads_again(
    ingest: Ingest, dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(dump)
    person = 'names = ["Ada Brook", "Ada Brooke"]\nwhy = "two spellings"'
    monkeypatch.setenv("STENOLAKE_ALIASES", str(write(tmp_path, "aliases.toml", f"[[person]]\n{person}\n")))
    assert ingest(dump)["parsed"] == ["a.txt"]


def test_a_dry_run_parses(ingest: Ingest, dump: Path) -> None:
    ingest(dump)
    assert ingest(dump, dry_run=True)["parsed"] == ["a.txt"]


def test_what_came_last_stands_also_where_it_was_known(ingest: Ingest, tmp_path: Path) -> None:
    one = write(tmp_path, "1.txt", harness.page(1) + harness.page(2))
    two = write(tmp_path, "2.txt", harness.page(2, words="Good evening."))

    def stand() -> list[str]:
        rows = ds.dataset(tmp_path / "lake" / "turns").to_table(columns=["text"])
        return [text.partition("\n")[0] for text in rows["text"].to_pylist()]

    ingest(one)
    ingest(two)
    assert stand() == ["Good day, friends.", "Good evening."]
    back = ingest(one)  # a newer arrival of the older words
    assert (counted(back), back["parsed"], stand()) == ((1, 1, 0), ["1.txt"], ["Good day, friends."] * 2)
    assert ingest(one)["parsed"] == []
    # both at once: the order of hashes decides, as it does where neither is known, and then nothing changes any more
    ingest(one, two)
    settled = stand()
    ingest(two, one)
    assert stand() == settled
    ingest(one, two, lake="fresh")
    fresh = ds.dataset(tmp_path / "fresh" / "turns").to_table(columns=["text"])["text"].to_pylist()
    assert [text.partition("\n")[0] for text in fresh] == settled
    assert prove(Lake(tmp_path / "lake"))[0] == []


def test_one_document_in_two_known_dumps_is_unchanged_in_both(ingest: Ingest, tmp_path: Path) -> None:
    dumps = [write(tmp_path, f"{n}.txt", harness.page(1) + harness.page(n)) for n in (2, 3)]
    assert counted(ingest(*dumps)) == (3, 1, 0)
    again = ingest(*dumps)
    assert (counted(again), again["parsed"]) == ((0, 4, 0), [])


def test_documents_that_the_lake_has_lost_are_read_again(ingest: Ingest, dump: Path, tmp_path: Path) -> None:
    ingest(dump)
    next((tmp_path / "lake" / "documents").rglob("*.parquet")).unlink()
    assert ingest(dump)["parsed"] == ["a.txt"]


def test_what_is_held_is_judged_again_once_it_is_accepted_or_the_day_has_changed(
    ingest: Ingest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dump = write(tmp_path, "a.txt", harness.page(1) + harness.page(2, year=2090))
    assert counted(ingest(dump)) == (1, 0, 1)
    assert ingest(dump)["parsed"] == []
    lake = Lake(tmp_path / "lake")
    with monkeypatch.context() as patch:
        patch.setattr(ledger, "days_of_runs", lambda lake: {})
        assert ingest(dump)["parsed"] == ["a.txt"]  # a date that lies too far ahead today may not do so tomorrow
    (held,) = {row["quarantine_id"] for row in ledger.open_findings(lake)}
    with harness.without_prefect():
        flows.release.accept.fn(id=held, reason="so it was announced", lake=str(lake.root))
    again = ingest(dump)
    assert (counted(again), again["parsed"]) == ((0, 2, 0), ["a.txt"])
    assert ingest(dump)["parsed"] == []


def test_a_withdrawn_document_comes_back_with_a_dump_that_is_known(
    ingest: Ingest, dump: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ingest(dump)
    lake = Lake(tmp_path / "lake")
    rows = ledger.read(lake, "versions")
    (gone, *_) = rows["document_id"].to_pylist()
    readings = ledger.read(lake, "readings")
    fragment = Recalled(lake.root, 3, (), 0, stand=readings.filter(pc.is_valid(readings["document_id"])))
    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=2)
    monkeypatch.setattr(ledger, "withdrawn", lambda lake: {gone: later - dt.timedelta(days=1)})
    retrieved = {readings["dump_sha256"][0].as_py(): [later]}
    plan = plan_publication(lake, [Judged(fragment, frozenset())], retrieved, later)
    assert [(one.document_id, one.change) for one in plan.versions] == [(gone, "new")]
    assert (plan.published, plan.unchanged) == (0, 2)


def test_members_of_an_archive_are_known_each(ingest: Ingest, tmp_path: Path) -> None:
    lines = [json.dumps({"text": harness.page(day)}) for day in (1, 2)]
    first = ingest(write(tmp_path, "a.jsonl", "\n".join(lines)))
    assert len(first["parsed"]) == 2
    more = ingest(write(tmp_path, "a.jsonl", "\n".join([*lines, json.dumps({"text": harness.page(3)})])))
    assert (counted(more), more["parsed"]) == ((1, 2, 0), ["a.jsonl#line=3"])
