"""`stenolake doctor`: a healthy lake has no finding, and each thing that is wrong has its own."""

from __future__ import annotations

import datetime as dt
import errno
import fcntl
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections import namedtuple
from collections.abc import Callable, Iterator
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest

from flows import doctor, doctor_lake, doctor_machine, environment
from flows.doctor import Check
from storage.schemas import TABLES
from tests.support import PATIENCE_SECONDS

GIB = 1 << 30
MIB = 1 << 20
Usage = namedtuple("Usage", "total used free")
PARTITION = "source=kremlin/year=2023"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """The machine's own Prefect settings stay out, and ours stay in."""
    for name in [name for name in os.environ if name.startswith("PREFECT") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PREFECT_HOME", str(tmp_path / "prefect"))
    before = dict(os.environ)
    yield
    for name in os.environ.keys() - before.keys():
        del os.environ[name]


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """A small healthy lake: one partition, of 1 MiB a table."""
    root = tmp_path / "lake"
    for table in TABLES:
        (root / table / PARTITION).mkdir(parents=True)
        (root / table / PARTITION / "part-0.parquet").write_bytes(bytes(MIB))
    for folder in ("_raw/ab", "_lineage/runs", "_staging", "_quarantine", "_quality"):
        (root / folder).mkdir(parents=True)
    (root / "_lineage/runs/run.parquet").write_bytes(b"PAR1")
    (root / "_staging/lock").write_text("")
    return root


def find(checks: list[Check], name: str) -> Check:
    (only,) = [check for check in checks if check.name == name]
    return only


def test_a_healthy_lake_has_no_finding(lake: Path) -> None:
    checks = doctor.examine(lake)
    found = [check for check in checks if check.status != "ok" and check.name != "python"]  # Python is the machine's
    assert found == []
    assert [check.name for check in checks] == [
        "python", "libraries", "prefect api", "prefect home", "telemetry", "clock",
        "lake", "permission", "space", "file system", "lock", "staging", "tables",
    ]  # fmt: skip
    assert all(not check.advice for check in checks if check.status == "ok")


def test_every_finding_has_advice(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(GIB, GIB, 0))
    (lake / "turns" / "notes.txt").write_text("x")
    found = [check for check in doctor.examine(lake) if check.status != "ok"]
    assert len(found) >= 3
    assert all(check.advice for check in found)


# Place and rights


def test_a_lake_that_is_not_there_yet(tmp_path: Path) -> None:
    checks = doctor_lake.examine_lake(tmp_path / "a" / "b")
    assert [(check.name, check.status) for check in checks] == [("lake", "ok"), ("space", "ok")]
    assert checks[0].detail == f"{tmp_path / 'a' / 'b'} is not there yet; the first run makes it"
    assert not (tmp_path / "a").exists()


def test_a_file_in_the_place_of_the_lake(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for lake in (tmp_path / "file", tmp_path / "file" / "lake"):
        (check,) = doctor_lake.examine_lake(lake)
        assert (check.name, check.status, check.detail) == ("lake", "fail", f"{tmp_path / 'file'} is no folder")


def test_a_lake_that_cannot_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)
    check = doctor_lake.check_place(tmp_path / "lake")
    assert (check.status, check.detail) == (
        "fail",
        f"{tmp_path / 'lake'} is not there and cannot be made in {tmp_path}",
    )


@pytest.mark.parametrize("refused", [".", "_raw/ab", f"turns/{PARTITION}", f"turns/{PARTITION}/part-0.parquet"])
def test_wrong_permission(lake: Path, refused: str, monkeypatch: pytest.MonkeyPatch) -> None:
    access = os.access  # root may do anything, so the answer is forged and not the rights
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != lake / refused and access(path, mode))
    check = doctor_lake.check_permission(lake)
    named = str(lake) if refused == "." else refused
    assert (check.status, check.detail) == ("fail", f"not readable or writable: {named}")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_wrong_permission_for_real(lake: Path) -> None:
    (lake / "_raw" / "ab").chmod(0o500)
    check = doctor_lake.check_permission(lake)
    (lake / "_raw" / "ab").chmod(0o700)
    assert (check.status, check.detail) == ("fail", "not readable or writable: _raw/ab")


