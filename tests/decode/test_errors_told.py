"""Nobody's probability is further from the exact one than decode tells, however little effort it was given."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from poolpipe.decode import Effort, decode
from poolpipe.decode.parts import Component
from poolpipe.decode.sampling import sample
from poolpipe.errors import PolicyError
from reference.decoding import enumerate_patterns, nobody_infected, or_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

MUCH = Effort(states=1 << 22, kept=1 << 27)
Frames = tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]


def seen(
    rng: np.random.Generator,
    pools: Sequence[NDArray[np.int64]],
    prior: NDArray[np.float64],
    se: float,
    sp: float,
) -> Frames:
    """Draw infections and outcomes, and lay them out as tables."""
    infected = rng.random(prior.size) < prior
    positive = [rng.random() < (se if infected[pool].any() else 1 - sp) for pool in pools]
    return (
        pl.DataFrame(
            {
                "pool": np.repeat(np.arange(len(pools)), [pool.size for pool in pools]),
                "person": np.concatenate(pools),
            }
        ),
        pl.DataFrame(
            {"pool": range(len(pools)), "call": ["positive" if y else "negative" for y in positive]}
        ),
        pl.DataFrame({"person": range(prior.size), "prior": prior}),
    )


def small_design(rng: np.random.Generator) -> tuple[Frames, dict[str, float]]:
    """Twelve to fourteen people in five to thirteen random pools; any prevalence, any quality of the test."""
    people = int(rng.integers(12, 15))
    pools = [
        np.sort(rng.choice(people, int(rng.integers(2, 8)), replace=False))
        for _ in range(int(rng.integers(5, 14)))
    ]
    se, sp = float(rng.choice([0.8, 0.9, 0.95, 1.0])), float(rng.choice([0.9, 0.98, 0.99, 0.999, 1.0]))
    prior = np.full(people, float(rng.choice([0.01, 0.05, 0.1, 0.2, 0.3])))
    return seen(rng, pools, prior, se, sp), {"sensitivity": se, "specificity": sp}


def hundred(rng: np.random.Generator) -> tuple[Frames, dict[str, float]]:
    """A hundred people at 5% in 23 random pools of thirteen: beyond the default effort, mostly, within a large one."""
    pools = [np.sort(rng.choice(100, 13, replace=False)) for _ in range(23)]
    se, sp = float(rng.choice([0.8, 0.9, 0.95])), float(rng.choice([0.98, 0.99, 0.999]))
    return seen(rng, pools, np.full(100, 0.05), se, sp), {"sensitivity": se, "specificity": sp}


def exact(frames: Frames, assay: Any) -> pl.Series:
    """Everybody's probability, as enumeration or elimination gives it."""
    truth = decode(*frames, assay=assay, effort=MUCH).people
    assert truth["error"].to_numpy().max() <= 1e-10
    return truth["p_infected"]


def too_far(
    frames: Frames, assay: Any, effort: Effort, truth: pl.Series
) -> tuple[list[tuple[float, float]], set[str]]:
    """(distance from the truth, told) of everybody who is further off than told, and the methods."""
    found = decode(*frames, assay=assay, effort=effort).people
    off = (found["p_infected"] - truth).abs().to_numpy()
    told = found["error"].to_numpy()
    wrong = off > told + 1e-12
    return list(zip(off[wrong].tolist(), told[wrong].tolist(), strict=True)), set(found["method"])


@pytest.mark.parametrize("seed", range(5))
def test_error__covers_fifty_small_designs_with_the_effort_cut(seed: int) -> None:
    """250 designs in all, with samples and without."""
    rng = np.random.default_rng(seed)
    methods: dict[int, set[str]] = {0: set(), 2000: set()}
    for number in range(50):
        frames, assay = small_design(rng)
        truth = exact(frames, assay)
        for sweeps in methods:
            cut = Effort(states=1, people=0, columns=0, sweeps=sweeps)
            wrong, used = too_far(frames, assay, cut, truth)
            assert not wrong, (number, sweeps)
            methods[sweeps] |= used
    assert not (methods[0] | methods[2000]) & {"array", "enumeration", "elimination"}
    assert "sampling" in methods[2000] - methods[0]


def hostile_design(rng: np.random.Generator) -> tuple[Frames, dict[str, float]]:
    """Twelve to fourteen people of very different risk in small pools, and tests near perfection: beliefs miss explanations."""
    people, largest = int(rng.integers(12, 15)), int(rng.integers(2, 8))
    pools = [
        np.sort(rng.choice(people, int(rng.integers(2, largest + 1)), replace=False))
        for _ in range(int(rng.integers(4, 25)))
    ]
    se, sp = (
        float(rng.choice([0.6, 0.8, 0.95, 0.99, 1.0])),
        float(rng.choice([0.9, 0.99, 0.999, 0.99997, 1.0])),
    )
    prior = rng.choice([0.001, 0.01, 0.05, 0.2, 0.5], people)
    assay = {"sensitivity": se, "specificity": sp}
    if rng.random() < 0.3:
        assay["dilution"] = float(rng.choice([0.1, 0.3]))
    return seen(rng, pools, prior, se, sp), assay


