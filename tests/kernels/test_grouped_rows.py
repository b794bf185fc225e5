"""Rows laid out by number, people numbered as they come, and ranges listed, against plain loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import both, wraps_round
from poolpipe_kernels.grouped_rows import group_rows, list_ranges, mix_keys, number_by_first


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


@both(number_by_first)
@given(st.lists(st.integers(0, 9), max_size=30), st.sets(st.integers(0, 9)))
def test_number_by_first__keeps_the_numbers_of_the_known(run, people, known):
    every = [*sorted(known), *people]
    firsts = np.array([every.index(each) for each in every], np.uint32)
    numbers, new = np.empty(len(people), np.int32), np.empty(len(people), np.uint32)
    found = run(firsts, len(known), numbers, new)
    order = list(dict.fromkeys(every))
    assert found == len(order) - len(known)
    assert [people[row] for row in new[:found]] == order[len(known) :]
    assert numbers.tolist() == [order.index(each) for each in people]


@wraps_round
@both(mix_keys)
@given(st.sets(st.integers(-(2**63), 2**63 - 1), max_size=30))
def test_mix_keys__mixes_no_two_into_one(run, keys):
    mixed = np.empty(len(keys), np.uint64)
    run(np.array(sorted(keys), np.int64), mixed)
    assert len(set(mixed.tolist())) == len(keys)
