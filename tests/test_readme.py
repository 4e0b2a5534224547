"""The README's commands run as they stand there, in their order, and its answers are the answers."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.support import ROOT

README = (ROOT / "README.md").read_text("utf-8")
BLOCK_RE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
BLOCKS = BLOCK_RE.findall(README)
COMMANDS = [line for language, body in BLOCKS if language == "sh" for line in body.splitlines()]


def test_commands_run_as_written(prefect_api: str, tmp_path: Path) -> None:
    lake = tmp_path / "lake"
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    environ |= {"PREFECT_API_URL": prefect_api, "LAKE": str(lake), "STENOLAKE_LAKE": str(lake), "COLUMNS": "160"}
    said: dict[str, str] = {}
    path = environ["PATH"]
    for line in COMMANDS:
        if line.startswith("export PATH="):
            path = f"{ROOT}/.venv/bin:{path}"
            continue
        done = subprocess.run(
            ["bash", "-c", line], cwd=ROOT, env={**environ, "PATH": path}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}\n{done.stderr}"
        said[line] = done.stdout
    (answer,) = [body for language, body in BLOCKS if language == "text" and body.startswith("┌")]
    (query,) = [line for line in COMMANDS if "sum(word_count)" in line]
    assert said[query].strip() == answer.strip()
    assert "12 unchanged" in said[".venv/bin/stenolake ingest tests/samples/kremlin-sample.txt"]
    assert "speaker_label    Plenary session moderator" in said[".venv/bin/stenolake trace f8709feaca2d31a23d53-t0001"]


def test_python_reads_run_as_written(sample_lake: Path) -> None:
    (code,) = [body for language, body in BLOCKS if language == "python"]
    exec(compile(code.replace('lake = "lake"', f'lake = "{sample_lake}"'), "README.md", "exec"), {})


def test_exit_codes_are_those_of_the_errors() -> None:
    from storage import errors

    told = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", README, re.MULTILINE) for code in row.split(",")}
    classes = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert {kind.exit_code for kind in classes} | {0, 3, 130, 143} == told


def test_pictures_and_links_are_there() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", README):
        assert (ROOT / target).exists(), target


def test_make_targets_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"`make (\w+)`", README):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    assert shutil.which("make")
