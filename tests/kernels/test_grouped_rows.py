"""Rows laid out by number, and ranges listed, against plain loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import both
from poolpipe_kernels.grouped_rows import group_rows, list_ranges


@both(group_rows)
@given(st.lists(st.integers(-1, 6), max_size=40), st.integers(7, 9))
def test_group_rows__lists_the_rows_of_each_number(run, numbers, groups):
    begins, rows = np.zeros(groups + 1, np.uint32), np.empty(len(numbers), np.uint32)
    run(np.array(numbers, np.int32), begins, rows)
    for group in range(groups):
        own = rows[begins[group] : begins[group + 1]].tolist()
        assert own == [row for row, number in enumerate(numbers) if number == group]


@both(list_ranges)
@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5))))
def test_list_ranges__lists_each_number(run, spans):
    begins, ends = (np.array([a + step * b for a, b in spans], np.int64) for step in (0, 1))
    numbers = np.empty(int((ends - begins).sum()), np.int64)
    run(begins, ends, numbers)
    assert numbers.tolist() == [number for a, b in spans for number in range(a, a + b)]
