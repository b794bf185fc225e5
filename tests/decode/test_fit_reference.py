"""Every number of the line of fit against plain loops over pools and people."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import polars as pl
import pytest

from poolpipe.decode.assays import NEGATIVE, POSITIVE, SUSPECT, Assay, Cycles
from poolpipe.decode.fit import FAR, FEWEST, judge
from poolpipe.decode.layout import PoolLayout

INVALID = max(POSITIVE, SUSPECT, NEGATIVE) + 1
ASSAY = Assay(sensitivity=0.9, specificity=0.97)


class Problem:
    """Random pools, people and posteriors; not those of a decoder, so that each number stands for itself."""

    def __init__(
        self, seed: int, *, people: int = 90, pools: int = 60, several: bool = True, homes: bool = True
    ) -> None:
        rng = np.random.default_rng(seed)
        if several:
            self.pools = [
                sorted(rng.choice(people, rng.integers(0, 6), replace=False).tolist()) for _ in range(pools)
            ]
        else:
            self.pools = [list(range(2 * pool, 2 * pool + 2)) for pool in range(people // 2)]
        count = len(self.pools)
        self.codes = rng.choice([POSITIVE, SUSPECT, NEGATIVE, INVALID], count, p=[0.3, 0.1, 0.5, 0.1])
        self.prior = rng.uniform(0.01, 0.3, people)
        self.found = rng.uniform(0, 1, people)
        self.nobody = np.where(rng.uniform(0, 1, count) < 0.1, np.nan, rng.uniform(0, 1, count))
        self.ct = np.where(rng.uniform(0, 1, count) < 0.2, np.nan, rng.uniform(18, 38, count))
        self.home = rng.integers(-1, 40, people) if homes else None

    @property
    def layout(self) -> PoolLayout:
        sizes = [len(pool) for pool in self.pools]
        return PoolLayout(
            offsets=np.cumsum([0, *sizes]).astype(np.int64),
            members=np.array([person for pool in self.pools for person in pool], np.int32),
            rows=np.zeros(len(sizes), np.int64), table=np.ones((1, 2)), prior=self.prior,
            codes=self.codes.astype(np.int8), names=pl.Series([str(i) for i in range(len(sizes))]), counts_matter=False,
            household=None if self.home is None else self.home.astype(np.int64),
        )  # fmt: skip

    def positive(self, pool: int) -> bool:
        return self.codes[pool] in {POSITIVE, SUSPECT}

    @property
    def told(self) -> list[int]:
        """Pools that have people and say something."""
        return [i for i, pool in enumerate(self.pools) if pool and self.codes[i] != INVALID]

    @property
    def tested(self) -> list[int]:
        return sorted({person for i in self.told for person in self.pools[i]})

    def chance(self, pool: int, factor: float = 1.0) -> float:
        clean = math.prod(1 - min(factor * self.prior[person], 1 - 1e-12) for person in self.pools[pool])
        return float(ASSAY.sensitivity * (1 - clean) + (1 - ASSAY.specificity) * clean)


def judged(problem: Problem, assay: Assay = ASSAY, *, ct: bool = False) -> dict[str, dict[str, Any]]:
    fit = judge(problem.layout, assay, problem.found, problem.nobody, problem.ct if ct else None)
    return {row["what"]: row for row in fit.table.iter_rows(named=True)} | {
        "better": dict(fit.better),
        "warnings": {"": fit.warnings},
    }


def positives(problem: Problem) -> tuple[float, float, float]:
    """Seen, expected, standard deviation with the covariance of pools that share people, to first order."""
    chances = {i: problem.chance(i) for i in problem.told}
    alone = sum(p * (1 - p) for p in chances.values())
    shared = 0.0
    gain = ASSAY.sensitivity + ASSAY.specificity - 1
    for one, other in itertools.permutations(problem.told, 2):
        for person in set(problem.pools[one]) & set(problem.pools[other]):
            reach = [
                gain * math.prod(1 - problem.prior[mate] for mate in problem.pools[pool] if mate != person)
                for pool in (one, other)
            ]
            shared += problem.prior[person] * (1 - problem.prior[person]) * reach[0] * reach[1]
    return sum(map(problem.positive, problem.told)), sum(chances.values()), math.sqrt(alone + shared)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("several", [True, False])
def test_positives_and_infected__are_counted_over_told_pools(seed: int, several: bool) -> None:
    problem = Problem(seed, several=several)
    told = judged(problem)
    seen, expected, sd = positives(problem)
    row = told["positives"]
    assert (row["seen"], row["expected"]) == (seen, pytest.approx(expected))
    assert row["z"] == pytest.approx((seen - expected) / sd)
    assert row["lower"] < expected < row["upper"]
    row, who = told["infected"], problem.tested
    shift = [problem.found[i] - problem.prior[i] for i in who]
    assert row["seen"] == pytest.approx(sum(problem.found[i] for i in who))
    assert row["expected"] == pytest.approx(sum(problem.prior[i] for i in who))
    assert row["z"] == pytest.approx(sum(shift) / math.sqrt(sum(each**2 for each in shift)))
    assert (row["lower"], row["upper"]) == (None, None)
    factor = told["better"]["prior_factor"]
    assert sum(problem.chance(i, factor) for i in problem.told) == pytest.approx(seen, rel=2e-3)


@pytest.mark.parametrize("seed", range(3))
def test_sensitivity_and_specificity__are_one_step_of_scoring(seed: int) -> None:
    problem = Problem(seed)
    told = judged(problem)
    for what, share in (("sensitivity", ASSAY.sensitivity), ("specificity", ASSAY.specificity)):
        scores, weights = [], []
        for i in problem.told:
            if not math.isnan(problem.nobody[i]):
                weight = problem.nobody[i] if what == "specificity" else 1 - problem.nobody[i]
                right = problem.positive(i) == (what == "sensitivity")
                scores.append(weight * (1 / share if right else -1 / (1 - share)))
                weights.append(weight)
        information = sum(each**2 for each in scores)
        assert (what in told) == (sum(weights) >= FEWEST)
        if what in told:
            row = told[what]
            assert row["expected"] == share
            assert row["seen"] == pytest.approx(min(max(share + sum(scores) / information, 0), 1))
            assert row["z"] == pytest.approx(sum(scores) / math.sqrt(information))
            assert told["better"][what] == row["seen"]
            assert any(what in text for text in told["warnings"][""]) == (row["z"] <= -FAR)


def test_shares__need_twenty_pools_and_people_in_several() -> None:
    for pools, found in ((40, False), (70, True)):  # half the weight, of three pools in four, is for each
        problem = Problem(5, pools=pools)
        problem.nobody = np.full(pools, 0.5)
        problem.pools = [pool or [0] for pool in problem.pools]
        problem.codes = np.where(np.arange(pools) % 4 == 0, INVALID, NEGATIVE)
        assert ("sensitivity" in judged(problem)) == found
    exact = Problem(5, pools=40)
    exact.pools, exact.nobody = [pool or [0] for pool in exact.pools], np.full(40, 0.5)
    exact.codes = np.full(40, NEGATIVE)
    assert {"sensitivity", "specificity"} <= judged(exact).keys()
    assert not {"sensitivity", "specificity", "pools_of_two"} & judged(Problem(5, several=False)).keys()


@pytest.mark.parametrize("seed", range(3))
def test_pools_of_two__are_of_people_of_more_than_half(seed: int) -> None:
    problem = Problem(seed)
    problem.found[:10] = 0.5
    scale = problem.found.sum() / problem.prior.sum()
    expected = sum(
        scale**2 * problem.prior[one] * problem.prior[other]
        for pool in problem.pools
        for one, other in itertools.combinations(pool, 2)
    )
    two = sum(
        problem.positive(i) and sum(problem.found[person] > 0.5 for person in pool) >= 2
        for i, pool in enumerate(problem.pools)
    )
    row = judged(problem)["pools_of_two"]
    assert (row["seen"], row["expected"]) == (two, pytest.approx(expected))
    assert row["z"] == pytest.approx((two - expected) / math.sqrt(expected + 1))


@pytest.mark.parametrize("seed", range(3))
def test_household_pairs__are_of_homes_of_which_no_two_sit_in_one_pool(seed: int) -> None:
    problem = Problem(seed)
    homes = problem.home
    assert homes is not None
    together = {
        homes[one]
        for i in problem.told
        for one, other in itertools.combinations(problem.pools[i], 2)
        if homes[one] == homes[other] >= 0
    }
    scale = problem.found.sum() / problem.prior.sum()
    found, before = {}, {}
    for home in set(homes.tolist()) - together - {-1}:
        who = [i for i, its in enumerate(homes) if its == home]
        found[home] = sum(problem.found[a] * problem.found[b] for a, b in itertools.combinations(who, 2))
        before[home] = sum(
            scale**2 * problem.prior[a] * problem.prior[b] for a, b in itertools.combinations(who, 2)
        )
    told = judged(problem)
    row = told["household_pairs"]
    assert (row["seen"], row["expected"]) == (
        pytest.approx(sum(found.values())),
        pytest.approx(sum(before.values())),
    )
    error = math.sqrt(sum((found[home] - before[home]) ** 2 for home in found))
    assert row["z"] == pytest.approx((row["seen"] - row["expected"]) / max(error, math.sqrt(row["expected"])))
    mates = [int((homes == home).sum()) - 1 if home >= 0 else 0 for home in homes]
    exposed = sum(p * count for p, count in zip(problem.found, mates, strict=True))
    link = 2 * (row["seen"] - row["expected"]) / exposed
    assert told["better"]["household_link"] == pytest.approx(min(max(link, 0), 1))
    assert "household_pairs" not in judged(Problem(seed, homes=False))


def test_mean_ct__is_of_positive_pools_that_hold_somebody() -> None:
    assay = Assay(sensitivity=0.9, specificity=0.97, cycles=Cycles(mean=27.0, sd=4.0, limit=38.0))
    assert assay.cycles is not None
    problem = Problem(1, pools=160)
    chosen = [
        i for i in problem.told
        if problem.positive(i) and not math.isnan(problem.ct[i]) and problem.nobody[i] < 0.5
    ]  # fmt: skip
    laws = [assay.cycles.seen_in_pool(len(problem.pools[i])) for i in chosen]
    row = judged(problem, assay, ct=True)["ct"]
    assert len(chosen) >= FEWEST
    assert row["seen"] == pytest.approx(np.mean([problem.ct[i] for i in chosen]))
    assert row["expected"] == pytest.approx(np.mean([mean for mean, _ in laws]))
    far = [(problem.ct[i] - mean) / sd for i, (mean, sd) in zip(chosen, laws, strict=True)]
    assert row["z"] == pytest.approx(sum(far) / math.sqrt(len(far)))
    assert "ct" not in judged(problem, assay)
    for count, told in ((FEWEST - 1, False), (FEWEST, True)):
        few = Problem(1, pools=160)
        few.ct[chosen[count:]] = np.nan
        assert ("ct" in judged(few, assay, ct=True)) == told


def test_nothing_told__is_no_row() -> None:
    problem = Problem(0)
    problem.codes = np.full(len(problem.pools), INVALID)
    assert judged(problem) == {"better": {}, "warnings": {"": ()}}
