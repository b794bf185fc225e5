"""People who sit in several tubes, against counted lists."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import columns, of, ways, wraps_round
from poolpipe_kernels import duplicate_people


def repeated(seats, interpreted):
    """Suspects and seats found of (tube, person); tubes 0, 1 and 3 are wanted, tube 3 is of another round."""
    tube, person = columns(seats, np.uint32, np.int64)
    looked_at = (tube, person, np.array([True, True, False, True]), np.array([0, 0, 0, 1], np.uint32))
    begins, suspects = (
        np.zeros((1 << duplicate_people.PART_BITS) + 1, np.int64),
        np.empty(len(tube), np.uint64),
    )
    of(duplicate_people.count_parts, interpreted)(*looked_at, begins)
    suspects = suspects[: of(duplicate_people.find_suspects, interpreted)(*looked_at, begins, suspects)]
    found = np.empty(2 * len(suspects), np.uint32)
    return suspects, found[: of(duplicate_people.seats_of_suspects, interpreted)(*looked_at, suspects, found)]


@wraps_round
@ways
@given(seats=st.lists(st.tuples(st.integers(0, 3), st.integers(-9, 9)), max_size=40))
def test_repeats__forget_nobody(interpreted, seats):
    _, found = repeated(sorted(seats), interpreted)
    keys = [(tube == 3, person) if tube != 2 else None for tube, person in sorted(seats)]
    assert {seat for seat, key in enumerate(keys) if key and keys.count(key) > 1} <= set(found.tolist())
    assert (np.diff(found.astype(np.int64)) > 0).all()
    assert all(keys[seat] for seat in found)


def test_repeats__suspect_few_for_nothing():
    people = np.random.default_rng(5).choice(10**15, 200_000, replace=False)
    suspects, found = repeated([(0, person) for person in [*people, *people[:7]]], interpreted=False)
    assert len(suspects) < len(people) // 1000
    assert {*range(7), *range(len(people), len(people) + 7)} <= set(found.tolist())
