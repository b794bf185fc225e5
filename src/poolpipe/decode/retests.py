"""Re-tests: positive pools that singles should confirm, and positive singles that pools should have found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from poolpipe.decode.sums import expected_positives, narrowed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.sums import Expected

__all__ = [
    "chance_of_confirmation",
    "chance_of_finding",
    "fit_of_findings",
    "fit_of_retests",
    "in_numbers",
    "warn_of_number",
]

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
    _, high = narrowed(lambda of_pools: float(chance(of_pools).sum()) < confirmed, low, high, 60)
    return {
        "retested": int(sizes.size),
        "confirmed": confirmed,
        **in_numbers(counted),
        "specificity_implied": float(f"{high:.6g}") if explained else None,
        "warnings": _warnings_of_retests(confirmed, int(sizes.size), counted),
    }


def chance_of_finding(
    sizes: NDArray[np.float64],
    prior: float,
    sensitivity: float,
    specificity: float,
    single_specificity: float,
) -> NDArray[np.float64]:
    """P(a pool is positive | one of its people has a positive single that was taken apart from it).

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
        0 where no single can be positive.

    Notes
    -----
    With v the probability that who has a positive single is infected (Bayes), it is
    ``v se + (1 - v) (se (1 - (1 - p)^(n - 1)) + (1 - sp) (1 - p)^(n - 1))``.
    """
    if prior * sensitivity + (1.0 - prior) * (1.0 - single_specificity) == 0.0:
        return np.zeros(len(sizes))
    base, slope = _by_sensitivity(sizes, prior, sensitivity, specificity, single_specificity)
    return base + slope * sensitivity


def _by_sensitivity(
    sizes: NDArray[np.float64],
    prior: float,
    sensitivity: float,
    specificity: float,
    single_specificity: float,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give a and b of ``a + b s``, which is `chance_of_finding` as a function of the pools' sensitivity s alone."""
    true, false = prior * sensitivity, (1.0 - prior) * (1.0 - single_specificity)
    infected = true / (true + false) if true + false else 0.0
    clean = (1.0 - infected) * (1.0 - prior) ** np.maximum(sizes - 1.0, 0.0)
    return (1.0 - specificity) * clean, 1.0 - clean


def fit_of_findings(
    sizes: NDArray[np.float64],
    found: int,
    prior: float,
    sensitivity: float,
    specificity: float,
    single_specificity: float,
) -> dict[str, Any]:
    """Compare how many pools found a person whose single is positive with the expected number.

    Parameters
    ----------
    sizes : (pools,) float64
        People of every negative or positive pool with somebody whose single, swabbed before the pool's result was known,
        is positive.
    found : int
        How many of these pools are positive.
    prior, sensitivity, specificity, single_specificity : float
        As given; singles have the sensitivity of pools.

    Returns
    -------
    dict
        pools, found, expected (with lower and upper, 95%), sensitivity_implied (that of pools, singles as given; None: no
        sensitivity explains the number), and warnings in words; empty without pools.
    """
    if not sizes.size:
        return {}
    counted = expected_positives(
        chance_of_finding(sizes, prior, sensitivity, specificity, single_specificity), found
    )
    base, slope = (
        float(part.sum())
        for part in _by_sensitivity(sizes, prior, sensitivity, specificity, single_specificity)
    )
    implied = (found - base) / slope if slope > 0.0 else -1.0
    return {
        "pools": int(sizes.size),
        "found": found,
        **in_numbers(counted),
        "sensitivity_implied": float(f"{min(implied, 1.0):.3g}") if implied >= 0.0 else None,
        "warnings": _warnings_of_findings(found, int(sizes.size), counted),
    }


def in_numbers(counted: Expected, digits: int = 1) -> dict[str, Any]:
    """Give the expected number, rounded, and its interval, as `summary.json` has them.

    Parameters
    ----------
    counted : Expected
        Distribution of a number under the model.
    digits : int
        Decimals of the expected number.
    """
    return {"expected": round(counted.mean, digits), "lower": counted.lower, "upper": counted.upper}


def _warnings_of_retests(confirmed: int, retested: int, counted: Expected) -> list[str]:
    return warn_of_number(
        f"{confirmed:,} of {retested:,} positive pools whose people were all tested again held a positive single",
        f"全员复检的阳性管 {retested:,} 个，其中检出阳性者 {confirmed:,} 个",
        confirmed,
        counted,
        fewer=(
            "the pools' specificity or the singles' sensitivity is lower than told, or the prior too high",
            "混采特异度或单检灵敏度低于所述，或先验偏高",
        ),
        more=(
            "the prior is too low, or the pools' specificity higher than told",
            "先验偏低，或混采特异度高于所述",
        ),
    )


def _warnings_of_findings(found: int, pools: int, counted: Expected) -> list[str]:
    return warn_of_number(
        f"of {pools:,} pools with somebody whose own single is positive {found:,} were positive",
        f"另有单检阳性者的混管 {pools:,} 个，其中报阳性 {found:,} 个",
        found,
        counted,
        fewer=("the pools' sensitivity is lower than told", "混采灵敏度低于所述"),
        more=("the pools' sensitivity is higher than told", "混采灵敏度高于所述"),
    )


def warn_of_number(
    what: str, zh: str, seen: int, counted: Expected, *, fewer: tuple[str, str], more: tuple[str, str]
) -> list[str]:
    """Warn, in both languages, of a number that is too rare.

    Parameters
    ----------
    what, zh : str
        The number in a sentence, in English and in Chinese.
    seen : int
        The number.
    counted : Expected
        Its distribution under the model.
    fewer, more : (str, str)
        Causes of a small and of a large number, in English and in Chinese.

    Returns
    -------
    list of str
        One warning; none where the number is not rare.
    """
    if counted.tail >= RARE:
        return []
    why, cause = fewer if seen < counted.mean else more
    told = f"{what}, {counted.mean:,.1f} expected ({counted.lower:,} to {counted.upper:,}): {why}"
    told_zh = f"{zh}，按模型应为 {counted.mean:,.1f} 个（{counted.lower:,} 至 {counted.upper:,}）：{cause}"
    return [f"{told} {told_zh}"]
