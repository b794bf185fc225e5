"""What both kinds of belief propagation must do: one for pools with anybody infected, one for counts of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kernels.both_ways import of
from kernels.graphs import SE, SP, csr
from reference.decoding import enumerate_patterns, nobody_infected, or_row


def check_exact_on_a_tree(module: Any, interpreted: bool) -> None:
    """Three pools in a row, swept to and fro, against every pattern of infections; by odds and by logs."""
    pools, positive = [[0, 1, 2], [2, 3], [3, 4, 5]], [True, False, True]
    prior = np.array([0.1, 0.02, 0.3, 0.05, 0.2, 0.01])
    rows = [or_row(y, len(pool), SE, SP) for y, pool in zip(positive, pools, strict=True)]
    log_evidence, marginals = enumerate_patterns(pools, rows, prior)
    width = 2 if module.__name__.endswith("propagate") else 4
    table = np.array([(row + row[1:] * 4)[:width] for row in rows])
    offsets, members = csr(pools)
    odds, ratio, stamp = prior / (1 - prior), np.ones(8), np.zeros(6, np.int16)
    every, numbers = np.arange(3, dtype=np.int32), np.arange(3)
    for turn in range(6):
        since = -1 if turn == 0 else 0
        of(module.sweep, interpreted)(
            every, offsets, members, numbers, table, odds, ratio, stamp, since, turn + 1, turn == 5, 0.0
        )
    np.testing.assert_allclose(odds / (1 + odds), marginals, rtol=1e-12)
    term, nobody, expected = np.empty(3), np.empty(3), nobody_infected(pools, rows, prior)
    of(module.pool_evidence, interpreted)(offsets, members, numbers, table, odds, ratio, 0, 3, term, nobody)
    np.testing.assert_allclose(nobody, expected, rtol=1e-12)
    log_odds, log_ratio = np.log(prior / (1 - prior)), np.zeros(8)
    logs = offsets, members, numbers, np.log(table), log_odds, log_ratio
    for _ in range(4):
        of(module.sweep_in_logs, interpreted)(every, *logs, False)
    np.testing.assert_allclose(1 / (1 + np.exp(-log_odds)), marginals, rtol=1e-11)
    in_logs = np.empty(3)
    of(module.pool_evidence_in_logs, interpreted)(*logs, every, in_logs, nobody)
    np.testing.assert_allclose(nobody, expected, rtol=1e-11)
    np.testing.assert_allclose(in_logs, term, rtol=1e-11)
    assert term.sum() + np.log((1 - prior) * (1 + odds)).sum() == pytest.approx(log_evidence, abs=1e-12)


def check_unmoved_pools_are_left_out(module: Any, interpreted: bool) -> None:
    """A pool is swept only where one of its people moved since the sweep before."""
    sweep = of(module.sweep, interpreted)
    offsets, members = csr([[0, 1]])
    odds, ratio, stamp = np.array([0.1, 0.1]), np.ones(2), np.array([3, 2], np.int16)
    table = np.array([[0.02, 0.9, 0.9]])[:, : 2 if module.__name__.endswith("propagate") else 3]
    parts = np.zeros(1, np.int32), offsets, members, np.zeros(1, np.int64), table, odds, ratio, stamp
    assert sweep(*parts, 3, 4, False, 1e-9) == 0.0
    assert odds.tolist() == [0.1, 0.1]
    assert sweep(*parts, 2, 4, False, 1e-9) > 0.1
    assert stamp.tolist() == [4, 4]


def check_damping_goes_half_the_way(module: Any, interpreted: bool) -> None:
    """A damped message is the mean of the old and the new one, on the scale of logarithms; both tell how far people moved."""
    rng = np.random.default_rng(5)
    offsets, members = csr([[0, 1, 2]])
    prior, old = rng.uniform(0.05, 0.5, 3), rng.uniform(0.4, 2.5, 3)
    table = np.array([[0.1, 0.9, 0.9, 0.9]])[:, : 2 if module.__name__.endswith("propagate") else 4]
    pool, row = np.zeros(1, np.int32), np.zeros(1, np.int64)
    told = {}
    for damped in (False, True):
        odds, ratio, stamp = prior / (1 - prior) * old, old.copy(), np.zeros(3, np.int16)
        start = odds.copy()
        largest = of(module.sweep, interpreted)(
            pool, offsets, members, row, table, odds, ratio, stamp, -1, 1, damped, 0.0
        )
        np.testing.assert_allclose(odds / ratio, prior / (1 - prior), rtol=1e-12)
        share = odds / (1 + odds)
        assert largest == pytest.approx((abs(ratio - old) / (ratio + old) * share).max(), rel=1e-12)
        log_odds, log_ratio = np.log(start), np.log(old)
        moved = of(module.sweep_in_logs, interpreted)(
            pool, offsets, members, row, np.log(table), log_odds, log_ratio, damped
        )
        np.testing.assert_allclose(log_ratio, np.log(ratio), rtol=1e-10)
        np.testing.assert_allclose(log_odds, np.log(odds), rtol=1e-10)
        assert moved == pytest.approx(abs(share - start / (1 + start)).max(), rel=1e-10)
        told[damped] = ratio
    np.testing.assert_allclose(told[True], np.sqrt(told[False] * old), rtol=1e-12)
    assert abs(told[True] - told[False]).min() > 0.01
