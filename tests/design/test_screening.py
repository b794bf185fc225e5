"""COMP, DD and SCOMP against sets, logic and published rates."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolpipe.design import comp, dd, scomp
from poolpipe_kernels import components, cover
from reference.designing import scomp_naively


def frames(membership: np.ndarray, infected: np.ndarray) -> tuple[pl.DataFrame, pl.DataFrame]:
    pool, person = np.nonzero(membership)
    positive = (membership & infected).any(axis=1)
    calls = np.where(positive, "positive", "negative")
    return pl.DataFrame({"pool": pool, "person": person}), pl.DataFrame(
        {"pool": range(len(calls)), "call": calls}
    )


def who(found: pl.DataFrame) -> set[int]:
    return set(found.filter("infected")["person"].to_list())


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1))
def test_decoders__agree_with_sets_and_bound_the_truth(seed: int) -> None:
    rng = np.random.default_rng(seed)
    membership = rng.random((9, 12)) < 0.3
    membership[0, ~membership.any(axis=0)] = True  # everybody sits somewhere
    infected = rng.random(12) < 0.2
    seats, pools = frames(membership, infected)
    seats = seats.sort("person", maintain_order=True)  # ties go to the person seated first
    possible, definite, found = scomp_naively(
        [np.flatnonzero(row).tolist() for row in membership], (membership & infected).any(axis=1).tolist(), 12
    )
    truth = set(np.flatnonzero(infected).tolist())
    assert (who(comp(seats, pools)), who(dd(seats, pools)), who(scomp(seats, pools))) == (
        possible,
        definite,
        found,
    )
    assert definite <= truth <= possible
    assert definite <= found <= possible


def test_decoders__recover_exactly_as_often_as_published() -> None:
    """500 people, 10 infected, Bernoulli(0.1) designs, 150 tests: about 18%, 87% and 97% of cases."""
    rng, exact = np.random.default_rng(2014), np.zeros(3)
    cases = 150
    for _ in range(cases):
        infected = np.zeros(500, np.bool_)
        infected[rng.choice(500, 10, replace=False)] = True
        seats, pools = frames(rng.random((150, 500)) < 0.1, infected)
        truth = set(np.flatnonzero(infected).tolist())
        exact += [who(decoder(seats, pools)) == truth for decoder in (comp, dd, scomp)]
    # three standard errors of 150 cases: 9, 8 and 4 points
    np.testing.assert_allclose(exact / cases, [0.18, 0.87, 0.97], atol=0.09)


@pytest.mark.parametrize("compiled", [True, False])
def test_kernels__follow_their_pictures(compiled: bool) -> None:
    def run(kernel, *arrays) -> None:
        (kernel if compiled else kernel.py_func)(*arrays)

    offsets, members = np.array([0, 3, 5]), np.array([0, 1, 2, 2, 3], np.int32)
    clear, definite = np.zeros(4, np.bool_), np.zeros(4, np.bool_)
    run(cover.clear_people, offsets, members, np.array([False, True]), clear)
    assert clear.tolist() == [False, False, True, True]
    run(
        cover.find_definite,
        offsets,
        members,
        np.array([True, False]),
        ~np.array([True, False, False, False]),
        definite,
    )
    assert definite.tolist() == [True, False, False, False]
    offsets, members = np.array([0, 2, 4]), np.array([0, 1, 1, 2], np.int32)
    seats, pools = np.zeros(4, np.int64), np.empty(4, np.int32)
    components.order_by_pool(members, np.array([0, 0, 1, 1], np.int32), seats, pools)
    infected = np.zeros(3, np.bool_)
    unexplained, clear = np.array([True, True]), np.zeros(3, np.bool_)
    run(cover.explain_greedily, offsets, members, seats, pools, unexplained, clear, infected)
    assert infected.tolist() == [False, True, False]
    tests, start = np.empty(5), np.zeros(5, np.int64)
    run(cover.partition, np.array([0.01, 0.01, 0.02, 0.3]), 4, 1.0, 1.0, tests, start)
    assert start.tolist() == [0, 0, 0, 0, 3]
    assert tests[4] == pytest.approx(2 + 3 * (1 - 0.99 * 0.99 * 0.98))


def test_decoders__a_suspect_pool_counts_and_an_invalid_one_says_nothing() -> None:
    seats = pl.DataFrame({"pool": ["a", "b", "b", "c"], "person": ["x", "x", "y", "y"]})
    pools = pl.DataFrame({"pool": ["a", "b", "c"], "call": ["suspect", "invalid", "negative"]})
    assert who(dd(seats, pools)) == {"x"}
    assert who(comp(seats, pools)) == {"x"}
