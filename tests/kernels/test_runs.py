"""Runs of tubes against all runs tried one by one, and rotations against every one of them."""

from __future__ import annotations

import numpy as np
import pytest

from kernels.both_ways import both, wraps_round
from poolpipe_kernels import runs as kernels
from reference import false_alarms as naive

LONGEST, LEAST = 8, 2


def _lab(seed):
    """Three queues of tubes, handled in two orders, the second in two parts with some tubes left out."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(3, 7, 3)
    tubes = int(lengths.sum())
    ends = np.cumsum(lengths)
    queues = [
        list(range(end - length, end)) for length, end in zip(lengths.tolist(), ends.tolist(), strict=True)
    ]
    positive = np.flatnonzero(rng.random(tubes) < 0.45)
    one, other = rng.permutation(tubes), rng.permutation(tubes)
    cut = tubes // 2
    orders = [[one.tolist()], [other[1:cut].tolist(), other[cut:].tolist()]]
    part = np.zeros((2, tubes), np.int32)
    part[1, 0], part[1, cut:] = -1, 1
    tube_at = np.argsort(np.stack([one, other]), axis=1)
    share = np.repeat([np.isin(queue, positive).mean() for queue in queues], lengths)
    expected = np.zeros((2, tubes + 1))
    np.cumsum(share[np.stack([one, other])], axis=1, out=expected[:, 1:])
    begins, sizes = np.repeat(ends - lengths, lengths)[positive], np.repeat(lengths, lengths)[positive]
    return (
        (orders, queues, set(positive.tolist())),
        (tube_at, part, expected, positive),
        (begins, sizes),
        (one, other),
    )


@both(kernels.scan_runs)
@pytest.mark.parametrize("seed", range(12))
def test_scan__finds_the_best_of_all_runs(run, seed) -> None:
    told, arrays, _, handled = _lab(seed)
    best = np.empty(3, np.int64)
    ratio = run(*arrays, LONGEST, LEAST, np.empty_like(arrays[3]), best)
    wanted, tubes = naive.best_run(*told, longest=LONGEST, least=LEAST)
    assert ratio == pytest.approx(wanted)
    if tubes is None:
        assert best.tolist() == [-1, -1, -1]
    else:
        found = handled[best[0]][best[1] : best[2] + 1].tolist()
        assert naive.best_run([[found]], *told[1:], longest=LONGEST, least=LEAST)[0] == pytest.approx(wanted)


@wraps_round
@both(kernels.scan_rotations)
def test_rotations__are_high_as_often_as_all_of_them(run) -> None:
    told, arrays, queues, _ = _lab(5)
    seen = naive.best_run(*told, longest=LONGEST, least=LEAST)[0]
    tried, done = 1_500, np.empty(2, np.int64)
    run(*arrays, *queues, LONGEST, LEAST, seen, np.uint64(7), 10**9, tried, done)
    share = naive.rotation_tail(*told, longest=LONGEST, least=LEAST)
    assert 0.05 < share < 0.95
    assert done[1] == tried
    assert done[0] / tried == pytest.approx(share, abs=4 * np.sqrt(share * (1 - share) / tried))


@wraps_round
@both(kernels.scan_rotations)
def test_rotations__end_when_enough_are_high(run) -> None:
    told, arrays, queues, _ = _lab(5)
    seen = naive.best_run(*told, longest=LONGEST, least=LEAST)[0]
    done = np.empty(2, np.int64)
    run(*arrays, *queues, LONGEST, LEAST, seen, np.uint64(7), 10, 10**9, done)
    assert done[0] == 10
    assert done[1] < 1_000
