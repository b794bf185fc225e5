"""Prevalence against published figures, scipy's Clopper-Pearson and coverage."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy import stats

from poolpipe.design import prevalence
from poolpipe.errors import PolicyError, TableError

DOZENS = pl.DataFrame(
    {
        "people": [7] * 24,
        "call": ["positive"] * 2 + ["suspect"] + ["negative"] * 21,
        "community": ["a", "b"] * 12,
    }
)


def test_prevalence__published_figures() -> None:
    """Three positive of 24 pools of 7, perfect test."""
    row = prevalence(DOZENS, "exact").row(0, named=True)
    assert round(row["prevalence"], 7) == 0.0188951
    assert [round(row["lower"], 6), round(row["upper"], 6)] == [0.003838, 0.054324]
    assert (row["pools"], row["positive"], row["people"]) == (24, 3, 168)


@pytest.mark.parametrize(("positive", "pools", "size"), [(0, 30, 5), (4, 30, 5), (30, 30, 5), (1, 3, 1)])
def test_prevalence__exact_is_clopper_pearson_where_sizes_are_equal(
    positive: int, pools: int, size: int
) -> None:
    frame = pl.DataFrame(
        {"size": [size] * pools, "positive": [True] * positive + [False] * (pools - positive)}
    )
    row = prevalence(frame, "exact").row(0, named=True)
    interval = stats.binomtest(positive, pools).proportion_ci(method="exact")
    expected = [1 - (1 - edge) ** (1 / size) for edge in (interval.low, interval.high)]
    assert [row["lower"], row["upper"]] == pytest.approx(expected, abs=1e-9)


def test_prevalence__score_is_wilson_where_sizes_are_equal() -> None:
    row = prevalence(DOZENS, "score").row(0, named=True)
    interval = stats.binomtest(3, 24).proportion_ci(method="wilson")
    expected = [1 - (1 - edge) ** (1 / 7) for edge in (interval.low, interval.high)]
    assert [row["lower"], row["upper"]] == pytest.approx(expected, rel=1e-9)


def test_prevalence__likelihood_interval_ends_where_the_ratio_says() -> None:
    row = prevalence(DOZENS, "likelihood", se=0.95, sp=0.99).row(0, named=True)

    def log_likelihood(p: float) -> float:
        chance = 0.01 + 0.94 * (1 - (1 - p) ** 7)
        return float(stats.binom.logpmf(3, 24, chance))

    for edge in ("lower", "upper"):
        drop = 2 * (log_likelihood(row["prevalence"]) - log_likelihood(row[edge]))
        assert drop == pytest.approx(stats.chi2.ppf(0.95, 1), rel=1e-6)


@pytest.mark.parametrize("method", ["exact", "score", "likelihood"])
def test_prevalence__intervals_of_unequal_pools_cover(method: Any) -> None:
    rng, sizes, covered = np.random.default_rng(4), np.array([5] * 30 + [10] * 40), 0
    for _ in range(60):
        positive = rng.random(70) < 0.01 + 0.94 * (1 - 0.97**sizes)
        row = prevalence(pl.DataFrame({"people": sizes, "positive": positive}), method, se=0.95, sp=0.99).row(
            0
        )
        covered += row[1] <= 0.03 <= row[2]
    assert covered >= 52  # 95% of 60 less three standard errors


def test_prevalence__strata_have_a_row_each() -> None:
    table = prevalence(DOZENS, "exact", by="community")
    assert table["community"].to_list() == ["a", "b"]
    assert table["positive"].to_list() == [2, 1]
    assert table.row(0, named=True)["prevalence"] == pytest.approx(1 - (10 / 12) ** (1 / 7))


def test_prevalence__leaves_out_what_was_not_read() -> None:
    extra = pl.DataFrame({"people": [7, 7], "call": ["invalid", None], "community": ["a", "a"]})
    told = prevalence(pl.concat([DOZENS, extra]))
    assert told.drop("no_result").equals(prevalence(DOZENS).drop("no_result"))
    assert told["no_result"].to_list() == [2]


def test_prevalence__refuses_what_makes_no_sense() -> None:
    with pytest.raises(PolicyError, match="unknown method 'wald'"):
        prevalence(DOZENS, "wald")  # type: ignore[arg-type]  # the slip
    with pytest.raises(PolicyError, match=r"se \+ sp must exceed 1"):
        prevalence(DOZENS, se=0.4, sp=0.5)
    with pytest.raises(TableError, match="column people is missing"):
        prevalence(pl.DataFrame({"call": ["negative"]}))
    with pytest.raises(TableError, match="no pool has both people and a result"):
        prevalence(pl.DataFrame({"people": [5], "call": ["invalid"]}))


@pytest.mark.parametrize(
    ("sizes", "pools", "positives", "figures"),
    [
        ((50, 25, 10, 5), (1, 1, 1, 1), (1, 0, 0, 0), (0.01257911, 0.0007261606, 0.07828496)),
        ((100, 50, 25, 10), (1, 1, 1, 1), (1, 1, 0, 0), (0.01602751, 0.002879876, 0.08708547)),
        ((100, 50, 25, 10), (5, 8, 2, 3), (1, 1, 0, 0), (0.00212917, 0.0003860092, 0.007107271)),
    ],
)
def test_prevalence__firth_and_skew_corrected_score_are_those_of_pooled_inf_rate(
    sizes: tuple[int, ...],
    pools: tuple[int, ...],
    positives: tuple[int, ...],
    figures: tuple[float, float, float],
) -> None:
    """The examples of the README of CDCgov/PooledInfRate 1.5."""
    rows = [
        (size, at < positive)
        for size, count, positive in zip(sizes, pools, positives, strict=True)
        for at in range(count)
    ]
    told = prevalence(pl.DataFrame(rows, schema=["people", "positive"], orient="row"), "skew_score").row(
        0, named=True
    )
    assert (told["firth"], told["lower"], told["upper"]) == pytest.approx(figures, rel=3e-6)
    assert told["firth"] == pytest.approx(told["gart"], rel=0.08)
    assert told["gart"] < told["prevalence"]


def test_prevalence__without_bias_where_all_or_no_pools_are_positive() -> None:
    none, every = (
        prevalence(pl.DataFrame({"people": [5, 8], "positive": [each] * 2}), "skew_score").row(0, named=True)
        for each in (False, True)
    )
    assert (none["firth"], none["gart"], none["lower"]) == (0, 0, 0)
    assert (every["firth"], every["gart"], every["upper"]) == (None, None, 1)
