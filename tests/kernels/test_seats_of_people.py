"""Seats of a few people, against a plain loop."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import both, wraps_round
from poolpipe_kernels.seats_of_people import seats_of_people

keys = st.sampled_from([-9, -2, -1, 0, 1, 2, 3, 1 << 40, 1089859316266714398, (1 << 63) - 1])


@wraps_round
@both(seats_of_people)
@given(st.lists(st.tuples(keys, st.booleans()), max_size=30), st.sets(keys, min_size=1))
def test_seats_of_people__are_all_of_theirs_but_known_ones_and_no_others(run, seated, wanted):
    person = np.array([key for key, _ in seated], np.int64)
    known = np.array([left_out for _, left_out in seated], np.bool_)
    seats = np.empty(len(person), np.uint32)
    found = run(person, np.array(sorted(wanted), np.int64), known, seats)
    assert seats[:found].tolist() == [
        seat for seat, (key, left_out) in enumerate(seated) if key in wanted and not left_out
    ]
