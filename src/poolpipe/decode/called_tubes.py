"""Tubes and what they were called, on flat arrays: what is decoded round after round."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.coding.spans import spread_spans
from poolpipe.decode.assays import NO_CALL, Assay
from poolpipe.tables import CALLS

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CalledTubes"]

_NEGATIVE = CALLS.index("negative")


@dataclass(frozen=True, slots=True)
class CalledTubes:
    """Tubes of one or several rounds, their seats tube by tube.

    Attributes
    ----------
    offsets : (tubes + 1,) int64
        Where each tube's seats begin.
    calls : (tubes,) int8
        Places in `tables.CALLS`, -1 none.
    single : (tubes,) bool
    shared : (tubes,) bool
        Tubes that share an infection with others, or might.
    rounds : (tubes,) int64
        Place of each tube's round in time.
    assay : Assay
        Of a pool.
    single_specificity : float
        Of a single; its sensitivity is that of a pool.
    """

    offsets: NDArray[np.int64]
    calls: NDArray[np.int8]
    single: NDArray[np.bool_]
    shared: NDArray[np.bool_]
    rounds: NDArray[np.int64]
    assay: Assay
    single_specificity: float

    @property
    def told(self) -> NDArray[np.bool_]:
        """Which tubes have a result that says something of their people."""
        return np.asarray((self.calls >= _NEGATIVE) & (np.diff(self.offsets) > 0))

    @property
    def assays(self) -> tuple[Assay, Assay]:
        """The test of pools, and of singles."""
        return self.assay, self.assay.model_copy(update={"specificity": self.single_specificity})

    def rows(self, tubes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Give P(outcome | nobody, somebody infected), shape (n, 2).

        Parameters
        ----------
        tubes : (n,) int64
            Which tubes.
        """
        tables = _outcome_tables(*self.assays)
        codes = np.where(self.calls[tubes] < 0, NO_CALL, self.calls[tubes])
        return np.asarray(tables[self.single[tubes].astype(np.int64), codes])

    def seats_of(self, tubes: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Give the offsets, (n + 1,), and the seats of some tubes, one tube after the other.

        Parameters
        ----------
        tubes : (n,) int64
            Which tubes.
        """
        begins, ends = self.offsets[tubes], self.offsets[tubes + 1]
        return np.concatenate([[0], np.cumsum(ends - begins)]), spread_spans(begins, ends)


@lru_cache(maxsize=8)
def _outcome_tables(*assays: Assay) -> NDArray[np.float64]:
    """P(outcome | nobody, somebody infected), shape (assays, codes, 2); asked for component after component."""
    return np.asarray([[each.likelihood(code, 1) for code in range(NO_CALL + 1)] for each in assays])
