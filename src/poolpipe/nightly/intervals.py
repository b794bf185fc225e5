"""Exact intervals of a share (Clopper and Pearson 1934), whole columns at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["exact_intervals"]


def exact_intervals(
    successes: NDArray[np.int64], trials: NDArray[np.int64], confidence: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give the exact two-sided intervals of shares.

    Quantiles of the beta distribution: B(a/2; k, n - k + 1) and B(1 - a/2; k + 1, n - k). They are computed by SciPy, not
    in SQL, because DuckDB has no inverse of the incomplete beta function, and a bisection in SQL would be slower and
    less exact. Equal pairs are given once by the caller: of a city's 40,000 groups some thousand differ.

    Parameters
    ----------
    successes, trials : (n,) int64
        k of each n; 0 <= k <= n, n >= 1.
    confidence : float
        Of the interval, between 0 and 1.

    Returns
    -------
    lower, upper : (n,) float64
        0 where k = 0, and 1 where k = n.
    """
    from scipy.special import betaincinv

    tail = (1.0 - confidence) / 2.0
    k, n = successes.astype(np.float64), trials.astype(np.float64)
    with np.errstate(invalid="ignore"):  # k = 0 and k = n have no such quantile, and are set apart
        lower = np.where(k > 0, betaincinv(np.maximum(k, 1.0), n - k + 1.0, tail), 0.0)
        upper = np.where(k < n, betaincinv(k + 1.0, np.maximum(n - k, 1.0), 1.0 - tail), 1.0)
    return lower, upper
