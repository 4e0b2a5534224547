"""Checkpoints of the ledger: what the first of its files say, once more, in one file a table.

    <lake>/_lineage/checkpoints/<table>.parquet

A run reads what all runs before it noted, each in files of its own: a schedule makes thousands of them in a year. A
checkpoint repeats the rows of the oldest, so that a run reads one file and the few that came after. It adds nothing: it
tells by a hash of their names which files it repeats. Where the folder does not begin with these, or the checkpoint is
damaged, the files are read as if there were none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

_REPEATS = b"stenolake.repeats"  # in the metadata: how many files, and the hash of their names


def count(path: Path, names: Sequence[str]) -> int:
    """How many of the first files the checkpoint repeats; 0 where it does not say or is not there.

    Args:
        path: the checkpoint.
        names: the files of the folder, in order.
    """
    return read(path, names, [], None)[1]


def read(
    path: Path, names: Sequence[str], columns: Sequence[str], wanted: pc.Expression | None
) -> tuple[pa.Table | None, int]:
    """The rows that the checkpoint repeats, and of how many of the first files; None and 0 where it is of no use.

    Args:
        path: the checkpoint.
        names: the files of the folder, in order.
        columns: what is read, as far as it is there.
        wanted: which rows.
    """
    try:
        # opened once: a run may put another one, of more files, into its place
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            told = file.schema_arrow.metadata[_REPEATS].decode()
            number = int(told.partition(" ")[0])
            if told != _describe(names[:number]):
                return None, 0
            rows = file.read(columns)
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError):
        return None, 0
    return rows if wanted is None else rows.filter(wanted), number


def to_table(rows: pa.Table, names: Sequence[str]) -> pa.Table:
    """The rows of all these files, marked as their repetition."""
    return rows.replace_schema_metadata({**(rows.schema.metadata or {}), _REPEATS: _describe(names).encode()})


def _describe(names: Sequence[str]) -> str:
    return f"{len(names)} {hashlib.sha256('/'.join(names).encode()).hexdigest()}"
