"""Row-by-column arrays exactly: a zeta transform over the columns, O(rows * columns * 2^columns)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["array"]


@kernel
def array(
    prior: NDArray[np.float64],
    rows: NDArray[np.float64],
    columns: NDArray[np.float64],
    infected: NDArray[np.float64],
) -> tuple[float, float]:
    """Fill ``infected[i, j] = P(person i, j infected | outcomes)``; return (evidence, sum of absolute terms).

    `prior` (r, c), `rows` (r, 2) and `columns` (c, 2) hold P(outcome | nobody) and P(outcome | somebody). An
    empty cell has prior 0. With S the columns allowed to hold infected people,

        P(outcomes) = sum_S  prod_{j in S} columns[j, 1] * prod_{j not in S} (columns[j, 0] - columns[j, 1])
                      * prod_i P(outcome of row i, nobody of row i infected outside S)

        #  columns   + - +      the term of S = {0, 2} lets people of columns 0 and 2 be infected, and
        #  S         x . x      corrects for those that hold nobody by the terms of its subsets

    Positive columns give terms of alternating sign: absolute terms / evidence is the number by which rounding
    errors grow, and the caller leaves this path when it is large.
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
    for s in range(subsets):
        evidence += term[s]
        absolute += abs(term[s])
    for i in range(r):
        for s in range(subsets):
            chance = rows[i, 1] * some[i, s] + rows[i, 0] * none[i]
            fold[s] = term[s] / chance * rows[i, 1] * (some[i, s] + none[i]) if chance > 0.0 else 0.0
        half = subsets
        for j in range(c - 1, -1, -1):
            half >>= 1
            total = 0.0
            for s in range(half):
                total += fold[half + s]
                fold[s] += fold[half + s]
            infected[i, j] = prior[i, j] * total / evidence
    return evidence, absolute
