"""What a terminal is sent: nothing out of a dump that it would act on; `--json` is faithful all the same."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from flows import shown
from tests.support import ROOT, Command, page, write

# Escape sequences (7 and 8 bits), overrides, a title that rings, a line separator: what may stand in a page.
HOSTILE = "Torn \x9b31m \u202egnp.exe\u2066 \u2028 \ufeffpage"
ACTIVE_RE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\ufeff]")


def test_nothing_prints_but_what_reveals() -> None:
    for path in sorted((ROOT / "flows").glob("*.py")):
        found = re.findall(r"(?<![\w.])print\(", path.read_text("utf-8"))
        assert len(found) == (2 if path.name == "shown.py" else 0), path.name


@pytest.fixture
def lake(stenolake: Command, tmp_path: Path) -> Path:
    dump = page(1, HOSTILE, f"Good day. {HOSTILE}") + page(2, HOSTILE, f"Publication status {HOSTILE}")
    assert stenolake("ingest", write(tmp_path, "a.txt", dump), "--lake", tmp_path / "lake").code == 0
    return tmp_path / "lake"


def test_no_command_sends_a_terminal_what_it_would_act_on(stenolake: Command, lake: Path) -> None:
    (entry,) = stenolake("quarantine", "list", "--lake", lake, "--json").json["held"]
    query = "select document_id, title, text from documents join turns using (document_id)"
    ((document_id, title, text),) = stenolake("sql", query, "--lake", lake, "--json").json["rows"]
    assert "\x9b31m" in title + text  # faithful
    commands = {
        "sql": ("sql", query),
        "sql that fails": ("sql", f"select '{HOSTILE}' from nowhere"),
        "quarantine list": ("quarantine", "list"),
        "quarantine show": ("quarantine", "show", entry["quarantine_id"]),
        "quarantine show none": ("quarantine", "show", HOSTILE),
        "trace": ("trace", document_id),
        "trace turn": ("trace", f"{document_id}-t0000"),
        "trace versions": ("trace", document_id, "--versions"),
        "trace none": ("trace", HOSTILE),
        "verify": ("verify",),
        "ingest none": ("ingest", HOSTILE),
    }
    for name, command in commands.items():
        for option in ((), ("--json",)):
            said = stenolake(*command, "--lake", lake, *option)
            assert not ACTIVE_RE.search(said.out + said.err), (name, option)


def test_json_is_faithful(capsys: pytest.CaptureFixture[str]) -> None:
    value = {"a": HOSTILE, "b": "\x00\t\n\x1b[2J", "c": "Ü – 文"}
    shown.tell_json(value)
    out = capsys.readouterr().out
    assert json.loads(out) == value
    assert "Ü – 文" in out
    assert not ACTIVE_RE.search(out)
