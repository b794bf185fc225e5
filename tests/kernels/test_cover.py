"""Who is cleared, who is certain, who explains the positives, and cuts into pools, against plain loops and every cut."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import both, of, ways
from kernels.graphs import by_person, csr
from poolpipe_kernels import cover

PEOPLE = 6
some_pools = st.lists(
    st.tuples(st.lists(st.integers(0, PEOPLE - 1), max_size=4, unique=True), st.booleans()), max_size=7
)


def cleared(told) -> set[int]:
    return {person for pool, positive in told if not positive for person in pool}


def flags(people) -> np.ndarray:
    return np.isin(np.arange(PEOPLE), list(people))


@both(cover.clear_people)
@given(told=some_pools)
def test_clear_people__clears_whoever_sits_in_a_negative_pool(run, told) -> None:
    clear = np.zeros(PEOPLE, np.bool_)
    run(*csr([pool for pool, _ in told]), np.array([not positive for _, positive in told], np.bool_), clear)
    assert set(np.flatnonzero(clear).tolist()) == cleared(told)


@both(cover.find_definite)
@given(told=some_pools)
def test_find_definite__marks_the_only_one_left_of_a_positive_pool(run, told) -> None:
    definite, clear = np.zeros(PEOPLE, np.bool_), flags(cleared(told))
    positive = np.array([positive for _, positive in told], np.bool_)
    run(*csr([pool for pool, _ in told]), positive, clear, definite)
    left = [set(pool) - cleared(told) for pool, positive in told if positive]
    assert set(np.flatnonzero(definite).tolist()) == {
        person for who in left if len(who) == 1 for person in who
    }


@both(cover.explain_greedily)
@given(told=some_pools, certain=st.sets(st.integers(0, PEOPLE - 1), max_size=2))
def test_explain_greedily__takes_whoever_explains_most(run, told, certain) -> None:
    pools, negative = [pool for pool, _ in told], cleared(told)
    infected, unexplained = flags(certain), np.array([positive for _, positive in told], np.bool_)
    run(*csr(pools), *by_person(pools, PEOPLE), unexplained, flags(negative), infected)
    chosen = set(certain)
    left = [q for q, (pool, positive) in enumerate(told) if positive and not chosen & set(pool)]
    while left:
        explains = [0 if who in negative else sum(who in pools[q] for q in left) for who in range(PEOPLE)]
        if max(explains) == 0:
            break
        chosen.add(explains.index(max(explains)))
        left = [q for q in left if not chosen & set(pools[q])]
    assert set(np.flatnonzero(infected).tolist()) == chosen
    assert np.flatnonzero(unexplained).tolist() == left


def fewest(chance, largest, se, sp) -> float:
    """Tests expected of the best cut, by trying every cut (Dorfman 1943)."""
    if not chance:
        return 0.0
    best = math.inf
    for size in range(1, min(largest, len(chance)) + 1):
        clean = math.prod(1 - p for p in chance[:size])
        cost = 1.0 if size == 1 else 1 + size * (se * (1 - clean) + (1 - sp) * clean)
        best = min(best, cost + fewest(chance[size:], largest, se, sp))
    return best


@both(cover.partition)
@pytest.mark.parametrize("largest", [1, 3, 8])
def test_partition__needs_the_fewest_tests_of_all_cuts(run, largest: int) -> None:
    chance = np.sort(np.random.default_rng(31).uniform(0, 0.4, 8))
    tests, start = np.empty(9), np.zeros(9, np.int64)
    run(chance, largest, 0.95, 0.99, tests, start)
    for people in range(9):
        assert tests[people] == pytest.approx(
            fewest(chance[:people].tolist(), largest, 0.95, 0.99), abs=1e-12
        )
    sizes = np.arange(1, 9) - start[1:]
    assert ((sizes >= 1) & (sizes <= largest)).all()


@ways
def test_kernels__follow_their_pictures(interpreted: bool) -> None:
    offsets, members = np.array([0, 3, 5]), np.array([0, 1, 2, 2, 3], np.int32)
    clear, definite = np.zeros(4, np.bool_), np.zeros(4, np.bool_)
    of(cover.clear_people, interpreted)(offsets, members, np.array([False, True]), clear)
    assert clear.tolist() == [False, False, True, True]
    of(cover.find_definite, interpreted)(
        offsets,
        members,
        np.array([True, False]),
        ~np.array([True, False, False, False]),
        definite,
    )
    assert definite.tolist() == [True, False, False, False]
    offsets, members = np.array([0, 2, 4]), np.array([0, 1, 1, 2], np.int32)
    seats, pools = by_person([[0, 1], [1, 2]], 3)
    infected = np.zeros(3, np.bool_)
    unexplained, clear = np.array([True, True]), np.zeros(3, np.bool_)
    of(cover.explain_greedily, interpreted)(offsets, members, seats, pools, unexplained, clear, infected)
    assert infected.tolist() == [False, True, False]
    tests, start = np.empty(5), np.zeros(5, np.int64)
    of(cover.partition, interpreted)(np.array([0.01, 0.01, 0.02, 0.3]), 4, 1.0, 1.0, tests, start)
    assert start.tolist() == [0, 0, 0, 0, 3]
    assert tests[4] == pytest.approx(2 + 3 * (1 - 0.99 * 0.99 * 0.98))
