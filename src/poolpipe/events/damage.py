"""Read a file's bytes, and report where the disk or compressed content cannot be read to its end."""

from __future__ import annotations

import io
from typing import BinaryIO, Protocol

from poolpipe.messages import message

__all__ = ["CHUNK", "DamageError", "Plain", "Unpacked", "size_and_end"]

CHUNK = 1 << 18
"""Compressed bytes taken at once."""

_FEW = 1 << 10
"""Bytes asked for at once where the disk could not give many."""


class DamageError(Exception):
    """Compressed content is damaged, and some of what was given already may be wrong.

    Parameters
    ----------
    trusted : int
        So many bytes from the start are vouched for.
    why : str
        What is wrong; empty where nothing is but that too little was given.
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
        Why the content ended before its time or what stands behind it; empty if all is well.
    torn : bool
        Whether it ended before its time, perhaps inside a record.
    """

    trouble: str
    torn: bool

    def read(self, most: int) -> bytes:
        """Give at most so many further bytes, none at the end and ever after.

        Raises
        ------
        DamageError
            If bytes that were given, or would be next, cannot be trusted.
        """
        ...


class Plain:
    """A file's bytes as they are; those before a place that the disk cannot read are given."""

    def __init__(self, file: BinaryIO) -> None:
        self.trouble = ""
        self.torn = False
        self._file = file
        self._over = False

    def read(self, most: int) -> bytes:
        """Give at most so many further bytes; see `Unpacked`."""
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
    """A file's length and where the zeros begin that it ends with; the file stands at its start afterwards."""
    size = file.seek(0, io.SEEK_END)
    end = size
    while end:
        start = max(0, end - CHUNK)
        file.seek(start)
        try:
            part = file.read(end - start)
        except OSError:  # whoever reads on will meet it
            break
        kept = len(part.rstrip(b"\0"))
        if kept or not part:
            end = start + kept
            break
        end = start
    file.seek(0)
    return size, end
