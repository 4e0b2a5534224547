"""Worker processes: batches are parsed and judged, and partitions made, in several at once, on one core each.

    with Workers(2) as workers:
        for held in workers.each(judge, batches, start=True): ...     # in order, a few ahead
        # and inside `judge`:  workers.run(parse_batch, batch, defaults)

The processes are forked from one that has imported everything that they need (`tasks.warm`), so that it is imported
once and held in memory once. `prepare` starts that one early: it imports while this process does other things.
"""

from __future__ import annotations

import contextvars
import functools
import itertools
import multiprocessing.connection
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import forkserver
from multiprocessing.context import ForkServerContext, ForkServerProcess
from multiprocessing.popen_forkserver import Popen
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import ParamSpec, TypeVar

from storage.errors import StenolakeError
from tasks import memory

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")

VARIABLE = "STENOLAKE_WORKERS"
_PRELOADED = "tasks.warm"
_DONE_AHEAD = 3  # results that wait for an earlier one, so that nobody waits for it
_ENDED = "{} ended before its time, as one does that is killed or finds no memory"
_AFTER = "nothing was published; run again, on a small machine with --workers 1"
_is_prepared = False


class _Process(ForkServerProcess):
    """A worker imports what its work names, and not, as is usual, once more the program that hired it.

    That would cost a second a worker where the program is Prefect's, and run it again where it is a plain script.
    """

    @staticmethod
    def _Popen(process: BaseProcess) -> Popen:
        program, sys.modules["__main__"] = sys.modules["__main__"], ModuleType("__main__")
        try:
            return Popen(process)
        except (EOFError, ConnectionError) as error:
            raise StenolakeError(_ENDED.format("the process that workers are forked from"), _AFTER) from error
        finally:
            sys.modules["__main__"] = program


class _Context(ForkServerContext):
    Process = _Process


_context = _Context()


def default_count() -> int:
    """As many workers as `$STENOLAKE_WORKERS` says, else as there are cores for this process."""
    told = os.environ.get(VARIABLE, "")
    return max(1, int(told)) if told.isdecimal() else len(os.sched_getaffinity(0))


def prepare(count: int) -> None:
    """Start the process that the workers are forked from, so that it imports while this one goes on.

    Does nothing where there is to be one worker, which is this process, or where what takes long is imported already.
    """
    global _is_prepared  # the process stays for the life of this one
    if count > 1 and not _is_prepared and "great_expectations" not in sys.modules:
        _context.set_forkserver_preload([_PRELOADED])
        forkserver.ensure_running()
        _is_prepared = True


class Workers:
    """What does the work of a run: this process, or `count` others once they are started."""

    def __init__(self, count: int) -> None:
        self.count = count
        self._pool: ProcessPoolExecutor | None = None

    def each(self, work: Callable[[T], R], items: Iterable[T], *, start: bool = False) -> Iterator[R]:
        """`work` of every item, in the order of the items.

        Args:
            work: is called in a thread of its own for each item, so that what it gives to `run` goes on side by side;
                `count` + 1 at once, so that no worker waits for its next.
            items: taken as they are needed; some whose work is done may wait for one before them that takes long.
            start: start the processes if they are not there, unless there is one item only.
        """
        items = iter(items)
        first = list(itertools.islice(items, 2))
        if start and first and (len(first) > 1 or _is_prepared):
            self._start()
        waiting = itertools.chain(first, items)
        if self._pool is None:
            yield from map(work, waiting)
            return
        threads = ThreadPoolExecutor(self.count + 1, thread_name_prefix="batch")
        try:
            ahead: deque[Future[R]] = deque()
            for item in waiting:
                # a task run finds its flow run in the context
                ahead.append(threads.submit(contextvars.copy_context().run, work, item))
                if len(ahead) > self.count + _DONE_AHEAD:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        except BaseException:
            self._dismiss(at_once=True)  # the threads wait for the processes
            raise
        finally:
            threads.shutdown(cancel_futures=True)

    def run(self, function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
        """The result of a function of values, computed in a worker; what it raises is raised here.

        Raises:
            StenolakeError: the worker ended before its time.
        """
        call = functools.partial(function, *args, **kwargs)
        if self._pool is None:
            return _work(call)
        try:
            return self._pool.submit(_work, call).result()
        except BrokenProcessPool as error:
            raise StenolakeError(_ENDED.format("a worker process"), _AFTER) from error

    def renew(self) -> None:
        """Have new processes, if there are any, for work of another kind: old ones keep 100 MB of the work before."""
        memory.give_back()
        if self._pool is not None:
            self._dismiss(at_once=False)
            self._pool = None
            self._start()

    def _start(self) -> None:
        if self._pool is None and self.count > 1:
            _context.set_forkserver_preload([_PRELOADED])
            self._pool = ProcessPoolExecutor(self.count, _context, _begin)

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        """End the processes: in the middle of what they do where an error or a signal ended the run."""
        self._dismiss(at_once=kind is not None)

    def _dismiss(self, *, at_once: bool) -> None:
        if self._pool is None:
            return
        if not at_once:
            self._pool.shutdown(cancel_futures=True)
            return
        # No public way until 3.14. The order matters: a process that a thread starts while the others are killed would
        # wait for ever on a lock that one of them held. After `shutdown` none is started any more.
        processes, manager = self._pool._processes, self._pool._executor_manager_thread
        self._pool.shutdown(wait=False, cancel_futures=True)
        for process in list((processes or {}).values()):
            process.kill()
        if isinstance(manager, threading.Thread):
            manager.join()


def _work(call: Callable[[], R]) -> R:
    """Do one piece of work, and give memory back after it: the next may be of another kind."""
    try:
        return call()
    finally:
        memory.give_back()


def _begin() -> None:
    """First thing in a worker: signals are for the process that hired it, and without that one it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = multiprocessing.process.parent_process()
    assert parent is not None, "a worker is started by another process"

    def watch() -> None:
        multiprocessing.connection.wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
