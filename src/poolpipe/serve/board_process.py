"""The process of the board: it holds live tables of a store and answers those who read them.

A process of its own, because concluding and writing tables take the interpreter for tens of milliseconds at a time, and neither
acknowledgements nor cleaning may wait for them. It learns what was cleaned from the process that takes requests in, and ends with
it; when a fold fails it ends, too, and another takes its place.
"""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Final, NamedTuple

from poolpipe.live.board import LiveBoard
from poolpipe.live.following import FollowedStore
from poolpipe.live.waiting import WaitingEvents
from poolpipe.serve.board_answers import BoardAnswers
from poolpipe.serve.log import log_failure

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from pathlib import Path

    from poolpipe.store.inbox_taking import Cleaned

__all__ = ["BoardSettings", "run_board"]

_TOLD_EVERY_S: Final = 0.25
_SWITCH_S: Final = 0.0005
"""A thread that runs lets the interpreter go after so long. A plate's fold asks for it 300 times: beside charts that are drawn it took
237 ms with the usual 5 ms, and 91 with this."""

_FAILED: Final = 3
"""Exit status after a fold that failed."""


class BoardSettings(NamedTuple):
    """What a board is told when it starts.

    Attributes
    ----------
    store, key : Path
        The store, and the file of its key.
    version : int
        With whose events it begins.
    position : int
        The last request that is in that version.
    socket : Path
        Where it answers readers.
    drift_seconds : float
        How often the charts of laboratories are looked at.
    """

    store: Path
    key: Path
    version: int
    position: int
    socket: Path
    drift_seconds: float


def run_board(settings: BoardSettings, connection: Connection) -> None:
    """Conclude a version, fold what comes, and answer readers, until the process at the other end of the connection is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.setswitchinterval(_SWITCH_S)
    handed = _Handed(connection, settings)
    threading.Thread(target=handed.receive, name="handed", daemon=True).start()
    began = time.monotonic()
    try:
        with FollowedStore(settings.store, settings.key, version=settings.version) as followed:
            sealing, wells, live = followed.sealing, followed.policy.codes.plate_wells, followed.live
        live.advance(time.time_ns() // 1_000_000)  # later than any that a reader has from the process before
        board = handed.begin(
            lambda waiting: LiveBoard(
                live,
                sealing,
                wells,
                waiting=waiting,
                failed=_end,
                drift_seconds=settings.drift_seconds,
                charts_failed=partial(log_failure, "charts_failed"),
            )
        )
        BoardAnswers(board, settings.store, settings.socket).start()
        gc.collect()
        gc.freeze()  # looking through all that stands takes longer than a plate's fold
    except BaseException as error:  # noqa: BLE001 - whatever it is, the service goes on without tables
        _end(error)
    connection.send(("standing", time.monotonic() - began))
    while True:
        time.sleep(_TOLD_EVERY_S)
        try:
            connection.send(("counts", board.counts()))
        except OSError:
            time.sleep(_TOLD_EVERY_S)  # the thread that receives ends this process


class _Handed:
    """What the other process hands over: it waits until the board stands."""

    def __init__(self, connection: Connection, settings: BoardSettings) -> None:
        self._connection, self._lock = connection, threading.Lock()
        self._folder = settings.socket.parent
        self._waiting = WaitingEvents(settings.position)
        self._board: LiveBoard | None = None

    def receive(self) -> None:
        """Take whatever comes, until the other process is gone."""
        while True:
            try:
                position, cleaned = self._connection.recv()
            except (EOFError, OSError):
                shutil.rmtree(self._folder, ignore_errors=True)  # who made it may have been killed
                os._exit(0)
            self._put(position, cleaned)

    def begin(self, make: Callable[[WaitingEvents], LiveBoard]) -> LiveBoard:
        """Make the board of what came meanwhile."""
        with self._lock:
            self._board = make(self._waiting)
            return self._board

    def _put(self, position: int, cleaned: Cleaned) -> None:
        told = cleaned.events, cleaned.rejects, cleaned.rejected_loads
        with self._lock:
            if self._board is None:
                self._waiting.put(position, *told)
            else:
                self._board.fold(*told, position)


def _end(error: BaseException) -> None:
    """End: whoever reads is refused until another board stands. What failed is told by its kind, for a text may name a person."""
    log_failure("tables_failed", error)
    os._exit(_FAILED)
