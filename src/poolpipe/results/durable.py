"""Write files and folders that survive a power cut; each file is known by its size and SHA-256."""

from __future__ import annotations

import errno
import hashlib
import os
from typing import TYPE_CHECKING, Protocol, TypedDict

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Followed", "Proof", "Sum", "proof_of", "proof_of_file", "sync_folder"]

_STRETCH = 1 << 22
_SYNC_EVERY = 1 << 26
"""Bytes after which written data are synced while more are being written, so that little is left at the end."""

_NO_SYNC = {errno.EACCES, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EBADF}


class Proof(TypedDict):
    """The identity of a file's content: its size, and its SHA-256 as `sha256sum` writes it."""

    bytes: int
    sha256: str


class Sum(Protocol):
    """A hash or a checksum of bytes that come one after the other, such as those of `hashlib`."""

    def update(self, stretch: bytes | memoryview, /) -> object:
        """Take the next bytes."""

    def hexdigest(self) -> str:
        """Give the sum in hexadecimal digits."""


class Followed:
    """A file that is hashed and synced while another thread writes it from its beginning to its end.

    All methods are called from one thread, which need not be the writer's. Sums `beside` are given the same bytes.
    """

    def __init__(self, path: Path, *beside: Sum) -> None:
        self._path, self._beside = path, beside
        self._number = -1
        self._hash = hashlib.sha256()
        self._read = self._synced = 0

    def catch_up(self) -> None:
        """Hash the bytes written so far; sync them if they are many."""
        if self._number < 0:
            self._number = os.open(self._path, os.O_RDWR | getattr(os, "O_BINARY", 0))
        while stretch := os.read(self._number, _STRETCH):
            for each in (self._hash, *self._beside):
                each.update(stretch)
            self._read += len(stretch)
            if self._read - self._synced >= _SYNC_EVERY:
                os.fsync(self._number)
                self._synced = self._read

    def finish(self) -> Proof:
        """Hash and sync the rest of the finished file, and give its identity."""
        try:
            self.catch_up()
            os.fsync(self._number)
        finally:
            self.close()
        return Proof(bytes=self._read, sha256=self._hash.hexdigest())

    def close(self) -> None:
        """Close a file that will not be finished."""
        if self._number >= 0:
            os.close(self._number)
            self._number = -1


def proof_of(number: int) -> Proof:
    """Give the identity of an open file; it is read from its beginning to its end."""
    told, size = hashlib.sha256(), 0
    while stretch := os.read(number, _STRETCH):
        told.update(stretch)
        size += len(stretch)
    return Proof(bytes=size, sha256=told.hexdigest())


def proof_of_file(path: Path) -> Proof:
    """Hash the whole content of a file; see `proof_of`.

    Raises
    ------
    OSError
        If it cannot be opened.
    """
    with path.open("rb") as file:
        return proof_of(file.fileno())


def sync_folder(folder: Path) -> None:
    """Sync a folder's entries: only then a new, renamed or removed file survives a power cut.

    Windows and some network folders have no such operation, and a folder that may not be read cannot be synced:
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
