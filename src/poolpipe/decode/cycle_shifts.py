"""Cycle shifts: Ct of pools against those of the singles of their people, and against the laboratory's own law."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from poolpipe.decode.sums import narrowed
from poolpipe.messages import message
from poolpipe.words import Wording

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.assays import Cycles

__all__ = ["MARGIN", "fit_of_dilution", "fit_of_law"]

FEWEST = 20
"""The least number of Ct of which a mean is judged."""
RARE = 1e-5
"""A mean with a smaller two-sided probability gets a warning, where it is also off by `LEAST`."""
LEAST = 0.5
"""Cycles below which a difference has no consequence: a kit's controls scatter by as much from plate to plate."""
MARGIN = 3.0
"""Only singles whose Ct, diluted, stays so many cycles within the limit are compared: of weaker ones only the pools that
came early by chance are positive."""


class _Mean(NamedTuple):
    """A mean that a model expects, the interval (95%) in which it lies, and the probability (two-sided) of that seen."""

    expected: float
    lower: float
    upper: float
    tail: float


def fit_of_dilution(
    sizes: NDArray[np.float64], later: NDArray[np.float64], efficiency: float
) -> dict[str, Any]:
    """Compare how much later pools cross the threshold than the single of their one infected person with the dilution's law.

    Parameters
    ----------
    sizes : (pairs,) float64
        People of each pool.
    later : (pairs,) float64
        Ct of the pool less that of the single, cycles, mean over the targets that both have.
    efficiency : float
        PCR efficiency of the policy, in (0, 1].

    Returns
    -------
    dict
        pairs, shift (mean of `later`), expected (``log n / log(1 + efficiency)``, with lower and upper, 95%), efficiency_implied
        (None: none explains the shift), and warnings in words; empty below 20 pairs.

    Notes
    -----
    Student's t of the differences: two swabs of a person scatter by an amount that no law tells beforehand.
    """
    if sizes.size < FEWEST:
        return {}
    due = np.log(sizes) / math.log1p(efficiency)
    spread = float((later - due).std(ddof=1)) / math.sqrt(sizes.size)
    seen, judged = (
        float(later.mean()),
        _by_student(float((later - due).mean()), float(due.mean()), spread, sizes.size - 1),
    )
    told = float(np.log(sizes).mean())
    base = math.exp(min(told / seen, 10.0)) - 1.0 if seen > 0.0 and told > 0.0 else math.inf
    return {
        "pairs": int(sizes.size),
        "shift": round(seen, 2),
        **_rounded(judged),
        "efficiency_implied": float(f"{base:.3g}") if 0.0 < base <= 1.0 else None,
        "warnings": _warning_of_dilution(seen, int(sizes.size), judged),
    }


def fit_of_law(sizes: NDArray[np.float64], ct: NDArray[np.float64], cycles: Cycles | None) -> dict[str, Any]:
    """Compare the mean Ct of pools with one infected person with the laboratory's law of single-sample Ct.

    Parameters
    ----------
    sizes : (pools,) float64
        People of each pool.
    ct : (pools,) float64
        The largest Ct of each pool's targets, which decides the call, cycles.
    cycles : Cycles or None
        The law; None where the policy tells none.

    Returns
    -------
    dict
        pools, mean, expected (with lower and upper, 95%; None without a law), ct_mean_implied (the law's mean that expects as much,
        its sd as told; None: none from 0 to 100 does), and warnings in words; empty below 20 pools.

    Notes
    -----
    The law is that of a positive pool: diluted, and cut off at the limit. The mean is all that a normal law of known sd, cut off,
    tells of its own mean (it is the sufficient statistic), so that no other test of a shift has more power.
    """
    if sizes.size < FEWEST:
        return {}
    seen = float(ct.mean())
    if cycles is None:
        nothing = dict.fromkeys(("expected", "lower", "upper", "ct_mean_implied"))
        return {"pools": int(sizes.size), "mean": round(seen, 2), **nothing, "warnings": []}
    values, tubes = np.unique(sizes, return_counts=True)
    expected, spread = _law_of_mean(cycles, values, tubes)
    z = (seen - expected) / spread
    judged = _Mean(
        expected, expected - 1.96 * spread, expected + 1.96 * spread, math.erfc(abs(z) / math.sqrt(2.0))
    )
    return {
        "pools": int(sizes.size),
        "mean": round(seen, 2),
        **_rounded(judged),
        "ct_mean_implied": _implied_mean(seen, cycles, values, tubes),
        "warnings": _warning_of_law(seen, int(sizes.size), judged),
    }


