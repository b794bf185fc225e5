"""Requests as bytes, one behind the other, as a record of the inbox holds them."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from poolpipe.events.posted import Posted, PostedForm
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from poolpipe.inbox.segments import InboxRecord

__all__ = ["gathered", "pack", "unpack"]

_HEAD: Final = struct.Struct("<qHBBI")
"""When it came; bytes of the device's name; kind, from 1, 0 for none; form, and 128 where it asks; bytes of the content."""

_AT_ONCE: Final = 1 << 15
_BYTES_AT_ONCE: Final = 1 << 26
"""Requests, and bytes of their records, after which no more are cleaned together."""

_NUMBER_OF: Final[dict[str | None, int]] = {None: 0, **{kind: place for place, kind in enumerate(KINDS, 1)}}


def pack(posted: Posted) -> bytes:
    """Write a request as bytes, for `unpack`."""
    device = posted.device.encode()
    head = _HEAD.pack(
        posted.arrived,
        len(device),
        _NUMBER_OF[posted.kind],
        posted.form | posted.asks << 7,
        len(posted.content),
    )
    return b"".join((head, device, posted.content))


def unpack(packed: bytes, first: int) -> Iterator[Posted]:
    """Read requests that were packed one behind the other, the first of which has this position.

    Raises
    ------
    ValueError
        If the bytes end within a request; where in them.
    """
    place, size = 0, len(packed)
    while place < size:
        if size - place < _HEAD.size:
            raise ValueError(place)
        arrived, named, kind, form, length = _HEAD.unpack_from(packed, place)
        start = place + _HEAD.size + named
        place = start + length
        if place > size:
            raise ValueError(place)
        device = packed[start - named : start].decode()
        told = KINDS[kind - 1] if kind else None
        yield Posted(arrived, device, told, PostedForm(form & 127), packed[start:place], form > 127, first)
        first += 1


def gathered(records: Iterable[InboxRecord]) -> Iterator[tuple[list[Posted], int]]:
    """Give the requests of records, as many at a time as are cleaned together, and the bytes of these records."""
    waiting: list[Posted] = []
    size = 0
    for record in records:
        waiting += unpack(record.packed, record.first)
        size += len(record.packed)
        if len(waiting) >= _AT_ONCE or size >= _BYTES_AT_ONCE:
            yield waiting, size
            waiting, size = [], 0
    if waiting:
        yield waiting, size
