"""Clear people by negative pools, find those that explain the positive ones, and cut people into pools at least cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["clear_people", "explain_greedily", "find_definite", "partition"]


@kernel
def clear_people(
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    negative: NDArray[np.bool_],
    clear: NDArray[np.bool_],
) -> None:
    """Clear every person who sits in a negative pool.

        #  pool 0 (+)   [0 1 2]
        #  pool 1 (-)       [2 3]
        #  cleared       . . x x

    Parameters
    ----------
    offsets : (pools + 1,) int64
        Where the seats of each pool begin in `members`.
    members : (seats,) int32
        Person of each seat, pool after pool.
    negative : (pools,) bool
        Whether the pool is negative.
    clear : (people,) bool
        In: False. Out: True for a person in any negative pool.
    """
    for pool in range(offsets.size - 1):
        if negative[pool]:
            for seat in range(offsets[pool], offsets[pool + 1]):
                clear[members[seat]] = True


@kernel
def find_definite(
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    positive: NDArray[np.bool_],
    clear: NDArray[np.bool_],
    definite: NDArray[np.bool_],
) -> None:
    """Mark each person who is the only one not cleared in some positive pool.

        #  pool 0 (+)   [0 1 2]   1 and 2 cleared: 0 is infected
        #  pool 1 (+)   [3 4]     either: nothing is certain

    Parameters
    ----------
    offsets, members : (pools + 1,) int64 and (seats,) int32
        People by pool, as in `clear_people`.
    positive : (pools,) bool
        Whether the pool is positive.
    clear : (people,) bool
        As `clear_people` leaves it.
    definite : (people,) bool
        In: False. Out: True for a person who must be infected (definite defectives, Aldridge, Baldassini and
        Johnson 2014).
    """
    for pool in range(offsets.size - 1):
        if not positive[pool]:
            continue
        possible = 0
        last = 0
        for seat in range(offsets[pool], offsets[pool + 1]):
            if not clear[members[seat]]:
                possible += 1
                last = members[seat]
        if possible == 1:
            definite[last] = True


@kernel
def explain_greedily(
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    seats: NDArray[np.int64],
    pools: NDArray[np.int32],
    unexplained: NDArray[np.bool_],
    clear: NDArray[np.bool_],
    infected: NDArray[np.bool_],
) -> None:
    """Add the person who explains the most positive pools until all are explained (greedy set cover, Chvatal 1979).

    Ties go to the lower number.

        #  pool 0 (+) [0 1]   pool 1 (+) [1 2]   ->   1 alone explains both

    Parameters
    ----------
    offsets, members : (pools + 1,) int64 and (seats,) int32
        People by pool, as in `clear_people`.
    seats, pools : (people + 1,) int64 and (seats,) int32
        Pools by person: person v sits in ``pools[seats[v]:seats[v + 1]]``.
    unexplained : (pools,) bool
        In: True for positive pools. Out: True for those in which nobody is left who can explain them.
    clear : (people,) bool
        People who are not infected for certain; they explain nothing.
    infected : (people,) bool
        In: True for those infected for certain. Out: those chosen, too.
    """
    people = clear.size
    explains = np.zeros(people, np.int64)
    for person in range(people):
        if infected[person]:
            for at in range(seats[person], seats[person + 1]):
                unexplained[pools[at]] = False
    for pool in range(offsets.size - 1):
        if unexplained[pool]:
            for seat in range(offsets[pool], offsets[pool + 1]):
                if not clear[members[seat]]:
                    explains[members[seat]] += 1
    while True:
        best = 0
        for person in range(people):
            if explains[person] > explains[best]:
                best = person
        if people == 0 or explains[best] == 0:
            return
        infected[best] = True
        for at in range(seats[best], seats[best + 1]):
            pool = pools[at]
            if unexplained[pool]:
                unexplained[pool] = False
                for seat in range(offsets[pool], offsets[pool + 1]):
                    if not clear[members[seat]]:
                        explains[members[seat]] -= 1


@kernel
def partition(
    chance: NDArray[np.float64],
    largest: int,
    se: float,
    sp: float,
    tests: NDArray[np.float64],
    start: NDArray[np.int64],
) -> None:
    """Cut people in ascending order of probability into two-stage pools with the fewest expected tests.

    A dynamic programme over prefixes (Dorfman 1943 for the cost of a pool). A pool of one is a single test.

        #  chance .01 .01 .02 .3   ->   [.01 .01 .02] [.3]

    Parameters
    ----------
    chance : (people,) float64
        P(infected), ascending, 0 to 1.
    largest : int
        The most people a pool may hold.
    se, sp : float
        Sensitivity and specificity of the test, 0 to 1.
    tests : (people + 1,) float64
        Output: the fewest expected tests for the first i people.
    start : (people + 1,) int64
        Output: where the last pool of the first i people begins; entry 0 is not written.
    """
    tests[0] = 0.0
    for last in range(1, chance.size + 1):
        tests[last] = np.inf
        clean = 1.0
        for size in range(1, min(largest, last) + 1):
            first = last - size
            clean *= 1.0 - chance[first]
            cost = 1.0
            if size > 1:
                cost += size * (se - (se + sp - 1.0) * clean)
            if tests[first] + cost < tests[last]:
                tests[last] = tests[first] + cost
                start[last] = first
