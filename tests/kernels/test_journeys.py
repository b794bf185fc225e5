"""Last, first and next events of each tube and box, against plain loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import both, columns
from poolpipe_kernels import journeys


@both(journeys.scans_after)
@given(st.lists(st.integers(0, 9), max_size=8), st.integers(0, 9))
def test_journeys__take_the_first_scan_after_else_the_last_before(run, scans, packed):
    ordered = np.array(sorted(scans), np.int64)
    found = np.empty(2, np.int32)
    rows, boxes = np.array([1, -1], np.int32), np.array([7, 0], np.uint32)
    run(rows, boxes, np.array([99, packed]), np.array([0, len(scans)]), ordered, found)
    after = [place for place, moment in enumerate(ordered) if moment >= packed]
    assert found.tolist() == [after[0] if after else len(scans) - 1, -1]


events = st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3)), max_size=30)


@both(journeys.latest_rows)
@given(events)
def test_latest_rows__are_those_of_the_greatest_time_of_each_group(run, events):
    keys, at = columns(events, np.uint32, np.int64)
    rows, tied = np.full(4, -1, np.int32), np.zeros(4, np.bool_)
    run(keys, at, rows, tied)
    for group in range(4):
        mine = [row for row, (key, _) in enumerate(events) if key == group]
        latest = max((events[row][1] for row in mine), default=None)
        last = [row for row in mine if events[row][1] == latest]
        assert rows[group] == (last[0] if last else -1)
        assert tied[group] == (len(last) > 1)


@both(journeys.earliest)
@given(events)
def test_earliest__is_the_least_time_of_each_group(run, events):
    keys, at = columns(events, np.uint32, np.int64)
    first = np.full(4, journeys.NEVER)
    run(keys, at, first)
    expected = [min((at for key, at in events if key == group), default=journeys.NEVER) for group in range(4)]
    assert first.tolist() == expected
