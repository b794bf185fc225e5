"""The file of a ledger: an SQLite file each of whose pages ends with a checksum, so that one changed bit is an error.

SQLite by itself reads a damaged page in silence. The last 8 bytes of each page are reserved here and hold a hash of the
page and of its place. Other programs read the file as it is; one that writes into it makes it unreadable for us.

A rollback journal and not a write-ahead log: what was committed is then in one file whose every page is verified, while
one changed bit in a log ends the log there in silence; and a store on a medium that cannot be written can be read.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import apsw

from poolpipe.messages import message
from poolpipe.zones import utc_text

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["CheckedPages", "new_ledger_file", "now_text", "opened_ledger_file"]

_BUSY_MS: Final = 10_000
_RESERVED: Final = 8
_LEAST_PAGE: Final = 512
"""Reads and writes of fewer bytes are of the file's head, which page 1 holds, too."""


class _CheckedFile(apsw.VFSFile):
    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        page = super().xRead(amount, offset)
        if amount >= _LEAST_PAGE and len(page) == amount and page[-_RESERVED:] != _checksum(page, offset):
            raise apsw.CorruptError(message("ledger_page_damaged", {"place": offset}))
        return page

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        if len(data) >= _LEAST_PAGE:
            data = bytes(data[:-_RESERVED]) + _checksum(data, offset)
        super().xWrite(data, offset)


class CheckedPages(apsw.VFS):
    """SQLite's way to files, with a checksum in each page of a database.

    Parameters
    ----------
    name : str
        What connections call it.
    base : str
        The way below it; the system's by default.
    """

    def __init__(self, name: str, base: str = "") -> None:
        self.name, self._base = name, base
        super().__init__(name, base)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        """Open a file; pages in the journal are checked, too: SQLite's own sum there is of every 200th byte."""
        is_checked = flags[0] & (apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_MAIN_JOURNAL)
        return (_CheckedFile if is_checked else apsw.VFSFile)(self._base, name, flags)


VFS = CheckedPages("poolpipe")


def new_ledger_file(path: Path) -> apsw.Connection:
    """Make an empty file, and open it for writing."""
    connection = apsw.Connection(str(path.resolve()), vfs=VFS.name)
    connection.reserve_bytes("main", _RESERVED)
    return _set(connection)


def opened_ledger_file(path: Path, *, writes: bool) -> apsw.Connection:
    """Open a file; whoever opens it first after a crash takes back what was not committed, readers, too."""
    # a name that leads through a link is success with a note to SQLite, and an error to apsw
    connection = apsw.Connection(str(path.resolve()), flags=apsw.SQLITE_OPEN_READWRITE, vfs=VFS.name)
    try:
        _set(connection)
        if not writes:
            connection.pragma("query_only", 1)
    except BaseException:
        connection.close()
        raise
    return connection


def _set(connection: apsw.Connection) -> apsw.Connection:
    connection.set_busy_timeout(_BUSY_MS)
    connection.pragma("journal_mode", "delete")
    connection.pragma("synchronous", "extra")  # "full" does not sync the folder after a commit
    connection.pragma("secure_delete", 1)
    return connection


def _checksum(page: bytes, offset: int) -> bytes:
    told = hashlib.blake2b(memoryview(page)[:-_RESERVED], digest_size=_RESERVED)
    told.update(offset.to_bytes(8, "little"))
    return told.digest()


def now_text() -> str:
    """The present as ledgers and logs write it: RFC 3339, UTC, milliseconds."""
    return utc_text(datetime.now(UTC), "milliseconds")
