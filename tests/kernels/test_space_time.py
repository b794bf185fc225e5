"""Cylinders of places and days against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kernels.both_ways import both, of, ways, wraps_round
from poolpipe_kernels import space_time as kernels
from reference.space_time import best_ratios


def _scratch(places, windows):
    return np.empty((places, windows), np.int64), np.empty(2 * windows, np.int64), np.empty(places)


@both(kernels.scan_places)
def test_scan_places__gives_the_ratio_worked_out_by_hand(run) -> None:
    # Ten cases: place 0 has 4, all of the last day, on which there are 5: 4 * 5 / 10 = 2 expected.
    place = np.array([0, 0, 0, 0, 1, 1, 1, 2, 2, 2], np.int32)
    age = np.array([0, 0, 0, 0, 0, 3, 3, 3, 2, 2], np.int32)
    near = np.arange(3, dtype=np.int32)[:, None].copy()
    recent, inside, best = _scratch(3, 1)
    highest = run(place, age, near, np.array([4, 3, 3]), 1, 5, 1, recent, inside, best)
    assert best.tolist() == [pytest.approx(4 * math.log(2) + 6 * math.log(6 / 8)), 0.0, 0.0]
    assert highest == best[0]


@ways
@pytest.mark.parametrize("seed", range(6))
def test_scan_places__is_the_reference(interpreted: bool, seed: int) -> None:
    rng = np.random.default_rng(seed)
    places, cases, windows = 6, 25, 3
    place = np.sort(np.r_[np.arange(places), rng.integers(0, places, cases - places)]).astype(np.int32)
    age = rng.integers(0, 9, cases).astype(np.int32)
    age[0] = 8
    where = {each: (100.0 + rng.random(), 30.0 + rng.random()) for each in range(places)}
    expected = best_ratios(list(zip(place.tolist(), age.tolist(), strict=True)), where, windows, 4)
    from poolpipe.clusters.scan import _nearest

    near = _nearest(np.array(list(where.values())), 4)
    recent, inside, best = _scratch(places, windows)
    total = np.bincount(place, minlength=places)
    run = of(kernels.scan_places, interpreted)
    highest = run(place, age, near, total, windows, cases // 2, 1, recent, inside, best)
    assert best == pytest.approx(list(expected.values()))
    assert highest == pytest.approx(max(expected.values()))
    alone = run(place, age, near, total, windows, cases // 2, 0, recent, inside, best)
    assert alone == highest


@wraps_round
@ways
def test_scan_orders__deals_the_days_out_anew(interpreted: bool) -> None:
    place = np.repeat(np.arange(4), 5).astype(np.int32)
    age = np.tile(np.arange(5), 4).astype(np.int32)
    near = np.arange(4, dtype=np.int32)[:, None].copy()
    total, dealt = np.full(4, 5), age.copy()
    highest = np.empty(50)
    of(kernels.scan_orders, interpreted)(place, dealt, near, total, 2, 10, np.uint64(7), highest)
    assert sorted(dealt.tolist()) == sorted(age.tolist())
    assert dealt.tolist() != age.tolist()
    assert len(set(highest.tolist())) > 3
    recent, inside, best = _scratch(4, 2)
    last = kernels.scan_places(place, dealt, near, total, 2, 10, 0, recent, inside, best)
    assert last == highest[-1]
