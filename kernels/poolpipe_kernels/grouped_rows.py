"""Lay rows out group by group: compressed sparse rows by counting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["group_rows", "list_ranges", "mix_keys", "number_by_first"]

#  row     0  1  2  3  4          begins  0  2  2  4
#  number  2  0 -1  0  2          rows    1  3  0  4
#
#  rows of number 0: rows[0:2] = 1 3;  of 1: none;  of 2: rows[2:4] = 0 4;  row 2 is in no group


@kernel("int32[] uint32[] uint32[]")
def group_rows(numbers: NDArray[np.int32], begins: NDArray[np.uint32], rows: NDArray[np.uint32]) -> None:
    """List the rows of each number.

    Parameters
    ----------
    numbers : (n,) int32, n < 2 ** 32
        Below ``len(begins) - 1``; -1 for a row in no group.
    begins : (groups + 1,) uint32
        In: zeros. Out: where each group begins.
    rows : (n,) uint32
        Output: the rows of each group, ascending; only as many are written as are in a group.
    """
    groups = len(begins) - 1
    for row in range(len(numbers)):
        if numbers[row] >= 0:
            begins[numbers[row]] += np.uint32(1)
    # Each count becomes the end of its group, and falls to its begin as the rows are written from the last to the first.
    total = np.uint32(0)
    for group in range(groups):
        total += begins[group]
        begins[group] = total
    begins[groups] = total
    for row in range(len(numbers) - 1, -1, -1):
        number = numbers[row]
        if number >= 0:
            begins[number] -= np.uint32(1)
            rows[begins[number]] = row


@kernel
def mix_keys(keys: NDArray[np.int64], mixed: NDArray[np.uint64]) -> None:
    """Mix keys into hashes, no two into one (splitmix64, Steele et al. 2014, is a bijection).

    Parameters
    ----------
    keys : (n,) int64
    mixed : (n,) uint64
        Output.
    """
    for i in range(len(keys)):
        z = np.uint64(keys[i])
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed[i] = z ^ (z >> np.uint64(31))


@kernel
def number_by_first(
    firsts: NDArray[np.uint32], known: int, numbers: NDArray[np.int32], new: NDArray[np.uint32]
) -> int:
    """Number groups of equal rows in the order in which they first occur; the first `known` rows are groups of their own.

        #  known 2   firsts 0 1 | 1 3 3 0 6   ->   numbers 1 2 2 0 3, new 1 4

    Parameters
    ----------
    firsts : (known + n,) uint32
        First row equal to each row.
    known : int
        So many rows are all different: their numbers are their rows.
    numbers : (n,) int32
        Output: number of each row behind the known ones.
    new : (n,) uint32
        Output: the first row of each group behind the known ones; only as many are written as there are.

    Returns
    -------
    int
        How many groups are new.
    """
    found = 0
    for i in range(len(numbers)):
        first = np.int64(firsts[known + i])
        if first == known + i:
            numbers[i] = known + found
            new[found] = i
            found += 1
        elif first < known:
            numbers[i] = first
        else:
            numbers[i] = numbers[first - known]
    return found


@kernel
def list_ranges(begins: NDArray[np.int64], ends: NDArray[np.int64], numbers: NDArray[np.int64]) -> None:
    """List the numbers from each begin up to its end.

        #  begins 7 3   ends 9 4   ->   numbers 7 8 3

    Parameters
    ----------
    begins, ends : (n,) int64
    numbers : (sum of ends - begins,) int64
        Output.
    """
    place = 0
    for i in range(len(begins)):
        for number in range(begins[i], ends[i]):
            numbers[place] = number
            place += 1
