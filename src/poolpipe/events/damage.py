"""Read a file's bytes, and report where the disk or compressed content cannot be read to its end."""

from __future__ import annotations

import io
from typing import BinaryIO, Protocol

from poolpipe.messages import message

__all__ = ["CHUNK", "DamageError", "Plain", "Unpacked", "size_and_end"]

CHUNK = 1 << 18
"""Compressed bytes read at once."""

_FEW = 1 << 10
"""Bytes read at once where the disk could not read a larger block."""


class DamageError(Exception):
    """Compressed content is damaged, and some of the bytes returned already may be wrong.

    Parameters
    ----------
    trusted : int
        How many bytes from the start are proven right.
    why : str
        What is wrong; empty where merely fewer bytes were returned than are trusted.
    torn : bool
        Whether the trusted bytes may end inside a record.
    """

    def __init__(self, trusted: int, why: str, *, torn: bool) -> None:
        self.trusted = trusted
        self.why = why
        self.torn = torn
        super().__init__(why)


class Unpacked(Protocol):
    """Uncompressed bytes of a file, read once from its start.

    Attributes
    ----------
    trouble : str
        Why the content ended early or what follows it; empty if it is complete.
    torn : bool
        Whether it ended early, perhaps inside a record.
    """

    trouble: str
    torn: bool

    def read(self, most: int) -> bytes:
        """Return at most so many further bytes; empty at the end and afterwards.

        Raises
        ------
        DamageError
            If bytes returned already, or the next ones, cannot be trusted.
        """
        ...


class Plain:
    """The bytes of an uncompressed file, up to a place that the disk cannot read."""

    def __init__(self, file: BinaryIO) -> None:
        self.trouble = ""
        self.torn = False
        self._file = file
        self._over = False

    def read(self, most: int) -> bytes:
        """Return at most so many further bytes; see `Unpacked`."""
        parts: list[bytes] = []
        size = 0
        sip = most
        while size < most and not self._over:
            try:
                part = self._file.read(min(sip, most - size))
            except OSError as error:
                if sip > _FEW:  # perhaps the first of these bytes can still be read
                    sip = _FEW
                    continue
                self.trouble, self.torn, self._over = message("disk_because", {"why": error}), True, True
                break
            self._over = not part
            parts.append(part)
            size += len(part)
        return b"".join(parts)


def size_and_end(file: BinaryIO) -> tuple[int, int]:
    """A file's length, and where its trailing zeros begin; the file is rewound to its start."""
    size = file.seek(0, io.SEEK_END)
    end = size
    while end:
        start = max(0, end - CHUNK)
        file.seek(start)
        try:
            part = file.read(end - start)
        except OSError:  # the reader meets the same error and reports it
            break
        kept = len(part.rstrip(b"\0"))
        if kept or not part:
            end = start + kept
            break
        end = start
    file.seek(0)
    return size, end
