"""Pairs of wells that touch on a plate: a well and those of the eight around it that hold a tested tube."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe.coding.dictionaries import WELL_PLACES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.stages.false_alarms.tested_wells import TestedWells

__all__ = ["at_distance", "touch", "touching"]


def touching(wells: TestedWells, of: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of some wells and the tested wells around them.

    Parameters
    ----------
    wells : TestedWells
        All wells.
    of : (k,) int64
        Wells, as indices into `wells`.

    Returns
    -------
    source, other : (pairs,) int64
        Indices into `wells`; `source` is one of `of`.
    """
    slot = wells.plate * WELL_PLACES + wells.well
    order = np.argsort(slot, kind="stable")
    placed = slot[order]
    column = wells.well[of] % wells.columns
    sources, others = [], []
    for down in (-1, 0, 1):
        for right in (-1, 0, 1):
            inside = (column + right >= 0) & (column + right < wells.columns)
            place = wells.well[of] + down * wells.columns + right
            inside &= (place >= 0) & (place < WELL_PLACES) & bool(down or right)
            asked = wells.plate[of] * WELL_PLACES + place
            found = np.minimum(np.searchsorted(placed, asked), len(placed) - 1)
            there = inside & (placed[found] == asked)
            sources.append(of[there])
            others.append(order[found[there]])
    return np.concatenate(sources), np.concatenate(others)


def at_distance(
    wells: TestedWells, of: NDArray[np.int64], distance: NDArray[np.int64] | int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pairs of some wells and those of the same plate that are so many tubes behind (or before) them in the queue.

    Parameters
    ----------
    wells : TestedWells
        All wells.
    of : (k,) int64
        Wells, as indices into `wells`.
    distance : int or (k,) int64
        Tubes behind; negative: before.

    Returns
    -------
    source, other : (pairs,) int64
        Indices into `wells`.
    """
    other = of + distance
    inside = (other >= 0) & (other < len(wells))
    source, other = of[inside], other[inside]
    same = wells.plate[source] == wells.plate[other]
    return source[same], other[same]


def touch(wells: TestedWells, one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether two wells of a plate are among the eight around each other.

    Parameters
    ----------
    wells : TestedWells
        All wells.
    one, other : (k,) int64
        Indices into `wells`.
    """
    row, column = np.divmod(wells.well, wells.columns)
    near_row, near_column = np.abs(row[one] - row[other]) <= 1, np.abs(column[one] - column[other]) <= 1
    return np.asarray(near_row & near_column)
