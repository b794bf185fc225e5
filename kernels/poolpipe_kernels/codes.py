"""Parse identity numbers to integers and write them back without loss; verify check characters."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "IRREGULAR",
    "document_offsets",
    "parse_resident_ids",
    "resident_ids_hold",
    "tell_bytes",
    "write_documents",
]

IRREGULAR = np.int64(-1)
"""The key of a text that is not seventeen digits and a digit or X."""

WEIGHTS = np.array([7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2], np.int64)
"""2 ** (17 - i) mod 11: the weights of GB 11643-1999, an ISO 7064 MOD 11-2 system."""

PAIRS = np.array([48 + digit for pair in range(100) for digit in divmod(pair, 10)], np.uint8)
"""00 to 99 as characters: half the divisions of one digit at a time."""

#  360781 19850110 000 5    region, birth date, sequence, check
#  key = 36078119850110000 * 11 + 5          X counts as 10


@kernel("uint8[]! int64[]! int64[]")
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
        # Two halves of 32 bits, without a branch a digit: 8 ns an ID instead of 11.
        start = np.uint64(a)
        head, tail, odd = np.uint32(0), np.uint32(0), np.uint32(0)
        for i in range(8):
            digit = np.uint32(text[start + np.uint64(i)]) - np.uint32(48)
            odd |= np.uint32(digit > np.uint32(9))
            head = np.uint32(head * np.uint32(10) + digit)
        for i in range(8, 17):
            digit = np.uint32(text[start + np.uint64(i)]) - np.uint32(48)
            odd |= np.uint32(digit > np.uint32(9))
            tail = np.uint32(tail * np.uint32(10) + digit)
        if odd:
            continue
        value = np.int64(np.uint64(head) * np.uint64(1_000_000_000) + np.uint64(tail))
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


@kernel("int64[]! bool[]")
def resident_ids_hold(keys: NDArray[np.int64], hold: NDArray[np.bool_]) -> None:
    """Check the check character and the birth date of each parsed resident ID (GB 11643-1999, ISO 7064 MOD 11-2).

    Parameters
    ----------
    keys : (n,) int64
        As `parse_resident_ids` gives them.
    hold : (n or more,) bool
        Output: True where both are right; False for negative keys.
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


@kernel("int64[]! int64[]! int64[]")
def document_offsets(
    keys: NDArray[np.int64],
    other_offsets: NDArray[np.int64],
    offsets: NDArray[np.int64],
) -> None:
    """Compute where each person's document number begins: eighteen characters, or what another one takes.

    Parameters
    ----------
    keys : (n,) int64
        Parsed resident IDs; -1 is the first of the others, -2 the second.
    other_offsets : (others + 1,) int64
        Where the others' numbers begin.
    offsets : (n + 1,) int64
        Output: where each number begins.
    """
    at = np.int64(0)
    offsets[0] = 0
    for row in range(len(keys)):
        key = keys[row]
        at += 18 if key >= 0 else other_offsets[-key] - other_offsets[-1 - key]
        offsets[row + 1] = at


@kernel("int64[]! uint8[]! int64[]! int64[] uint8[]")
def write_documents(
    keys: NDArray[np.int64],
    others: NDArray[np.uint8],
    other_offsets: NDArray[np.int64],
    offsets: NDArray[np.int64],
    text: NDArray[np.uint8],
) -> None:
    """Write each person's document number, two digits at a time.

    Unsigned throughout: a signed division or index costs numba a branch, and this is 17 digits a person
    (9 ns instead of 27).

    Parameters
    ----------
    keys, other_offsets, offsets
        As for `document_offsets`, which fills `offsets`.
    others : (bytes,) uint8
        The others' numbers, one after the other.
    text : (offsets[n],) uint8
        Output.
    """
    for row in range(len(keys)):
        key = keys[row]
        at = offsets[row]
        if key < 0:
            begin = other_offsets[-1 - key]
            for i in range(other_offsets[-key] - begin):
                text[at + i] = others[begin + i]
            continue
        number = np.uint64(key) // np.uint64(11)
        check = np.uint64(key) - number * np.uint64(11)
        start = np.uint64(at)
        head = number // np.uint64(1_000_000_000)
        tail = number - head * np.uint64(1_000_000_000)
        for i in range(4):
            shorter = head // np.uint64(100)
            pair = np.uint64(2) * (head - shorter * np.uint64(100))
            place = start + np.uint64(6 - 2 * i)
            text[place] = PAIRS[pair]
            text[place + np.uint64(1)] = PAIRS[pair + np.uint64(1)]
            head = shorter
        for i in range(4):
            shorter = tail // np.uint64(100)
            pair = np.uint64(2) * (tail - shorter * np.uint64(100))
            place = start + np.uint64(15 - 2 * i)
            text[place] = PAIRS[pair]
            text[place + np.uint64(1)] = PAIRS[pair + np.uint64(1)]
            tail = shorter
        text[start + np.uint64(8)] = np.uint64(48) + tail
        text[start + np.uint64(17)] = np.uint64(88) if check == 10 else np.uint64(48) + check


@kernel("uint8[]! int64[]! bool[] bool[] int64[]")
def tell_bytes(
    text: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    leading: NDArray[np.bool_],
    others: NDArray[np.bool_],
    lengths: NDArray[np.int64],
) -> None:
    """Collect the bytes that texts begin with, the other bytes they have, and the range of their lengths.

    Parameters
    ----------
    text, offsets : (bytes,) uint8 and (n + 1,) int64
        The texts, one after the other.
    leading, others : (256,) bool
        In: False. Out: whether any text begins with the byte, and whether any has it further on.
    lengths : (2,) int64
        In: more than any length, and 0. Out: the shortest and the longest, in bytes.
    """
    for row in range(len(offsets) - 1):
        begin = offsets[row]
        end = offsets[row + 1]
        lengths[0] = min(lengths[0], end - begin)
        lengths[1] = max(lengths[1], end - begin)
        if begin < end:
            leading[text[begin]] = True
        for i in range(begin + 1, end):
            others[text[i]] = True
