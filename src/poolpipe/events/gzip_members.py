"""Unpack gzip members one by one, and report how much of a damaged one can be trusted."""

from __future__ import annotations

import zlib
from typing import BinaryIO

from poolpipe.events.damage import CHUNK, DamageError, Plain, size_and_end
from poolpipe.messages import message

__all__ = ["MAGIC", "Gzip"]

MAGIC = b"\x1f\x8b"

_TRAILER = 16
"""The most zeros that may belong to the end of a gzip member: its checksum and length, and the data before them."""

_LENGTH = 4
_NEAR = 1 << 8
"""Bytes by which the length of a damaged gzip member may differ from the length it states."""


class Gzip:
    """The content of gzip members, one after the other."""

    def __init__(self, file: BinaryIO) -> None:
        self.trouble = ""
        self.torn = False
        self._file = file
        self._source = Plain(file)
        self._size, self._end = size_and_end(file)
        self._taken = 0
        self._decoder = zlib.decompressobj(wbits=31)
        self._pending = b""
        self._given = 0
        self._vouched = 0
        self._over = False

    def read(self, most: int) -> bytes:
        """Return at most so many further bytes; see `Unpacked`."""
        parts: list[bytes] = []
        size = 0
        while size < most and not self._over:
            part = self._some(most - size)
            parts.append(part)
            size += len(part)
        return b"".join(parts)

    def _some(self, most: int) -> bytes:
        if not self._pending:
            self._pending = self._more(self._end)
        if not self._pending:
            return self._last()
        try:
            part = self._decoder.decompress(self._pending, most)
        except zlib.error as error:
            raise self._damage(error) from error
        self._pending = self._decoder.unconsumed_tail
        self._given += len(part)
        if self._decoder.eof:
            self._next_member()
        return part

    def _more(self, end: int) -> bytes:
        part = self._source.read(min(CHUNK, end - self._taken))
        self._taken += len(part)
        return part

    def _last(self) -> bytes:
        """The rest of a member where the file ends inside it, or in zeros that may be the end of its checksum."""
        self._over = True
        zeros = min(self._size - self._end, _TRAILER)
        if zeros and not self._source.trouble:
            whole = self._decoder.copy()
            try:
                part = whole.decompress(bytes(zeros))
            except zlib.error as error:
                if "check" in str(error) and self._size - self._end <= _TRAILER:  # the data do end here
                    raise self._damage(error) from error
            else:
                if whole.eof:
                    return part
        rest = self._decoder.flush()
        if self._passed_its_end(self._given + len(rest) - self._vouched):
            raise self._damage("its end is passed over")
        early = "ends_in_zeros" if self._size > self._end else "ends_early"
        reason = self._source.trouble or message(early, {"form": "gzip"})
        self.trouble, self.torn = message("breaks_off", {"why": reason}), True
        return rest

    def _passed_its_end(self, unpacked: int) -> bool:
        """Whether the file ends with a member's length, so that damage, and no truncation, hid that end.

        A truncated file has other bytes there, which rarely equal a length near the unpacked one. The length's last
        bytes may be zeros, like those that a file is padded with.
        """
        near = _NEAR + (unpacked >> 5)
        zeros = self._size - self._end
        is_padded = zeros >= _LENGTH
        for own in range(_LENGTH) if is_padded else [zeros]:
            place = self._end + own - _LENGTH
            says_little = is_padded and near << 4 > 1 << 8 * (_LENGTH - own)
            if self._source.trouble or place < 0 or says_little:
                return False
            self._file.seek(place)
            told = int.from_bytes(self._source.read(_LENGTH), "little")
            if abs(told - unpacked % (1 << 32)) <= near:
                return True
        return False

    def _damage(self, error: zlib.error | str) -> DamageError:
        why = message("archive_damaged", {"form": "gzip", "why": error})
        return DamageError(self._vouched, why, torn=True)

    def _next_member(self) -> None:
        self._vouched = self._given
        rest = self._decoder.unused_data.lstrip(b"\0")
        while len(rest) < len(MAGIC) and (more := self._more(self._end)):
            rest = (rest + more).lstrip(b"\0")
        if rest.startswith(MAGIC):
            self._decoder, self._pending = zlib.decompressobj(wbits=31), rest
            return
        self._over = True
        if rest:
            behind = len(rest) + self._size - self._taken
            self.trouble = message("bytes_behind", {"form": "gzip", "count": behind})
