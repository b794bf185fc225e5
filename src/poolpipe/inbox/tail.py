"""Read the log of the inbox while another process appends to it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from poolpipe.errors import InputError
from poolpipe.inbox.log import segments
from poolpipe.inbox.segments import SECTOR, key_of_segment, opened_record, record_in
from poolpipe.messages import message

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from poolpipe.inbox.segments import InboxRecord, SegmentKey

__all__ = ["InboxTail"]


class InboxTail:
    """Follows the log, from a position on.

    Parameters
    ----------
    folder : Path
    secret : bytes
        The inbox's key.
    next_position : int
        Position of the first record that is read.
    """

    def __init__(self, folder: Path, secret: bytes, next_position: int) -> None:
        self._folder, self._secret, self.next_position = folder, secret, next_position
        self._file, self._at = -1, 0
        self._path: Path | None = None
        self._key: SegmentKey | None = None

    def read(self, synced: int) -> Iterator[InboxRecord]:
        """Give the records up to a position; the writer has said that they are synced.

        Raises
        ------
        InputError
            If one of them is not as it was written.
        """
        while self.next_position <= synced:
            head = os.pread(self._file, SECTOR, self._at) if self._file >= 0 else b""
            told = record_in(head)
            if told is None or told[0] != self.next_position:
                self._follow()
                continue
            _, count, size = told
            record = opened_record(os.pread(self._file, size, self._at), self._key) if self._key else None
            if record is None:
                raise self._damaged()
            self._at += size
            self.next_position += count
            yield record

    def close(self) -> None:
        """Close the segment."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _follow(self) -> None:
        """Go on to the segment in which the next record is."""
        found = [
            each.path
            for each in segments(self._folder)
            if each.first == self.next_position and each.path != self._path
        ]
        if not found:
            raise self._damaged()
        self.close()
        self._path, self._at = found[-1], SECTOR
        self._file = os.open(self._path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        self._key = key_of_segment(os.pread(self._file, SECTOR, 0), self._secret)

    def _damaged(self) -> InputError:
        where, why = str(self._path or self._folder), message("inbox_damage_record", {})
        return InputError.of("inbox_damaged", where=where, place=self._at, why=why)
