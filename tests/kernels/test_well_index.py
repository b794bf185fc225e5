"""Wells numbered by plate and position, against sorted sets and dicts."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import both, columns, of, ways, wraps_round
from poolpipe_kernels import well_index

places = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 383)), max_size=40)


def numbered(pairs, interpreted=False):
    plate, position = columns(pairs, np.uint32, np.int32)
    bits, ranks = np.zeros((4, well_index.WORDS), np.uint64), np.zeros((4, well_index.WORDS), np.uint32)
    of(well_index.mark_slots, interpreted)(plate, position, bits)
    n = of(well_index.rank_slots, interpreted)(bits, ranks)
    return plate, position, bits, ranks, n


@wraps_round
@ways
@given(pairs=places)
def test_slots__are_numbered_in_the_order_of_plate_and_position(interpreted, pairs):
    plate, position, bits, ranks, n = numbered(pairs, interpreted)
    slot, of_row = np.empty(n, np.int64), np.empty(len(pairs), np.uint32)
    of(well_index.list_slots, interpreted)(bits, slot)
    of(well_index.number_slots, interpreted)(plate, position, bits, ranks, of_row)
    assert slot.tolist() == sorted({a * 384 + b for a, b in pairs})
    assert slot[of_row].tolist() == [a * 384 + b for a, b in pairs]


@wraps_round
@both(well_index.group_readings)
@given(pairs=places)
def test_readings__come_together_well_by_well_in_their_order(run, pairs):
    plate, position, bits, ranks, n = numbered(pairs)
    begins, rows = np.zeros(n + 2, np.uint32), np.empty(len(pairs), np.uint32)
    run(plate, position, bits, ranks, begins, rows)
    grouped = [rows[begins[w] : begins[w + 1]].tolist() for w in range(n)]
    expected = defaultdict(list)
    for row, pair in enumerate(pairs):
        expected[pair].append(row)
    assert grouped == [expected[pair] for pair in sorted(expected)]


@both(well_index.rows_in_slots)
@given(pairs=places, chosen=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 383)), max_size=40))
def test_rows_in_slots__are_those_of_the_marked_wells(run, pairs, chosen):
    plate, position = columns(pairs, np.uint32, np.int32)
    marked = np.zeros(3 * 64 * well_index.WORDS, np.bool_)
    marked[[own * 64 * well_index.WORDS + place for own, place in chosen]] = True
    rows = np.empty(len(pairs), np.uint32)
    found = run(plate, position, marked, rows)
    assert rows[:found].tolist() == [row for row, pair in enumerate(pairs) if pair in chosen]