def test_what_cannot_be_looked_at_is_a_finding(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> Check:
        raise PermissionError(errno.EACCES, "Permission denied", "/lake/turns")

    monkeypatch.setattr(doctor_lake, "check_tables", refuse)
    check = find(doctor_lake.examine_lake(lake), "tables")
    assert (check.status, check.detail) == ("fail", "cannot be looked at: Permission denied: /lake/turns")


# Space


def test_space_is_measured_against_the_largest_partition(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    smaller = lake / "turns" / "source=kremlin" / "year=2022"
    smaller.mkdir()
    (smaller / "part-0.parquet").write_bytes(bytes(100))
    assert doctor_lake.largest_partition(lake) == len(TABLES) * MIB
    needed = 2 * len(TABLES) * MIB + 256 * MIB
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(GIB, 0, needed))
    assert find(doctor_lake.examine_lake(lake), "space").status == "ok"
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(GIB, 0, needed - MIB))
    check = find(doctor_lake.examine_lake(lake), "space")
    assert check == Check(
        "space", "fail", f"267.0 MiB free at {lake}; a run may need 268.0 MiB", "free 1.0 MiB or more"
    )


def test_a_full_table_of_files(tmp_path: Path) -> None:
    assert doctor_lake.check_space(tmp_path, GIB, 9_999, 0).status == "fail"
    assert doctor_lake.check_space(tmp_path, GIB, 10_000, 0).status == "ok"
    assert doctor_lake.check_space(tmp_path, GIB, None, 0).status == "ok"


# File system


def test_folders_on_different_file_systems(lake: Path) -> None:
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == lake.stat().st_dev:
        pytest.skip("no second file system at hand")
    elsewhere = memory / f"stenolake-test-{os.getpid()}"
    elsewhere.mkdir()
    try:
        (lake / "turns" / "source=other").symlink_to(elsewhere)
        check = doctor_lake.check_file_system(lake)
    finally:
        elsewhere.rmdir()
    assert (check.status, check.detail) == ("fail", "on another file system than _staging: turns/source=other")


