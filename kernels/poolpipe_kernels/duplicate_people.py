"""Find people who occur in several tubes: a first pass finds candidates with bit sets, a second lists their seats."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PART_BITS", "count_parts", "find_suspects", "seats_of_suspects"]

PART_BITS = 11
"""Two thousand parts: 25 million seats make parts of 13 thousand."""

_SKETCH_BITS = 21
"""A bit for each of two million hashes of a part, 256 KB, stays in the second-level cache; with 13 thousand in it
one seat in three hundred is suspected for nothing. A filter for all at once costs a miss of the cache a seat."""

#  seat     person   hash: part  bit  rest      bits of part 5          suspected
#  0        A              5     17   ...       17 set                  no
#  1        B              2      9   ...                               no
#  2        A              5     17   ...       17 was set              yes   -> second look: seats 0 and 2
#
# No person is missed: the bit of the first seat is set when the second one is tested.


@kernel
def _hash(person: int, round_: int) -> np.uint64:
    """Mix a person and a round into 64 bits (splitmix64, Steele et al. 2014).

    Parameters
    ----------
    person : int64
        Code of the person.
    round_ : uint32
        Code of the round.

    Returns
    -------
    uint64
        The hash; equal for equal arguments.
    """
    z = np.uint64(person) + np.uint64(round_ + 1) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


@kernel("uint32[]! int64[]! bool[] uint32[] int64[]")
def count_parts(
    tube: NDArray[np.uint32],
    person: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    rounds: NDArray[np.uint32],
    begins: NDArray[np.int64],
) -> None:
    """Count the seats of each part of the hashes.

    Parameters
    ----------
    tube, person : (seats,) uint32 and int64
        Tube and person of each seat.
    wanted : (tubes,) bool
        Whether the tube's seats are examined.
    rounds : (tubes,) uint32
        Round of each tube.
    begins : (2 ** PART_BITS + 1,) int64
        In: zeros. Out: where each part begins if the parts lie one after the other.
    """
    shift = np.uint64(64 - PART_BITS)
    for seat in range(len(tube)):
        own = tube[seat]
        if wanted[own]:
            begins[np.int64(_hash(person[seat], rounds[own]) >> shift) + 1] += 1
    for part in range(len(begins) - 1):
        begins[part + 1] += begins[part]


@kernel("uint32[]! int64[]! bool[] uint32[] int64[] uint64[]")
def find_suspects(
    tube: NDArray[np.uint32],
    person: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    rounds: NDArray[np.uint32],
    begins: NDArray[np.int64],
    suspects: NDArray[np.uint64],
) -> int:
    """Find the seats whose person may have had an earlier seat in the same round; takes four bytes a seat.

    Parameters
    ----------
    tube, person, wanted, rounds, begins
        As `count_parts` takes and leaves them.
    suspects : (seats,) uint64
        Output: the first 43 bits of the hash of each suspect, plus one.

    Returns
    -------
    int
        How many suspects there are.
    """
    shift = np.uint64(64 - PART_BITS)
    cursors = np.empty(len(begins) - 1, np.int64)
    for part in range(len(cursors)):
        cursors[part] = begins[part]
    rests = np.empty(begins[-1], np.uint32)
    for seat in range(len(tube)):
        own = tube[seat]
        if not wanted[own]:
            continue
        h = _hash(person[seat], rounds[own])
        part = int(h >> shift)
        rests[cursors[part]] = np.uint32((h >> (shift - np.uint64(32))) & np.uint64(0xFFFFFFFF))
        cursors[part] += 1
    found = 0
    bits = np.empty(1 << (_SKETCH_BITS - 6), np.uint64)
    for part in range(len(cursors)):
        if begins[part + 1] - begins[part] < 2:
            continue
        for word in range(len(bits)):
            bits[word] = 0
        for k in range(begins[part], begins[part + 1]):
            rest = np.uint64(rests[k])
            place = rest >> np.uint64(32 - _SKETCH_BITS + 6)
            bit = np.uint64(1) << ((rest >> np.uint64(32 - _SKETCH_BITS)) & np.uint64(63))
            if bits[place] & bit:
                suspects[found] = ((np.uint64(part) << np.uint64(32)) | rest) + np.uint64(1)
                found += 1
            bits[place] |= bit
    return found


@kernel("uint32[]! int64[]! bool[] uint32[] uint64[] uint32[]")
def seats_of_suspects(
    tube: NDArray[np.uint32],
    person: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    rounds: NDArray[np.uint32],
    suspects: NDArray[np.uint64],
    seats: NDArray[np.uint32],
) -> int:
    """List all seats whose hash is among the suspects.

    Parameters
    ----------
    tube, person, wanted, rounds
        As for `count_parts`.
    suspects : (k,) uint64
        As `find_suspects` gives them.
    seats : (2 k,) uint32
        Output: the seats, ascending. 2 k is enough, as only the first seat of a hash is no suspect.

    Returns
    -------
    int
        How many seats there are.
    """
    size = 16
    while size < 4 * len(suspects):
        size *= 2
    table = np.zeros(size, np.uint64)
    mask = np.uint64(size - 1)
    # One bit of a few hundred thousand excludes most seats.
    bits = np.zeros(size // 16, np.uint64)
    bit_mask = np.uint64(4 * size - 1)
    for k in range(len(suspects)):
        key = suspects[k]
        bit = key & bit_mask
        bits[bit >> np.uint64(6)] |= np.uint64(1) << (bit & np.uint64(63))
        place = key & mask
        while table[place] != 0 and table[place] != key:
            place = (place + np.uint64(1)) & mask
        table[place] = key
    shift = np.uint64(64 - PART_BITS - 32)
    found = 0
    for seat in range(len(tube)):
        own = tube[seat]
        if not wanted[own]:
            continue
        key = (_hash(person[seat], rounds[own]) >> shift) + np.uint64(1)
        bit = key & bit_mask
        if not (bits[bit >> np.uint64(6)] >> (bit & np.uint64(63))) & np.uint64(1):
            continue
        place = key & mask
        while table[place] != 0 and table[place] != key:
            place = (place + np.uint64(1)) & mask
        if table[place] == key:
            seats[found] = seat
            found += 1
    return found
