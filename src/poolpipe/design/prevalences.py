"""Prevalence from pooled results, with confidence intervals, stratum by stratum."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import polars as pl
from scipy import optimize, stats

from poolpipe.choices import check_choice
from poolpipe.coding.frames import as_frame
from poolpipe.coding.vocabulary import known_words, yes_or_no
from poolpipe.decode.assays import NEGATIVE, POSITIVE, SUSPECT
from poolpipe.decode.keys import clean_key
from poolpipe.decode.layout import call_codes
from poolpipe.errors import PolicyError, TableError
from poolpipe.tables import MODES, require

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from poolpipe.coding.frames import Frame

__all__ = ["METHODS", "Interval", "prevalence"]

Interval = Literal["exact", "score", "likelihood", "skew_score"]
METHODS: tuple[Interval, ...] = get_args(Interval)
LARGEST = 1.0 - 1e-12


def prevalence(
    pools: Frame,
    method: Interval = "exact",
    *,
    se: float = 1.0,
    sp: float = 1.0,
    confidence: float = 0.95,
    by: str | Sequence[str] | None = None,
    singles: bool = False,
) -> pl.DataFrame:
    """Estimate prevalence by maximum likelihood, with an interval, from pools of equal or unequal size.

    Parameters
    ----------
    pools : frame
        Of polars, pandas, pyarrow or DuckDB.
        One row per pool: people (or size), and call (positive and suspect count as positive, invalid and null
        are left out) or positive (yes or no). Pools must not share people.
    method : {'exact', 'score', 'likelihood', 'skew_score'}
        Interval from the exact distribution of the number of positive pools (Clopper and Pearson 1934 where
        sizes are equal), from the score test (Wilson 1927; Hepworth 2005), from the likelihood ratio, or from the score
        test corrected for its skewness (Gart 1991; Hepworth 2005), PooledInfRate's default.
    se, sp : float
        Sensitivity and specificity of a pool; se + sp must exceed 1.
    confidence : float
        Coverage of the interval, between 0 and 1.
    by : str or sequence of str, optional
        Columns of strata, such as "community": one row each. Texts are cleaned as codes are.
    singles : bool
        Where there is a column mode: count single tubes, too. Singles of a recall are taken of people whose pool
        was positive, and are not representative.

    Returns
    -------
    polars.DataFrame
        The strata's columns, prevalence (maximum likelihood), lower, upper, pools, positive, people, method, and how many rows were left
        out: singles, no_result (invalid or none), no_people (unknown, or nobody); one row without strata.
        firth and gart are the prevalence with its bias taken off (Firth 1993, by the penalised score; Gart 1991, to first
        order), null where every pool is positive. All are null in a stratum of which no pool is left.

    Raises
    ------
    TableError
        A column is missing, a call or mode is invalid, or no pool with a result and people is left.
    PolicyError
        The method is unknown, or se + sp is not above 1.

    Examples
    --------
    Two of a hundred pools of ten are positive; the estimate is ``1 - 0.98 ** (1 / 10)``:

    >>> pools = pl.DataFrame({"people": [10] * 100, "call": ["positive"] * 2 + ["negative"] * 98})
    >>> prevalence(pools).select(pl.col("prevalence", "lower", "upper").round(5)).rows()
    [(0.00202, 0.00024, 0.00727)]
    """
    check_choice("method", method, METHODS)
    if not (0 < se <= 1 and 0 < sp <= 1 and se + sp > 1 and 0 < confidence < 1):
        raise PolicyError.of("prevalence_rates", where="prevalence", se=se, sp=sp, confidence=confidence)
    strata = [by] if isinstance(by, str) else list(by or [])
    used = _usable(as_frame(pools, "pools"), strata, singles=singles)
    if not (used["out"] == "").any():
        raise TableError.of("no_usable_pool", where="pools")
    parts = used.partition_by(strata, maintain_order=True) if strata else [used]
    rows = [_estimated(part, method, se, sp, confidence) for part in parts]
    heads = [{column: part[column][0] for column in strata} for part in parts]
    return pl.DataFrame([head | row for head, row in zip(heads, rows, strict=True)], infer_schema_length=None)


def _estimated(
    part: pl.DataFrame, method: Interval, se: float, sp: float, confidence: float
) -> dict[str, object]:
    """Compute one stratum's row."""
    counted = (
        part.filter(pl.col("out") == "")
        .group_by("people")
        .agg(pools=pl.len(), positive=pl.col("positive").sum())
        .sort("people")
    )
    results = _Results(
        counted["people"].to_numpy().astype(np.float64),
        counted["pools"].to_numpy().astype(np.int64),
        counted["positive"].to_numpy().astype(np.int64),
        se,
        sp,
    )
    interval = {"exact": _exact, "score": _score, "likelihood": _likelihood, "skew_score": _skew_score}[
        method
    ]
    lower, upper = interval(results, confidence) if counted.height else (None, None)
    return {
        "prevalence": results.estimate if counted.height else None,
        "lower": lower,
        "upper": upper,
        "pools": int(results.pools.sum()),
        "positive": int(results.positive.sum()),
        "people": int((results.people * results.pools).sum()),
        "method": method,
        **{why: int((part["out"] == why).sum()) for why in ("singles", "no_result", "no_people")},
        "firth": results.firth if counted.height else None,
        "gart": results.gart if counted.height else None,
    }


