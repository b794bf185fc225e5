"""Posterior of everybody in pools that share nobody: closed form, one pass over the seats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["counted", "leave_one_out", "present"]


@kernel
def present(
    offsets: NDArray[np.int64],
    row_of_pool: NDArray[np.int64],
    likelihood: NDArray[np.float64],
    prior: NDArray[np.float64],
    first: int,
    last: int,
    p_infected: NDArray[np.float64],
    evidence: NDArray[np.float64],
) -> None:
    """Posterior where an outcome depends only on whether anybody in the pool is infected.

    ``likelihood[row] = (P(outcome | nobody), P(outcome | somebody))``; pools `first` to `last` are done,
    seats are in pool order. `prior` has one entry per seat, or a single one for all. `evidence` (per pool, or
    empty: not wanted) gets P(outcome). Where that is 0 the prior stands.

        #  priors      .01 .02 .03        any = .01 + .99*.02 + .99*.98*.03   (positive terms: no cancelling)
        #  pool 0 (+)  [ 0   1   2 ]  ->  p_i = prior_i * P(+|somebody) / P(+)
    """
    step = 0 if prior.size == 1 else 1
    for pool in range(first, last):
        clean = 1.0
        anybody = 0.0
        for seat in range(offsets[pool], offsets[pool + 1]):
            p = prior[seat * step]
            anybody += clean * p
            clean *= 1.0 - p
        row = row_of_pool[pool]
        somebody_says = likelihood[row, 1]
        total = likelihood[row, 0] * clean + somebody_says * anybody
        factor = somebody_says / total if total > 0.0 else 1.0
        for seat in range(offsets[pool], offsets[pool + 1]):
            p_infected[seat] = prior[seat * step] * factor
        if evidence.size > 0:
            evidence[pool] = total


@kernel
def leave_one_out(
    prior: NDArray[np.float64],
    likelihood: NDArray[np.float64],
    clean: NDArray[np.float64],
    infected: NDArray[np.float64],
    ahead: NDArray[np.float64],
    behind: NDArray[np.float64],
) -> float:
    """Evidence of one pool with the state of each person in turn given, by two sweeps of the count.

    ``likelihood[k]`` is P(outcome | k of these people infected). ``clean[i]`` and ``infected[i]`` become
    P(outcome | person i is not, is infected); the return value is P(outcome). `ahead` (n + 1, n + 1) and
    `behind` (n + 2,) are room to work in.

        #  ahead[i]   distribution of the count among people before i      i =  0 1 2 | 3 | 4 5
        #  behind     expected likelihood over people after i, by count          ahead  ^  behind

    Dividing one person out of the full Poisson-binomial distribution loses its digits in a large pool (the
    errors of a recurrence grow with p / (1 - p)); joining two partial sums of positive terms loses none.
    """
    n = prior.size
    ahead[0, 0] = 1.0
    for i in range(n):
        p = prior[i]
        ahead[i + 1, 0] = ahead[i, 0] * (1.0 - p)
        for k in range(1, i + 1):
            ahead[i + 1, k] = ahead[i, k] * (1.0 - p) + ahead[i, k - 1] * p
        ahead[i + 1, i + 1] = ahead[i, i] * p
    for k in range(n + 1):
        behind[k] = likelihood[k]
    for i in range(n - 1, -1, -1):
        without = 0.0
        with_one = 0.0
        for k in range(i + 1):
            without += ahead[i, k] * behind[k]
            with_one += ahead[i, k] * behind[k + 1]
        clean[i] = without
        infected[i] = with_one
        p = prior[i]
        for k in range(i + 1):
            behind[k] = behind[k] * (1.0 - p) + behind[k + 1] * p
    return float(behind[0])


@kernel
def counted(
    offsets: NDArray[np.int64],
    row_of_pool: NDArray[np.int64],
    likelihood: NDArray[np.float64],
    prior: NDArray[np.float64],
    first: int,
    last: int,
    p_infected: NDArray[np.float64],
    evidence: NDArray[np.float64],
) -> None:
    """Posterior where an outcome depends on how many in the pool are infected (dilution, measured Ct).

    As `present`, with ``likelihood[row, k] = P(outcome | k infected)`` for k up to the pool's people.
    """
    step = 0 if prior.size == 1 else 1
    widest = 0
    for pool in range(first, last):
        widest = max(widest, offsets[pool + 1] - offsets[pool])
    mine = np.empty(widest, np.float64)
    clean = np.empty(widest, np.float64)
    infected = np.empty(widest, np.float64)
    ahead = np.empty((widest + 1, widest + 1), np.float64)
    behind = np.empty(widest + 2, np.float64)
    for pool in range(first, last):
        start = offsets[pool]
        n = offsets[pool + 1] - start
        for i in range(n):
            mine[i] = prior[(start + i) * step]
        row = likelihood[row_of_pool[pool]]
        total = leave_one_out(mine[:n], row, clean, infected, ahead, behind)
        for i in range(n):
            p_infected[start + i] = mine[i] * infected[i] / total if total > 0.0 else mine[i]
        if evidence.size > 0:
            evidence[pool] = total
