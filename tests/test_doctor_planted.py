"""`stenolake doctor` as a command, on troubles that are really there: what it finds, where, and how it exits."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from storage.lock import LEASE_SECONDS
from storage.schemas import TABLES
from tests.support import PATIENCE_SECONDS, ROOT, free_port

PARTITION = "source=kremlin/year=2023"
CLI = [sys.executable, "-c", "from flows.cli import main; main()"]
HOLDER = """
import sys, time
from pathlib import Path
from storage.lock import hold
with hold(Path(sys.argv[1]), "the-other-run"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A small healthy lake."""
    root = tmp_path / "lake"
    for table in TABLES:
        (root / table / PARTITION).mkdir(parents=True)
        (root / table / PARTITION / "part-0.parquet").write_bytes(bytes(1000))
    for folder in ("_raw/ab", "_lineage/runs", "_staging", "_quarantine", "_quality"):
        (root / folder).mkdir(parents=True)
    (root / "_staging/lock").touch()
    return root


def ask(lake: Path, before: Sequence[str] = (), **environment: str) -> tuple[int, list[dict[str, Any]]]:
    """Exit code of the doctor and what it found; the version of Python aside, which is the machine's."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT")}
    home = {"PREFECT_HOME": str(lake.parent / "prefect"), "DO_NOT_TRACK": "1", "PYTHONPATH": str(ROOT)}
    command = [*before, *CLI, "doctor", "--lake", str(lake), "--json"]
    done = subprocess.run(
        command,
        cwd=lake.parent,
        env=clean | home | environment,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    report = json.loads(done.stdout)
    assert report["exit_code"] == done.returncode
    return done.returncode, [one for one in report["checks"] if one["status"] != "ok" and one["name"] != "python"]


def expect(found: Sequence[dict[str, Any]], name: str, status: str, detail: str, advice: str) -> None:
    """The one finding is this; `advice` is a part of what it advises."""
    assert [(one["name"], one["status"], one["detail"]) for one in found] == [(name, status, detail)]
    assert advice in found[0]["advice"]


def test_no_trouble(lake: Path) -> None:
    assert ask(lake) == (0, [])


@contextlib.contextmanager
def mounted(place: Path, *options: str) -> Iterator[None]:
    """Something mounted on a folder: `mount OPTIONS PLACE`."""
    command = ["mount", *options, str(place)]
    if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


def test_no_space(lake: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted(disk, "-t", "tmpfs", "-o", "size=4m", "stenolake-test"):
        shutil.copytree(lake, disk / "lake")
        with contextlib.suppress(OSError), (disk / "filler").open("wb", buffering=0) as stream:
            while stream.write(bytes(4096)) == 4096:
                pass
        code, found = ask(disk / "lake", PREFECT_HOME=str(tmp_path / "prefect"))
        detail = f"0.0 MiB free at {disk / 'lake'}; a run may need 256.0 MiB"
        expect(found, "space", "fail", detail, "free 256.0 MiB or more")
        assert code == 5
        code, found = ask(lake, PREFECT_HOME=str(disk / "prefect"))
        detail = f"0 MiB free at {disk}; Prefect's database may need 64 MiB"
        expect(found, "prefect home", "fail", detail, "set PREFECT_HOME to a folder with more room")
        assert code == 5


def test_no_more_files(lake: Path, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    with mounted(disk, "-t", "tmpfs", "-o", "size=1g,nr_inodes=1000", "stenolake-test"):
        shutil.copytree(lake, disk / "lake")
        left = os.statvfs(disk).f_favail
        code, found = ask(disk / "lake", PREFECT_HOME=str(tmp_path / "prefect"))
    detail = f"{left} files can still be made at {disk / 'lake'}"
    expect(found, "space", "fail", detail, "remove small files")
    assert code == 5


def without_root_rights() -> list[str]:
    """What to put before a command so that the rights of files count for it, whoever runs the tests."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("root may do anything, and nothing is there to take that right away")
    rights = "-dac_override,-dac_read_search"
    return ["setpriv", f"--bounding-set={rights}", f"--inh-caps={rights}"]


@pytest.mark.parametrize(
    ("refused", "rights"),
    [
        ("_raw/ab", 0o500),
        ("_lineage", 0o500),
        (f"turns/{PARTITION}", 0o555),
        (f"turns/{PARTITION}/part-0.parquet", 0o000),
        ("_staging/lock", 0o444),
    ],
)
def test_wrong_permission(lake: Path, refused: str, rights: int) -> None:
    usual = (lake / refused).stat().st_mode
    (lake / refused).chmod(rights)
    try:
        code, found = ask(lake, without_root_rights())
    finally:
        (lake / refused).chmod(usual)
    expect(found, "permission", "fail", f"not readable or writable: {refused}", "chmod -R u+rwX")
    assert code == 5


def test_a_lake_that_may_not_be_made(tmp_path: Path) -> None:
    shut = tmp_path / "shut"
    shut.mkdir(mode=0o500)
    code, found = ask(shut / "lake", without_root_rights(), PREFECT_HOME=str(tmp_path / "prefect"))
    detail = f"{shut / 'lake'} is not there and cannot be made in {shut}"
    expect(found, "lake", "fail", detail, "name another with --lake")
    assert code == 5


def test_a_read_only_mount(lake: Path) -> None:
    with mounted(lake / "turns", "--bind", "-o", "ro", str(lake / "turns")):
        code, found = ask(lake)
    assert code == 5
    assert [one["name"] for one in found] == ["permission", "file system"]
    names = f"turns, turns/{PARTITION.split('/')[0]}, turns/{PARTITION}"
    expect(found[:1], "permission", "fail", f"mounted read-only: {names}", "mount its file system for writing")


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("_staging", "another disk"),
        (f"documents/{PARTITION}", "another disk"),
        ("_raw", "another disk"),
        ("turns", "the same disk, mounted again"),
    ],
)
def test_folders_on_different_file_systems(lake: Path, tmp_path: Path, folder: str, kind: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    options = {
        "another disk": ["-t", "tmpfs", "-o", "size=4m", "stenolake-test"],
        "the same disk, mounted again": ["--bind", str(tmp_path / "elsewhere")],
    }
    with mounted(lake / folder, *options[kind]):
        with pytest.raises(OSError, match="Invalid cross-device link"):  # what a run would meet
            (lake / ("_staging" if folder != "_staging" else "turns")).rename(lake / folder / "moved")
        code, found = ask(lake)
    assert code == 5
    assert [(one["name"], one["status"]) for one in found] == [("file system", "fail")]
    assert found[0]["detail"].startswith("on another file system than _staging: ")
    assert folder == "_staging" or found[0]["detail"].endswith(f": {folder}")
    assert "put the whole lake on one file system" in found[0]["advice"]


def test_a_lock_and_leftovers_of_a_run_that_was_killed(lake: Path) -> None:
    lock = lake / "_staging" / "lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as run:
        assert run.stdout
        assert run.stdout.readline() == "held\n"
        (lake / "_staging" / "the-other-run").mkdir()
        (lake / "_staging" / "the-other-run" / "turns.parquet").write_bytes(bytes(1 << 20))
        assert ask(lake) == (0, [])  # a run at work
        run.send_signal(signal.SIGKILL)
    code, found = ask(lake)
    assert code == 0  # no run would fail of them
    who = f"run the-other-run, process {run.pid} on {socket.gethostname()} since "
    assert found[0]["detail"].startswith(f"stale: left by {who}")
    assert found[0]["detail"].endswith(", which is gone")
    assert found[1]["detail"].startswith("left by a run that was killed, ")
    assert found[1]["detail"].endswith(": _staging/the-other-run; 1 file, 1.0 MiB")
    assert [(one["name"], one["status"], "the next run" in one["advice"]) for one in found] == [
        ("lock", "warn", True),
        ("staging", "warn", True),
    ]


@pytest.mark.parametrize(
    ("silent_seconds", "detail"),
    [(LEASE_SECONDS + 60, "stale: left by run far, process 1 on other since then, last heard of 36"), (0, "held by")],
)
def test_a_lock_of_another_machine(lake: Path, silent_seconds: int, detail: str) -> None:
    lock = lake / "_staging" / "lock"
    far = {"pid": 1, "host": "other", "boot_id": "another kernel", "run_id": "far", "started_at": "then"}
    lock.write_text(json.dumps(far))
    at = time.time() - silent_seconds
    os.utime(lock, (at, at))
    code, found = ask(lake)
    assert (code, len(found), found[0]["name"]) == (0, 1, "lock")
    assert found[0]["detail"].startswith(detail)


@pytest.mark.parametrize(
    ("package", "release", "detail"),
    [
        ("fastapi", "0.155.0", "fastapi 0.155.0: Prefect's server cannot be imported"),
        ("sqlalchemy", "2.1.9", "sqlalchemy 2.1.9: Prefect's scheduler fails in each loop: schedules never fire"),
        ("prefect", "3.9.1", "prefect 3.9.1: needs a certifi that package indexes may not have"),
        ("pyarrow", "", "not installed: pyarrow"),
    ],
)
def test_libraries_known_bad(lake: Path, tmp_path: Path, package: str, release: str, detail: str) -> None:
    installed = tmp_path / "site" / f"{package}-{release or 0}.dist-info"
    installed.mkdir(parents=True)
    number = f"Version: {release}\n" if release else ""
    (installed / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\n{number}")
    code, found = ask(lake, PYTHONPATH=f"{installed.parent}{os.pathsep}{ROOT}")
    expect(found, "libraries", "fail", detail, "requirements.lock")
    assert code == 2


def test_an_unreachable_prefect_api(lake: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}/api"
    code, found = ask(lake, PREFECT_API_URL=url, NO_PROXY="127.0.0.1")
    detail = f"{url} does not answer: [Errno 111] Connection refused"
    expect(found, "prefect api", "fail", detail, "unset PREFECT_API_URL")
    assert code == 2


def test_the_address_of_prefects_pages_is_not_that_of_its_api(lake: Path, prefect_api: str) -> None:
    assert ask(lake, PREFECT_API_URL=prefect_api, NO_PROXY="127.0.0.1") == (0, [])
    url = prefect_api.removesuffix("/api")
    code, found = ask(lake, PREFECT_API_URL=url, NO_PROXY="127.0.0.1")
    assert (code, found[0]["name"], found[0]["detail"][: len(url)]) == (2, "prefect api", url)
