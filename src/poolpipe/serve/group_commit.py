"""Write what many requests bring together, and sync it once: each is answered when that is done."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final

from poolpipe.inbox.log import InboxFullError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from poolpipe.inbox.log import InboxWriter

__all__ = ["GroupCommit"]

_BYTES: Final = 1 << 24
"""Bytes of a group; a single request may have more."""

_GATHER_S: Final = 0.002
"""Seconds for which a group waits for more where the one before it had several requests: a third of the syncs, of the thread's
turns and of the processor's time at 5,000 requests a second."""


class GroupCommit:
    """A thread that appends to the inbox whatever has come meanwhile.

    Parameters
    ----------
    writer : InboxWriter
    loop : AbstractEventLoop
        Where requests come and are answered.
    synced : callable
        Called in the thread after each group with the last position that is synced, and the group's bytes.
    broken : callable
        Called in the thread when it is not known any more what is kept: nothing may be acknowledged from then on.
    """

    def __init__(
        self,
        writer: InboxWriter,
        loop: asyncio.AbstractEventLoop,
        synced: Callable[[int, int], None],
        broken: Callable[[OSError], None],
    ) -> None:
        self._writer, self._loop, self._synced, self._broken = writer, loop, synced, broken
        self._waiting: deque[tuple[bytes, asyncio.Future[int]]] = deque()
        self._wake = threading.Event()
        self._ends = self._gathers = False
        self.bytes_waiting = 0
        self.groups = 0
        self._thread = threading.Thread(target=self._run, name="group-commit", daemon=True)
        self._thread.start()

    def keep(self, packed: bytes) -> asyncio.Future[int]:
        """Keep a request; its position is told when it is synced. Called in the loop.

        Raises
        ------
        InboxFullError
            When awaited: the disk has no room, nothing is kept.
        OSError
            When awaited: what is kept is not known.
        """
        told = self._loop.create_future()
        self._waiting.append((packed, told))
        self.bytes_waiting += len(packed)
        self._wake.set()
        return told

    def close(self) -> None:
        """Keep what has come, and end."""
        self._ends = True
        self._wake.set()
        self._thread.join()
        self._writer.close()

    def _run(self) -> None:
        while True:
            self._wake.wait()
            if self._gathers:
                time.sleep(_GATHER_S)
            self._wake.clear()
            while self._waiting:
                group = [self._waiting.popleft()]
                size = len(group[0][0])
                while self._waiting and size + len(self._waiting[0][0]) <= _BYTES:
                    group.append(self._waiting.popleft())
                    size += len(group[-1][0])
                if not self._keep(group, size):
                    return
                self._gathers = len(group) > 1
            if self._ends and not self._waiting:
                return

    def _keep(self, group: list[tuple[bytes, asyncio.Future[int]]], size: int) -> bool:
        try:
            first = self._writer.append(b"".join([packed for packed, _ in group]), len(group))
        except InboxFullError as error:
            self._loop.call_soon_threadsafe(self._refuse, group, size, error)
        except OSError as error:
            self._broken(error)
            self._loop.call_soon_threadsafe(self._refuse, group, size, error)
            return False
        else:
            self.groups += 1
            self._synced(first + len(group) - 1, size)
            self._loop.call_soon_threadsafe(self._acknowledge, group, size, first)
        return True

    def _acknowledge(self, group: list[tuple[bytes, asyncio.Future[int]]], size: int, first: int) -> None:
        self.bytes_waiting -= size
        for position, (_, told) in enumerate(group, first):
            if not told.done():
                told.set_result(position)

    def _refuse(self, group: list[tuple[bytes, asyncio.Future[int]]], size: int, error: Exception) -> None:
        self.bytes_waiting -= size
        for _, told in group:
            if not told.done():
                told.set_exception(error)
