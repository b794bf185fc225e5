"""Beliefs about loads, where a pool tells of the strongest one in it, against every combination of loads."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kernels.both_ways import NAMES, of, ways
from kernels.graphs import by_person, csr
from poolpipe_kernels import loads
from reference.loads import enumerate_loads

TREE = [[0, 1, 2], [2, 3]]
LOOPS = [[0, 1, 2], [1, 2, 3], [0, 3]]
LEVELS = 4


def given(pools: list[list[int]]) -> tuple[np.ndarray, np.ndarray, list[dict[int, float]]]:
    """Prior of each person's level, chance of each pool's outcome by the strongest level; and the latter as dicts."""
    rng = np.random.default_rng(3)
    rows = rng.uniform(0.05, 1, (len(pools), LEVELS))
    share = np.array([0.5, 0.3, 0.2])
    infected = rng.uniform(0.05, 0.4, 4)
    prior = np.column_stack([1 - infected, infected[:, None] * share])
    return prior, rows, [dict(enumerate(row.tolist())) for row in rows]


@ways
def test_sweep_and_evidence__are_exact_on_a_tree(interpreted: bool) -> None:
    prior, rows, chances = given(TREE)
    offsets, members = csr(TREE)
    belief, ratio = np.log(prior), np.zeros((members.size, LEVELS))
    chance, moved = 1 - prior[:, 0], np.zeros(4, np.bool_)
    for _ in range(4):
        of(loads.sweep, interpreted)(
            np.arange(2, dtype=np.int32), offsets, members, np.log(rows), belief, ratio, chance, moved, False
        )
    term, nobody = np.empty(2), np.empty(2)
    of(loads.pool_evidence, interpreted)(offsets, members, np.log(rows), belief, ratio, term, nobody)
    log_evidence, infected, clean = enumerate_loads(
        TREE, chances, (1 - prior[:, 0]).tolist(), [0.5, 0.3, 0.2]
    )
    np.testing.assert_allclose(chance, infected, rtol=1e-10)
    np.testing.assert_allclose(nobody, clean, rtol=1e-10)
    assert term.sum() + np.log(np.exp(belief).sum(1)).sum() == pytest.approx(log_evidence, abs=1e-10)
    assert moved.all()


@ways
def test_damped_sweep__goes_half_the_way(interpreted: bool) -> None:
    prior, rows, _ = given([[0, 1, 2, 3]])
    offsets, members = csr([[0, 1, 2, 3]])
    old = np.random.default_rng(4).uniform(-1, 0, (4, LEVELS))
    told = []
    for damped in (False, True):
        belief, ratio, chance, moved = np.log(prior) + old, old.copy(), np.full(4, 0.5), np.zeros(4, np.bool_)
        largest = of(loads.sweep, interpreted)(
            np.zeros(1, np.int32), offsets, members, np.log(rows), belief, ratio, chance, moved, damped
        )
        np.testing.assert_allclose(belief - ratio, np.log(prior), atol=1e-12)
        weight = np.exp(belief)
        np.testing.assert_allclose(chance, 1 - weight[:, 0] / weight.sum(1), rtol=1e-10)
        assert largest == pytest.approx(abs(chance - 0.5).max(), rel=1e-12)
        assert moved.all()
        told.append(ratio)
    np.testing.assert_allclose(told[1], (told[0] + old) / 2, atol=1e-12)
    np.testing.assert_allclose(told[0].max(1), 0, atol=1e-12)  # the largest message is 1


def drawn(kernel: Any, sweeps: int) -> tuple[np.ndarray, np.ndarray]:
    prior, rows, _ = given(LOOPS)
    chance, clean = np.empty((2, 4)), np.empty((2, 3))
    kernel(
        *csr(LOOPS), *by_person(LOOPS, 4), np.log(prior), np.log(rows), np.array([1.0, 0.5]), sweeps,
        np.array([88172645463325252], np.uint64), True, chance, clean,
    )  # fmt: skip
    return chance, clean


def test_sample_levels__comes_near_the_chances_of_every_combination() -> None:
    prior, _, chances = given(LOOPS)
    chance, nobody = drawn(loads.sample_levels, 40_000)
    _, infected, clean = enumerate_loads(LOOPS, chances, (1 - prior[:, 0]).tolist(), [0.5, 0.3, 0.2])
    np.testing.assert_allclose(chance.mean(0), infected, atol=0.02)
    np.testing.assert_allclose(nobody.mean(0), clean, atol=0.02)


def test_load_kernels__are_the_same_compiled_and_interpreted() -> None:
    prior, rows, _ = given(LOOPS)
    offsets, members = csr(LOOPS)
    told = []
    for interpreted in map(bool, range(len(NAMES))):
        belief, ratio = np.log(prior), np.zeros((members.size, LEVELS))
        chance, moved = 1 - prior[:, 0], np.zeros(4, np.bool_)
        for damped in (False, False, True):
            of(loads.sweep, interpreted)(
                np.arange(3, dtype=np.int32),
                offsets,
                members,
                np.log(rows),
                belief,
                ratio,
                chance,
                moved,
                damped,
            )
        told.append((belief, ratio, chance, *drawn(of(loads.sample_levels, interpreted), 8)))
    for compiled, plain in zip(*told, strict=True):
        np.testing.assert_allclose(compiled, plain, rtol=1e-9, atol=1e-12)
