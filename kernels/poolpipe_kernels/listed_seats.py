"""What a round came to for everybody on a list: first swab, first result, and whether all of it is negative."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["IS_NEGATIVE", "IS_POSITIVE", "NEVER", "NOT_COLLECTED", "judge_listed"]

NEVER = np.int64(np.iinfo(np.int64).max)
"""The moment of what has not happened."""

NOT_COLLECTED = np.uint8(0)
IS_NEGATIVE = np.uint8(2)
IS_POSITIVE = np.uint8(4)
_COLLECTED = np.uint8(1)


@kernel
def judge_listed(
    tubes: NDArray[np.int64],
    called_at: NDArray[np.int64],
    calls: NDArray[np.uint8],
    begins: NDArray[np.int64],
    person: NDArray[np.int32],
    at: NDArray[np.int64],
    since: int,
    until: int,
    first_at: NDArray[np.int64],
    first_result: NDArray[np.int64],
    state: NDArray[np.uint8],
) -> None:
    """Fold the swabs of some tubes into the people of a list.

    Parameters
    ----------
    tubes : (k,) int64
        Rows of `begins`.
    called_at : (k,) int64
        When each tube's result was known; `NEVER` where it is not, or is invalid.
    calls : (k,) uint8
        `IS_NEGATIVE`, `IS_POSITIVE` (also suspect), or 0.
    begins : (all tubes + 1,) int64
        Where each tube's people begin among the seats.
    person, at : (seats,) int32 and int64
        Number of the person on each seat, and the moment of the swab; numbers from ``len(state)`` are not on the list.
    since, until : int
        Swabs at ``since <= at < until`` count.
    first_at, first_result : (people,) int64
        In: `NEVER`. Out: the first swab and the first result.
    state : (people,) uint8
        In: `NOT_COLLECTED`. Out: 1 for the collected, with `IS_NEGATIVE` where every tube is, and `IS_POSITIVE` where any is.
    """
    for k in range(len(tubes)):
        tube = tubes[k]
        for seat in range(begins[tube], begins[tube + 1]):
            one = person[seat]
            if one >= len(state) or at[seat] < since or at[seat] >= until:
                continue
            first_at[one] = min(first_at[one], at[seat])
            first_result[one] = min(first_result[one], called_at[k])
            if state[one] == NOT_COLLECTED:
                state[one] = _COLLECTED | calls[k]
            else:
                was_negative = state[one] & calls[k] & IS_NEGATIVE
                was_positive = (state[one] | calls[k]) & IS_POSITIVE
                state[one] = _COLLECTED | was_negative | was_positive
