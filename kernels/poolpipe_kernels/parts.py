"""Connected components of people and pools: found, counted, numbered and summed up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["count_parts", "join_pools", "number_parts", "sum_of_parts", "worst_of_parts"]


@kernel("int64[] int32[] bool[] int32[] int32[]")
def join_pools(
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    informative: NDArray[np.bool_],
    last_pool: NDArray[np.int32],
    parent: NDArray[np.int32],
) -> None:
    """Join pools that share a person, with union-find over the pools.

        #  pool 0 [0 1]   pool 1 [1 2]   pool 2 [3]   ->   parent 0 0 2   last_pool 0 1 1 2

    Parameters
    ----------
    offsets, members : (pools + 1,) int64 and (seats,) int32
        People by pool, as `order_by_pool` leaves them.
    informative : (pools,) bool
        Whether the pool's outcome depends on its people; other pools join nothing.
    last_pool : (people,) int32
        In: -1. Out: the last informative pool of each person, -1 where there is none.
    parent : (pools,) int32
        Output: the root of each pool, the lowest pool of its component.
    """
    widest = 0
    for pool in range(offsets.size - 1):
        parent[pool] = pool
        widest = max(widest, offsets[pool + 1] - offsets[pool])
    before = np.empty(widest, np.int32)
    for pool in range(offsets.size - 1):
        if not informative[pool]:
            continue
        start = offsets[pool]
        for i in range(offsets[pool + 1] - start):  # all reads first: the misses overlap instead of queueing
            before[i] = last_pool[members[start + i]]
            last_pool[members[start + i]] = pool
        b = pool
        for i in range(offsets[pool + 1] - start):
            a = before[i]
            if a < 0:
                continue
            while parent[a] != a:
                parent[a] = parent[parent[a]]
                a = parent[a]
            if a < b:
                parent[b] = a
                b = a
            elif b < a:
                parent[a] = b
    for pool in range(offsets.size - 1):
        root = pool
        while parent[root] != root:
            root = parent[root]
        parent[pool] = root


@kernel("int64[] bool[] int32[] int32[] int64[] int64[] int64[]")
def count_parts(
    offsets: NDArray[np.int64],
    informative: NDArray[np.bool_],
    root: NDArray[np.int32],
    of_person: NDArray[np.int32],
    pools: NDArray[np.int64],
    seats: NDArray[np.int64],
    people: NDArray[np.int64],
) -> None:
    """Give each person the root of its component, and count what every component has.

        #  root 0 0 2   of_person 0 1 1 2   ->   of_person 0 0 0 2   people 3 0 1

    Parameters
    ----------
    offsets, informative
        As of `join_pools`.
    root : (pools,) int32
        Root of each pool, as `join_pools` leaves it.
    of_person : (people,) int32
        In: a pool of each person, -1 for none. Out: its root.
    pools, seats, people : (pools,) int64
        In: zeros. Out: informative pools, their seats, and people of each component, by its root.
    """
    for pool in range(root.size):
        if informative[pool]:
            pools[root[pool]] += 1
            seats[root[pool]] += offsets[pool + 1] - offsets[pool]
    for person in range(of_person.size):
        if of_person[person] >= 0:
            part = root[of_person[person]]
            of_person[person] = part
            people[part] += 1


@kernel("int32[] int32[] int32[]")
def number_parts(
    of_person: NDArray[np.int32], number_of_root: NDArray[np.int32], number: NDArray[np.int32]
) -> int:
    """Number components in the order of their first person; whoever is in no pool is one alone.

        #  of_person 4 -1 2 4   ->   number 0 1 2 0   number_of_root . . 2 . 0

    Parameters
    ----------
    of_person : (people,) int32
        Root of each person's component, as `count_parts` leaves it, -1 for none.
    number_of_root : (pools,) int32
        In: -1. Out: number of each root's component; -1 where nobody is in it.
    number : (people,) int32
        Output: number of each person's component.

    Returns
    -------
    int
        How many components there are.
    """
    count = 0
    for person in range(of_person.size):
        root = of_person[person]
        if root < 0:
            number[person] = count
            count += 1
            continue
        if number_of_root[root] < 0:
            number_of_root[root] = count
            count += 1
        number[person] = number_of_root[root]
    return count


@kernel("int32[] float64[] float64[]")
def sum_of_parts(part: NDArray[np.int32], of_each: NDArray[np.float64], sums: NDArray[np.float64]) -> None:
    """Sum a number of each person or pool over the components, as `np.bincount` does without a copy of `part`.

        #  part 0 1 0   of_each .1 .2 .3   ->   sums .4 .2

    Parameters
    ----------
    part : (n,) int32
        Component of each, -1 for those that are left out.
    of_each : (n,) or (1,) float64
        The number of each, or one for all.
    sums : (components,) float64
        In: zeros. Out: the sums, added in the order of the rows.
    """
    step = 0 if of_each.size == 1 else 1
    for row in range(part.size):
        if part[row] >= 0:
            sums[part[row]] += of_each[row * step]


@kernel("int32[] uint8[] float64[] int64 uint8[] float64[]")
def worst_of_parts(
    part: NDArray[np.int32],
    method: NDArray[np.uint8],
    error: NDArray[np.float64],
    approximate: int,
    worst: NDArray[np.uint8],
    largest: NDArray[np.float64],
) -> None:
    """Find the least exact method of each component, and the largest error of those that approximate.

    Parameters
    ----------
    part, method, error : (people,) int32, uint8 and float64
        Component, method and error of each person; NaN for no error.
    approximate : int
        Methods from this one on have an error of their own.
    worst : (components,) uint8
        In: zeros. Out: the greatest method.
    largest : (components,) float64
        In: zeros. Out: the greatest error of a person with an approximate method.
    """
    for person in range(part.size):
        of = part[person]
        worst[of] = max(worst[of], method[person])
        if method[person] >= approximate and error[person] > largest[of]:
            largest[of] = error[person]
