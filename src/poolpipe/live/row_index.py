"""Find rows by a key in a table that grows: sorted runs that are merged as they become many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from poolpipe.coding.spans import spread_spans

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["RowIndex"]


class RowIndex:
    """The rows of each key. Rows are added at the end only; a row may have no key.

    A run holds keys in order with their rows. A new run is merged with those before it that are no longer than it, so that there are
    never more runs than the logarithm of the rows, and each row is sorted as often.
    """

    def __init__(self) -> None:
        self._runs: list[tuple[NDArray[Any], NDArray[np.uint32]]] = []

    def add(self, keys: NDArray[Any], rows: NDArray[np.integer[Any]]) -> None:
        """Add rows.

        Parameters
        ----------
        keys : (n,) whole numbers
            Of one type for all that is ever added.
        rows : (n,) whole numbers
        """
        if not len(keys):
            return
        numbers = rows.astype(np.uint32)
        while self._runs and len(self._runs[-1][0]) <= 2 * len(keys):
            before_keys, before_rows = self._runs.pop()
            keys = np.concatenate([before_keys, keys])
            numbers = np.concatenate([before_rows, numbers])
        if (keys[1:] >= keys[:-1]).all():
            self._runs.append((keys, numbers))
            return
        order = np.argsort(keys, kind="stable")
        self._runs.append((keys[order], numbers[order]))

    def find(self, keys: NDArray[Any]) -> NDArray[np.int64]:
        """Find the rows of some keys.

        Parameters
        ----------
        keys : (k,) whole numbers
            In ascending order, each once.

        Returns
        -------
        (n,) int64
            Ascending.
        """
        found = [np.empty(0, np.int64)]
        for known, rows in self._runs if len(keys) else ():
            spans = np.searchsorted(known, keys, side="left"), np.searchsorted(known, keys, side="right")
            found.append(rows[spread_spans(*spans)].astype(np.int64))
        return np.sort(np.concatenate(found))

    def first(self, keys: NDArray[Any], matches: Any) -> NDArray[np.int64]:
        """Find one row of each key that also matches; keys of several rows are tried row by row.

        Parameters
        ----------
        keys : (k,) whole numbers
        matches : callable
            Tells of places in `keys` and as many rows which belong together, as an array of bool.

        Returns
        -------
        (k,) int64
            -1 where there is none.
        """
        found = np.full(len(keys), -1, np.int64)
        for known, rows in self._runs if len(keys) else ():
            begin, end = np.searchsorted(known, keys, side="left"), np.searchsorted(known, keys, side="right")
            open_ = np.flatnonzero((begin < end) & (found < 0))
            while len(open_):
                candidate = rows[begin[open_]].astype(np.int64)
                fits = matches(open_, candidate)
                found[open_[fits]] = candidate[fits]
                begin[open_] += 1
                open_ = open_[~fits & (begin[open_] < end[open_])]
        return found
