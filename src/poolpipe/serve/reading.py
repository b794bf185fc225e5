"""The door's side of reading: who may, and whether the tables stand; the board answers, and the door hands its answer on."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from poolpipe.errors import InputError
from poolpipe.live.answers import whole_number
from poolpipe.messages import message
from poolpipe.serve.log import log
from poolpipe.serve.reader_pace import ReaderPace
from poolpipe.serve.refusals import Refused

if TYPE_CHECKING:
    from pathlib import Path

    from poolpipe.store.device_tokens import Device

__all__ = ["READING_METRICS", "STANDING", "TableRelay", "is_reading"]

STANDING: Final = "current"
_STATES: Final = ("off", "building", STANDING)

READING_METRICS: Final = {
    "builds": "poolpipe_tables_builds_total",
    "folds": "poolpipe_folds_total",
    "fold_seconds": "poolpipe_fold_seconds_total",
    "waiting": "poolpipe_fold_waiting_events",
    "position": "poolpipe_tables_position",
    "followers": "poolpipe_followers",
    "behind": "poolpipe_tables_waiting_bytes",
}
"""What a board counts, and the name under which it is watched."""

_LINE: Final = 1 << 20
_CHUNK: Final = 1 << 18
_WHOLE: Final = 1 << 18
"""Answers up to so many bytes are handed on as one piece."""

_LONGEST: Final = 1 << 15
"""Bytes of a question, at most."""


def is_reading(path: str) -> bool:
    """Whether a path is one of those who read."""
    return path == "/changes" or path.startswith("/tables/")


class TableRelay:
    """Hands requests to the board, and its answers on.

    Parameters
    ----------
    socket : Path or None
        Where the board answers; None where no tables are held.

    Attributes
    ----------
    state : {"off", "building", "current"}
        How the tables are: not held, being made, there.
    """

    def __init__(self, socket: Path | None) -> None:
        self._socket = str(socket)
        self.state = _STATES[0 if socket is None else 1]

    def troubles(self, *, asks: bool) -> list[str]:
        """What hinders those who read, where that is asked."""
        return [f"tables_{self.state}"] if asks and self.state != STANDING else []

    async def answer(self, scope: Any, protocol: Any, device: Device, newest: int) -> int:
        """Answer a request that is allowed as far as rates go.

        Parameters
        ----------
        scope, protocol
            Of granian.
        device : Device
        newest : int
            The last request that was acknowledged.

        Returns
        -------
        int
            The status.

        Raises
        ------
        Refused
            403; 400 where it is too long, or waits for a request that nobody has sent; 503 where no tables stand.
        """
        if not device.reads:
            raise Refused(403, "reading_not_allowed")
        if self.state == _STATES[0]:
            raise Refused(503, "tables_not_served", retry_after=600)
        if self.state != STANDING:
            raise self._absent()
        query = parse_qsl(scope.query_string or "", keep_blank_values=True)
        _check_after(dict(query).get("after", ""), newest)
        asked = {
            "path": scope.path, "query": query,
            "accept": scope.headers.get("accept") or "", "last": scope.headers.get("last-event-id") or "", "name": device.name,
            "reader": [device.site, device.lab, device.reads == "identities"],
        }  # fmt: skip
        question = json.dumps(asked).encode() + b"\n"
        if len(question) > _LONGEST:
            raise Refused(400, "query_too_long", most=_LONGEST)
        try:
            told, writer = await asyncio.open_unix_connection(self._socket, limit=_LINE)
        except OSError as error:
            raise self._absent() from error
        try:
            writer.write(question)
            head = await told.readline()
            if not head:
                raise self._absent()
            answer = json.loads(head)
            await _hand_on(answer, told, protocol, ReaderPace(scope.client))
            return int(answer["status"])
        except (OSError, asyncio.IncompleteReadError) as error:
            raise self._absent() from error
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()

    @staticmethod
    def _absent() -> Refused:
        return Refused(503, "tables_being_made", retry_after=10)


def _check_after(after: str, newest: int) -> None:
    """Refuse to wait for a request that was never acknowledged.

    Raises
    ------
    Refused
        400.
    """
    if not after:
        return
    try:
        is_beyond = whole_number("after", after) > newest
    except InputError as error:
        raise Refused.asked(error) from error
    if is_beyond:
        why = message("after_not_acknowledged", {"newest": newest})
        raise Refused(400, "query_not_understood", why=why)


async def _hand_on(head: dict[str, Any], told: asyncio.StreamReader, protocol: Any, pace: ReaderPace) -> None:
    """Hand an answer on as it comes, and as it is taken."""
    headers = [(name, value) for name, value in head["headers"]]
    length = head["length"]
    if length is not None and length <= _WHOLE:
        protocol.response_bytes(head["status"], headers, await told.readexactly(length))
        return
    if length is not None:
        headers.append(("content-length", str(length)))
    stream = protocol.response_stream(head["status"], headers)
    gone = asyncio.ensure_future(protocol.client_disconnect())
    try:
        while True:
            more = asyncio.ensure_future(told.read(_CHUNK))
            await asyncio.wait({more, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                more.cancel()
                return
            if not (chunk := more.result()):
                return
            await stream.send_bytes(chunk)
            if not await pace.takes_more(len(chunk)):
                log("reader_stopped")
                return
    except (
        OSError,
        RuntimeError,
    ):  # who asked is gone, or the board: the answer is cut short, and a length tells that
        return
    finally:
        gone.cancel()
        pace.close()
