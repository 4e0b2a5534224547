"""Proof of the table of speakers: it is what the turns say."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from storage.lake import Lake
from storage.parquet import read_rows
from storage.people_schemas import APPEARANCES, SPEAKERS
from tasks.speakers import find_appearances, fold_speakers, read_turns
from tasks.verify_damage import UNREADABLE, Damage, describe
from tasks.verify_files import SPEAKERS_ADVICE


def check_speakers(lake: Lake, skipped: Collection[str] = ()) -> Iterator[Damage]:
    """Check that the appearances of each partition are those of its turns, and that the table is what they fold to.

    Args:
        lake: the lake.
        skipped: partitions whose turns are not looked at, `source=kremlin/year=2023`.
    """
    partitions, found = lake.partitions(), []
    for partition in partitions:
        path = lake.file("appearances", partition)
        try:
            found.append(stands := read_rows(path, APPEARANCES))
            says = (
                stands if str(partition) in skipped else find_appearances(read_turns(lake, partition), partition.source)
            )
        except UNREADABLE as error:
            yield describe(5, str(partition), error)
            continue
        if not stands.equals(says):
            yield Damage(4, path.relative_to(lake.root).as_posix(), "is not what the turns say", SPEAKERS_ADVICE)
    if len(found) < len(partitions):
        return  # what they fold to cannot be told
    where = lake.speakers.relative_to(lake.root).as_posix()
    try:
        if not found and not lake.speakers.exists():
            return
        if not fold_speakers(found).equals(read_rows(lake.speakers, SPEAKERS)):
            yield Damage(4, where, "is not what the turns say of their speakers", SPEAKERS_ADVICE)
    except UNREADABLE as error:
        yield describe(5, where, error)
