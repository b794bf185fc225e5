"""Hand no more to a reader than he takes, and end his connection when he stops: granian keeps whatever it is handed, however much that is.

The application does not see the connection. It is found among the files of this process by the reader's address.
"""

from __future__ import annotations

import asyncio
import os
import socket
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from ipaddress import IPv4Address, IPv6Address

__all__ = ["ReaderPace"]

_FREELY: Final = 1 << 18
"""Bytes that are handed on without a look at the connection."""

_STALLED_S: Final = 30.0
_FILES: Final = "/dev/fd"


class ReaderPace:
    """How far a reader is.

    Parameters
    ----------
    client : str
        His address and port, as granian tells them.
    stalled_s : float
        Seconds without a byte taken, after which he has stopped.
    """

    def __init__(self, client: str, stalled_s: float = _STALLED_S) -> None:
        self._client, self._stalled_s = client, stalled_s
        self._ahead = 0
        self._connection: socket.socket | None = None
        self._is_looked_for = False

    async def takes_more(self, size: int) -> bool:
        """Wait until a reader takes more, after so many bytes were handed on; if he does not, end his connection and give False.

        Where the connection is not found (a system without `/dev/fd`), he is believed to.
        """
        self._ahead += size
        if self._ahead <= _FREELY:
            return True
        self._ahead = 0
        loop = asyncio.get_running_loop()
        if not self._is_looked_for:
            self._is_looked_for = True
            self._connection = await loop.run_in_executor(None, _connection_of, self._client)
        if self._connection is None:
            return True
        number, takes = self._connection.fileno(), asyncio.Event()
        loop.add_writer(number, takes.set)
        try:
            await asyncio.wait_for(takes.wait(), self._stalled_s)
        except TimeoutError:
            with suppress(OSError):
                self._connection.shutdown(socket.SHUT_RDWR)
            return False
        finally:
            loop.remove_writer(number)
        return True

    def close(self) -> None:
        """Let go of the connection; it stays open."""
        if self._connection is not None:
            self._connection.close()


def _connection_of(client: str) -> socket.socket | None:
    """A copy of the connection with an address."""
    host, _, port = client.rpartition(":")
    try:
        wanted = ip_address(host.strip("[]")), int(port)
        several = os.listdir(_FILES)  # noqa: PTH208 -- names of numbers, and fast
    except (OSError, ValueError):
        return None
    return next((copy for copy in map(_copied, several) if copy is not None and _is_at(copy, *wanted)), None)


def _copied(number: str) -> socket.socket | None:
    """A copy of a file that is a connection over a network."""
    try:
        copy = os.dup(int(number))
    except OSError:  # closed meanwhile
        return None
    try:
        told = socket.socket(fileno=copy)
    except OSError:
        os.close(copy)
        return None
    if told.family in (socket.AF_INET, socket.AF_INET6):
        return told
    told.close()
    return None


def _is_at(connection: socket.socket, address: IPv4Address | IPv6Address, port: int) -> bool:
    """Whether somebody is at the other end of a connection; where it is another's, it is let go."""
    with suppress(OSError, ValueError):
        told = connection.getpeername()
        if told[1] == port and ip_address(told[0].partition("%")[0]) == address:
            return True
    connection.close()
    return False
