"""The flow UI in a real browser: a run shows its state, its task runs and its artifacts."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import PATIENCE_SECONDS, ROOT, ask_prefect, free_port, page, wait_for, write

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync --hide-scrollbars --window-size=1400,1400 --virtual-time-budget=15000"
).split()

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine")


@dataclass(frozen=True)
class Watched:
    """A UI at work, and a run that reported to it."""

    url: str
    run_id: str
    artifacts: dict[str, str]


@pytest.fixture(scope="module")
def watched(prefect_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("ui")
    shutil.copy(prefect_template, folder / "prefect.db")
    environ = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_API")}
    environ |= {"PREFECT_HOME": str(folder)}
    program = [sys.executable, "-c", "from flows.cli import main; main()"]
    ui = subprocess.Popen(
        [*program, "ui", "--port", str(free_port()), "--json"], env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert ui.stdout
        address = json.loads(ui.stdout.readline())
        drop = folder / "drop"
        drop.mkdir()
        write(drop, "pages.txt", page(1) + page(2, title="<img src=x onerror=alert(1)> talks") + page(3)[:-40])
        write(drop, "letter.txt", "Dear all,\n")
        done = subprocess.run(
            [*program, "ingest", str(drop), "--lake", str(folder / "lake"), "--json"],
            env={**environ, "PREFECT_API_URL": address["api_url"]}, cwd=ROOT, capture_output=True,
            text=True, check=True,
        )  # fmt: skip
        run_id = json.loads(done.stdout)["run_id"]
        artifacts = ask_prefect(address["api_url"], "POST", "artifacts/filter", {"limit": 20})
        yield Watched(address["url"], run_id, {one["key"]: one["id"] for one in artifacts if one["key"]})
    finally:
        ui.send_signal(signal.SIGTERM)
        ui.communicate(timeout=PATIENCE_SECONDS)
    assert ui.returncode == 143


def text_of(url: str, folder: Path, *shown: str) -> str:
    """The page as the browser has built it, markup and all, which shows some words at last."""
    assert CHROMIUM
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={folder}/profile", "--dump-dom", url]

    def build() -> str:
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE_SECONDS).stdout

    built = wait_for(build, lambda built: all(words in built for words in shown))
    assert [words for words in shown if words not in built] == [], url
    return built


def test_flow_run_page_shows_state_and_task_runs(watched: Watched, tmp_path: Path) -> None:
    shown = ("ingest drop", "CompletedWithQuarantine")
    tasks = ("acquire 2 files", "parse batch 0", "validate batch 0", "publish")
    text_of(f"{watched.url}/v2/runs/flow-run/{watched.run_id}?tab=TaskRuns", tmp_path, *shown, *tasks)


def test_artifacts_are_listed(watched: Watched, tmp_path: Path) -> None:
    shown = ("ingest-story", "ingest-checks", "ingest-quarantine")
    text_of(f"{watched.url}/v2/runs/flow-run/{watched.run_id}?tab=Artifacts", tmp_path, *shown)


def test_story_and_quarantine_tell_what_was_held(watched: Watched, tmp_path: Path) -> None:
    place = f"{watched.url}/v2/artifacts/artifact"
    words = "4 documents read: 2 published, 2 quarantined"
    story = text_of(f"{place}/{watched.artifacts['ingest-story']}", tmp_path, words)
    rules = ("document.is_complete", "dump.format_known", "ends in")
    held = text_of(f"{place}/{watched.artifacts['ingest-quarantine']}", tmp_path, *rules)
    assert '<img src="x"' not in story + held
