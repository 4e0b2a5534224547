"""A run reads the checkpoints of the ledger in place of thousands of files, and reads the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from flows.gc import find_unreached
from flows.verify import prove
from storage import checkpoint, ledger
from storage.errors import DamageError
from storage.lake import Lake
from storage.schemas import LINEAGE
from tests.harness import page, plain_ingest, untrue_checkpoints
from tests.support import write

RUNS = 8


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ledger, "LOOSE_FILES", 3)
        for day in range(1, RUNS + 1):
            ingest(folder, day)
    return folder / "lake"


@pytest.fixture
def lake(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A lake after eight runs, whose checkpoints repeat the files of the first six."""
    monkeypatch.setattr(ledger, "LOOSE_FILES", 3)
    shutil.copytree(made, tmp_path / "lake")
    return Lake(tmp_path / "lake")


def ingest(folder: Path, day: int) -> None:
    plain_ingest([str(write(folder, f"{day}.txt", page(day)))], str(folder / "lake"), workers=1)


def files(lake: Lake, table: str) -> list[str]:
    return sorted(path.name for path in (lake.root / "_lineage" / table).glob("*.parquet"))


def place(lake: Lake, table: str) -> Path:
    (one,) = checkpoint.find(folder_of(lake), table)
    return one


def folder_of(lake: Lake) -> Path:
    return lake.root / "_lineage" / "checkpoints"


def repeated(lake: Lake, table: str) -> int:
    return checkpoint.count(folder_of(lake), table, files(lake, table))


def faults(lake: Lake) -> list[tuple[int, str]]:
    return [(item.rule, item.where) for item in prove(lake)[0]]


def test_they_repeat_what_the_files_say(lake: Lake) -> None:
    assert [len(files(lake, table)) for table in ("runs", "inputs", "versions", "readings")] == [RUNS] * 4
    assert [repeated(lake, table) for table in ("runs", "inputs", "versions", "readings")] == [6] * 4
    assert untrue_checkpoints(lake.root) == []
    assert ledger.read(lake, "versions")["change"].to_pylist() == ["new"] * RUNS
    assert faults(lake) == []
    assert find_unreached(lake) == []


def test_columns_and_rows_are_asked_of_both(lake: Lake) -> None:
    runs = ledger.read(lake, "runs")["run_id"].to_pylist()
    wanted = pc.field("run_id").isin([runs[0], runs[-1]])  # one that is repeated, and one that is not
    found = ledger.read(lake, "inputs", columns=["bytes", "run_id"], wanted=wanted)
    assert found.column_names == ["bytes", "run_id"]
    assert found["run_id"].to_pylist() == [runs[0], runs[-1]]


@pytest.mark.parametrize("table", ["outputs", "verdicts"])
def test_what_no_run_reads_is_not_repeated(lake: Lake, table: str) -> None:
    assert ledger.read(lake, table).num_rows
    assert checkpoint.find(folder_of(lake), table) == []


def test_a_file_that_is_gone_is_not_told_of(lake: Lake, tmp_path: Path) -> None:
    gone = lake.root / "_lineage" / "versions" / files(lake, "versions")[1]
    gone.unlink()
    assert repeated(lake, "versions") == 0
    assert ledger.read(lake, "versions").num_rows == RUNS - 1
    assert faults(lake) == [(5, gone.relative_to(lake.root).as_posix())]
    ingest(tmp_path, RUNS + 1)
    assert repeated(lake, "versions") == RUNS - 1  # those that stood when the run committed
    assert untrue_checkpoints(lake.root) == []


def test_a_run_that_held_the_lake_earlier_comes_in_its_place(lake: Lake) -> None:
    folder = lake.root / "_lineage" / "inputs"
    late = folder / files(lake, "inputs")[-1]
    late.rename(folder / f"20010101T000000.000000Z-{late.name.partition('Z-')[2]}")
    assert repeated(lake, "inputs") == 0
    assert ledger.read(lake, "inputs")["uri"].to_pylist()[0].endswith(f"/{RUNS}.txt")


