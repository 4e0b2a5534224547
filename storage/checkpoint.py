"""Checkpoints of the ledger: what the first of its files say, once more, in one file a table.

    <lake>/_lineage/checkpoints/<table>-<hash>.parquet

A run reads what all runs before it noted, each in files of its own: a schedule makes thousands of them in a year. A
checkpoint repeats the rows of the oldest, so that a run reads one file and the few that came after. It adds nothing: it
tells by a hash of their names which files it repeats, and has that of its own bytes in its name. Where the folder does
not begin with these files, or the checkpoint is damaged, they are read as if there were none.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from storage.files import seal

_REPEATS = b"stenolake.repeats"  # in the metadata: how many files, and the hash of their names


def find(folder: Path, table: str) -> list[Path]:
    """The checkpoints of a table: one, or while a run puts another one into its place, two or none.

    Those of an earlier release have no hash in their name: none is read, and the next that is made replaces it.
    """
    return sorted(folder.glob(f"{table}*.parquet"))


def count(folder: Path, table: str, names: Sequence[str]) -> int:
    """How many of the first files the checkpoint of a table repeats; 0 where it does not say or is not there."""
    return read(folder, table, names, [])[1]


def read(folder: Path, table: str, names: Sequence[str], columns: Sequence[str]) -> tuple[pa.Table | None, int]:
    """The rows that the checkpoint repeats, and of how many of the first files; None and 0 where it is of no use.

    Args:
        folder: where checkpoints stand.
        table: the table.
        names: its files, in order.
        columns: what is read, as far as it is there.
    """
    for path in find(folder, table):
        # Read whole and before anything else: no checksum of Parquet's covers its own footer.
        with contextlib.suppress(OSError, pa.ArrowException, KeyError, ValueError):
            data = path.read_bytes()
            if path.name != name_of(table, data):
                continue
            with pq.ParquetFile(pa.BufferReader(data)) as file:
                told = file.schema_arrow.metadata[_REPEATS].decode()
                number = int(told.partition(" ")[0])
                if told == _describe(names[:number]):
                    return file.read(columns), number
    return None, 0


def name_of(table: str, data: bytes) -> str:
    """The name of the checkpoint of these bytes, which holds their hash."""
    return f"{table}-{seal(data)}.parquet"


def to_table(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    """The rows of all these files, marked as their repetition."""
    return rows.replace_schema_metadata({**(rows.schema.metadata or {}), _REPEATS: _describe(names).encode()})


def _describe(names: Sequence[str]) -> str:
    return f"{len(names)} {hashlib.sha256('/'.join(names).encode()).hexdigest()}"
