"""What becomes of memory that a process has done with: it goes back to the system, or is kept for what comes next."""

from __future__ import annotations

import ctypes
import gc
import sys

_LIBC = ctypes.CDLL(None)
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h
_MADE_BEFORE_COLLECTION = 50_000  # objects; 700 by default, which took a tenth of the time of a run


def give_back() -> None:
    """Give memory back that this process has done with: the next work may be of another kind."""
    if arrow := sys.modules.get("pyarrow"):
        arrow.default_memory_pool().release_unused()
    if hasattr(_LIBC, "malloc_trim"):  # else 100 MB stay with the process after a batch
        _LIBC.malloc_trim(0)


def keep() -> None:
    """Keep memory for what is asked for next, rather than have the kernel make it anew each time.

    For a process that does one thing and ends: of the proof of a lake that is a twentieth of the time.
    """
    if hasattr(_LIBC, "mallopt"):  # of the GNU C library
        for threshold in (_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD):
            _LIBC.mallopt(threshold, 1 << 30)


def postpone() -> None:
    """Look for no cycles of references until `settle`: a program that imports makes much, and nothing that could go.

    Looking for them took a fifth of the time of the imports. A short command needs no `settle`.
    """
    gc.disable()


def settle() -> None:
    """Look for cycles of references seldom, and never in what is there now: modules, classes and tables of words.

    For when everything is imported. In worker processes what is there also stays shared: nobody writes to it.
    """
    gc.freeze()
    gc.set_threshold(_MADE_BEFORE_COLLECTION)
    gc.enable()
