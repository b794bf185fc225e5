"""Events that wait to be folded: results, reports and re-collections first, other scans together once they have waited a little."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from poolpipe.events.rejected_loads import PLATES
from poolpipe.events.taking import REJECTS
from poolpipe.live.held_rows import COLLECT

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from poolpipe.store.event_tables import EventTables

__all__ = ["FoldBatch", "WaitingEvents"]

_AT_ONCE: Final = ("read", "report", "load", "void")
_SINGLE: Final = "single"
_LEAST: Final = 8_000
"""Records of other kinds that are folded together at most, where no more than four times as many wait: a fold of 8,000 scans takes
one eighth longer than one of 2,000, so results wait no longer behind it, and a burst is folded in a quarter of the time."""


class FoldBatch(NamedTuple):
    """Events that are folded together.

    Attributes
    ----------
    events : list of EventTables
    rejects : DataFrame
        As the table.
    rejected_loads : DataFrame
        As of `Events`.
    """

    events: list[EventTables]
    rejects: pl.DataFrame
    rejected_loads: pl.DataFrame


class _Piece(NamedTuple):
    """Some events of the requests behind one position, up to another."""

    behind: int
    position: int
    since: float
    events: EventTables


class WaitingEvents:
    """What waits. Not safe for several threads: whoever has several holds a lock.

    Parameters
    ----------
    position : int
        The last one before.
    patience_s : float
        Seconds for which scans that nobody waits for gather before they are folded.
    clock : callable, optional
        Seconds of a clock that does not go back.

    Attributes
    ----------
    last : int
        The last position that was put.
    """

    def __init__(
        self, position: int = 0, patience_s: float = 0.5, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._patience, self._clock = patience_s, clock
        self._first: list[_Piece] = []
        self._others: deque[_Piece] = deque()
        self._rejects: list[pl.DataFrame] = []
        self._loads: list[pl.DataFrame] = []
        self.last = self._hurried = position
        self._was_first = False

    def put(
        self,
        position: int,
        events: Sequence[EventTables],
        rejects: pl.DataFrame,
        rejected_loads: pl.DataFrame,
    ) -> None:
        """Let events wait.

        Parameters
        ----------
        position : int
            Not below those before.
        events, rejects, rejected_loads
            As `FoldBatch`.
        """
        now, behind = self._clock(), self.last
        self.last = position
        for each in events:
            first, others = _parted(each)
            if first is not None:
                self._first.append(_Piece(behind, position, now, first))
            if others is not None:
                self._others.append(_Piece(behind, position, now, others))
        if rejects.height:
            self._rejects.append(rejects)
        if rejected_loads.height:
            self._loads.append(rejected_loads)

    def hurry(self, position: int) -> None:
        """Let nothing gather up to a request once it has come: somebody waits for it, and a fold before it would hold it up."""
        self._hurried = max(self._hurried, position)

    @property
    def rows(self) -> int:
        """How many events wait."""
        return sum(each.events.clear.num_rows for each in (*self._first, *self._others))

    @property
    def settled(self) -> int:
        """The last position up to which nothing waits."""
        waiting = [self._first[0].position] if self._first else []
        waiting += [self._others[0].position] if self._others else []
        return min(waiting) - 1 if waiting else self.last

    def due_in(self) -> float | None:
        """Seconds after which something is to be folded; None where nothing waits."""
        if self._first or self._loads or self._rejects:
            return 0.0
        if self._is_hurried():
            return 0.0
        return max(0.0, self._others[0].since + self._patience - self._clock()) if self._others else None

    def take(self) -> FoldBatch:
        """Take what is to be folded next: what somebody waits for, in turn with what has waited long enough; both where a reader waits."""
        hurried = self._is_hurried()
        overdue = bool(self._others) and self._others[0].since + self._patience <= self._clock()
        self._was_first = bool(self._first) and not (overdue and self._was_first)
        taken: list[EventTables] = []
        if self._was_first:
            taken, self._first = [each.events for each in self._first], []
        if hurried or not self._was_first:
            taken += self._some_others()
        rejects = pl.concat([pl.DataFrame(schema=REJECTS), *self._rejects])
        loads = pl.concat([pl.DataFrame(schema=PLATES), *self._loads])
        self._rejects, self._loads = [], []
        return FoldBatch(taken, rejects, loads)

    def _is_hurried(self) -> bool:
        return bool(self._others) and self._others[0].behind < self._hurried <= self.last

    def _some_others(self) -> list[EventTables]:
        """As many as a quarter of what waits, so that no results wait long behind them and the queue does not grow for ever."""
        most = max(_LEAST, sum(each.events.clear.num_rows for each in self._others) // 4)
        taken: list[EventTables] = []
        rows = 0
        while self._others and (not taken or rows + self._others[0].events.clear.num_rows <= most):
            taken.append(self._others.popleft().events)
            rows += taken[-1].clear.num_rows
        return taken


def _parted(events: EventTables) -> tuple[EventTables | None, EventTables | None]:
    """Part events into those that somebody waits for, and the others."""
    if events.kind in _AT_ONCE:
        return events, None
    if events.kind != COLLECT:
        return None, events
    height = events.clear.num_rows
    first = np.zeros(height, np.bool_)
    mode, recall_of = events.clear["mode"], events.clear["recall_of"]
    if mode.null_count < height:
        first |= _told(pc.fill_null(pc.equal(mode.cast(pa.large_string()), _SINGLE), fill_value=False))
    if recall_of.null_count < height:
        first |= _told(pc.is_valid(recall_of))
    if not first.any():
        return None, events
    return (events, None) if first.all() else (
        events.kept(np.flatnonzero(first)), events.kept(np.flatnonzero(~first))
    )  # fmt: skip


def _told(marks: pa.ChunkedArray) -> NDArray[np.bool_]:
    return np.asarray(pl.Series(marks).to_numpy(), np.bool_)
