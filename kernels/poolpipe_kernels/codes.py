"""Identity numbers to integers and back, without loss; check characters on the way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["IRREGULAR", "parse_resident_ids", "resident_ids_hold", "write_resident_ids"]

IRREGULAR = np.int64(-1)
"""The key of a text that is not seventeen digits and a digit or X."""

WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], np.int64)
"""2 ** (17 - i) mod 11: the weights of GB 11643-1999, an ISO 7064 MOD 11-2 system."""

#  360781 19850110 000 5    region, birth date, sequence, check
#  key = 36078119850110000 * 11 + 5          X counts as 10


@kernel
def parse_resident_ids(
    text: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    keys: NDArray[np.int64],
) -> None:
    """Turn eighteen-character resident IDs into integers of the same order as their texts.

    Parameters
    ----------
    text, offsets : (bytes,) uint8 and (n + 1,) int64
        The texts, one after the other.
    keys : (n,) int64
        Output: seventeen digits times eleven plus the check character (X is ten), at most 1.1e18;
        `IRREGULAR` for every other text.
    """
    for row in range(len(offsets) - 1):
        a = offsets[row]
        keys[row] = -1
        if offsets[row + 1] - a != 18:
            continue
        value = np.int64(0)
        regular = True
        for i in range(17):
            digit = np.int64(text[a + i]) - 48
            if digit < 0 or digit > 9:
                regular = False
                break
            value = value * 10 + digit
        if not regular:
            continue
        last = np.int64(text[a + 17])
        if last in (88, 120):
            keys[row] = value * 11 + 10
        elif 48 <= last <= 57:
            keys[row] = value * 11 + (last - 48)


def _weigh_triplets() -> NDArray[np.uint8]:
    """Weighted sum, mod 11, of the three digits of every number below 1000, for each place of three from the left."""
    weights = np.concatenate([[0], WEIGHTS]).reshape(6, 3)
    digits = np.arange(1000)[:, None] // (100, 10, 1) % 10
    sums: NDArray[np.uint8] = (digits @ weights.T % 11).T.astype(np.uint8)
    return sums


_MONTH_DAYS = np.zeros(100, np.int64)
"""Of every month two digits can name; February's are a leap year's."""
_MONTH_DAYS[1:13] = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

_TRIPLETS = _weigh_triplets()
"""(6, 1000): six look-ups instead of seventeen divisions; the first place has only two digits."""


@kernel
def resident_ids_hold(keys: NDArray[np.int64], hold: NDArray[np.bool_]) -> None:
    """Whether each parsed resident ID has its right check character and a real birth date.

    Parameters
    ----------
    keys : (n,) int64
        As `parse_resident_ids` gives them.
    hold : (n or more,) bool
        Output: True where GB 11643 holds; False for negative keys.
    """
    for row in range(len(keys)):
        hold[row] = False
        if keys[row] < 0:
            continue
        key = np.uint64(keys[row])
        number = key // np.uint64(11)
        check = np.uint32(key - number * np.uint64(11))
        # 360781 19 | 850110 000: two halves of 32 bits, which divide faster, cut in threes.
        head = np.uint32(number // np.uint64(1_000_000_000))
        tail = np.uint32(number - np.uint64(head) * np.uint64(1_000_000_000))
        a = head // np.uint32(1_000_000)
        b = head // np.uint32(1000) % np.uint32(1000)
        c = head % np.uint32(1000)
        d = tail // np.uint32(1_000_000)
        e = tail // np.uint32(1000) % np.uint32(1000)
        f = tail % np.uint32(1000)
        year = np.int64(c % np.uint32(100)) * 100 + np.int64(d // np.uint32(10))
        month = np.int64(d % np.uint32(10)) * 10 + np.int64(e // np.uint32(100))
        day = np.int64(e % np.uint32(100))
        if year < 1800 or day < 1 or day > _MONTH_DAYS[month]:
            continue
        if month == 2 and day == 29 and (year % 4 != 0 or (year % 100 == 0 and year % 400 != 0)):
            continue
        total = np.uint32(_TRIPLETS[0, a]) + np.uint32(_TRIPLETS[1, b]) + np.uint32(_TRIPLETS[2, c])
        total += np.uint32(_TRIPLETS[3, d]) + np.uint32(_TRIPLETS[4, e]) + np.uint32(_TRIPLETS[5, f])
        hold[row] = (total + check) % np.uint32(11) == 1


@kernel
def write_resident_ids(keys: NDArray[np.int64], text: NDArray[np.uint8]) -> None:
    """Write each key's eighteen characters into `text`, (18 n,) uint8; negative keys are left alone."""
    for row in range(len(keys)):
        key = keys[row]
        if key < 0:
            continue
        at = row * 18
        check = key % 11
        rest = key // 11
        text[at + 17] = 88 if check == 10 else 48 + check
        for i in range(16, -1, -1):
            text[at + i] = 48 + rest % 10
            rest //= 10
