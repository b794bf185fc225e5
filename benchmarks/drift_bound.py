"""How soon a third of a laboratory's positives lost can be found by calls alone, whatever adds them up; written into docs/drift.md.

    python -m benchmarks.drift_bound --write

What is expected of the laboratory is known exactly, and it is looked at every ten minutes: more than any real chart has. Each
statistic has the limit at which it rings so often for nothing among 100 laboratories. Nothing of `poolpipe.drift` is used.
"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import poisson

from benchmarks.marked import DOCS, put_between

if TYPE_CHECKING:
    from collections.abc import Callable

RATE, KEPT, STEP = 134 / 24, 2 / 3, 1 / 6
"""Positives an hour; the share that is still found; hours of a step."""
BEFORE, AFTER, WEEKS = 48, 120, 4
WINDOW = 18
"""Hours: before the change, after it, and of the target; weeks of each series without a change."""


def ratios(counts: np.ndarray) -> np.ndarray:
    """Log likelihood ratio of each step."""
    return np.asarray(counts * np.log(KEPT) + (1 - KEPT) * RATE * STEP)


def cusum(counts: np.ndarray) -> np.ndarray:
    """Page's sum (1954), the best where the worst moment of a change counts (Moustakides 1986)."""
    total = np.cumsum(ratios(counts), axis=1)
    return total - np.minimum(np.minimum.accumulate(total, axis=1), 0)


def shiryaev_roberts(counts: np.ndarray) -> np.ndarray:
    """Logarithm of the sum over all moments of a change, the best where the change comes late (Pollak and Tartakovsky 2009)."""
    total = np.cumsum(ratios(counts), axis=1)
    before = np.concatenate([np.zeros((len(total), 1)), total[:, :-1]], axis=1)
    return total + np.logaddexp.accumulate(-before, axis=1)


def window(counts: np.ndarray) -> np.ndarray:
    """Log likelihood ratio of the last 18 hours alone (finite moving average)."""
    total = np.concatenate([np.zeros((len(counts), 1)), np.cumsum(ratios(counts), axis=1)], axis=1)
    steps = round(WINDOW / STEP)
    told = np.full(counts.shape, -np.inf)
    told[:, steps - 1 :] = total[:, steps:] - total[:, :-steps]
    return told


STATISTICS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "CUSUM": cusum, "Shiryaev–Roberts": shiryaev_roberts, "18 h": window,
    "18 h / CUSUM − 2": lambda counts: np.maximum(window(counts), cusum(counts) - 2),
}  # fmt: skip


def weekly(statistic: np.ndarray, limit: float) -> float:
    """False alarms of 100 laboratories in a week: first ones by the time until then."""
    rings = statistic >= limit
    any_rings = rings.any(axis=1)
    until = np.where(any_rings, rings.argmax(axis=1) + 1, statistic.shape[1])
    return float(100 * any_rings.sum() / (until.sum() * STEP / 168))


def limit_for(statistic: np.ndarray, alarms: float) -> float:
    """The least limit that rings at most so often, by halving."""
    low, high = 0.0, float(statistic.max())
    for _ in range(25):
        middle = (low + high) / 2
        low, high = (middle, high) if weekly(statistic, middle) > alarms else (low, middle)
    return high


def hours(statistic: np.ndarray, limit: float) -> np.ndarray:
    """Hours from the change until it rings, of series that had not rung before."""
    begins = round(BEFORE / STEP)
    rings = statistic >= limit
    late = rings[~rings[:, :begins].any(axis=1), begins:]
    return np.where(late.any(axis=1), (late.argmax(axis=1) + 1) * STEP, np.inf)


def least_alarms() -> float:
    """What any statistic at all must ring a week for nothing, if it finds half within 18 hours (Neyman and Pearson)."""
    most = next(count for count in range(1000) if poisson.cdf(count, RATE * KEPT * WINDOW) >= 0.5)
    return float(100 * 168 / WINDOW * poisson.cdf(most - 1, RATE * WINDOW))


def rows(series: int, changed: int, seed: int) -> list[str]:
    """A row of a table for each number of false alarms and each statistic."""
    rng = np.random.default_rng(seed)
    quiet = rng.poisson(RATE * STEP, (series, round(WEEKS * 168 / STEP))).astype(np.int8)
    rates = np.r_[np.full(round(BEFORE / STEP), 1.0), np.full(round(AFTER / STEP), KEPT)] * RATE * STEP
    lost = rng.poisson(rates, (changed, len(rates))).astype(np.int8)
    told = []
    for name, statistic in STATISTICS.items():
        nothing, found = statistic(quiet), statistic(lost)
        for alarms in (0.8, 1.0):
            late = hours(found, limit_for(nothing, alarms))
            told.append(
                f"| {name} | {alarms:.1f} | {np.median(late):.1f} | {np.quantile(late, 0.95):.0f} | {100 * np.mean(late <= WINDOW):.0f} % |"
            )
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--series", type=int, default=6000)
    parser.add_argument("--changed", type=int, default=8000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--write", action="store_true", help="write the figures into docs/drift.md and .zh.md"
    )
    options = parser.parse_args()
    body = rows(options.series, options.changed, options.seed)
    line = "| --- | ---: | ---: | ---: | ---: |"
    heads = {
        "drift.md": "| statistic | false alarms a week | median, h | 95 % | within 18 h |",
        "drift.zh.md": "| 统计量 | 每周误报 | 中位，小时 | 95 % | 18 小时内 |",
    }
    ends = {
        "drift.md": f"\nWhatever is added up: half within 18 hours costs at least {least_alarms():.2f} false alarms a week.",
        "drift.zh.md": f"\n无论何种统计量：18 小时内发现半数，每周至少误报 {least_alarms():.2f} 次。",
    }
    for name, head in heads.items():
        text = "\n".join([head, line, *body, ends[name]])
        print(text)
        if options.write:
            put_between("bound", DOCS / name, text)


if __name__ == "__main__":
    main()
