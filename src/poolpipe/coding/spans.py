"""Spans of rows that lie one behind the other, written as the rows themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["spread_spans"]


def spread_spans(begins: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Write the whole numbers of half-open spans one after the other.

    Parameters
    ----------
    begins, ends : (n,) int64

    Returns
    -------
    (sum of lengths,) int64
    """
    counts = ends - begins
    first = np.repeat(begins - np.cumsum(counts) + counts, counts)
    found: NDArray[np.int64] = first + np.arange(len(first))
    return found
