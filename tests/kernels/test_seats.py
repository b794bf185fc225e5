"""Scans laid tube by tube and the seats of people, against plain loops."""

from __future__ import annotations

import functools

import numpy as np
import pytest

from kernels.both_ways import both, of, ways
from kernels.queues import TUBES, some_scans
from poolpipe_kernels import seats

PASSPORTS = np.array([0, 4, np.iinfo(np.int64).max])
"""Person -1 stands before every resident, -2 before resident 4, -3 behind all."""


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
    firsts: list[tuple[int, ...]] = []
    later: list[tuple[int, ...]] = []
    repeated: list[int] = []
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


@ways
@pytest.mark.parametrize("seed", range(12))
def test_scans__lie_tube_by_tube_first_ones_first_and_no_event_twice(seed, interpreted):
    kernels = [seats.place_scans, seats.move, seats.order_scans, seats.part_scans]
    place, move, order, part = (of(kernel, interpreted) for kernel in kernels)
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


@both(seats.find_seats)
def test_seats__are_found_by_tube_and_person(run):
    found = np.empty(4, np.int64)
    tubes, offsets, person = np.array([2, 5], np.uint32), np.array([0, 2, 3]), np.array([7, 8, 7])
    run(np.array([2, 5, 5, 9], np.uint32), np.array([8, 7, 8, 7]), tubes, offsets, person, found)
    assert found.tolist() == [1, 2, -1, -1]
