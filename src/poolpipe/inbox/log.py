"""The log of the inbox: segments in a folder, appended to by one process, read and trimmed by another."""

from __future__ import annotations

import errno
import itertools
import mmap
import os
import re
import secrets
from typing import TYPE_CHECKING, Final, NamedTuple

from poolpipe.errors import InputError
from poolpipe.inbox.segments import SECTOR, Damage, InboxRecord, SegmentKey, TornTail, records_of
from poolpipe.messages import message
from poolpipe.results.durable import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "INBOX", "InboxFullError", "InboxWriter", "LostInbox", "SegmentFile", "damages", "read_inbox", "read_rest", "remove_all",
    "segments", "trim",
]  # fmt: skip

INBOX: Final = "inbox"
"""The folder below that of a store."""

_NAME: Final = re.compile(r"(\d{20})-[0-9a-f]{8}\.inbox")
_SEGMENT_BYTES: Final = 1 << 26
_DAMAGES: Final = {
    "head": "inbox_damage_head", "record": "inbox_damage_record", "order": "inbox_damage_order", "key": "inbox_damage_key",
    "end": "inbox_damage_end",
}  # fmt: skip
_FULL: Final = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_ROOM_AHEAD: Final = {errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL, errno.ENODEV}


class InboxFullError(Exception):
    """The disk has no room; nothing of what was to be appended is kept."""


class SegmentFile(NamedTuple):
    """A file of the log, and the position that its first record has or would have."""

    path: Path
    first: int


class LostInbox(NamedTuple):
    """What cannot be read of the log.

    Attributes
    ----------
    path : Path
        The segment.
    place : int
        Where in it the damage begins.
    why : {"head", "record", "order", "key", "end"}
    """

    path: Path
    place: int
    why: str

    @property
    def told(self) -> str:
        """What is wrong, in both languages."""
        return message(_DAMAGES[self.why], {})

    def as_error(self) -> InputError:
        """The error that names file, place and what to do."""
        return InputError.of("inbox_damaged", where=str(self.path), place=self.place, why=self.told)


def segments(folder: Path) -> list[SegmentFile]:
    """The files of the log, the oldest first; none where there is no log."""
    try:
        names = [(found, each) for each in folder.iterdir() if (found := _NAME.fullmatch(each.name))]
    except FileNotFoundError:
        return []
    return sorted(
        (SegmentFile(path, int(found[1])) for found, path in names),
        key=lambda each: (each.first, each.path.name),
    )


