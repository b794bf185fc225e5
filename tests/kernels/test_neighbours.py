"""Tubes of one journey and of wells side by side, against plain loops."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import both
from poolpipe_kernels import neighbours as kernels

TUBES = 6
PLATE = (3, 4)
journeys = st.lists(st.tuples(st.integers(-1, 2), st.integers(0, 9)), min_size=TUBES, max_size=TUBES)
loads = st.lists(
    st.tuples(st.integers(0, TUBES - 1), st.integers(0, 9), st.integers(0, 1), st.integers(0, 11)),
    max_size=14,
)


def begins(numbers, groups):
    return np.searchsorted(np.sort(np.array(numbers, np.int64)), np.arange(groups + 1))


def expected(source, packed, loaded):
    """Rows (tube, kind, lag, via) of one source; via is the index of its load."""
    own = packed[source]
    rows = [
        (tube, kernels.BOX, at - own[1], source)
        for tube, (journey, at) in enumerate(packed)
        if tube != source and journey >= 0 and journey == own[0]
    ]
    best: dict[int, tuple[int, int]] = {}
    for via, (tube, at, slot) in enumerate(loaded):
        if tube != source:
            continue
        for where, when, other in sorted((slot, at, tube) for tube, at, slot in loaded):
            down, right = where % 16 // 4 - slot % 16 // 4, where % 4 - slot % 4
            beside = where // 16 == slot // 16 and max(abs(down), abs(right)) == 1
            if other != source and beside and (other not in best or abs(when - at) < abs(best[other][0])):
                best[other] = when - at, via
    return rows + [(tube, kernels.WELL, *told) for tube, told in best.items()]


@both(kernels.neighbours)
@given(journeys, loads, st.sets(st.integers(0, TUBES - 1), min_size=1), st.integers(1, 40))
def test_neighbours__are_those_of_plain_loops_however_few_rows_fit(run, packed, loads, sources, size):
    loaded = sorted({(tube, at, plate * 16 + well) for tube, at, plate, well in loads})
    journey = np.array([number for number, _ in packed], np.int32)
    order = [tube for tube in np.argsort(journey, kind="stable") if journey[tube] >= 0]
    by_slot = sorted(range(len(loaded)), key=lambda k: (loaded[k][2], loaded[k][1], loaded[k][0]))
    asked = np.array(sorted(sources), np.uint32)
    done, told, first = np.zeros(2, np.int64), [], 0
    while first < len(asked):
        rows = np.empty((size, kernels.COLUMNS), np.int64)
        run(
            asked, first, np.array([*PLATE, 16]), journey, begins(journey[order], 3), np.array(order, np.int32),
            np.array([at for _, at in packed]), begins([tube for tube, *_ in loaded], TUBES),
            np.array([slot for *_, slot in loaded], np.int64), np.array([at for _, at, _ in loaded], np.int64),
            np.array([tube for tube, *_ in loaded], np.uint32), np.array(by_slot, np.int32),
            np.array([loaded[k][2] for k in by_slot], np.int64), np.zeros(TUBES, np.int32), rows, done,
        )  # fmt: skip
        told += rows[: done[1]].tolist()
        size = size if done[0] > first else 2 * size
        first = int(done[0])
    assert told == [
        [k, *row] for k, source in enumerate(asked) for row in expected(int(source), packed, loaded)
    ]
