"""Rows and columns of one array, against every pattern."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from kernels.both_ways import of, ways
from kernels.graphs import SE, SP, csr, outcomes
from poolpipe_kernels import arrays
from reference.decoding import enumerate_patterns, nobody_infected, or_row


@ways
def test_array__agrees_with_enumeration(interpreted: bool) -> None:
    rng = np.random.default_rng(2)
    prior = rng.uniform(0.01, 0.3, (3, 4))
    prior[1, 2] = 0.0  # an empty cell
    pools = [list(range(4 * i, 4 * i + 4)) for i in range(3)] + [list(range(j, 12, 4)) for j in range(4)]
    positive = [True, False, True, False, True, True, False]
    table, infected, nobody = outcomes(positive), np.empty((3, 4)), np.empty(7)
    evidence, absolute = of(arrays.array, interpreted)(prior, table[:3], table[3:], infected, nobody)
    rows = [or_row(y, len(pool), SE, SP) for y, pool in zip(positive, pools, strict=True)]
    log_evidence, marginals = enumerate_patterns(pools, rows, prior.ravel())
    assert math.log(evidence) == pytest.approx(log_evidence, abs=1e-11)
    assert absolute >= evidence
    np.testing.assert_allclose(infected.ravel(), marginals, atol=1e-11)
    np.testing.assert_allclose(nobody, nobody_infected(pools, rows, prior.ravel()), atol=1e-11)


@ways
def test_recognise__tells_arrays_from_other_graphs(interpreted: bool) -> None:
    def found(pools: list[list[int]], people: int) -> tuple[tuple[int, int], Any, Any]:
        side, number, cell = (
            np.empty(len(pools), np.int8),
            np.empty(len(pools), np.int64),
            np.empty((people, 2), np.int64),
        )
        shape = of(arrays.recognise, interpreted)(*csr(pools), side, number, cell)
        return (int(shape[0]), int(shape[1])), side.tolist(), cell.tolist()

    assert found([[0, 1], [2, 3], [0, 2], [1, 3]], 4) == (
        (2, 2),
        [0, 0, 1, 1],
        [[0, 0], [0, 1], [1, 0], [1, 1]],
    )
    shape, side, cell = found(
        [[0, 1, 2], [0], [1], [2]], 3
    )  # one row of three, turned: rows are the longer side
    assert (shape, side, cell) == ((3, 1), [1, 0, 0, 0], [[0, 0], [1, 0], [2, 0]])
    assert found([[0, 1], [1, 2], [0, 2]], 3)[0] == (0, 0)  # a triangle has no two sides
    assert found([[0, 1], [0, 1]], 2)[0] == (0, 0)  # two people in one cell
    assert found([[0, 1], [1]], 2)[0] == (0, 0)  # person 0 sits in no column
    assert found([[0], [0], [0]], 1)[0] == (0, 0)
