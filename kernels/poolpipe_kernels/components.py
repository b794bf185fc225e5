"""Seats by pool, what certain outcomes settle in them, and a component copied out of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "compact",
    "count_seats",
    "drop_repeats",
    "extract",
    "order_by_pool",
    "settle",
    "sum_by_pool",
    "tally",
]


@kernel
def order_by_pool(
    pool_of_seat: NDArray[np.int32],
    person_of_seat: NDArray[np.int32],
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
) -> None:
    """Sort seats by pool with a counting sort; the order within a pool stays.

        #  pool_of_seat 1 0 1   person_of_seat 7 8 9   ->   offsets 0 1 3   members 8 | 7 9

    Parameters
    ----------
    pool_of_seat, person_of_seat : (seats,) int32
        Pool and person of each seat, from 0.
    offsets : (pools + 1,) int64
        In: zeros. Out: where the seats of each pool begin in `members`.
    members : (seats,) int32
        Output: person of each seat, pool after pool.
    """
    for seat in range(pool_of_seat.size):
        offsets[pool_of_seat[seat] + 1] += 1
    for pool in range(offsets.size - 1):
        offsets[pool + 1] += offsets[pool]
    for seat in range(pool_of_seat.size):
        pool = pool_of_seat[seat]
        members[offsets[pool]] = person_of_seat[seat]
        offsets[pool] += 1
    for pool in range(offsets.size - 1, 0, -1):
        offsets[pool] = offsets[pool - 1]
    offsets[0] = 0


@kernel("int32[]! int64[]")
def count_seats(pool_of_seat: NDArray[np.int32], offsets: NDArray[np.int64]) -> bool:
    """Count the seats of each pool, and tell whether they lie pool after pool already.

        #  pool_of_seat 0 0 2   ->   offsets 0 2 2 3, True

    Parameters
    ----------
    pool_of_seat : (seats,) int32
        Pool of each seat, from 0.
    offsets : (pools + 1,) int64
        In: zeros. Out: where the seats of each pool begin, if they lie pool after pool.

    Returns
    -------
    bool
        Whether no seat lies behind one of a later pool.
    """
    before = np.int32(0)
    ordered = True
    for seat in range(pool_of_seat.size):
        pool = pool_of_seat[seat]
        offsets[pool + 1] += 1
        ordered &= pool >= before
        before = pool
    for pool in range(offsets.size - 1):
        offsets[pool + 1] += offsets[pool]
    return ordered


@kernel("int64[] int32[] int32[]")
def drop_repeats(offsets: NDArray[np.int64], members: NDArray[np.int32], last_pool: NDArray[np.int32]) -> int:
    """Keep one seat of each person in a pool, the first; `offsets` and `members` are changed in place.

        #  members [4 5 4 | 5]   ->   [4 5 | 5]

    Parameters
    ----------
    offsets : (pools + 1,) int64
        Where the seats of each pool begin, before and after.
    members : (seats,) int32
        Person of each seat, pool after pool. What lies behind the seats left is not meant to be read.
    last_pool : (people,) int32
        In: -1. Scratch.

    Returns
    -------
    int
        How many seats are left.
    """
    kept = 0
    start = offsets[0]
    for pool in range(offsets.size - 1):
        stop = offsets[pool + 1]
        first = kept
        small = stop - start <= 32  # comparing all pairs beats a random access per seat: 5x for pools of ten
        for seat in range(start, stop):
            person = members[seat]
            repeated = False
            if small:
                for other in range(first, kept):
                    repeated |= members[other] == person
            else:
                repeated = last_pool[person] == pool
                last_pool[person] = pool
            if not repeated:
                members[kept] = person
                kept += 1
        start = stop
        offsets[pool + 1] = kept
    return kept


@kernel("int64[] int32[] int8[] int64[] int64[]")
def tally(
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    state: NDArray[np.int8],
    infected: NDArray[np.int64],
    unknown: NDArray[np.int64],
) -> None:
    """Count each pool's people who are certainly infected and those who are not known.

    Parameters
    ----------
    offsets, members : (pools + 1,) int64 and (seats,) int32
        People by pool, as `order_by_pool` leaves them.
    state : (people,) int8
        1 certainly infected, 0 certainly clean, -1 not known.
    infected, unknown : (pools,) int64
        In: zeros. Out: the counts.
    """
    for pool in range(offsets.size - 1):
        for seat in range(offsets[pool], offsets[pool + 1]):
            infected[pool] += state[members[seat]] == 1
            unknown[pool] += state[members[seat]] < 0


@kernel("int64[] int32[] int8[] bool[] int64[] int32[]")
def compact(
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    state: NDArray[np.int8],
    keep: NDArray[np.bool_],
    new_offsets: NDArray[np.int64],
    new_members: NDArray[np.int32],
) -> int:
    """Copy the seats of unknown people in the pools to keep; other pools stay in the numbering, empty.

    Parameters
    ----------
    offsets, members : (pools + 1,) int64 and (seats,) int32
        People by pool, as `order_by_pool` leaves them.
    state : (people,) int8
        -1 for a person who is not known; others are left out.
    keep : (pools,) bool
        Whether the pool is kept.
    new_offsets, new_members : (pools + 1,) int64 and (seats at most,) int32
        Output: people by pool, in the same form.

    Returns
    -------
    int
        How many seats were copied.
    """
    kept = 0
    new_offsets[0] = 0
    for pool in range(offsets.size - 1):
        if keep[pool]:
            for seat in range(offsets[pool], offsets[pool + 1]):
                if state[members[seat]] < 0:
                    new_members[kept] = members[seat]
                    kept += 1
        new_offsets[pool + 1] = kept
    return kept


@kernel
def settle(
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    row_of_pool: NDArray[np.int64],
    likelihood: NDArray[np.float64],
    counts_matter: bool,
    state: NDArray[np.int8],
    impossible: NDArray[np.bool_],
) -> int:
    """Settle the people whose state a single outcome proves; one pass over all pools.

    Among the counts of infected that a pool can still have, those with likelihood 0 are struck out. If only "none more"
    is left, its unknown people are clean; if only "all of them", they are infected; if nothing is left, the pool is
    impossible.

        #  perfect test   pool 0 (-) [0 1]   -> 0, 1 clean;   pool 1 (+) [1 2]   -> 2 infected (1 is clean)

    Parameters
    ----------
    offsets, members : (pools + 1,) int64 and (seats,) int32
        People by pool, as `order_by_pool` leaves them.
    row_of_pool : (pools,) int64
        Row of `likelihood` for the outcome of each pool.
    likelihood : (rows, 2 or counts) float64
        P(outcome | k infected), 0 to 1. Without `counts_matter` column 1 stands for one or more.
    counts_matter : bool
        Whether the outcome depends on the count of infected, not only on whether there is any.
    state : (people,) int8
        -1 not known, 0 certainly clean, 1 certainly infected; changed in place.
    impossible : (pools,) bool
        In: False. Out: True where no count is possible.

    Returns
    -------
    int
        How many people were settled; repeat until it is 0.
    """
    settled = 0
    for pool in range(offsets.size - 1):
        known = 0
        unknown = 0
        for seat in range(offsets[pool], offsets[pool + 1]):
            known += state[members[seat]] == 1
            unknown += state[members[seat]] < 0
        fewest = -1
        most = -1
        for k in range(known, known + unknown + 1):
            column = k if counts_matter else min(k, 1)
            if likelihood[row_of_pool[pool], column] > 0.0:
                if fewest < 0:
                    fewest = k
                most = k
        if fewest < 0:
            impossible[pool] = True
        elif unknown > 0 and (most == known or fewest == known + unknown):
            proven = 0 if most == known else 1
            for seat in range(offsets[pool], offsets[pool + 1]):
                if state[members[seat]] < 0:
                    state[members[seat]] = proven
                    settled += 1
    return settled


@kernel
def extract(
    pools: NDArray[np.int32],
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    place: NDArray[np.int32],
    people: NDArray[np.int32],
    local_offsets: NDArray[np.int64],
    local_members: NDArray[np.int32],
) -> int:
    """Copy one component, with its people numbered from 0 in the order in which they occur.

    Parameters
    ----------
    pools : (k,) int32
        The component's pools.
    offsets, members : (pools + 1,) int64 and (seats,) int32
        People by pool, of all components.
    place : (people,) int32
        In and out: -1. Scratch.
    people : (at least the component's people,) int32
        Output: the global number of each person of the component.
    local_offsets, local_members : (k + 1,) int64 and (the component's seats,) int32
        Output: people by pool, in local numbers.

    Returns
    -------
    int
        How many people the component has.
    """
    count = 0
    filled = 0
    for at in range(pools.size):
        local_offsets[at] = filled
        for seat in range(offsets[pools[at]], offsets[pools[at] + 1]):
            person = members[seat]
            if place[person] < 0:
                place[person] = count
                people[count] = person
                count += 1
            local_members[filled] = place[person]
            filled += 1
    local_offsets[pools.size] = filled
    for i in range(count):
        place[people[i]] = -1
    return count


@kernel("int64[] int32[] float64[] float64[]")
def sum_by_pool(
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    of_person: NDArray[np.float64],
    sums: NDArray[np.float64],
) -> None:
    """Sum a number of each person over the people of every pool.

        #  members [0 1 | 1 2]   of_person .1 .2 .3   ->   sums .3 .5

    Parameters
    ----------
    offsets, members : (pools + 1,) int64 and (seats,) int32
        People by pool, as `order_by_pool` leaves them.
    of_person : (people,) float64
        The number of each person.
    sums : (pools,) float64
        Output.
    """
    for pool in range(offsets.size - 1):
        total = 0.0
        for seat in range(offsets[pool], offsets[pool + 1]):
            total += of_person[members[seat]]
        sums[pool] = total
