"""Ct as evidence: one load a person, shared by all their pools, against every combination of loads."""

from __future__ import annotations

import math
from importlib import import_module
from typing import Any

import numpy as np
import polars as pl
import pytest

from poolpipe.decode import Cycles, Decoded, Effort, decode
from poolpipe.decode.loads import load_law
from poolpipe.errors import TableError
from reference.loads import chance_of_outcome, enumerate_loads, normal_cdf

SE, SP = 0.9, 0.98
COARSE = Cycles(mean=28.0, sd=4.0, limit=36.0, noise=1.0, false_mean=33.0, false_sd=5.0)
"""Ct up to 36."""
Outcome = tuple[str, float | None]


def decoded(
    pools: list[list[int]], outcomes: list[Outcome], prior: list[float], cycles: Any, **options: Any
) -> Decoded:
    seats = pl.DataFrame(
        {
            "pool": [q for q, pool in enumerate(pools) for _ in pool],
            "person": [i for pool in pools for i in pool],
        }
    )
    called = pl.DataFrame(
        {
            "pool": range(len(pools)),
            "call": [call for call, _ in outcomes],
            "ct": pl.Series([ct for _, ct in outcomes], dtype=pl.Float64),
        }
    )
    people = pl.DataFrame({"person": range(len(prior)), "prior": prior})
    assay = {"sensitivity": SE, "specificity": SP, "cycles": cycles}
    return decode(seats, called, people, assay=assay, **options)


def few_levels(monkeypatch: pytest.MonkeyPatch, levels: int) -> tuple[Any, list[float], list[float]]:
    """Cycles whose law has so few cells that every combination can be walked, their middles and their weights."""
    monkeypatch.setattr(import_module("poolpipe.decode.loads"), "MOST_LEVELS", levels)
    law = load_law(COARSE)
    assert law.ct.size == levels
    return COARSE, law.ct.tolist(), law.weight.tolist()


def expected(
    pools: list[list[int]], outcomes: list[Outcome], prior: list[float], ct: list[float], weight: list[float]
) -> tuple[float, list[float], list[float]]:
    chances = [
        {
            level: chance_of_outcome(
                call, read, None if level == 0 else ct[level - 1], len(pool), sensitivity=SE, specificity=SP,
                limit=36.0, noise=1.0, false=(33.0, 5.0),
            )
            for level in range(len(ct) + 1)
        }
        for pool, (call, read) in zip(pools, outcomes, strict=True)
    ]  # fmt: skip
    return enumerate_loads(pools, chances, prior, weight)


CASES: dict[str, tuple[list[list[int]], list[Outcome], str]] = {
    "one pool": ([[0, 1, 2]], [("positive", 30.0)], "closed_form"),
    "a tree": ([[0, 1, 2], [2, 3]], [("positive", 31.0), ("positive", 34.5)], "tree"),
    "a single and its pool": ([[0, 1, 2, 3], [1]], [("positive", 33.0), ("negative", None)], "tree"),
    "a ring": ([[0, 1], [1, 2], [2, 0]], [("positive", 29.0), ("positive", 35.0), ("negative", None)], "elimination"),
    "two pools of the same two": ([[0, 1], [0, 1, 2]], [("positive", 29.0), ("positive", None)], "elimination"),
    "a ring of five": (
        [[0, 1], [1, 2], [2, 3], [3, 4], [4, 0]],
        [("positive", 30.0), ("suspect", 33.0), ("negative", None), ("positive", 35.9), ("positive", 36.0)],
        "elimination",
    ),
    "everybody in three pools": (
        [[0, 1, 2, 3], [0, 1, 2, 3], [0, 1, 2, 3]],
        [("positive", 30.0), ("negative", None), ("positive", 32.0)],
        "elimination",
    ),
}  # fmt: skip


