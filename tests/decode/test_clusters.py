"""Pools of two and more: their chance is that of every pattern, and rates of infection leave the first case out."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from scipy import stats

from poolpipe.decode.clusters import attack_rate, chance_of_two, fit_of_clusters


def _by_patterns(people: int, prior: float, se: float, sp: float, single: float) -> float:
    one = two = 0.0
    for infected in itertools.product((0, 1), repeat=people):
        pool = se if any(infected) else 1 - sp
        weight = math.prod(prior if x else 1 - prior for x in infected) * pool
        for found in itertools.product((0, 1), repeat=people):
            chance = weight
            for x, y in zip(infected, found, strict=True):
                positive = se if x else 1 - single
                chance *= positive if y else 1 - positive
            one += chance * (sum(found) >= 1)
            two += chance * (sum(found) >= 2)
    return two / one


@pytest.mark.parametrize("people", [1, 2, 3, 5])
@pytest.mark.parametrize(
    ("prior", "se", "sp", "single"),
    [(0.1, 0.9, 0.98, 0.995), (0.3, 0.7, 1.0, 1.0), (0.9, 1.0, 0.9, 0.9), (1.0, 0.8, 0.9, 0.7), (0.0, 0.9, 0.9, 0.9)],
)  # fmt: skip
def test_chance_of_two__is_that_of_every_pattern(
    people: int, prior: float, se: float, sp: float, single: float
) -> None:
    found = chance_of_two(np.array([float(people)]), prior, se, sp, single)[0]
    assert found == pytest.approx(_by_patterns(people, prior, se, sp, single), abs=1e-9)


def test_chance_of_two__keeps_its_digits_where_infection_is_rare() -> None:
    """With perfect tests it is P(two or more of n) over P(one or more), from scipy's tails."""
    sizes = np.array([2.0, 3.0, 10.0, 100.0, 5000.0])
    for prior in (1e-12, 1e-7, 1e-5, 9.9e-5, 1.01e-4, 0.01):
        law = stats.binom(sizes, prior)
        assert chance_of_two(sizes, prior, 1.0, 1.0, 1.0) == pytest.approx(law.sf(1) / law.sf(0), rel=1e-6)


def test_chance_of_two__is_zero_where_nobody_can_be_positive() -> None:
    assert chance_of_two(np.array([10.0]), 0.0, 0.9, 1.0, 1.0).tolist() == [0.0]


def test_fit_of_clusters__is_exact_and_warns_of_households_alone() -> None:
    sizes, told = np.full(190, 10.0), (0.001, 0.95, 0.999, 0.99997)
    chance = float(chance_of_two(sizes[:1], *told)[0])
    usual = fit_of_clusters(sizes, 1, *told)
    law = stats.binom(190, chance)
    assert (usual["lower"], usual["upper"]) == tuple(law.interval(0.95))
    assert usual["warnings"] == []
    most = next(k for k in range(190) if 2 * law.sf(k - 1) < 1e-5)
    assert fit_of_clusters(sizes, most - 1, *told)["warnings"] == []
    together = fit_of_clusters(sizes, most, *told)["warnings"]
    assert len(together) == 1
    assert "households" in together[0]
    assert "同户聚集" in together[0]
    assert fit_of_clusters(np.empty(0), 0, *told) == {}


def test_fit_of_clusters__takes_too_few_for_no_cluster() -> None:
    told = fit_of_clusters(np.full(2000, 10.0), 10, 0.02, 0.95, 0.999, 0.99997)
    assert told["two"] < told["lower"]
    assert told["warnings"] == []


def test_attack_rate__is_the_share_of_the_others_beyond_chance() -> None:
    """Households of 1 to 4, of whom one brings it and each other one catches it with 0.3."""
    rng = np.random.default_rng(5)
    people = rng.integers(1, 5, 20_000)
    positive = 1 + rng.binomial(people - 1, 0.3)
    assert attack_rate(people, positive, 0.0) == pytest.approx(0.3, abs=0.01)
    anyhow = 1 + rng.binomial(people - 1, 0.1)
    assert attack_rate(people, anyhow, 0.1) == pytest.approx(0.0, abs=0.01)
    assert attack_rate(np.array([1, 3]), np.array([1, 0]), 0.1) is None
    assert attack_rate(np.array([2]), np.array([2]), 1.0) == 0.0
