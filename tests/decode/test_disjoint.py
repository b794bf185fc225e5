"""Disjoint pools: the closed form against enumeration, with and without dilution."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolpipe.decode.assays import INVALID, NEGATIVE, NO_CALL, POSITIVE, SUSPECT, Assay, Cycles
from poolpipe.decode.disjoint import likelihood_rows, posteriors
from poolpipe.errors import PolicyError
from poolpipe_kernels import counts, posterior
from reference.decoding import enumerate_patterns

ASSAYS = [
    Assay(sensitivity=0.9, specificity=0.99),
    Assay(sensitivity=0.9, specificity=0.99, suspect_infected=0.1, suspect_clean=0.6),
    Assay(sensitivity=0.9, specificity=0.99, dilution=0.3),
    Assay(sensitivity=0.9, specificity=0.99, table={3: (0.5, 0.7, 0.8)}),
    Assay(sensitivity=0.9, specificity=0.99, cycles=Cycles(mean=30, sd=4, limit=37)),
]


@settings(max_examples=40)
@given(
    sizes=st.lists(st.integers(0, 6), min_size=1, max_size=5),
    which=st.integers(0, len(ASSAYS) - 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_posteriors__agree_with_enumeration(sizes: list[int], which: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    assay = ASSAYS[which]
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    prior = rng.uniform(1e-4, 0.5, offsets[-1])
    calls = rng.integers(-1, 4, len(sizes)).astype(np.int8)
    ours = posteriors(offsets, calls, prior, assay)
    for pool, size in enumerate(sizes):
        mine = slice(offsets[pool], offsets[pool + 1])
        code = NO_CALL if calls[pool] < 0 else int(calls[pool])
        _, expected = enumerate_patterns([range(size)], [assay.likelihood(code, size)], prior[mine])
        np.testing.assert_allclose(ours[mine], expected, rtol=1e-12)


@pytest.mark.parametrize("assay", ASSAYS)
@pytest.mark.parametrize("counted", [counts.counted, counts.counted.py_func])
@pytest.mark.parametrize("present", [posterior.present, posterior.present.py_func])
def test_kernels__counted_equals_present_where_counts_do_not_matter(assay, counted, present) -> None:
    offsets = np.array([0, 3, 3, 7], np.int64)
    prior = np.array([0.2, 0.1, 0.05, 0.3, 1e-12, 0.5, 0.999])
    calls = np.array([POSITIVE, NEGATIVE, SUSPECT], np.int8)
    flat = assay.model_copy(update={"dilution": None, "table": None, "cycles": None})
    rows, table = likelihood_rows(np.diff(offsets), calls, flat)
    wide = np.concatenate([table[:, :1], np.repeat(table[:, 1:], 4, axis=1)], axis=1)
    outcomes = []
    for run, likelihood in ((present, table), (counted, wide)):
        p, evidence = np.empty(7), np.empty(3)
        run(offsets, rows, likelihood, prior, 0, 3, p, evidence)
        outcomes.append(np.concatenate([p, evidence]))
    np.testing.assert_allclose(outcomes[0], outcomes[1], rtol=1e-13)


def test_leave_one_out__is_stable_in_a_pool_of_two_hundred() -> None:
    rng = np.random.default_rng(7)
    n = 200
    prior = rng.uniform(0, 1, n)
    likelihood = np.linspace(0.01, 0.9, n + 1)  # linear in k, so the expectation is known in closed form
    clean, infected = np.empty(n), np.empty(n)
    total = counts.leave_one_out(
        prior, likelihood, clean, infected, np.zeros((n + 1, n + 1)), np.empty(n + 2)
    )
    step = likelihood[1] - likelihood[0]
    assert total == pytest.approx(0.01 + step * prior.sum(), rel=1e-12)
    np.testing.assert_allclose(clean, 0.01 + step * (prior.sum() - prior), rtol=1e-12)
    np.testing.assert_allclose(infected, clean + step, rtol=1e-12)


def test_posteriors__one_prior_serves_all() -> None:
    offsets = np.arange(0, 101, 10)
    calls = np.tile(np.array([POSITIVE, NEGATIVE], np.int8), 5)
    one = posteriors(offsets, calls, 0.002, ASSAYS[0])
    np.testing.assert_array_equal(one, posteriors(offsets, calls, np.full(100, 0.002), ASSAYS[0], threads=1))


def test_posteriors__no_evidence_leaves_the_prior() -> None:
    prior = np.array([0.1, 0.2, 0.3, 0.4])
    calls = np.array([INVALID, -1], np.int8)
    for assay in ASSAYS:
        np.testing.assert_allclose(posteriors(np.array([0, 2, 4]), calls, prior, assay), prior, rtol=1e-14)


def test_posteriors__perfect_test_equals_logic() -> None:
    perfect = Assay(sensitivity=1, specificity=1)
    p = posteriors(np.array([0, 2, 3]), np.array([NEGATIVE, POSITIVE], np.int8), 0.01, perfect)
    np.testing.assert_array_equal(p, [0, 0, 1])


def test_posteriors__impossible_outcome_leaves_the_prior() -> None:
    perfect = Assay(sensitivity=1, specificity=1)
    p = posteriors(np.array([0, 1]), np.array([POSITIVE], np.int8), 0.0, perfect)
    np.testing.assert_array_equal(p, [0.0])


@pytest.mark.parametrize("prior", [-0.1, 1.1, np.nan, [0.1, np.nan]])
def test_posteriors__refuse_a_prior_that_is_no_probability(prior):
    with pytest.raises(PolicyError, match="a prior outside 0 to 1"):
        posteriors(np.array([0, 2]), np.array([3]), prior, ASSAYS[0])
