"""Posterior probabilities of people in pools that share nobody, in closed form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["present", "spread_alike"]


@kernel("int64[] int64[] float64[,] float64[] int64 int64 float64[] float64[]")
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
    """Posterior in pools that share nobody, where an outcome depends only on whether anybody is infected.

        #  priors      .01 .02 .03        any = .01 + .99*.02 + .99*.98*.03   (positive terms: no cancelling)
        #  pool 0 (+)  [ 0   1   2 ]  ->  p_i = prior_i * P(+|somebody) / P(+)

    Parameters
    ----------
    offsets : (pools + 1,) int64
        Where the seats of each pool begin; seats are in pool order.
    row_of_pool : (pools,) int64
        Row of `likelihood` for the outcome of each pool.
    likelihood : (rows, 2) float64
        P(outcome | nobody infected) and P(outcome | somebody infected).
    prior : (seats,) or (1,) float64
        P(infected) of each seat, or one for all; 0 to 1.
    first, last : int
        Pools `first` up to `last` are computed.
    p_infected : (seats,) float64
        Output: posterior of each seat of those pools (Bayes' rule); the prior where the outcome is impossible.
    evidence : (pools,) or (0,) float64
        Output: P(outcome) of those pools; empty where it is not wanted.
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


@kernel("int64 int64 int64[] int64[] float64[] float64[]")
def spread_alike(
    first: int,
    last: int,
    offsets: NDArray[np.int64],
    begins: NDArray[np.int64],
    alike: NDArray[np.float64],
    p_infected: NDArray[np.float64],
) -> None:
    """Copy to the seats `first` up to `last` what the same seat of an equal pool has.

    Parameters
    ----------
    first, last : int
        Seats to fill.
    offsets : (pools + 1,) int64
        Where each pool's seats begin.
    begins : (pools,) int64
        Where the seats of the pool that equals this one begin in `alike`.
    alike : (seats of distinct pools,) float64
        The values, computed once for equal pools.
    p_infected : (last - first,) float64
        Output.
    """
    pool = 0
    beyond = len(begins)
    while pool < beyond:  # the first pool that ends behind `first`
        middle = (pool + beyond) // 2
        if offsets[middle + 1] <= first:
            pool = middle + 1
        else:
            beyond = middle
    for seat in range(first, last):
        while offsets[pool + 1] <= seat:
            pool += 1
        p_infected[seat - first] = alike[begins[pool] + seat - offsets[pool]]
