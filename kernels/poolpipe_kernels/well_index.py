"""Number the wells that occur by plate and position, and group readings by well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "WORDS",
    "group_readings",
    "list_slots",
    "mark_slots",
    "number_slots",
    "rank_slots",
    "rows_in_slots",
]

WORDS = 6
"""Words of 64 bits a plate has, one bit a position: 384."""

#  plate 0, positions 0 2 3 seen     bits 1101      number of (0, 2) = rank 0 + one bit below = 1
#  plate 1, position    1 seen       bits 0010      number of (1, 1) = rank 3 + none below    = 3
#
# Bits and ranks of 26 thousand plates are 2 MB and stay in the cache; a table of all positions would not.


@kernel
def _count_bits(word: np.uint64) -> int:
    """How many bits are set; machines have an instruction for it, which compilers know by this form."""
    word -= (word >> np.uint64(1)) & np.uint64(0x5555555555555555)
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@kernel
def _number(plate: int, position: int, bits: NDArray[np.uint64], ranks: NDArray[np.uint32]) -> int:
    """Number of a well: how many marked wells come before it.

    Parameters
    ----------
    plate, position : int
        The well; its bit must be set.
    bits, ranks : (plates, WORDS) uint64 and uint32
        As `mark_slots` and `rank_slots` leave them.

    Returns
    -------
    int
        From 0.
    """
    word = position >> 6
    below = bits[plate, word] & ((np.uint64(1) << np.uint64(position & 63)) - np.uint64(1))
    return int(ranks[plate, word]) + _count_bits(below)


@kernel("uint32[]! int32[]! uint64[,]")
def mark_slots(plate: NDArray[np.uint32], position: NDArray[np.int32], bits: NDArray[np.uint64]) -> None:
    """Set the bit of every position of a plate that occurs.

    Parameters
    ----------
    plate : (n,) uint32
        Plate of each row, from 0.
    position : (n,) int32
        Position of each row on its plate, 0 to 383.
    bits : (plates, WORDS) uint64
        In: zeros, or as an earlier call left them. Out: one bit for each position that occurs.
    """
    for row in range(len(plate)):
        bits[plate[row], position[row] >> 6] |= np.uint64(1) << np.uint64(position[row] & 63)


@kernel("uint64[,] uint32[,]")
def rank_slots(bits: NDArray[np.uint64], ranks: NDArray[np.uint32]) -> int:
    """Count the bits before each word.

    Parameters
    ----------
    bits : (plates, WORDS) uint64
        As `mark_slots` leaves them.
    ranks : (plates, WORDS) uint32
        Output: how many bits are set in all words before.

    Returns
    -------
    int
        How many bits are set: the number of wells.
    """
    before = 0
    for plate in range(bits.shape[0]):
        for word in range(bits.shape[1]):
            ranks[plate, word] = before
            before += _count_bits(bits[plate, word])
    return before


@kernel("uint64[,] int64[]")
def list_slots(bits: NDArray[np.uint64], slots: NDArray[np.int64]) -> None:
    """List plate * 384 + position of each bit that is set.

    Parameters
    ----------
    bits : (plates, WORDS) uint64
        As `mark_slots` leaves them.
    slots : (wells,) int64
        Output: ascending.
    """
    filled = 0
    for plate in range(bits.shape[0]):
        for word in range(bits.shape[1]):
            left = bits[plate, word]
            position = np.int64(64 * (plate * bits.shape[1] + word))
            while left != 0:
                if left & np.uint64(1):
                    slots[filled] = position
                    filled += 1
                left >>= np.uint64(1)
                position += 1


@kernel("uint32[]! int32[]! uint64[,] uint32[,] uint32[]")
def number_slots(
    plate: NDArray[np.uint32],
    position: NDArray[np.int32],
    bits: NDArray[np.uint64],
    ranks: NDArray[np.uint32],
    wells: NDArray[np.uint32],
) -> None:
    """Write the number of each row's well, its index among `list_slots`.

    Parameters
    ----------
    plate, position, bits, ranks
        As `mark_slots` and `rank_slots` take and leave them.
    wells : (n,) uint32
        Output: number of each row's well.
    """
    for row in range(len(plate)):
        wells[row] = _number(plate[row], position[row], bits, ranks)


@kernel("uint32[]! int32[]! uint64[,] uint32[,] uint32[] uint32[]")
def group_readings(
    plate: NDArray[np.uint32],
    position: NDArray[np.int32],
    bits: NDArray[np.uint64],
    ranks: NDArray[np.uint32],
    begins: NDArray[np.uint32],
    rows: NDArray[np.uint32],
) -> None:
    """Group the rows by well, with a counting sort.

    Parameters
    ----------
    plate, position : (n,) uint32 and int32, n < 2**32
        Plate and position of each row, as `mark_slots` has seen them.
    bits, ranks : (plates, WORDS) uint64 and uint32
        As `mark_slots` and `rank_slots` leave them.
    begins : (wells + 2,) uint32
        In: zeros. Out: where each well's rows begin; those of the last end at ``begins[wells]``.
    rows : (n,) uint32
        Output: row numbers, well after well, ascending in each.
    """
    for row in range(len(plate)):
        begins[_number(plate[row], position[row], bits, ranks) + 2] += np.uint32(1)
    for well in range(2, len(begins)):
        begins[well] += begins[well - 1]
    # One place ahead of its well, each beginning is the cursor of its well, and in place once all are moved.
    for row in range(len(plate)):
        well = _number(plate[row], position[row], bits, ranks)
        rows[begins[well + 1]] = row
        begins[well + 1] += np.uint32(1)


@kernel("uint32[]! int32[]! bool[] uint32[]")
def rows_in_slots(
    plate: NDArray[np.uint32],
    position: NDArray[np.int32],
    marked: NDArray[np.bool_],
    rows: NDArray[np.uint32],
) -> int:
    """List the rows whose well is marked.

    Parameters
    ----------
    plate, position : (n,) uint32 and int32, n < 2**32
        Plate and position of each row.
    marked : (plates * 384,) bool
        Which wells are looked for, by plate * 384 + position; those behind its end are not.
    rows : (n,) uint32
        Output: the rows, ascending; only its beginning is written.

    Returns
    -------
    int
        How many rows there are.
    """
    found = 0
    for row in range(len(plate)):
        slot = np.int64(plate[row]) * (64 * WORDS) + position[row]
        if slot < len(marked) and marked[slot]:
            rows[found] = row
            found += 1
    return found
