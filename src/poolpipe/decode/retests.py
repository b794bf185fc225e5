"""Re-tests: how many positive pools, all of whose people were tested again, should have a positive single."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from poolpipe.decode.sums import expected_positives

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.sums import Expected

__all__ = ["chance_of_confirmation", "fit_of_retests"]

RARE = 1e-5
"""A number with a smaller two-sided probability gets a warning."""


def chance_of_confirmation(
    sizes: NDArray[np.float64],
    prior: float,
    sensitivity: float,
    specificity: float,
    single_specificity: float,
) -> NDArray[np.float64]:
    """P(a single of one of its people is positive | the pool is positive) for pools of each size.

    Parameters
    ----------
    sizes : (k,) float64
        People in a pool.
    prior : float
        P(infected) of each person, independently.
    sensitivity, specificity : float
        Of a pool; singles have the same sensitivity.
    single_specificity : float
        Of a single.

    Returns
    -------
    (k,) float64
        0 where no pool can be positive.

    Notes
    -----
    P(pool positive, no single positive) is
    ``se * ((p (1 - se) + (1 - p) sp1)^n - ((1 - p) sp1)^n) + (1 - sp) ((1 - p) sp1)^n``.
    """
    clean = (1.0 - prior) ** sizes
    all_quiet = ((1.0 - prior) * single_specificity) ** sizes
    quiet = (prior * (1.0 - sensitivity) + (1.0 - prior) * single_specificity) ** sizes
    positive = sensitivity * (1.0 - clean) + (1.0 - specificity) * clean
    unconfirmed = sensitivity * (quiet - all_quiet) + (1.0 - specificity) * all_quiet
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(positive > 0.0, 1.0 - unconfirmed / positive, 0.0))


def fit_of_retests(
    sizes: NDArray[np.float64],
    confirmed: int,
    prior: float,
    sensitivity: float,
    specificity: float,
    single_specificity: float,
) -> dict[str, Any]:
    """Compare the number of confirmed pools with the expected one.

    Parameters
    ----------
    sizes : (pools,) float64
        People of every positive pool all of whose people were tested again.
    confirmed : int
        How many of these pools hold a positive single.
    prior, sensitivity, specificity, single_specificity : float
        As given; singles have the sensitivity of pools.

    Returns
    -------
    dict
        retested, confirmed, expected (with lower and upper, 95%), specificity_implied (that of pools, everything else as
        given; None: no specificity explains the number), and warnings in words; empty without pools.
    """
    if not sizes.size:
        return {}

    def chance(of_pools: float) -> NDArray[np.float64]:
        return chance_of_confirmation(sizes, prior, sensitivity, of_pools, single_specificity)

    counted = expected_positives(chance(specificity), confirmed)
    low, high = 1.0 - sensitivity, 1.0
    explained = float(chance(low).sum()) <= confirmed <= float(chance(high).sum())
    for _ in range(60):
        middle = (low + high) / 2.0
        low, high = (middle, high) if float(chance(middle).sum()) < confirmed else (low, middle)
    return {
        "retested": int(sizes.size),
        "confirmed": confirmed,
        "expected": round(counted.mean, 1),
        "lower": counted.lower,
        "upper": counted.upper,
        "specificity_implied": float(f"{high:.6g}") if explained else None,
        "warnings": _warnings(confirmed, int(sizes.size), counted),
    }


def _warnings(confirmed: int, retested: int, counted: Expected) -> list[str]:
    if counted.tail >= RARE:
        return []
    told = (
        f"{confirmed:,} of {retested:,} positive pools whose people were all tested again held a positive single, "
        f"{counted.mean:,.1f} expected ({counted.lower:,} to {counted.upper:,})"
    )
    zh = (
        f"全员复检的阳性管 {retested:,} 个，其中检出阳性者 {confirmed:,} 个，按模型应为 {counted.mean:,.1f} 个"
        f"（{counted.lower:,} 至 {counted.upper:,}）"
    )
    if confirmed < counted.mean:
        why, cause = (
            "the pools' specificity or the singles' sensitivity is lower than told, or the prior too high",
            "混采特异度或单检灵敏度低于所述，或先验偏高",
        )
    else:
        why, cause = (
            "the prior is too low, or the pools' specificity higher than told",
            "先验偏低，或混采特异度高于所述",
        )
    return [f"{told}: {why} {zh}：{cause}"]
