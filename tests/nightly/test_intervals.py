"""Exact intervals hold what the binomial distribution says of them."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom, binomtest

from poolpipe.nightly.intervals import exact_intervals

PAIRS = [(0, 1), (1, 1), (0, 30), (1, 30), (15, 30), (29, 30), (30, 30), (3, 2_427_000), (13_354, 2_427_000)]


@pytest.mark.parametrize(("k", "n"), PAIRS)
def test_interval__ends_where_the_tails_hold_a_fortieth(k, n):
    (lower,), (upper,) = exact_intervals(np.array([k]), np.array([n]))
    if k:
        assert binom.sf(k - 1, n, lower) == pytest.approx(0.025, rel=1e-6)
    else:
        assert lower == 0.0
    if k < n:
        assert binom.cdf(k, n, upper) == pytest.approx(0.025, rel=1e-6)
    else:
        assert upper == 1.0


def test_intervals__are_those_of_scipy_for_every_share_of_forty():
    k = np.arange(41)
    lower, upper = exact_intervals(k, np.full(41, 40), confidence=0.9)
    for each in k:
        wanted = binomtest(int(each), 40).proportion_ci(0.9, "exact")
        assert (lower[each], upper[each]) == pytest.approx((wanted.low, wanted.high))
