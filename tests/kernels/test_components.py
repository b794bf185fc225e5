"""Pools that hang together and what a perfect test settles, against sets."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.both_ways import of, ways
from kernels.graphs import csr
from poolpipe_kernels import components
from poolpipe_kernels.compilation import read_only


@ways
def test_order_by_pool__sorts_and_keeps_the_order_within(interpreted: bool) -> None:
    offsets, members = np.zeros(4, np.int64), np.empty(4, np.int32)
    pool, person = np.array([1, 0, 1, 2], np.int32), np.array([7, 8, 9, 7], np.int32)
    of(components.order_by_pool, interpreted)(pool, person, offsets, members)
    assert (offsets.tolist(), members.tolist()) == ([0, 1, 3, 4], [8, 7, 9, 7])


@ways
@pytest.mark.parametrize("size", [4, 40])
def test_drop_repeats__seats_a_person_once_in_a_pool(interpreted: bool, size: int) -> None:
    rng = np.random.default_rng(size)
    pools = [rng.integers(0, 12, size).tolist() for _ in range(5)] + [[]]
    offsets, members = csr(pools)
    kept = of(components.drop_repeats, interpreted)(offsets, members, np.full(12, -1, np.int32))
    expected = [list(dict.fromkeys(pool)) for pool in pools]
    assert offsets.tolist() == csr(expected)[0].tolist()
    assert members[:kept].tolist() == csr(expected)[1].tolist()


@ways
def test_settle_tally_compact__draw_the_conclusions_of_a_perfect_test(interpreted: bool) -> None:
    offsets, members = csr([[0, 1], [1, 2], [2, 3, 4]])
    state, impossible = np.full(5, -1, np.int8), np.zeros(3, np.bool_)
    table, rows = np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0, 1, 1])
    while of(components.settle, interpreted)(offsets, members, rows, table, False, state, impossible):
        pass
    assert state.tolist() == [0, 0, 1, -1, -1]
    assert not impossible.any()
    infected, unknown = np.zeros(3, np.int64), np.zeros(3, np.int64)
    of(components.tally, interpreted)(offsets, members, state, infected, unknown)
    assert (infected.tolist(), unknown.tolist()) == ([0, 1, 1], [0, 0, 2])
    left, who = np.empty_like(offsets), np.empty_like(members)
    kept = of(components.compact, interpreted)(offsets, members, state, unknown > 0, left, who)
    assert (left.tolist(), who[:kept].tolist()) == ([0, 0, 0, 2], [3, 4])
    state[:] = 0
    of(components.settle, interpreted)(offsets, members, rows, table, False, state, impossible)
    assert impossible.tolist() == [False, True, True]


@ways
def test_extract__numbers_people_from_zero_and_leaves_no_trace(interpreted: bool) -> None:
    offsets, members = csr([[9, 4], [1], [4, 7]])
    place, who = np.full(10, -1, np.int32), np.empty(4, np.int32)
    local_offsets, local = np.empty(3, np.int64), np.empty(4, np.int32)
    chosen = np.array([0, 2], np.int32)
    count = of(components.extract, interpreted)(chosen, offsets, members, place, who, local_offsets, local)
    assert (count, who[:count].tolist()) == (3, [9, 4, 7])
    assert (local_offsets.tolist(), local.tolist()) == ([0, 2, 4], [0, 1, 1, 2])
    assert (place == -1).all()


@ways
def test_sum_by_pool__adds_a_number_of_each_person(interpreted: bool) -> None:
    sums = np.full(3, -1.0)
    of(components.sum_by_pool, interpreted)(*csr([[0, 1], [], [1, 2]]), np.array([0.25, 0.5, 1.0]), sums)
    assert sums.tolist() == [0.75, 0.0, 1.5]


@ways
@pytest.mark.parametrize(("pools", "ordered"), [([0, 0, 2], True), ([1, 0, 1], False), ([], True)])
def test_count_seats__counts_and_tells_the_order(interpreted: bool, pools: list[int], ordered: bool) -> None:
    offsets = np.zeros(4, np.int64)
    told = of(components.count_seats, interpreted)(read_only(np.array(pools, np.int32)), offsets)
    assert bool(told) == ordered
    assert offsets.tolist() == [sum(pool < end for pool in pools) for end in range(4)]