class InboxWriter:
    """Appends to the log. Whoever makes one holds the lock of the folder, and has taken out what was in it.

    Parameters
    ----------
    folder : Path
        Made where there is none.
    secret : bytes
        The inbox's key.
    next_position : int
        Position of the first request that is appended.
    segment_bytes : int
        Room of a segment; a record that is larger has one of its own.
    """

    def __init__(
        self, folder: Path, secret: bytes, next_position: int, segment_bytes: int = _SEGMENT_BYTES
    ) -> None:
        self.next_position = next_position
        self._folder, self._secret, self._room = folder, secret, segment_bytes
        self._file = -1
        self._end = self._size = 0

    def append(self, packed: bytes, count: int) -> int:
        """Append requests as one record, and sync it.

        Parameters
        ----------
        packed : bytes
            Of `count` requests, one behind the other.
        count : int

        Returns
        -------
        int
            Position of the first of them.

        Raises
        ------
        InboxFullError
            If the disk has no room: nothing is kept, and appending may be tried again.
        OSError
            If it was not written or synced for another reason: whether it is kept is not known, and nothing may be
            acknowledged any more.
        """
        first = self.next_position
        need = len(packed) + 2 * SECTOR
        if self._file < 0 or self._end + need > self._size:
            self._begin(need)
        record = self._key.sealed(packed, first, count)
        try:
            _written(self._file, record, self._end)
        except OSError as error:
            self._abandon()
            if error.errno in _FULL:
                raise InboxFullError from error
            raise
        _sync(self._file)
        self._end += len(record)
        self.next_position += count
        return first

    def close(self) -> None:
        """Close the segment."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _begin(self, need: int) -> None:
        """Begin a segment: its head and its name are synced before a record is written."""
        self.close()
        path = self._folder / f"{self.next_position:020d}-{secrets.token_hex(4)}.inbox"
        key = SegmentKey.new(self._secret, self.next_position)
        try:
            if not self._folder.is_dir():
                self._folder.mkdir()
                sync_folder(self._folder.parent)
            self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            size = max(self._room, need + SECTOR)
            _reserve(self._file, size)
            _written(self._file, key.head, 0)
        except OSError as error:
            self.close()
            path.unlink(missing_ok=True)
            if error.errno in _FULL:
                raise InboxFullError from error
            raise
        os.fsync(self._file)
        sync_folder(self._folder)
        self._path, self._key, self._end, self._size = path, key, SECTOR, size

    def _abandon(self) -> None:
        """Cut off what was written of a record that is not kept; the next one begins another segment."""
        os.ftruncate(self._file, self._end)
        os.fsync(self._file)
        self.close()
        if self._end == SECTOR:
            self._path.unlink()


def read_inbox(folder: Path, secret: bytes, done: int) -> Iterator[InboxRecord]:
    """Read all records behind a position, while nobody appends.

    Parameters
    ----------
    folder : Path
    secret : bytes
        The inbox's key.
    done : int
        The last position that the store's tables have.

    Raises
    ------
    InputError
        If anything that was acknowledged cannot be read: file, place and what to do are named, and nothing behind it is
        given. What a power cut left of a record that was never acknowledged is no error.
    """
    for each in _read(folder, secret, done):
        if isinstance(each, LostInbox):
            raise each.as_error()
        yield each


def damages(folder: Path, secret: bytes | None, done: int) -> list[LostInbox]:
    """What of the log behind a position is damaged; without the key the seals are not proved."""
    return [each for each in _read(folder, secret, done) if isinstance(each, LostInbox)]


def read_rest(folder: Path, secret: bytes, done: int) -> Iterator[InboxRecord | LostInbox]:
    """Like `read_inbox`, but yield damage instead of raising, and what can be read behind it."""
    return _read(folder, secret, done)


def remove_all(folder: Path) -> None:
    """Remove all segments: the store's tables have what was in them, and nobody appends."""
    for segment in segments(folder):
        segment.path.unlink()


def trim(folder: Path, done: int) -> None:
    """Remove segments all of whose records the store's tables have; the newest stays, it may be appended to."""
    found = segments(folder)
    for segment, following in itertools.pairwise(found):
        if following.first <= done + 1:
            segment.path.unlink()


def _read(folder: Path, secret: bytes | None, done: int) -> Iterator[InboxRecord | LostInbox]:
    expected = done + 1
    found = segments(folder)
    for place, segment in enumerate(found):
        following = found[place + 1].first if place + 1 < len(found) else None
        if following is not None and following <= done + 1:
            continue
        at, last, is_damaged = 0, segment.first, False
        for each in _of_segment(segment.path, secret):
            if isinstance(each, TornTail):
                break
            if isinstance(each, Damage):
                yield LostInbox(segment.path, each.place, each.why)
                is_damaged = True
                continue
            at, last = each.end, each.first + each.requests
            if each.first > expected and not is_damaged:
                yield LostInbox(segment.path, SECTOR, "order")
            if last > expected:
                yield each
                expected = last
        if following is not None and following != last and not is_damaged:
            yield LostInbox(segment.path, at, "end")


def _of_segment(path: Path, secret: bytes | None) -> Iterator[InboxRecord | TornTail | Damage]:
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content, memoryview(content) as view:
            yield from records_of(view, secret)


def _written(file: int, content: bytes, place: int) -> None:
    view = memoryview(content)
    while view:
        count = os.pwrite(file, view, place)
        if not count:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        view, place = view[count:], place + count


def _reserve(file: int, size: int) -> None:
    """Take room on the disk ahead: a full disk is met here, and syncing a record need not change the file's size."""
    if not hasattr(os, "posix_fallocate"):
        return
    try:
        os.posix_fallocate(file, 0, size)
    except OSError as error:
        if error.errno not in _NO_ROOM_AHEAD:
            raise


def _sync(file: int) -> None:
    getattr(os, "fdatasync", os.fsync)(file)
