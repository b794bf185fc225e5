"""Exact inference by enumerating all patterns, with weights as they are or as their logarithms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["enumerate_patterns"]


@kernel
def enumerate_patterns(
    seats: NDArray[np.int64],
    pools: NDArray[np.int32],
    weights: NDArray[np.float64],
    likelihood: NDArray[np.float64],
    counts_matter: bool,
    in_logs: bool,
    infected: NDArray[np.float64],
    nobody: NDArray[np.float64],
) -> float:
    """Walk all 2^n patterns depth first and sum the probability of each.

    A pool's factor is multiplied in where its last person is decided, so a leaf costs next to nothing, a pattern of
    weight 0 is cut off whole, and every total is a balanced sum.

        #  person 0   0       1
        #  person 1  0 1     0 1      total of a branch = total of its two branches

    Numbers that leave the range of floats are given in logs. There are two walks then: the first finds the likeliest
    pattern and cuts off what cannot be likelier, the second sums the patterns relative to it and cuts off what adds
    nothing to a float (1.7 times as long).

    Parameters
    ----------
    seats, pools : (n + 1,) int64 and (seats,) int32
        Pools by person: person v sits in ``pools[seats[v]:seats[v + 1]]``.
    weights : (n, 2) float64
        P(clean) and P(infected) of each person.
    likelihood : (pools, 2 or counts) float64
        P(outcome | k infected). Without `counts_matter` column 1 stands for one or more.
    counts_matter : bool
        Whether an outcome depends on the count of infected.
    in_logs : bool
        Whether `weights` and `likelihood` are natural logarithms, none above 0.
    infected : (n,) float64
        Output: P(person infected | outcomes); meaningless where the outcomes are impossible.
    nobody : (pools,) float64
        Output: P(nobody of the pool infected | outcomes); likewise.

    Returns
    -------
    float
        The natural log of the evidence; -inf where the outcomes are impossible.
    """
    people = weights.shape[0]
    count = np.zeros(likelihood.shape[0], np.int64)
    last = np.zeros(likelihood.shape[0], np.int64)
    for v in range(people):
        for at in range(seats[v], seats[v + 1]):
            last[pools[at]] = v
    branch = np.full(people + 1, -1, np.int64)
    weight = np.zeros(people + 1, np.float64)
    total = np.zeros(people + 1, np.float64)
    weight[0] = 0.0 if in_logs else 1.0
    impossible = -np.inf if in_logs else 0.0
    best = -np.inf
    walks = 2 if in_logs else 1
    for walk in range(walks):
        infected[:] = 0.0
        nobody[:] = 0.0
        adds = walk == walks - 1
        lowest = best - 745.0 if in_logs else 0.0  # nothing is below 0
        depth = 0
        while depth >= 0:
            if not adds:
                lowest = best
            if depth == people or weight[depth] == impossible or (depth > 0 and weight[depth] < lowest):
                total[depth] = 0.0
                if depth == people and not adds:
                    best = max(best, weight[depth])
                elif depth == people:
                    total[depth] = np.exp(weight[depth] - best) if in_logs else weight[depth]
                finished = True
            else:
                branch[depth] += 1
                if branch[depth] == 0:
                    total[depth] = 0.0
                elif branch[depth] == 1:
                    for at in range(seats[depth], seats[depth + 1]):
                        count[pools[at]] += 1
                finished = branch[depth] == 2
                if finished:
                    for at in range(seats[depth], seats[depth + 1]):
                        count[pools[at]] -= 1
                    branch[depth] = -1
            if finished:
                depth -= 1
                if depth >= 0:
                    total[depth] += total[depth + 1]
                    if branch[depth] == 1:
                        infected[depth] += total[depth + 1]
                    for at in range(seats[depth], seats[depth + 1]):
                        if last[pools[at]] == depth and count[pools[at]] == 0:
                            nobody[pools[at]] += total[depth + 1]
                continue
            mine = weights[depth, branch[depth]]
            product = weight[depth] + mine if in_logs else weight[depth] * mine
            for at in range(seats[depth], seats[depth + 1]):
                if last[pools[at]] == depth:
                    k = count[pools[at]]
                    told = likelihood[pools[at], k if counts_matter else min(k, 1)]
                    product = product + told if in_logs else product * told
            weight[depth + 1] = product
            depth += 1
        if in_logs and best == -np.inf:
            return best
    for v in range(people):
        infected[v] /= total[0]
    for pool in range(nobody.size):
        nobody[pool] /= total[0]
    return float(np.log(total[0]) + (best if in_logs else 0.0))
