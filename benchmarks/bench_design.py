"""Designs: screening decoders, characteristics, and optimal pools, beside the naive way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from poolpipe.design import characteristics, informative_dorfman, scomp
from reference.designing import nested_by_enumeration, scomp_naively

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def screened() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """5,000 people, 50 infected, 1,000 pools of a Bernoulli(0.02) design; and which pools are positive."""
    rng = np.random.default_rng(7)
    membership, infected = rng.random((1000, 5000)) < 0.02, np.zeros(5000, np.bool_)
    infected[rng.choice(5000, 50, replace=False)] = True
    return membership, np.any(membership & infected, axis=1)


@pytest.mark.benchmark(group="design: SCOMP, a seat")
class BenchScomp:
    def bench_kernels(
        self, speed: Callable[..., Any], screened: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    ) -> None:
        membership, positive = screened
        pool, person = np.nonzero(membership)
        seats = pl.DataFrame({"pool": pool, "person": person})
        pools = pl.DataFrame({"pool": range(1000), "call": np.where(positive, "positive", "negative")})
        assert speed("frames and kernels", pool.size, lambda: scomp(seats, pools))["infected"].sum() >= 40

    def bench_sets(
        self, speed: Callable[..., Any], screened: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    ) -> None:
        membership, positive = screened
        pools = [np.flatnonzero(row).tolist() for row in membership]
        speed("sets", int(membership.sum()), lambda: scomp_naively(pools, positive.tolist(), 5000))


@pytest.mark.benchmark(group="design: three stages, a person")
class BenchStages:
    def bench_formula(self, speed: Callable[..., Any]) -> None:
        speed("formula", 9, lambda: characteristics("hierarchical", (9, 3, 1), 0.01, 0.99, 0.99))

    def bench_enumeration(self, speed: Callable[..., Any]) -> None:
        speed("every pattern", 9, lambda: nested_by_enumeration((9, 3, 1), [0.01] * 9, 0.99, 0.99))


@pytest.mark.benchmark(group="design: optimal pools for people who differ, a person")
def bench_informative(speed: Callable[..., Any], people: int) -> None:
    risk = np.random.default_rng(8).beta(0.2, 20, people)
    assert speed("informative Dorfman", people, lambda: informative_dorfman(risk)).expected_tests < people
