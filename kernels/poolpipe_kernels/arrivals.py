"""Fold the arrivals of events into quarters of an hour: of each source the first and last arrival, ages and delays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["fold_extremes", "join_extremes", "quarters_of"]

#  row  group  at     sent   arrived        group  first  last   age    least  most
#  0    0      08:01  08:02  08:03          0      08:03  08:09  2 min  1 min  1 min
#  1    1      08:00  -      08:04          1      08:04  08:04  4 min  (none)
#  2    0      08:05  08:08  08:09


@kernel
def quarters_of(
    at: NDArray[np.int64],
    arrived: NDArray[np.int64],
    length: int,
    quarters: NDArray[np.int32],
    known: NDArray[np.int32],
) -> None:
    """Tell in which quarter of an hour each event came, and from which on it is known: it has happened then, too.

    Parameters
    ----------
    at, arrived : (n,) int64
        When it happened and when it came, microseconds since 1970.
    length : int
        Microseconds of a quarter.
    quarters, known : (n,) int32
        Output: the quarter of its arrival, and that of the later of the two times, counted since 1970.
    """
    for i in range(len(at)):
        quarters[i] = arrived[i] // length
        known[i] = max(at[i], arrived[i]) // length


@kernel
def fold_extremes(
    groups: NDArray[np.int32],
    at: NDArray[np.int64],
    arrived: NDArray[np.int64],
    sent: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    """Find the extremes of each group of events.

    Parameters
    ----------
    groups : (n,) int32
        Group of each event, from 0.
    at, arrived : (n,) int64
        When it happened and when it came, microseconds since 1970.
    sent : (n,) or (0,) int64
        When the device sent it, by its own clock; -1 where it does not say. None says where it is empty.
    found : (groups, 5) int64
        In: each row the largest, least, largest, largest and least integer. Out: first and last arrival, least age
        (from `at` to the arrival), least and most delay (from `sent`; as they were where no event says).
    """
    for i in range(len(groups)):
        group, came = groups[i], arrived[i]
        found[group, 0] = min(found[group, 0], came)
        found[group, 1] = max(found[group, 1], came)
        found[group, 2] = min(found[group, 2], came - at[i])
        if len(sent) and sent[i] >= 0:
            found[group, 3] = min(found[group, 3], came - sent[i])
            found[group, 4] = max(found[group, 4], came - sent[i])


@kernel
def join_extremes(groups: NDArray[np.int32], given: NDArray[np.int64], found: NDArray[np.int64]) -> None:
    """Join extremes that were found of parts of a group.

    Parameters
    ----------
    groups : (n,) int32
        Group of each row, from 0.
    given : (n, 5) int64
        As `found` of `fold_extremes`.
    found : (groups, 5) int64
        In: as in `fold_extremes`. Out: the extremes of all rows of each group.
    """
    for i in range(len(groups)):
        group = groups[i]
        found[group, 0] = min(found[group, 0], given[i, 0])
        found[group, 1] = max(found[group, 1], given[i, 1])
        found[group, 2] = min(found[group, 2], given[i, 2])
        found[group, 3] = min(found[group, 3], given[i, 3])
        found[group, 4] = max(found[group, 4], given[i, 4])