def _usable(pools: pl.DataFrame, strata: list[str], *, singles: bool) -> pl.DataFrame:
    """Pools by stratum, with people, positive, and why a row is left out: empty where it is not."""
    size = "size" if "size" in pools.columns and "people" not in pools.columns else "people"
    outcome = "positive" if "positive" in pools.columns and "call" not in pools.columns else "call"
    require(pools, (size, outcome, *strata), table="pools")
    alone = pl.Series(
        _modes(pools["mode"]) == "single" if "mode" in pools.columns and not singles else [False]
    )
    people = pools[size].cast(pl.Float64)
    positive = _positive(pools[outcome])
    out = (
        pl.when(alone).then(pl.lit("singles"))
        .when(positive.is_null()).then(pl.lit("no_result"))
        .when((people > 0).fill_null(value=False)).then(pl.lit(""))
        .otherwise(pl.lit("no_people"))
    )  # fmt: skip
    return (
        pl.DataFrame(
            [
                *(_stratum(pools[column]) for column in strata),
                people.alias("people"),
                positive.alias("positive"),
            ]
        )
        .with_columns(out.alias("out"))
        .sort(strata, maintain_order=True)
    )


def _positive(outcomes: pl.Series) -> pl.Series:
    """Convert outcomes to yes or no; null where there is none."""
    if outcomes.name == "call":
        codes = pl.Series(call_codes(outcomes))
        called = codes.is_in([NEGATIVE, SUSPECT, POSITIVE])
        return pl.select(pl.when(called).then(codes > NEGATIVE)).to_series()
    if outcomes.dtype in (pl.Boolean, pl.Null):
        return outcomes.cast(pl.Boolean)
    texts = clean_key(outcomes, "pools").cast(pl.String)
    told = yes_or_no(texts)
    unknown = texts.filter(told.is_null() & texts.is_not_null())
    if len(unknown):
        raise TableError.of("positive_unknown", where="pools", given=unknown[0])
    return told


def _modes(modes: pl.Series) -> pl.Series:
    told = known_words("mode", clean_key(modes.cast(pl.String), "pools"))
    unknown = told.filter(~told.is_in(MODES))
    if len(unknown):
        raise TableError.of("mode_unknown", where="pools", given=unknown[0])
    return told.fill_null(MODES[0])


def _stratum(column: pl.Series) -> pl.Series:
    """Clean a stratum's texts as codes; numbers, dates and booleans are kept."""
    return clean_key(column, "pools") if column.dtype in (pl.String, pl.Categorical, pl.Enum) else column


@dataclass(frozen=True)
class _Results:
    """Pools and positives of each size, and the test."""

    people: NDArray[np.float64]
    pools: NDArray[np.int64]
    positive: NDArray[np.int64]
    se: float
    sp: float

    def chance(self, p: float) -> NDArray[np.float64]:
        """P(a pool of each size is positive)."""
        return np.asarray(1 - self.sp + (self.se + self.sp - 1) * -np.expm1(self.people * np.log1p(-p)))

    def negative(self, p: float) -> NDArray[np.float64]:
        """P(a pool of each size is negative), more exact than 1 - `chance`."""
        return np.asarray(1 - self.se + (self.se + self.sp - 1) * np.exp(self.people * np.log1p(-p)))

    def slope(self, p: float) -> NDArray[np.float64]:
        """Derivative of `chance`."""
        return np.asarray((self.se + self.sp - 1) * self.people * (1 - p) ** (self.people - 1))

    def log_likelihood(self, p: float) -> float:
        """Log likelihood of `p`, without its constant."""
        chance = self.chance(p)
        hit = np.where(self.positive > 0, self.positive * np.log(np.maximum(chance, 1e-300)), 0.0)
        missed = self.pools - self.positive
        return float((hit + np.where(missed > 0, missed * np.log(np.maximum(1 - chance, 1e-300)), 0.0)).sum())

    def score(self, p: float) -> tuple[float, float]:
        """Score and information at `p`."""
        chance, slope = self.chance(p), self.slope(p)
        variance = np.maximum(chance * self.negative(p), 1e-300)
        return (
            float(((self.positive - self.pools * chance) * slope / variance).sum()),
            float((self.pools * slope**2 / variance).sum()),
        )

    def third(self, p: float) -> float:
        """Third central moment of the score at `p`."""
        chance, slope = self.chance(p), self.slope(p)
        variance = np.maximum(chance * self.negative(p), 1e-300)
        return float((self.pools * slope**3 * (1 - 2 * chance) / variance**2).sum())

    def bias(self, p: float) -> float:
        """Bias of the maximum likelihood estimate at `p`, to first order (Cox and Snell 1968)."""
        chance, slope = self.chance(p), self.slope(p)
        variance = np.maximum(chance * self.negative(p), 1e-300)
        bend = -slope * (self.people - 1) / (1 - p)
        return float(-(self.pools * slope * bend / variance).sum() / 2 / max(self.score(p)[1], 1e-150) ** 2)

    @property
    def gart(self) -> float | None:
        """Estimate less its bias; None where every pool is positive."""
        estimate = self.estimate
        if estimate in {0.0, 1.0}:
            return 0.0 if estimate == 0.0 else None
        return estimate - self.bias(estimate)

    @property
    def firth(self) -> float | None:
        """Where the score less the information times the bias is 0 (Firth 1993); None where every pool is positive."""
        if not self.positive.sum():
            return 0.0
        if (self.positive == self.pools).all():
            return None

        def penalised(p: float) -> float:
            score, information = self.score(p)
            return score - information * self.bias(p)

        low, high = 1e-12, 1.0 - 1e-6
        if penalised(low) <= 0:
            return 0.0
        return _root(penalised, low, high) if penalised(high) < 0 else None

    @property
    def estimate(self) -> float:
        """Maximum likelihood estimate of the prevalence."""
        if self.positive.sum() == 0 or self.score(1e-12)[0] <= 0:
            return 0.0
        if (self.positive == self.pools).all() or self.score(LARGEST)[0] > 0:
            return 1.0
        return _root(lambda p: self.score(p)[0], 1e-12, LARGEST)


