"""Cumulative sums (Page 1954): small shifts add up where each value by itself would never ring.

A series is standardised by what came well before it (after the self-starting charts of Hawkins 1987): no phase in which
somebody must know the laboratory's usual Ct. The newest values are no part of it, or a shift would soon be usual.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["average_run_length", "self_starting", "summed", "summed_ratios"]


def self_starting(
    series: pl.DataFrame, by: list[str], *, baseline: int, recent: int, clip: float
) -> pl.DataFrame:
    """Standardise each value by the values of its group that came well before it.

    Parameters
    ----------
    series : DataFrame
        The columns `by`, and `value` (Float64), each group in order of time.
    by : list of str
        What has a mean and a spread of its own.
    baseline : int
        Values that a mean and a spread are of at least, 3 or more.
    recent : int
        Values just before each that are not used.
    clip : float
        The most that a value counts, standard deviations.

    Returns
    -------
    DataFrame
        With `z` (Float64): null while the group is too short; and `unsure` (Float64): the standard error of the usual mean,
        standard deviations.

    Notes
    -----
    With m and s of n values, (x - m) / (s sqrt(1 + 1 / n)) has Student's distribution with n - 1 degrees of freedom; z is the
    standard normal of the same probability.
    """
    centred = pl.col("value") - pl.col("value").first()
    told = series.with_columns(centred.over(by).alias("centred")).with_columns(
        (pl.int_range(pl.len(), dtype=pl.Int64) - recent).clip(lower_bound=0).over(by).alias("n"),
        pl.col("centred").cum_sum().shift(recent + 1, fill_value=0.0).over(by).alias("sum"),
        pl.col("centred").pow(2).cum_sum().shift(recent + 1, fill_value=0.0).over(by).alias("squares"),
    )
    n = told["n"].to_numpy().astype(np.float64)
    mean = told["sum"].to_numpy() / np.maximum(n, 1)
    spread = np.sqrt(np.maximum(told["squares"].to_numpy() - n * mean**2, 0.0) / np.maximum(n - 1, 1))
    scale = spread * np.sqrt((n + 1) / np.maximum(n, 1))
    away = np.where(scale > 0, (told["centred"].to_numpy() - mean) / np.where(scale > 0, scale, 1), 0.0)
    z = pl.Series("z", np.clip(_normal(away, n - 1), -clip, clip)).set(pl.Series(n < baseline), None)
    return series.with_columns(z, pl.Series("unsure", 1 / np.sqrt(np.maximum(n, 1))))


def _normal(t: NDArray[np.float64], freedom: NDArray[np.float64]) -> NDArray[np.float64]:
    """The standard normal of the same probability as Student's t."""
    from scipy.special import ndtri, stdtr

    lower = stdtr(np.maximum(freedom, 1), -np.abs(t))  # in the tail that keeps its digits
    return -np.sign(t) * np.asarray(ndtri(np.maximum(lower, 1e-300)), np.float64)


def summed(series: pl.DataFrame, by: list[str], *, slack: float) -> pl.DataFrame:
    """Add the two cumulative sums of standardised values.

    Parameters
    ----------
    series : DataFrame
        The columns `by`, `z` and `unsure`, each group in order; a null z counts as nothing.
    by : list of str
        What has a chart of its own.
    slack : float
        Half the shift that is looked for, standard deviations.

    Returns
    -------
    DataFrame
        With `up` and `down` (Float64): S = max(0, S + z - slack - unsure), and the same of -z. Values that are judged by
        one mean are wrong together where it is: by its error they may differ without counting.
    """
    z = pl.col("z").fill_null(0.0)
    allowed = pl.when(pl.col("z").is_not_null()).then(slack + pl.col("unsure")).otherwise(0.0)
    return series.with_columns(
        _reflected(z - allowed).over(by).alias("up"), _reflected(-z - allowed).over(by).alias("down")
    )


def summed_ratios(series: pl.DataFrame, by: list[str], ratio: pl.Expr) -> pl.DataFrame:
    """Add the cumulative sum of log likelihood ratios as `up`: of a change against none since the last time it was 0."""
    return series.with_columns(_reflected(ratio).over(by).alias("up"), pl.lit(0.0).alias("down"))


def _reflected(step: pl.Expr) -> pl.Expr:
    """The sum of steps that starts again whenever it would fall below 0."""
    total = step.cum_sum()
    return total - pl.min_horizontal(total.cum_min(), 0.0)


def average_run_length(shift: float, slack: float, limit: float) -> float:
    """Values until a one-sided chart of standard normals with a shift rings (Siegmund 1985).

    Parameters
    ----------
    shift, slack, limit : float
        Standard deviations.

    Returns
    -------
    float
        The average; within a few percent of simulation.

    Examples
    --------
    >>> round(average_run_length(2.0, 0.5, 12.0), 1)
    8.6
    """
    drift, reach = shift - slack, limit + 1.166
    if abs(drift) < 1e-9:
        return reach**2
    return (math.exp(-2 * drift * reach) + 2 * drift * reach - 1) / (2 * drift**2)
