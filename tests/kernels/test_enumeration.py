"""Enumeration of all patterns of few people, against the same in plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.both_ways import of, ways
from kernels.graphs import by_person
from poolpipe_kernels import enumeration
from reference.decoding import enumerate_patterns, nobody_infected


@ways
@pytest.mark.parametrize("in_logs", [False, True])
@pytest.mark.parametrize("counting", [False, True])
def test_enumeration__agrees_with_each_pattern(interpreted: bool, in_logs: bool, counting: bool) -> None:
    rng = np.random.default_rng(3)
    pools = [rng.choice(8, 4, replace=False).tolist() for _ in range(5)]
    prior = rng.uniform(0.01, 0.5, 8)
    table = rng.uniform(0.05, 1, (5, 5 if counting else 2))
    rows = [list(row) if counting else [row[0]] + [row[1]] * 4 for row in table]
    log_evidence, marginals = enumerate_patterns(pools, rows, prior)
    weight = np.stack([1 - prior, prior], 1)
    given = (np.log(weight), np.log(table)) if in_logs else (weight, table)
    infected, nobody = np.empty(8), np.empty(5)
    found = of(enumeration.enumerate_patterns, interpreted)(
        *by_person(pools, 8), *given, counting, in_logs, infected, nobody
    )
    assert found == pytest.approx(log_evidence, abs=1e-11)
    np.testing.assert_allclose(infected, marginals, rtol=1e-11)
    np.testing.assert_allclose(nobody, nobody_infected(pools, rows, prior), rtol=1e-11)


@ways
@pytest.mark.parametrize("in_logs", [False, True])
def test_enumeration__of_an_impossible_outcome_is_told(interpreted: bool, in_logs: bool) -> None:
    seats, numbers = by_person([[0, 1]], 2)
    weights, table = np.asarray([[1.0, 0.0], [1.0, 0.0]]), np.asarray([[0.0, 0.5, 0.5]])
    with np.errstate(divide="ignore", invalid="ignore"):
        given = (np.log(weights), np.log(table)) if in_logs else (weights, table)
        found = of(enumeration.enumerate_patterns, interpreted)(
            seats, numbers, *given, True, in_logs, np.empty(2), np.empty(1)
        )
    assert found == -np.inf
