"""What the scans of a tube agree on, against plain loops."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from kernels.both_ways import both
from kernels.queues import TUBES, some_scans
from poolpipe_kernels import tubes

if TYPE_CHECKING:
    from numpy.typing import NDArray


@both(tubes.find_tubes)
def test_tubes__are_found_where_they_begin(run):
    begins = np.empty(9, np.int64)
    assert run(np.array([2, 2, 5, 7, 7, 7], np.uint32), begins) == 3
    assert begins[:4].tolist() == [0, 2, 3, 6]
    assert run(np.empty(0, np.uint32), begins) == 0
    assert begins[0] == 0


@both(tubes.describe_tubes)
@pytest.mark.parametrize("seed", range(10))
def test_tubes__are_described_by_their_earliest_scans(run, seed):
    tube, at, _, attributes_id, _ = some_scans(seed)
    rng = np.random.default_rng(seed)
    mode, capacity, site, point = (rng.integers(0, most, 9) for most in (2, 3, 3, 2))  # 0: not given
    facts = (mode | capacity << 1 | site << 16 | point << 40).astype(np.uint64)
    offsets = np.searchsorted(tube, np.arange(TUBES + 1))
    found: list[NDArray[Any]] = [np.empty(TUBES, np.int8), *(np.empty(TUBES, np.int32) for _ in range(3))]
    flags = np.empty(TUBES, np.uint8)
    run(0, TUBES, offsets, at, attributes_id, facts, *found, flags)
    for t in range(TUBES):
        scans = [(int(at[k]), int(attributes_id[k])) for k in range(offsets[t], offsets[t + 1])]
        earliest = {mode[what] for moment, what in scans if moment == min(scans)[0]}
        assert bool(flags[t] & tubes.MIXED_MODE) == (len({mode[what] for _, what in scans}) > 1)
        places = {(site[what], point[what]) for _, what in scans} - {(0, 0)}
        assert bool(flags[t] & tubes.DIFFERENT_POINTS) == (len(places) > 1)
        assert found[1][t] == max(capacity[what] for _, what in scans) - 1
        assert found[0][t] in earliest
        doubtful = len(earliest) > 1
        for given, told in ((site, found[2]), (point, found[3])):
            placed = [(moment, given[what]) for moment, what in scans if given[what]]
            first = {where for moment, where in placed if moment == min(placed)[0]}
            assert (told[t] + 1 in first) if first else told[t] == -1
            doubtful |= len(first) > 1
        assert bool(flags[t] & tubes.TIED) or not doubtful
