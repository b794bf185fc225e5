"""Belief propagation over pools of any design: layers that share nobody, two threads, an honest end."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels import counts, propagate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.reduction import Reduced

__all__ = ["MOST_SWEEPS", "Beliefs", "believe", "pool_evidence"]

SHARED_LAYER = 15
DAMP_AFTER = 25
MOST_SWEEPS = 2000
"""So that sixteen layers of so many sweeps are told apart in two bytes."""


@dataclass(frozen=True)
class Beliefs:
    """Where the messages came to rest.

    Attributes
    ----------
    odds : array of float64, shape (people,)
        Posterior odds of infection.
    ratio : array of float64, shape (seats,)
        Last message of each pool to each of its people.
    restless : array of bool, shape (people,)
        People whose probability still moved by more than the tolerance in the last sweep.
    sweeps : int
        How often all pools were asked.
    """

    odds: NDArray[np.float64]
    ratio: NDArray[np.float64]
    restless: NDArray[np.bool_]
    sweeps: int


def believe(
    graph: Reduced,
    pools: NDArray[np.int32],
    *,
    tolerance: float,
    most_sweeps: int,
    threads: int,
    damp_after: int = DAMP_AFTER,
) -> Beliefs:
    """Propagate beliefs over `pools` until no probability moves by more than `tolerance`.

    Messages are taken up at once (Gauss-Seidel), layer by layer; after `damp_after` sweeps they are damped by the
    geometric mean, which settles graphs that swing. A pool is asked again only when one of its people has
    moved.
    """
    run = counts.sweep if graph.counts_matter else propagate.sweep
    odds, ratio = graph.odds.copy(), np.ones(graph.members.size)
    stamp = np.zeros(odds.size, np.int16)
    layers = _layers(graph, pools)
    workers = max(1, threads)
    moved, sweeps = np.inf, 0
    with ThreadPoolExecutor(workers) as executor:
        while moved > tolerance and sweeps < min(most_sweeps, MOST_SWEEPS):
            sweeps += 1
            moved = 0.0
            for at, (shared, layer) in enumerate(layers):
                now = 2 + sweeps * len(layers) + at
                since = now - len(layers) - (1 if shared else 0)
                since = -1 if sweeps == 1 else since
                parts = [layer] if shared or layer.size < 4096 else np.array_split(layer, workers)
                jobs = [
                    executor.submit(
                        run, part, graph.offsets, graph.members, graph.rows, graph.table,
                        odds, ratio, stamp, since, now, sweeps > damp_after, tolerance,
                    )
                    for part in parts
                ]  # fmt: skip
                moved = max(moved, *(job.result() for job in jobs))
    last_sweep = 1 + sweeps * len(layers) if moved > tolerance else np.inf
    return Beliefs(odds, ratio, stamp > last_sweep, sweeps)


def pool_evidence(
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    rows: NDArray[np.int64],
    table: NDArray[np.float64],
    odds: NDArray[np.float64],
    ratio: NDArray[np.float64],
    *,
    counts_matter: bool,
    threads: int,
) -> NDArray[np.float64]:
    """Each pool's part of the Bethe log evidence; with prior odds and a ratio of 1, its log P(outcome)."""
    run = counts.pool_evidence if counts_matter else propagate.pool_evidence
    term = np.zeros(rows.size)
    cuts = np.linspace(0, rows.size, max(1, threads) + 1).astype(np.int64)
    with ThreadPoolExecutor(max(1, threads)) as executor:
        jobs = [
            executor.submit(run, offsets, members, rows, table, odds, ratio, first, last, term)
            for first, last in itertools.pairwise(cuts.tolist())
        ]
    for job in jobs:
        job.result()
    return term


def _layers(graph: Reduced, pools: NDArray[np.int32]) -> list[tuple[bool, NDArray[np.int32]]]:
    """Pools by layer; True marks the last one, whose pools may share people and go one after the other."""
    layer = np.empty(pools.size, np.int8)
    propagate.layers(pools, graph.offsets, graph.members, np.zeros(graph.odds.size, np.uint16), layer)
    return [
        (number == SHARED_LAYER, pools[layer == number])
        for number in np.flatnonzero(np.bincount(layer, minlength=1)).tolist()
    ]
