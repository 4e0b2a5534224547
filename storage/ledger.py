"""The ledger: what each run took in, what it wrote and what it found, as Parquet that is only ever added to.

    <lake>/_lineage/{inputs,versions,releases,outputs,runs}/<started>-<run id>….parquet
    <lake>/_lineage/openlineage/<started>-<run id>.ndjson
    <lake>/_quality/<started>-<run id>.parquet       verdicts by rule
    <lake>/_quarantine/<started>-<run id>.parquet    findings that hold documents back

`outputs` lists every file that the run wrote anywhere in the lake, raw objects and these ledger files too, with its
hash. The last two that are written, `outputs` and `runs`, carry their own hash in their name.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from storage import schemas
from storage.files import sha256_file, storing, write_bytes
from storage.lake import Lake
from storage.records import Output, Run

HASH_CHARS = 16  # of the hash in the names of `outputs` and `runs` files


def stem(run: Run) -> str:
    """Name of the files of a run: sorts by start, then by id."""
    return f"{run.started_at:%Y%m%dT%H%M%S}.{run.started_at.microsecond:06d}Z-{run.run_id}"


def record(lake: Lake, run: Run, events: bytes, folder: Path) -> None:
    """Write a run's ledger: what it says first, the list of files next, the run itself last."""
    _add(lake, run, "_lineage/inputs", _inputs(run), folder)
    _add(lake, run, "_lineage/versions", _versions(run), folder)
    _add(lake, run, "_lineage/releases", _releases(run), folder)
    _add(lake, run, "_quality", _verdicts(run), folder)
    _add(lake, run, "_quarantine", _findings(run), folder)
    path = lake.root / "_lineage" / "openlineage" / f"{stem(run)}.ndjson"
    write_bytes(folder, path, events)
    run.outputs.append(_output(lake, "_lineage/openlineage", path, events.count(b"\n")))
    _seal(lake, run, "outputs", _outputs(run), folder)
    _seal(lake, run, "runs", _runs(run), folder)


def read(lake: Lake, name: str, damaged: Collection[Path] = ()) -> pa.Table:
    """All rows of `runs`, `inputs`, `outputs`, `versions`, `releases`, `quarantine` or `verdicts`, oldest run first.

    Files in `damaged` are left out. A column that came to the schema after a file was written is null in its rows.
    """
    schema, folder = _PLACES[name]
    paths = [path for path in sorted((lake.root / folder).glob("*.parquet")) if path not in damaged]
    parts = [_conform(pq.read_table(path, partitioning=None), schema) for path in paths]
    return pa.concat_tables(parts) if parts else schema.empty_table()


def _conform(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    for field in schema:
        if field.nullable and field.name not in rows.column_names:
            rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    return rows.select(schema.names).cast(schema)


_PLACES: Mapping[str, tuple[pa.Schema, str]] = {
    "runs": (schemas.RUNS, "_lineage/runs"),
    "inputs": (schemas.INPUTS, "_lineage/inputs"),
    "outputs": (schemas.OUTPUTS, "_lineage/outputs"),
    "versions": (schemas.VERSIONS, "_lineage/versions"),
    "releases": (schemas.RELEASES, "_lineage/releases"),
    "quarantine": (schemas.QUARANTINE, "_quarantine"),
    "verdicts": (schemas.VERDICTS, "_quality"),
}


def standing_files(lake: Lake, damaged: Collection[Path] = ()) -> dict[str, Output]:
    """What should stand in the lake: path -> the last output that was listed for it; removed files are left out."""
    last: dict[str, Output] = {}
    for row in read(lake, "outputs", damaged).drop_columns(["run_id"]).to_pylist():
        last[row["path"]] = Output(**row)
    return {path: output for path, output in last.items() if output.bytes}


def is_sealed(path: Path) -> bool:
    """Whether an `outputs` or `runs` file still has the hash that its name says."""
    with storing(path):
        return path.stem.endswith("-" + sha256_file(path)[:HASH_CHARS])


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


def _add(lake: Lake, run: Run, place: str, rows: pa.Table, folder: Path) -> None:
    if not rows.num_rows:
        return
    path = lake.root / place / f"{stem(run)}.parquet"
    write_bytes(folder, path, _parquet(rows))
    run.outputs.append(_output(lake, place, path, rows.num_rows))


def _seal(lake: Lake, run: Run, name: str, rows: pa.Table, folder: Path) -> None:
    data = _parquet(rows)
    seal = hashlib.sha256(data).hexdigest()[:HASH_CHARS]
    write_bytes(folder, lake.root / "_lineage" / name / f"{stem(run)}-{seal}.parquet", data)


def _output(lake: Lake, table: str, path: Path, rows: int) -> Output:
    return Output(table, "", path.relative_to(lake.root).as_posix(), rows, path.stat().st_size, sha256_file(path))


def _parquet(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd", write_page_checksum=True)
    data: bytes = sink.getvalue().to_pybytes()
    return data


def _table(schema: pa.Schema, records: Iterable[object], **constant: object) -> pa.Table:
    rows = []
    for record_ in records:
        row = dataclasses.asdict(record_) | constant  # type: ignore[call-overload]
        rows.append({name: _plain(row[name]) for name in schema.names})
    return pa.Table.from_pylist(rows, schema)


def _plain(value: object) -> object:
    return json.dumps(value, sort_keys=True, ensure_ascii=False) if isinstance(value, dict) else value


def _inputs(run: Run) -> pa.Table:
    return _table(schemas.INPUTS, run.inputs, run_id=run.run_id)


def _versions(run: Run) -> pa.Table:
    return _table(schemas.VERSIONS, run.versions, run_id=run.run_id)


def _verdicts(run: Run) -> pa.Table:
    return _table(schemas.VERDICTS, run.verdicts, run_id=run.run_id)


def _findings(run: Run) -> pa.Table:
    return _table(schemas.QUARANTINE, run.findings, run_id=run.run_id, held_at=run.started_at)


def _releases(run: Run) -> pa.Table:
    return _table(schemas.RELEASES, run.releases, run_id=run.run_id, released_at=run.started_at)


def _outputs(run: Run) -> pa.Table:
    return _table(schemas.OUTPUTS, run.outputs, run_id=run.run_id)


def _runs(run: Run) -> pa.Table:
    row = {name: _plain(getattr(run, name)) for name in schemas.RUNS.names}
    return pa.Table.from_pylist([row], schemas.RUNS)
