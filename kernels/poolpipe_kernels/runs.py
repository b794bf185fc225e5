"""Scan tubes in the orders in which a laboratory handled them for runs that hold more positives than their queues explain."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["scan_rotations", "scan_runs"]

#  order      0 1 2 3 4 5 6 7       queues    a a a a b b b b    one positive in four of a, two in four of b
#  positive   . . . x x x . .       run 3-5: 3 seen, 0.25 + 0.5 + 0.5 expected
#  rotated    x . . . x . . x       each queue's positives are moved along it together, as far as chance says


@kernel
def _ratio(seen: int, expected: float, every: int) -> float:
    """Logarithm of the likelihood ratio of a run.

    Parameters
    ----------
    seen, every : int
        Positives in the run, and in all.
    expected : float
        Positives expected in the run.

    Returns
    -------
    float
    """
    ratio = seen * math.log(seen / expected)
    if seen < every:
        ratio += (every - seen) * math.log((every - seen) / (every - expected))
    return ratio


@kernel
def _sort(values: NDArray[np.int64]) -> None:
    """Sort in place (heap sort, Williams 1964): numpy's own takes a second to compile, this a tenth.

    Parameters
    ----------
    values : (n,) int64
        In place.
    """
    size = len(values)
    begin = size // 2
    while size > 1:
        if begin > 0:
            begin -= 1
        else:
            size -= 1
            values[0], values[size] = values[size], values[0]
        root = begin
        while 2 * root + 1 < size:
            child = 2 * root + 1
            if child + 1 < size and values[child + 1] > values[child]:
                child += 1
            if values[root] >= values[child]:
                break
            values[root], values[child] = values[child], values[root]
            root = child


@kernel("int64[,] int32[,] float64[,] int64[] int64 int64 int64[] int64[]")
def scan_runs(
    tube_at: NDArray[np.int64],
    part: NDArray[np.int32],
    expected: NDArray[np.float64],
    positive: NDArray[np.int64],
    longest: int,
    least: int,
    places: NDArray[np.int64],
    best: NDArray[np.int64],
) -> float:
    """Find the run with the highest likelihood ratio (Kulldorff 1997), each tube with the share of its queue.

    Parameters
    ----------
    tube_at : (orders, tubes) int64
        Place of each tube in each order.
    part : (orders, tubes) int32
        Part of the order at each place: runs do not go from one to the next; -1 where a tube has no place.
    expected : (orders, tubes + 1) float64
        Positives expected before each place.
    positive : (positives,) int64
        Tubes that are positive.
    longest, least : int
        Most tubes and fewest positives of a run.
    places : (positives,) int64
        Scratch.
    best : (3,) int64
        Output: order, first and last place; -1 where no run has more positives than expected.

    Returns
    -------
    float
        The logarithm of the ratio, 0 without a run.
    """
    every = len(positive)
    highest = 0.0
    best[:] = -1
    for order in range(tube_at.shape[0]):
        for tube in range(every):
            places[tube] = tube_at[order, positive[tube]]
        _sort(places)
        for first in range(every - least + 1):
            begin = places[first]
            if part[order, begin] < 0:
                continue
            for last in range(first + 1, every):
                end = places[last]
                if end - begin >= longest or part[order, end] != part[order, begin]:
                    break
                seen = last - first + 1
                share = expected[order, end + 1] - expected[order, begin]
                over = seen - share
                # The ratio is at most chi square, which needs no logarithm.
                if seen >= least and over > 0.0 and over * over * every > highest * share * (every - share):
                    ratio = _ratio(seen, share, every)
                    if ratio > highest:
                        highest = ratio
                        best[0], best[1], best[2] = order, begin, end
    return highest


@kernel("int64[,] int32[,] float64[,] int64[] int64[] int64[] int64 int64 float64 uint64 int64 int64 int64[]")
def scan_rotations(
    tube_at: NDArray[np.int64],
    part: NDArray[np.int32],
    expected: NDArray[np.float64],
    positive: NDArray[np.int64],
    queue_begin: NDArray[np.int64],
    queue_length: NDArray[np.int64],
    longest: int,
    least: int,
    seen: float,
    seed: int,
    enough: int,
    most: int,
    done: NDArray[np.int64],
) -> None:
    """Count how many rotations of the queues have as high a ratio, until there are enough (Besag and Clifford 1991).

    All positives of a queue are moved along it by one random distance, round its end: they stay as near to one another as they
    are, and lose what they have in common with the laboratory's order (Lotwick and Silverman 1982).

    Parameters
    ----------
    tube_at, part, expected, positive, longest, least
        As of `scan_runs`; the positives of a queue stand together.
    queue_begin, queue_length : (positives,) int64
        First tube of the queue of each positive, and its tubes.
    seen : float
        The true ratio.
    seed : uint64
        Seed of the random numbers (splitmix64, Steele et al. 2014).
    enough, most : int
        As many high rotations, or as many rotations, are enough.
    done : (2,) int64
        Output: high rotations, and all.
    """
    rotated = np.empty_like(positive)
    places = np.empty_like(positive)
    best = np.empty(3, np.int64)
    state = np.uint64(seed)
    done[:] = 0
    while done[0] < enough and done[1] < most:
        shift = np.int64(0)
        for at in range(len(positive)):
            if at == 0 or queue_begin[at] != queue_begin[at - 1]:
                state += np.uint64(0x9E3779B97F4A7C15)
                mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                mixed = mixed ^ (mixed >> np.uint64(31))
                shift = np.int64((mixed >> np.uint64(11)) % np.uint64(queue_length[at]))
            place = positive[at] - queue_begin[at] + shift
            rotated[at] = queue_begin[at] + place % queue_length[at]
        # Equal ratios that differ by rounding count as high.
        done[0] += scan_runs(tube_at, part, expected, rotated, longest, least, places, best) >= seen * (
            1 - 1e-9
        )
        done[1] += 1