def _skew_score(results: _Results, confidence: float) -> tuple[float, float]:
    """Invert the score test corrected for skewness on both sides of the Firth estimate; the score's without positives.

    ``(z - skew (chi2 - 1) / 6) ** 2 = chi2`` with z the standardised score (Gart 1991, Biometrika 78:149).
    """
    estimate = results.firth
    if not results.positive.sum() or estimate is None:
        return _score(results, confidence)
    most = float(stats.norm.ppf((1 + confidence) / 2)) ** 2

    def excess(p: float) -> float:
        score, information = results.score(p)
        z = score / np.sqrt(max(information, 1e-300))
        skew = results.third(p) / max(information, 1e-300) ** 1.5
        return float((z - skew * (most - 1.0) / 6.0) ** 2 - most)

    return _both_sides(excess, estimate)


def _exact(results: _Results, confidence: float) -> tuple[float, float]:
    """Invert both tails of the number of positive pools, a sum of binomials."""
    observed, tail = int(results.positive.sum()), (1 - confidence) / 2

    def at_most(p: float, most: int) -> float:
        chances = np.ones(1)
        for count, chance in zip(results.pools.tolist(), results.chance(p).tolist(), strict=True):
            chances = np.convolve(chances, stats.binom.pmf(np.arange(count + 1), count, chance))
        return float(chances[: most + 1].sum())

    return (
        _edge(lambda p: 1 - at_most(p, observed - 1) - tail, 0.0, rising=True) if observed else 0.0,
        _edge(lambda p: at_most(p, observed) - tail, 1.0, rising=False),
    )


def _score(results: _Results, confidence: float) -> tuple[float, float]:
    """Invert the score test on both sides of the estimate."""
    most = float(stats.norm.ppf((1 + confidence) / 2)) ** 2

    def excess(p: float) -> float:
        score, information = results.score(p)
        return score**2 / max(information, 1e-300) - most

    return _both_sides(excess, results.estimate)


def _likelihood(results: _Results, confidence: float) -> tuple[float, float]:
    """Invert the likelihood ratio test on both sides of the estimate."""
    estimate = results.estimate
    top = results.log_likelihood(min(max(estimate, 1e-15), LARGEST))
    most = float(stats.chi2.ppf(confidence, 1))
    return _both_sides(lambda p: 2 * (top - results.log_likelihood(p)) - most, estimate)


def _both_sides(excess: Callable[[float], float], estimate: float) -> tuple[float, float]:
    """Where a statistic that is low at the estimate crosses zero; 0 and 1 where it does not."""
    low, high, middle = 1e-12, LARGEST, min(max(estimate, 1e-12), LARGEST)
    lower = _root(excess, low, middle) if middle > low and excess(low) > 0 else 0.0
    above = next((p for p in np.geomspace(max(middle, 1e-9), high, 400)[1:].tolist() if excess(p) > 0), None)
    upper = _root(excess, middle, above) if above is not None else 1.0
    return lower, upper


def _edge(excess: Callable[[float], float], otherwise: float, *, rising: bool) -> float:
    """Root of a monotone function on (0, 1); `otherwise` where it has none."""
    first, last = excess(1e-12), excess(LARGEST)
    crosses = first < 0 < last if rising else first > 0 > last
    return _root(excess, 1e-12, LARGEST) if crosses else otherwise


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return float(optimize.brentq(function, low, high, xtol=1e-15, rtol=1e-13))
