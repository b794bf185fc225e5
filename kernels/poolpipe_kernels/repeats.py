"""Who comes again among millions of seats: a filter of bits finds the suspects, a second look all their seats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SEATS_A_WORD", "find_suspects", "seats_of_suspects"]

SEATS_A_WORD = 6
"""Seats a word of the filter is for: with three bits each, about one in two hundred is suspected for nothing."""

#  seat     person   word   bits set        suspected
#  0        A        5      3 17 40         no: some bit of word 5 was clear
#  1        B        2      9 11 60         no
#  2        A        5      3 17 40         yes: all three were set      -> second look: seats 0 and 2
#
# A filter blocked by words costs one miss of the cache a seat (Putze, Sanders, Singler 2009), and a fifth of
# the memory of 25 million hashes. It forgets nobody: whoever comes again finds the bits of the first time.


@kernel
def _hash(person: int, round_: int) -> np.uint64:
    """Mix a person and a round (splitmix64, Steele et al. 2014); never 0."""
    z = np.uint64(person) + np.uint64(round_ + 1) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return z if z != 0 else np.uint64(1)


@kernel
def find_suspects(
    tube: NDArray[np.uint32],
    person: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    rounds: NDArray[np.uint32],
    words: NDArray[np.uint64],
    suspects: NDArray[np.uint64],
) -> int:
    """Find seats whose person may have had another seat in the same round before.

    Parameters
    ----------
    tube, person : (seats,)
    wanted : (tubes,) bool
        Whether a tube's seats are looked at.
    rounds : (tubes,) uint32
    words : (m,) uint64, m < 2**32
        The filter: zeros before, one word for every `SEATS_A_WORD` seats or so.
    suspects : (seats,) uint64
        Output: hash of person and round of each suspect.

    Returns
    -------
    int
        How many suspects there are.
    """
    found = 0
    size = np.uint64(len(words))
    for seat in range(len(tube)):
        own = tube[seat]
        if not wanted[own]:
            continue
        h = _hash(person[seat], rounds[own])
        place = ((h >> np.uint64(32)) * size) >> np.uint64(32)
        bits = (
            (np.uint64(1) << (h & np.uint64(63)))
            | (np.uint64(1) << ((h >> np.uint64(6)) & np.uint64(63)))
            | (np.uint64(1) << ((h >> np.uint64(12)) & np.uint64(63)))
        )
        word = words[place]
        if word & bits == bits:
            suspects[found] = h
            found += 1
        else:
            words[place] = word | bits
    return found


@kernel
def seats_of_suspects(
    tube: NDArray[np.uint32],
    person: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    rounds: NDArray[np.uint32],
    suspects: NDArray[np.uint64],
    bits: NDArray[np.uint64],
    table: NDArray[np.uint64],
    seats: NDArray[np.uint32],
) -> int:
    """List all seats whose hash is among the suspects.

    Parameters
    ----------
    tube, person, wanted, rounds
        As for `find_suspects`.
    suspects : (k,) uint64
        As `find_suspects` gives them.
    bits : (b,) uint64, b a power of two
        Zeros: one bit in 64 b is set for each suspect; most seats are told apart by that alone.
    table : (m,) uint64, m a power of two and over k
        Zeros: room for a hash table.
    seats : (2 k,) uint32
        Output: the seats, ascending; that is room enough, as only the first seat of a hash is no suspect.

    Returns
    -------
    int
        How many seats there are.
    """
    mask = np.uint64(len(table) - 1)
    bit_mask = np.uint64(64 * len(bits) - 1)
    for k in range(len(suspects)):
        bit = (suspects[k] >> np.uint64(20)) & bit_mask
        bits[bit >> np.uint64(6)] |= np.uint64(1) << (bit & np.uint64(63))
        place = suspects[k] & mask
        while table[place] != 0 and table[place] != suspects[k]:
            place = (place + np.uint64(1)) & mask
        table[place] = suspects[k]
    found = 0
    for seat in range(len(tube)):
        own = tube[seat]
        if not wanted[own]:
            continue
        h = _hash(person[seat], rounds[own])
        bit = (h >> np.uint64(20)) & bit_mask
        if not (bits[bit >> np.uint64(6)] >> (bit & np.uint64(63))) & np.uint64(1):
            continue
        place = h & mask
        while table[place] != 0 and table[place] != h:
            place = (place + np.uint64(1)) & mask
        if table[place] == h:
            seats[found] = seat
            found += 1
    return found
