"""Belief propagation over pools of any design, in layers that share nobody, on several threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.decode.ranges import FEW_ROWS, on_threads
from poolpipe_kernels import counts, person_odds, propagate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.reduction import Reduced

__all__ = ["MOST_SWEEPS", "PropagatedBeliefs", "pool_evidence", "propagate_beliefs"]

SHARED_LAYER = 15
DAMP_AFTER = 25
LARGEST_ODDS, LARGEST_RATIO = 1e200, 1e59
"""Beyond these, numbers are kept as logarithms: messages of `propagate.sweep` end at 1e60."""
MOST_SWEEPS = 2000
"""The most sweeps: the numbers of sixteen layers of so many sweeps fit in two bytes."""


@dataclass(frozen=True)
class PropagatedBeliefs:
    """Odds and messages at the end of belief propagation.

    Attributes
    ----------
    odds : array of float64, shape (people,)
        Posterior odds of infection.
    ratio : array of float64, shape (seats,)
        Last message of each pool to each of its people.
    restless : array of bool, shape (people,)
        People whose probability still moved by more than the tolerance in the last sweep.
    sweeps : int
        How many sweeps over all pools were done.
    log_odds, log_ratio : arrays of float64, optional
        Logs of both, where they leave the range of floats.
    """

    odds: NDArray[np.float64]
    ratio: NDArray[np.float64]
    restless: NDArray[np.bool_]
    sweeps: int
    log_odds: NDArray[np.float64] | None = None
    log_ratio: NDArray[np.float64] | None = None

    @property
    def in_range(self) -> bool:
        """Whether no product has left the range of floats; what was 0 before is 0."""
        with np.errstate(invalid="ignore"):
            odds = self.odds
            if odds.min(initial=1.0) == 0.0:
                odds = odds[odds != 0.0]
            return bool(
                odds.min(initial=1.0) > 1.0 / LARGEST_ODDS
                and odds.max(initial=1.0) < LARGEST_ODDS
                and self.ratio.min(initial=1.0) > 1.0 / LARGEST_RATIO
                and self.ratio.max(initial=1.0) < LARGEST_RATIO
            )  # not a number is neither

    def add_people(
        self,
        graph: Reduced,
        wanted: NDArray[np.bool_],
        threads: int,
        p_infected: NDArray[np.float64],
        terms: NDArray[np.float64],
    ) -> None:
        """Write posteriors, and add what each person adds to the Bethe log evidence (Yedidia, Freeman and Weiss 2005, eq. 37).

        Parameters
        ----------
        graph : Reduced
            The graph on which beliefs were propagated.
        wanted : (people,) bool
            Whose posterior is written.
        threads : int
            Threads of the kernel.
        p_infected : (people,) float64
            Output.
        terms : (people,) float64
            Natural logs; changed in place.
        """
        if self.log_odds is not None:
            p_infected[wanted] = self.odds[wanted] / (1.0 + self.odds[wanted])
            terms += np.logaddexp(0.0, self.log_odds) - np.logaddexp(0.0, graph.log_odds(slice(None)))
            return

        def add(first: int, last: int) -> None:
            person_odds.person_evidence(self.odds, graph.odds, wanted, first, last, p_infected, terms)

        on_threads(add, self.odds.size, threads)

    def of_pools(
        self, graph: Reduced, pools: NDArray[np.int32], threads: int
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What pools add to the Bethe log evidence, and whether anybody in them is infected.

        Parameters
        ----------
        graph : Reduced
            The graph on which beliefs were propagated.
        pools : (k,) int32
            The pools to compute.
        threads : int
            Threads of the kernels.

        Returns
        -------
        terms : (k,) float64
            Part of each pool, natural logs.
        nobody : (k,) float64
            P(nobody in the pool infected).
        """
        if self.log_odds is None or self.log_ratio is None:
            terms, nobody = pool_evidence(
                graph.offsets, graph.members, graph.rows, graph.table, self.odds, self.ratio,
                counts_matter=graph.counts_matter, threads=threads,
            )  # fmt: skip
            return terms[pools], nobody[pools]
        with np.errstate(divide="ignore"):
            rows = np.log(graph.table)
        terms, nobody = np.zeros(graph.rows.size), np.zeros(graph.rows.size)
        run = counts.pool_evidence_in_logs if graph.counts_matter else propagate.pool_evidence_in_logs
        run(
            graph.offsets,
            graph.members,
            graph.rows,
            rows,
            self.log_odds,
            self.log_ratio,
            pools,
            terms,
            nobody,
        )
        return terms[pools], nobody[pools]


