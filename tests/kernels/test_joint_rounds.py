"""Components of several rounds, against every pattern of infections; and bounds beyond which nothing is written."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from kernels.both_ways import of, ways
from poolpipe_kernels.joint_rounds import solve_jointly

if TYPE_CHECKING:
    from numpy.typing import NDArray

PRIOR = 0.03
MOST = {"infections": 12, "rounds": 3, "tubes": 60, "states": 1 << 12, "kept": 1 << 18}


class _City(NamedTuple):
    """Infections (person, before, first round, last round) and tubes (round, infections), each with its component."""

    infections: list[tuple[int, int, int, int]]
    tubes: list[tuple[int, list[int]]]
    component: list[int]
    of_tube: list[int]
    turnover: NDArray[np.float64]
    likelihood: NDArray[np.float64]


def _city(seed: int) -> _City:
    """Four people in three rounds; two of them have an infection that lies in two rounds."""
    rng = np.random.default_rng(seed)
    infections, at = list[tuple[int, int, int, int]](), dict[tuple[int, int], int]()
    for person in range(4):
        before = -1
        for first, last in ((0, 0), (1, 2)) if person < 2 else ((0, 0), (1, 1), (2, 2)):
            at |= {(person, round_): len(infections) for round_ in range(first, last + 1)}
            infections.append((person, before, first, last))
            before = len(infections) - 1
    tubes = list[tuple[int, list[int]]]()
    for round_ in range(3):
        people = rng.permutation(4).tolist()
        cut = int(rng.integers(1, 4))
        tubes += [(round_, [at[each, round_] for each in some]) for some in (people[:cut], people[cut:])]
    group = list(range(len(infections)))
    for _, members in tubes:  # joined by the tubes that they share
        joined = {group[each] for each in members}
        group = [min(joined) if each in joined else each for each in group]
    component = np.unique(group, return_inverse=True)[1].tolist()
    return _City(
        infections, tubes, component, [component[members[0]] for _, members in tubes],
        rng.uniform(0.01, 0.9, (len(infections), 2)), rng.uniform(0.05, 1.0, (len(tubes), 2)),
    )  # fmt: skip


def _by_component(component: list[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    order = np.argsort(component, kind="stable")
    return np.concatenate([[0], np.cumsum(np.bincount(component))]), order


def _solved(city: _City, interpreted: bool, **bounds: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """P(infected) and P(nobody) of every component, solved with all that lies before it; -1 where nothing is written."""
    p_infected, nobody = np.full(len(city.infections), -1.0), np.full(len(city.tubes), -1.0)
    seats = [each for _, members in city.tubes for each in members]
    facts = [(city.component[at], *facts[1:]) for at, facts in enumerate(city.infections)]
    of(solve_jointly, interpreted)(
        np.arange(max(city.component) + 1), *_by_component(city.component), *_by_component(city.of_tube),
        np.concatenate([[0], np.cumsum([len(members) for _, members in city.tubes])]), np.array(seats), np.array(facts),
        city.turnover, np.array([round_ for round_, _ in city.tubes]), city.likelihood, PRIOR,
        np.array([*(MOST | bounds).values()]), p_infected, nobody,
    )  # fmt: skip
    return p_infected, nobody


def _those_before(city: _City, component: int) -> set[int]:
    found = {component}
    while True:
        earlier = {city.infections[at][1] for at, of_ in enumerate(city.component) if of_ in found}
        more = found | {city.component[each] for each in earlier if each >= 0}
        if more == found:
            return found
        found = more


def _enumerated(city: _City, component: int) -> tuple[dict[int, float], dict[int, float]]:
    known = _those_before(city, component)
    who = [at for at, of_ in enumerate(city.component) if of_ in known]
    tubes = [at for at, of_ in enumerate(city.of_tube) if of_ in known]
    total, infected, clean = 0.0, dict.fromkeys(who, 0.0), dict.fromkeys(tubes, 0.0)
    for pattern in itertools.product((False, True), repeat=len(who)):
        state = dict(zip(who, pattern, strict=True))
        weight = 1.0
        for each in who:
            before = city.infections[each][1]
            chance = PRIOR if before < 0 else city.turnover[each][0 if state[before] else 1]
            weight *= chance if state[each] else 1 - chance
        somebody = {tube: any(state[each] for each in city.tubes[tube][1]) for tube in tubes}
        for tube in tubes:
            weight *= city.likelihood[tube][int(somebody[tube])]
        total += weight
        for each in who:
            infected[each] += weight * state[each]
        for tube in tubes:
            clean[tube] += weight * (not somebody[tube])
    return {each: value / total for each, value in infected.items()}, {
        each: value / total for each, value in clean.items()
    }


@ways
@pytest.mark.parametrize("seed", range(6))
def test_components__are_what_every_pattern_says(seed: int, interpreted: bool) -> None:
    city = _city(seed)
    p_infected, nobody = _solved(city, interpreted)
    for component in set(city.component):
        infected, clean = _enumerated(city, component)
        for each, of_ in enumerate(city.component):
            if of_ == component:
                assert p_infected[each] == pytest.approx(infected[each], rel=1e-11)
        for tube, of_ in enumerate(city.of_tube):
            if of_ == component:
                assert nobody[tube] == pytest.approx(clean[tube], rel=1e-11)


@ways
@pytest.mark.parametrize(
    "bounds", [{"infections": 3}, {"rounds": 1}, {"tubes": 1}, {"states": 1}, {"kept": 1}], ids=lambda given: next(iter(given))
)  # fmt: skip
def test_components__beyond_a_bound_stay_as_they_are(bounds: dict[str, int], interpreted: bool) -> None:
    city = _city(1)
    last = [at for at, facts in enumerate(city.infections) if facts[3] == 2]
    p_infected, nobody = _solved(city, interpreted, **bounds)
    assert p_infected[last].tolist() == [-1.0] * len(last)
    assert [nobody[at] for at, (round_, _) in enumerate(city.tubes) if round_ == 2] == [-1.0, -1.0]


@ways
def test_components__whose_outcomes_are_impossible_stay_as_they_are(interpreted: bool) -> None:
    city = _city(2)
    city.likelihood[0] = 0.0
    p_infected, nobody = _solved(city, interpreted)
    impossible = [
        component for component in set(city.component) if city.of_tube[0] in _those_before(city, component)
    ]
    for each, of_ in enumerate(city.component):
        assert (p_infected[each] == -1.0) == (of_ in impossible)
    for tube, of_ in enumerate(city.of_tube):
        assert (nobody[tube] == -1.0) == (of_ in impossible)
