"""`stenolake ui`: a real server on loopback, its address, its settings, and how it ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from flows import environment, server
from storage.errors import UsageError
from tests.support import PATIENCE_SECONDS, ROOT, ask_prefect, free_port, wait_for


@pytest.fixture
def home(prefect_template: Path, tmp_path: Path) -> Path:
    shutil.copy(prefect_template, tmp_path / "prefect.db")
    return tmp_path


@pytest.fixture
def port() -> int:
    return free_port()


def clean_environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    return kept | {"PREFECT_HOME": str(home)}


def start_ui(home: Path, *arguments: object, **variables: str) -> subprocess.Popen[str]:
    """`run_ui(*arguments)` in a process of its own, with the command line's way of ending."""
    code = f"""
import sys
from flows.server import run_ui
from storage.errors import StenolakeError
try:
    sys.exit(run_ui({", ".join(map(str, arguments))}))
except StenolakeError as error:
    print(error, file=sys.stderr)
    sys.exit(error.exit_code)
"""
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=clean_environment(home) | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def is_alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.fixture
def background(home: Path, port: int) -> Iterator[dict[str, Any]]:
    done = start_ui(home, port, True, "background=True")
    out, err = done.communicate(timeout=PATIENCE_SECONDS)
    assert (done.returncode, err) == (0, "")
    said: dict[str, Any] = json.loads(out)
    yield said
    os.kill(said["pid"], signal.SIGTERM)
    assert wait_for(lambda: not is_alive(said["pid"]))


def test_a_server_in_the_background_is_ours_and_is_found_again(
    background: dict[str, Any], home: Path, port: int
) -> None:
    url = f"http://127.0.0.1:{port}"
    assert background == {
        "url": url,
        "api_url": f"{url}/api",
        "export": f"export PREFECT_API_URL={url}/api",
        "started": True,
        "pid": background["pid"],
        "log": str(home / "stenolake-ui.log"),
    }
    assert server.is_healthy(port)
    assert requests.get(url, timeout=PATIENCE_SECONDS).text.lstrip().lower().startswith("<!doctype html")
    assert requests.get(f"{url}/ui-settings", timeout=PATIENCE_SECONDS).json()["api_url"] == f"{url}/api"

    settings = ask_prefect(f"{url}/api", "GET", "admin/settings")["server"]
    assert settings["analytics_enabled"] is False
    assert settings["ui"]["show_promotional_content"] is False
    assert settings["services"]["task_run_recorder"]["batch_size"] == 100
    assert settings["services"]["event_persister"]["flush_interval"] == 1

    # What fastapi 0.151 and later break: `prefect deploy --all` and `flow-run ls` ask like this.
    assert ask_prefect(f"{url}/api", "POST", "flows/filter", {"limit": None}) == []

    again = start_ui(home, port, False)
    out, err = again.communicate(timeout=PATIENCE_SECONDS)
    assert (again.returncode, err) == (0, "")
    assert out.splitlines() == [
        f"Flow UI: {url}  (was running already)",
        f"For runs to appear there: export PREFECT_API_URL={url}/api",
    ]


def test_ctrl_c_stops_the_server(home: Path, port: int) -> None:
    ui = start_ui(home, port, False)
    assert ui.stdout is not None
    said = [ui.stdout.readline(), ui.stdout.readline()]
    assert said == [
        f"Flow UI: http://127.0.0.1:{port}  (Ctrl-C stops it)\n",
        f"For runs to appear there: export PREFECT_API_URL=http://127.0.0.1:{port}/api\n",
    ]
    (child,) = children(ui.pid)
    ui.send_signal(signal.SIGINT)
    out, err = ui.communicate(timeout=PATIENCE_SECONDS)
    assert (ui.returncode, out, err) == (130, "", "")
    assert not is_alive(child)
    assert server.is_free(port)
    assert "Traceback" not in (home / "stenolake-ui.log").read_text()


def test_sigterm_while_it_starts_leaves_nothing(home: Path, port: int) -> None:
    ui = start_ui(home, port, True)
    (child,) = wait_for(lambda: children(ui.pid))
    ui.send_signal(signal.SIGTERM)
    out, err = ui.communicate(timeout=PATIENCE_SECONDS)
    assert (ui.returncode, out, err) == (143, "", "")
    assert not is_alive(child)


def test_a_server_that_cannot_start_shows_why(home: Path, port: int) -> None:
    ui = start_ui(home, port, True, PREFECT_SERVER_DATABASE_CONNECTION_URL="nosuchdb://x/y")
    out, err = ui.communicate(timeout=PATIENCE_SECONDS)
    assert (ui.returncode, out) == (1, "")
    assert err.startswith("the flow UI did not start (exit ")
    assert "nosuchdb" in err
    assert f"the whole log: {home / 'stenolake-ui.log'}" in err
    assert "Traceback" not in err


