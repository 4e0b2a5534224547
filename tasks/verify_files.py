"""Proof of the files: every one is as the ledger lists it, every raw object has the hash that it is named after."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from storage import ledger, recover
from storage.errors import DamageError, StorageError
from storage.files import list_files, sha256_file
from storage.lake import PARTITIONED, Lake
from storage.parquet import TABLE_ADVICE
from storage.raw import OBJECT_NAME_RE
from storage.records import Output
from storage.schemas import FOLDED
from tasks.verify_damage import Damage, describe

_SEALED = ("_lineage/outputs/", "_lineage/runs/")
_STAGING = "_staging"
_MISSING = "is missing"

# what to do about a damaged file, by the folder that it stands in
_ADVICE = {
    "_raw": "ingest the dump that it was made from again, or restore the file from a copy",
    "_lineage": "restore the file from a copy of the lake",
    "_quality": "restore the file from a copy of the lake",
    "_quarantine": "restore the file from a copy of the lake",
}
_LEDGER_ADVICE = (
    "bring back what is missing or damaged in `_lineage/outputs` first, from a copy of the lake: it may list this file"
)
_CHECKPOINT_ADVICE = "delete it, if it is there: the next run makes it anew"
SPEAKERS_ADVICE = "delete it and run `stenolake reprocess`, which makes it anew"
_MISSING_ADVICE = "run `stenolake reprocess`, which makes it anew out of the raw store"


@dataclass(frozen=True, slots=True)
class Sample:
    """Part `part` of `parts`, by a hash of the name: the parts cover everything, each name stands in one of them."""

    part: int = 1
    parts: int = 1

    def holds(self, name: str) -> bool:
        """Whether a file or a partition of this name is in the part."""
        return zlib.crc32(name.encode()) % self.parts == self.part - 1


EVERYTHING = Sample()


def check_files(
    lake: Lake,
    progress: Callable[[int, int], None],
    sample: Sample = EVERYTHING,
    whole: Collection[str] = (),
) -> Iterator[Damage]:
    """Compare every file of the lake with the ledger, byte for byte.

    Missing and extra files are found in every sample; the bytes are read of those in the sample.

    Args:
        lake: the lake.
        progress: told bytes done and bytes in all.
        sample: the part that is read.
        whole: raw objects whose content was just found to have the hash of its name: their files are read alone.

    Raises:
        StorageError: a folder cannot be listed.
    """
    pending = explain_pending(lake)
    found = list_files(lake.root, _STAGING)
    standing, damage = read_ledger(lake, pending)
    yield from damage
    advice = _LEDGER_ADVICE if any(one.where.startswith("_lineage/outputs/") for one in damage) else ""
    done, total = 0, sum(standing[name].bytes for name in standing if sample.holds(name))
    for name in found:
        if sample.holds(name) or name not in standing:
            try:
                yield from _check_file(lake, name, standing, pending, whole, advice)
            except FileNotFoundError:  # it was there a moment ago
                if name in standing:
                    yield _damage(name, _MISSING)
            except OSError as error:
                yield describe(_rule_of(name), name, error)
            done += standing[name].bytes if name in standing else 0
            progress(done, total)
    for name in sorted(set(standing).difference(found)):
        if not any(output.bytes == 0 for output in pending.get(name, ())):
            yield _damage(name, _MISSING)


def explain_pending(lake: Lake) -> dict[str, list[Output]]:
    """Path -> what may stand there besides what the ledger lists: a run is at work, or the next will finish one."""
    explained: dict[str, list[Output]] = {}
    for one in recover.pending(lake):
        for output in (*(move.output for move in one.moves), *one.objects):
            explained.setdefault(output.path, []).append(output)
    return explained


def read_ledger(lake: Lake, pending: Mapping[str, list[Output]]) -> tuple[dict[str, Output], list[Damage]]:
    """What should stand, and what is wrong with the files that say so."""
    announced = {Path(name).stem.rsplit("-", 1)[0] for name in pending if name.startswith(_SEALED)}
    stems: dict[str, set[str]] = {}
    damage: list[Damage] = []
    broken: set[Path] = set()
    for kind in ("outputs", "runs"):
        names = set()
        for path in [lake.root / "_lineage" / kind / name for name in list_files(lake.root / "_lineage" / kind)]:
            name = path.relative_to(lake.root).as_posix()
            if path.suffix != ".parquet":
                continue
            try:
                if ledger.is_sealed(path):
                    names.add(path.stem.rsplit("-", 1)[0])
                    continue
                damage.append(_damage(name, "does not have the hash that its name says"))
            except StorageError as error:
                damage.append(describe(_rule_of(name), name, error))
            broken.add(path)
        stems[kind] = names | announced
    for kind, other in (("outputs", "runs"), ("runs", "outputs")):
        for stem in sorted(stems[kind] - stems[other]):
            damage.append(_damage(f"_lineage/{other}/{stem}", f"is missing or damaged, while `{kind}` has this run"))
    return ledger.standing_files(lake, broken), damage


def _check_file(
    lake: Lake,
    name: str,
    standing: Mapping[str, Output],
    pending: Mapping[str, list[Output]],
    whole: Collection[str],
    advice: str,
) -> Iterator[Damage]:
    path = lake.root / name
    if name.startswith(_SEALED):
        return  # checked by their seal
    if any(_is(path, output) for output in pending.get(name, ())):
        return
    if name not in standing:
        # the first event of a run that is at work or was killed; a run that has ended lists its events
        is_start = name.endswith(".ndjson") and not any((lake.root / "_lineage/runs").glob(f"{path.stem}-*.parquet"))
        if not is_start:
            yield _damage(name, "is listed by no run", advice or "delete it, unless somebody knows why it is there")
        return
    listed = standing[name]
    size = path.stat().st_size
    if size != listed.bytes:
        yield _damage(name, f"has {size} bytes, {listed.bytes} are listed", advice)
    elif sha256_file(path) != listed.file_sha256:
        yield _damage(name, "does not have the hash that is listed", advice)
    elif name.startswith("_raw/"):
        yield from _check_object(lake, path, name, whole)


def _is(path: Path, output: Output) -> bool:
    return path.stat().st_size == output.bytes and sha256_file(path) == output.file_sha256


def _check_object(lake: Lake, path: Path, name: str, whole: Collection[str]) -> Iterator[Damage]:
    sha256 = path.stem
    if not OBJECT_NAME_RE.fullmatch(path.name) or path.parent.name != sha256[:2]:
        yield _damage(name, "is not named as a raw object is")
        return
    try:
        if sha256 not in whole and lake.raw.hash_content(sha256) != sha256:
            yield _damage(name, "holds bytes of another hash than its name")
    except (DamageError, StorageError) as error:
        yield _damage(name, error.message)


def _damage(name: str, problem: str, advice: str = "") -> Damage:
    top = name.split("/")[0]
    in_tables = top in PARTITIONED or name.startswith(("_lineage/blocks", "_lineage/appearances"))
    if top in FOLDED:
        advice = advice or SPEAKERS_ADVICE
    if name.startswith("_lineage/checkpoints/"):
        advice = _CHECKPOINT_ADVICE
    if in_tables:
        advice = advice or (_MISSING_ADVICE if problem == _MISSING else TABLE_ADVICE)
    return Damage(_rule_of(name), name, problem, advice or _ADVICE.get(top, "delete it"))


def _rule_of(name: str) -> int:
    return 1 if name.startswith("_raw/") else 5
