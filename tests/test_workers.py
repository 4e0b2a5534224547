"""Worker processes: the same bytes whatever their number, clear errors when one dies, and none that stays behind."""

from __future__ import annotations

import functools
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from storage import ledger
from storage.errors import StenolakeError, UsageError
from storage.lake import Lake
from tasks.cut import cut_batches
from tasks.workers import Workers, default_count
from tests.harness import plain_ingest, signature
from tests.support import PATIENCE_SECONDS, ROOT, SAMPLE, Command, end_here, page, refuse, wait_for, write


def test_results_come_in_the_order_of_the_items() -> None:
    at_once, most = set[int](), 0
    lock = threading.Lock()

    def work(number: int) -> int:
        nonlocal most
        with lock:
            at_once.add(number)
            most = max(most, len(at_once))
        result = workers.run(pow, number, 2)
        with lock:
            at_once.discard(number)
        return result

    with Workers(2) as workers:
        assert list(workers.each(work, range(20), start=True)) == [number**2 for number in range(20)]
    assert 2 <= most <= 3


def test_items_are_taken_as_they_are_needed() -> None:
    items = iter(range(100))
    with Workers(2) as workers:
        results = workers.each(lambda number: workers.run(abs, number), items, start=True)
        assert next(results) == 0
        assert next(items) <= 7


def test_nobody_waits_for_an_item_that_takes_long() -> None:
    """The results of some that come after it wait instead."""
    later = threading.Semaphore(0)

    def work(number: int) -> int:
        if number:
            later.release()
            return workers.run(abs, number)
        for _ in range(4):
            assert later.acquire(timeout=PATIENCE_SECONDS)
        return 0

    with Workers(2) as workers:
        assert list(workers.each(work, range(20), start=True)) == list(range(20))


def test_one_item_needs_no_process() -> None:
    with Workers(4) as workers:
        assert list(workers.each(lambda _: workers.run(os.getpid), [1], start=True)) == [os.getpid()]


def test_one_worker_is_this_process() -> None:
    with Workers(1) as workers:
        assert set(workers.each(lambda _: workers.run(os.getpid), range(5), start=True)) == {os.getpid()}


def test_an_error_in_a_worker_is_raised_with_its_facts() -> None:
    for _ in range(20):  # now and then one was started while the others were ended, and was waited for without end
        with Workers(2) as workers, pytest.raises(UsageError) as raised:
            list(workers.each(lambda number: workers.run(refuse, number), range(3), start=True))
        assert (raised.value.message, raised.value.advice) == ("no 0", "take another")


def test_workers_that_cannot_be_forked_are_an_error_with_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def dead(process: object) -> None:
        raise EOFError

    monkeypatch.setattr("tasks.workers.Popen", dead)
    with pytest.raises(StenolakeError) as told, Workers(2) as workers:
        list(workers.each(functools.partial(workers.run, abs), range(4), start=True))
    assert (told.value.message, told.value.advice) == (
        "the process that workers are forked from ended before its time, as one does that is killed or finds no memory",
        "nothing was published; run again, on a small machine with --workers 1",
    )


def test_what_the_parser_of_arguments_makes_an_abort_of_has_a_name(
    stenolake: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dead(*_: object, **__: object) -> int:
        raise EOFError("no more to read")

    monkeypatch.setattr("flows.run.run_ingest", dead)
    said = stenolake("ingest", SAMPLE, "--lake", tmp_path / "lake")
    assert (said.code, said.err.splitlines()[-2]) == (1, "stenolake: unexpected EOFError: no more to read")


def test_a_worker_that_dies_ends_the_run_and_leaves_the_lake_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake = tmp_path / "lake"
    plain_ingest([str(SAMPLE)], str(lake))
    before = signature(lake)
    dump = write(tmp_path, "dump.txt", "".join(page(day) for day in range(1, 21)))
    monkeypatch.setattr("flows.ingest.cut_batches", functools.partial(cut_batches, batch_bytes=1000))
    monkeypatch.setattr("flows.steps.judge_fragment", end_here)
    with pytest.raises(StenolakeError, match="a worker process ended before its time") as raised:
        plain_ingest([str(dump)], str(lake), workers=2)
    assert "--workers 1" in raised.value.advice
    tables = {name: value for name, value in signature(lake).items() if not name.startswith("_raw")}
    assert tables == {name: value for name, value in before.items() if not name.startswith("_raw")}
    assert ledger.read(Lake(lake), "runs")["status"].to_pylist() == ["completed", "failed"]


@pytest.mark.parametrize("count", [2, 3])
def test_the_number_of_workers_changes_no_byte(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    text = SAMPLE.read_text("utf-8") + "".join(page(day, title=f"Talks {day}") for day in range(1, 29))
    dumps = [str(write(tmp_path, "one.txt", text)), str(write(tmp_path, "two.txt", text.replace("Good", "Fine")))]
    monkeypatch.setattr("flows.ingest.cut_batches", functools.partial(cut_batches, batch_bytes=5000))
    alone = plain_ingest(dumps, str(tmp_path / "alone"), workers=1)
    together = plain_ingest(dumps, str(tmp_path / "together"), workers=count)
    assert signature(tmp_path / "together") == signature(tmp_path / "alone")
    assert {**together, "run_id": ""} == {**alone, "run_id": ""}


def living(mark: str) -> list[int]:
    """Processes that were started with this in their environment."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (place / "environ").read_bytes() and "State:\tZ" not in (place / "status").read_text():
                found.append(int(place.name))
        except OSError:
            continue  # it ended, or is another user's
    return found


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130), (signal.SIGKILL, -9)])
def test_no_worker_outlives_its_run(prefect_api: str, tmp_path: Path, number: signal.Signals, code: int) -> None:
    lake = tmp_path / "lake"
    dump = write(tmp_path, "big.txt", "".join(page(1 + day % 31, title=f"Talks {day}") for day in range(9000)))
    mark = f"test_workers={tmp_path}"
    environ = {"PREFECT_API_URL": prefect_api, "STENOLAKE_WORKERS": "2", "test_workers": str(tmp_path)}
    command = [sys.executable, "-c", "from flows.cli import main; main()", "ingest", str(dump), "--lake", str(lake)]
    process = subprocess.Popen(command, cwd=ROOT, env=os.environ | environ, stderr=subprocess.DEVNULL)
    assert wait_for(lambda: list(lake.glob("_staging/*/batch-*.txt")) or process.poll() is not None)
    assert process.poll() is None
    time.sleep(0.2)  # into the work of a worker, most likely
    assert len(living(mark)) > 1
    process.send_signal(number)
    assert process.wait(PATIENCE_SECONDS) == code
    assert wait_for(lambda: living(mark), lambda left: not left) == []


def test_the_number_comes_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STENOLAKE_WORKERS", "5")
    assert default_count() == 5
    monkeypatch.delenv("STENOLAKE_WORKERS")
    assert default_count() == len(os.sched_getaffinity(0))


def test_no_workers_at_all_are_wrong_usage(stenolake: Command, tmp_path: Path) -> None:
    assert stenolake("ingest", SAMPLE, "--lake", tmp_path / "lake", "--workers", "0").code == 2


def test_new_processes_for_other_work() -> None:
    with Workers(2) as workers:
        workers.renew()  # none were started: none are now
        assert list(workers.each(lambda _: workers.run(os.getpid), [1])) == [os.getpid()]
        before = set(workers.each(lambda _: workers.run(os.getpid), range(9), start=True))
        workers.renew()
        after = set(workers.each(lambda _: workers.run(os.getpid), range(9)))
    assert before.isdisjoint(after)
    assert os.getpid() not in after
