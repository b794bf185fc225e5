"""Sizes that `best` compares, and the cheapest of them by a formula for equal pools."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["MOST_PEOPLE", "cheapest", "usual_sizes"]

LARGEST_BEST = 50
MOST_PEOPLE = 5000
"""The most people in a first pool or an array: the computation is quadratic."""
LARGEST_SIDE = math.isqrt(MOST_PEOPLE)
DEEPEST = 4
"""Stages of the longest chain, the singles among them."""


def cheapest(
    choices: list[tuple[int, ...]],
    chance: float,
    per_stage: Callable[[int], tuple[NDArray[np.float64], NDArray[np.float64]]],
) -> list[tuple[int, ...]]:
    """Select the sizes with the fewest tests per person, by the formula for equal pools.

    Of stages n1 > n2 > ... > 1 a pool of each is tested when all around it were positive: 1 / n1 + the sum over later
    stages of P(all before positive) / n (Dorfman 1943 for two).

    Parameters
    ----------
    choices : list of tuple of int
        Sizes of the stages.
    chance : float
        P(infected) of each person.
    per_stage : callable
        Sensitivity and specificity of each of so many stages.

    Returns
    -------
    list of tuple of int
        The cheapest of the choices.
    """
    tests = np.zeros(len(choices))
    for depth in {len(choice) for choice in choices}:
        of_depth = [at for at, choice in enumerate(choices) if len(choice) == depth]
        size = np.array([(*choices[at], 1)[: max(depth, 2)] for at in of_depth], np.float64)
        stages = size.shape[1]
        se_stages, sp_stages = per_stage(stages)
        clean = np.exp(size * np.log1p(-chance)) if chance < 1 else 0.0 * size
        total = 1.0 / size[:, 0]
        for stage in range(1, stages):
            positive = np.zeros(size.shape[0])
            for holding in range(stage + 1):  # the outermost so many pools hold somebody, those within nobody
                within = clean[:, holding] if holding < stage else 1.0
                outer = clean[:, holding - 1] if holding else 0.0
                reads = np.prod(se_stages[:holding]) * np.prod(1.0 - sp_stages[holding:stage])
                positive += (within - outer) * reads
            total += positive / size[:, stage]
        tests[of_depth] = total
    least = min(range(len(choices)), key=lambda at: (round(float(tests[at]), 12), choices[at]))
    return [choices[least]]


def _reach(scheme: str, p: float) -> int:
    """Largest pool, or side of an array, that is compared for a prevalence."""
    if scheme.startswith("array"):
        return LARGEST_SIDE
    if not 0 < p < 1:
        return LARGEST_BEST
    power = 2.0 / 3.0 if scheme == "hierarchical" else 0.5
    return int(min(max(float(LARGEST_BEST), 4.0 * p**-power), MOST_PEOPLE))


def usual_sizes(scheme: str, p: float) -> list[tuple[int, ...]]:
    """List the sizes that `best` compares when none are given.

    Parameters
    ----------
    scheme : str
        One of `SCHEMES`.
    p : float
        P(infected) of each person.

    Returns
    -------
    list of tuple of int
    """
    reach = _reach(scheme, p)
    if scheme != "hierarchical":
        return [(size,) for size in range(2, reach + 1)]
    chains: list[tuple[int, ...]] = [(first,) for first in range(4, reach + 1)]
    found = []
    for _ in range(DEEPEST - 2):
        chains = [
            (*chain, divisor)
            for chain in chains
            for divisor in _divisors(chain[-1])
            if 2 <= divisor <= chain[-1] // 2
        ]
        found += [(*chain, 1) for chain in chains]
    return found


@cache
def _divisors(number: int) -> tuple[int, ...]:
    small = [each for each in range(1, math.isqrt(number) + 1) if number % each == 0]
    return tuple(sorted({*small, *(number // each for each in small)}))
