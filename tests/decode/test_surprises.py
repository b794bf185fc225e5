"""How surprising outcomes are: against sums over the patterns of infections of each pool."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from poolpipe.decode.assays import INVALID, NEGATIVE, NO_CALL, POSITIVE, SUSPECT, Assay
from poolpipe.decode.disjoint import likelihood_rows
from poolpipe.decode.layout import PoolLayout
from poolpipe.decode.surprises import chance_of_detection, expectations, scores

if TYPE_CHECKING:
    from collections.abc import Sequence

POOLS = [[0, 1], [1, 2, 3], [4], [0, 5, 2], [3, 5], [], [1, 4], [6, 6]]
CODES = np.array([POSITIVE, NEGATIVE, SUSPECT, NEGATIVE, INVALID, POSITIVE, NO_CALL, NEGATIVE], np.int8)
PRIOR = np.array([0.1, 0.02, 0.3, 0.05, 0.2, 0.01, 0.0])
ASSAYS = {
    "plain": Assay(sensitivity=0.9, specificity=0.98),
    "suspects": Assay(sensitivity=0.9, specificity=0.98, suspect_infected=0.2, suspect_clean=0.7),
    "dilution": Assay(sensitivity=0.9, specificity=0.98, dilution=0.4),
    "perfect": Assay(sensitivity=1.0, specificity=1.0),
}


def layout(assay: Assay) -> PoolLayout:
    sizes = np.array([len(pool) for pool in POOLS])
    rows, table = likelihood_rows(sizes, CODES, assay)
    return PoolLayout(
        offsets=np.cumsum([0, *sizes]).astype(np.int64),
        members=np.array([person for pool in POOLS for person in pool], np.int32),
        rows=rows, table=table, prior=PRIOR, codes=CODES, names=pl.Series(list(map(str, range(len(POOLS))))),
        counts_matter=assay.counts_matter,
    )  # fmt: skip


def detected(assay: Assay, k: int, n: int) -> float:
    if k == 0:
        return 1 - assay.specificity
    return float(assay.sensitivity * (k / n) ** (assay.dilution or 0.0))


def chance(assay: Assay, people: Sequence[int], what: int) -> float:
    """P(outcome) of a pool, by all patterns of its people."""
    total = 0.0
    for pattern in itertools.product((0, 1), repeat=len(people)):
        weight = math.prod(
            PRIOR[i] if sick else 1 - PRIOR[i] for i, sick in zip(people, pattern, strict=True)
        )
        says = detected(assay, sum(pattern), len(people))
        share = (assay.suspect_infected if any(pattern) else assay.suspect_clean) or 0.0
        total += weight * {"detected": says, "negative": 1 - says, "suspect": says * share, "positive": says * (1 - share)}[
            {POSITIVE: "positive", NEGATIVE: "negative", SUSPECT: "suspect", -1: "detected"}[what]
        ]  # fmt: skip
    return total


@pytest.mark.parametrize("name", ASSAYS)
def test_chance_of_detection__is_that_of_positive_or_suspect(name: str) -> None:
    found = chance_of_detection(layout(ASSAYS[name]), ASSAYS[name])
    np.testing.assert_allclose(found, [chance(ASSAYS[name], pool, -1) for pool in POOLS], rtol=1e-12)


@pytest.mark.parametrize("name", ASSAYS)
def test_expectations__are_the_entropy_of_detected_or_not(name: str) -> None:
    assay = ASSAYS[name]
    found = expectations(layout(assay), assay, threads=1)
    for at, (pool, code) in enumerate(zip(POOLS, CODES.tolist(), strict=True)):
        told = (found.mean[at], found.variance[at], found.offset[at])
        yes = chance(assay, pool, -1)
        if code in {INVALID, NO_CALL} or yes in {0.0, 1.0}:
            assert told == (pytest.approx(0), pytest.approx(0), pytest.approx(0))
            continue
        surprises = [(yes, -math.log(yes)), (1 - yes, -math.log(1 - yes))]
        mean = sum(p * nats for p, nats in surprises)
        assert told[0] == pytest.approx(mean)
        assert told[1] == pytest.approx(sum(p * (nats - mean) ** 2 for p, nats in surprises))
        plain = {NEGATIVE: 1 - yes}.get(code, yes)
        exact = plain if assay.suspect_infected is None else chance(assay, pool, code)
        assert told[2] == pytest.approx(math.log(exact) - math.log(plain), abs=1e-12)


def test_scores__are_nats_beyond_the_expected_by_their_spread() -> None:
    found = scores(
        np.array([-5.0, -np.inf]), np.array([-1.0, 0.0]), np.array([2.0, 1.0]), np.array([3.0, 1.0])
    )
    assert found.tolist() == [(-1.0 + 5.0 - 2.0) / 2.0, math.inf]
