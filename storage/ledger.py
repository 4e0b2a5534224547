"""The ledger: what each run took in, what it wrote and what it found, as Parquet that is only ever added to.

    <lake>/_lineage/<table>/<held>-<run id>….parquet    inputs, versions, sightings, readings, releases, fetches,
                                                           coverage, outputs, runs
    <lake>/_lineage/openlineage/<held>-<run id>.ndjson
    <lake>/_lineage/checkpoints/<table>-<hash>.parquet   the first files of a table once more (`storage/checkpoint.py`)
    <lake>/_quality/<held>-<run id>.parquet       verdicts by rule
    <lake>/_quarantine/<held>-<run id>.parquet    findings that hold documents back

`outputs` lists every file that the run wrote anywhere in the lake, raw objects and these ledger files too, with its
hash. The last two that are written, `outputs` and `runs`, carry their own hash in their name.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from storage import checkpoint
from storage import ledger_schemas as schemas
from storage.commit import Move
from storage.errors import DamageError
from storage.failpoint import reach
from storage.files import list_names, seal, storing, write_synced
from storage.lake import Lake
from storage.parquet import reading
from storage.records import Output, Run

LOOSE_FILES = 32  # of a table, behind what its checkpoint repeats: each costs a run 0.3 ms whenever it reads the table
_CHECKPOINTS = "_lineage/checkpoints"
_UNREPEATED = frozenset({"outputs", "verdicts"})  # which no ingest and no fetch reads


def stem(run: Run) -> str:
    """Name of the files of a run: sorts by the time at which it took the lake, then by id."""
    at = run.held_at or run.started_at
    return f"{at:%Y%m%dT%H%M%S}.{at.microsecond:06d}Z-{run.run_id}"


def stage(lake: Lake, run: Run, events: bytes, folder: Path) -> list[Move]:
    """Make a run's ledger files in its staging folder, where they wait for the commit; and checkpoints that are due.

    Returns:
        Their moves: what the run says first, the list of files next, the run itself last.

    Raises:
        StorageError: writing failed.
    """
    name = stem(run)
    parts = {
        "_lineage/inputs": _inputs(run), "_lineage/versions": _versions(run),
        "_lineage/sightings": _sightings(run), "_lineage/readings": _readings(run), "_lineage/releases": _releases(run),
        "_lineage/fetches": _fetches(run), "_lineage/coverage": _coverage(run),
        "_quality": _verdicts(run), "_quarantine": _findings(run),
    }  # fmt: skip
    moves = [
        _stage_file(folder, place, f"{name}.parquet", _parquet(rows), rows.num_rows)
        for place, rows in parts.items()
        if rows.num_rows
    ]
    lines = events.count(b"\n")
    moves.append(_stage_file(folder, "_lineage/openlineage", f"{name}.ndjson", events, lines))
    moves += _stage_checkpoints(lake, folder)
    outputs = _outputs(run.run_id, [*run.outputs, *(move.output for move in moves)])
    for place, rows in (("outputs", outputs), ("runs", _runs(run))):
        data = _parquet(rows)
        moves.append(_stage_file(folder, f"_lineage/{place}", f"{name}-{seal(data)}.parquet", data, rows.num_rows))
    reach("ledger.made")
    return moves


def _stage_checkpoints(lake: Lake, folder: Path) -> list[Move]:
    moves = []
    for table in sorted(TABLES.keys() - _UNREPEATED):
        names, place = _names(lake, table), lake.root / _CHECKPOINTS
        if len(names) - checkpoint.count(place, table, names) >= LOOSE_FILES:
            try:
                rows = checkpoint.to_table(read(lake, table), names)
            except DamageError:  # who needs the file will say so
                continue
            data = _parquet(rows)
            new = _stage_file(folder, _CHECKPOINTS, checkpoint.name_of(table, data), data, rows.num_rows)
            moves.append(new)
            for old in checkpoint.find(place, table):
                if (path := f"{_CHECKPOINTS}/{old.name}") != new.output.path:
                    moves.append(Move("", Output(_CHECKPOINTS, "", path, 0, 0, "")))
    return moves


def _names(lake: Lake, name: str) -> list[str]:
    """The files of a ledger table, run by run as they held the lake; raises StorageError where it cannot be listed."""
    return [file for file in list_names(lake.root / TABLES[name][1]) if file.endswith(".parquet")]


def read(
    lake: Lake,
    name: str,
    damaged: Collection[Path] = (),
    *,
    columns: Sequence[str] | None = None,
    wanted: pc.Expression | None = None,
) -> pa.Table:
    """All rows of a ledger table, run by run as they held the lake.

    Args:
        lake: the lake.
        name: one of `TABLES`.
        damaged: files that are left out.
        columns: what is read, among it what `wanted` asks for; all without. A column that came to the schema after a
            file was written is null in its rows.
        wanted: which rows; all without.

    Raises:
        DamageError: a file cannot be read.
    """
    schema, place = TABLES[name]
    schema = pa.schema([schema.field(column) for column in columns], schema.metadata) if columns else schema
    folder = lake.root / place
    names = [file for file in _names(lake, name) if folder / file not in damaged]
    repeated, number = checkpoint.read(lake.root / _CHECKPOINTS, name, names, schema.names)
    rows = _read_files(folder, names[number:], schema)
    if repeated is not None:
        rows = pa.concat_tables([_conform(repeated, schema), rows])
    return rows if wanted is None else rows.filter(wanted)


def read_run(lake: Lake, name: str, run_id: str) -> pa.Table:
    """The rows of a ledger table that one run noted, from the file that it left."""
    schema, place = TABLES[name]
    own = [file for file in _names(lake, name) if f"Z-{run_id}" in file]
    return _read_files(lake.root / place, own, schema).filter(pc.field("run_id") == run_id)


def newest_first(lake: Lake, name: str) -> Iterator[pa.Table]:
    """The rows of a ledger table that each run noted, the newest run first; read as they are asked for."""
    schema, place = TABLES[name]
    for file in reversed(_names(lake, name)):
        yield _read_files(lake.root / place, [file], schema)


def _read_files(folder: Path, names: Sequence[str], schema: pa.Schema) -> pa.Table:
    rows = [schema.empty_table()]
    for name in names:
        with reading(folder / name), pq.ParquetFile(folder / name, page_checksum_verification=True) as file:
            rows.append(_conform(file.read(schema.names, use_threads=False), schema))
    return pa.concat_tables(rows)


def _conform(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    if rows.schema.equals(schema):
        return rows.replace_schema_metadata(schema.metadata)
    for field in schema:
        if field.nullable and field.name not in rows.column_names:
            rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    return rows.select(schema.names).cast(schema)


TABLES: Mapping[str, tuple[pa.Schema, str]] = {
    "runs": (schemas.RUNS, "_lineage/runs"),
    "inputs": (schemas.INPUTS, "_lineage/inputs"),
    "outputs": (schemas.OUTPUTS, "_lineage/outputs"),
    "versions": (schemas.VERSIONS, "_lineage/versions"),
    "sightings": (schemas.SIGHTINGS, "_lineage/sightings"),
    "readings": (schemas.READINGS, "_lineage/readings"),
    "releases": (schemas.RELEASES, "_lineage/releases"),
    "fetches": (schemas.FETCHES, "_lineage/fetches"),
    "coverage": (schemas.COVERAGE, "_lineage/coverage"),
    "quarantine": (schemas.QUARANTINE, "_quarantine"),
    "verdicts": (schemas.VERDICTS, "_quality"),
}


def recent_runs(lake: Lake, count: int) -> dict[str, Path]:
    """Ids of the newest runs, and their ledger files."""
    paths = [lake.root / "_lineage" / "runs" / name for name in _names(lake, "runs")[-count:]]
    return {path.stem.partition("Z-")[2].rpartition("-")[0]: path for path in paths}


def ingested_dumps(lake: Lake) -> frozenset[str]:
    """SHA-256 of every dump, and every container of dumps, that a run took in and brought to its end."""
    ended = pc.field("status").isin(["completed", "completed_with_quarantine"])
    runs = read(lake, "runs", columns=["run_id", "status"], wanted=ended)["run_id"].combine_chunks()
    of_these = pc.is_in(pc.field("run_id"), value_set=runs)
    inputs = read(lake, "inputs", columns=["run_id", "dump_sha256"], wanted=of_these)
    return frozenset(inputs["dump_sha256"].to_pylist())


def days_of_runs(lake: Lake) -> dict[str, dt.date]:
    """The day, in UTC, on which each run started."""
    rows = read(lake, "runs", columns=["run_id", "started_at"])
    return {run_id: at.date() for run_id, at in zip(*(column.to_pylist() for column in rows.columns), strict=True)}


def read_end(path: Path) -> tuple[str, dt.datetime]:
    """How and when a run ended, from its ledger file."""
    (row,) = pq.read_table(path, columns=["status", "ended_at"], partitioning=None).to_pylist()
    return row["status"], row["ended_at"]


def standing_files(lake: Lake, damaged: Collection[Path] = ()) -> dict[str, Output]:
    """What should stand in the lake: path -> the last output that was listed for it; removed files are left out."""
    last: dict[str, Output] = {}
    for row in read(lake, "outputs", damaged).drop_columns(["run_id"]).to_pylist():
        last[row["path"]] = Output(**row)
    return {path: output for path, output in last.items() if output.bytes}


def kept_ids(lake: Lake) -> dict[str, str]:
    """Ids that corrected dates and titles give -> ids that these documents are kept under."""
    own = read(lake, "versions", columns=["own_id", "document_id"], wanted=pc.field("own_id").is_valid())
    return dict(zip(*(column.to_pylist() for column in own.columns), strict=True))


def withdrawn(lake: Lake) -> dict[str, dt.datetime]:
    """Documents that their source has removed: id -> when that was seen. One that came back since is not among them."""
    rows = read(lake, "versions", columns=["document_id", "seen_at", "change"])
    gone = rows.filter(pc.equal(rows["change"], "withdrawn"))
    if not gone.num_rows:
        return {}
    own = rows.filter(pc.is_in(rows["document_id"], gone["document_id"].combine_chunks()))
    last: dict[str, tuple[dt.datetime, str]] = {}
    for document, seen_at, change in zip(*(column.to_pylist() for column in own.columns), strict=True):
        last[document] = max(last.get(document, (seen_at, change)), (seen_at, change))
    return {document: seen_at for document, (seen_at, change) in sorted(last.items()) if change == "withdrawn"}


def is_sealed(path: Path) -> bool:
    """Whether an `outputs` or `runs` file still has the hash that its name says."""
    with storing(path):
        return path.stem.endswith("-" + seal(path.read_bytes()))


def open_findings(lake: Lake) -> list[dict[str, Any]]:
    """Findings that still hold something back, oldest first: no release as late or later names them.

    One row a quarantine id and rule: the last one where it was found again after a release.
    """
    held = {_key(row): row for row in read(lake, "quarantine").to_pylist()}
    released = {_key(row): row["released_at"] for row in read(lake, "releases").to_pylist()}
    return [row for key, row in held.items() if key not in released or released[key] < row["held_at"]]


def _key(row: Mapping[str, str]) -> tuple[str, str]:
    return row["quarantine_id"], row["rule_id"]


def accepted_findings(lake: Lake) -> frozenset[tuple[str, str]]:
    """Pairs of quarantine id and rule id that a person vouched for."""
    rows = read(lake, "releases").to_pylist()
    return frozenset(_key(row) for row in rows if row["way"] == "accept")


def _stage_file(folder: Path, place: str, name: str, data: bytes, rows: int) -> Move:
    staged = folder / f"{place.replace('/', '.')}-{name}"
    write_synced(staged, data)
    return Move(staged.name, Output(place, "", f"{place}/{name}", rows, len(data), hashlib.sha256(data).hexdigest()))


def _parquet(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd", write_page_checksum=True)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _table(schema: pa.Schema, records: Iterable[object], **constant: object) -> pa.Table:
    records = list(records)
    columns = {
        name: [constant[name]] * len(records)
        if name in constant
        else [_plain(getattr(record_, name)) for record_ in records]
        for name in schema.names
    }
    return pa.Table.from_pydict(columns, schema)


def _plain(value: object) -> object:
    return json.dumps(value, sort_keys=True, ensure_ascii=False) if isinstance(value, dict) else value


def _inputs(run: Run) -> pa.Table:
    return _table(schemas.INPUTS, run.inputs, run_id=run.run_id)


def _versions(run: Run) -> pa.Table:
    return _table(schemas.VERSIONS, run.versions, run_id=run.run_id)


def _sightings(run: Run) -> pa.Table:
    return _table(schemas.SIGHTINGS, run.sightings, run_id=run.run_id)


def _readings(run: Run) -> pa.Table:
    """Documents are many: they come as tables, not as records."""
    at = schemas.READINGS.get_field_index("run_id")
    parts = [
        rows.add_column(at, schemas.READINGS.field(at), pa.repeat(pa.scalar(run.run_id), rows.num_rows))
        for rows in run.readings
    ]
    return pa.concat_tables([schemas.READINGS.empty_table(), *parts])


def _verdicts(run: Run) -> pa.Table:
    return _table(schemas.VERDICTS, run.verdicts, run_id=run.run_id)


def _findings(run: Run) -> pa.Table:
    return _table(schemas.QUARANTINE, run.findings, run_id=run.run_id, held_at=run.held_at or run.started_at)


def _releases(run: Run) -> pa.Table:
    return _table(schemas.RELEASES, run.releases, run_id=run.run_id, released_at=run.held_at or run.started_at)


def _fetches(run: Run) -> pa.Table:
    return _table(schemas.FETCHES, run.fetches, run_id=run.run_id)


def _coverage(run: Run) -> pa.Table:
    return _table(schemas.COVERAGE, run.coverage, run_id=run.run_id)


def _outputs(run_id: str, outputs: Iterable[Output]) -> pa.Table:
    return _table(schemas.OUTPUTS, outputs, run_id=run_id)


def _runs(run: Run) -> pa.Table:
    row = {name: _plain(getattr(run, name)) for name in schemas.RUNS.names}
    return pa.Table.from_pylist([row], schemas.RUNS)
