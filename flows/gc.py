"""`stenolake gc`: what no ledger entry reaches, and its removal."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Sequence
from pathlib import Path

import pyarrow.compute as pc

from flows.session import close, session
from flows.shown import tell, tell_json
from storage import ledger, recover
from storage.commit import Move
from storage.errors import DamageError
from storage.files import list_files
from storage.lake import PARTITIONED, Lake
from storage.lock import is_held
from storage.records import Output
from tasks.verify_files import explain_pending, read_ledger

SHOWN = 50


def find_unreached(lake: Lake) -> list[tuple[str, int, str]]:
    """Files that no ledger entry reaches: path, bytes and why.

    A raw object is reached when an input names it as dump or rendition, or a fetch as its body; any other file when an
    output lists it. What stands in staging is the next run's to clear, and the ledger's own files are never touched.
    Nor is a raw object while a run that has left the lake for a while downloads: it may come upon it at any time.

    Raises:
        DamageError: the ledger is not whole, or has lost entries: it cannot tell what is reached.
    """
    standing = list_files(lake.root, "_staging")  # first: what comes later is reached
    listed, damage = read_ledger(lake, explain_pending(lake))
    if damage:
        raise DamageError(f"{damage[0].where} {damage[0].problem}, so nothing is deleted", damage[0].advice)
    is_away = any(is_held(folder / recover.LOCK) for folder in lake.staging.glob("*/"))
    inputs = ledger.read(lake, "inputs")
    reached = {*inputs["dump_sha256"].to_pylist(), *inputs["rendition_sha256"].to_pylist()}
    fetches = ledger.read(lake, "fetches")
    reached |= {*fetches["body_sha256"].to_pylist(), *fetches["dump_sha256"].to_pylist()}
    pending = recover.pending(lake)
    waiting = {output.path for one in pending for output in one.objects}
    reached |= {sha256 for one in pending for sha256 in one.kept}  # by a run that downloads
    found = []
    for name in standing:
        if name.startswith(("_lineage/outputs/", "_lineage/runs/", "_lineage/openlineage/")):
            continue
        if name.startswith("_raw/"):
            if Path(name).stem not in reached and name not in waiting and not is_away:
                found.append((name, "no input or fetch names it: its run never came to an end"))
        elif name not in listed and name not in waiting:
            found.append((name, "no run lists it"))
    _require_ledger(lake, [name for name, _ in found])
    return [(name, size, why) for name, why in found if (size := _size(lake.root / name)) is not None]


def _size(path: Path) -> int | None:
    with contextlib.suppress(FileNotFoundError):  # a run at work has replaced it
        return path.stat().st_size
    return None


def _require_ledger(lake: Lake, unreached: Sequence[str]) -> None:
    """Refuse to call garbage a file of a partition that no run lists, or what a document was read from."""
    files, named = set[str](), set[str]()
    for partition in lake.partitions():
        files |= {lake.file(table, partition).relative_to(lake.root).as_posix() for table in PARTITIONED}
        read = lake.read("documents", partition, ["dump_sha256", "rendition_sha256"])
        named |= {f"{sha256}.zst" for column in read.columns for sha256 in pc.unique(column).to_pylist()}
    for name in unreached:
        if name in files or name.rpartition("/")[2] in named:
            raise DamageError(
                f"the ledger has lost entries: nothing lists {name}, which the tables need, so nothing is deleted",
                "bring `_lineage` back from a copy of the lake; `stenolake verify` names what is not listed",
            )


def run_gc(lake: Path, *, delete: bool, wait_seconds: float, as_json: bool) -> int:
    """List, or with `delete` remove, what nothing reaches. Returns 0."""
    target = Lake.open(lake)
    if delete:
        run_id = str(uuid.uuid4())
        with session("gc", run_id, target.root, {"delete": True}, wait_seconds=wait_seconds) as at_work:
            found = find_unreached(at_work.lake)
            at_work.run.counts = {"files": len(found), "bytes": sum(size for _, size, _ in found)}
            at_work.run.status = "completed"
            close(at_work, [Move("", Output(name.split("/")[0], "", name, 0, 0, "")) for name, _, _ in found])
    else:
        found = find_unreached(target)
    total = sum(size for _, size, _ in found)
    if as_json:
        files = [{"path": name, "bytes": size, "why": why} for name, size, why in found]
        tell_json({"status": "deleted" if delete else "listed", "files": files, "bytes": total})
        return 0
    for name, size, why in found[:SHOWN]:
        tell(f"{size:>12,} {name}  {why}")
    if len(found) > SHOWN:
        tell(f"… and {len(found) - SHOWN} more: --json lists all")
    tell(f"{len(found)} files, {total:,} bytes {'deleted' if delete else 'to delete: stenolake gc --delete'}")
    return 0
