"""Write files and folders that survive a power cut; each file is known by its size and SHA-256."""

from __future__ import annotations

import errno
import hashlib
import os
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Followed", "Proof", "proof_of", "sync_folder"]

_STRETCH = 1 << 22
_SYNC_EVERY = 1 << 26
"""Bytes after which what was written is sent to the disk while more is being written: little is left at the end."""

_NO_SYNC = {errno.EACCES, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EBADF}


class Proof(TypedDict):
    """What a file is known by: its size, and its SHA-256 as `sha256sum` writes it."""

    bytes: int
    sha256: str


class Followed:
    """A file that somebody writes from its beginning to its end, read, hashed and synced behind the writer.

    Each method belongs into one thread, which need not be the writer's.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._number = -1
        self._hash = hashlib.sha256()
        self._read = self._synced = 0

    def catch_up(self) -> None:
        """Hash what has been written so far; sync it if it is much."""
        if self._number < 0:
            self._number = os.open(self._path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        while stretch := os.read(self._number, _STRETCH):
            self._hash.update(stretch)
            self._read += len(stretch)
            if self._read - self._synced >= _SYNC_EVERY:
                os.fsync(self._number)
                self._synced = self._read

    def finish(self) -> Proof:
        """Hash and sync the rest of what is a whole file now, and tell what it is known by."""
        try:
            self.catch_up()
            os.fsync(self._number)
        finally:
            self.close()
        return Proof(bytes=self._read, sha256=self._hash.hexdigest())

    def close(self) -> None:
        """Let go of a file that comes to nothing."""
        if self._number >= 0:
            os.close(self._number)
            self._number = -1


def proof_of(number: int) -> Proof:
    """Tell what an open file is known by; it is read from its beginning to its end."""
    told, size = hashlib.sha256(), 0
    while stretch := os.read(number, _STRETCH):
        told.update(stretch)
        size += len(stretch)
    return Proof(bytes=size, sha256=told.hexdigest())


def sync_folder(folder: Path) -> None:
    """Bring a folder's entries to the disk: a new, renamed or removed file is so only then for good.

    Windows and some network folders know no such order, and a folder that may not be read cannot be given it:
    there the system decides when.
    """
    if os.name == "nt":
        return
    try:
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
