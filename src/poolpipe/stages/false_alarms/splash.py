"""Splash into a well: the probability that a weak positive beside a strong well came from there and not from people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from poolpipe.stages.false_alarms.neighbours import at_distance, touching

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.alarm_rules import AlarmRules
    from poolpipe.stages.false_alarms.tested_wells import TestedWells

__all__ = ["CycleLaw", "SplashedWells", "cycle_law", "splash_posteriors"]

_REACH = 20
"""Tubes in the queue over which infections are related, as in `traces`."""

_PAIRS, _WELLS = 20, 50
"""Weights, in pairs and in wells, of what is known before a run's own results."""

_ROUNDS = 20
"""Rounds of expectation and maximisation; the rates then change by less than a thousandth."""


class CycleLaw(NamedTuple):
    """Ct of tubes with infected people: normal, cut off at `limit`; cycles."""

    mean: float
    sd: float
    limit: float


@dataclass(frozen=True, slots=True)
class SplashedWells:
    """Weak positives beside strong wells.

    Attributes
    ----------
    well, source : (k,) int64
        Indices into the tested wells: the weak positive, and the strong well that explains it best.
    posterior : (k,) float64
        Probability that it is splash.
    prevalence : (k,) float64
        Probability of a positive there that people give.
    rate : (days,) float64
        Share of wells beside a strong one that get splash, of each lab's day.
    """

    well: NDArray[np.int64]
    source: NDArray[np.int64]
    posterior: NDArray[np.float64]
    prevalence: NDArray[np.float64]
    rate: NDArray[np.float64]


def cycle_law(wells: TestedWells, limit: float, usual: tuple[float, float]) -> CycleLaw:
    """Mean and standard deviation of the Ct of positives.

    Parameters
    ----------
    wells : TestedWells
        All wells.
    limit : float
        Largest Ct of a positive or suspect, cycles.
    usual : (float, float)
        Mean and standard deviation where a run has few, cycles; they weigh as much as 20 positives.
    """
    ct = wells.ct[wells.positive & np.isfinite(wells.ct)]
    mean, sd = usual
    weight = len(ct) + _PAIRS
    found = (ct.sum() + _PAIRS * mean) / weight
    spread = (((ct - found) ** 2).sum() + _PAIRS * (sd**2 + (mean - found) ** 2)) / weight
    return CycleLaw(float(found), float(np.sqrt(spread)), limit)


def splash_posteriors(wells: TestedWells, rules: AlarmRules, law: CycleLaw) -> SplashedWells:
    """Compare for each weak positive beside a strong well what splash and what people say.

    Splash: the rate of the lab's day times the density of its lateness, normal around `rules.splash_cycles`. People:
    the share of positives so far in the queue from a positive that cannot splash, times the density of such a Ct among
    positives. The rates of the days are estimated from their exposed wells by expectation and maximisation,
    `rules.splash_rate` weighing as much as 50 wells.

    Parameters
    ----------
    wells : TestedWells
        Plates with a positive.
    rules : AlarmRules
        What is strong, what is weak, and how splash comes.
    law : CycleLaw
        Ct of positives.

    Returns
    -------
    SplashedWells
        One entry for each weak positive beside a strong well, in the order of `wells`.
    """
    from scipy.special import ndtr

    strong = np.flatnonzero(wells.positive & (wells.ct < rules.strong_ct))
    source, other = touching(wells, strong)
    later = wells.ct[other] - wells.ct[source]
    weak = later >= rules.weaker_by
    seen = _normal(later[weak], rules.splash_cycles, rules.splash_cycles_sd)
    well, best = _largest_of_each(other[weak], seen)
    source_of, density = source[weak][best], seen[best]
    reach = (law.limit - wells.ct[source] - rules.splash_cycles) / rules.splash_cycles_sd
    exposed = np.bincount(wells.day[source], ndtr(reach), minlength=wells.days.height)
    prevalence = _prevalence(wells, rules, well)
    shown = ndtr((law.limit - law.mean) / law.sd)
    people = prevalence * _normal(wells.ct[well], law.mean, law.sd) / shown
    rate = np.full(wells.days.height, rules.splash_rate)
    day = wells.day[well]
    for _ in range(_ROUNDS):
        posterior = _posterior(rate[day] * density, (1.0 - rate[day]) * people)
        counted = np.bincount(day, posterior, minlength=len(rate))
        rate = (counted + _WELLS * rules.splash_rate) / (exposed + _WELLS)
        rate = np.minimum(rate, 0.5)
    return SplashedWells(
        well, source_of, _posterior(rate[day] * density, (1.0 - rate[day]) * people), prevalence, rate
    )


def _normal(value: NDArray[np.float64], mean: float, sd: float) -> NDArray[np.float64]:
    return np.asarray(np.exp(-0.5 * ((value - mean) / sd) ** 2) / (sd * np.sqrt(2.0 * np.pi)))


def _posterior(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    both = one + other
    return np.divide(one, both, out=np.zeros(len(one)), where=both > 0.0)


def _largest_of_each(
    keys: NDArray[np.int64], values: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct keys, ascending, and the row of the largest value of each; of equal ones the first."""
    order = np.lexsort((-values, keys))
    first = np.flatnonzero(np.diff(keys[order], prepend=-1))
    return keys[order[first]], order[first]


def _prevalence(wells: TestedWells, rules: AlarmRules, of: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probability of a positive in some wells, by their distance in the queue from the nearest other positive.

    Counted around positives that are too weak to splash, before and behind them, wherever they lie on the plate.
    """
    calm = np.flatnonzero(wells.positive & ~(wells.ct < rules.strong_ct))
    overall = wells.positive.mean()
    shares = np.empty(_REACH)
    nearest = np.full(len(of), _REACH + 1)
    for distance in range(1, _REACH + 1):
        hits = pairs = 0
        for sign in (-1, 1):
            _, other = at_distance(wells, calm, sign * distance)
            hits, pairs = hits + int(wells.positive[other].sum()), pairs + len(other)
            source, other = at_distance(wells, of, sign * distance)
            near = np.searchsorted(of, source[wells.positive[other]])
            nearest[near] = np.minimum(nearest[near], distance)
        shares[distance - 1] = (hits + _PAIRS * overall) / (pairs + _PAIRS)
    falling = np.maximum.accumulate(shares[::-1])[::-1]
    return np.asarray(np.append(falling, overall)[nearest - 1])
