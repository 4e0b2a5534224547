"""The lake: one Parquet file a table and partition, replaced whole by one atomic rename.

    <lake>/<table>/source=<slug>/year=<year>/part-0.parquet
    <lake>/_lineage/blocks/<slug>-<year>.parquet
    <lake>/speakers/part-0.parquet, and what it is folded from (`tasks/speakers.py`)

Below a table's folder stand final files only. Files are made in `_staging`, read back and synced here; `storage.commit`
renames them, `documents` last, so that a reader who starts from `documents` finds everything that it names.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from storage import schemas
from storage.commit import Move
from storage.errors import NoLakeError
from storage.files import list_names, sha256_file
from storage.merge import Merge, Strand, merge
from storage.parquet import read_rows, read_strand, write_groups
from storage.raw import RawStore
from storage.records import Output

# `blocks` lives under `_lineage` but is replaced with the tables: same partitions, same commit.
PARTITIONED: Mapping[str, pa.Schema] = {"blocks": schemas.BLOCKS, **schemas.TABLES}
SORT_KEYS: Mapping[str, tuple[str, ...]] = {"blocks": ("document_id", "block_index"), **schemas.SORT_KEYS}

_PARTITION_RE = re.compile(r"source=(?P<source>[a-z0-9-]+)/year=(?P<year>[0-9]{1,4})")  # others are none of ours


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """A partition of every table: a source and the year of `event_date`."""

    source: str
    year: int

    def __str__(self) -> str:
        return f"source={self.source}/year={self.year}"


@dataclass(frozen=True, slots=True)
class Known:
    """What the lake holds of a document."""

    partition: Partition
    content_sha256: str
    parser: str
    dump_sha256: str
    ingested_at: dt.datetime
    has_url: bool


@dataclass(frozen=True, slots=True)
class Lake:
    """A folder of tables, raw objects and lineage."""

    root: Path

    @classmethod
    def open(cls, root: Path) -> Lake:
        """The lake at a folder.

        Raises:
            NoLakeError: there is none.
        """
        if not (root / "_lineage").is_dir() and not (root / "_raw").is_dir():
            raise NoLakeError(
                f"no lake at {root}", "name one with --lake or STENOLAKE_LAKE, or make it: stenolake ingest"
            )
        return cls(root)

    @property
    def staging(self) -> Path:
        """Where files are made; on the file system of the tables, outside all of them."""
        return self.root / "_staging"

    @property
    def raw(self) -> RawStore:
        """The raw store of this lake."""
        return RawStore(self.root / "_raw", self.staging)

    def file(self, table: str, partition: Partition) -> Path:
        """The one file of a table's partition."""
        if table in ("blocks", "appearances"):
            return self.root / "_lineage" / table / f"{partition.source}-{partition.year}.parquet"
        return self.root / table / str(partition) / "part-0.parquet"

    @property
    def speakers(self) -> Path:
        """The one file of the table of speakers."""
        return self.root / "speakers" / "part-0.parquet"

    def partitions(self) -> list[Partition]:
        """The partitions that stand in `documents`, in order.

        Raises:
            StorageError: a folder cannot be listed, which must not look like an empty one.
        """
        found, documents = [], self.root / "documents"
        for source in list_names(documents):
            for year in list_names(documents / source) if source.startswith("source=") else ():
                named = _PARTITION_RE.fullmatch(f"{source}/{year}")
                if named and (documents / source / year / "part-0.parquet").exists():
                    found.append(Partition(named["source"], int(named["year"])))
        return sorted(found)

    def read(
        self, table: str, partition: Partition, columns: Sequence[str] | None = None, encoded: Collection[str] = ()
    ) -> pa.Table:
        """The rows of one partition of a table (none where there is no file), in the table's schema.

        Args:
            table: name of the table.
            partition: the partition.
            columns: what is read of it; all without.
            encoded: columns of strings that come as dictionaries.

        Raises:
            DamageError: the file is no Parquet of that schema any more.
        """
        path, schema = self.file(table, partition), PARTITIONED[table]
        for name in encoded:
            at = schema.get_field_index(name)
            schema = schema.set(at, schema.field(at).with_type(pa.dictionary(pa.int32(), pa.string())))
        return read_rows(path, schema, columns, encoded)

    def known_documents(self, sources: Iterable[str], ids: Collection[str]) -> dict[str, Known]:
        """What the lake holds of some documents of these sources: id -> what is known; those it lacks are left out."""
        wanted, known, some = set(sources), {}, pa.array(ids, pa.string())
        columns = ("document_id", "content_sha256", "parser", "dump_sha256", "ingested_at", "url")
        for partition in self.partitions():
            if partition.source in wanted:
                rows = self.read("documents", partition, list(columns))
                rows = rows.filter(pc.is_in(rows["document_id"], value_set=some))
                rows = rows.set_column(len(columns) - 1, "has_url", rows["url"].is_valid())
                for values in zip(*(column.to_pylist() for column in rows.columns), strict=True):
                    known[values[0]] = Known(partition, *values[1:])
        return known

    def stage(
        self,
        partition: Partition,
        added: Callable[[str], Sequence[Strand]],
        replaced: Sequence[str],
        folder: Path,
        threads: int = 1,
    ) -> list[Move]:
        """Make the new files of a partition: old rows, less those of the replaced documents, plus the added ones.

        Args:
            partition: the partition.
            added: the rows of a table that are added; asked for one table after the other.
            replaced: document ids whose old rows go.
            folder: a folder below `staging`.
            threads: tables that are made at a time; of each a row group or two are held in memory.

        Returns:
            One move for each table whose rows change, in the order of publication. A partition that loses all
            its documents gives outputs of 0 bytes.
        """
        gone = pa.array(sorted(replaced), pa.string())
        documents = self._merge("documents", partition, added("documents"), gone)
        is_emptied = documents is not None and not documents.rows

        def make(table: str) -> Move | None:
            if is_emptied and not self.file(table, partition).exists():
                return None
            again = table == "documents" or is_emptied
            rows = documents if again else self._merge(table, partition, added(table), gone)
            return None if rows is None else self._stage_file(table, partition, None if is_emptied else rows, folder)

        with ThreadPoolExecutor(threads) as pool:
            by_size = sorted(PARTITIONED, key=lambda table: self._size(table, partition), reverse=True)
            made = {table: pool.submit(make, table) for table in by_size}  # the longest first: they end together
            return [move for table in PARTITIONED if (move := made[table].result())]

    def _size(self, table: str, partition: Partition) -> int:
        path = self.file(table, partition)
        return path.stat().st_size if path.exists() else 0

    def _merge(self, table: str, partition: Partition, added: Sequence[Strand], gone: pa.Array) -> Merge | None:
        """The new rows of a table; None where they are the old ones."""
        path, schema, keys = self.file(table, partition), PARTITIONED[table], SORT_KEYS[table]
        old = read_strand(path, schema, keys)
        kept = old.without(gone)
        is_touched = kept.units.num_rows < old.units.num_rows or any(one.units.num_rows for one in added)
        if path.exists() and not is_touched:
            return None
        rows, before = merge([kept, *added], schema, keys), merge([old], schema, keys)
        if rows.rows == before.rows and path.exists() and all(map(pa.Table.equals, rows.groups(), before.groups())):
            return None
        return rows

    def _stage_file(self, table: str, partition: Partition, rows: Merge | None, folder: Path) -> Move:
        final = self.file(table, partition)
        relative = final.relative_to(self.root).as_posix()
        if rows is None:
            return Move("", Output(table, str(partition), relative, 0, 0, ""))
        staged = folder / f"{table}-{partition.source}-{partition.year}.parquet"
        write_groups(staged, PARTITIONED[table], rows, SORT_KEYS[table])
        output = Output(table, str(partition), relative, rows.rows, staged.stat().st_size, sha256_file(staged))
        return Move(staged.name, output)
