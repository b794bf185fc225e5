"""Read from a file's metadata how large its columns claim to be, before anything is unpacked."""

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
"""Bytes of the largest header of a message that is looked at."""


def most_records(size: int) -> int:
    """Tell how many different records a file of so many bytes can hold: a record of its own takes some bits."""
    return max(_MANY_RECORDS, _RECORDS_A_BYTE * size)


def too_many(lines: NDArray[np.int64], size: int) -> pa.ArrowInvalid:
    """Make the error for a file that goes on with records behind these."""
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
        If it does.
    """
    if claimed > max(_MUCH, _TIMES * size):
        raise pa.ArrowInvalid(message("too_much_unpacked", {"claimed": f"{claimed:,}", "size": f"{size:,}"}))


def claimed_by_arrow(file: BinaryIO, *, is_stream: bool) -> int:
    """Tell how many bytes the compressed buffers of an Arrow message say they unpack to: of the one that says most.

    What cannot be followed is not counted: whoever reads it will meet the damage.
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
    """Where the messages of a stream begin, one behind the other."""
    place = 0
    while place < size:
        yield place
        message, body = _message(file, place)
        place = body + max(0, message.long(_BODY_LENGTH))


def _by_footer(file: BinaryIO, size: int) -> list[int]:
    """Where the messages of a file begin, by the table of contents at its end."""
    file.seek(max(0, size - _END))
    length = int.from_bytes(file.read(4), "little")
    if not 0 < length <= min(_LARGEST, size):
        return []
    file.seek(size - _END - length)
    footer = _FlatTable.root(file.read(length))
    return [place for field in _BLOCKS for place, _, _ in footer.structures(field, 3)]


def _message(file: BinaryIO, place: int) -> tuple[_FlatTable, int]:
    """A message's header, and where its body begins."""
    file.seek(max(0, place))
    prefix = file.read(8)
    before = 8 if prefix.startswith(_CONTINUED) else 4
    length = int.from_bytes(prefix[before - 4 : before], "little")
    if not 0 < length <= _LARGEST:  # the end of a stream, or damage
        raise IndexError
    file.seek(place + before)
    return _FlatTable.root(file.read(length)), place + before + length


def _claim(file: BinaryIO, place: int) -> int:
    """How many bytes a compressed buffer says it unpacks to; it begins with that."""
    file.seek(place)
    return max(0, int.from_bytes(file.read(8), "little", signed=True))


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
        """Where a field stands; 0 where it is not there."""
        entry = 4 + 2 * field
        there = entry < self._at("<H", self._fields)
        offset = self._at("<H", self._fields + entry) if there else 0
        return self._place + offset if offset else 0

    def _at(self, form: str, place: int) -> int:
        if place < 0:
            raise IndexError
        return int(struct.unpack_from(form, self._content, place)[0])
