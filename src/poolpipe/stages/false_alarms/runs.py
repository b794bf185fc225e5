"""Runs of tubes: consecutive in the order of the laboratory, with more positives than their queues explain."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from poolpipe.stages.false_alarms.exact import false_discovery_rates
from poolpipe_kernels import runs as kernels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

__all__ = ["LabRuns", "counted_in_rounds", "find_runs"]

_LONGEST = 400
"""Tubes of a run at most: four plates. A longer one is a lab's day, and its sites explain that."""

_AT_LEAST = 3
"""Positives of a run, each cluster of a queue once: two may be neighbours who went to two points."""

_REACH = 20
"""Tubes of a queue in which positives are one cluster, as for lots."""

_ENOUGH, _FEWEST, _MOST = 20, 999, 100_000
"""High rotations after which a lab's day is not looked at further; fewest rotations to end with, and most."""


@dataclass(frozen=True, slots=True)
class LabRuns:
    """The most striking run of each lab's day.

    Attributes
    ----------
    day : (days,) int64
        Lab and day, ascending.
    order : (days,) int64
        Index into `handling.ORDERS`; -1 where no run has more positives than expected.
    tubes : list of (k,) int64
        Tubes of each run, in its order; indices of the tubes given.
    seen : (days,) int64
        Its positives, each cluster of a queue once.
    expected : (days,) float64
        As many its queues would give.
    p, q : (days,) float64
        Probability that a day has as striking a run by chance, and adjusted for all days.
    """

    day: NDArray[np.int64]
    order: NDArray[np.int64]
    tubes: list[NDArray[np.int64]]
    seen: NDArray[np.int64]
    expected: NDArray[np.float64]
    p: NDArray[np.float64]
    q: NDArray[np.float64]


def find_runs(
    positive: NDArray[np.bool_],
    queue: NDArray[np.int64],
    lab_day: NDArray[np.int64],
    parts: NDArray[np.int64],
    ranks: NDArray[np.int64],
    rate: float,
) -> LabRuns:
    """Test each lab's day for a run of tubes with too many positives.

    A Bernoulli scan (Kulldorff 1997) over all runs of up to 400 tubes, in each order. Its ratio is compared with those of rotated
    queues: the positives of a queue are moved along it together, so that they stay as near to one another as households make
    them, and nothing but what they have in common with the laboratory's order is lost. What lies in one queue alone is therefore
    never striking, however many positives it has.

    Parameters
    ----------
    positive : (n,) bool
        Positives. Each cluster of a queue counts once.
    queue : (n,) int64
        Point and day of each tube; tubes of a queue stand together, in its order.
    lab_day : (n,) int64
        Lab and day of each tube; -1: lab unknown, not tested.
    parts, ranks : (orders, n) int64
        As `handling.handling_orders` gives them.
    rate : float
        Expected share of false ones among the flagged: so many rotations are made as such a q needs.

    Returns
    -------
    LabRuns
    """
    counted = counted_in_rounds(positive, queue, _REACH)
    days = np.unique(lab_day[counted & (lab_day >= 0)])
    most = min(max(_FEWEST, int(4 * max(len(days), 1) / rate)), _MOST)
    order, tubes, seen, expected, p = (
        np.full(len(days), -1),
        [np.empty(0, np.int64)] * len(days),
        np.zeros(len(days), np.int64),
        np.zeros(len(days)),
        np.ones(len(days)),
    )
    for place, (rows, best, found, share) in enumerate(
        _scanned(days, counted, queue, lab_day, parts, ranks, most)
    ):
        order[place], seen[place], expected[place], p[place] = best, *found, share
        tubes[place] = rows
    return LabRuns(days, order, tubes, seen, expected, p, false_discovery_rates(p))


