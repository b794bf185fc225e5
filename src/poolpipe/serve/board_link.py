"""The board as the process that takes requests in sees it: started, handed what was cleaned, and started again when it ends."""

from __future__ import annotations

import multiprocessing
import queue
import tempfile
import threading
import time
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from poolpipe.serve.board_process import BoardSettings, run_board
from poolpipe.serve.log import log
from poolpipe.serve.reading import STANDING

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

    from poolpipe.store.inbox_taking import Cleaned

__all__ = ["BoardLink"]

_FIRST_PAUSE_S: Final = 1.0
_LONGEST_PAUSE_S: Final = 300.0
_STEADY_S: Final = 60.0
"""A board that stood for so long begins with the first pause again."""

_END_S: Final = 5.0


class BoardLink:
    """A process that holds the tables.

    Parameters
    ----------
    store, key : Path
        As of `BoardSettings`.
    drift_seconds : float
        As of `BoardSettings`.
    """

    def __init__(self, store: Path, key: Path, drift_seconds: float) -> None:
        self._store, self._key, self._drift_seconds = store, key, drift_seconds
        self._folder = tempfile.TemporaryDirectory(prefix="poolpipe-board-")  # its owner's alone
        self.socket = Path(self._folder.name) / "board"
        self._process: multiprocessing.process.BaseProcess | None = None
        self._connection: Connection | None = None
        self._handing: queue.SimpleQueue[tuple[int, Cleaned] | None] = queue.SimpleQueue()
        self._pause, self._again_at, self._stands_since = _FIRST_PAUSE_S, 0.0, 0.0
        self.counts: dict[str, float] = {"builds": 0.0, "behind": 0.0}
        self._behind: deque[tuple[int, int]] = deque()  # position and bytes of what is not in the tables yet

    @property
    def state(self) -> str:
        """As of `TableRelay`."""
        return STANDING if self._stands_since else "building"

    @property
    def is_due(self) -> bool:
        """Whether there is no board, and it is time for one."""
        return self._process is None and time.monotonic() >= self._again_at

    def start(self, version: int, position: int) -> None:
        """Start a board that begins with a version; whatever is cleaned from now on is handed over.

        Parameters
        ----------
        version, position : int
            As of `BoardSettings`.
        """
        context = multiprocessing.get_context("spawn")
        self._connection, theirs = context.Pipe()
        settings = BoardSettings(self._store, self._key, version, position, self.socket, self._drift_seconds)
        self._process = context.Process(target=run_board, args=(settings, theirs), name="poolpipe-board")
        self._process.start()
        theirs.close()
        self._handing = queue.SimpleQueue()
        self._forget_behind()
        handing = threading.Thread(
            target=_hand, args=(self._handing, self._connection), name="handing", daemon=True
        )
        handing.start()

    def hand(self, position: int, cleaned: Cleaned, size: int) -> None:
        """Hand over what became of some requests; this returns at once.

        Parameters
        ----------
        position : int
            Of the last of them.
        cleaned : Cleaned
        size : int
            Bytes of the requests, by which what waits is bounded (`counts["behind"]`).
        """
        if self._process is not None:
            self._behind.append((position, size))
            self.counts["behind"] += size
            self._handing.put((position, cleaned._replace(verdicts=[])))

    def attend(self) -> None:
        """Take what the board says, and notice its end."""
        if self._process is None or self._connection is None:
            return
        try:
            while self._connection.poll():
                self._hear(*self._connection.recv())
        except (EOFError, OSError):
            self._process.join(_END_S)
        if not self._process.is_alive():
            self._gone()

    def close(self) -> None:
        """End the board."""
        if self._process is not None:
            self._handing.put(None)
            if self._connection is not None:
                self._connection.close()
            self._process.kill()  # it holds nothing that is not in the store
            self._process.join()
        self._folder.cleanup()

    def _hear(self, what: str, told: Any) -> None:
        if what == "standing":
            self._stands_since = time.monotonic()
            self.counts["builds"] += 1
            log("tables_current", seconds=round(told, 3))
        else:
            self.counts.update(told)
            while self._behind and self._behind[0][0] <= told["position"]:
                self.counts["behind"] -= self._behind.popleft()[1]

    def _gone(self) -> None:
        """Let another take its place: at once after a long life, later after several short ones."""
        assert self._process is not None  # noqa: S101 - for the type
        steady = self._stands_since and time.monotonic() - self._stands_since > _STEADY_S
        self._pause = _FIRST_PAUSE_S if steady else min(2 * self._pause, _LONGEST_PAUSE_S)
        self._again_at, self._stands_since = time.monotonic() + self._pause, 0.0
        log("tables_gone", status=self._process.exitcode, again_in=self._pause)
        self._handing.put(None)
        with suppress(OSError):
            if self._connection is not None:
                self._connection.close()
        self._process = self._connection = None
        self._forget_behind()

    def _forget_behind(self) -> None:
        self._behind.clear()
        self.counts["behind"] = 0.0


def _hand(waiting: queue.SimpleQueue[tuple[int, Cleaned] | None], connection: Connection) -> None:
    """Send what waits, in a thread of its own: a board that is busy holds nobody up."""
    while (told := waiting.get()) is not None:
        try:
            connection.send(told)
        except OSError:  # the board is gone, which is noticed elsewhere
            return
