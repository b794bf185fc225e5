"""Look at the laboratories' charts beside a board: again and again, and when a reader asks for all that is known."""

from __future__ import annotations

import time
from threading import Condition, Lock, Thread
from typing import TYPE_CHECKING, Final

import numpy as np

from poolpipe.live.drifting import DriftWatch
from poolpipe.live.told import ToldVersion

if TYPE_CHECKING:
    from collections.abc import Callable

    import polars as pl

    from poolpipe.live.state import Live

__all__ = ["ChartLooks"]

_RESTS: Final = 5
"""Looks rest so many times as long as one takes, at least."""

_TAKEN_S: Final = 30.0


class ChartLooks:
    """What the charts show, for the thread that makes versions.

    Parameters
    ----------
    live : Live
    changed : Condition
        Of the board: held when `waiting` is read, and told when it is there.
    is_over : callable
        Whether the board ends or has failed.
    failed : callable
        Called with what went wrong in a look; what was seen before stays, and a later look is tried.

    Attributes
    ----------
    waiting : DataFrame or None
        Anomalies `lab_drift` that are in no version yet.
    """

    def __init__(
        self,
        live: Live,
        changed: Condition,
        is_over: Callable[[], bool],
        failed: Callable[[BaseException], None],
    ) -> None:
        self._live, self._changed, self._is_over, self._failed = live, changed, is_over, failed
        self._watch: DriftWatch | None = None
        self._looking = Lock()
        self.waiting: pl.DataFrame | None = None

    def start(self, seconds: float) -> None:
        """Look from now on, every so many seconds."""
        self._watch = DriftWatch(self._live)
        Thread(target=self._run, args=(seconds,), name="charts", daemon=True).start()

    def look(self) -> None:
        """Look now, and wait until the tables have what was seen; nothing where looking was not started."""
        if self._watch is None:
            return
        with self._looking:
            try:
                seen = self._watch.look()
            except Exception as error:  # noqa: BLE001 - whatever it is, no other table rests on the charts
                self._failed(error)
                return
            with self._changed:
                self.waiting = None if self._live.tables.drifting.equals(seen) else seen
                self._changed.notify_all()
        with self._changed:
            self._changed.wait_for(lambda: self.waiting is None or self._is_over(), _TAKEN_S)

    def take(self) -> ToldVersion:
        """Make a version of what waits, whose other tables are the same, and say what it changed."""
        with self._changed:
            before = self._live.tables
            # a later look may have found that the tables are right as they are
            seen, self.waiting = before.drifting if self.waiting is None else self.waiting, None
            self._live.advance(before.version + 1, seen)
        pools = before.rows_of("pools", np.empty(0, np.int64))
        rows = {"anomalies": (before.drifting, seen)}
        return ToldVersion(before.version, before.version + 1, rows, (pools, pools))

    def _run(self, seconds: float) -> None:
        rest = 0.0
        while True:
            with self._changed:
                if self._changed.wait_for(self._is_over, rest):
                    return
            began = time.monotonic()
            self.look()
            rest = max(seconds, _RESTS * (time.monotonic() - began))
