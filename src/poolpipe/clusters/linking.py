"""Link positives that share a household, a tube, or a site within some days; what hangs together has one label."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["label_linked"]


def label_linked(positives: pl.DataFrame, within_us: int) -> NDArray[np.int64]:
    """Label positives that hang together, directly or through others.

    Parameters
    ----------
    positives : DataFrame
        tube, at, site (null: none), household (null: not known); in any order.
    within_us : int
        Positives of a site are linked with the next one there within so many microseconds.

    Returns
    -------
    (positives,) int64
        The first row of each one's group.

    Examples
    --------
    >>> from datetime import datetime
    >>> rows = {"tube": [1, 2, 3], "at": [datetime(2022, 4, day) for day in (4, 5, 20)], "site": [7, 7, 7], "household": [None, None, 5]}
    >>> label_linked(pl.DataFrame(rows), within_us=3 * 86_400_000_000)
    array([0, 0, 2])
    """
    rows = positives.with_row_index("row")
    first, second = [], []
    for column in ("household", "tube", "site"):
        placed = rows.filter(pl.col(column).is_not_null()).sort(column, "at", "row")
        place, at = placed[column].to_physical().to_numpy(), placed["at"].to_physical().to_numpy()
        row = placed["row"].to_numpy().astype(np.int64)
        next_to = place[1:] == place[:-1]
        if column == "site":
            next_to &= np.diff(at) <= within_us
        first.append(row[:-1][next_to])
        second.append(row[1:][next_to])
    return _labels(positives.height, np.concatenate(first), np.concatenate(second))


def _labels(count: int, first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int64]:
    """Smallest number of each component: roots take the smaller of two, then every row points to its root's root."""
    label = np.arange(count)
    while True:
        before = label.copy()
        one, other = label[first], label[second]
        least = np.minimum(one, other)
        np.minimum.at(label, one, least)
        np.minimum.at(label, other, least)
        label = label[label]
        if (label == before).all():
            return label
