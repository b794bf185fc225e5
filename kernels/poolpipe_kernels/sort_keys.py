"""Encode texts as integers of the same order, by the bytes that occur at each place of a column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ENDED", "note_bytes", "spell_as_integers"]

ENDED = 0
"""Digit for the end of a text, which sorts before every byte; byte b is digit b + 1."""


@kernel("uint8[]! int64[]! bool[,]")
def note_bytes(text: NDArray[np.uint8], offsets: NDArray[np.int64], seen: NDArray[np.bool_]) -> bool:
    """Note which bytes occur at each place of any text.

    Parameters
    ----------
    text, offsets : (bytes,) uint8 and (n + 1,) int64
        The texts, one after the other.
    seen : (most, 257) bool
        In: False. Out: whether a text has the byte at the place; `ENDED` at the first place behind any text.

    Returns
    -------
    bool
        False where a text is longer than ``len(seen)``, and `seen` is then incomplete.
    """
    for row in range(len(offsets) - 1):
        length = offsets[row + 1] - offsets[row]
        if length > len(seen):
            return False
        for place in range(length):
            seen[place, text[offsets[row] + place] + 1] = True
        if length < len(seen):
            seen[length, ENDED] = True
    return True


@kernel("uint8[]! int64[]! uint64[,] uint64[] uint64[]")
def spell_as_integers(
    text: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    ranks: NDArray[np.uint64],
    bases: NDArray[np.uint64],
    numbers: NDArray[np.uint64],
) -> None:
    """Encode each text as an integer: the digit at each place is the rank of its byte among those that occur there.

    Parameters
    ----------
    text, offsets
        As in `note_bytes`.
    ranks : (longest, 257) uint64
        Rank of each byte that occurs at a place, that of `ENDED` the lowest.
    bases : (longest,) uint64
        How many bytes occur at each place; the product of all is at most 2 ** 64.
    numbers : (n,) uint64
        Output: smaller for a text that sorts before, equal for equal texts.
    """
    for row in range(len(numbers)):
        length = offsets[row + 1] - offsets[row]
        number = np.uint64(0)
        for place in range(len(bases)):
            digit = ranks[place, text[offsets[row] + place] + 1] if place < length else ranks[place, ENDED]
            number = number * bases[place] + digit
        numbers[row] = number
