"""Dumps are cut into batches of whole documents, which get smaller towards the end."""

from __future__ import annotations

from pathlib import Path

import pytest

from storage.lake import Lake
from storage.raw import RawStore
from tasks.acquire import Dump, acquire
from tasks.cut import cut_batches
from tests.support import page, write

PAGES = [page(day, words="Good day, friends. " * 10) for day in range(1, 29)]
EACH = len(PAGES[0])


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path / "lake")


def take_in(lake: Lake, *paths: Path) -> list[Dump]:
    with lake.raw.gathering() as gathered:
        return [dump for path in paths for dump in acquire(path, gathered, None)]


def texts(lake: Lake, dumps: list[Dump], batch_bytes: int) -> list[bytes]:
    return [batch.path.read_bytes() for batch in cut_batches(dumps, lake.raw, lake.staging / "x", batch_bytes)]


def test_batches_get_smaller_towards_the_end(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    dump = write(tmp_path, "dump.txt", "\n".join(PAGES))
    dumps = take_in(lake, dump)
    chunks = RawStore.chunks  # as long ones as are asked for would hold all
    monkeypatch.setattr(RawStore, "chunks", lambda raw, sha256: (bytes([b]) for c in chunks(raw, sha256) for b in c))
    cut = texts(lake, dumps, 8 * EACH)
    assert b"".join(cut) == dump.read_bytes()
    assert all(text.startswith(b"Events\n") for text in cut)
    sizes = [text.count(b"Events\n") for text in cut]
    assert sizes == sorted(sizes, reverse=True)
    assert max(sizes) <= 8
    assert 1 <= sizes[-1] <= 2


@pytest.mark.parametrize("batch_bytes", [1, EACH, 5 * EACH, 10**9])
def test_whatever_the_size_the_same_documents(lake: Lake, tmp_path: Path, batch_bytes: int) -> None:
    paths = [write(tmp_path, f"{number}.txt", "\n".join(PAGES[number::3])) for number in range(3)]
    dumps = take_in(lake, *paths)
    cut = texts(lake, dumps, batch_bytes)
    assert b"".join(cut) == b"".join(path.read_bytes() for path in paths)
    assert all(text.startswith(b"Events\n") for text in cut)


def test_small_dumps_share_a_batch(lake: Lake, tmp_path: Path) -> None:
    paths = [write(tmp_path, f"{number}.txt", text) for number, text in enumerate(PAGES[:9])]
    sizes = [text.count(b"Events\n") for text in texts(lake, take_in(lake, *paths), 8 * EACH)]
    assert sum(sizes) == 9
    assert len(sizes) < 9