def test_a_home_that_cannot_be_written_is_a_storage_error(tmp_path: Path, port: int) -> None:
    (tmp_path / "file").write_text("in the way")
    ui = start_ui(tmp_path / "file" / "home", port, True)
    _, err = ui.communicate(timeout=PATIENCE_SECONDS)
    assert ui.returncode == 5
    assert err.startswith("storage: Not a directory: ")


@pytest.mark.parametrize("port", [99999, 65536, 0, -1])
def test_a_number_that_is_no_port(port: int) -> None:
    with pytest.raises(UsageError) as told:
        server.choose_port(port)
    assert (told.value.message, told.value.advice) == (f"no port: {port}", "name one from 1 to 65535 with --port")


def test_a_taken_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEALTH_SECONDS", 0.2)
    with socket.create_server((server.HOST, 0)) as other:
        taken = int(other.getsockname()[1])
        monkeypatch.setattr(server, "DEFAULT_PORT", taken)
        with pytest.raises(UsageError, match=f"port {taken} is taken by something other") as caught:
            server.choose_port(taken)
        assert caught.value.exit_code == 2
        chosen, is_running = server.choose_port(None)
        assert taken < chosen < taken + server.PORTS_TRIED
        assert not is_running
        monkeypatch.setattr(server, "PORTS_TRIED", 1)
        with pytest.raises(UsageError, match=f"ports {taken} to {taken} are taken"):
            server.choose_port(None)
    assert server.choose_port(taken) == (taken, False)


def test_environment_of_the_server() -> None:
    inherited = {
        "PREFECT_API_URL": "http://elsewhere/api",
        "PREFECT_SERVER_UI_API_URL": "http://127.0.0.1:1/api",
        "A": "b",
    }
    assert server.server_environment(4321, inherited) == {
        "A": "b",
        "PREFECT_SERVER_API_HOST": "127.0.0.1",
        "PREFECT_SERVER_API_PORT": "4321",
        "PREFECT_SERVER_UI_API_URL": "http://127.0.0.1:4321/api",
        "PREFECT_SERVER_UI_ENABLED": "true",
    }


def test_importing_does_not_import_prefect() -> None:
    code = (
        "import sys, flows.server, flows.doctor; sys.exit(bool({'prefect', 'requests', 'pyarrow'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True, timeout=PATIENCE_SECONDS)


# flows.environment


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No Prefect setting but the home."""
    for name in [name for name in os.environ if name.startswith("PREFECT")]:
        monkeypatch.delenv(name)
    for setting in environment.SETTINGS:
        monkeypatch.delenv(setting.name, raising=False)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path))
    return tmp_path


def test_quiet_sets_what_nobody_set(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "profiles.toml").write_text(
        'active = "mine"\n[profiles.mine]\n'
        'PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT = "true"\n'
        "PREFECT_API_SERVICES_EVENT_PERSISTER_BATCH_SIZE = 7\n"
    )
    monkeypatch.setenv("PREFECT_SERVER_ANALYTICS_ENABLED", "true")
    saved = dict(os.environ)
    try:
        environment.quiet()
        added = {name: value for name, value in os.environ.items() if name not in saved}
    finally:
        for name in os.environ.keys() - saved.keys():
            del os.environ[name]
    theirs = {
        "PREFECT_SERVER_ANALYTICS_ENABLED",
        "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT",
        "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE",
    }
    assert added == {s.name: s.value for s in environment.SETTINGS if s.name not in theirs}
    assert environment.in_force("PREFECT_SERVER_ANALYTICS_ENABLED") == "true"
    assert environment.in_force("PREFECT_SERVER_SERVICES_EVENT_PERSISTER_BATCH_SIZE") == "7"
    assert environment.in_force("PREFECT_API_URL") is None


@pytest.mark.parametrize("text", ["not toml [", 'active = "absent"\n', 'active = "mine"\n[profiles]\nmine = 3\n'])
def test_a_profile_that_says_nothing(bare: Path, text: str) -> None:
    (bare / "profiles.toml").write_text(text)
    assert environment.profile_settings() == {}


def test_prefect_knows_every_setting() -> None:
    """A setting that Prefect renames would be dead without a word."""
    names = [s.name for s in environment.SETTINGS if s.name.startswith("PREFECT_")]
    code = f"import prefect.settings as s; [getattr(s, name).value() for name in {names!r}]"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENCE_SECONDS)


def test_every_setting_has_a_reason() -> None:
    names = [setting.name for setting in environment.SETTINGS]
    assert len(names) == len(set(names))
    assert all(len(setting.reason) > 20 for setting in environment.SETTINGS)
