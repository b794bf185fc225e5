"""Cycle shifts: right laws give no warning, a shift of the pools and one of all Ct do, and what explains them is told."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from poolpipe.decode.assays import Cycles
from poolpipe.decode.cycle_shifts import fit_of_dilution, fit_of_law


def _pairs(
    count: int, *, extra: float = 0.0, noise: float = 1.5, seed: int = 1
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    sizes = rng.choice([3.0, 8.0, 10.0, 20.0], count)
    return sizes, np.log2(sizes) + extra + rng.normal(0.0, noise, count)


def test_fit_of_dilution__is_students_t() -> None:
    sizes, later = _pairs(40)
    told = fit_of_dilution(sizes, later, 1.0)
    off = later - np.log2(sizes)
    reach = stats.t.ppf(0.975, 39) * stats.sem(off)
    due = float(np.log2(sizes).mean())
    assert (told["expected"], told["lower"], told["upper"]) == pytest.approx(
        (due, due - reach, due + reach), abs=0.011
    )
    assert told["pairs"] == 40
    assert told["warnings"] == []


@pytest.mark.parametrize("freedom", [19, 39, 400])
def test_fit_of_dilution__warns_from_one_in_a_hundred_thousand_on(freedom: int) -> None:
    """Just below and just above Student's quantile, differences having a mean of that and a spread of their own."""
    count = freedom + 1
    base = np.random.default_rng(freedom).normal(0.0, 1.0, count)
    base = (base - base.mean()) / base.std(ddof=1) * math.sqrt(count)
    sizes, edge = np.full(count, 10.0), stats.t.isf(0.5e-5, freedom)
    for factor, warned in ((0.99, 0), (1.01, 1)):
        later = math.log2(10.0) + base + edge * factor
        assert len(fit_of_dilution(sizes, later, 1.0)["warnings"]) == warned


def test_fit_of_dilution__tells_the_efficiency_that_explains_it() -> None:
    for efficiency in (0.7, 0.9, 1.0):
        sizes = np.random.default_rng(2).choice([5.0, 10.0, 20.0], 200)
        later = np.log(sizes) / math.log1p(efficiency)
        assert fit_of_dilution(sizes, later, 1.0)["efficiency_implied"] == pytest.approx(
            efficiency, abs=0.001
        )
    early = fit_of_dilution(*_pairs(100, extra=-3.5), 1.0)
    assert early["efficiency_implied"] is None
    assert "dilute less" in early["warnings"][0]
    late = fit_of_dilution(*_pairs(100, extra=2.0), 1.0)["warnings"][0]
    assert "dilute more" in late
    assert "混采稀释" in late


def test_fit_of_dilution__holds_back_where_it_cannot_tell() -> None:
    assert fit_of_dilution(*_pairs(19, extra=5.0), 1.0) == {}
    slight = fit_of_dilution(*_pairs(20_000, extra=0.3), 1.0)
    assert slight["warnings"] == []  # significant, and without consequence
    alone = fit_of_dilution(np.ones(30), np.zeros(30), 1.0)
    assert (alone["efficiency_implied"], alone["warnings"]) == (None, [])
    assert (
        len(fit_of_dilution(np.full(30, 10.0), np.zeros(30), 1.0)["warnings"]) == 1
    )  # all alike, without any spread


@pytest.mark.parametrize("seed", range(10))
def test_fit__does_not_warn_of_right_cycles(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes, later = _pairs(500, seed=seed)
    assert fit_of_dilution(sizes, later, 1.0)["warnings"] == []
    ct = rng.normal(26.0, 5.0, 500) + np.log2(sizes)
    seen = ct <= 37.0
    told = fit_of_law(sizes[seen], ct[seen], Cycles(mean=26.0, sd=5.0, limit=37.0))
    assert told["warnings"] == []
    assert told["ct_mean_implied"] == pytest.approx(26.0, abs=1.2)


def test_fit_of_law__warns_of_a_shift_and_implies_the_mean() -> None:
    sizes, _ = _pairs(2000)
    ct = np.random.default_rng(4).normal(29.0, 5.0, 2000) + np.log2(sizes)
    seen = ct <= 37.0
    told = fit_of_law(sizes[seen], ct[seen], Cycles(mean=26.0, sd=5.0, limit=37.0))
    assert told["ct_mean_implied"] == pytest.approx(29.0, abs=0.5)
    assert "later" in told["warnings"][0]
    assert "偏晚" in told["warnings"][0]
    early = fit_of_law(sizes[seen], ct[seen] - 12.0, Cycles(mean=26.0, sd=5.0, limit=37.0))
    assert "earlier" in early["warnings"][0]


def test_fit_of_law__tells_the_mean_where_no_law_is_told() -> None:
    told = fit_of_law(np.full(30, 10.0), np.full(30, 27.0), None)
    assert (told["mean"], told["expected"], told["warnings"]) == (27.0, None, [])
    assert fit_of_law(np.full(19, 10.0), np.full(19, 27.0), None) == {}
