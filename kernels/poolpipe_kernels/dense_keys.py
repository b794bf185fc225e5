"""Number keys in their order by one bit for each key there could be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["mark_keys", "number_marked_keys"]


@kernel("uint64[] uint64[] int32[]")
def mark_keys(keys: NDArray[np.uint64], marks: NDArray[np.uint64], before: NDArray[np.int32]) -> int:
    """Mark the bit of each key, and count the marks.

    Parameters
    ----------
    keys : (n,) uint64
        Below ``64 * len(marks)``.
    marks : (words,) uint64
        In: zeros. Out: bit ``key % 64`` of word ``key // 64`` is 1 for each key.
    before : (words,) int32
        Output: how many bits are 1 in the words before.

    Returns
    -------
    int
        How many distinct keys there are.
    """
    for i in range(len(keys)):
        marks[keys[i] >> np.uint64(6)] |= np.uint64(1) << (keys[i] & np.uint64(63))
    found = np.int32(0)
    for word in range(len(marks)):
        before[word] = found
        found += _ones(marks[word])
    return int(found)


@kernel("uint64[] uint64[] int32[] int32[] uint32[]")
def number_marked_keys(
    keys: NDArray[np.uint64],
    marks: NDArray[np.uint64],
    before: NDArray[np.int32],
    numbers: NDArray[np.int32],
    rows: NDArray[np.uint32],
) -> None:
    """Number each key among the distinct keys, ascending.

    Parameters
    ----------
    keys : (n,) uint64
    marks, before
        As `mark_keys` leaves them.
    numbers : (n,) int32
        Output: from 0; equal for equal keys.
    rows : (distinct,) uint32
        Output: for each number the first row of its key.
    """
    for row in range(len(keys) - 1, -1, -1):
        word, bit = keys[row] >> np.uint64(6), keys[row] & np.uint64(63)
        below = marks[word] & ((np.uint64(1) << bit) - np.uint64(1))
        number = before[word] + _ones(below)
        numbers[row] = number
        rows[number] = row


@kernel
def _ones(word: np.uint64) -> np.int32:
    """Count the bits that are 1 (Hacker's Delight, 2nd edition, 5-1); compiled to the processor's own instruction."""
    pairs = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    fours = (pairs & np.uint64(0x3333333333333333)) + (
        (pairs >> np.uint64(2)) & np.uint64(0x3333333333333333)
    )
    bytes_ = (fours + (fours >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int32((bytes_ * np.uint64(0x0101010101010101)) >> np.uint64(56))
