"""Clusters: pools in which several people are infected, against chance, and what positive people tell of housemates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from poolpipe.decode.retests import in_numbers, warn_of_number
from poolpipe.decode.sums import expected_positives

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.sums import Expected

__all__ = ["attack_rate", "chance_of_two", "fit_of_clusters"]

_SMALL = 1e-3
"""Below so many expected a series gives P(two or more): the difference from 1 would lose its digits."""


def chance_of_two(
    sizes: NDArray[np.float64],
    prior: float,
    sensitivity: float,
    specificity: float,
    single_specificity: float,
) -> NDArray[np.float64]:
    """P(two or more singles of a pool are positive | the pool and one at least are positive).

    Parameters
    ----------
    sizes : (k,) float64
        People in a pool, from 1.
    prior : float
        P(infected) of each person, independently.
    sensitivity, specificity : float
        Of a pool; singles have the same sensitivity.
    single_specificity : float
        Of a single.

    Returns
    -------
    (k,) float64
        0 where no pool with a positive single can be positive.

    Notes
    -----
    The number of positive singles is binomial, with probability ``p se + (1 - p)(1 - sp1)`` each, and with ``1 - sp1`` where
    nobody is infected. With A the event and C that nobody is infected, P(A, pool positive) is
    ``se P(A) + (1 - se - sp) P(A, C)``.
    """
    false = 1.0 - single_specificity
    positive = prior * sensitivity + (1.0 - prior) * false
    clean = (1.0 - prior) ** sizes
    less = 1.0 - sensitivity - specificity
    two = sensitivity * _two_or_more(sizes, positive) + less * clean * _two_or_more(sizes, false)
    one = sensitivity * _one_or_more(sizes, positive) + less * clean * _one_or_more(sizes, false)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(one > 0.0, np.clip(two / one, 0.0, 1.0), 0.0))


def _one_or_more(sizes: NDArray[np.float64], chance: float) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.asarray(-np.expm1(sizes * np.log1p(-chance)))


def _two_or_more(sizes: NDArray[np.float64], chance: float) -> NDArray[np.float64]:
    """P(a binomial number is 2 or more), to 1e-9 of itself."""
    rest = 1.0 - chance
    if chance <= 0.0 or rest <= 0.0:
        return np.where(sizes >= 2.0, 1.0 if rest <= 0.0 else 0.0, 0.0)
    odds = chance / rest
    pairs = sizes * (sizes - 1.0) / 2.0 * chance**2 * rest ** (sizes - 2.0)
    third = (sizes - 2.0) / 3.0 * odds
    series = pairs * (1.0 + third * (1.0 + (sizes - 3.0) / 4.0 * odds))
    direct = _one_or_more(sizes, chance) - sizes * chance * rest ** (sizes - 1.0)
    return np.asarray(np.where(sizes * chance < _SMALL, np.maximum(series, 0.0), direct))


def fit_of_clusters(
    sizes: NDArray[np.float64],
    two: int,
    prior: float,
    sensitivity: float,
    specificity: float,
    single_specificity: float,
) -> dict[str, Any]:
    """Compare the number of pools with two and more positive singles with that of independent people.

    Parameters
    ----------
    sizes : (pools,) float64
        People of every positive pool all of whose people were tested again and some of whose singles are positive; no two
        pools share somebody positive.
    two : int
        How many of these pools hold two or more positive singles.
    prior : float
        P(infected) at which the number is expected.
    sensitivity, specificity, single_specificity : float
        As given; singles have the sensitivity of pools.

    Returns
    -------
    dict
        confirmed (pools), two, expected (with lower and upper, 95%, exact), prior, and warnings in words; empty without pools. Fewer
        than expected are no cluster, and get no warning: a wrong prior or sensitivity has its own.
    """
    if not sizes.size:
        return {}
    chance = chance_of_two(sizes, prior, sensitivity, specificity, single_specificity)
    counted = expected_positives(chance, two)
    warnings = [] if two <= counted.mean else _warn_of_clusters(two, int(sizes.size), counted)
    return {
        "confirmed": int(sizes.size),
        "two": two,
        **in_numbers(counted, digits=3),
        "prior": float(f"{prior:.3g}"),
        "warnings": warnings,
    }


def _warn_of_clusters(two: int, pools: int, counted: Expected) -> list[str]:
    cause = (
        (
            "infected people share pools (households, or places and rounds of more risk), or pools with one infected person "
            "are missed (dilution)"
        ),
        "同户聚集，或部分地点、轮次风险较高，或仅一人感染的管被漏检（稀释）",
    )
    return warn_of_number(
        f"of {pools:,} positive pools with a positive single {two:,} hold two or more",
        f"有单检阳性者的阳性管 {pools:,} 个，其中两人以上阳性者 {two:,} 个",
        two,
        counted,
        fewer=cause,
        more=cause,
    )


def attack_rate(people: NDArray[np.int64], positive: NDArray[np.int64], chance: float) -> float | None:
    """P(another one of a group is infected because one of it is), beyond chance.

    Parameters
    ----------
    people : (groups,) int64
        People of each group that were tested: a household's within a pool, or the pool's.
    positive : (groups,) int64
        How many of them are positive; groups without any do not count.
    chance : float
        P(positive) of a person anyhow.

    Returns
    -------
    float or None
        0 to 1; None where no positive person has somebody beside them.

    Notes
    -----
    The secondary attack rate: all positives but one of each group, over all people but one (Madewell et al. 2020, JAMA Netw
    Open 3:e2031756), r; beyond chance it is ``(r - c) / (1 - c)``.
    """
    hit = (positive > 0) & (people > 1)
    beside = int((people[hit] - 1).sum())
    if beside == 0:
        return None
    if chance >= 1.0:
        return 0.0
    rate = float((positive[hit] - 1).sum()) / beside
    return float(f"{min(max((rate - chance) / (1.0 - chance), 0.0), 1.0):.3g}")
