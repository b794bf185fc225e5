"""The files of the inbox: segments of sealed records, each with checksums, on the borders of sectors.

A segment begins with a sector of its own: a random salt, from which and the store's key the segment's key follows, and the
position of its first record. A record is a head and sealed bytes (AES-256-GCM; its nonce is its position, which occurs
once in a segment), and begins on the border of a sector.

    | head of the segment | record          | record  | zeros ...
    0                     512               2048      3072

What a power cut leaves of a record that was never synced is whole sectors of it, in any choice, and zeros or nothing in
place of the others. A record of which every sector was written and which is not as it was sealed is damage.
"""

from __future__ import annotations

import hashlib
import secrets
import struct
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "SECTOR",
    "Damage",
    "InboxRecord",
    "SegmentKey",
    "TornTail",
    "key_of_segment",
    "opened_record",
    "record_in",
    "records_of",
    "sectors",
]

SECTOR: Final = 512
_MAGIC: Final = b"poolpipe inbox 1"
_SEGMENT: Final = struct.Struct("<16s32sQ16s")
_RECORD: Final = struct.Struct("<4sIQQ16s16s8s")
"""Mark, how many requests, position of the first, sealed bytes; digest of these, of the record before; digest of the head."""
_MARK: Final = b"pi1\n"
_PADDING: Final = b"\xff"
"""What fills a record's last sector: no sector that was written is zeros."""


class InboxRecord(NamedTuple):
    """Some requests that were synced together.

    Attributes
    ----------
    first, requests : int
        Position of the first, and how many.
    packed : bytes
        What `posted.unpack` takes; empty where the key is not here.
    end : int
        Where in the segment it ends.
    """

    first: int
    requests: int
    packed: bytes
    end: int


class TornTail(NamedTuple):
    """A record at the end of a segment that was never synced whole, hence never acknowledged."""

    place: int


class Damage(NamedTuple):
    """Bytes of a segment that are not as they were written.

    Attributes
    ----------
    place : int
        Where they begin.
    why : {"head", "record", "order", "key"}
    """

    place: int
    why: str


class SegmentKey:
    """What seals the records of one segment.

    Parameters
    ----------
    secret : bytes or None
        The inbox's key; None where it is not here.
    salt : (32,) bytes
    first : int
        Position of the segment's first record.
    """

    def __init__(self, secret: bytes | None, salt: bytes, first: int) -> None:
        self._salt, self._first = salt, first
        self._cipher = None
        if secret is not None:
            key = hashlib.blake2b(_MAGIC + salt, key=secret, digest_size=32).digest()
            self._cipher = AESGCM(key)
        self._before = bytes(16)

    @classmethod
    def new(cls, secret: bytes, first: int) -> SegmentKey:
        """Make the key of a new segment."""
        return cls(secret, secrets.token_bytes(32), first)

    @property
    def head(self) -> bytes:
        """The segment's first sector."""
        told = _SEGMENT.pack(_MAGIC, self._salt, self._first, bytes(16))[:-16]
        return (told + _digest(told)).ljust(SECTOR, b"\0")

    def sealed(self, packed: bytes, first: int, count: int) -> bytes:
        """Seal requests as the record that follows the one before, whole sectors."""
        nonce = first.to_bytes(12, "little")
        assert self._cipher is not None  # noqa: S101 - a writer has the key
        content = self._cipher.encrypt(nonce, packed, _bound(first, count))
        digest = _digest(content)
        told = _RECORD.pack(_MARK, count, first, len(content), digest, self._before, bytes(8))[:-8]
        self._before = digest
        whole = b"".join((told, _digest(told)[:8], content))
        return whole.ljust(sectors(len(whole)), _PADDING)

    def opened(self, content: bytes, first: int, count: int) -> bytes:
        """Open a record; empty where the key is not here.

        Raises
        ------
        InvalidTag
            If it was sealed by another key.
        """
        if self._cipher is None:
            return b""
        return self._cipher.decrypt(first.to_bytes(12, "little"), content, _bound(first, count))


