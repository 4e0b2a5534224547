"""Several files of one folder replaced at one instant: a second folder is made of links, and the two change places.

Only Linux exchanges two names in one step (`renameat2`), and only on file systems that know hard links; elsewhere the
files are renamed one by one.
"""

from __future__ import annotations

import ctypes
import errno
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from storage.failpoint import reach
from storage.files import list_files, make_folder, sync_folder

# What a file system says that knows no hard links, or none to this file.
NO_LINKS = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK, errno.EXDEV})
_NO_EXCHANGE = frozenset({errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP})
_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


class CannotExchangeError(Exception):
    """This system or file system cannot; nothing has changed."""


def exchange_files(folder: Path, files: Mapping[str, Path | None], scratch: Path) -> None:
    """Have a folder hold other files, all from one instant on; those that are not named stay.

    Args:
        folder: what readers read; it need not be there yet.
        files: path below it -> the file that shall stand there, or None where none shall.
        scratch: a folder that is made for this, on the same file system; it holds what stood before, afterwards.

    Raises:
        CannotExchangeError: not here.
        StorageError: the folder cannot be listed; nothing has changed.
        OSError: linking or exchanging failed; nothing has changed.
    """
    shutil.rmtree(scratch, ignore_errors=True)
    standing = {name: folder / name for name in list_files(folder)}
    make_folder(scratch)
    for name, source in sorted({**standing, **files}.items()):
        if source is not None:
            make_folder((scratch / name).parent)
            _link(source, scratch / name)
    for path in (*(path for path in scratch.rglob("*") if path.is_dir()), scratch):
        sync_folder(path)
    reach("exchange.made")
    if folder.exists():
        exchange(scratch, folder)
    else:
        make_folder(folder.parent)
        scratch.replace(folder)
    reach("exchange.done")
    sync_folder(folder.parent)
    sync_folder(scratch.parent)


def exchange(one: Path, other: Path) -> None:
    """Have two folders change places, in one step."""
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "renameat2"):
        raise CannotExchangeError
    if libc.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
        error = ctypes.get_errno()
        if error in _NO_EXCHANGE:
            raise CannotExchangeError
        raise OSError(error, os.strerror(error), str(other))


def _link(source: Path, name: Path) -> None:
    try:
        os.link(source, name)
    except OSError as error:
        if error.errno in NO_LINKS:
            raise CannotExchangeError from error
        raise
