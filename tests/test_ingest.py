"""The main job, end to end: what a run takes in, publishes, holds back, records, and does not touch."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from storage import ledger, schemas
from storage.errors import UsageError
from storage.lake import Lake
from tasks.formats import FORMATS
from tests.harness import plain_ingest
from tests.support import SAMPLE, Command, fingerprint, page, write


def titles(lake: Path) -> list[str]:
    return sorted(ds.dataset(lake / "documents", partitioning="hive").to_table(["title"])["title"].to_pylist())


def test_sample_is_published_whole_and_proven(stenolake: Command, sample_lake: Path) -> None:
    said = stenolake("verify", "--lake", sample_lake, "--json")
    assert (said.code, said.json["status"], said.json["damage"]) == (0, "whole", [])
    text = SAMPLE.read_text("utf-8")
    pages = text.count("Text version")
    held = ledger.read(Lake(sample_lake), "quarantine")
    assert len(titles(sample_lake)) == pages - len(set(held["quarantine_id"].to_pylist()))


def test_json_sums_up_the_run(stenolake: Command, tmp_path: Path) -> None:
    dump = write(tmp_path, "two.txt", page(1) + page(2))
    said = stenolake("ingest", dump, "--lake", tmp_path / "lake", "--json")
    result = said.json
    assert said.code == 0
    assert said.err == ""
    assert result["status"] == "completed"
    assert result["dumps"] == 1
    assert result["documents"] == {"read": 2, "published": 2, "unchanged": 0, "quarantined": 0}
    assert result["rows"] == {"documents": 2, "links": 0, "paragraphs": 4, "photos": 0, "tags": 0, "turns": 2}
    runs = ledger.read(Lake(tmp_path / "lake"), "runs").to_pylist()
    assert [(run["run_id"], run["status"]) for run in runs] == [(result["run_id"], "completed")]


def test_second_ingest_changes_no_file(stenolake: Command, tmp_path: Path) -> None:
    lake, dump = tmp_path / "lake", write(tmp_path, "two.txt", page(1) + page(2))
    stenolake("ingest", dump, "--lake", lake)
    before = fingerprint(lake)
    said = stenolake("ingest", dump, "--lake", lake, "--json")
    assert said.json["documents"] == {"read": 2, "published": 0, "unchanged": 2, "quarantined": 0}
    after = fingerprint(lake)
    assert {name: after[name] for name in before} == before
    assert {name.split("/")[0] for name in set(after) - set(before)} <= {"_lineage", "_quality"}


def test_order_of_inputs_decides_nothing(stenolake: Command, tmp_path: Path) -> None:
    one = write(tmp_path, "one.txt", page(1) + page(2))
    two = write(tmp_path, "two.txt", page(2, words="Good day, dear friends.") + page(3))
    contents = []
    for name, order in (("a", (one, two)), ("b", (two, one))):
        stenolake("ingest", *order, "--lake", tmp_path / name)
        tables = {}
        for table in schemas.TABLES:
            rows = ds.dataset(tmp_path / name / table, partitioning="hive").to_table()
            tables[table] = rows.drop_columns(
                [c for c in ("run_id", "ingested_at") if c in rows.column_names]
            ).to_pylist()
        contents.append(tables)
    assert contents[0] == contents[1]


def test_corrected_document_replaces_the_old_one(stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    stenolake("ingest", write(tmp_path, "a.txt", page(1) + page(2)), "--lake", lake)
    said = stenolake("ingest", write(tmp_path, "b.txt", page(2, words="Good evening.")), "--lake", lake, "--json")
    assert said.json["documents"] == {"read": 1, "published": 1, "unchanged": 0, "quarantined": 0}
    turns = ds.dataset(lake / "turns", partitioning="hive").to_table(["text"])["text"].to_pylist()
    assert turns == ["Good day, friends.\n\nThank you.", "Good evening.\n\nThank you."]
    versions = ledger.read(Lake(lake), "versions")["change"].to_pylist()
    assert versions == ["new", "new", "corrected"]
    assert stenolake("verify", "--lake", lake).code == 0


def test_same_page_twice_in_a_dump_is_one_document(stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    said = stenolake("ingest", write(tmp_path, "a.txt", page(1) + page(1) + page(2)), "--lake", lake, "--json")
    assert said.json["documents"] == {"read": 3, "published": 2, "unchanged": 1, "quarantined": 0}
    assert stenolake("verify", "--lake", lake).code == 0


def test_furniture_alone_makes_no_version(stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    stenolake("ingest", write(tmp_path, "a.txt", page(1)), "--lake", lake)
    linked = page(1).replace("Thank you.", "See also\nAll about the harvest\nMay 1, 2021\nThank you.")
    said = stenolake("ingest", write(tmp_path, "b.txt", linked), "--lake", lake, "--json")
    assert said.json["documents"]["unchanged"] == 1
    assert ledger.read(Lake(lake), "versions")["change"].to_pylist() == ["new"]


# name of a bad file -> its bytes, the rule that holds it back
BAD = {
    "empty.txt": (b"", "dump.not_empty"),
    "picture.png": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 8, "dump.is_text"),
    "letter.txt": (b"Dear all,\n\nthe meeting is on Monday.\n", "dump.format_known"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_file_is_kept_and_held_while_the_rest_goes_on(stenolake: Command, tmp_path: Path, name: str) -> None:
    content, rule = BAD[name]
    lake, drop = tmp_path / "lake", tmp_path / "drop"
    drop.mkdir()
    write(drop, name, content)
    write(drop, "good.txt", page(1))
    said = stenolake("ingest", drop, "--lake", lake, "--json")
    assert said.code == 0
    assert said.json["status"] == "completed_with_quarantine"
    assert said.json["documents"] == {"read": 2, "published": 1, "unchanged": 0, "quarantined": 1}
    held = ledger.read(Lake(lake), "quarantine").to_pylist()
    sha256 = hashlib.sha256(content).hexdigest()
    assert [(row["rule_id"], row["dump_sha256"]) for row in held] == [(rule, sha256)]
    assert Lake(lake).raw.read(sha256) == content
    assert stenolake("verify", "--lake", lake).code == 0
    assert stenolake("ingest", drop, "--lake", lake, "--strict").code == 3


def test_truncated_last_page_is_held_and_the_whole_ones_are_published(stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    cut = (page(1) + page(2) + page(3, title="Cut off"))[:-60]
    said = stenolake("ingest", write(tmp_path, "cut.txt", cut), "--lake", lake, "--json")
    assert said.json["documents"] == {"read": 3, "published": 2, "unchanged": 0, "quarantined": 1}
    held = ledger.read(Lake(lake), "quarantine").to_pylist()
    assert [(row["rule_id"], row["title"]) for row in held] == [("document.is_complete", "Cut off")]
    said = stenolake("trace", held[0]["quarantine_id"], "--lake", lake, "--json")
    assert said.json["excerpt"].startswith("Events\nCut off")


@pytest.mark.parametrize("codec", ["cp1252", "utf-16", "utf-8-sig"])
def test_other_encodings_lose_nothing(stenolake: Command, tmp_path: Path, codec: str) -> None:
    lake = tmp_path / "lake"
    words = "Good day – “friends” of the café’s guests."
    said = stenolake("ingest", write(tmp_path, "a.txt", page(1, words=words).encode(codec)), "--lake", lake, "--json")
    assert said.json["documents"]["published"] == 1
    assert ds.dataset(lake / "turns", partitioning="hive").to_table()["text"].to_pylist() == [f"{words}\n\nThank you."]
    (record,) = ledger.read(Lake(lake), "inputs").to_pylist()
    derivation = json.loads(record["derivation"])
    assert derivation["encoding"] == ("utf-8" if codec == "utf-8-sig" else codec)
    assert derivation["evidence"]
    doubts = ["text: encoding cp1252 was detected, nothing declared it"] if codec == "cp1252" else []
    assert ds.dataset(lake / "documents").to_table()["inferred"].to_pylist() == [doubts]
    assert stenolake("verify", "--lake", lake).code == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["no-such-file.txt"], "no such file or folder: no-such-file.txt"),
        (["no-such-*.txt"], "nothing matches no-such-*.txt"),
        ([str(SAMPLE), "--format", "morse"], "no such format: morse"),
        ([str(SAMPLE), "--source", "Not A Slug"], "not a slug: Not A Slug"),
        ([str(SAMPLE), "--language", "not a tag"], "no tag of a language: not a tag"),
        (["caf\udce9.txt"], "no UTF-8: caf?.txt"),
        (["/dev/null"], "no file: /dev/null is a pipe or a device"),
        ([], "Missing argument"),
    ],
)
def test_wrong_usage_exits_2_and_names_it(
    stenolake: Command, tmp_path: Path, arguments: list[str], message: str
) -> None:
    said = stenolake("ingest", *arguments, "--lake", tmp_path / "lake")
    assert said.code == 2
    assert message in said.err
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inputs": []}, "no input is named"),
        ({"inputs": ["caf\udce9.txt"]}, "no UTF-8: caf?.txt"),
        ({"format": "nosuch"}, "no such format: nosuch"),
        ({"source": "Not A Slug"}, "not a slug: Not A Slug"),
        ({"language": "not a tag"}, "no tag of a language: not a tag"),
        ({"accept_envelope": "  "}, "no reason is given"),
        ({"wait_seconds": -1}, "no time to wait: -1 seconds"),
        ({"wait_seconds": float("nan")}, "no time to wait: nan seconds"),
        ({"workers": 0}, "no number of workers: 0"),
    ],
)
def test_a_flow_refuses_what_the_command_refuses(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    dump = write(tmp_path, "a.txt", page(1))
    with pytest.raises(UsageError) as told:
        plain_ingest(**({"inputs": [str(dump)], "lake": str(tmp_path / "lake")} | options))
    assert told.value.message == message
    assert not (tmp_path / "lake").exists()


def test_a_flow_that_is_asked_for_nonsense_says_so_in_its_state(prefect_api: str, tmp_path: Path) -> None:
    from flows.ingest import ingest

    state = ingest([str(SAMPLE)], str(tmp_path / "lake"), format="nosuch", return_state=True)
    assert (state.name, state.message) == (
        "Failed",
        f"no such format: nosuch\n  choose one of: {', '.join(sorted(FORMATS))}",
    )


def test_other_flows_refuse_it_too(tmp_path: Path) -> None:
    from prefect.logging import disable_run_logger

    from flows.drop import drop
    from flows.fetch import fetch
    from flows.maintain import reprocess

    lake = str(tmp_path / "lake")
    with disable_run_logger():
        said = [
            drop.fn(str(tmp_path), lake, source="Not A Slug").data,
            fetch.fn(lake=lake, accept_envelope=" ").data,
            reprocess.fn(lake, accept_loss=" ").data,
        ]
    assert [(type(error), error.message) for error in said] == [
        (UsageError, "not a slug: Not A Slug"),
        (UsageError, "no reason is given"),
        (UsageError, "no reason is given"),
    ]


def test_dry_run_writes_nothing(stenolake: Command, tmp_path: Path) -> None:
    said = stenolake("ingest", write(tmp_path, "a.txt", page(1)), "--lake", tmp_path / "lake", "--dry-run", "--json")
    assert (said.code, said.json["documents"]["published"]) == (0, 1)
    assert not (tmp_path / "lake").exists()


def test_a_document_without_a_date_takes_the_one_given_or_is_held(stenolake: Command, tmp_path: Path) -> None:
    undated = "\n".join(line for line in page(1).split("\n") if "May 1" not in line and line != "12:00")
    dump = write(tmp_path, "a.txt", undated)
    said = stenolake("ingest", dump, "--lake", tmp_path / "held", "--json")
    assert said.json["documents"]["quarantined"] == 1
    said = stenolake("ingest", dump, "--lake", tmp_path / "dated", "--date", "2020-02-03", "--json")
    assert said.json["documents"]["published"] == 1
    assert (tmp_path / "dated/documents/source=kremlin/year=2020/part-0.parquet").exists()


def test_what_a_format_tells_is_not_overridden(stenolake: Command, tmp_path: Path) -> None:
    dump = write(tmp_path, "a.txt", page(1))
    stenolake(
        "ingest", dump, "--lake", tmp_path / "lake", "--source", "other", "--language", "de", "--date", "1999-12-31"
    )
    rows = ds.dataset(tmp_path / "lake/documents").to_table(["source_id", "language", "event_date"]).to_pylist()
    assert [(row["source_id"], row["language"], str(row["event_date"])) for row in rows] == [
        ("kremlin", "en", "2021-05-01")
    ]


def test_every_file_has_the_schema_of_its_table(sample_lake: Path) -> None:
    for table, schema in schemas.TABLES.items():
        files = sorted((sample_lake / table).rglob("*"))
        files = [path for path in files if path.is_file()]
        assert files
        for path in files:
            assert path.name == "part-0.parquet"
            found = pq.read_schema(path)
            assert [field.name for field in found] == schema.names
            assert [field.nullable for field in found] == [field.nullable for field in schema]
            assert all(field.metadata[b"description"] for field in found)


def test_partition_keys_agree_with_the_rows(sample_lake: Path) -> None:
    rows = ds.dataset(sample_lake / "documents", partitioning="hive").to_table(
        ["source", "year", "source_id", "event_date"]
    )
    assert rows.num_rows
    for row in rows.to_pylist():
        assert (row["source"], row["year"]) == (row["source_id"], row["event_date"].year)


def test_another_run_that_holds_the_lake_is_named(stenolake: Command, tmp_path: Path) -> None:
    from storage.lock import hold

    lake = tmp_path / "lake"
    with hold(lake / "_staging" / "lock", "the-other-run"):
        said = stenolake("ingest", write(tmp_path, "a.txt", page(1)), "--lake", lake)
    assert said.code == 11
    assert "the-other-run" in said.err


def test_lineage_tells_start_and_end(sample_lake: Path) -> None:
    (path,) = (sample_lake / "_lineage" / "openlineage").iterdir()
    events = [json.loads(line) for line in path.read_text().splitlines()]
    assert [event["eventType"] for event in events] == ["START", "COMPLETE"]
    rows = {table: ds.dataset(sample_lake / table).count_rows() for table in schemas.TABLES}
    stated = {
        output["name"].rsplit("/", 1)[1]: output["outputFacets"]["outputStatistics"]["rowCount"]
        for output in events[1]["outputs"]
        if output["name"].rsplit("/", 1)[1] in rows
    }
    assert stated == rows


@pytest.mark.parametrize(
    ("words", "is_excerpt"),
    [
        ("<…>", True),
        ("Good day. <…>", True),
        ("Good day.\n<…>", True),
        ("Well… good day.", False),
        ("Good\n* * *\nday.", False),
    ],
)
def test_an_excerpt_is_what_leaves_something_out(
    stenolake: Command, tmp_path: Path, words: str, is_excerpt: bool
) -> None:
    stenolake("ingest", write(tmp_path, "a.txt", page(1, words=words)), "--lake", tmp_path / "lake")
    assert ds.dataset(tmp_path / "lake/documents").to_table()["is_excerpt"].to_pylist() == [is_excerpt]
