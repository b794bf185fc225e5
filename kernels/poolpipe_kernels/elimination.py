"""Exact inference by variable elimination over pools; sums of positive terms."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["OPEN", "PERSON", "SHUT", "eliminate", "schedule"]

OPEN, PERSON, SHUT = 0, 1, 2


@kernel
def schedule(
    seats: NDArray[np.int64],
    pools: NDArray[np.int32],
    base: NDArray[np.int64],
    most_states: float,
    kinds: NDArray[np.int8],
    subjects: NDArray[np.int32],
) -> tuple[int, float, float]:
    """Choose the order in which people are taken in and pools are opened and summed out.

    At every moment the state is one number for every open pool. The person who makes the state grow least comes next.

        #  array 3 x 3   row 0 with all columns open, row 0 shut, row 1 ...: 2 * 2**3 states at most, not 2**9

    Parameters
    ----------
    seats, pools : (people + 1,) int64 and (seats,) int32
        Pools by person: person v sits in ``pools[seats[v]:seats[v + 1]]``.
    base : (pools,) int64
        A pool's outcome depends on a number from 0 and below this.
    most_states : float
        Nothing is planned (0 steps) when the state would exceed this.
    kinds : (people + 2 pools,) int8
        Output: `OPEN`, `PERSON` or `SHUT` of each step.
    subjects : (people + 2 pools,) int32
        Output: the pool or the person of each step.

    Returns
    -------
    steps, kept, largest : int, float, float
        How many steps there are, the states before each person summed, and the largest state.
    """
    people = seats.size - 1
    left = np.zeros(base.size, np.int64)
    for at in range(pools.size):
        left[pools[at]] += 1
    is_open = np.zeros(base.size, np.bool_)
    taken = np.zeros(people, np.bool_)
    states = 1.0
    kept = 0.0
    largest = 1.0
    step = 0
    for _ in range(people):
        best = -1
        least = np.inf
        for v in range(people):
            if taken[v]:
                continue
            growth = 0.0
            for at in range(seats[v], seats[v + 1]):
                if not is_open[pools[at]]:
                    growth += np.log(base[pools[at]])
                if left[pools[at]] == 1:
                    growth -= 0.5 * np.log(base[pools[at]])
            if growth < least - 1e-12:
                least = growth
                best = v
        taken[best] = True
        for at in range(seats[best], seats[best + 1]):
            if not is_open[pools[at]]:
                is_open[pools[at]] = True
                states *= base[pools[at]]
                kinds[step] = OPEN
                subjects[step] = pools[at]
                step += 1
        largest = max(largest, states)
        if states > most_states:
            return 0, kept, largest
        kept += states
        kinds[step] = PERSON
        subjects[step] = best
        step += 1
        for at in range(seats[best], seats[best + 1]):
            left[pools[at]] -= 1
            if left[pools[at]] == 0:
                states /= base[pools[at]]
                kinds[step] = SHUT
                subjects[step] = pools[at]
                step += 1
    return step, kept, largest


@kernel
def _shift(
    seats: NDArray[np.int64],
    pools: NDArray[np.int32],
    person: int,
    touches: int,
    stride_of: NDArray[np.int64],
) -> int:
    """How far the state moves when the pools marked in `touches` have one infected person more.

    Parameters
    ----------
    seats, pools : (people + 1,) int64 and (seats,) int32
        Pools by person, as in `schedule`.
    person : int
        The person who is taken in.
    touches : int
        Bit i: whether the person counts as infected in the i-th of the person's pools.
    stride_of : (pools,) int64
        Step in the state of one infected more, of open pools.

    Returns
    -------
    int
        The sum of the strides.
    """
    shift = 0
    for at in range(seats[person], seats[person + 1]):
        if (touches >> (at - seats[person])) & 1:
            shift += stride_of[pools[at]]
    return shift


@kernel
def eliminate(
    seats: NDArray[np.int64],
    pools: NDArray[np.int32],
    choices: NDArray[np.int64],
    weight: NDArray[np.float64],
    touches: NDArray[np.int64],
    likelihood: NDArray[np.float64],
    base: NDArray[np.int64],
    kinds: NDArray[np.int8],
    subjects: NDArray[np.int32],
    kept: NDArray[np.float64],
    largest: int,
    chance: NDArray[np.float64],
    nobody: NDArray[np.float64],
) -> float:
    """Run a `schedule` forwards and backwards, with products and sums of positive numbers only.

    Forward-backward on the states (Lauritzen and Spiegelhalter 1988 on a path), rescaled at each shut pool.

    Parameters
    ----------
    seats, pools : (people + 1,) int64 and (seats,) int32
        Pools by person, as in `schedule`.
    choices : (people + 1,) int64
        Where the choices of each person begin: clean and infected, or whole histories.
    weight : (choices,) float64
        Prior of each choice.
    touches : (choices,) int64
        Bit i: whether the choice counts as infected in the i-th of the person's pools.
    likelihood : (pools, base at least) float64
        P(outcome | k infected).
    base : (pools,) int64
        As in `schedule`. If all are 2, numbers saturate ("somebody"), else they count.
    kinds, subjects : (steps,) int8 and int32
        As `schedule` leaves them.
    kept : (states kept,) float64
        Scratch: the states before each person.
    largest : int
        The largest state.
    chance : (choices,) float64
        Output: posterior of each choice.
    nobody : (pools,) float64
        Output: P(nobody in the pool is infected | outcomes).

    Returns
    -------
    float
        The natural log of the evidence; -inf where the outcomes are impossible.
    """
    saturates = True
    for pool in range(base.size):
        saturates &= base[pool] == 2
    here = np.zeros(largest, np.float64)
    there = np.zeros(largest, np.float64)
    open_pools = np.empty(base.size, np.int32)
    position = np.empty(kinds.size, np.int32)
    stride_of = np.zeros(base.size, np.int64)
    opened = 0
    size = 1
    here[0] = 1.0
    log_scale = 0.0
    filled = 0
    for step in range(kinds.size):
        subject = subjects[step]
        if kinds[step] == OPEN:
            open_pools[opened] = subject
            stride_of[subject] = size
            opened += 1
            for s in range(size, size * base[subject]):
                here[s] = 0.0
            size *= base[subject]
        elif kinds[step] == PERSON:
            for s in range(size):  # one by one: slices would take a second to compile
                kept[filled + s] = here[s]
                there[s] = 0.0
            filled += size
            for choice in range(choices[subject], choices[subject + 1]):
                shift = _shift(seats, pools, subject, touches[choice], stride_of)
                for s in range(size):
                    if here[s] > 0.0:
                        there[s | shift if saturates else s + shift] += weight[choice] * here[s]
            here, there = there, here
        else:
            stride = stride_of[subject]
            wide = base[subject]
            for high in range(size // (stride * wide)):
                for low in range(stride):
                    total = 0.0
                    for k in range(wide):
                        total += here[(high * wide + k) * stride + low] * likelihood[subject, k]
                    there[high * stride + low] = total
            here, there = there, here
            size //= wide
            place = 0
            while open_pools[place] != subject:
                place += 1
            position[step] = place
            for later in range(place + 1, opened):
                stride_of[open_pools[later]] //= wide
                open_pools[later - 1] = open_pools[later]
            opened -= 1
            scale = 0.0
            for s in range(size):
                scale += here[s]
            if not scale > 0.0:
                return -np.inf
            for s in range(size):
                here[s] /= scale
            log_scale += np.log(scale)
    log_evidence = log_scale + np.log(here[0])
    here[0] = 1.0
    shut_here = np.empty(base.size, np.int32)  # pools of which this person is the last
    shut = 0
    for step in range(kinds.size - 1, -1, -1):
        subject = subjects[step]
        if kinds[step] == OPEN:
            opened -= 1
            size //= base[subject]
        elif kinds[step] == PERSON:
            filled -= size
            for s in range(size):
                there[s] = 0.0
            everything = 0.0
            for choice in range(choices[subject], choices[subject + 1]):
                shift = _shift(seats, pools, subject, touches[choice], stride_of)
                mine = 0.0
                for s in range(size):
                    if kept[filled + s] > 0.0:
                        after = weight[choice] * here[s | shift if saturates else s + shift]
                        there[s] += after
                        mine += kept[filled + s] * after
                chance[choice] = mine
                everything += mine
            for choice in range(choices[subject], choices[subject + 1]):
                chance[choice] /= everything
            for at in range(shut):
                pool = shut_here[at]
                stride = stride_of[pool]
                none = 0.0
                for choice in range(choices[subject], choices[subject + 1]):
                    touched = False
                    for seat in range(seats[subject], seats[subject + 1]):
                        bit = (touches[choice] >> (seat - seats[subject])) & 1
                        touched |= pools[seat] == pool and bit == 1
                    if touched:
                        continue
                    shift = _shift(seats, pools, subject, touches[choice], stride_of)
                    for high in range(size // (stride * base[pool])):
                        for s in range(high * stride * base[pool], high * stride * base[pool] + stride):
                            none += (
                                kept[filled + s]
                                * weight[choice]
                                * here[s | shift if saturates else s + shift]
                            )
                nobody[pool] = none / everything
            shut = 0
            here, there = there, here
        else:
            shut_here[shut] = subject
            shut += 1
            wide = base[subject]
            for later in range(opened, position[step], -1):
                open_pools[later] = open_pools[later - 1]
                stride_of[open_pools[later]] *= wide
            open_pools[position[step]] = subject
            opened += 1
            stride = 1
            for earlier in range(position[step]):
                stride *= base[open_pools[earlier]]
            stride_of[subject] = stride
            largest_value = 0.0
            for s in range(size):
                largest_value = max(largest_value, here[s])
            for high in range(size // stride):
                for low in range(stride):
                    value = here[high * stride + low] / largest_value
                    for k in range(wide):
                        there[(high * wide + k) * stride + low] = value * likelihood[subject, k]
            here, there = there, here
            size *= wide
    return float(log_evidence)