def _law_of_mean(
    cycles: Cycles, values: NDArray[np.float64], tubes: NDArray[np.int64]
) -> tuple[float, float]:
    """Mean and standard error of the mean Ct of so many positive pools of each size."""
    laws = np.array([cycles.seen_in_pool(int(n)) for n in values])
    total = float(tubes.sum())
    return float(tubes @ laws[:, 0]) / total, math.sqrt(float(tubes @ laws[:, 1] ** 2)) / total


def _implied_mean(
    seen: float, cycles: Cycles, values: NDArray[np.float64], tubes: NDArray[np.int64]
) -> float | None:
    def too_low(mean: float) -> bool:
        return _law_of_mean(cycles.model_copy(update={"mean": mean}), values, tubes)[0] < seen

    low, high = narrowed(too_low, 0.0, 100.0, 14)  # to 0.006 cycles
    return None if low == 0.0 or high == 100.0 else round((low + high) / 2.0, 2)


def _by_student(off: float, expected: float, spread: float, freedom: int) -> _Mean:
    """Judge a mean by Student's t, turned into a normal score (Wallace 1959, Ann. Math. Stat. 30:1124; to 0.1% of the score)."""
    factor = (8.0 * freedom + 1.0) / (8.0 * freedom + 3.0)
    reach = spread * math.sqrt(freedom * math.expm1((1.96 / factor) ** 2 / freedom))
    if spread <= 0.0:
        return _Mean(expected, expected, expected, 1.0 if off == 0.0 else 0.0)
    score = factor * math.sqrt(freedom * math.log1p((off / spread) ** 2 / freedom))
    return _Mean(expected, expected - reach, expected + reach, math.erfc(score / math.sqrt(2.0)))


def _rounded(judged: _Mean) -> dict[str, Any]:
    return {name: round(value, 2) for name, value in judged._asdict().items() if name != "tail"}


def _warning_of_dilution(seen: float, pairs: int, judged: _Mean) -> list[str]:
    if judged.tail >= RARE or abs(seen - judged.expected) < LEAST:
        return []
    cause = (
        Wording("pools dilute more, or their extraction is weaker, than told", "混采稀释或提取损失大于所述")
        if seen > judged.expected
        else Wording("pools dilute less than told", "混采稀释小于所述")
    )
    return [message("pools_later", {"pairs": f"{pairs:,}", **_told(seen, judged), "cause": cause})]


def _warning_of_law(seen: float, pools: int, judged: _Mean) -> list[str]:
    if judged.tail >= RARE or abs(seen - judged.expected) < LEAST:
        return []
    cause = (
        Wording(
            "later: a weaker assay, more dilution, or infections of another age than told",
            "偏晚：检测偏弱、稀释偏大或感染时期不同",
        )
        if seen > judged.expected
        else Wording(
            "earlier: a stronger assay, less dilution, or infections of another age than told",
            "偏早：检测偏强、稀释偏小或感染时期不同",
        )
    )
    return [message("pools_off_the_law", {"pools": f"{pools:,}", **_told(seen, judged), "cause": cause})]


def _told(seen: float, judged: _Mean) -> dict[str, str]:
    return {
        "seen": f"{seen:.1f}",
        "expected": f"{judged.expected:.1f}",
        "interval": f"{judged.lower:.1f} - {judged.upper:.1f}",
    }
