"""Splash on a lab's day: weak positives beside strong wells, against wells that are as near in the queue but not on the plate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.stages.false_alarms.exact import binomial_tail
from poolpipe.stages.false_alarms.neighbours import at_distance, touch

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.alarm_rules import AlarmRules
    from poolpipe.stages.false_alarms.tested_wells import TestedWells

__all__ = ["Bracket", "queue_bracket"]

_NEAR, _FAR = (-1, 0, 1), (-5, -4, -3, -2, 2, 3, 4, 5)
"""Distances in the queue from a strong well, less the wells of a line: with lines of 8 wells 7 to 9, and 3 to 6 and 10 to 13."""


@dataclass(frozen=True, slots=True)
class Bracket:
    """Weak positives near strong wells on each lab's day.

    Attributes
    ----------
    adjacent, weak_adjacent : (days,) int64
        Wells beside a strong one and a line away in the queue, and how many of them are weak positives.
    apart, weak_apart : (days,) int64
        Wells about as far in the queue and not beside a strong one, and how many of them are weak positives.
    p : (days,) float64
        Probability of as many weak positives beside strong wells, were both kinds alike.
    exposed, weak : (n,) bool
        For each well, whether it is counted among `adjacent`, and whether among `weak_adjacent`.
    """

    adjacent: NDArray[np.int64]
    weak_adjacent: NDArray[np.int64]
    apart: NDArray[np.int64]
    weak_apart: NDArray[np.int64]
    p: NDArray[np.float64]
    exposed: NDArray[np.bool_]
    weak: NDArray[np.bool_]


def queue_bracket(wells: TestedWells, rules: AlarmRules) -> Bracket:
    """Test each lab's day for splash.

    Queue order is load order, so households lie side by side on a plate and a test of neighbouring wells accuses the
    laboratory. Wells a line away are beside a strong well on the plate, but 7 to 9 tubes away in the queue. Those 3 to 6
    and 10 to 13 tubes away have as many infections or more, because infections thin out ever more slowly, and no splash.
    A weak positive is later than its strong well by `rules.weaker_by`. Each well is counted once, whatever many strong
    wells it is near to.

    Parameters
    ----------
    wells : TestedWells
        Plates with a positive.
    rules : AlarmRules
        `strong_ct` and `weaker_by`, cycles.

    Returns
    -------
    Bracket
    """
    n, days = len(wells), wells.days.height
    exposed, weak, apart, weak_apart = (np.zeros(n, np.bool_) for _ in range(4))
    strong = np.flatnonzero(wells.positive & (wells.ct < rules.strong_ct))
    for offsets, beside, near, late in ((_NEAR, True, exposed, weak), (_FAR, False, apart, weak_apart)):
        for offset in offsets:
            for sign in (-1, 1):
                source, other = at_distance(wells, strong, sign * (wells.line[strong] + offset))
                right = touch(wells, source, other) == beside
                source, other = source[right], other[right]
                near[other] = True
                late[other[wells.ct[other] >= wells.ct[source] + rules.weaker_by]] = True
    late = weak_apart & ~exposed
    apart &= ~exposed
    counts = [np.bincount(wells.day[mask], minlength=days) for mask in (exposed, weak, apart, late)]
    adjacent, weak_adjacent, others, weak_others = counts
    share = adjacent / np.maximum(adjacent + others, 1)
    p = binomial_tail(weak_adjacent, weak_adjacent + weak_others, share)
    return Bracket(adjacent, weak_adjacent, others, weak_others, p, exposed, weak)
