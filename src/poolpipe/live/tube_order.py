"""Tubes in the order of round and code, of which more come: a page of a city's table needs no other row."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries

__all__ = ["TubeOrder"]

_BETWEEN: Final = "\0"
"""Between round and code: no text has anything smaller."""

_SHARE: Final = 8
"""All tubes are sorted anew once those that came later are one in so many: before, their places are looked up among the others."""


class TubeOrder:
    """The order of tubes by numbers that stay (`live_codes`), for every version of the tables. Safe for several threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._names, self._order = pl.Series("name", [], pl.String), np.empty(0, np.int64)
        self._made: NDArray[np.int64] = self._order

    def of(self, codes: Dictionaries) -> NDArray[np.int64]:
        """All tubes that some codes have, in order.

        Parameters
        ----------
        codes : Dictionaries
            Of a version.

        Returns
        -------
        (tubes,) int64
        """
        count = len(codes.entities["tube"].rounds)
        with self._lock:
            if len(self._made) < count:
                self._make(codes, count)
            made = self._made
        return made if len(made) == count else made[made < count]  # of a version before

    def _make(self, codes: Dictionaries, count: int) -> None:
        known = len(self._order)
        later = np.arange(known, count)
        if len(later) * _SHARE > known:
            names = _names(codes, np.arange(count))
            self._order = names.arg_sort().to_numpy().astype(np.int64)
            self._names, self._made = names[self._order], self._order
            return
        names = _names(codes, later)
        order = names.arg_sort().to_numpy()
        places = np.asarray(self._names.search_sorted(names[order]).to_numpy(), np.int64)
        self._made = np.insert(self._order, places, later[order])


def _names(codes: Dictionaries, tubes: NDArray[np.int64]) -> pl.Series:
    known = codes.entities["tube"]
    return codes.texts["round"][known.rounds[tubes]] + _BETWEEN + codes.texts["tube"][known.texts[tubes]]
