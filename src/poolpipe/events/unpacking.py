"""Unpack compressed files, and report which bytes can be trusted where one is damaged.

Compression spreads damage: one cut byte in a gzip file gave 2,804 wrong records of 5,000 that all looked right, and only
the checksum at the end shows it. So only content with a checked end is trusted: whole gzip members with their checksum,
whole zstd frames; of a truncated file, everything before its end. Zeros behind the end, as in a preallocated file, are
no content.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, BinaryIO

from poolpipe.events import gzip_members, zstd_frames
from poolpipe.events.damage import DamageError, Plain, Unpacked
from poolpipe.events.zstd_stream import Zstd

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["DamageError", "Unpacked", "compression_of", "opened"]


def compression_of(head: bytes) -> str | None:
    """Recognise the compression of a file by its first bytes."""
    if head.startswith(gzip_members.MAGIC):
        return "gzip"
    return "zstd" if head.startswith(zstd_frames.MAGIC) or zstd_frames.is_skippable(head) else None


def opened(path: Path, found: DamageError | None = None) -> tuple[BinaryIO, Unpacked, str | None]:
    """Open a file whatever its name says: its own bytes, its uncompressed bytes, and the compression's name.

    Parameters
    ----------
    path : Path
    found : DamageError, optional
        The damage that an earlier attempt found: only trusted bytes are returned.

    Raises
    ------
    OSError
        If it cannot be opened, or its first bytes cannot be read.
    """
    file = path.open("rb", buffering=0)
    try:
        head = file.read(4)
        file.seek(0)
    except OSError:
        file.close()
        raise
    name = compression_of(head)
    unpacked: Unpacked = Plain(file)
    if name == "gzip":
        unpacked = gzip_members.Gzip(file)
    elif name == "zstd":
        unpacked = Zstd(file, carefully=found is not None)
    return file, unpacked if found is None else _Trusted(unpacked, found), name


class _Trusted:
    """The trusted first bytes of compressed content."""

    def __init__(self, unpacked: Unpacked, found: DamageError) -> None:
        self.trouble = ""
        self.torn = False
        self._unpacked = unpacked
        self._found = found
        self._left = found.trusted

    def read(self, most: int) -> bytes:
        part = self._unpacked.read(min(most, self._left)) if self._left else b""
        self._left -= len(part)
        if not part:
            self.trouble, self.torn = self._found.why, self._found.torn
        return part
