"""Tables that ask of a whole city, concluded anew beside the folds when somebody reads them, and rested in between."""

from __future__ import annotations

import time
from threading import Thread
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Condition

    from poolpipe.live.state import Live

__all__ = ["BulkRenewal"]

_RESTS: Final = 5
"""They rest so many times as long as concluding them takes."""


class BulkRenewal:
    """Concludes the tables of `tables.BULK` anew, one time after the other.

    Parameters
    ----------
    live : Live
    changed : Condition
        Of the board: told when they are there.
    is_over : callable
        Whether the board ends or has failed.
    failed : callable
        Called with what went wrong.
    position : callable
        The last request up to which all is in the tables; the condition is held.

    Attributes
    ----------
    settled : int
        The last request up to which all is in the tables of `tables.BULK`, at least.
    """

    def __init__(
        self, live: Live, changed: Condition, is_over: Callable[[], bool], failed: Callable[[BaseException], None],
        position: Callable[[], int],
    ) -> None:  # fmt: skip
        self._live, self._changed, self._is_over, self._failed = live, changed, is_over, failed
        self._position, self.settled = position, position()
        self._again_at, self._running = float("-inf"), False

    def ask(self, after: int | None, seconds: float) -> bool:
        """Let the tables be made anew where they are old and have rested.

        Parameters
        ----------
        after : int or None
            A request that is in the other tables: waits until it is in these. What came later is not waited for.
        seconds : float
            How long at most.

        Returns
        -------
        bool
            False where that takes longer.
        """
        with self._changed:
            wanted, until = self._live.tables.version, time.monotonic() + seconds
            while not self._has(wanted, after):
                if not self._running:
                    self._running = True
                    Thread(target=self._renew, name="renewing", daemon=True).start()
                left = until - time.monotonic()
                if after is None or self._is_over():
                    return True
                if left <= 0 or not self._changed.wait(left):
                    return False
        return True

    def _has(self, version: int, after: int | None) -> bool:
        return self._live.tables.bulk_version >= version or (after is not None and self.settled >= after)

    def _renew(self) -> None:
        time.sleep(max(0.0, self._again_at - time.monotonic()))
        began = time.monotonic()
        with self._changed:
            settled = self._position()
        try:
            self._live.refresh()
        except BaseException as error:  # noqa: BLE001 - readers are told, and are not shown old tables
            self._failed(error)
        with self._changed:
            now = time.monotonic()
            self._again_at, self._running = now + _RESTS * (now - began), False
            self.settled = settled
            self._changed.notify_all()
