"""The bounds were set by healthy pages; they must go on letting healthy pages pass."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from tasks.document import Document
from tasks.formats import kremlin_text
from tasks.origin import Origin
from tasks.tabulate import tabulate
from tasks.validate import judge

DUMP = Path(__file__).parents[3] / "shared" / "data" / "kremlin-dev.txt"
TODAY = dt.date(2026, 11, 23)

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not DUMP.exists(), reason="the recorded pages are not there"),
]


def test_healthy_pages_are_not_held() -> None:
    text = DUMP.read_text(encoding="utf-8")
    origin = Origin(
        source_id="kremlin",
        language="en",
        time_zone="Europe/Moscow",
        parser="kremlin-text/1",
        dump_sha256="a" * 64,
        rendition_sha256="b" * 64,
        run_id="run",
        ingested_at=dt.datetime(2026, 11, 23, tzinfo=dt.UTC),
    )
    documents = []
    at = byte = 0
    for start, end in kremlin_text.split(text):
        byte += len(text[at:start].encode())
        body = text[start:end]
        documents.append(Document(body, kremlin_text.parse(body), byte, origin))
        byte, at = byte + len(body.encode()), end
    (made,), faults = tabulate(documents)
    assert not faults
    tables = made.rows
    judgement = judge(tables, TODAY)
    held = [broken for broken in judgement.broken if broken.document_id in judgement.held]
    assert len(judgement.held) <= 0.005 * tables["documents"].num_rows, held
    warnings = [broken.rule_id for broken in judgement.broken if broken.severity == "warning"]
    assert len(warnings) <= 0.05 * tables["documents"].num_rows, "more warnings than anybody would read"
