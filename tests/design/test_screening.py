"""COMP, DD and SCOMP against sets, logic and published rates."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from poolpipe.design import comp, dd, scomp
from reference.designing import scomp_naively


def frames(membership: np.ndarray, infected: np.ndarray) -> tuple[pl.DataFrame, pl.DataFrame]:
    pool, person = np.nonzero(membership)
    positive = (membership & infected).any(axis=1)
    calls = np.where(positive, "positive", "negative")
    return pl.DataFrame({"pool": pool, "person": person}), pl.DataFrame(
        {"pool": range(len(calls)), "call": calls}
    )


def who(found: pl.DataFrame) -> set[Any]:
    return set(found.filter("infected")["person"].to_list())


@settings(max_examples=40)
@given(seed=st.integers(0, 2**32 - 1))
def test_decoders__agree_with_sets_and_bound_the_truth(seed: int) -> None:
    rng = np.random.default_rng(seed)
    membership = rng.random((9, 12)) < 0.3
    membership[0, ~membership.any(axis=0)] = True  # everybody sits somewhere
    infected = rng.random(12) < 0.2
    seats, pools = frames(membership, infected)
    seats = seats.sort("person", maintain_order=True)  # ties go to the person seated first
    possible, definite, found = scomp_naively(
        [np.flatnonzero(row).tolist() for row in membership],
        [bool((row & infected).any()) for row in membership],
        12,
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


def test_decoders__a_suspect_pool_counts_and_an_invalid_one_says_nothing() -> None:
    seats = pl.DataFrame({"pool": ["a", "b", "b", "c"], "person": ["x", "x", "y", "y"]})
    pools = pl.DataFrame({"pool": ["a", "b", "c"], "call": ["suspect", "invalid", "negative"]})
    assert who(dd(seats, pools)) == {"x"}
    assert who(comp(seats, pools)) == {"x"}
