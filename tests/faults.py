"""A disk that fails once: the N-th write, sync, rename or mkdir below a folder raises what the kernel would."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

from storage import exchange, files

KINDS = ("write", "fsync", "syncfs", "rename", "mkdir")


class Disk:
    """Counts what is done below a folder; the operation `kind` number `at` (from 1) fails with `error`.

    Counts stand in `<folder>/../counts`, so that they can be read after the process has ended.
    """

    def __init__(self, folder: str, kind: str, at: int, error: int, *, stays: bool = False) -> None:
        self.folder, self.kind, self.at, self.error, self.stays = folder, kind, at, error, stays
        self.done = dict.fromkeys(KINDS, 0)
        self.counts = os.open(Path(folder).parent / "counts", os.O_RDWR | os.O_CREAT | os.O_TRUNC)

    def strike(self, kind: str, path: Any) -> None:
        if not str(path).startswith(self.folder):
            return
        self.done[kind] += 1
        os.pwrite(self.counts, json.dumps(self.done).encode(), 0)
        if kind == self.kind and self.at and (self.done[kind] == self.at or (self.stays and self.done[kind] > self.at)):
            raise OSError(self.error, os.strerror(self.error), str(path))


class _Stream:
    """A file open for writing whose writes are counted."""

    def __init__(self, stream: Any, path: Any, disk: Disk) -> None:
        self._stream, self._path, self._disk = stream, path, disk

    def write(self, data: Any) -> Any:
        self._disk.strike("write", self._path)
        return self._stream.write(data)

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *error: object) -> None:
        self._stream.close()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def install(folder: str, kind: str = "", at: int = 0, error: int = 0, stays: bool = False) -> None:
    """Put the failing disk under this process, until it ends."""
    disk = Disk(folder, kind, at, error, stays=stays)
    open_, fsync, replace, mkdir, exchange_ = io.open, os.fsync, os.replace, os.mkdir, exchange.exchange
    syncfs = files.sync_file_system

    def counted_open(file: Any, mode: str = "r", *arguments: Any, **options: Any) -> Any:
        stream = open_(file, mode, *arguments, **options)
        return _Stream(stream, file, disk) if set(mode) & set("wax+") else stream

    def counted_fsync(fd: int) -> None:
        disk.strike("fsync", Path(f"/proc/self/fd/{fd}").readlink())
        fsync(fd)

    def counted_syncfs(path: Path) -> None:
        disk.strike("syncfs", path)
        syncfs(path)

    def counted_replace(src: Any, dst: Any, **options: Any) -> None:
        disk.strike("rename", dst)
        replace(src, dst, **options)

    def counted_exchange(one: Path, other: Path) -> None:
        disk.strike("rename", other)
        exchange_(one, other)

    def counted_mkdir(path: Any, *arguments: Any, **options: Any) -> None:
        disk.strike("mkdir", path)
        mkdir(path, *arguments, **options)

    io.open = counted_open  # type: ignore[assignment]
    exchange.exchange, files.sync_file_system = counted_exchange, counted_syncfs
    os.fsync, os.replace, os.mkdir = counted_fsync, counted_replace, counted_mkdir  # type: ignore[assignment]


def counted(lake: Path) -> dict[str, int]:
    """What the last run under `install` did."""
    counts: dict[str, int] = json.loads((lake.parent / "counts").read_bytes())
    return counts