def records_of(
    segment: bytes | memoryview, secret: bytes | None, place: int = 0
) -> Iterator[InboxRecord | TornTail | Damage]:
    """Read a segment from its beginning; behind damage it is read on from the next record that can be found.

    Parameters
    ----------
    segment : bytes
        The whole file.
    secret : bytes or None
        The inbox's key; None to prove the segment without opening it.
    place : int
        Records that end here or before it are proved and not yielded.

    Yields
    ------
    InboxRecord, TornTail or Damage
        Nothing follows a torn tail.
    """
    view = memoryview(segment)
    key = _key_of(view, secret)
    if not isinstance(key, SegmentKey):
        yield key
        return
    at, before, expected = SECTOR, bytes(16), int.from_bytes(view[48:56], "little")
    while at < len(view):
        head = bytes(view[at : at + SECTOR])
        following = 0
        if not _is_head(head[: _RECORD.size]):
            following = _next_record(view, at + SECTOR)
            is_empty = not any(head) or len(head) < SECTOR
            if is_empty and following == len(view):
                if any(head) or any(view[at:]):
                    yield TornTail(at)
                return
            yield Damage(at, "record")
        else:
            _, count, first, length, digest, previous, _ = _RECORD.unpack_from(head)
            end = at + sectors(_RECORD.size + length)
            content = view[at + _RECORD.size : at + _RECORD.size + length]
            if len(content) < length or _digest(content) != digest:
                following = _next_record(view, at + SECTOR)
                if following == len(view) and _is_torn(view[at:end], end - at):
                    yield TornTail(at)
                    return
                yield Damage(at, "record")
            else:
                if previous != before or first != expected:
                    yield Damage(at, "order")
                if end > place:
                    try:
                        yield InboxRecord(first, count, key.opened(bytes(content), first, count), end)
                    except InvalidTag:
                        yield Damage(at, "key")
                at, before, expected = end, digest, first + count
        if following:
            if following < len(view):
                expected, before = (
                    _RECORD.unpack_from(view, following)[2],
                    _RECORD.unpack_from(view, following)[5],
                )
            at = following


def key_of_segment(head: bytes, secret: bytes) -> SegmentKey | None:
    """The key of a segment of which this is the first sector; None where it is damaged."""
    key = _key_of(memoryview(head), secret)
    return key if isinstance(key, SegmentKey) else None


def record_in(head: bytes) -> tuple[int, int, int] | None:
    """Position of the first request, how many, and bytes of the record that this sector begins; None where none does."""
    if not _is_head(head[: _RECORD.size]):
        return None
    _, count, first, length, _, _, _ = _RECORD.unpack_from(head)
    return first, count, sectors(_RECORD.size + length)


def opened_record(whole: bytes, key: SegmentKey) -> InboxRecord | None:
    """Open a record, of all its sectors; None where it is damaged."""
    _, count, first, length, digest, _, _ = _RECORD.unpack_from(whole)
    content = whole[_RECORD.size : _RECORD.size + length]
    if _digest(content) != digest:
        return None
    try:
        return InboxRecord(first, count, key.opened(content, first, count), len(whole))
    except InvalidTag:
        return None


def sectors(size: int) -> int:
    """Bytes of whole sectors that hold so many."""
    return -(-size // SECTOR) * SECTOR


def _key_of(view: memoryview, secret: bytes | None) -> SegmentKey | TornTail | Damage:
    head = bytes(view[:SECTOR])
    if len(head) < SECTOR or not any(head):
        return TornTail(0)
    magic, salt, first, own = _SEGMENT.unpack_from(head)
    if magic != _MAGIC or _digest(head[: _SEGMENT.size - 16]) != own:
        return Damage(0, "head")
    return SegmentKey(secret, salt, first)


def _is_torn(view: memoryview, size: int) -> bool:
    """Whether a sector of a record is missing: sealed bytes never hold 512 zeros."""
    return len(view) < size or any(not any(view[at : at + SECTOR]) for at in range(0, size, SECTOR))


def _next_record(view: memoryview, place: int) -> int:
    """Where a record begins, here or further on; the end where none does.

    What lies before one was synced, because each is written after that.
    """
    found = (at for at in range(place, len(view) - SECTOR + 1, SECTOR) if bytes(view[at : at + 4]) == _MARK)
    return next((at for at in found if _is_head(bytes(view[at : at + _RECORD.size]))), len(view))


def _is_head(head: bytes) -> bool:
    return head[:4] == _MARK and _digest(head[: _RECORD.size - 8])[:8] == head[-8:]


def _bound(first: int, count: int) -> bytes:
    return struct.pack("<QI", first, count)


def _digest(content: bytes | memoryview) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
