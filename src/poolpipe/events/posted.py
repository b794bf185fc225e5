"""What a device sent in one request."""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple, Self

__all__ = ["OF_STREAM", "Posted", "PostedForm", "StreamPlace"]

OF_STREAM: Final = "nats "
"""What the name of whoever sent a message of a stream begins with."""


class PostedForm(IntEnum):
    """How the content is written; never compressed.

    `OBJECT` is one JSON object on one line, `ARROW` a stream, `TEXT` all else: NDJSON, an array, CSV. `REFUSED` is what a
    broker had acknowledged and no door would have taken: the reason on a line, and what came.
    """

    OBJECT = 0
    TEXT = 1
    ARROW = 2
    REFUSED = 3


class Posted(NamedTuple):
    """One request.

    Attributes
    ----------
    arrived : int
        Microseconds since 1970, UTC.
    device : str
        Whose token it came with; of a message of a stream its place there, as `StreamPlace.name`.
    kind : str or None
        Kind of the events whose record gives none.
    form : PostedForm
    content : bytes
    asks : bool
        Whether the device waits for what becomes of its records.
    position : int
        Its place in the inbox, from 1; 0 where it has none yet.
    """

    arrived: int
    device: str
    kind: str | None
    form: PostedForm
    content: bytes
    asks: bool = False
    position: int = 0


class StreamPlace(NamedTuple):
    """Up to where a store has a stream.

    Attributes
    ----------
    made : str
        When the stream was made, which tells it from one of the same name that was there before; empty for no stream.
    sequence : int
        Of the last message; 0 for none.
    """

    made: str = ""
    sequence: int = 0

    def name(self, sequence: int) -> str:
        """Name the next message, which has this sequence, after itself and the one before, so that a gap is seen."""
        return f"{OF_STREAM}{self.made} {self.sequence}>{sequence}"

    def after(self, device: str) -> Self:
        """The place after a message of this name: the same where it does not follow, or is none of a stream."""
        if not device.startswith(OF_STREAM):
            return self
        made, _, told = device.removeprefix(OF_STREAM).rpartition(" ")
        before, _, sequence = told.partition(">")
        follows = int(before) == (self.sequence if made == self.made else 0)
        return type(self)(made, int(sequence)) if follows else self