@pytest.mark.parametrize("size", [0, 3, 400, -9])
def test_one_that_is_damaged_is_passed_over_and_named(lake: Lake, tmp_path: Path, size: int) -> None:
    damaged = place(lake, "runs")
    damaged.write_bytes(damaged.read_bytes()[:size])
    assert ledger.read(lake, "runs").num_rows == RUNS
    assert faults(lake) == [(5, f"_lineage/checkpoints/{damaged.name}")]
    assert [item.advice for item in prove(lake)[0]] == ["delete it, if it is there: the next run makes it anew"]
    shutil.copy(damaged, damaged.with_name("runs.parquet"))  # as an earlier release called it
    ingest(tmp_path, RUNS + 1)  # which removes both
    assert [path.name for path in folder_of(lake).glob("runs*")] == [place(lake, "runs").name]
    assert repeated(lake, "runs") == RUNS
    assert faults(lake) == []


def test_a_bit_that_is_flipped_anywhere_is_noticed(lake: Lake) -> None:
    path = place(lake, "inputs")
    whole = path.read_bytes()
    for at in range(0, len(whole), 97):  # the footer, which no checksum of Parquet's covers, among it
        data = bytearray(whole)
        data[at] ^= 1 << at % 8
        path.write_bytes(data)
        assert repeated(lake, "inputs") == 0
    assert untrue_checkpoints(lake.root) == []


def test_damage_in_what_a_run_does_not_need_costs_it_nothing(lake: Lake, tmp_path: Path) -> None:
    folder = lake.root / "_lineage" / "coverage"
    folder.mkdir()
    for at in range(3):
        write(folder, f"20210501T00000{at}.000000Z-none.parquet", "no Parquet")
    with pytest.raises(DamageError, match=r"^cannot be read: .*/coverage/20210501T000000\.000000Z-none\.parquet: "):
        ledger.read(lake, "coverage")
    ingest(tmp_path, RUNS + 1)
    assert ledger.read(lake, "runs")["status"].to_pylist() == ["completed"] * (RUNS + 1)
    assert checkpoint.find(folder_of(lake), "coverage") == []
    assert repeated(lake, "runs") == 6


def test_another_one_that_comes_while_it_is_read(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, describe = [0], checkpoint._describe

    def run_comes(names: list[str]) -> str:
        asked[0] += 1
        if asked[0] == 1:
            monkeypatch.setattr(ledger, "LOOSE_FILES", 1)
            ingest(tmp_path, RUNS + 1)  # makes one that repeats all eight
        return describe(names)

    monkeypatch.setattr(checkpoint, "_describe", run_comes)
    told = ledger.read(lake, "inputs")["uri"].to_pylist()
    assert [uri.rpartition("/")[2] for uri in told] == [f"{day}.txt" for day in range(1, RUNS + 1)]
    assert repeated(lake, "inputs") == RUNS


def test_a_column_that_came_later_is_null(lake: Lake) -> None:
    path = place(lake, "versions")
    pq.write_table(pq.read_table(path).drop_columns(["own_id"]), path)
    path.rename(path.with_name(checkpoint.name_of("versions", path.read_bytes())))
    assert repeated(lake, "versions") == 6
    assert ledger.kept_ids(lake) == {}
    assert ledger.read(lake, "versions", columns=["own_id", "change"])["own_id"].null_count == RUNS
    newest = lake.root / "_lineage" / "versions" / files(lake, "versions")[-1]
    pq.write_table(pq.read_table(newest, partitioning=None).drop_columns(["own_id"]), newest)
    assert ledger.read(lake, "versions").column_names == LINEAGE["versions"].names


def test_a_dry_run_makes_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ingest(tmp_path, 1)
    monkeypatch.setattr(ledger, "LOOSE_FILES", 1)
    plain_ingest([str(tmp_path / "1.txt")], str(tmp_path / "lake"), dry_run=True, workers=1)
    assert checkpoint.find(folder_of(Lake(tmp_path / "lake")), "runs") == []
