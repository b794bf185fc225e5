"""Seats of places and of people by time, against sorted()."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.both_ways import both
from poolpipe_kernels import by_time as kernels

tubes = st.lists(
    st.tuples(st.integers(-1, 2), st.lists(st.integers(0, 9), max_size=12)), min_size=1, max_size=9
)


@both(kernels.queue_by_time)
@settings(max_examples=60)
@given(tubes)
def test_queue__is_by_place_time_tube_and_position(run, tubes):
    place = np.array([place for place, _ in tubes], np.int64)
    at = np.array([moment for _, moments in tubes for moment in moments], np.int64)
    begins = np.cumsum([0, *(len(moments) for _, moments in tubes)])
    tube = np.repeat(np.arange(len(tubes)), np.diff(begins))
    queued = np.array(sorted(np.flatnonzero(place >= 0).tolist(), key=lambda t: (place[t], t)), np.int64)
    wanted = sorted(
        np.flatnonzero(place[tube] >= 0).tolist(), key=lambda seat: (place[tube[seat]], at[seat], seat)
    )
    queue, rank = np.full(len(wanted), -7, np.int32), np.full(len(at), -1, np.int32)
    run(queued, place, begins, at, np.empty(len(at), np.int32), queue, rank)
    assert queue.tolist() == wanted
    assert rank.tolist() == [wanted.index(seat) if seat in wanted else -1 for seat in range(len(at))]


@both(kernels.people_by_time)
@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), max_size=70))
def test_people__have_their_seats_by_time(run, seats):
    person, at = (np.array([row[k] for row in seats], kind) for k, kind in ((0, np.int32), (1, np.int64)))
    begins, found = np.zeros(4, np.int64), np.empty(len(seats), np.int32)
    run(person, at, np.empty(len(seats), np.int32), begins, found)
    for each, (begin, end) in enumerate(itertools.pairwise(begins.tolist())):
        own = [seat for seat, (who, _) in enumerate(seats) if who == each]
        assert found[begin:end].tolist() == sorted(own, key=lambda seat: (seats[seat][1], seat))
