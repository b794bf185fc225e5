"""What odds and outcomes say of each person: posteriors, their part of the evidence, and bounds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["bound_odds", "person_evidence"]


@kernel("float64[] float64[] bool[] int64 int64 float64[] float64[]")
def person_evidence(
    odds: NDArray[np.float64],
    prior_odds: NDArray[np.float64],
    wanted: NDArray[np.bool_],
    first: int,
    last: int,
    p_infected: NDArray[np.float64],
    term: NDArray[np.float64],
) -> None:
    """Write posteriors, and add each person's part of the Bethe log evidence beyond the prior, in one pass.

    Parameters
    ----------
    odds : (people,) float64
        Posterior odds, as `sweep` leaves them; of people without a message the prior ones.
    prior_odds : (people,) float64
        Odds before any message.
    wanted : (people,) bool
        Whose posterior is written.
    first, last : int
        People `first` up to `last` are computed.
    p_infected : (people,) float64
        Output: ``odds / (1 + odds)`` of those wanted.
    term : (people,) float64
        In and out: grows by ``log((1 + odds) / (1 + prior odds))``.
    """
    for person in range(first, last):
        if wanted[person]:
            p_infected[person] = odds[person] / (1.0 + odds[person])
        term[person] += np.log((1.0 + odds[person]) / (1.0 + prior_odds[person]))


@kernel
def bound_odds(
    pools: NDArray[np.int32],
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    row_of_pool: NDArray[np.int64],
    lowest: NDArray[np.float64],
    highest: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> None:
    """Multiply the bounds of each pool's messages into the bounds of its people's odds.

    Parameters
    ----------
    pools : (k,) int32
        The pools to consider.
    offsets, members, row_of_pool
        As in `sweep`.
    lowest, highest : (rows,) float64
        Bounds of P(outcome | one more infected) / P(outcome), whoever else is infected.
    low, high : (people,) float64
        In: prior odds. Out: bounds of the posterior odds.
    """
    for pool in pools:
        for seat in range(offsets[pool], offsets[pool + 1]):
            low[members[seat]] *= lowest[row_of_pool[pool]]
            high[members[seat]] *= highest[row_of_pool[pool]]
