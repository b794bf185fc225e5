"""Tests of people, one a round, against plain loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import both
from poolpipe_kernels import people_tests as kernels

TUBES, PEOPLE = 5, 3


@both(kernels.tests_of_people)
@given(
    st.lists(st.tuples(st.integers(0, PEOPLE - 1), st.integers(0, TUBES - 1)), max_size=12),
    st.lists(st.integers(0, 2), min_size=TUBES, max_size=TUBES),
    st.lists(st.one_of(st.integers(0, 9), st.just(int(kernels.NEVER))), min_size=TUBES, max_size=TUBES),
)
def test_tests__are_one_a_round_in_the_order_of_the_seats(run, seats, rounds, alarms):
    by_person = sorted(range(len(seats)), key=lambda seat: (seats[seat][0], seat))
    begins = np.searchsorted(sorted(person for person, _ in seats), np.arange(PEOPLE + 1))
    test_begins, counts = np.empty(PEOPLE + 1, np.int64), np.zeros(PEOPLE, np.bool_)
    seen, alarm, test_of = (np.empty(len(seats), kind) for kind in (np.int32, np.int64, np.int32))
    found = run(
        begins.astype(np.int64), np.array(by_person, np.int32), np.array([tube for _, tube in seats], np.uint32),
        np.array(rounds, np.uint32), np.array(alarms, np.int64), test_begins, seen, alarm, test_of, counts,
    )  # fmt: skip
    wanted: dict[tuple[int, int], list[int]] = {}
    for seat in by_person:
        wanted.setdefault((seats[seat][0], rounds[seats[seat][1]]), []).append(seat)
    assert seen[:found].tolist() == [own[0] for own in wanted.values()]
    assert alarm[:found].tolist() == [min(alarms[seats[seat][1]] for seat in own) for own in wanted.values()]
    for test, own in enumerate(wanted.values()):
        assert test_of[own].tolist() == [test] * len(own)
    assert test_begins.tolist() == [sum(person < each for person, _ in wanted) for each in range(PEOPLE + 1)]
    for person in range(PEOPLE):
        own = [alarms[tube] for who, tube in seats if who == person]
        assert counts[person] == any(at < kernels.NEVER for at in own)
