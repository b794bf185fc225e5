"""Find where the frames and blocks of a Zstandard file begin and end, without unpacking them (RFC 8878, section 3)."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

__all__ = ["MAGIC", "Frame", "Units", "frames_of", "is_skippable"]

MAGIC = b"\x28\xb5\x2f\xfd"
_SKIPPABLE = b"\x2a\x4d\x18"
"""Follows a byte 0x50 to 0x5f in the magic number of a skippable frame, such as pzstd writes."""

_RUN_LENGTH = 1
_HEADER_OF_BLOCK = 3
_CHECKSUM = 4
_FEW = 64
"""The most zeros in a row that may be block headers; more of them are no data."""


def is_skippable(head: bytes) -> bool:
    """Whether bytes begin with a skippable frame."""
    return head[1:4] == _SKIPPABLE and 0x50 <= head[0] <= 0x5F


@dataclass(frozen=True, slots=True)
class Frame:
    """A part of a file: a frame, or bytes that are none.

    Attributes
    ----------
    start, stop : int
        Its bytes.
    ends : sequence of int
        Where each of its blocks ends; empty where it is no frame.
    is_whole : bool
        Whether it ends where its blocks end.
    """

    start: int
    stop: int
    ends: Sequence[int]
    is_whole: bool

    @property
    def is_foreign(self) -> bool:
        """Whether it is no frame."""
        return not self.ends


def frames_of(file: BinaryIO, size: int, end: int) -> Iterator[Frame]:
    """Yield the frames of a file in order, and the bytes behind them as one part that is foreign.

    Parameters
    ----------
    file : binary file
    size : int
        Its length, bytes.
    end : int
        Where the trailing zeros begin.
    """
    start = 0
    while start < size:
        head = _at(file, start, 18)
        if is_skippable(head):
            stop = start + 8 + int.from_bytes(head[4:8], "little")
            frame = Frame(start, min(stop, size), [min(stop, size)], stop <= size)
        elif head.startswith(MAGIC):
            frame = _frame(file, start, head, size, end)
        else:
            yield Frame(start, size, [], is_whole=False)
            return
        yield frame
        if not frame.is_whole:
            return
        start = frame.stop


def _frame(file: BinaryIO, start: int, head: bytes, size: int, end: int) -> Frame:
    """Find the end of a frame, by its blocks' headers."""
    described = head[4] if len(head) > 4 else 0
    has_window = not described & 0x20
    content_size = (0 if has_window else 1, 2, 4, 8)[described >> 6]
    place = start + 5 + has_window + (0, 1, 2, 4)[described & 3] + content_size
    ends: list[int] = []
    while True:
        header = _at(file, place, _HEADER_OF_BLOCK)
        told = int.from_bytes(header, "little")
        is_run = (told >> 1) & 3 == _RUN_LENGTH
        place += _HEADER_OF_BLOCK + (1 if is_run else told >> 3)
        if told & 1 and described & 4:
            place += _CHECKSUM
        if len(header) < _HEADER_OF_BLOCK or place > min(size, end + _FEW):
            return Frame(start, end, [*ends, end], is_whole=False)
        ends.append(place)
        if told & 1:
            return Frame(start, place, ends, is_whole=True)


def _at(file: BinaryIO, place: int, count: int) -> bytes:
    """Bytes at a place; empty where the disk cannot read them."""
    try:
        file.seek(place)
        return file.read(count)
    except OSError:
        return b""


class Units(io.RawIOBase):
    """A part of a file, read block by block, so that each is unpacked before the next is read.

    Attributes
    ----------
    ended : bool
        Whether all of it was read and a further read was tried.
    failed : bool
        Whether the disk could not read all of it.
    """

    def __init__(self, file: BinaryIO, start: int, ends: Sequence[int]) -> None:
        self.ended = False
        self.failed = False
        self._file = file
        self._place = start
        self._ends = ends
        self._next = 0

    def readable(self) -> bool:
        """Return True: it can be read."""
        return True

    def read(self, most: int = -1) -> bytes:
        """Return the rest of the present block, at most so many bytes."""
        while self._next < len(self._ends) and self._place >= self._ends[self._next]:
            self._next += 1
        if self._next == len(self._ends):
            self.ended = True
            return b""
        left = self._ends[self._next] - self._place
        part = _at(self._file, self._place, left if most < 0 else min(most, left))
        self._place += len(part)
        self.failed = self.failed or not part
        return part
