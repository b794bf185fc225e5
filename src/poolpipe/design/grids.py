"""Arrays of rows and columns: the probability that each person is retested."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Grid"]


@dataclass(frozen=True)
class Grid:
    """P(infected) of an array's people, and sensitivity and specificity of its rows and columns."""

    p: NDArray[np.float64]
    se: float
    sp: float

    def retested(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """P(person retested): unconditionally, given clean, given infected."""
        shape = self.p.shape
        clean, infected = np.empty(shape), np.empty(shape)
        if (self.p == self.p[0, 0]).all():  # equal probabilities: one answer for all
            clean[:], infected[:] = self._retested_at(0, 0)
        else:
            for i in range(shape[0]):
                for j in range(shape[1]):
                    clean[i, j], infected[i, j] = self._retested_at(i, j)
        return self.p * infected + (1 - self.p) * clean, clean, infected

    def _retested_at(self, i: int, j: int) -> tuple[float, float]:
        """P(person of row i and column j retested): given clean, given infected."""
        told = []
        for state in (0.0, 1.0):
            known = self.p.copy()
            known[i, j] = state
            crossing = _crossing(known, i, j, self.se, self.sp)
            row, column = (_only_row(grid, at, self.se, self.sp) for grid, at in ((known, i), (known.T, j)))
            told.append(crossing + row + column)
        return told[0], told[1]

    def retested_when_all_are_clean(self) -> float:
        """P(person retested | nobody infected)."""
        false, (rows, columns) = 1 - self.sp, self.p.shape
        return float(false * false + false * self.sp**columns + false * self.sp**rows)


def _crossing(p: NDArray[np.float64], i: int, j: int, se: float, sp: float) -> float:
    """P(row i and column j test positive)."""
    row, column = float(np.prod(1 - p[i])), float(np.prod(1 - p[:, j]))
    both = row * float(np.prod(1 - np.delete(p[:, j], i)))
    miss = se + sp - 1.0
    return se * se - se * miss * (row + column) + miss * miss * both


def _only_row(p: NDArray[np.float64], i: int, se: float, sp: float) -> float:
    """P(row i positive, every column negative): columns are independent once row i is known clean."""
    others = np.prod(1 - np.delete(p, i, axis=0), axis=0)
    whole = others * (1 - p[i])
    negative = np.prod(sp * whole + (1 - se) * (1 - whole))
    negative_row_clean = np.prod((1 - p[i]) * (sp * others + (1 - se) * (1 - others)))
    return float(se * negative - (se + sp - 1.0) * negative_row_clean)
