"""Exact tail probabilities, and the false discovery rate of many tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["binomial_tail", "false_discovery_rates", "hypergeometric"]


def binomial_tail(
    successes: NDArray[np.int64], trials: NDArray[np.int64], chance: NDArray[np.float64]
) -> NDArray[np.float64]:
    """P(X >= successes) for binomial X.

    Parameters
    ----------
    successes, trials : (n,) int64
        0 <= successes <= trials.
    chance : (n,) float64
        Probability of a success, 0 to 1.

    Returns
    -------
    (n,) float64
        1 where no success is asked for. By the incomplete beta function (Abramowitz & Stegun 1964, 26.5.24).
    """
    from scipy.special import betainc

    some = successes > 0
    result = np.ones(len(successes))
    result[some] = betainc(successes[some], trials[some] - successes[some] + 1, chance[some])
    return result


def hypergeometric(drawn: int, marked: int, total: int) -> tuple[int, NDArray[np.float64]]:
    """Distribution of the marked among the drawn.

    Parameters
    ----------
    drawn, marked, total : int
        So many of `total` are drawn without replacement, and so many of `total` are marked.

    Returns
    -------
    least : int
        Smallest possible count.
    weights : array, shape (counts,)
        Probability of `least`, `least` + 1 and so on.
    """
    from scipy.special import gammaln

    least, most = max(0, drawn + marked - total), min(drawn, marked)
    count = np.arange(least, most + 1, dtype=np.float64)

    def log_choose(n: NDArray[np.float64] | float, k: NDArray[np.float64] | float) -> NDArray[np.float64]:
        return np.asarray(
            gammaln(np.add(n, 1.0)) - gammaln(np.add(k, 1.0)) - gammaln(np.subtract(n, k) + 1.0)
        )

    logs = (
        log_choose(float(marked), count)
        + log_choose(float(total - marked), drawn - count)
        - log_choose(float(total), float(drawn))
    )
    weights = np.exp(logs)
    return least, weights / weights.sum()


def false_discovery_rates(
    p: NDArray[np.float64], weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Adjust p-values: among tests with a result of at most q, the expected share of false discoveries is at most q.

    Benjamini & Hochberg 1995, valid for independent and for positively dependent tests; with weights Genovese, Roeder &
    Wasserman 2006, which hold the same rate.

    Parameters
    ----------
    p : (n,) float64
        p-values of all tests, those that found nothing too.
    weights : (n,) float64, optional
        Above 0, 1 on average, and not chosen by the p-values: a test of weight 2 needs half the evidence.

    Returns
    -------
    (n,) float64
        Adjusted, in the same order.
    """
    n = len(p)
    p = p if weights is None else p / weights
    order = np.argsort(p, kind="stable")
    scaled = p[order] * n / np.arange(1, n + 1)
    result = np.empty(n)
    result[order] = np.minimum(1.0, np.minimum.accumulate(scaled[::-1])[::-1])
    return result
