"""Posteriors by random walks, for components that cannot be solved exactly, with the error of their means."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from poolpipe.decode.parts import by_person
from poolpipe_kernels import sampling

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from poolpipe.decode.parts import Component

__all__ = ["HEATS", "MOST_STEPS", "Sampled", "sample", "sampled_by", "steps_of_a_sweep"]

HEATS = (1.0, 0.6, 0.35, 0.15)
"""Powers of the likelihood of simultaneous walks; the last one samples nearly from the priors."""
CHAINS, BATCHES = 4, 10
STANDARD_ERRORS = 5.0
UNSEEN = 20.0
"""An event that did not occur in n sweeps may have a probability of this / n: 3 / n (Hanley and Lippman-Hand 1983) for
independent ones, and sweeps are correlated."""
LOWEST = -690.0
MOST_STEPS = 200_000_000
"""The most reads of a pool's count, in all walks of all samples of one call: about a second on two cores."""


class Sampled(NamedTuple):
    """Estimates of the walks.

    Attributes
    ----------
    p_infected, error : (people,) float64
        Mean of P(infected | all others), and how far it may be off: five standard errors from the scatter of batches or of
        chains, whichever is larger, and a bound for events that did not occur.
    nobody : (pools,) float64
        Share of patterns in which nobody of the pool is infected.
    """

    p_infected: NDArray[np.float64]
    error: NDArray[np.float64]
    nobody: NDArray[np.float64]


def steps_of_a_sweep(offsets: NDArray[np.int64], members: NDArray[np.integer]) -> int:
    """Count the reads of pools in one sweep of all walks.

    Everybody's pools are read when the person is drawn, and those of two people for each pool that proposes an exchange:
    where people sit in hundreds of pools, exchanges cost far more than draws.

    Parameters
    ----------
    offsets, members : (pools + 1,) int64 and (seats,) int
        People by pool.

    Returns
    -------
    int
    """
    seats = members.size
    people = max(int(members.max(initial=-1)) + 1, 1)
    return len(HEATS) * (2 * seats + 2 * (offsets.size - 1) * -(-seats // people))


def sample(component: Component, sweeps: int, threads: int) -> Sampled:
    """Sample in four chains of `sweeps` / 4 each, two starting from nobody and two from half of all infected; seeded.

    Parameters
    ----------
    component : Component
        People and pools, numbered from 0.
    sweeps : int
        How often every person is drawn anew, in all chains together.
    threads : int
        Chains that run at the same time.

    Notes
    -----
    Gibbs sampling (Geman and Geman 1984) with exchanges within pools and parallel tempering (Geyer 1991); the mean of
    conditional probabilities instead of states (Gelfand and Smith 1990); standard errors by batch means.
    """
    seats, pools = by_person(component)
    log_weight, log_rows = component.logs
    log_odds = np.maximum(log_weight[:, 1], LOWEST) - np.maximum(log_weight[:, 0], LOWEST)
    rows = np.maximum(log_rows, LOWEST)
    graph = component.offsets, component.members, seats, pools, log_odds, rows
    return sampled_by(sampling.sample_patterns, graph, sweeps, threads)


def sampled_by(walk: Callable[..., None], graph: tuple[Any, ...], sweeps: int, threads: int) -> Sampled:
    """Run the kernel `walk` on a graph in four chains, and combine their estimates.

    Parameters
    ----------
    walk : kernel
        `sampling.sample_patterns` or `loads.sample_levels`.
    graph : tuple
        offsets, members, seats, pools, log weights of the people, log rows of the pools.
    sweeps, threads : int
        As for `sample`.
    """
    each = max(BATCHES, sweeps // CHAINS)
    people, count = graph[4].shape[0], graph[0].size - 1
    chance, nobody = np.empty((CHAINS, BATCHES, people)), np.empty((CHAINS, BATCHES, count))
    with ThreadPoolExecutor(max(1, threads)) as workers:
        jobs = [
            workers.submit(
                walk, *graph, np.asarray(HEATS), each, np.asarray([0x9E3779B97F4A7C15 + 7919 * chain], np.uint64),
                chain % 2 == 1, chance[chain], nobody[chain],
            )
            for chain in range(CHAINS)
        ]  # fmt: skip
    for job in jobs:
        job.result()
    of_batches = chance.reshape(-1, people).std(axis=0, ddof=1) / np.sqrt(CHAINS * BATCHES)
    of_chains = chance.mean(axis=1).std(axis=0, ddof=1) / np.sqrt(CHAINS)
    error = STANDARD_ERRORS * np.maximum(of_batches, of_chains) + UNSEEN / (each * CHAINS)
    return Sampled(chance.mean(axis=(0, 1)), np.minimum(error, 1.0), nobody.mean(axis=(0, 1)))
