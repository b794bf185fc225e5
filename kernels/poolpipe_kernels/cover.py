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
    """Clear everybody who sits in a negative pool.

        #  pool 0 (+)   [0 1 2]
        #  pool 1 (-)       [2 3]
        #  cleared       . . x x

    `clear` (per person) is false at first.
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
    """Mark who is the only one not cleared in some positive pool.

        #  pool 0 (+)   [0 1 2]   1 and 2 cleared: 0 is infected
        #  pool 1 (+)   [3 4]     either: nothing is certain

    `definite` (per person) is false at first.
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
    """Add the person who explains most positive pools until all are explained; ties go to the lower number.

        #  pool 0 (+) [0 1]   pool 1 (+) [1 2]   ->   1 alone explains both

    Person v sits in ``pools[seats[v]:seats[v + 1]]``. `unexplained` (per pool) starts true for positive pools
    and ends true only where nobody is left to explain; `infected` starts with who is certain.
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
    """Cut people in ascending order of `chance` into two-stage pools with the fewest tests expected.

    ``tests[i]`` becomes the fewest for the first i people, ``start[i]`` where their last pool begins (both
    people + 1 long). A pool of one is a single test.

        #  chance .01 .01 .02 .3   ->   [.01 .01 .02] [.3]
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
