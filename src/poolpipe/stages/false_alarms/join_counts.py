"""Plates on which positives touch across lines more often than dealing them out within their lines explains."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.stages.false_alarms.neighbours import touching

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.stages.false_alarms.tested_wells import TestedWells

__all__ = ["PlateJoins", "join_counts"]

_AT_LEAST = 3
"""Joins from which a plate is tested: two may be one household and its neighbour."""

_LIKELY = 0.02
"""Poisson tail of the joins above which a plate's exact distribution is not computed: it could not be flagged among others."""

_MOST_WAYS = 600
"""Ways to deal out the positives of a line up to which a plate is tested: all of 8 or 12 wells, three of 16."""


@dataclass(frozen=True, slots=True)
class PlateJoins:
    """Joins of positives on each plate.

    Attributes
    ----------
    plate : (plates,) int64
        Numbers of the plates, ascending.
    seen : (plates,) int64
        Pairs of positives that touch, of different lines.
    expected : (plates,) float64
        As many would be expected; 0 where there are fewer than three.
    p : (plates,) float64
        Probability of as many or more; 1 where it is not small.
    """

    plate: NDArray[np.int64]
    seen: NDArray[np.int64]
    expected: NDArray[np.float64]
    p: NDArray[np.float64]


def join_counts(wells: TestedWells) -> PlateJoins:
    """Test each plate for positives that touch across the lines in which it was filled.

    The tubes of a line stood one behind the other in the queue. Under the hypothesis its positives lie in any of its
    tested wells alike, so that the number of positives of each line, and with it the queue, is kept. The distribution of
    the number of joins is computed exactly, line by line.

    Parameters
    ----------
    wells : TestedWells
        Plates with a positive.

    Returns
    -------
    PlateJoins
    """
    from scipy.special import pdtrc

    begins = np.flatnonzero(np.diff(wells.plate, prepend=-1))
    row, column = np.divmod(wells.well, wells.columns)
    down = wells.line != wells.columns
    line, place = np.where(down, column, row), np.where(down, row, column)
    of = np.repeat(np.arange(len(begins)), np.diff(np.append(begins, len(wells))))
    source, other = touching(wells, np.flatnonzero(wells.positive))
    joined = wells.positive[other] & (line[source] < line[other])
    seen = np.bincount(of[source[joined]], minlength=len(begins))
    expected, p = _expected(wells, of, line, seen), np.ones(len(begins))
    ends = np.append(begins[1:], len(wells))
    striking = (seen >= _AT_LEAST) & (pdtrc(seen - 1, expected) <= _LIKELY)
    for plate in np.flatnonzero(striking).tolist():
        inside = slice(begins[plate], ends[plate])
        weights = _distribution(line[inside], place[inside], wells.positive[inside])
        if weights is not None:
            p[plate] = min(1.0, float(weights[seen[plate] :].sum()))
    return PlateJoins(wells.plate[begins], seen, expected, p)


def _expected(
    wells: TestedWells, of: NDArray[np.int64], line: NDArray[np.int64], seen: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Expected joins of the plates that have at least three: pairs that touch, each with the shares of its two lines."""
    candidates = np.flatnonzero(seen[of] >= _AT_LEAST)
    lines = of * (int(line.max()) + 1) + line
    share = np.bincount(lines, wells.positive) / np.maximum(np.bincount(lines), 1)
    source, other = touching(wells, candidates)
    ahead = line[source] < line[other]
    source, other = source[ahead], other[ahead]
    return np.asarray(
        np.bincount(of[source], share[lines[source]] * share[lines[other]], minlength=len(seen))
    )


def _distribution(
    line: NDArray[np.int64], place: NDArray[np.int64], positive: NDArray[np.bool_]
) -> NDArray[np.float64] | None:
    """Probability of 0, 1, 2 ... joins; None where a line's positives can lie in too many ways."""
    before, chances = np.zeros(1, np.int64), np.ones((1, 1))
    for number in range(int(line.max()) + 1):
        here = line == number
        ways = _ways(place[here], int(positive[here].sum()))
        if ways is None:
            return None
        joins = (
            _bits(before[:, None] & ways)
            + _bits(before[:, None] & (ways << 1))
            + _bits(before[:, None] & (ways >> 1))
        )
        longest = int(joins.max())
        later = np.zeros((len(ways), chances.shape[1] + longest))
        for count in range(longest + 1):
            later[:, count : count + chances.shape[1]] += (joins == count).T.astype(np.float64) @ chances
        before, chances = ways, later / len(ways)
    return np.asarray(chances.sum(axis=0))


def _ways(places: NDArray[np.int64], positives: int) -> NDArray[np.int64] | None:
    """Every way in which so many positives can lie in a line, as the bits of their places."""
    from math import comb

    if comb(len(places), positives) > _MOST_WAYS:
        return None
    bits = (1 << places).tolist()
    return np.array([sum(chosen) for chosen in combinations(bits, positives)], np.int64)


def _bits(masks: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.bitwise_count(masks).astype(np.int64)
