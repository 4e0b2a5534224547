"""What becomes of memory that a process has done with: it goes back to the system, or is kept for what comes next."""

from __future__ import annotations

import ctypes
import sys

_LIBC = ctypes.CDLL(None)
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # of malloc.h


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