@pytest.mark.parametrize("states", [1 << 18, 1000])
@pytest.mark.parametrize("name", CASES)
def test_decode__agrees_with_every_combination_of_loads(
    name: str, states: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With many states a table over people; with few, pools of four people and more are summed out."""
    cycles, ct, weight = few_levels(monkeypatch, 5)
    pools, outcomes, method = CASES[name]
    prior = [0.05, 0.2, 0.01, 0.1, 0.3][: max(i for pool in pools for i in pool) + 1]
    log_evidence, infected, nobody = expected(pools, outcomes, prior, ct, weight)
    found = decoded(pools, outcomes, prior, cycles, effort=Effort(states=states))
    np.testing.assert_allclose(found.people["p_infected"], infected, rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.pools["p_nobody"], nobody, rtol=0, atol=1e-10)
    assert found.components["log_evidence"].to_list() == [pytest.approx(log_evidence, abs=1e-9)]
    assert set(found.people["method"]) == {method}
    assert found.people["error"].max() == 1e-10


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("sweeps", [0, 4000])
def test_decode__tells_how_far_beliefs_about_loads_may_be_off(
    seed: int, sweeps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    cycles, ct, weight = few_levels(monkeypatch, 4)
    rng = np.random.default_rng(seed)
    pools = [sorted(rng.choice(6, 3, replace=False).tolist()) for _ in range(6)]
    outcomes: list[Outcome] = [
        ("positive", float(rng.uniform(28, 36))) if rng.random() < 0.6 else ("negative", None) for _ in pools
    ]
    outcomes[0] = ("positive", 30.0)
    prior = rng.uniform(0.02, 0.2, 6).tolist()
    _, infected, _ = expected(pools, outcomes, prior, ct, weight)
    found = decoded(pools, outcomes, prior, cycles, effort=Effort(states=1, sweeps=sweeps)).people
    assert (np.abs(found["p_infected"] - np.asarray(infected)) <= found["error"].to_numpy()).all()
    assert ("sampling" in set(found["method"])) <= bool(sweeps)


def test_load_law__is_the_law_up_to_the_limit() -> None:
    law = load_law(COARSE)
    assert law.weight.sum() == pytest.approx(1)
    edges = np.append(law.ct + 0.5, law.ct[-1] - 0.5)
    within = [normal_cdf((edge - 28.0) / 4.0) for edge in edges]
    expected = -np.diff(within) / within[0]
    np.testing.assert_allclose(law.weight[:-1], expected[:-1], atol=1e-9)
    measured = load_law(Cycles(values=(25.0, 31.0), limit=36.0))
    assert float(measured.weight @ measured.ct) == pytest.approx(28.0, abs=0.01)


def test_load_law__of_what_is_never_seen_alone_is_the_weakest_cell() -> None:
    law = load_law(Cycles(mean=90.0, sd=1.0, limit=38.0))
    assert law.weight.sum() == law.weight[0] == 1.0


@pytest.mark.parametrize("noise", [0.5, 1.0])
def test_decode__a_finer_grid_changes_nothing(noise: float, monkeypatch: pytest.MonkeyPatch) -> None:
    pools = [[0, 1, 2], [2, 3, 4]]
    outcomes: list[Outcome] = [("positive", 31.3), ("positive", 33.2)]
    cycles, prior = COARSE.model_copy(update={"noise": noise}), [0.02] * 5
    coarse = decoded(pools, outcomes, prior, cycles).people["p_infected"].to_numpy()
    law = load_law(cycles.model_copy(update={"noise": 0.1}))
    monkeypatch.setattr(import_module("poolpipe.decode.load_inference"), "load_law", lambda _: law)
    fine = decoded(pools, outcomes, prior, cycles).people["p_infected"].to_numpy()
    np.testing.assert_allclose(coarse, fine, atol=2e-3)


def test_decode__a_load_is_shared_by_all_pools_of_a_person() -> None:
    """A strong swab and a weak one: the pools of person 2 agree on a load, those of person 0 do not."""
    pools = [[0, 1, 2, 3], [2, 4, 5, 6], [0, 7, 8, 9]]
    prior = [0.01] * 10
    same = decoded(pools, [("positive", 26.0), ("positive", 26.0), ("positive", 34.0)], prior, COARSE).people
    assert same["p_infected"][2] > 0.9
    apart = decoded(pools, [("positive", 26.0), ("positive", 34.0), ("positive", 26.0)], prior, COARSE).people
    assert apart["p_infected"][0] > 0.9
    assert apart["p_infected"][2] < 0.2 < same["p_infected"][2]


@pytest.mark.parametrize("people", [1, 5, 10, 40])
@pytest.mark.parametrize("cycles", [Cycles(), Cycles(values=(18.0, 22.0, 24.0, 27.0, 31.0))])
def test_decode__beyond_the_limit_evidence_never_grows(people: int, cycles: Cycles) -> None:
    told = [
        decoded([list(range(people))], [("positive", ct)], [0.01] * people, cycles).people["p_infected"][0]
        for ct in (39.9, 40.0, 41.0, 50.0, 99.0)
    ]
    assert told == sorted(told, reverse=True)
    assert len(set(told[1:])) == 1


@pytest.mark.parametrize("ct", [0.0, -3.0, 100.5])
def test_decode__refuses_a_ct_that_cannot_be(ct: float) -> None:
    with pytest.raises(TableError, match=r"column 'ct', row 2.*give cycles above 0 and up to 100"):
        decoded([[0], [1]], [("positive", 30.0), ("positive", ct)], [0.1, 0.1], {})


def test_decode__impossible_readings_leave_the_prior() -> None:
    perfect = {"sensitivity": 1.0, "specificity": 1.0, "cycles": {}}
    seats = pl.DataFrame({"pool": [0, 1, 2], "person": [0, 0, 1]})
    pools = pl.DataFrame(
        {"pool": [0, 1, 2], "call": ["positive", "negative", "positive"], "ct": [25.0, None, 30.0]}
    )
    found = decode(seats, pools, pl.DataFrame({"person": [0, 1], "prior": [0.1, 0.1]}), assay=perfect)
    assert found.people["p_infected"].to_list() == [0.1, pytest.approx(1)]
    assert found.people["error"].to_list() == [None, 1e-10]
    assert sorted(found.doubts["pool"].to_list()) == ["0", "1"]


def test_decode__components_without_a_ct_stay_as_they_are() -> None:
    pools, prior = [[0, 1], [2, 3], [3, 4]], [0.05] * 5
    outcomes: list[Outcome] = [("positive", 30.0), ("positive", None), ("negative", None)]
    with_one = decoded(pools, outcomes, prior, COARSE).people["p_infected"].to_list()
    without = (
        decoded(pools, [(call, None) for call, _ in outcomes], prior, COARSE).people["p_infected"].to_list()
    )
    assert with_one[2:] == without[2:]
    assert with_one[0] != without[0]


def test_decode__surprise_of_an_expected_ct_is_small_and_of_an_odd_one_large() -> None:
    def surprise(ct: float) -> float:
        found = decoded(
            [[0, 1, 2]], [("positive", ct)], [0.1] * 3, COARSE.model_copy(update={"false_sd": 2.0})
        )
        return float(found.components["surprise"][0])

    assert surprise(30.0) == pytest.approx(surprise(31.0), abs=1)
    assert math.isfinite(surprise(5.0))
