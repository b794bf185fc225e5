"""Links put in order, source by source, against sorted()."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.both_ways import both
from poolpipe_kernels import link_rows as kernels
from poolpipe_kernels.neighbours import BOX, WELL

PEOPLE = 3
SEAT_TUBE = [0, 0, 1, 3, 3]
walked = st.tuples(
    st.integers(-1, len(SEAT_TUBE) - 1), st.integers(0, PEOPLE - 1), st.sampled_from([0, 2, 3, 4, 5])
)
beside = st.tuples(st.integers(0, 4), st.sampled_from([BOX, WELL]))
sources = st.lists(st.tuples(st.lists(walked, max_size=20), st.lists(beside, max_size=5)), max_size=4)


@both(kernels.arrange_links)
@settings(max_examples=60)
@given(sources, st.integers(0, 9), st.integers(0, 100), st.randoms(use_true_random=False))
def test_links__of_each_source_are_by_tube_person_and_kind(run, sources, first, begun, rng):
    rows: list[list[int]] = []
    near: list[list[int]] = []
    wanted: list[list[int]] = []
    for number, (people, tubes) in enumerate(sources, first):
        begin, own = len(rows), []
        for seat, person, kind in people:
            reached = rng.randrange(begin, len(rows)) if len(rows) > begin else -1
            tube = SEAT_TUBE[seat] if seat >= 0 else -1
            row = [number, seat, person, kind, rng.randrange(3), rng.randrange(99), rng.randrange(3), reached]
            own.append(([number, tube, person, seat, *row[3:7], -1], reached, len(rows)))
            rows.append(row)
        for tube, kind in tubes:
            load = rng.randrange(9)
            own.append(([number, tube, -1, -1, kind, 1, load, -1, load if kind == WELL else -1], -1, -1))
            near.append([number, tube, kind, load, load])
        own.sort(key=lambda link: (link[0][1], link[0][2], link[0][4]))
        place = {row: begun + len(wanted) + k for k, (_, _, row) in enumerate(own)}
        wanted += [[*link, place[reached] if reached >= 0 else -1] for link, reached, _ in own]
    links = np.empty((kernels.COLUMNS, len(wanted)), np.int64)
    run(
        PEOPLE, first, begun, np.array(rows, np.int64).reshape(-1, 8), np.array(near, np.int64).reshape(-1, 5),
        np.array(SEAT_TUBE, np.uint32), links,
    )  # fmt: skip
    assert links.T.tolist() == wanted
