"""Unpack Zstandard frames one by one, and report how much of a damaged one can be trusted."""

from __future__ import annotations

from typing import BinaryIO

import pyarrow as pa

from poolpipe.events.damage import DamageError, size_and_end
from poolpipe.events.zstd_frames import Frame, Units, frames_of
from poolpipe.messages import message

__all__ = ["Zstd"]

_SIP = 1 << 14


class Zstd:
    """The content of Zstandard frames, one after the other, skippable ones among them.

    Arrow unpacks them. Where it cannot, the frames are unpacked one by one to find out how far they can be trusted.
    """

    def __init__(self, file: BinaryIO, *, carefully: bool) -> None:
        self.trouble = ""
        self.torn = False
        self._file = file
        source = _whole(file) if carefully else file
        self._stream = pa.CompressedInputStream(pa.PythonFile(source, "r"), "zstd")

    def read(self, most: int) -> bytes:
        """Return at most so many further bytes; see `Unpacked`."""
        parts: list[bytes] = []
        size = 0
        try:
            while size < most and (part := self._stream.read(min(_SIP, most - size))):
                parts.append(part)
                size += len(part)
        except (OSError, pa.ArrowException) as error:
            raise _damage_of(self._file, str(error)) from error
        return b"".join(parts)


def _whole(file: BinaryIO) -> Units:
    """Read a file of frames block by block."""
    size, end = size_and_end(file)
    return Units(file, 0, [stop for frame in frames_of(file, size, end) for stop in frame.ends])


def _damage_of(file: BinaryIO, error: str) -> DamageError:
    """Find the trusted bytes of a file that cannot be unpacked to its end."""
    size, end = size_and_end(file)
    trusted = 0
    for frame in frames_of(file, size, end):
        if frame.is_foreign:
            behind = message("bytes_behind", {"form": "zstd", "count": size - frame.start})
            return DamageError(trusted, "" if frame.start >= end else behind, torn=False)
        unpacked, source, sound = _unpacked(file, frame)
        if source.failed or (source.ended and not frame.is_whole):
            code = "disk" if source.failed else "ends_in_zeros" if size > end else "ends_early"
            why = message("breaks_off", {"why": message(code, {"form": "zstd"})})
            return DamageError(trusted + unpacked, why, torn=True)
        if not (frame.is_whole and sound):
            break
        trusted += unpacked
    why = message("archive_damaged", {"form": "zstd", "why": error})
    return DamageError(trusted, why, torn=True)


def _unpacked(file: BinaryIO, frame: Frame) -> tuple[int, Units, bool]:
    """How many bytes a frame unpacks to, how its blocks were read for that, and whether it is sound."""
    counted = 0
    for sip in (_SIP, 1):  # a read that meets the damage is lost, so the last one is done byte by byte
        source = Units(file, frame.start, frame.ends)
        stream = pa.CompressedInputStream(pa.PythonFile(source, "r"), "zstd")
        again, counted = counted, 0
        try:
            while part := stream.read(_SIP if counted < again else sip):
                counted += len(part)
        except (OSError, pa.ArrowException):
            continue
        return counted, source, True
    return counted, source, False
