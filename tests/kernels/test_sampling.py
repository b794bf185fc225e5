"""Infection patterns drawn by their probability, against every pattern."""

from __future__ import annotations

from typing import Any

import numpy as np

from kernels.both_ways import of, ways
from kernels.graphs import SE, SP, by_person, csr
from poolpipe_kernels import sampling
from reference.decoding import enumerate_patterns, nobody_infected, or_row

POOLS = [[0, 1, 2], [1, 2, 3], [0, 3]]
PRIOR = np.array([0.1, 0.2, 0.3, 0.25])
ROWS = [
    or_row(positive, len(pool), SE, SP) for pool, positive in zip(POOLS, [True, False, True], strict=True)
]


def drawn(kernel: Any, sweeps: int, crowded: bool, heats: tuple[float, ...] = (1.0, 0.5)) -> tuple[Any, Any]:
    log_rows = np.log([[row[0], row[1]] for row in ROWS])
    chance, nobody = np.empty((2, 4)), np.empty((2, 3))
    kernel(
        *csr(POOLS), *by_person(POOLS, 4), np.log(PRIOR / (1 - PRIOR)), log_rows, np.array(heats), sweeps,
        np.array([88172645463325252], np.uint64), crowded, chance, nobody,
    )  # fmt: skip
    return chance, nobody


def test_sample_patterns__comes_near_the_chances_of_every_pattern() -> None:
    chance, nobody = drawn(sampling.sample_patterns, 40_000, crowded=True)
    _, marginals = enumerate_patterns(POOLS, ROWS, PRIOR)
    np.testing.assert_allclose(chance.mean(0), marginals, atol=0.02)
    np.testing.assert_allclose(nobody.mean(0), nobody_infected(POOLS, ROWS, PRIOR), atol=0.02)


@ways
def test_sample_patterns__is_one_walk_from_one_seed(interpreted: bool) -> None:
    """Interpreted code takes every step that the machine code takes."""
    for crowded in (False, True):
        expected = drawn(sampling.sample_patterns, 12, crowded=crowded)
        found = drawn(of(sampling.sample_patterns, interpreted), 12, crowded=crowded)
        np.testing.assert_allclose(found[0], expected[0], rtol=1e-12)
        assert (found[1] == expected[1]).all()
