"""Is there room for a run? Asked before anything is written, so that a full disk costs seconds and not an hour."""

from __future__ import annotations

import shutil

from storage.errors import StorageError
from storage.files import storing
from storage.lake import PARTITIONED, Lake

# A bound, reckoned and not measured: rows that wait in staging hold a spoken text twice, in turns and in paragraphs,
# with their blocks beside it; a batch of text is on its way; raw objects and new files are compressed.
STAGED_PER_BYTE = 4
LEDGER_BYTES = 256 << 10


def check_space(lake: Lake, incoming_bytes: int) -> None:
    """Refuse to begin what would not fit.

    Args:
        lake: the lake, which need not exist yet.
        incoming_bytes: size of the dumps that are to be taken in.

    Raises:
        StorageError: the file system has less free space than the run may need; says how much is missing.
    """
    place = lake.root
    while not place.exists():
        place = place.parent
    with storing(place):
        free = shutil.disk_usage(place).free
        needed = STAGED_PER_BYTE * incoming_bytes + _largest_partition(lake) + LEDGER_BYTES
    if free < needed:
        raise StorageError(
            f"storage: {_size(free)} free at {place}, and this run may need {_size(needed)}",
            f"free {_size(needed - free)} or more and run the same command again: nothing was written",
        )


def _largest_partition(lake: Lake) -> int:
    """Bytes of the largest partition, all tables together: its new files stand beside the old ones for a while."""
    sizes = []
    for partition in lake.partitions():
        files = (lake.file(table, partition) for table in PARTITIONED)
        sizes.append(sum(path.stat().st_size for path in files if path.exists()))
    return max(sizes, default=0)


def _size(count: int) -> str:
    return f"{count / (1 << 30):.1f} GiB" if count >= 1 << 30 else f"{count / (1 << 20):.1f} MiB"
