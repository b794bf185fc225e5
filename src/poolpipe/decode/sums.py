"""Expected number of positives: the exact distribution of a sum of independent pools, and an interval of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Expected", "expected_positives", "narrowed"]

MOST_KINDS = 2048
"""The most distinct probabilities; beyond, neighbours of nearly equal probability get their mean, which keeps the sum's."""
REACH = 12.0
"""Standard deviations on each side within which the distribution is computed; the rest is below a float's resolution."""


class Expected(NamedTuple):
    """The expected number of positives.

    Attributes
    ----------
    mean, sd : float
        Its mean and standard deviation.
    lower, upper : int
        Interval of the given confidence.
    tail : float
        Two-sided probability of a number at least as far out as the observed one, at most 1.
    """

    mean: float
    sd: float
    lower: int
    upper: int
    tail: float


def expected_positives(
    chance: NDArray[np.float64],
    seen: int,
    *,
    weight: NDArray[np.int64] | None = None,
    spread: float = 1.0,
    confidence: float = 0.95,
) -> Expected:
    """Compute the distribution of the number of positives among pools of each `chance` of being positive.

    Parameters
    ----------
    chance : (kinds,) float64
        P(positive) of a pool.
    seen : int
        Positives observed, for `tail`.
    weight : (kinds,) int64, optional
        How many pools have that chance; one each by default.
    spread : float
        Factor on the standard deviation where pools share people and are not independent; 1 is exact.
    confidence : float
        Of the interval.

    Notes
    -----
    The Poisson-binomial distribution by its characteristic function (Hong 2013, Comput. Stat. Data Anal. 59:41), on as
    many points as lie within twelve standard deviations: what wraps around is below 1e-30.
    """
    counts = np.ones(chance.size, np.int64) if weight is None else weight
    mean = float((counts * chance).sum())
    sd = math.sqrt(float((counts * chance * (1.0 - chance)).sum()))
    chance, counts = _kinds(chance, counts)
    size = 1 << max(4, math.ceil(math.log2(2.0 * REACH * sd + 16.0)))
    first = max(0, round(mean) - size // 2)
    angles = 2.0 * np.pi * np.arange(size // 2 + 1) / size
    log_phi = np.zeros(angles.size, np.complex128)
    turn = np.expm1(1j * angles)
    for p, count in zip(chance.tolist(), counts.tolist(), strict=True):
        with np.errstate(divide="ignore"):
            log_phi += count * np.log1p(p * turn)
    mass = np.maximum(np.fft.irfft(np.exp(log_phi - 1j * first * angles).conj(), size), 0.0)
    below = np.minimum(np.cumsum(mass), 1.0)
    edge = (1.0 - confidence) / 2.0
    lower = first + int(np.searchsorted(below, edge))
    upper = first + int(np.searchsorted(below, 1.0 - edge))
    lower, upper = (math.floor(mean + (end - mean) * spread + 0.5) for end in (lower, upper))
    place = mean + (seen - mean) / spread  # where the number seen would lie if pools were independent
    at_most = _cumulated(below, first, math.floor(place + 1e-9))
    at_least = 1.0 - _cumulated(below, first, math.ceil(place - 1e-9) - 1)
    return Expected(mean, sd * spread, max(lower, 0), upper, min(1.0, 2.0 * min(at_most, at_least)))


def _kinds(
    chance: NDArray[np.float64], counts: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Group pools of equal chance; of very many chances, neighbours."""
    values, place = np.unique(chance, return_inverse=True)
    summed = np.bincount(place, counts, minlength=values.size)
    if values.size > MOST_KINDS:
        part = (np.cumsum(summed) * MOST_KINDS / (summed.sum() + 1.0)).astype(np.int64)
        total = np.bincount(part, summed)
        values = np.bincount(part, summed * values)[total > 0] / total[total > 0]
        summed = total[total > 0]
    return values, summed.astype(np.int64)


def _cumulated(below: NDArray[np.float64], first: int, number: int) -> float:
    at = number - first
    return 0.0 if at < 0 else float(below[min(at, below.size - 1)])


def narrowed(too_low: Callable[[float], bool], low: float, high: float, halvings: int) -> tuple[float, float]:
    """Halve an interval until it is narrow: the parameter at which an expected number becomes the observed one lies in it.

    Parameters
    ----------
    too_low : callable
        Whether fewer are expected at a value than were observed; true below some value and false above it.
    low, high : float
        The interval.
    halvings : int
        How often it is halved.

    Returns
    -------
    (float, float)
        Its ends.

    Examples
    --------
    >>> low, high = narrowed(lambda value: value**2 < 2.0, 0.0, 2.0, 30)
    >>> round(low, 6), round(high, 6)
    (1.414214, 1.414214)
    """
    for _ in range(halvings):
        middle = (low + high) / 2.0
        low, high = (middle, high) if too_low(middle) else (low, middle)
    return low, high
