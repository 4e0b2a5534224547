"""The house: imports go down only, pure rooms import nothing impure, and no module outgrows its idea."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import ROOT

FLOORS = {"flows": 3, "tasks": 2, "expectations": 1, "storage": 0}
MODULES = sorted(path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
LINES = 400

# folder or module -> what it must not import at its top
NEVER = {
    "tasks/formats": {
        "prefect",
        "requests",
        "time",
        "os",
        "pathlib",
        "pandas",
        "pyarrow",
        "great_expectations",
        "random",
        "socket",
    },
    "tasks/tabulate.py": {"prefect", "pandas", "requests", "time", "pathlib"},
    "tasks/block_columns.py": {"prefect", "pandas", "requests", "time", "pathlib"},
    "tasks/document.py": {"prefect", "pandas", "pyarrow", "requests", "time", "pathlib"},
    "tasks": {"prefect", "great_expectations"},
    "storage": {"prefect", "great_expectations", "pandas"},
    "expectations": {"prefect", "great_expectations", "pandas"},
    "flows/cli.py": {"prefect", "great_expectations", "pyarrow", "duckdb"},
    "flows/ingest.py": {"re", "pyarrow"},
}


def imported(path: Path, *, late: bool) -> Iterator[str]:
    """Full names that a module imports: at its top, or with `late` anywhere."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree) if late else tree.body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_go_down_only(path: Path) -> None:
    floor = FLOORS[name_of(path).split("/")[0]]
    above = {name for name in imported(path, late=True) if FLOORS.get(name.split(".")[0], -1) > floor}
    assert not above


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_module_stays_within_one_idea(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= LINES


@pytest.mark.parametrize("room", NEVER)
def test_room_never_imports(room: str) -> None:
    paths = [path for path in MODULES if name_of(path) == room or name_of(path).startswith(f"{room}/")]
    assert paths
    found = {
        (name_of(path), name)
        for path in paths
        for name in imported(path, late=False)
        if name.split(".")[0] in NEVER[room]
    }
    assert not found


def test_ingest_flow_reads_like_a_list() -> None:
    tree = ast.parse((ROOT / "flows/ingest.py").read_text("utf-8"))
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Try)]
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Name) and node.id == "open"]


@pytest.mark.parametrize(
    "command",
    [
        "",
        "ingest",
        "fetch",
        "export-warc",
        "trace",
        "verify",
        "sql",
        "ui",
        "doctor",
        "report",
        "quarantine",
        "quarantine retry",
    ],
)
def test_help_imports_nothing_heavy(command: str) -> None:
    code = f"""
import sys
from flows.cli import main
try:
    main([*{command.split()!r}, "--help"])
finally:
    heavy = {{"prefect", "great_expectations", "pyarrow", "pandas", "duckdb", "numpy"}} & set(sys.modules)
    assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: stenolake" in done.stdout or "Usage:" in done.stdout
