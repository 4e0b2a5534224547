"""People: one id for one person, and the table that tells of all of them."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from storage.errors import UsageError
from storage.lake import Lake
from storage.people_schemas import SPEAKERS
from storage.schemas import TURNS
from tasks.aliases import OWN_FILE, Aliases, digest, read_aliases
from tasks.formats.blocks import Speaker
from tasks.identity import event_id, speaker_id
from tasks.people import identify, is_full
from tasks.speakers import find_appearances, fold_speakers
from tests.support import Command, fingerprint, page, write

CASES = tomllib.loads((Path(__file__).parent / "people.toml").read_text("utf-8"))["case"]
ALIASES = """
[[person]]
names = ["Petr Lund", "Pyotr Lund", "Пётр Лунд", "Petr Lunding"]
labels = ["П.Лунд"]
sources = ["lessk"]
why = "both editions of the source"

[[person]]
names = ["Abbot Odo", "Abbot Odo of Lessk"]
why = "the one abbot of that name"
"""


def read_label(text: str) -> tuple[str, Speaker]:
    label, name, *kind = (part.strip() for part in text.split("|"))
    known: Any = kind[0] if kind else "person"
    return label, Speaker(None if name == "-" else name, None, known)


@pytest.fixture
def aliases(tmp_path: Path) -> Aliases:
    return read_aliases(str(write(tmp_path, "people.toml", ALIASES)))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["label"])
def test_who_is_behind_the_labels(case: dict[str, Any], aliases: Aliases) -> None:
    labels = [read_label(text) for text in case["labels"]]
    found = identify(labels, case.get("tags", []), case.get("source", "lessk"), aliases)
    assert [" ".join(one) if one else "-" for one in found] == case["found"]


def test_the_alias_file_of_the_repository_is_sound() -> None:
    """`read_aliases` refuses a name of two persons, a name of one word, and a person without a reason."""
    aliases = read_aliases()
    people = tomllib.loads(OWN_FILE.read_text("utf-8"))["person"]
    assert set(aliases.names.values()) == {speaker_id(person["names"][0]) for person in people}
    assert len(people) == len({speaker_id(person["names"][0]) for person in people})
    assert all(len(person["names"]) > 1 for person in people)
    joined = ("Vladimir Putting", "Владимир Путин", "ВЛАДИМИР ПУТИН")
    assert {aliases.names[speaker_id(name)] for name in joined} == {"vladimir-putin"}
    assert aliases.names[speaker_id("Сергей Брилёв")] == aliases.names["sergey-brilev"] == "sergei-brilyov"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[person]]\nnames = ["Ada Brook"]', "says not why"),
        ('[[person]]\nnames = ["Ada"]\nwhy = "x"', "'Ada' is one word"),
        ('[[person]]\nname = "Ada Brook"\nwhy = "x"', "person 1: name"),
        ('[[person]]\nnames = "Ada Brook"\nwhy = "x"', "person 1: names"),
        ('[[person]]\nnames = ["Ada Brook"]\nlabels = ["Brook"]\nwhy = "x"', "labels without sources"),
        ('[[person]]\nnames = []\nwhy = "x"', "lacks names"),
        ('[[person]]\nnames = ["A B"]\nwhy = "x"\n[[person]]\nnames = ["C D", "a b"]\nwhy = "x"', "another person's"),
        ("[people]\n", "not a list of [[person]]"),
        ("[[person", "not TOML"),
    ],
)
def test_a_bad_alias_file_is_named(text: str, message: str, tmp_path: Path) -> None:
    path = write(tmp_path, "mine.toml", text)
    with pytest.raises(UsageError, match=r"mine\.toml") as raised:
        read_aliases(str(path))
    assert message in raised.value.message


def test_a_missing_alias_file_ends_with_exit_2(
    stenolake: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STENOLAKE_ALIASES", str(tmp_path / "none.toml"))
    said = stenolake("ingest", write(tmp_path, "a.txt", page(1)), "--lake", tmp_path / "lake")
    assert said.code == 2
    assert "no alias file at" in said.err
    assert not (tmp_path / "lake" / "documents").exists()


@pytest.mark.parametrize(
    ("url", "event"),
    [
        ("http://en.kremlin.ru/events/president/news/123", "kremlin-123"),
        ("http://kremlin.ru/events/president/transcripts/statements/123", "kremlin-123"),
        ("https://www.kremlin.ru/d/123?x=1", "kremlin-123"),
        ("http://kremlin.ru/acts/news/123/photos", "kremlin-123"),
        ("http://kremlin.ru/acts/bank/123", None),
        ("http://kremlin.ru.example/events/president/news/123", None),
        ("http://en.kremlin.ru/events/president/news/by-date/01.01.2018", None),
    ],
)
def test_an_event_is_known_by_the_number_in_its_address(url: str, event: str | None) -> None:
    assert event_id("kremlin", url) == event
    assert event_id("lessk", url) is None


def turns(*rows: tuple[str | None, str, str | None, str, dt.date]) -> Any:
    """Turns: id, name, role, document, date; each of two words."""
    import pyarrow as pa

    columns = ("speaker_id", "speaker_name", "speaker_role", "document_id", "event_date")
    told = [dict(zip(columns, row, strict=True), language="en", word_count=2) for row in rows]
    schema = pa.schema([TURNS.field(name) for name in (*columns, "language", "word_count")])
    return pa.Table.from_pylist(told, schema)


DAYS = [dt.date(2020, 1, day) for day in range(1, 5)]


def test_a_person_is_one_row_with_names_roles_and_dates() -> None:
    early = turns(
        ("ada-brook", "A.Brook", None, "d1", DAYS[1]),
        ("ada-brook", "A.Brook", None, "d1", DAYS[1]),
        ("ada-brook", "Ada Brook", "Mayor", "d1", DAYS[1]),
        ("ada-brook", "Ada Brook", "Mayor", "d0", DAYS[0]),
        (None, "Doe", None, "d0", DAYS[0]),
    )
    late = turns(("ada-brook", "ADA BROOK", "Minister", "d3", DAYS[3]), ("jan-orl", "Jan Orl", None, "d3", DAYS[3]))
    parts = [find_appearances(early, "lessk"), find_appearances(late, "vostra")]
    rows = fold_speakers(parts)
    assert rows.schema.equals(SPEAKERS)
    assert rows.equals(fold_speakers(reversed(parts)))
    assert rows.to_pylist()[0] == {
        "speaker_id": "ada-brook",
        "name": "Ada Brook",
        "aliases": ["A.Brook", "ADA BROOK"],
        "roles": [
            {"role": "Mayor", "first_date": DAYS[0], "last_date": DAYS[1], "turn_count": 2},
            {"role": "Minister", "first_date": DAYS[3], "last_date": DAYS[3], "turn_count": 1},
        ],
        "source_ids": ["lessk", "vostra"],
        "languages": ["en"],
        "document_count": 3,
        "turn_count": 5,
        "word_count": 10,
        "first_date": DAYS[0],
        "last_date": DAYS[3],
    }
    assert [row["speaker_id"] for row in rows.to_pylist()] == ["ada-brook", "jan-orl"]


def test_full_names() -> None:
    assert [is_full(name) for name in ("Ada Brook", "A.Brook", "Brook", "A. B. Brook", "Ada B. Brook")] == [
        True, False, False, False, True,
    ]  # fmt: skip


def speakers(lake: Path) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(lake / "speakers" / "part-0.parquet").to_pylist()
    return rows


OTHER = page(2, "Spring talks").replace("Ada Brook", "Jan Orl").replace("2021", "2022")


def test_the_table_follows_the_lake(stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    stenolake("ingest", write(tmp_path, "a.txt", page(1) + page(2)), "--lake", lake)
    assert [(row["speaker_id"], row["turn_count"], row["document_count"]) for row in speakers(lake)] == [
        ("ada-brook", 2, 2)
    ]
    before = fingerprint(lake, "speakers", "turns")
    stenolake("ingest", tmp_path / "a.txt", "--lake", lake)
    assert fingerprint(lake, "speakers", "turns") == before, "the same input again changes no file"
    stenolake("ingest", write(tmp_path, "b.txt", OTHER), "--lake", lake)
    assert [row["speaker_id"] for row in speakers(lake)] == ["ada-brook", "jan-orl"]
    mended = write(tmp_path, "c.txt", OTHER.replace("Jan Orl", "Ada Brook"))
    stenolake("ingest", mended, "--lake", lake)
    assert [(row["speaker_id"], row["turn_count"]) for row in speakers(lake)] == [("ada-brook", 3)]
    assert stenolake("verify", "--lake", lake).code == 0
    count = stenolake("sql", "select turn_count from speakers", "--lake", lake, "--json")
    assert count.json["rows"] == [[3]]


def test_order_of_runs_and_inputs_decides_nothing(stenolake: Command, tmp_path: Path) -> None:
    one, two = write(tmp_path, "one.txt", page(1)), write(tmp_path, "two.txt", OTHER)
    stenolake("ingest", one, two, "--lake", tmp_path / "a")
    stenolake("ingest", two, "--lake", tmp_path / "b")
    stenolake("ingest", one, "--lake", tmp_path / "b")
    files = [(tmp_path / name / "speakers" / "part-0.parquet").read_bytes() for name in ("a", "b")]
    assert files[0] == files[1]


def test_a_lost_or_damaged_table_is_named_and_made_anew(stenolake: Command, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    stenolake("ingest", write(tmp_path, "a.txt", page(1)), "--lake", lake)
    before = fingerprint(lake, "speakers")
    found = {name: sha for name, (sha, _) in before.items()}
    for file in (lake / "speakers" / "part-0.parquet", lake / "_lineage" / "appearances" / "kremlin-2021.parquet"):
        file.write_bytes(file.read_bytes()[:-40] + b"x" * 40)
        damage = stenolake("verify", "--lake", lake, "--json")
        where = file.relative_to(lake).as_posix()
        assert damage.code == 6
        assert where in {item["where"] for item in damage.json["damage"]}
        file.unlink()
        assert stenolake("verify", "--lake", lake).code == 6
        assert stenolake("reprocess", "--lake", lake).code == 0
        assert stenolake("verify", "--lake", lake).code == 0
        assert {name: sha for name, (sha, _) in fingerprint(lake, "speakers").items()} == found


def test_readers_take_the_table_as_it_is(sample_lake: Path) -> None:
    folder = sample_lake / "speakers"
    stored = ds.dataset(folder).to_table()
    assert stored.schema.equals(SPEAKERS)
    ids = stored["speaker_id"].to_pylist()
    assert ids == sorted(ids)
    assert "harald-storr" in ids
    roles = stored.filter(ds.field("speaker_id") == "harald-storr")["roles"].to_pylist()[0]
    assert pd.read_parquet(folder)["speaker_id"].tolist() == ids
    assert pl.scan_parquet(folder).collect()["speaker_id"].to_list() == ids
    query = f"select unnest(roles).role from read_parquet('{folder}/*.parquet') where speaker_id = 'harald-storr'"
    assert [row[0] for row in duckdb.sql(query).fetchall()] == [role["role"] for role in roles]
    turns_ = ds.dataset(sample_lake / "turns", partitioning="hive").to_table(["speaker_id"])["speaker_id"]
    assert set(turns_.to_pylist()) - {None} == set(ids)


RUSSIAN = """События
О жатве
2 мая 2021 года
12:00
Лесск
Пётр Лунд: Добрый день, друзья.
Спасибо.
Статус материала
Опубликован в разделах: Новости, Стенограммы
Дата публикации: 2 мая 2021 года, 12:00
Текстовая версия"""


def test_two_editions_are_one_event_and_one_person(
    stenolake: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STENOLAKE_ALIASES", str(write(tmp_path, "people.toml", ALIASES)))
    editions = {"en.": page(1).replace("Ada Brook", "Petr Lund"), "": RUSSIAN}
    lines = [
        json.dumps({"url": f"http://{edition}kremlin.ru/events/president/news/7", "text": text})
        for edition, text in editions.items()
    ]
    lake = tmp_path / "lake"
    stenolake("ingest", write(tmp_path, "in.jsonl", "\n".join(lines)), "--lake", lake)
    documents = ds.dataset(lake / "documents").to_table(["event_id"])["event_id"].to_pylist()
    assert documents == ["kremlin-7", "kremlin-7"]
    row = speakers(lake)[0]
    assert (row["speaker_id"], row["name"], row["aliases"]) == ("petr-lund", "Petr Lund", ["Пётр Лунд"])
    found = Lake(lake).read("turns", Lake(lake).partitions()[0], ["speaker_id", "speaker_id_evidence"]).to_pylist()
    assert sorted(one["speaker_id_evidence"] for one in found) == ["alias", "printed"]
    used = stenolake("sql", "select json_extract_string(packages, 'aliases') from runs", "--lake", lake, "--json")
    assert used.json["rows"] == [[digest(str(tmp_path / "people.toml"))]]
