"""The tables as Prefect's assets: which a run wrote, out of what, with how many rows.

    file:///srv/lake/turns      out of file:///srv/lake/_raw

Prefect's open server keeps them as events (`prefect.asset.*`); the lineage itself stands in the lake.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from prefect.assets import Asset, AssetProperties

from storage.commit import Move
from storage.records import Output
from storage.schemas import PUBLISHED

# What Prefect allows in a key; a path may hold anything else.
_FOREIGN_RE = re.compile(r"[^\w./=:~-]", re.ASCII)
_KEY_CHARS = 512


def key_of(root: Path, name: str) -> str:
    """Key of a table of the lake, or of its raw store: where it stands, each character that keys may not have as `_`.

    >>> key_of(Path("/srv/my lake"), "turns")
    'file:///srv/my_lake/turns'
    """
    return f"file://{_FOREIGN_RE.sub('_', root.as_posix())[-(_KEY_CHARS - 40) :]}/{name}"


def tables_written(root: Path, moves: Sequence[Move]) -> dict[Asset, dict[str, object]]:
    """The tables that moves put files into, in their order, each with what was written: partitions, files, rows."""
    found: dict[str, list[Output]] = defaultdict(list)
    for move in moves:
        if move.output.table in PUBLISHED and not move.removes:
            found[move.output.table].append(move.output)
    return {
        _asset(root, table): {
            "partitions": sorted({output.partition for output in outputs} - {""}),
            "files": len(outputs),
            "rows": sum(output.rows for output in outputs),
            "bytes": sum(output.bytes for output in outputs),
        }
        for table, outputs in found.items()
    }


def _asset(root: Path, table: str) -> Asset:
    metadata = PUBLISHED[table].metadata or {}
    about = metadata.get(b"description", b"").decode()
    return Asset(key=key_of(root, table), properties=AssetProperties(name=table, description=about))
