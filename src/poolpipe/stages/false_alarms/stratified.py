"""Lots, instruments, channels and plates: more positives than the same site and day explains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.stages.false_alarms.exact import false_discovery_rates, hypergeometric

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["UnitTests", "stratified_tests", "thinned"]

_EXACT = 25.0
"""Variance of a count up to which its tail is computed exactly; above, a normal tail is within a tenth of it at 0.001."""

_AT_LEAST = 3
"""Positives that a unit is suspected from on: two may be one household in two tubes."""


_SMALL = "plate"
"""Kind whose units are not taken out: a plate is too small to change the test of another unit."""


@dataclass(frozen=True, slots=True)
class UnitTests:
    """The test of each unit of one kind.

    Attributes
    ----------
    seen : (units,) int64
        Positives of each unit, in strata where others were tested, too; each cluster of the queue once.
    expected : (units,) float64
        As many would be expected if positives fell on tubes of a stratum alike.
    p : (units,) float64
        Probability of as many or more; 1 where that is large (less than a standard deviation more than expected), or where
        there are fewer than three.
    q : (units,) float64
        Adjusted for all units of all kinds.
    flagged : (units,) bool
        Whether q is at most the discovery rate.
    """

    seen: NDArray[np.int64]
    expected: NDArray[np.float64]
    p: NDArray[np.float64]
    q: NDArray[np.float64]
    flagged: NDArray[np.bool_]


def thinned(
    positive: NDArray[np.bool_], place: NDArray[np.int64], position: NDArray[np.int64], reach: int
) -> NDArray[np.bool_]:
    """Count each cluster of a queue once: of positives within `reach` tubes the first.

    Parameters
    ----------
    positive : (n,) bool
        Tubes, sorted by place and position.
    place, position : (n,) int64
        Queue of each tube, and its place in that queue.
    reach : int
        Tubes behind a counted positive in which no other counts.

    Returns
    -------
    (n,) bool
        The positives that count.
    """
    counted = np.zeros(len(positive), np.bool_)
    last_place, last = -1, 0
    for row in np.flatnonzero(positive).tolist():
        if place[row] != last_place or position[row] - last > reach:
            counted[row] = True
            last_place, last = int(place[row]), int(position[row])
    return counted


def stratified_tests(
    stratum: NDArray[np.int64],
    positive: NDArray[np.bool_],
    units: Mapping[str, NDArray[np.int64]],
    rate: float,
) -> dict[str, UnitTests]:
    """Test every unit of every kind against the other tubes of the same strata, one-sided.

    Cochran 1954, Mantel & Haenszel 1959: in each stratum a unit's positives are hypergeometric if tubes are alike, and their
    sum is compared with its expectation; exactly, by convolution, where it is sparse. In many strata the variance
    is that between the strata where it is larger. The unit that stands out most is taken out with its
    tubes before the others are asked again, so that an instrument is not accused of the lot that ran on it.
    Tests are adjusted together, each kind with the same weight in sum: hundreds of plates do not hide one of eight lots.

    Parameters
    ----------
    stratum : (n,) int64
        Site and day of each tube, from 0.
    positive : (n,) bool
        Positives that count (`thinned`).
    units : mapping of (n,) int64
        Kind to the unit of each tube, from 0; -1 where unknown.
    rate : float
        Expected share of false ones among the flagged, at most.

    Returns
    -------
    dict of UnitTests
        Kind to its units.
    """
    left = np.ones(len(stratum), np.bool_)
    sizes = {kind: int(unit.max(initial=-1)) + 1 for kind, unit in units.items()}
    kinds: list[str] = list(units)
    kept: dict[tuple[str, int], tuple[int, float, float]] = {}
    there = sum(size > 0 for size in sizes.values())
    weights = np.repeat(
        [sum(sizes.values()) / max(there * sizes[kind], 1) for kind in kinds], [sizes[kind] for kind in kinds]
    )
    while True:
        found = {kind: _kind_tests(stratum, positive, units[kind], left, sizes[kind]) for kind in kinds}
        for (kind, unit), result in kept.items():
            for column, value in zip(found[kind], result, strict=True):
                column[unit] = value
        q = false_discovery_rates(np.concatenate([found[kind][2] for kind in kinds]), weights)
        ends = np.cumsum([sizes[kind] for kind in kinds])[:-1]
        adjusted = dict(zip(kinds, np.split(q, ends), strict=True))
        best = _most_striking(found, adjusted, kept, rate)
        if best is None:
            return {kind: UnitTests(*found[kind], adjusted[kind], adjusted[kind] <= rate) for kind in kinds}
        kind, unit = best
        seen, expected, p = found[kind]
        kept[best] = int(seen[unit]), float(expected[unit]), float(p[unit])
        left &= units[kind] != unit


def _most_striking(
    found: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]],
    adjusted: Mapping[str, NDArray[np.float64]],
    kept: Mapping[tuple[str, int], object],
    rate: float,
) -> tuple[str, int] | None:
    """The unit with the smallest p among those to flag and not yet taken out; of equal ones the first kind and number."""
    best, least = None, 2.0
    for kind, q in adjusted.items():
        if kind == _SMALL:
            continue
        p = found[kind][2]
        for unit in np.flatnonzero(q <= rate).tolist():
            if (kind, unit) not in kept and p[unit] < least:
                best, least = (kind, unit), float(p[unit])
    return best


def _kind_tests(
    stratum: NDArray[np.int64],
    positive: NDArray[np.bool_],
    unit: NDArray[np.int64],
    left: NDArray[np.bool_],
    size: int,
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Seen, expected and p of each unit."""
    rows = np.flatnonzero(left & (unit >= 0))
    of, counts = stratum[rows], positive[rows]
    strata = int(of.max(initial=0)) + 1
    total = np.bincount(of, minlength=strata)
    marked = np.bincount(of[counts], minlength=strata)
    pair, pairs, drawn = np.unique(unit[rows] * strata + of, return_inverse=True, return_counts=True)
    seen = np.bincount(pairs[counts], minlength=len(pair))
    whose, where = np.divmod(pair, strata)
    tells = (marked[where] > 0) & (drawn < total[where])
    whose, where, drawn, seen = whose[tells], where[tells], drawn[tells], seen[tells]
    m, n = marked[where], total[where]
    mean = drawn * m / n
    spread = mean * (n - m) / n * (n - drawn) / np.maximum(n - 1, 1)
    count = np.bincount(whose, seen, minlength=size).astype(np.int64)
    expected = np.bincount(whose, mean, minlength=size)
    variance = np.bincount(whose, spread, minlength=size)
    between = np.bincount(whose, (seen - mean) ** 2, minlength=size)
    p = np.ones(size)
    begins = np.searchsorted(whose, np.arange(size + 1))
    striking = (count >= _AT_LEAST) & (count - expected - 0.5 >= np.sqrt(variance))
    for each in np.flatnonzero(striking).tolist():
        inside = slice(begins[each], begins[each + 1])
        if variance[each] <= _EXACT:
            p[each] = _exact_tail(int(count[each]), drawn[inside], m[inside], n[inside])
        else:
            p[each] = _normal_tail(count[each] - expected[each] - 0.5, max(variance[each], between[each]))
    return count, np.asarray(expected, np.float64), p


def _exact_tail(
    count: int, drawn: NDArray[np.int64], marked: NDArray[np.int64], total: NDArray[np.int64]
) -> float:
    """P(sum of hypergeometric counts >= count)."""
    weights, least = np.ones(1), 0
    for one in zip(drawn.tolist(), marked.tolist(), total.tolist(), strict=True):
        low, more = hypergeometric(*one)
        least += low
        weights = np.convolve(weights, more)
    return float(min(1.0, weights[max(count - least, 0) :].sum()))


def _normal_tail(excess: float, variance: float) -> float:
    from scipy.special import ndtr

    return float(ndtr(-excess / np.sqrt(variance)))
