"""What may not or cannot be read is told as an error of storage, and never taken for nothing or for damage."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from tests.support import Command, fingerprint, page, write

PART = "documents/source=kremlin"
READERS = {
    "sql": ("sql", "select count(*) from documents"),
    "report": ("report", "--out", "{report}"),
    "trace": ("trace", "0" * 20),
    "reprocess": ("reprocess",),
    "ingest": ("ingest", "{dump}"),
}


@pytest.fixture
def lake(sample_lake: Path, tmp_path: Path) -> Path:
    shutil.copytree(sample_lake, tmp_path / "lake")
    return tmp_path / "lake"


def refusing(call: Callable[..., Any], part: str, error: int) -> Callable[..., Any]:
    """A call that fails for paths that end so."""

    def refuse(path: Any = ".", *arguments: Any, **options: Any) -> Any:
        if str(path).endswith(part):
            raise OSError(error, os.strerror(error), str(path))
        return call(path, *arguments, **options)

    return refuse


@pytest.mark.parametrize("command", READERS)
def test_tables_that_cannot_be_listed_are_no_empty_ones(
    stenolake: Command, lake: Path, tmp_path: Path, command: str
) -> None:
    dump = write(tmp_path, "page.txt", page(1))
    words = [word.format(report=tmp_path / "report", dump=dump) for word in READERS[command]]
    before = fingerprint(lake, "documents", "turns", "speakers", "_lineage/versions")
    with pytest.MonkeyPatch.context() as rights:
        rights.setattr(os, "listdir", refusing(os.listdir, PART, errno.EACCES))
        rights.setattr(os, "scandir", refusing(os.scandir, PART, errno.EACCES))
        said = stenolake(*words, "--lake", lake)
    assert said.code == 5
    assert f"storage: Permission denied: {lake}/{PART}" in said.err
    assert fingerprint(lake, "documents", "turns", "speakers", "_lineage/versions") == before
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize("folder", ["_lineage/inputs", "_lineage/versions", "_lineage/runs", "_quarantine"])
def test_a_ledger_that_cannot_be_listed(stenolake: Command, lake: Path, tmp_path: Path, folder: str) -> None:
    """The run cannot even be recorded: the first error is the one that is told."""
    with pytest.MonkeyPatch.context() as rights:
        rights.setattr(os, "listdir", refusing(os.listdir, folder, errno.EACCES))
        said = stenolake("ingest", write(tmp_path, "page.txt", page(1)), "--lake", lake)
    assert said.code == 5
    assert f"storage: Permission denied: {lake}/{folder}" in said.err
    assert stenolake("verify", "--lake", lake).code == 0


def test_a_disk_that_fails_for_a_moment_is_no_damage(
    stenolake: Command, lake: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To delete the file, as damage asks for, would be wrong."""

    def fail(*_: object, **__: object) -> object:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(pq.ParquetFile, "read", fail)
    said = stenolake("reprocess", "--lake", lake)
    assert said.code == 5
    assert "storage: Input/output error: " in said.err
    assert ".parquet" in said.err
    assert "delete" not in said.err


def test_a_person_is_traced_to_documents(stenolake: Command, lake: Path) -> None:
    people = pq.read_table(lake / "speakers" / "part-0.parquet", partitioning=None).to_pylist()
    for person in people:
        told = stenolake("trace", person["speaker_id"], "--lake", lake, "--json").json
        assert (told["what"], told["row"]["name"]) == ("speaker", person["name"])
        assert sum(one["turns"] for one in told["documents"]) == person["turn_count"]
        assert len(told["documents"]) == person["document_count"]
        assert all((lake / one["file"]).is_file() for one in told["documents"])


def test_a_document_that_is_held_is_traced(stenolake: Command, lake: Path, tmp_path: Path) -> None:
    undated = "# Harvest talks\n\nADA BROOK: Good day, friends.\n\nBEN COLE: Good day.\n\nADA BROOK: Thank you.\n"
    stenolake("ingest", write(tmp_path, "talks.txt", undated * 3), "--source", "valdoria", "--lake", lake)
    held = stenolake("quarantine", "list", "--lake", lake, "--json").json["held"][-1]
    told = stenolake("trace", held["document_id"], "--lake", lake, "--json").json
    assert (told["what"], [one["rule_id"] for one in told["findings"]]) == ("quarantine", ["documents.row.complete"])


def test_a_name_that_no_file_can_have(stenolake: Command, lake: Path) -> None:
    said = stenolake("ingest", "a" * 300, "--lake", lake)
    assert (said.code, said.err.splitlines()[0]) == (2, f"stenolake: cannot read {'a' * 300}: File name too long")
