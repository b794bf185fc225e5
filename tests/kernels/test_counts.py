"""Counts of infected people in pools, against every pattern of infections."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kernels.both_ways import both, ways
from kernels.graphs import csr
from kernels.tree_sweeps import (
    check_damping_goes_half_the_way,
    check_exact_on_a_tree,
    check_unmoved_pools_are_left_out,
)
from poolpipe_kernels import counts
from reference.decoding import enumerate_patterns


@ways
def test_sweep__is_exact_on_a_tree(interpreted: bool) -> None:
    check_exact_on_a_tree(counts, interpreted)


@ways
def test_sweep__leaves_out_pools_whose_people_have_not_moved(interpreted: bool) -> None:
    check_unmoved_pools_are_left_out(counts, interpreted)


@ways
def test_damped_sweep__goes_half_the_way(interpreted: bool) -> None:
    check_damping_goes_half_the_way(counts, interpreted)


@both(counts.leave_one_out)
def test_leave_one_out__gives_the_chance_of_the_outcome_with_and_without_each(run) -> None:
    rng = np.random.default_rng(11)
    prior, likelihood = rng.uniform(0.01, 0.6, 5), rng.uniform(0.05, 1, 6)
    clean, infected = np.empty(5), np.empty(5)
    total = run(prior, likelihood, clean, infected, np.zeros((6, 6)), np.empty(7))
    log_evidence, marginals = enumerate_patterns([range(5)], [likelihood.tolist()], prior)
    assert math.log(total) == pytest.approx(log_evidence, abs=1e-12)
    np.testing.assert_allclose(prior * infected / total, marginals, rtol=1e-12)
    np.testing.assert_allclose(clean * (1 - prior) + infected * prior, total, rtol=1e-12)


@both(counts.counted)
@pytest.mark.parametrize("alike", [False, True], ids=["a prior each", "one prior"])
def test_counted__is_the_posterior_of_pools_that_share_nobody(run, alike: bool) -> None:
    rng = np.random.default_rng(12)
    pools = [[0, 1, 2], [], [3, 4, 5, 6]]
    table = rng.uniform(0.05, 1, (2, 5))
    own = np.array([0.2]) if alike else rng.uniform(0.01, 0.6, 7)
    offsets, row_of_pool = csr(pools)[0], np.array([1, 0, 0])
    p_infected, evidence = np.full(7, -1.0), np.full(3, -1.0)
    run(offsets, row_of_pool, table, own, 0, 3, p_infected, evidence)
    prior = np.broadcast_to(own, 7) if alike else own
    for pool, row, chance in zip(pools, row_of_pool, evidence, strict=True):
        log_evidence, marginals = enumerate_patterns([range(len(pool))], [table[row].tolist()], prior[pool])
        assert math.log(chance) == pytest.approx(log_evidence, abs=1e-12)
        np.testing.assert_allclose(p_infected[pool], marginals, rtol=1e-12)


@both(counts.counted)
def test_counted__leaves_the_prior_where_the_outcome_cannot_be(run) -> None:
    prior, p_infected, evidence = np.array([0.0, 0.0]), np.full(2, -1.0), np.full(1, -1.0)
    run(np.array([0, 2]), np.array([0]), np.array([[0.0, 1.0, 1.0]]), prior, 0, 1, p_infected, evidence)
    assert (p_infected.tolist(), evidence.tolist()) == ([0.0, 0.0], [0.0])
