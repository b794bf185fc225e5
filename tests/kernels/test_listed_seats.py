"""What a round came to for everybody on a list, against plain rows."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import both
from poolpipe_kernels.listed_seats import (
    IS_NEGATIVE,
    IS_POSITIVE,
    NEVER,
    NOT_COLLECTED,
    judge_listed,
)

PEOPLE, SINCE, UNTIL = 4, 10, 20
moments = st.integers(8, 21)
seats = st.lists(st.tuples(st.integers(0, PEOPLE + 1), moments), max_size=5)
calls = st.sampled_from([0, int(IS_NEGATIVE), int(IS_POSITIVE)])
cities = st.lists(st.tuples(seats, calls, st.one_of(st.just(int(NEVER)), moments), st.booleans()), max_size=6)


def naive(city):
    """First swab, first result, whether collected, all negative and any positive, of each person."""
    swabs = [
        (person, at, call, called)
        for people, call, called, is_asked in city
        if is_asked
        for person, at in people
        if SINCE <= at < UNTIL
    ]
    found = []
    for one in range(PEOPLE):
        own = [(at, call, called) for person, at, call, called in swabs if person == one]
        found.append(
            (
                min((at for at, _, _ in own), default=NEVER),
                min((called for _, _, called in own), default=NEVER),
                bool(own),
                bool(own) and all(call == IS_NEGATIVE for _, call, _ in own),
                any(call == IS_POSITIVE for _, call, _ in own),
            )
        )
    return found


@both(judge_listed)
@given(cities)
def test_judge_listed__folds_the_swabs_of_asked_tubes(run, city):
    sizes = [len(people) for people, _, _, _ in city]
    begins = np.cumsum([0, *sizes]).astype(np.int64)
    person = np.array([one for people, _, _, _ in city for one, _ in people], np.int32)
    at = np.array([moment for people, _, _, _ in city for _, moment in people], np.int64)
    asked = [tube for tube, (_, _, _, is_asked) in enumerate(city) if is_asked]
    first_at, first_result = np.full(PEOPLE, NEVER), np.full(PEOPLE, NEVER)
    state = np.full(PEOPLE, NOT_COLLECTED, np.uint8)
    run(
        np.array(asked, np.int64),
        np.array([city[tube][2] for tube in asked], np.int64),
        np.array([city[tube][1] for tube in asked], np.uint8),
        begins, person, at, SINCE, UNTIL, first_at, first_result, state,
    )  # fmt: skip
    bits = (state != NOT_COLLECTED, state & IS_NEGATIVE, state & IS_POSITIVE)
    told = zip(first_at, first_result, *(bit.astype(bool) for bit in bits), strict=True)
    assert list(told) == naive(city)
