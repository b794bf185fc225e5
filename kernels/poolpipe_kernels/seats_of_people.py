"""Find the seats of a few people among those of a city."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["seats_of_people"]


@kernel("int64[]! int64[] bool[] uint32[]")
def seats_of_people(
    person: NDArray[np.int64], wanted: NDArray[np.int64], known: NDArray[np.bool_], seats: NDArray[np.uint32]
) -> int:
    """List the seats of some people, by one scan of everybody's.

    Parameters
    ----------
    person : (seats,) int64
        Key of each seat's person.
    wanted : (k,) int64, k > 0
        Keys, ascending and distinct.
    known : (seats,) bool
        Seats that are left out: of millions of people most are known already, and looking each up is what takes time.
    seats : (seats,) uint32
        Output: the seats, ascending.

    Returns
    -------
    int
        How many there are.
    """
    size = 64
    while size < 32 * len(wanted):
        size *= 2
    # One bit of thirty-two or more is set: nearly all strangers cost one look-up in a small table.
    bits = np.zeros(size // 64, np.uint64)
    shift = np.uint64(64)
    while size > 1:
        size //= 2
        shift -= np.uint64(1)
    mix = np.uint64(0x9E3779B97F4A7C15)
    for k in range(len(wanted)):
        bit = (np.uint64(wanted[k]) * mix) >> shift
        bits[bit >> np.uint64(6)] |= np.uint64(1) << (bit & np.uint64(63))
    found = 0
    for seat in range(len(person)):
        if known[seat]:
            continue
        key = person[seat]
        bit = (np.uint64(key) * mix) >> shift
        if not (bits[bit >> np.uint64(6)] >> (bit & np.uint64(63))) & np.uint64(1):
            continue
        first, last = 0, len(wanted)
        while first < last:
            middle = (first + last) // 2
            if wanted[middle] < key:
                first = middle + 1
            else:
                last = middle
        if first < len(wanted) and wanted[first] == key:
            seats[found] = seat
            found += 1
    return found
