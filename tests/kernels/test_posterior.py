"""Posteriors of pools that share nobody, against every pattern of infections and plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kernels.both_ways import both
from kernels.graphs import csr
from poolpipe_kernels import posterior
from reference.decoding import enumerate_patterns

POOLS = [[0, 1, 2], [], [3, 4, 5, 6], [7]]


@both(posterior.present)
@pytest.mark.parametrize("alike", [False, True], ids=["a prior each", "one prior"])
def test_present__is_the_posterior_of_pools_that_share_nobody(run, alike: bool) -> None:
    rng = np.random.default_rng(21)
    table = rng.uniform(0.05, 1, (2, 2))
    own = np.array([0.2]) if alike else rng.uniform(0.01, 0.6, 8)
    row_of_pool = np.array([1, 0, 0, 1])
    p_infected, evidence = np.full(8, -1.0), np.full(4, -1.0)
    run(csr(POOLS)[0], row_of_pool, table, own, 0, 4, p_infected, evidence)
    prior = np.broadcast_to(own, 8) if alike else own
    for pool, row, chance in zip(POOLS, row_of_pool, evidence, strict=True):
        nobody, somebody = table[row].tolist()
        row_by_count = [nobody, *[somebody] * len(pool)]
        log_evidence, marginals = enumerate_patterns([range(len(pool))], [row_by_count], prior[pool])
        assert math.log(chance) == pytest.approx(log_evidence, abs=1e-12)
        np.testing.assert_allclose(p_infected[pool], marginals, rtol=1e-12)


@both(posterior.present)
def test_present__does_only_its_pools_and_keeps_the_prior_of_the_impossible(run) -> None:
    prior = np.array([0.1, 0.2, 0.0, 0.0])
    p_infected, evidence = np.full(4, -1.0), np.empty(0)
    run(np.array([0, 2, 4]), np.array([0, 0]), np.array([[0.0, 1.0]]), prior, 1, 2, p_infected, evidence)
    assert p_infected.tolist() == [-1.0, -1.0, 0.0, 0.0]


@both(posterior.spread_alike)
@pytest.mark.parametrize("first", range(8))
def test_spread_alike__gives_each_seat_what_the_like_pool_has(run, first: int) -> None:
    offsets, begins = csr(POOLS)[0], np.array([0, 5, 1, 4])
    alike = np.array([0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
    whole = [alike[begins[q] + place] for q, pool in enumerate(POOLS) for place in range(len(pool))]
    for last in range(first, 9):
        spread = np.full(last - first, -1.0)
        run(first, last, offsets, begins, alike, spread)
        assert spread.tolist() == whole[first:last]
