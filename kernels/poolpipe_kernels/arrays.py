"""Decode row-by-column arrays exactly: a zeta transform over the columns, O(rows * columns * 2^columns)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["array", "recognise"]


@kernel
def array(
    prior: NDArray[np.float64],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    infected: NDArray[np.float64],
    nobody: NDArray[np.float64],
) -> tuple[float, float]:
    """Compute the posterior of a row-by-column array by a sum over sets of columns.

    Positive columns give terms of alternating sign: absolute terms / evidence is the number by which rounding
    errors grow, and the caller leaves this path when it is large.

    With S the columns that may hold infected people,

        P(outcomes) = sum_S  prod_{j in S} columns[j, 1] * prod_{j not in S} (columns[j, 0] - columns[j, 1])
                      * prod_i P(outcome of row i, nobody of row i infected outside S)

        #  columns   + - +      the term of S = {0, 2} lets people of columns 0 and 2 be infected, and
        #  S         x . x      corrects for those that hold nobody by the terms of its subsets

    Parameters
    ----------
    prior : (r, c) float64
        P(infected) of the person in row i and column j, 0 to 1; 0 for an empty cell.
    rows, columns : (r, 2) and (c, 2) float64
        P(outcome | nobody infected) and P(outcome | somebody infected) of each row and each column.
    infected : (r, c) float64
        Output: P(person infected | outcomes).
    nobody : (r + c,) float64
        Output: P(nobody of the pool infected | outcomes), rows first.

    Returns
    -------
    evidence, absolute : float, float
        P(outcomes), and the sum of the absolute terms.
    """
    r, c = prior.shape
    subsets = 1 << c
    some = np.empty((r, subsets), np.float64)  # somebody of row i infected in S, nobody outside
    none = np.ones(r, np.float64)  # nobody of row i infected
    term = np.empty(subsets, np.float64)
    fold = np.empty(subsets, np.float64)
    term[0] = 1.0
    for j in range(c):
        bit = 1 << j
        for s in range(bit):
            term[s | bit] = term[s] * columns[j, 1]
            term[s] *= columns[j, 0] - columns[j, 1]
    for i in range(r):
        some[i, 0] = 0.0
        for j in range(c):
            bit = 1 << j
            p = prior[i, j]
            for s in range(bit):
                some[i, s | bit] = some[i, s] + p * none[i]
                some[i, s] *= 1.0 - p
            none[i] *= 1.0 - p
        for s in range(subsets):
            term[s] *= rows[i, 1] * some[i, s] + rows[i, 0] * none[i]
    evidence = 0.0
    absolute = 0.0
    nobody[:] = 0.0
    for s in range(subsets):
        evidence += term[s]
        absolute += abs(term[s])
    for j in range(c):
        for s in range(subsets):
            if not (s >> j) & 1:
                nobody[r + j] += term[s]
        nobody[r + j] *= columns[j, 0] / (columns[j, 0] - columns[j, 1]) / evidence
    for i in range(r):
        for s in range(subsets):
            chance = rows[i, 1] * some[i, s] + rows[i, 0] * none[i]
            fold[s] = term[s] / chance * rows[i, 1] * (some[i, s] + none[i]) if chance > 0.0 else 0.0
            nobody[i] += term[s] / chance * rows[i, 0] * none[i] / evidence if chance > 0.0 else 0.0
        half = subsets
        for j in range(c - 1, -1, -1):
            half >>= 1
            total = 0.0
            for s in range(half):
                total += fold[half + s]
                fold[s] += fold[half + s]
            infected[i, j] = prior[i, j] * total / evidence
    return evidence, absolute


@kernel
def recognise(
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    side: NDArray[np.int8],
    number: NDArray[np.int64],
    cell: NDArray[np.int64],
) -> tuple[int, int]:
    """Find the rows and columns of a component that is a row-by-column array.

    Every person must sit in one row and one column, and alone in that cell.

        #  pools [0 1] [2 3] [0 2] [1 3]   ->   side 0 0 1 1   number 0 1 0 1   cell 00 01 10 11

    Parameters
    ----------
    offsets, members : (pools + 1,) int64 and (seats,) int32
        People by pool: ``members[offsets[q]:offsets[q + 1]]`` are those of pool q.
    side : (pools,) int8
        Output: 0 for a row, 1 for a column. There are at least as many rows as columns.
    number : (pools,) int64
        Output: the pool's number among its side, from 0.
    cell : (people, 2) int64
        Output: row number and column number of each person.

    Returns
    -------
    rows, columns : int, int
        How many there are; (0, 0) where the component is no array, and the outputs then mean nothing.
    """
    pools = offsets.size - 1
    people = cell.shape[0]
    seated = np.zeros(people, np.int64)
    for pool in range(pools):
        side[pool] = -1
        for seat in range(offsets[pool], offsets[pool + 1]):
            person = members[seat]
            if seated[person] == 2:
                return 0, 0
            cell[person, seated[person]] = pool
            seated[person] += 1
    for person in range(people):
        if seated[person] != 2:
            return 0, 0
    count = np.zeros(2, np.int64)
    queue = np.empty(pools, np.int64)
    filled = 0
    for root in range(pools):  # one component has one root; more are coloured all the same
        if side[root] >= 0:
            continue
        side[root] = 0
        queue[filled] = root
        filled += 1
        at = filled - 1
        while at < filled:
            pool = queue[at]
            at += 1
            for seat in range(offsets[pool], offsets[pool + 1]):
                person = members[seat]
                other = cell[person, 0] + cell[person, 1] - pool
                if side[other] == side[pool]:
                    return 0, 0
                if side[other] < 0:
                    side[other] = 1 - side[pool]
                    queue[filled] = other
                    filled += 1
    for pool in range(pools):
        number[pool] = count[side[pool]]
        count[side[pool]] += 1
    if count[1] > count[0]:
        for pool in range(pools):
            side[pool] = 1 - side[pool]
        count[0], count[1] = count[1], count[0]
    taken = np.zeros((count[0], count[1]), np.bool_)
    for person in range(people):
        one, other = cell[person, 0], cell[person, 1]
        if side[one] == 1:
            one, other = other, one
        row, column = number[one], number[other]
        if taken[row, column]:
            return 0, 0
        taken[row, column] = True
        cell[person, 0] = row
        cell[person, 1] = column
    return count[0], count[1]