@pytest.mark.parametrize("seed", range(3))
def test_error__covers_people_of_very_different_risk(seed: int) -> None:
    rng = np.random.default_rng(900 + seed)
    for number in range(50):
        states = int(rng.choice([1, 8, 32, 128]))
        frames, assay = hostile_design(rng)
        truth = decode(*frames, assay=assay, effort=MUCH).people
        if truth["error"].null_count():
            continue  # impossible with this test
        assert truth["error"].to_numpy().max() <= 1e-10
        for sweeps in (0, 2000):
            cut = Effort(states=states, people=0, columns=0, sweeps=sweeps)
            wrong, _ = too_far(frames, assay, cut, truth["p_infected"])
            assert not wrong, (number, sweeps, wrong)


@pytest.mark.parametrize("seed", range(3))
def test_error__covers_a_hundred_people_at_five_percent_at_default_effort(seed: int) -> None:
    frames, assay = hundred(np.random.default_rng(100 + seed))
    wrong, methods = too_far(frames, assay, Effort(), exact(frames, assay))
    assert not wrong
    assert methods - {"prior"} <= {"belief_propagation", "local_elimination", "sampling"}


@pytest.mark.parametrize("seed", range(3))
def test_error__covers_knots_solved_among_likely_people(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a component of more than 2,000 people, which is never solved or sampled whole."""
    frames, assay = hundred(np.random.default_rng(200 + seed))
    truth = decode(*frames, assay=assay, effort=MUCH).people
    monkeypatch.setattr(import_module("poolpipe.decode.inference"), "solve_loopy", lambda *_: iter(()))
    monkeypatch.setattr(import_module("poolpipe.decode.approximation"), "LARGEST", 0)
    approximation = import_module("poolpipe.decode.approximation")
    checks: list[Any] = []

    def refined(*given: Any) -> Any:
        for check in refine(*given):
            checks.append(check)
            yield check

    refine = approximation.refine
    monkeypatch.setattr(approximation, "refine", refined)
    found = decode(*frames, assay=assay, effort=Effort(sweeps=0)).people
    assert ((found["p_infected"] - truth["p_infected"]).abs() <= found["error"] + 1e-12).all()
    local = found.filter(method="local_elimination")["error"]
    # as docs/decode.md has it
    told = [0.25 * check.moved + 5 * check.least for check in checks if check.solved]
    assert sorted(set(local)) == pytest.approx(sorted(set(told)))


def test_error__is_nothing_where_nothing_was_tested_or_all_is_proven() -> None:
    seats = pl.DataFrame({"pool": [0, 1, 1], "person": [0, 1, 2]})
    pools = pl.DataFrame({"pool": [0, 1], "call": ["negative", "positive"]})
    people = pl.DataFrame({"person": range(4), "prior": [0.1] * 4})
    found = decode(seats, pools, people, assay={"sensitivity": 1.0, "specificity": 1.0})
    assert found.people["error"].to_list() == [0.0, 1e-10, 1e-10, 0.0]
    assert found.components["error"].to_list() == [0.0, 1e-10, 0.0]


def by_hand(seed: int) -> tuple[Component, list[list[int]], list[list[float]], list[float]]:
    rng = np.random.default_rng(seed)
    pools = [sorted(rng.choice(8, 4, replace=False).tolist()) for _ in range(6)]
    prior = rng.uniform(0.02, 0.3, 8).tolist()
    positive = rng.random(6) < 0.6
    rows = [or_row(bool(y), 4, 0.9, 0.95) for y in positive]
    component = Component(
        np.arange(0, 25, 4),
        np.asarray(pools, np.int32).ravel(),
        np.asarray([row[:2] for row in rows]),
        counts_matter=False,
        prior=np.asarray(prior),
    )
    return component, pools, rows, prior


@pytest.mark.parametrize("seed", range(4))
def test_sample__is_near_every_pattern_and_says_how_near(seed: int) -> None:
    component, pools, rows, prior = by_hand(seed)
    _, truth = enumerate_patterns(pools, rows, prior)
    found = sample(component, 8000, 1)
    assert (np.abs(found.p_infected - truth) <= found.error).all()
    assert found.error.max() < 0.06
    np.testing.assert_allclose(found.nobody, nobody_infected(pools, rows, prior), atol=0.05)


@pytest.mark.parametrize("wrong", [-1, 1.5, True])
def test_effort__refuses_sweeps_that_cannot_be(wrong: Any) -> None:
    with pytest.raises(PolicyError, match="sweeps"):
        Effort(sweeps=wrong)
