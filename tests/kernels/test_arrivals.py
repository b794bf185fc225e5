"""Arrivals folded into quarters of an hour, against the same in plain Python."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.both_ways import both, columns
from poolpipe_kernels import arrivals

LARGEST, LEAST = np.iinfo(np.int64).max, np.iinfo(np.int64).min
_times = st.integers(0, 40)
_rows = st.lists(st.tuples(st.integers(0, 3), _times, _times, st.integers(-1, 40)), max_size=12)


@both(arrivals.quarters_of)
@given(_rows)
@settings(max_examples=50)
def test_quarters_of__are_those_of_the_arrival_and_of_the_later_time(run, rows) -> None:
    at, arrived = columns([row[1:3] for row in rows], np.int64, np.int64)
    quarters, known = np.empty(len(rows), np.int32), np.empty(len(rows), np.int32)
    run(at, arrived, 15, quarters, known)
    assert quarters.tolist() == [row[2] // 15 for row in rows]
    assert known.tolist() == [max(row[1:3]) // 15 for row in rows]


@both(arrivals.fold_extremes)
@given(_rows, st.booleans())
@settings(max_examples=80)
def test_fold_extremes__are_least_and_largest_of_each_group(run, rows, says) -> None:
    groups, at, arrived, sent = columns(rows, np.int32, np.int64, np.int64, np.int64)
    found = np.tile(np.array([LARGEST, LEAST, LARGEST, LARGEST, LEAST]), (4, 1))
    run(groups, at, arrived, sent if says else np.empty(0, np.int64), found)
    of_group = defaultdict(list)
    for group, *row in rows:
        of_group[group].append(row)
    for group in range(4):
        came = [row[1] for row in of_group[group]]
        ages = [row[1] - row[0] for row in of_group[group]]
        delays = [row[1] - row[2] for row in of_group[group] if says and row[2] >= 0]
        expected = [min(came, default=LARGEST), max(came, default=LEAST), min(ages, default=LARGEST),
                    min(delays, default=LARGEST), max(delays, default=LEAST)]  # fmt: skip
        assert found[group].tolist() == expected
