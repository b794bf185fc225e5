"""Lay rows out group by group: compressed sparse rows by counting."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["group_rows", "list_ranges"]

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