def propagate_beliefs(
    graph: Reduced,
    pools: NDArray[np.int32],
    *,
    tolerance: float,
    most_sweeps: int,
    threads: int,
    damp_after: int = DAMP_AFTER,
) -> PropagatedBeliefs:
    """Propagate beliefs over `pools` until no probability moves by more than `tolerance`.

    Messages are used as soon as they are computed (Gauss-Seidel), layer by layer; after `damp_after` sweeps they are
    damped by the geometric mean, so that graphs that oscillate converge. A pool sends again only when one of its people
    has moved.

    Parameters
    ----------
    graph : Reduced
        Seats, likelihoods and odds.
    pools : (k,) int32
        The pools that send.
    tolerance : float
        Largest change of a probability in the last sweep.
    most_sweeps : int
        The most sweeps.
    threads : int
        Threads of the kernels.
    damp_after : int
        Sweeps without damping.

    Returns
    -------
    PropagatedBeliefs
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
                parts = [layer] if shared or layer.size < FEW_ROWS else np.array_split(layer, workers)
                rest = (
                    graph.offsets, graph.members, graph.rows, graph.table,
                    odds, ratio, stamp, since, now, sweeps > damp_after, tolerance,
                )  # fmt: skip
                if len(parts) == 1:  # without a thread: the executor starts none that it is not asked for
                    moved = max(moved, run(layer, *rest))
                    continue
                jobs = [executor.submit(run, part, *rest) for part in parts]
                moved = max(moved, *(job.result() for job in jobs))
    last_sweep = 1 + sweeps * len(layers) if moved > tolerance else np.inf
    found = PropagatedBeliefs(odds, ratio, stamp > last_sweep, sweeps)
    lost = np.count_nonzero(odds) != np.count_nonzero(graph.odds)
    if graph.far is None and found.in_range and not lost:
        return found
    return _believe_in_logs(graph, pools, tolerance, most_sweeps, damp_after)


def _believe_in_logs(
    graph: Reduced, pools: NDArray[np.int32], tolerance: float, most_sweeps: int, damp_after: int
) -> PropagatedBeliefs:
    """Propagate beliefs with every number kept as its logarithm: slower, for people in hundreds of pools."""
    with np.errstate(divide="ignore"):
        rows = np.log(graph.table)
    log_odds, log_ratio = graph.log_odds(slice(None)).copy(), np.zeros(graph.members.size)
    run = counts.sweep_in_logs if graph.counts_matter else propagate.sweep_in_logs
    moved, sweeps = np.inf, 0
    while moved > tolerance and sweeps < min(most_sweeps, MOST_SWEEPS):
        sweeps += 1
        before = log_odds.copy()
        moved = run(
            pools, graph.offsets, graph.members, graph.rows, rows, log_odds, log_ratio, sweeps > damp_after
        )
    restless = np.zeros(log_odds.size, np.bool_)
    if moved > tolerance:
        with np.errstate(over="ignore"):
            restless = np.abs(1 / (1 + np.exp(-log_odds)) - 1 / (1 + np.exp(-before))) > tolerance
    odds, ratio = (np.exp(np.clip(logs, -690.0, 690.0)) for logs in (log_odds, log_ratio))
    return PropagatedBeliefs(odds, ratio, restless, sweeps, log_odds, log_ratio)


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
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Compute each pool's part of the Bethe log evidence on several threads.

    With prior odds and a ratio of 1 it is the pool's log P(outcome).

    Parameters
    ----------
    offsets, members : (pools + 1,) int64 and (seats,) int32
        People by pool.
    rows, table : (pools,) int64 and (rows, width) float64
        Likelihood row of each pool: P(outcome | k infected).
    odds : (people,) float64
        Odds of each person.
    ratio : (seats,) or (1,) float64
        Messages of pools to people.
    counts_matter : bool
        Whether an outcome depends on the count of infected.
    threads : int
        Threads of the kernel.

    Returns
    -------
    terms, nobody : (pools,) float64
        Part of the log evidence; P(nobody in the pool infected), NaN where the outcome is impossible.
    """
    run = counts.pool_evidence if counts_matter else propagate.pool_evidence
    term, nobody = np.zeros(rows.size), np.zeros(rows.size)

    def find(first: int, last: int) -> None:
        run(offsets, members, rows, table, odds, ratio, first, last, term, nobody)

    on_threads(find, rows.size, threads)
    return term, nobody


def _layers(graph: Reduced, pools: NDArray[np.int32]) -> list[tuple[bool, NDArray[np.int32]]]:
    """Pools by layer; True marks the last layer, whose pools may share people and are processed in order."""
    layer = np.empty(pools.size, np.int8)
    propagate.layers(pools, graph.offsets, graph.members, np.zeros(graph.odds.size, np.uint16), layer)
    return [
        (number == SHARED_LAYER, pools[layer == number])
        for number in np.flatnonzero(np.bincount(layer, minlength=1)).tolist()
    ]
