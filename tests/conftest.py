"""What the tests share: a real Prefect server on loopback, the command line, and where material stands."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

# Before anything imports Prefect: a home of our own, and no address of somebody else's server.
_HOME = Path(tempfile.mkdtemp(prefix="stenolake-tests-"))
os.environ.update({"PREFECT_HOME": str(_HOME), "DO_NOT_TRACK": "1"})
os.environ["STENOLAKE_WORKERS"] = "1"  # worker processes only in the tests that are about them
for _name in ("PREFECT_API_URL", "PREFECT_PROFILE", "STENOLAKE_LAKE", "OPENLINEAGE_URL", "OPENLINEAGE_CONFIG"):
    os.environ.pop(_name, None)

import hypothesis  # noqa: E402
import pytest  # noqa: E402

from flows import environment  # noqa: E402
from tests.support import PATIENCE_SECONDS, REAL, ROOT, SAMPLE, Command, Said  # noqa: E402

hypothesis.settings.register_profile("patient", deadline=None)  # what a busy machine takes for an example tells nothing
hypothesis.settings.load_profile("patient")
environment.quiet()
os.environ["PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL"] = "CRITICAL"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests of real material skip, with the reason, where it is not there."""
    if not REAL.is_dir():
        for item in items:
            if item.get_closest_marker("real"):
                item.add_marker(
                    pytest.mark.skip(reason=f"no recorded publisher data at ../shared/data beside {ROOT.name}")
                )


def pytest_unconfigure() -> None:
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(scope="session")
def real_data() -> Path:
    return REAL


@pytest.fixture(scope="session")
def prefect_template(request: pytest.FixtureRequest) -> Path:
    """A migrated Prefect database, made once for each version of Prefect (9 s) and kept in pytest's cache."""
    kept: Path = request.config.cache.mkdir(f"prefect-{version('prefect')}") / "prefect.db"
    if not kept.exists():
        home = kept.parent / f"making-{os.getpid()}"
        command = [sys.executable, "-m", "prefect", "server", "database", "upgrade", "-y"]
        environ = {name: value for name, value in os.environ.items() if name != "PREFECT_API_URL"}
        subprocess.run(
            command,
            env={**environ, "PREFECT_HOME": str(home)},
            check=True,
            capture_output=True,
            timeout=PATIENCE_SECONDS,
        )
        (home / "prefect.db").replace(kept)
        shutil.rmtree(home)
    return kept


@pytest.fixture(scope="session")
def prefect_api(prefect_template: Path) -> Iterator[str]:
    """Address of the API of a real Prefect server, which the flows of this process report to."""
    from prefect.server.api.server import SubprocessASGIServer
    from prefect.settings import (
        PREFECT_API_URL,
        PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
        temporary_settings,
    )

    shutil.copy(prefect_template, _HOME / "prefect.db")
    server = SubprocessASGIServer()
    server.start(timeout=PATIENCE_SECONDS)
    with temporary_settings({PREFECT_API_URL: server.api_url, PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield server.api_url
    server.stop()


@pytest.fixture
def stenolake(prefect_api: str, capfd: pytest.CaptureFixture[str]) -> Command:
    """The command line, run in this process: `stenolake("verify", "--lake", lake)`."""
    from flows.cli import main

    def call(*arguments: object) -> Said:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return Said(int(ended.value.code or 0), out, err)

    return call


@pytest.fixture(scope="session")
def sample_lake(prefect_api: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A lake with the sample in it; read it, or copy it before changing anything."""
    from flows.ingest import ingest

    lake = tmp_path_factory.mktemp("sample") / "lake"
    ingest([str(SAMPLE)], str(lake))
    return lake
