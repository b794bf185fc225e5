"""Exact inference by enumerating all patterns in logarithms, where floats would underflow."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["enumerate_in_logs"]


@kernel
def enumerate_in_logs(
    seats: NDArray[np.int64],
    pools: NDArray[np.int32],
    log_weight: NDArray[np.float64],
    log_likelihood: NDArray[np.float64],
    counts_matter: bool,
    infected: NDArray[np.float64],
    nobody: NDArray[np.float64],
) -> float:
    """As `elimination.enumerate_patterns` where numbers leave the range of floats; return the log evidence, -inf: impossible.

    ``log_weight[i]`` is the log of (P(clean), P(infected)) of person i; no entry of it or of `log_likelihood` is
    above 0. The first walk finds the likeliest pattern and cuts off what cannot be likelier, the second sums the
    patterns relative to it and cuts off what adds nothing to a float. ``infected[i]`` is P(i infected | outcomes),
    ``nobody[q]`` P(nobody of q infected | outcomes).
    """
    people = log_weight.shape[0]
    count = np.zeros(log_likelihood.shape[0], np.int64)
    last = np.zeros(log_likelihood.shape[0], np.int64)
    for v in range(people):
        for at in range(seats[v], seats[v + 1]):
            last[pools[at]] = v
    branch = np.full(people + 1, -1, np.int64)
    weight = np.zeros(people + 1, np.float64)
    total = np.zeros(people + 1, np.float64)
    best = -np.inf
    for walk in range(2):
        infected[:] = 0.0
        nobody[:] = 0.0
        depth = 0
        while depth >= 0:
            lowest = best if walk == 0 else best - 745.0
            if depth == people or weight[depth] == -np.inf or (depth > 0 and weight[depth] < lowest):
                total[depth] = 0.0
                if depth == people and walk == 0:
                    best = max(best, weight[depth])
                elif depth == people:
                    total[depth] = np.exp(weight[depth] - best)
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
            product = weight[depth] + log_weight[depth, branch[depth]]
            for at in range(seats[depth], seats[depth + 1]):
                if last[pools[at]] == depth:
                    k = count[pools[at]]
                    product += log_likelihood[pools[at], k if counts_matter else min(k, 1)]
            weight[depth + 1] = product
            depth += 1
        if best == -np.inf:
            return best
    for v in range(people):
        infected[v] /= total[0]
    for pool in range(nobody.size):
        nobody[pool] /= total[0]
    return float(best + np.log(total[0]))
