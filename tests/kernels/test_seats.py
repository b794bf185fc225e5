"""Scans laid tube by tube and what tubes agree on, against plain loops."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from poolpipe_kernels import seats, tubes

TUBES = 5
PASSPORTS = np.array([0, 4, np.iinfo(np.int64).max])
"""Person -1 stands before every resident, -2 before resident 4, -3 behind all."""


def both(kernel):
    """The machine code and the same function interpreted."""
    return pytest.mark.parametrize("run", [kernel, kernel.py_func], ids=["compiled", "interpreted"])


def some_scans(seed, n=80):
    """Scans of few people at few moments: tube, at, person, said, and which sayings are the same."""
    rng = np.random.default_rng(seed)
    tube = np.sort(rng.integers(0, TUBES, n)).astype(np.uint32)
    at, person = rng.integers(0, 6, n), rng.integers(-3, 8, n)
    return tube, at, person, rng.integers(0, 9, n).astype(np.uint32), rng.integers(0, 3, 9).astype(np.uint32)


def before(one, other):
    """Whether a person stands before another in the order of type and number, as `PASSPORTS` has it."""
    if one < 0 and other < 0:
        return one > other
    if one < 0:
        return PASSPORTS[-1 - one] <= other
    return one < PASSPORTS[-1 - other] if other < 0 else one < other


def in_queue_order(one, other):
    if one[0] != other[0]:
        return -1 if one[0] < other[0] else 1
    if one[1] != other[1]:
        return -1 if before(one[1], other[1]) else 1
    return (one[2:] > other[2:]) - (one[2:] < other[2:])


def laid_plainly(tube, at, person, attributes_id, same):
    """First scans tube by tube, later ones tube by tube, and what the repeated ones said."""
    firsts, later, repeated = [], [], []
    for t in range(TUBES):
        scans = [
            (int(at[k]), int(person[k]), int(same[attributes_id[k]]), int(attributes_id[k]))
            for k in np.flatnonzero(tube == t)
        ]
        seated, known = set(), set()
        for moment, who, number, told in sorted(scans, key=functools.cmp_to_key(in_queue_order)):
            if (moment, who, number) in known:
                repeated.append(told)
                continue
            known.add((moment, who, number))
            (later if who in seated else firsts).append((t, moment, who, number))
            seated.add(who)
    return firsts, later, repeated


@pytest.mark.parametrize("compiled", [True, False], ids=["compiled", "interpreted"])
@pytest.mark.parametrize("seed", range(12))
def test_scans__lie_tube_by_tube_first_ones_first_and_no_event_twice(seed, compiled):
    kernels = [seats.place_scans, seats.move, seats.order_scans, seats.part_scans]
    place, move, order, part = kernels if compiled else [kernel.py_func for kernel in kernels]
    tube, at, person, attributes_id, same = some_scans(seed)
    shuffled = np.random.default_rng(seed).permutation(len(tube))
    offsets = np.searchsorted(tube, np.arange(TUBES + 1))
    tubes, *came = (column[shuffled] for column in (tube, at, person, attributes_id))
    laid = [np.empty_like(column) for column in came]
    place(offsets[:-1].copy(), tubes)
    for column, moved in zip(came, laid, strict=True):
        move(tubes, column, moved)
    marks = np.empty(len(tube), np.uint8)
    order(0, 2, offsets, same, PASSPORTS, *laid, marks)
    order(2, TUBES, offsets, same, PASSPORTS, *laid, marks)
    repeated = np.empty(np.count_nonzero(marks == seats.REPEATED), np.uint32)
    people = np.empty(TUBES, np.int64)
    part(offsets, marks, same, *laid, tubes, people, repeated)
    firsts, later, gone = laid_plainly(tube, at, person, attributes_id, same)
    rows = list(zip(*(column.tolist() for column in (tubes, *laid)), strict=True))
    assert rows[: len(tube) - len(gone)] == firsts + later
    assert people.sum() == len(firsts)
    assert repeated.tolist() == gone


def test_scans__of_a_tube_with_thousands_are_told_apart_as_those_of_ten():
    rng = np.random.default_rng(4)
    n = 3000
    at, person = rng.integers(0, 500, n), rng.integers(0, 700, n)
    attributes_id, same, marks = np.zeros(n, np.uint32), np.zeros(1, np.uint32), np.empty(n, np.uint8)
    seats.order_scans(0, 1, np.array([0, n]), same, np.empty(0, np.int64), at, person, attributes_id, marks)
    assert sorted(zip(at, person, strict=True)) == list(zip(at, person, strict=True))
    assert np.count_nonzero(marks == seats.FIRST) == len(set(person.tolist()))
    distinct = len(set(zip(at.tolist(), person.tolist(), strict=True)))
    assert np.count_nonzero(marks == seats.REPEATED) == n - distinct


@both(tubes.find_tubes)
def test_tubes__are_found_where_they_begin(run):
    begins = np.empty(9, np.int64)
    assert run(np.array([2, 2, 5, 7, 7, 7], np.uint32), begins) == 3
    assert begins[:4].tolist() == [0, 2, 3, 6]
    assert run(np.empty(0, np.uint32), begins) == 0
    assert begins[0] == 0


@both(seats.find_seats)
def test_seats__are_found_by_tube_and_person(run):
    found = np.empty(4, np.int64)
    tubes, offsets, person = np.array([2, 5], np.uint32), np.array([0, 2, 3]), np.array([7, 8, 7])
    run(np.array([2, 5, 5, 9], np.uint32), np.array([8, 7, 8, 7]), tubes, offsets, person, found)
    assert found.tolist() == [1, 2, -1, -1]


@both(tubes.describe_tubes)
@pytest.mark.parametrize("seed", range(10))
def test_tubes__are_described_by_their_earliest_scans(run, seed):
    tube, at, _, attributes_id, _ = some_scans(seed)
    rng = np.random.default_rng(seed)
    mode, capacity, site, point = (rng.integers(0, most, 9) for most in (2, 3, 3, 2))  # 0: not given
    facts = (mode | capacity << 1 | site << 16 | point << 40).astype(np.uint64)
    offsets = np.searchsorted(tube, np.arange(TUBES + 1))
    found = np.empty(TUBES, np.int8), *(np.empty(TUBES, np.int32) for _ in range(3))
    flags = np.empty(TUBES, np.uint8)
    run(0, TUBES, offsets, at, attributes_id, facts, *found, flags)
    for t in range(TUBES):
        scans = [(int(at[k]), int(attributes_id[k])) for k in range(offsets[t], offsets[t + 1])]
        earliest = {mode[what] for moment, what in scans if moment == min(scans)[0]}
        assert bool(flags[t] & tubes.MIXED_MODE) == (len({mode[what] for _, what in scans}) > 1)
        places = {(site[what], point[what]) for _, what in scans} - {(0, 0)}
        assert bool(flags[t] & tubes.DIFFERENT_POINTS) == (len(places) > 1)
        assert found[1][t] == max(capacity[what] for _, what in scans) - 1
        assert found[0][t] in earliest
        doubtful = len(earliest) > 1
        for given, told in ((site, found[2]), (point, found[3])):
            placed = [(moment, given[what]) for moment, what in scans if given[what]]
            first = {where for moment, where in placed if moment == min(placed)[0]}
            assert (told[t] + 1 in first) if first else told[t] == -1
            doubtful |= len(first) > 1
        assert bool(flags[t] & tubes.TIED) or not doubtful
