"""`verify` finds what was done to a lake, names it, and says what to do."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest

from benchmarks.damage import try_damages
from flows.verify import prove
from storage import ledger
from storage.files import seal, sha256_file
from storage.lake import SORT_KEYS, Lake
from storage.parquet import write_table
from tests.support import SAMPLE, Command, write

FOLDERS = ("documents", "turns", "paragraphs", "tags", "links", "photos", "_raw", "_lineage", "_quality", "_quarantine")


@pytest.fixture(scope="module")
def mixed_lake(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample, and a file that is held in quarantine."""
    from flows.ingest import ingest

    folder = tmp_path_factory.mktemp("mixed")
    ingest([str(SAMPLE), str(write(folder, "letter.txt", "Dear all,\n"))], str(folder / "lake"))
    return folder / "lake"


@pytest.fixture
def lake(mixed_lake: Path, tmp_path: Path) -> Path:
    copy = tmp_path / "lake"
    shutil.copytree(mixed_lake, copy)
    return copy


def files(lake: Path, folder: str) -> list[Path]:
    return sorted(path for path in (lake / folder).rglob("*") if path.is_file())


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x20
    path.chmod(0o644)
    path.write_bytes(data)


def named(lake: Path) -> set[str]:
    damage, _ = prove(Lake(lake))
    assert all(item.advice for item in damage)
    return {item.where for item in damage}


@pytest.mark.parametrize("folder", FOLDERS)
def test_one_flipped_byte_is_named(lake: Path, folder: str) -> None:
    rng = random.Random(folder)
    for path in rng.sample(files(lake, folder), min(6, len(files(lake, folder)))):
        if path.suffix == ".ndjson" and path.parent.name != "openlineage":
            continue
        kept = path.read_bytes()
        flip(path, rng.randrange(len(kept)))
        assert path.relative_to(lake).as_posix() in named(lake), path
        path.write_bytes(kept)
    assert named(lake) == set()


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_missing_file_is_named(lake: Path, folder: str) -> None:
    for path in files(lake, folder):
        aside = lake.parent / "aside"
        shutil.move(path, aside)
        name = path.relative_to(lake).as_posix()
        stem = name.rsplit("-", 1)[0]  # a missing ledger file is named by its run
        assert any(where in (name, stem) for where in named(lake)), path
        shutil.move(aside, path)


@pytest.mark.parametrize("folder", FOLDERS)
def test_an_added_file_is_named(lake: Path, folder: str) -> None:
    first = files(lake, folder)[0]
    extra = first.with_name(f"added-{first.name}")
    shutil.copy(first, extra)
    assert extra.relative_to(lake).as_posix() in named(lake)


def test_exit_is_6_and_json_lists_the_damage(stenolake: Command, lake: Path) -> None:
    path = files(lake, "turns")[0]
    flip(path, 100)
    said = stenolake("verify", "--lake", lake, "--json")
    assert said.code == 6
    assert said.json["status"] == "damaged"
    assert {(item["rule"], item["where"]) for item in said.json["damage"]} >= {(5, path.relative_to(lake).as_posix())}
    assert stenolake("verify", "--lake", lake).code == 6


