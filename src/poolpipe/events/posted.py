"""What a device sent in one request."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

__all__ = ["Posted", "PostedForm"]


class PostedForm(IntEnum):
    """How the content is written; never compressed.

    `OBJECT` is one JSON object on one line, `ARROW` a stream, `TEXT` all else: NDJSON, an array, CSV.
    """

    OBJECT = 0
    TEXT = 1
    ARROW = 2


class Posted(NamedTuple):
    """One request.

    Attributes
    ----------
    arrived : int
        Microseconds since 1970, UTC.
    device : str
        Whose token it came with.
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
