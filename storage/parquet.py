"""Parquet files of tables: read as rows or as a strand, and written group by group, synced, and read back."""

from __future__ import annotations

import contextlib
import errno
import functools
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from storage.digest import digest_rows
from storage.errors import DamageError, StorageError
from storage.failpoint import reach
from storage.files import DISK_ERRORS, make_folder, storing, sync_file
from storage.merge import ROW_GROUP_ROWS, Merge, Strand, columns_of_size, describe, find_spans, strand_of
from storage.order import columns_of_order, find_units, keys_of_units

_LOW_CARDINALITY = frozenset(
    "source_id language kind event_date place speaker_label speaker_name speaker_role speaker_kind speaker_id facet"
    " value relation parser run_id rendition_sha256 dump_sha256 document_id turn_id ingested_at table".split()
)
_NOT_OF_THE_FILE = DISK_ERRORS | {errno.EMFILE, errno.ENFILE}
_BLOOM_FILTERED = frozenset({"document_id", "turn_id", "paragraph_id", "row_id"})


# Whatever stands in a table can be derived from the raw store again; the ledger cannot.
TABLE_ADVICE = "delete it and run `stenolake reprocess`, which makes it anew out of the raw store"


@contextlib.contextmanager
def reading(path: Path, advice: str = "restore it from a copy of the lake") -> Iterator[None]:
    """Turn what is raised while a Parquet file is read into a DamageError that names it.

    Raises:
        DamageError: it is no Parquet of that schema any more.
        StorageError: it may be whole: the disk, a right or this process's limit of open files is in the way.
    """
    try:
        with storing(path, _NOT_OF_THE_FILE):
            yield
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise DamageError(f"cannot be read: {path}: {error}", advice) from error


def _open(path: Path, encoded: Collection[str] = ()) -> pq.ParquetFile:
    """A file whose pages are checked as they are read: a merge would make damage look like a new file's content."""
    return pq.ParquetFile(path, read_dictionary=list(encoded), page_checksum_verification=True)


def read_rows(
    path: Path, schema: pa.Schema, columns: Sequence[str] | None = None, encoded: Collection[str] = ()
) -> pa.Table:
    """The rows of one file (none where there is no file), in the schema of its table.

    Args:
        path: the file.
        schema: that of its rows.
        columns: what is read of it; all without.
        encoded: columns of strings that are read as dictionaries, as the schema says.

    Raises:
        DamageError: the file is no Parquet of that schema any more.
    """
    wanted = pa.schema([schema.field(name) for name in columns]) if columns else schema
    if not path.exists():
        return wanted.empty_table()
    with reading(path, TABLE_ADVICE), _open(path, encoded) as file:
        return _conform(file.read(columns and list(columns)), wanted)


def _conform(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows as a schema has them: Parquet knows no time of whole seconds, time32[s] comes back as [ms]."""
    rows = rows.select(schema.names)
    return rows.cast(schema) if rows.schema.types != schema.types else pa.table(rows.columns, schema=schema)


def read_strand(path: Path, schema: pa.Schema, keys: Sequence[str]) -> Strand:
    """The rows of one file as a strand, without any where there is no file; two row groups are held at a time.

    Raises:
        DamageError: the file is no Parquet of that schema any more.
    """
    if not path.exists():
        return strand_of(schema.empty_table(), keys)
    with reading(path, TABLE_ADVICE), _open(path, ["document_id"]) as file:
        marks = file.read([*columns_of_order(keys), *columns_of_size(schema)])
        counts = [file.metadata.row_group(number).num_rows for number in range(file.num_row_groups)]
    found = find_units(marks, keys)
    if found is None:
        return strand_of(read_rows(path, schema), keys)
    ends = np.cumsum(counts)

    @functools.lru_cache(maxsize=2)
    def read_group(number: int) -> pa.Table:
        with reading(path, TABLE_ADVICE), _open(path) as file:
            return _conform(file.read_row_group(number, use_threads=False), schema)

    def read(start: int, stop: int) -> pa.Table:
        first, last = np.searchsorted(ends, [start, stop - 1], "right")
        rows = pa.concat_tables(read_group(number) for number in range(first, last + 1))
        return rows.slice(start - int(ends[first] - counts[first]), stop - start)

    units = marks.select(keys_of_units(keys)).take(pa.array(found[0]))
    ids = units.schema.get_field_index("document_id")
    units = units.set_column(ids, "document_id", units["document_id"].cast(pa.string()))
    spans = find_spans(marks.select(columns_of_size(schema)), *found)
    return Strand(describe(units, *found, spans), read)


def write_table(path: Path, rows: pa.Table, sort_keys: Sequence[str]) -> None:
    """Write one Parquet file of rows that are in order, sync it, and read it back.

    Raises:
        StorageError: writing failed, or what was read back is not what was written.
    """
    starts = range(0, max(1, rows.num_rows), ROW_GROUP_ROWS)
    groups = Merge(rows.num_rows, lambda: (rows.slice(start, ROW_GROUP_ROWS) for start in starts))
    write_groups(path, rows.schema, groups, sort_keys)


def write_groups(path: Path, schema: pa.Schema, rows: Merge, sort_keys: Sequence[str]) -> None:
    """Write row groups, made one at a time; sync the file, and read it back.

    The same rows give the same bytes: nothing of the run, the clock or the machine goes into the file.

    Raises:
        StorageError: writing failed, or what was read back is not what was written.
    """
    made = []
    with storing(path):
        make_folder(path.parent)
        with (
            path.open("wb") as sink,
            pq.ParquetWriter(sink, schema, **_options(schema, rows.rows, sort_keys)) as writer,
        ):
            for group in rows.groups():
                writer.write_table(group, max(1, group.num_rows))
                made.append(digest_rows(group))
                del group  # before the next one is made
        reach("table.made")
        sync_file(path)
        reach("table.synced")
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            back = [
                digest_rows(_conform(file.read_row_group(number, use_threads=False), schema))
                for number in range(file.num_row_groups)
            ]
            is_same = file.metadata.num_rows == rows.rows and back == made
    if not is_same:
        raise StorageError(f"what was read back is not what was written: {path}", "check the disk and run again")
    reach("table.read_back")


def _options(schema: pa.Schema, rows: int, sort_keys: Sequence[str]) -> Mapping[str, object]:
    columns = set(schema.names)
    bloom = {name: {"ndv": rows, "fpp": 0.01} for name in sorted(_BLOOM_FILTERED & columns)}
    return {
        "compression": "zstd",
        "compression_level": 3,
        "use_dictionary": sorted(_LOW_CARDINALITY & columns),
        "write_page_index": True,
        "write_page_checksum": True,
        "sorting_columns": pq.SortingColumn.from_ordering(schema, [(key, "ascending") for key in sort_keys]),
        "bloom_filter_options": bloom if rows else None,
    }