def test_staging_on_another_file_system(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home, other = doctor_lake._mount(lake / "_staging"), (0, "mnt_id: 0")
    monkeypatch.setattr(
        doctor_lake, "mounts", lambda _: {home: [lake / "_staging"], other: [lake / table for table in TABLES]}
    )
    check = doctor_lake.check_file_system(lake)
    assert check.status == "fail"
    assert check.detail == "on another file system than _staging: turns, paragraphs, tags and 3 more"


# Staging and lock


def owner(pid: int, host: str = "") -> str:
    facts = {
        "pid": pid,
        "host": host or socket.gethostname(),
        "run_id": "r1",
        "started_at": "2026-03-01T06:30:00+00:00",
    }
    return json.dumps(facts)


def dead_pid() -> int:
    done = subprocess.Popen([sys.executable, "-c", ""])
    done.wait()
    return done.pid


def test_leftovers(lake: Path) -> None:
    (lake / "_staging" / "run-1" / "turns").mkdir(parents=True)
    (lake / "_staging" / "run-1" / "turns" / "a.parquet").write_bytes(bytes(3 * MIB))
    (lake / "_staging" / "b.staged").write_bytes(b"")
    os.utime(lake / "_staging" / "b.staged", (2_000_000_000, 2_000_000_000))
    check = doctor_lake.check_staging(lake)
    assert check.status == "warn"
    names = "_staging/b.staged, _staging/run-1"
    assert check.detail == f"left by a run that was killed, 2033-05-18T03:33:20+00:00: {names}; 2 files, 3.0 MiB"


def test_a_run_at_work_leaves_no_leftovers(lake: Path) -> None:
    (lake / "_staging" / "r1").mkdir()
    (lake / "_staging" / "lock").write_text(owner(os.getpid()))
    with (lake / "_staging" / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert doctor_lake.check_staging(lake) == Check("staging", "ok", "1 item of the run at work")


def lock_states() -> dict[str, tuple[Callable[[], str], str, str]]:
    since = "since 2026-03-01T06:30:00+00:00"
    here, me = socket.gethostname(), os.getpid()
    return {
        "absent": (lambda: "", "ok", "nobody holds the lake"),
        "number of another": (lambda: owner(me), "warn", f"stale: left by run r1, process {me} on {here} {since}, a"),
        "dead": (lambda: owner(dead_pid()), "warn", "stale: left by run r1, process "),
        "elsewhere": (
            lambda: owner(me, "otherhost"),
            "warn",
            f"held by run r1, process {me} on otherhost {since}, which",
        ),
        "torn": (lambda: '{"pid": 12', "warn", "/_staging/lock does not say who held the lake"),
        "no object": (lambda: "[]", "warn", "/_staging/lock does not say who held the lake"),
    }


@pytest.mark.parametrize("state", ["absent", "number of another", "dead", "elsewhere", "torn", "no object"])
def test_lock(lake: Path, state: str) -> None:
    text, status, detail = lock_states()[state]
    (lake / "_staging" / "lock").write_text(text())
    check = doctor_lake.check_lock(lake)
    assert check.status == status
    assert detail in check.detail


def test_a_zombie_holds_nothing(lake: Path) -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    try:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and not yet reaped
        (lake / "_staging" / "lock").write_text(owner(child.pid))
        assert doctor_lake.check_lock(lake).status == "warn"
    finally:
        child.wait()


def test_a_lock_that_cannot_be_read(lake: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> str:
        raise PermissionError(errno.EACCES, "Permission denied", "lock")

    monkeypatch.setattr(Path, "read_text", refuse)
    check = doctor_lake.check_lock(lake)
    assert (check.name, check.status) == ("lock", "fail")


# Foreign files


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        f"{PARTITION}/.part-0.parquet.crc",
        f"{PARTITION}/part-0.parquet.staged",
        "part-0.parquet",
        "_SUCCESS",
    ],
)
def test_foreign_files(lake: Path, name: str) -> None:
    (lake / "photos" / name).write_text("x")
    check = doctor_lake.check_tables(lake)
    assert (check.status, check.detail) == (
        "warn",
        f"foreign files, which readers may stumble over: photos/{name}",
    )


# The machine


@pytest.mark.parametrize(
    ("running", "status"),
    [
        ((3, 10, 20), "fail"),
        ((3, 11, 7), "warn"),
        ((3, 11, 14), "ok"),
        ((3, 12, 11), "warn"),
        ((3, 12, 12), "ok"),
        ((3, 13, 7), "warn"),
        ((3, 13, 8), "ok"),
        ((3, 14, 0), "fail"),
    ],
)
def test_python_versions(running: tuple[int, ...], status: str) -> None:
    assert doctor_machine.check_python(running).status == status


@pytest.mark.parametrize(
    ("package", "installed", "breaks"),
    [
        ("fastapi", "0.150.0", None),
        ("fastapi", "0.151.0", "Prefect's filter routes answer 422, so that `prefect deploy --all` fails"),
        ("fastapi", "0.154.3", "Prefect's filter routes answer 422, so that `prefect deploy --all` fails"),
        ("fastapi", "0.155.0", "Prefect's server cannot be imported"),
        ("sqlalchemy", "2.0.58", None),
        ("sqlalchemy", "2.1.0b1", "Prefect's scheduler fails in each loop: schedules never fire"),
        ("prefect", "3.7.8", "loses task runs of short flows"),
        ("prefect", "3.8.8", None),
        ("prefect", "3.9.0", "needs a certifi that package indexes may not have"),
        ("prefect", "3.9.1", "needs a certifi that package indexes may not have"),
        ("prefect", "3.9.2", None),
    ],
)
def test_libraries_known_bad(package: str, installed: str, breaks: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor_machine, "version", lambda name: installed if name == package else version(name))
    check = doctor_machine.check_libraries()
    if breaks:
        assert (check.status, check.detail) == ("fail", f"{package} {installed}: {breaks}")
    else:
        assert check.status == "ok"


def test_a_missing_library(monkeypatch: pytest.MonkeyPatch) -> None:
    def lookup(name: str) -> str:
        if name == "pyarrow":
            raise PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(doctor_machine, "version", lookup)
    check = doctor_machine.check_libraries()
    assert (check.status, check.detail) == ("fail", "not installed: pyarrow")


class Api(HTTPServer):
    """A loopback stand-in for Prefect's API with a status and a clock of its own."""

    def __init__(self, status: int, ahead_seconds: float) -> None:
        self.status, self.ahead_seconds = status, ahead_seconds
        super().__init__(("127.0.0.1", 0), _Answer)


class _Answer(BaseHTTPRequestHandler):
    server: Api

    def do_GET(self) -> None:
        self.send_response_only(self.server.status if self.path == "/api/health" else 404)
        now = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=self.server.ahead_seconds)
        self.send_header("Date", format_datetime(now, usegmt=True))
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"true")

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.mark.parametrize(
    ("status", "ahead_seconds", "found"),
    [
        (200, 0, [("prefect api", "ok")]),
        (200, 3600, [("prefect api", "ok"), ("prefect clock", "warn")]),
        (200, -3600, [("prefect api", "ok"), ("prefect clock", "warn")]),
        (503, 0, [("prefect api", "fail")]),
    ],
)
def test_prefect_api(
    status: int, ahead_seconds: float, found: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Api(status, ahead_seconds) as api:
        threading.Thread(target=api.serve_forever, daemon=True).start()
        monkeypatch.setenv("PREFECT_API_URL", f"http://127.0.0.1:{api.server_address[1]}/api")
        checks = doctor_machine.check_prefect_api()
        api.shutdown()
    assert [(check.name, check.status) for check in checks] == found


START = "start it with `stenolake ui`, or unset PREFECT_API_URL to let each run bring its own"


def test_the_address_of_a_server_lacks_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    with Api(200, 0) as api:
        threading.Thread(target=api.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{api.server_address[1]}"
        told = []
        for address in (url, f"{url}/", f"{url}/api/more"):
            monkeypatch.setenv("PREFECT_API_URL", address)
            (check,) = doctor_machine.check_prefect_api()
            told.append((check.status, check.detail, check.advice))
        api.shutdown()
    hint = f"the address of an API ends with /api: {url}/api; {START}"
    assert told == [
        ("fail", f"{url} does not answer: 404 Not Found", hint),
        ("fail", f"{url}/ does not answer: 404 Not Found", hint),
        ("fail", f"{url}/api/more does not answer: 404 Not Found", START),
    ]


def test_an_unreachable_prefect_api_from_the_profile(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/api"
    (tmp_path / "prefect").mkdir()
    (tmp_path / "prefect" / "profiles.toml").write_text(
        f'active = "mine"\n[profiles.mine]\nPREFECT_API_URL = "{url}"\n'
    )
    (check,) = doctor_machine.check_prefect_api()
    assert (check.status, check.detail) == ("fail", f"{url} does not answer: [Errno 111] Connection refused")


@pytest.mark.parametrize("url", ["nonsense", "http://", "http://127.0.0.1:99999/api"])
def test_an_impossible_prefect_api(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT_API_URL", url)
    (check,) = doctor_machine.check_prefect_api()
    assert check.status == "fail"
    assert check.detail.startswith(f"{url} does not answer: ")


def test_prefect_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert doctor_machine.check_prefect_home(tmp_path / "new" / "home").status == "ok"
    (tmp_path / "file").write_text("")
    check = doctor_machine.check_prefect_home(tmp_path / "file" / "home")
    assert (check.status, check.detail) == (
        "fail",
        f"{tmp_path / 'file' / 'home'} cannot be made in {tmp_path / 'file'}",
    )
    (tmp_path / "prefect.db").write_text("")
    monkeypatch.setattr(os, "access", lambda path, _: Path(path).name != "prefect.db")
    check = doctor_machine.check_prefect_home(tmp_path)
    assert (check.status, check.detail) == ("fail", f"{tmp_path / 'prefect.db'} cannot be written")


def test_telemetry(monkeypatch: pytest.MonkeyPatch) -> None:
    for setting in environment.TELEMETRY:
        monkeypatch.setenv(setting.name, setting.value)
    assert doctor_machine.check_telemetry().status == "ok"
    monkeypatch.setenv("DO_NOT_TRACK", "True")
    assert doctor_machine.check_telemetry().status == "ok"
    monkeypatch.setenv("GX_ANALYTICS_ENABLED", "1")
    assert doctor_machine.check_telemetry() == Check(
        "telemetry",
        "warn",
        "switched on by GX_ANALYTICS_ENABLED",
        "to switch it off: export GX_ANALYTICS_ENABLED=false",
    )


def test_clock(lake: Path) -> None:
    now = dt.datetime(2026, 6, 1, tzinfo=dt.UTC).timestamp()
    assert doctor_machine.check_clock(now, None).status == "ok"
    assert doctor_machine.check_clock(now, now + 299).status == "ok"
    assert doctor_machine.check_clock(now, now + 301).status == "warn"
    assert doctor_machine.check_clock(0, None).status == "fail"
    os.utime(lake / "_lineage/runs/run.parquet", (now, now))
    assert doctor.newest_file(lake) == now
    assert doctor.newest_file(lake / "absent") is None


# The command


@pytest.mark.parametrize(
    ("failing", "code"),
    [([], 0), (["libraries"], 2), (["space"], 5), (["libraries", "space"], 5), (["prefect api"], 2)],
)
def test_exit_code(failing: list[str], code: int) -> None:
    checks = [Check("python", "warn", "x", "y"), *(Check(name, "fail", "x", "y") for name in failing)]
    assert doctor.exit_code(checks) == code


def test_storage_checks_are_named_as_they_are(lake: Path) -> None:
    assert {check.name for check in doctor.examine(lake)} >= doctor.STORAGE_CHECKS


def test_json_is_one_object(lake: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (lake / "turns" / "notes.txt").write_text("x")
    assert doctor.run_doctor(lake, as_json=True) == 0
    out, err = capfd.readouterr()
    report = json.loads(out)
    assert err == ""
    assert (report["lake"], report["status"], report["exit_code"]) == (str(lake), "warn", 0)
    assert {"name": "lock", "status": "ok", "detail": "nobody holds the lake", "advice": ""} in report["checks"]


def test_text_is_plain_where_there_is_no_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "file").write_text("")
    assert doctor.run_doctor(tmp_path / "file", as_json=False) == 5
    out = capsys.readouterr().out
    assert "\x1b" not in out
    lines = out.splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith(("✗ lake", "X lake")))
    assert lines[at].endswith(f"{tmp_path / 'file'} is no folder")
    assert lines[at + 1].endswith("name another folder with --lake, or move that file")
    assert lines[-1].endswith("1 would make a run fail")


def test_text_on_an_ascii_terminal(lake: Path) -> None:
    code = f"from pathlib import Path; from flows.doctor import run_doctor; run_doctor(Path({str(lake)!r}), False)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[1],
        env=os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
        capture_output=True,
        check=True,
        timeout=PATIENCE_SECONDS,
    )
    assert b"\n- lock" in done.stdout
    assert done.stderr == b""


def test_nothing_is_written(lake: Path) -> None:
    def state() -> dict[str, tuple[int, int]]:
        return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in sorted(lake.parent.rglob("*"))}

    before = state()
    doctor.examine(lake)
    assert state() == before
