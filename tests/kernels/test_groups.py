"""Equal rows and pairs, against dicts."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import both, of, ways, wraps_round
from poolpipe.coding.hash_groups import first_rows_with_hash, rows_not_alone
from poolpipe_kernels import groups
from poolpipe_kernels.compilation import read_only


@given(st.lists(st.integers(0, 12), max_size=60))
def test_first_rows_alike__are_what_a_dict_finds(values):
    hashes = pl.Series(values, dtype=pl.Int64).hash(seed=7).to_numpy()
    seen: dict[int, int] = {}
    expected = [seen.setdefault(value, place) for place, value in enumerate(values)]
    assert first_rows_with_hash(hashes).tolist() == expected
    assert rows_not_alone(hashes).tolist() == [i for i, value in enumerate(values) if values.count(value) > 1]


@wraps_round
@both(groups.number_pairs)
@pytest.mark.parametrize("most", [0, 300])
def test_pairs__are_numbered_as_a_dict_numbers_them(run, most):
    rng = np.random.default_rng(5)
    left = np.repeat(rng.integers(0, 12, 100), 3).astype(np.int32)
    right = np.repeat(rng.integers(-1, 9, 100), 3).astype(np.int32)
    known: dict[tuple[int, int], int] = {}
    expected = [
        known.setdefault(pair, len(known)) for pair in zip(left.tolist(), right.tolist(), strict=True)
    ]
    numbers, firsts = np.empty(300, np.int32), np.empty(300, np.int64)
    found = run(left, right, most or len(known), numbers, firsts)
    assert found == len(known)
    assert numbers.tolist() == expected
    assert firsts[:found].tolist() == [expected.index(number) for number in range(found)]


@both(groups.number_few_pairs)
def test_few_pairs__are_numbered_as_many_are(run):
    rng = np.random.default_rng(6)
    left = rng.integers(0, 12, 300).astype(np.int32)
    right = rng.integers(-1, 9, 300).astype(np.int32)
    expected, expected_firsts = np.empty(300, np.int32), np.empty(300, np.int64)
    distinct = groups.number_pairs(left, right, 300, expected, expected_firsts)
    numbers, firsts = np.empty(300, np.int32), np.empty(300, np.int64)
    found = run(left, right, -1, 10, np.empty(120, np.int32), numbers, firsts)
    assert found == distinct
    assert numbers.tolist() == expected.tolist()
    assert firsts[:found].tolist() == expected_firsts[:distinct].tolist()


@both(groups.count_keys)
@given(keys=st.lists(st.integers(0, 5), max_size=30))
def test_count_keys__counts_rows_of_each(run, keys):
    counts = np.zeros(6, np.int64)
    run(np.array(keys, np.uint32), counts)
    assert counts.tolist() == [keys.count(key) for key in range(6)]


@wraps_round
@ways
@given(values=st.lists(st.integers(0, 9), max_size=40))
def test_partitions__hold_rows_in_order_and_know_the_first_equal(interpreted, values):
    mixed = np.random.default_rng(9).integers(0, 2**64 - 1, 10, dtype=np.uint64)
    hashes = mixed[np.array(values, np.int64)]
    partitions = 1 << groups.PARTITION_BITS
    begins = np.zeros(partitions + 1, np.int64)
    rows, firsts = np.empty(len(values), np.uint32), np.empty(len(values), np.uint32)
    of(groups.partition_rows, interpreted)(hashes, begins, rows)
    of(groups.first_equals, interpreted)(0, partitions, hashes, begins, rows, firsts)
    own = (hashes >> np.uint64(64 - groups.PARTITION_BITS)).tolist()
    assert rows.tolist() == sorted(range(len(values)), key=lambda row: (own[row], row))
    assert firsts.tolist() == [values.index(value) for value in values]


@both(groups.rows_of_marked)
@given(keys=st.lists(st.integers(0, 5), max_size=40), chosen=st.sets(st.integers(0, 5)))
def test_rows_of_marked__are_those_a_comprehension_lists(run, keys, chosen):
    marked, rows = np.isin(np.arange(6), list(chosen)), np.empty(len(keys), np.uint32)
    found = run(np.array(keys, np.uint32), marked, rows)
    assert rows[:found].tolist() == [row for row, key in enumerate(keys) if key in chosen]


@both(groups.sort_within)
@given(rows=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), max_size=40))
def test_sort_within__leaves_rows_by_group_and_value(run, rows):
    group, value = (np.array([row[place] for row in rows], np.int64) for place in (0, 1))
    order = np.argsort(group)
    run(order, read_only(group), read_only(value))
    assert [rows[place] for place in order] == sorted(rows)
    assert sorted(order.tolist()) == list(range(len(rows)))