def rewrite(lake: Path, table: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change rows of a table and list the new file, as a faulty program would that keeps the ledger in order."""
    at = Lake(lake)
    partition = at.partitions()[-1]
    path = at.file(table, partition)
    write_table(path, change(at.read(table, partition)), SORT_KEYS[table])
    (outputs,) = sorted((lake / "_lineage" / "outputs").iterdir())
    listed = ledger.read(at, "outputs").to_pylist()
    for row in listed:
        if row["path"] == path.relative_to(lake).as_posix():
            row |= {"bytes": path.stat().st_size, "file_sha256": sha256_file(path), "rows": 0}
    data = ledger._parquet(pa.Table.from_pylist(listed, ledger.schemas.OUTPUTS))
    stem = outputs.stem.rsplit("-", 1)[0]
    outputs.unlink()
    (outputs.parent / f"{stem}-{seal(data)}.parquet").write_bytes(data)


def set_first(column: str, value: object) -> Callable[[pa.Table], pa.Table]:
    def change(rows: pa.Table) -> pa.Table:
        values = [value, *rows[column].to_pylist()[1:]]
        field = rows.schema.field(column)
        return rows.set_column(rows.schema.get_field_index(column), field, pa.array(values, field.type))

    return change


def drop_first(rows: pa.Table) -> pa.Table:
    return rows.slice(1)


# name of a lie -> table, change, rule that it breaks
LIES: dict[str, tuple[str, Callable[[pa.Table], pa.Table], int]] = {
    "a paragraph says something else": ("paragraphs", set_first("text", "Nobody said this."), 2),
    "a title says something else": ("documents", set_first("title", "Another title"), 2),
    "a label says somebody else": ("turns", set_first("speaker_label", "Somebody Else"), 2),
    "a turn's text is not its paragraphs": ("turns", set_first("text", "Nobody said this."), 2),
    "a caption says something else": ("photos", set_first("caption", "Another caption."), 2),
    "a block is dropped": ("blocks", drop_first, 3),
    "a paragraph is dropped": ("paragraphs", drop_first, 4),
    "a tag is dropped": ("tags", drop_first, 4),
    "a document is dropped": ("documents", drop_first, 4),
    "a block names another rendition": ("blocks", set_first("rendition_sha256", "0" * 64), 3),
    "a block is of another document": ("blocks", set_first("document_id", "0" * 20), 3),
    "a block reaches into the next": ("blocks", set_first("byte_end", 1 << 40), 3),
    "a block is counted twice": ("blocks", lambda rows: pa.concat_tables([rows, rows.slice(0, 1)]), 3),
    "a row does not hold its block": ("paragraphs", set_first("byte_start", 1 << 40), 2),
    "a label is lost": ("turns", set_first("speaker_label", None), 2),
    "a turn is counted that is not there": ("documents", set_first("turn_count", 99), 4),
    "a paragraph is of another turn": ("paragraphs", set_first("turn_id", "0" * 20 + "-t0000"), 4),
    "a document reaches too far": ("documents", set_first("byte_end", 1 << 40), 3),
    "a document begins too early": ("documents", set_first("byte_start", 0), 3),
    "an index has a hole": ("links", set_first("link_index", 7), 4),
}


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_with_its_ledger_in_order_is_found(lake: Path, lie: str) -> None:
    table, change, rule = LIES[lie]
    rewrite(lake, table, change)
    damage, _ = prove(Lake(lake))
    assert rule in {item.rule for item in damage}, damage


def test_unchanged_rewrite_is_whole(lake: Path) -> None:
    rewrite(lake, "paragraphs", lambda rows: rows)
    assert named(lake) == set()


def test_no_lake_exits_10(stenolake: Command, tmp_path: Path) -> None:
    said = stenolake("verify", "--lake", tmp_path / "nowhere")
    assert said.code == 10
    assert "no lake at" in said.err


def test_random_damage_is_named(lake: Path) -> None:
    done, missed = try_damages(lake, 24, random.Random().randrange(1 << 32))
    assert missed == []
    assert done.total() == 24


def test_samples_cover_every_file_and_name_what_is_hurt(stenolake: Command, lake: Path) -> None:
    counts = [stenolake("verify", "--lake", lake, "--sample", f"{part}/7", "--json").json for part in range(1, 8)]
    whole = stenolake("verify", "--lake", lake, "--json").json
    assert sum(one["bytes"] for one in counts) == whole["bytes"] > 0
    assert sum(one["partitions"] for one in counts) == whole["partitions"]
    flip(files(lake, "turns")[0], 100)
    codes = [stenolake("verify", "--lake", lake, "--sample", f"{part}/7").code for part in range(1, 8)]
    assert sorted(set(codes)) == [0, 6]
    assert stenolake("verify", "--lake", lake, "--sample", "8/7").code == 2
