"""Read from a file's metadata how large its columns claim to be, before they are unpacked."""

from __future__ import annotations

import io
import struct
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from poolpipe.messages import message

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["check_unpacked", "claimed_by_arrow", "most_records", "too_many"]

_MANY_RECORDS = 1 << 22
_RECORDS_A_BYTE = 32
_MUCH = 1 << 28
_TIMES = 200

_END = 10
"""Bytes behind the footer of an Arrow file: its length and a mark."""

_BLOCKS = (2, 3)  # fields of Footer: dictionaries, record batches
_CONTINUED = b"\xff\xff\xff\xff"
_HEADER, _BODY_LENGTH = 2, 3  # fields of Message
_TYPE = 1
_DICTIONARY, _RECORDS = 2, 3  # types of headers
_OF_DICTIONARY = 1  # field of DictionaryBatch
_BUFFERS, _COMPRESSION = 2, 3  # fields of RecordBatch
_LARGEST = 1 << 24
"""Bytes of the largest message header that is read."""
_NO_FILE = 1 << 60
"""Bytes of no file; a damaged one may name any place."""


def most_records(size: int) -> int:
    """The most distinct records that a file of so many bytes can hold: each takes some bits."""
    return max(_MANY_RECORDS, _RECORDS_A_BYTE * size)


def too_many(lines: NDArray[np.int64], size: int) -> pa.ArrowInvalid:
    """Make the error for a file that has more records than its size can hold.

    Parameters
    ----------
    lines : (n,) int64
        Record numbers of those that were read; the rest is not read.
    size : int
        Bytes of the file.

    Returns
    -------
    pyarrow.ArrowInvalid
    """
    behind = f"what follows record {lines[-1]:,} is left out" if len(lines) else "the rest is left out"
    return pa.ArrowInvalid(message("too_many_records", {"size": f"{size:,}", "rest": behind}))


def check_unpacked(claimed: int, size: int) -> None:
    """Refuse a table that unpacks to more than 256 MB and 200 times its size.

    Parameters
    ----------
    claimed : int
        Bytes its values take before compression, as the file says.
    size : int
        Bytes of the file.

    Raises
    ------
    ArrowInvalid
        If it unpacks to more than that.
    """
    if claimed > max(_MUCH, _TIMES * size):
        raise pa.ArrowInvalid(message("too_much_unpacked", {"claimed": f"{claimed:,}", "size": f"{size:,}"}))


def claimed_by_arrow(file: BinaryIO, *, is_stream: bool) -> int:
    """Find the largest number of bytes that the compressed buffers of one Arrow message claim to unpack to.

    A message whose metadata is damaged is not counted: the reader meets the damage later.

    Parameters
    ----------
    file : binary file
        Arrow IPC; its position is changed.
    is_stream : bool
        Whether it is a stream, without a footer.

    Returns
    -------
    int
        Bytes.
    """
    size = file.seek(0, io.SEEK_END)
    most = 0
    try:
        for place in _in_order(file, size) if is_stream else _by_footer(file, size):
            message, body = _message(file, place)
            most = max(most, sum(_claim(file, body + buffer) for buffer in _compressed_buffers(message)))
    except (struct.error, IndexError):
        return most
    return most


def _in_order(file: BinaryIO, size: int) -> Iterator[int]:
    """Yield where the messages of a stream begin, in order."""
    place = 0
    while place < size:
        yield place
        message, body = _message(file, place)
        place = body + max(0, message.long(_BODY_LENGTH))


def _by_footer(file: BinaryIO, size: int) -> list[int]:
    """Yield where the messages of a file begin, from its footer."""
    file.seek(max(0, size - _END))
    length = int.from_bytes(file.read(4), "little")
    if not 0 < length <= min(_LARGEST, size):
        return []
    file.seek(size - _END - length)
    footer = _FlatTable.root(file.read(length))
    return [place for field in _BLOCKS for place, _, _ in footer.structures(field, 3)]


def _message(file: BinaryIO, place: int) -> tuple[_FlatTable, int]:
    """A message's header, and where its body begins."""
    prefix = _read_at(file, place, 8)
    before = 8 if prefix.startswith(_CONTINUED) else 4
    length = int.from_bytes(prefix[before - 4 : before], "little")
    if not 0 < length <= _LARGEST:  # the end of a stream, or damage
        raise IndexError
    return _FlatTable.root(_read_at(file, place + before, length)), place + before + length


def _claim(file: BinaryIO, place: int) -> int:
    """How many bytes a compressed buffer claims to unpack to: its first eight bytes."""
    return max(0, int.from_bytes(_read_at(file, place, 8), "little", signed=True))


def _read_at(file: BinaryIO, place: int, size: int) -> bytes:
    """Bytes from a place, fewer at the end of the file."""
    if not 0 <= place < _NO_FILE:
        raise IndexError
    file.seek(place)
    return file.read(size)


def _compressed_buffers(message: _FlatTable) -> list[int]:
    """Where in a message's body its compressed buffers begin."""
    kind = message.byte(_TYPE)
    header = message.table(_HEADER) if kind in (_DICTIONARY, _RECORDS) else None
    records = header.table(_OF_DICTIONARY) if header and kind == _DICTIONARY else header
    if records is None or records.table(_COMPRESSION) is None:
        return []
    return [place for place, length in records.structures(_BUFFERS, 2) if length > 0]


class _FlatTable:
    """A table of a FlatBuffer: fields by their number."""

    def __init__(self, content: bytes, place: int) -> None:
        self._content = content
        self._place = place
        self._fields = place - self._at("<i", place)

    @classmethod
    def root(cls, content: bytes) -> _FlatTable:
        return cls(content, struct.unpack_from("<I", content, 0)[0])

    def byte(self, field: int) -> int:
        place = self._field(field)
        return self._at("<B", place) if place else 0

    def long(self, field: int) -> int:
        place = self._field(field)
        return self._at("<q", place) if place else 0

    def table(self, field: int) -> _FlatTable | None:
        place = self._field(field)
        return _FlatTable(self._content, place + self._at("<I", place)) if place else None

    def structures(self, field: int, longs: int) -> list[tuple[int, ...]]:
        """A vector of structures of so many longs each."""
        place = self._field(field)
        if not place:
            return []
        start = place + self._at("<I", place)
        count = min(self._at("<I", start), len(self._content) // (8 * longs))
        flat = struct.unpack_from(f"<{longs * count}q", self._content, start + 4)
        return list(zip(*[iter(flat)] * longs, strict=True))

    def _field(self, field: int) -> int:
        """Where a field begins; 0 where it is absent."""
        entry = 4 + 2 * field
        there = entry < self._at("<H", self._fields)
        offset = self._at("<H", self._fields + entry) if there else 0
        return self._place + offset if offset else 0

    def _at(self, form: str, place: int) -> int:
        if place < 0:
            raise IndexError
        return int(struct.unpack_from(form, self._content, place)[0])
