"""Keys numbered as they first occur, partition by partition, against a plain dict."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.both_ways import of, ways, wraps_round
from poolpipe_kernels import numbering as kernels

PARTITIONS = 1 << kernels.PARTITION_BITS
keys = st.one_of(st.integers(-(2**63), 2**63 - 1), st.integers(-3, 9))


@wraps_round
@ways
@settings(max_examples=40)
@given(st.lists(st.lists(keys, max_size=30), max_size=4), st.integers(0, PARTITIONS))
def test_number_keys__numbers_them_in_the_order_in_which_they_first_occur(interpreted, parts, cut):
    arrays = [np.array(part, np.int64) for part in parts]
    counts = np.zeros((len(parts), PARTITIONS), np.int64)
    for part, own in zip(arrays, counts, strict=True):
        of(kernels.count_keys, interpreted)(part, own)
    begins = np.concatenate([[0], np.cumsum(counts.sum(axis=0))])
    cursors = begins[:-1] + np.cumsum(counts, axis=0) - counts
    partitioned, firsts = np.empty(begins[-1], np.int64), np.empty(begins[-1], np.uint32)
    for part, own in zip(arrays, cursors, strict=True):
        of(kernels.partition_keys, interpreted)(part, own, partitioned)
    assert sorted(partitioned.tolist()) == sorted(key for part in parts for key in part)
    for span in ((0, cut), (cut, PARTITIONS)):  # as two threads share them
        of(kernels.find_first_keys, interpreted)(*span, begins, partitioned, firsts)
    places, found = begins[:-1].copy(), 0
    known: dict[int, int] = {}
    for part, array in zip(parts, arrays, strict=True):
        numbers, new = np.empty(len(part), np.int32), np.empty(len(part), np.uint32)
        before = found
        found = of(kernels.number_keys, interpreted)(array, places, firsts, found, numbers, new)
        assert numbers.tolist() == [known.setdefault(key, len(known)) for key in part]
        assert found == len(known)
        assert [part[row] for row in new[: found - before]] == list(known)[before:]


@wraps_round
def test_mixed__mixes_no_two_into_one():
    drawn = set(np.random.default_rng(1).integers(-(2**63), 2**63 - 1, 2000).tolist()) | set(
        range(-1000, 1000)
    )
    assert len({int(kernels._mixed.py_func(np.int64(key))) for key in drawn}) == len(drawn)
