"""The lake: one Parquet file a table and partition, replaced whole by one atomic rename.

    <lake>/<table>/source=<slug>/year=<year>/part-0.parquet
    <lake>/_lineage/blocks/<slug>-<year>.parquet
    <lake>/speakers/part-0.parquet, and what it is folded from (`tasks/speakers.py`)

Below a table's folder stand final files only. Files are made in `_staging`, read back and synced here; `storage.commit`
renames them, `documents` last, so that a reader who starts from `documents` finds everything that it names.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from storage import schemas
from storage.commit import Move
from storage.errors import DamageError, NoLakeError, StorageError
from storage.failpoint import reach
from storage.files import make_folder, sha256_file, storing, sync_file
from storage.order import sort_groups
from storage.raw import RawStore
from storage.records import Output

ROW_GROUP_ROWS = 65_536  # a reader prunes by row group; DuckDB works on 122,880 and below in parallel

# `blocks` lives under `_lineage` but is replaced with the tables: same partitions, same commit.
PARTITIONED: Mapping[str, pa.Schema] = {"blocks": schemas.BLOCKS, **schemas.TABLES}
SORT_KEYS: Mapping[str, tuple[str, ...]] = {"blocks": ("document_id", "block_index"), **schemas.SORT_KEYS}

_LOW_CARDINALITY = frozenset(
    "source_id language kind event_date place speaker_label speaker_name speaker_role speaker_kind speaker_id facet"
    " value relation parser run_id rendition_sha256 dump_sha256 document_id turn_id ingested_at table".split()
)
_BLOOM_FILTERED = frozenset({"document_id", "turn_id", "paragraph_id", "row_id"})


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
        """The partitions that stand in `documents`, in order."""
        found = []
        for path in (self.root / "documents").glob("source=*/year=*/part-0.parquet"):
            source, year = path.parent.parent.name, path.parent.name
            found.append(Partition(source.removeprefix("source="), int(year.removeprefix("year="))))
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
        return self.read_file(path, schema, columns, encoded)

    def read_file(
        self, path: Path, schema: pa.Schema, columns: Sequence[str] | None = None, encoded: Collection[str] = ()
    ) -> pa.Table:
        """The rows of one file of a table (none where there is no file), in the table's schema.

        Raises:
            DamageError: the file is no Parquet of that schema any more.
        """
        wanted = pa.schema([schema.field(name) for name in columns]) if columns else schema
        if not path.exists():
            return wanted.empty_table()
        try:
            with pq.ParquetFile(path, read_dictionary=list(encoded)) as file:
                rows = file.read(columns and list(columns)).select(wanted.names)
            return rows.cast(wanted) if rows.schema.types != wanted.types else pa.table(rows.columns, schema=wanted)
        except (pa.ArrowException, OSError, ValueError, KeyError) as error:
            raise DamageError(f"cannot be read: {path}: {error}", "restore it from a copy of the lake") from error

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
        added: Callable[[str], pa.Table],
        replaced: Sequence[str],
        folder: Path,
        threads: int = 1,
    ) -> list[Move]:
        """Make the new files of a partition: old rows, less those of the replaced documents, plus the added ones.

        Args:
            partition: the partition.
            added: the rows of a table that are added, in its schema; asked for one table after the other.
            replaced: document ids whose old rows go.
            folder: a folder below `staging`.
            threads: tables that are made at a time; each is held in memory.

        Returns:
            One move for each table whose rows change, in the order of publication. A partition that loses all
            its documents gives outputs of 0 bytes.
        """
        gone = pa.array(sorted(replaced), pa.string())

        documents = self._merge("documents", partition, added, gone)  # first: it tells whether anything is left
        is_emptied = documents is not None and not documents.num_rows

        def make(table: str) -> Move | None:
            if is_emptied and not self.file(table, partition).exists():
                return None
            rows = documents if table == "documents" or is_emptied else self._merge(table, partition, added, gone)
            return None if rows is None else self._stage_file(table, partition, None if is_emptied else rows, folder)

        with ThreadPoolExecutor(threads) as pool:
            return [move for move in pool.map(make, PARTITIONED) if move]

    def _merge(
        self, table: str, partition: Partition, added: Callable[[str], pa.Table], gone: pa.Array
    ) -> pa.Table | None:
        """The new rows of a table, in no order yet; None where they are the old ones."""
        old, schema = self.read(table, partition), PARTITIONED[table]
        kept = old.filter(pc.invert(pc.is_in(old["document_id"], gone))) if len(gone) else old
        rows = pa.concat_tables([kept.cast(schema), added(table).cast(schema)]).combine_chunks()
        if rows.num_rows == old.num_rows and self.file(table, partition).exists():
            groups = enumerate(sort_groups(rows, SORT_KEYS[table], ROW_GROUP_ROWS))
            if all(group.equals(old.slice(at * ROW_GROUP_ROWS, ROW_GROUP_ROWS)) for at, group in groups):
                return None
        return rows

    def _stage_file(self, table: str, partition: Partition, rows: pa.Table | None, folder: Path) -> Move:
        final = self.file(table, partition)
        relative = final.relative_to(self.root).as_posix()
        if rows is None:
            return Move("", Output(table, str(partition), relative, 0, 0, ""))
        staged = folder / f"{table}-{partition.source}-{partition.year}.parquet"
        keys = SORT_KEYS[table]
        _write_groups(staged, rows, keys, lambda: sort_groups(rows, keys, ROW_GROUP_ROWS))
        output = Output(table, str(partition), relative, rows.num_rows, staged.stat().st_size, sha256_file(staged))
        return Move(staged.name, output)


def write_table(path: Path, rows: pa.Table, sort_keys: Sequence[str]) -> None:
    """Write one Parquet file of rows that are in order, sync it, and read it back.

    Raises:
        StorageError: writing failed, or what was read back is not what was written.
    """
    starts = range(0, max(1, rows.num_rows), ROW_GROUP_ROWS)
    _write_groups(path, rows, sort_keys, lambda: (rows.slice(start, ROW_GROUP_ROWS) for start in starts))


def _write_groups(
    path: Path, rows: pa.Table, sort_keys: Sequence[str], groups: Callable[[], Iterator[pa.Table]]
) -> None:
    """Write row groups, made one at a time, of as many rows in all; sync them, and read them back.

    The same rows give the same bytes: nothing of the run, the clock or the machine goes into the file.
    """
    columns = set(rows.column_names)
    bloom = {name: {"ndv": max(rows.num_rows, 1), "fpp": 0.01} for name in sorted(_BLOOM_FILTERED & columns)}
    with storing(path):
        make_folder(path.parent)
        with (
            path.open("wb") as sink,
            pq.ParquetWriter(
                sink,
                rows.schema,
                compression="zstd",
                compression_level=3,
                use_dictionary=sorted(_LOW_CARDINALITY & columns),
                write_page_index=True,
                write_page_checksum=True,
                sorting_columns=pq.SortingColumn.from_ordering(rows.schema, [(key, "ascending") for key in sort_keys]),
                bloom_filter_options=bloom if rows.num_rows else None,
            ) as writer,
        ):
            for group in groups():
                writer.write_table(group, ROW_GROUP_ROWS)
        reach("table.made")
        sync_file(path)
        reach("table.synced")
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            back = (file.read_row_group(number) for number in range(file.num_row_groups))
            # Parquet knows no time of whole seconds: time32[s] comes back as [ms]
            is_same = file.metadata.num_rows == rows.num_rows and all(
                read.cast(rows.schema).equals(group) for read, group in zip(back, groups(), strict=False)
            )
    if not is_same:
        raise StorageError(f"what was read back is not what was written: {path}", "check the disk and run again")
    reach("table.read_back")
