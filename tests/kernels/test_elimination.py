"""Elimination of one person after the other, against every pattern."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.both_ways import of, ways
from kernels.graphs import by_person
from poolpipe.decode.in_logs import eliminate_in_logs
from poolpipe_kernels import elimination
from reference.decoding import enumerate_patterns, nobody_infected


@ways
@pytest.mark.parametrize("counting", [False, True])
def test_elimination__agrees_with_each_pattern(interpreted: bool, counting: bool) -> None:
    rng = np.random.default_rng(3)
    pools = [rng.choice(8, 4, replace=False).tolist() for _ in range(5)]
    prior = rng.uniform(0.01, 0.5, 8)
    width = 5 if counting else 2
    table = rng.uniform(0.05, 1, (5, width))
    rows = [list(row) if counting else [row[0]] + [row[1]] * 4 for row in table]
    log_evidence, marginals = enumerate_patterns(pools, rows, prior)
    seats, numbers = by_person(pools, 8)
    kinds, subjects = np.empty(18, np.int8), np.empty(18, np.int32)
    base = np.full(5, width)
    plan = of(elimination.schedule, interpreted)(seats, numbers, base, 1e6, kinds, subjects)
    steps, kept, largest = (int(each) for each in plan)
    weight, touches = np.stack([1 - prior, prior], 1).ravel(), np.zeros(16, np.int64)
    touches[1::2] = (1 << np.diff(seats)) - 1
    chance, nobody = np.empty(16), np.empty(5)
    found = of(elimination.eliminate, interpreted)(
        seats, numbers, np.arange(0, 17, 2), weight, touches, table, base,
        kinds[:steps], subjects[:steps], np.empty(kept), largest, chance, nobody,
    )  # fmt: skip
    assert found == pytest.approx(log_evidence, abs=1e-12)
    np.testing.assert_allclose(chance[1::2], marginals, rtol=1e-11)
    expected = nobody_infected(pools, rows, prior)
    np.testing.assert_allclose(nobody, expected, rtol=1e-11)
    log_weight = np.log(weight.reshape(8, 2))
    by_logs = eliminate_in_logs(
        seats, numbers, log_weight, np.log(table), base, kinds[:steps], subjects[:steps]
    )
    np.testing.assert_allclose(by_logs[0], marginals, rtol=1e-11)
    np.testing.assert_allclose(by_logs[1], expected, rtol=1e-11)
    assert by_logs[2] == pytest.approx(log_evidence, abs=1e-11)


@ways
def test_schedule__gives_up_beyond_its_limit(interpreted: bool) -> None:
    seats, numbers = by_person([[0, 1, 2]] * 6, 3)
    room = np.empty(15, np.int8), np.empty(15, np.int32)
    assert of(elimination.schedule, interpreted)(seats, numbers, np.full(6, 2), 63.0, *room)[0] == 0
    assert of(elimination.schedule, interpreted)(seats, numbers, np.full(6, 2), 64.0, *room)[0] == 15