def counted_in_rounds(positive: NDArray[np.bool_], queue: NDArray[np.int64], reach: int) -> NDArray[np.bool_]:
    """Count each cluster of a queue once, as if the queue were a ring: rotated, it has the same clusters.

    Counting begins behind the longest stretch without a positive. Were it always to begin at the head of the queue, positives there
    would count more often, in all queues alike, and queues that are loaded side by side would look like a run.

    Parameters
    ----------
    positive : (n,) bool
        Positives.
    queue : (n,) int64
        Queue of each tube; tubes of a queue stand together.
    reach : int
        Tubes behind a counted positive in which no other counts.

    Returns
    -------
    (n,) bool
        The positives that count.
    """
    counted = np.zeros(len(positive), np.bool_)
    rows = np.flatnonzero(positive)
    begins = np.flatnonzero(np.diff(queue, prepend=-1))
    ends = np.append(begins[1:], len(queue))
    of = np.searchsorted(begins, rows, side="right") - 1
    for group in np.split(rows, np.flatnonzero(np.diff(of)) + 1) if len(rows) else []:
        place = int(np.searchsorted(begins, group[0], side="right")) - 1
        length = int(ends[place] - begins[place])
        gaps = np.diff(group, prepend=group[-1] - length)
        first = int(np.argmax(gaps))
        walked = reach + 1
        for step in range(len(group)):
            walked += 0 if step == 0 else int(gaps[(first + step) % len(group)])
            if walked > reach:
                counted[group[(first + step) % len(group)]] = True
                walked = 0
    return counted


def _scanned(
    days: NDArray[np.int64],
    counted: NDArray[np.bool_],
    queue: NDArray[np.int64],
    lab_day: NDArray[np.int64],
    parts: NDArray[np.int64],
    ranks: NDArray[np.int64],
    most: int,
) -> Iterator[tuple[NDArray[np.int64], int, tuple[int, float], float]]:
    """Tubes of each day's best run, its order, its positives and the expected ones, and p."""
    by_day = np.argsort(lab_day, kind="stable")
    bounds = np.searchsorted(lab_day[by_day], [days, days + 1])
    for first, last in bounds.T.tolist():
        rows = by_day[first:last]
        own, marked = queue[rows], counted[rows]
        begins = np.flatnonzero(np.diff(own, prepend=-1))
        lengths = np.diff(np.append(begins, len(rows)))
        share = np.repeat(np.add.reduceat(marked, begins, dtype=np.int64) / lengths, lengths)
        by_place = np.argsort(ranks[:, rows], axis=1)
        tube_at = np.argsort(by_place, axis=1)
        part = _numbered(np.take_along_axis(parts[:, rows], by_place, axis=1))
        expected = np.zeros((len(ranks), len(rows) + 1))
        np.cumsum(share[by_place], axis=1, out=expected[:, 1:])
        positive = np.flatnonzero(marked)
        places, best = np.empty_like(positive), np.empty(3, np.int64)
        ratio = kernels.scan_runs(tube_at, part, expected, positive, _LONGEST, _AT_LEAST, places, best)
        if best[0] < 0:
            yield np.empty(0, np.int64), -1, (0, 0.0), 1.0
            continue
        at = np.repeat(np.arange(len(begins)), lengths)[positive]
        done = np.zeros(2, np.int64)
        kernels.scan_rotations(
            tube_at, part, expected, positive, begins[at], lengths[at], _LONGEST, _AT_LEAST, ratio,
            _seed(positive, tube_at), _ENOUGH, most, done,
        )  # fmt: skip
        order, begin, end = best.tolist()
        run = by_place[order, begin : end + 1]
        p = done[0] / done[1] if done[0] >= _ENOUGH else (done[0] + 1) / (done[1] + 1)
        yield rows[run], order, (int(marked[run].sum()), float(share[run].sum())), float(p)


def _numbered(parts: NDArray[np.int64]) -> NDArray[np.int32]:
    """Small numbers for the parts of one day; -1 stays."""
    numbers = np.unique(parts, return_inverse=True)[1].reshape(parts.shape)
    return np.where(parts < 0, -1, numbers).astype(np.int32)


def _seed(positive: NDArray[np.int64], tube_at: NDArray[np.int64]) -> Any:
    """64 bits that depend on where the positives lie, as a uint64: the same day gives the same p."""
    content = positive.tobytes() + tube_at[:, positive].tobytes()
    return np.uint64(int.from_bytes(hashlib.blake2b(content, digest_size=8).digest(), "little"))
