"""Decoding: disjoint pools, overlapping rounds, arrays; each beside the naive or the library's way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from poolpipe.decode import Assay, decode, posteriors
from poolpipe.decode.assays import NEGATIVE, POSITIVE
from poolpipe.decode.belief_propagation import propagate_beliefs
from poolpipe.decode.layout import lay_out
from poolpipe.decode.reduction import reduce_layout
from poolpipe_kernels import arrays
from reference.decoding import enumerate_patterns, or_row

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

ASSAY = Assay(sensitivity=0.95, specificity=0.999)
PREVALENCE = 0.002


@pytest.fixture(scope="module")
def called(rows: int) -> NDArray[np.int8]:
    """Calls of pools of ten, some positive."""
    rng = np.random.default_rng(4)
    return np.where(rng.random(rows // 10) < 0.02, POSITIVE, NEGATIVE).astype(np.int8)


@pytest.fixture(scope="module")
def rounds(rows: int) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    """Three rounds of pools of ten in random order: seats, pools, people."""
    rng = np.random.default_rng(5)
    infected = rng.random(rows) < PREVALENCE
    pools, members, calls = [], [], []
    for number in range(3):
        order = rng.permutation(rows).astype(np.int32) if number else np.arange(rows, dtype=np.int32)
        sick = np.add.reduceat(infected[order], np.arange(0, rows, 10)) > 0
        draw = rng.random(sick.size)
        calls.append(np.where(sick, draw < ASSAY.sensitivity, draw > ASSAY.specificity))
        pools.append(np.arange(rows, dtype=np.int32) // 10 + number * sick.size)
        members.append(order)
    positive = np.concatenate(calls)
    return (
        pl.DataFrame({"pool": np.concatenate(pools), "person": np.concatenate(members)}),
        pl.DataFrame(
            {
                "pool": np.arange(positive.size, dtype=np.int32),
                "call": pl.Series(["negative", "positive"]).gather(positive.astype(np.uint32)),
            }
        ),
        pl.DataFrame({"person": np.arange(rows, dtype=np.int32), "prior": np.full(rows, PREVALENCE)}),
    )


@pytest.mark.benchmark(group="decode: disjoint pools of ten, a person")
class BenchDisjoint:
    def bench_kernel(self, speed: Callable[..., Any], called: NDArray[np.int8]) -> None:
        offsets = np.arange(0, 10 * called.size + 1, 10)
        found = speed(
            "kernel, 2 threads", 10 * called.size, lambda: posteriors(offsets, called, PREVALENCE, ASSAY)
        )
        assert found.size == 10 * called.size

    def bench_dilution(self, speed: Callable[..., Any], called: NDArray[np.int8]) -> None:
        offsets = np.arange(0, 10 * called.size + 1, 10)
        diluted = ASSAY.model_copy(update={"dilution": 0.2})
        speed("with dilution", 10 * called.size, lambda: posteriors(offsets, called, PREVALENCE, diluted))

    def bench_numpy(self, speed: Callable[..., Any], called: NDArray[np.int8]) -> None:
        prior = np.full(10 * called.size, PREVALENCE)
        pool_of_seat = np.repeat(np.arange(called.size), 10)

        def in_numpy() -> NDArray[np.float64]:
            clean = np.exp(np.bincount(pool_of_seat, np.log1p(-prior)))
            somebody = np.where(called == POSITIVE, ASSAY.sensitivity, 1 - ASSAY.sensitivity)
            nobody = np.where(called == POSITIVE, 1 - ASSAY.specificity, ASSAY.specificity)
            factor = somebody / (nobody * clean + somebody * (1 - clean))
            return np.asarray(prior * factor[pool_of_seat])

        speed("numpy", prior.size, in_numpy)


@pytest.mark.benchmark(group="decode: three overlapping rounds, a person")
def bench_rounds(speed: Callable[..., Any], rounds: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]) -> None:
    found = speed("decode", rounds[2].height, lambda: decode(*rounds, assay=ASSAY))
    assert found.people["error"].max() < 0.02


@pytest.mark.benchmark(group="decode: belief propagation, a seat and sweep")
def bench_sweep(speed: Callable[..., Any], rounds: tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]) -> None:
    graph = reduce_layout(lay_out(*rounds, ASSAY))
    every = np.arange(graph.rows.size, dtype=np.int32)

    def ten_sweeps() -> None:
        propagate_beliefs(graph, every, tolerance=0.0, most_sweeps=10, threads=1)

    speed("ten sweeps, 1 thread", 10 * graph.members.size, ten_sweeps)


@pytest.mark.benchmark(group="decode: an array, a person")
class BenchArray:
    @pytest.mark.parametrize("side", [3, 10, 12])
    def bench_array(self, speed: Callable[..., Any], side: int) -> None:
        prior, table = _array(side)
        infected, nobody = np.empty_like(prior), np.empty(2 * side)

        def thousand() -> None:
            for _ in range(1000):
                arrays.array(prior, table[:side], table[side:], infected, nobody)

        speed(f"{side} x {side}, zeta transform", 1000 * prior.size, thousand)

    def bench_enumeration(self, speed: Callable[..., Any]) -> None:
        prior, _ = _array(3)
        pools = [list(range(3 * i, 3 * i + 3)) for i in range(3)] + [list(range(j, 9, 3)) for j in range(3)]
        rows = [or_row(q in (0, 4), 3, 0.95, 0.999) for q in range(6)]
        speed("3 x 3, every pattern", 9, lambda: enumerate_patterns(pools, rows, prior.ravel()))


def _array(side: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Priors, and likelihoods of an array with one positive row and column."""
    prior = np.random.default_rng(6).uniform(0.001, 0.03, (side, side))
    return prior, np.array([or_row(q in (0, side + 1), 1, 0.95, 0.999) for q in range(2 * side)])
