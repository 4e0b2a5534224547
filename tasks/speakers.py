"""The table of speakers: one row a person, folded from what each partition says of the persons who speak in it.

    <lake>/_lineage/appearances/<slug>-<year>.parquet    a row a person and partition, made of the partition's turns
    <lake>/speakers/part-0.parquet                       a row a person, made of all appearances

Both are staged with the tables and put into place by the same commit: appearances by the worker that makes a partition,
the table from those of all partitions.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from storage.commit import Move
from storage.files import sha256_file, storing
from storage.lake import Lake, Partition
from storage.parquet import read_rows, write_table
from storage.people_schemas import APPEARANCES, SPEAKERS
from storage.records import Output
from tasks.people import is_full

_COLUMNS = ["speaker_id", "speaker_name", "speaker_role", "document_id", "language", "word_count", "event_date"]
_KEY = ("speaker_id",)


def read_turns(lake: Lake, partition: Partition) -> pa.Table:
    """What of the turns of a partition bears on its speakers."""
    return lake.read("turns", partition, _COLUMNS)


def find_appearances(turns: pa.Table, source: str) -> pa.Table:
    """The persons of a partition, in the `appearances` schema, by id; from turns in any order."""
    spoken = turns.select(_COLUMNS).filter(pc.is_valid(turns["speaker_id"]))
    of = spoken.group_by("speaker_id").aggregate(
        [
            ("language", "distinct"),
            ("document_id", "count_distinct"),
            ("document_id", "count"),
            ("word_count", "sum"),
            ("event_date", "min"),
            ("event_date", "max"),
        ]
    )
    names, roles = defaultdict[str, list[Any]](list), defaultdict[str, list[Any]](list)
    for row in _grouped(spoken, "speaker_name"):
        names[row["speaker_id"]].append({"name": row["speaker_name"], "turn_count": row["event_date_count"]})
    for row in _grouped(spoken, "speaker_role"):
        roles[row["speaker_id"]].append(
            {
                "role": row["speaker_role"],
                "first_date": row["event_date_min"],
                "last_date": row["event_date_max"],
                "turn_count": row["event_date_count"],
            }
        )
    rows = [
        {
            "speaker_id": row["speaker_id"],
            "names": sorted(names[row["speaker_id"]], key=lambda one: one["name"]),
            "roles": sorted(roles[row["speaker_id"]], key=_role_order),
            "source_ids": [source],
            "languages": sorted(row["language_distinct"]),
            "document_count": row["document_id_count_distinct"],
            "turn_count": row["document_id_count"],
            "word_count": row["word_count_sum"],
            "first_date": row["event_date_min"],
            "last_date": row["event_date_max"],
        }
        for row in sorted(of.to_pylist(), key=lambda row: row["speaker_id"])
    ]
    return pa.Table.from_pylist(rows, APPEARANCES)


def _grouped(spoken: pa.Table, column: str) -> list[dict[str, Any]]:
    told = spoken.filter(pc.is_valid(spoken[column])).group_by(["speaker_id", column])
    rows: list[dict[str, Any]] = told.aggregate(
        [("event_date", "min"), ("event_date", "max"), ("event_date", "count")]
    ).to_pylist()
    return rows


def _role_order(role: Mapping[str, Any]) -> tuple[dt.date, dt.date, str]:
    return role["first_date"], role["last_date"], role["role"]


@dataclass(slots=True)
class _Person:
    """What is summed up of a person over partitions."""

    names: Counter[str] = field(default_factory=Counter)
    roles: dict[str, dict[str, Any]] = field(default_factory=dict)
    source_ids: set[str] = field(default_factory=set)
    languages: set[str] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    dates: set[dt.date] = field(default_factory=set)

    def add(self, row: Mapping[str, Any]) -> None:
        for name in row["names"]:
            self.names[name["name"]] += name["turn_count"]
        for role in row["roles"]:
            known = self.roles.setdefault(role["role"], dict(role, turn_count=0))
            known["first_date"] = min(known["first_date"], role["first_date"])
            known["last_date"] = max(known["last_date"], role["last_date"])
            known["turn_count"] += role["turn_count"]
        self.source_ids.update(row["source_ids"])
        self.languages.update(row["languages"])
        self.counts.update({name: row[name] for name in ("document_count", "turn_count", "word_count")})
        self.dates |= {row["first_date"], row["last_date"]}


def fold_speakers(appearances: Iterable[pa.Table]) -> pa.Table:
    """The persons of all partitions, in the `speakers` schema, by id; the order of partitions decides nothing."""
    people: dict[str, _Person] = defaultdict(_Person)
    for table in appearances:
        for row in table.to_pylist():
            people[row["speaker_id"]].add(row)
    rows = []
    for speaker_id, person in sorted(people.items()):
        names = sorted(person.names, key=lambda name: (-person.names[name], name))
        name = next(filter(is_full, names), names[0] if names else speaker_id)
        rows.append(
            {
                "speaker_id": speaker_id,
                "name": name,
                "aliases": [other for other in names if other != name],
                "roles": sorted(person.roles.values(), key=_role_order),
                "source_ids": sorted(person.source_ids),
                "languages": sorted(person.languages),
                **person.counts,
                "first_date": min(person.dates),
                "last_date": max(person.dates),
            }
        )
    return pa.Table.from_pylist(rows, SPEAKERS)


def stage_appearances(lake: Lake, partition: Partition, moves: Sequence[Move], folder: Path) -> list[Move]:
    """Make the appearances of one partition in the staging folder.

    Args:
        lake: the lake.
        partition: the partition.
        moves: the moves of its tables, if it changes.
        folder: where the files of those wait.

    Returns:
        A move where they change, or are not there yet.
    """
    final = lake.file("appearances", partition)
    turns = next((move for move in moves if move.output.table == "turns"), None)
    if turns is None and final.exists():
        return []
    if turns and not turns.staged:
        gone = Move("", Output("appearances", str(partition), _relative(lake, final), 0, 0, ""))
        return [gone] if final.exists() else []
    if turns:
        with storing(folder):
            rows = pq.read_table(folder / turns.staged, columns=_COLUMNS, partitioning=None)
    else:
        rows = read_turns(lake, partition)
    return _stage(lake, "appearances", str(partition), final, find_appearances(rows, partition.source), folder)


def stage_speakers(lake: Lake, partitions: Sequence[Partition], moves: Sequence[Move], folder: Path) -> list[Move]:
    """Make the table of speakers in the staging folder.

    Args:
        lake: the lake.
        partitions: those that the run changes.
        moves: the moves of their tables and appearances.
        folder: where the files of those wait.

    Returns:
        A move for each file that changes. What a lake lacks of these files, it gets.
    """
    told = [move for move in moves if move.output.table == "appearances"]
    made, found = list[Move](), list[pa.Table]()
    for partition in sorted({*lake.partitions(), *partitions}):
        final = lake.file("appearances", partition)
        own = [move for move in told if move.output.path == _relative(lake, final)]
        if not own and not final.exists() and partition not in partitions:
            own = stage_appearances(lake, partition, [], folder)
            made += own
        if own and own[0].staged:
            found.append(read_rows(folder / own[0].staged, APPEARANCES))
        elif not own and final.exists():
            found.append(read_rows(final, APPEARANCES))
    if not (partitions or made) and (lake.speakers.exists() or not found):
        return []
    return [*made, *_stage(lake, "speakers", "", lake.speakers, fold_speakers(found), folder)]


def _stage(lake: Lake, table: str, partition: str, final: Path, rows: pa.Table, folder: Path) -> list[Move]:
    staged = folder / f"{table}-{final.name}"
    write_table(staged, rows, _KEY)
    sha256 = sha256_file(staged)
    if final.exists() and sha256_file(final) == sha256:
        return []
    size = staged.stat().st_size
    return [Move(staged.name, Output(table, partition, _relative(lake, final), rows.num_rows, size, sha256))]


def _relative(lake: Lake, path: Path) -> str:
    return path.relative_to(lake.root).as_posix()
