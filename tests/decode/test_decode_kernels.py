"""Every kernel of the decoder, compiled and interpreted, against a naive reference or its own picture."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from poolpipe.decode.in_logs import eliminate_in_logs
from poolpipe_kernels import arrays, components, counts, elimination, enumeration, propagate
from reference.decoding import enumerate_patterns, nobody_infected, or_row

SE, SP = 0.9, 0.98
BOTH = pytest.mark.parametrize("interpreted", [False, True])


def of(kernel: Any, interpreted: bool) -> Any:
    return kernel.py_func if interpreted else kernel


def csr(pools: list[list[int]]) -> tuple[np.ndarray, np.ndarray]:
    members = np.array([i for pool in pools for i in pool], np.int32)
    return np.cumsum([0, *map(len, pools)]), members


def by_person(pools: list[list[int]], people: int) -> tuple[np.ndarray, np.ndarray]:
    seats, numbers = np.zeros(people + 1, np.int64), np.empty(sum(map(len, pools)), np.int32)
    pool_of_seat = np.repeat(np.arange(len(pools), dtype=np.int32), list(map(len, pools)))
    components.order_by_pool(csr(pools)[1], pool_of_seat, seats, numbers)
    return seats, numbers


def outcomes(pools: list[list[int]], positive: list[bool]) -> np.ndarray:
    return np.array([or_row(y, 1, SE, SP) for y in positive])


@BOTH
def test_order_by_pool__sorts_and_keeps_the_order_within(interpreted: bool) -> None:
    offsets, members = np.zeros(4, np.int64), np.empty(4, np.int32)
    pool, person = np.array([1, 0, 1, 2], np.int32), np.array([7, 8, 9, 7], np.int32)
    of(components.order_by_pool, interpreted)(pool, person, offsets, members)
    assert (offsets.tolist(), members.tolist()) == ([0, 1, 3, 4], [8, 7, 9, 7])


@BOTH
@pytest.mark.parametrize("size", [4, 40])
def test_drop_repeats__seats_a_person_once_in_a_pool(interpreted: bool, size: int) -> None:
    rng = np.random.default_rng(size)
    pools = [rng.integers(0, 12, size).tolist() for _ in range(5)] + [[]]
    offsets, members = csr(pools)
    kept = of(components.drop_repeats, interpreted)(offsets, members, np.full(12, -1, np.int32))
    expected = [list(dict.fromkeys(pool)) for pool in pools]
    assert offsets.tolist() == csr(expected)[0].tolist()
    assert members[:kept].tolist() == csr(expected)[1].tolist()


@BOTH
def test_join_pools__finds_the_components(interpreted: bool) -> None:
    rng = np.random.default_rng(1)
    pools = [rng.choice(30, 3, replace=False).tolist() for _ in range(12)]
    says = rng.random(12) < 0.8
    offsets, members = csr(pools)
    last, parent = np.full(30, -1, np.int32), np.empty(12, np.int32)
    of(components.join_pools, interpreted)(offsets, members, says, last, parent)
    groups: list[set[int]] = []
    for pool, told in zip(pools, says, strict=True):
        if told:
            joined = [group for group in groups if group & set(pool)]
            groups = [group for group in groups if group not in joined] + [set(pool).union(*joined)]
    for person in range(30):
        mine = {other for other in range(30) if last[other] >= 0 and last[person] >= 0
                and parent[last[other]] == parent[last[person]]}  # fmt: skip
        assert mine == next((group for group in groups if person in group), set())


@BOTH
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


@BOTH
def test_extract__numbers_people_from_zero_and_leaves_no_trace(interpreted: bool) -> None:
    offsets, members = csr([[9, 4], [1], [4, 7]])
    place, who = np.full(10, -1, np.int32), np.empty(4, np.int32)
    local_offsets, local = np.empty(3, np.int64), np.empty(4, np.int32)
    chosen = np.array([0, 2], np.int32)
    count = of(components.extract, interpreted)(chosen, offsets, members, place, who, local_offsets, local)
    assert (count, who[:count].tolist()) == (3, [9, 4, 7])
    assert (local_offsets.tolist(), local.tolist()) == ([0, 2, 4], [0, 1, 1, 2])
    assert (place == -1).all()


@BOTH
def test_array__agrees_with_enumeration(interpreted: bool) -> None:
    rng = np.random.default_rng(2)
    prior = rng.uniform(0.01, 0.3, (3, 4))
    prior[1, 2] = 0.0  # an empty cell
    pools = [list(range(4 * i, 4 * i + 4)) for i in range(3)] + [list(range(j, 12, 4)) for j in range(4)]
    positive = [True, False, True, False, True, True, False]
    table, infected, nobody = outcomes(pools, positive), np.empty((3, 4)), np.empty(7)
    evidence, absolute = of(arrays.array, interpreted)(prior, table[:3], table[3:], infected, nobody)
    rows = [or_row(y, len(pool), SE, SP) for y, pool in zip(positive, pools, strict=True)]
    log_evidence, marginals = enumerate_patterns(pools, rows, prior.ravel())
    assert math.log(evidence) == pytest.approx(log_evidence, abs=1e-11)
    assert absolute >= evidence
    np.testing.assert_allclose(infected.ravel(), marginals, atol=1e-11)
    np.testing.assert_allclose(nobody, nobody_infected(pools, rows, prior.ravel()), atol=1e-11)


@BOTH
def test_recognise__tells_arrays_from_other_graphs(interpreted: bool) -> None:
    def found(pools: list[list[int]], people: int) -> tuple[tuple[int, int], Any, Any]:
        side, number, cell = (
            np.empty(len(pools), np.int8),
            np.empty(len(pools), np.int64),
            np.empty((people, 2), np.int64),
        )
        shape = of(arrays.recognise, interpreted)(*csr(pools), side, number, cell)
        return (int(shape[0]), int(shape[1])), side.tolist(), cell.tolist()

    assert found([[0, 1], [2, 3], [0, 2], [1, 3]], 4) == (
        (2, 2),
        [0, 0, 1, 1],
        [[0, 0], [0, 1], [1, 0], [1, 1]],
    )
    shape, side, cell = found(
        [[0, 1, 2], [0], [1], [2]], 3
    )  # one row of three, turned: rows are the longer side
    assert (shape, side, cell) == ((3, 1), [1, 0, 0, 0], [[0, 0], [1, 0], [2, 0]])
    assert found([[0, 1], [1, 2], [0, 2]], 3)[0] == (0, 0)  # a triangle has no two sides
    assert found([[0, 1], [0, 1]], 2)[0] == (0, 0)  # two people in one cell
    assert found([[0, 1], [1]], 2)[0] == (0, 0)  # person 0 sits in no column
    assert found([[0], [0], [0]], 1)[0] == (0, 0)


@BOTH
@pytest.mark.parametrize("counting", [False, True])
def test_elimination_and_enumeration__agree_with_each_pattern(interpreted: bool, counting: bool) -> None:
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
    infected = np.empty(8)
    both = weight.reshape(8, 2)
    for in_logs in (False, True):
        given = (np.log(both), np.log(table)) if in_logs else (both, table)
        found = of(enumeration.enumerate_patterns, interpreted)(
            seats, numbers, *given, counting, in_logs, infected, nobody
        )
        assert found == pytest.approx(log_evidence, abs=1e-11)
        np.testing.assert_allclose(nobody, expected, rtol=1e-11)
        np.testing.assert_allclose(infected, marginals, rtol=1e-11)
    log_weight = np.log(both)
    by_logs = eliminate_in_logs(
        seats, numbers, log_weight, np.log(table), base, kinds[:steps], subjects[:steps]
    )
    np.testing.assert_allclose(by_logs[0], marginals, rtol=1e-11)
    np.testing.assert_allclose(by_logs[1], expected, rtol=1e-11)
    assert by_logs[2] == pytest.approx(log_evidence, abs=1e-11)


@BOTH
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


def test_schedule__gives_up_beyond_its_limit() -> None:
    seats, numbers = by_person([[0, 1, 2]] * 6, 3)
    room = np.empty(15, np.int8), np.empty(15, np.int32)
    assert elimination.schedule(seats, numbers, np.full(6, 2), 63.0, *room)[0] == 0
    assert elimination.schedule(seats, numbers, np.full(6, 2), 64.0, *room)[0] == 15


@BOTH
@pytest.mark.parametrize("module", [propagate, counts])
def test_sweep__is_exact_on_a_tree(interpreted: bool, module: Any) -> None:
    pools, positive = [[0, 1, 2], [2, 3], [3, 4, 5]], [True, False, True]
    prior = np.array([0.1, 0.02, 0.3, 0.05, 0.2, 0.01])
    rows = [or_row(y, len(pool), SE, SP) for y, pool in zip(positive, pools, strict=True)]
    log_evidence, marginals = enumerate_patterns(pools, rows, prior)
    width = 2 if module is propagate else 4
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


@pytest.mark.parametrize("module", [propagate, counts])
def test_sweep__leaves_out_pools_whose_people_have_not_moved(module: Any) -> None:
    offsets, members = csr([[0, 1]])
    odds, ratio, stamp = np.array([0.1, 0.1]), np.ones(2), np.array([3, 2], np.int16)
    table = np.array([[0.02, 0.9, 0.9]])[:, : 2 if module is propagate else 3]
    parts = np.zeros(1, np.int32), offsets, members, np.zeros(1, np.int64), table, odds, ratio, stamp
    assert module.sweep(*parts, 3, 4, False, 1e-9) == 0.0
    assert odds.tolist() == [0.1, 0.1]
    assert module.sweep(*parts, 2, 4, False, 1e-9) > 0.1
    assert stamp.tolist() == [4, 4]


@BOTH
def test_layers__separate_pools_that_share_people(interpreted: bool) -> None:
    offsets, members = csr([[0, 1], [2, 3], [0, 2], [1, 3], [0, 3]])
    layer = np.empty(5, np.int8)
    of(propagate.layers, interpreted)(
        np.arange(5, dtype=np.int32), offsets, members, np.zeros(4, np.uint16), layer
    )
    assert layer.tolist() == [0, 0, 1, 1, 2]
