"""Lock a folder for one process at a time; a process that dies releases its lock."""

from __future__ import annotations

import errno
import os
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["held"]

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.ENOTSUP}


@contextmanager
def held(path: Path) -> Iterator[bool]:
    """Hold a lock file in a `with` block, against other processes and against other threads of this one.

    The file is empty, made where there is none, and removed at the end. The lock is the system's (`flock`,
    `msvcrt.locking`): it ends with the process, however that ends, and a file left behind locks no one out.

    Yields
    ------
    bool
        Whether there is a lock: False on a file system without locks (some network folders).

    Raises
    ------
    BlockingIOError
        If another process or thread holds it.
    OSError
        If the file cannot be made.
    """
    number, locked = _take(path)
    try:
        yield locked
    finally:
        with suppress(OSError):  # Windows removes no file that is open, and needs none removed
            path.unlink()
        os.close(number)


def _take(path: Path) -> tuple[int, bool]:
    while True:
        number = _open(path)
        try:
            locked = _lock(number)
            with suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(number), path.stat()):
                    return number, locked
        except BaseException:
            os.close(number)
            raise
        os.close(number)  # the previous holder has removed it meanwhile: lock the new file


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
    except PermissionError as error:  # another user's, left by a run that died: enough to lock it
        try:
            return os.open(path, os.O_RDONLY)
        except FileNotFoundError:  # there is none, and none may be made
            raise error from None


if sys.platform == "win32":  # pragma: no cover
    import msvcrt

    def _lock(number: int) -> bool:
        try:
            msvcrt.locking(number, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            raise BlockingIOError(errno.EAGAIN, "is locked") from error
        return True

else:
    import fcntl

    def _lock(number: int) -> bool:
        try:
            fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _NO_LOCKS:
                return False
            raise
        return True
