"""Runs of tubes: a planted one is found in whichever order the laboratory made it, and queues alone make none."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import poolpipe
from poolpipe.stages.false_alarms.handling import ORDERS, handling_orders
from poolpipe.stages.false_alarms.runs import counted_in_rounds, find_runs
from stages.lab_days import events_of_city, lab_city, run_of_tubes, runs_of_city


def test_runs__do_not_accuse_labs_of_their_queues():
    p = np.concatenate([runs_of_city(lab_city(seed, prevalence=0.004), ())[0].p for seed in range(10)])
    assert len(p) > 100
    assert (p <= 0.05).mean() <= 1.2 * 0.05 + 2 * np.sqrt(0.05 / len(p))
    assert np.unique(p).size > 50, "p-values are all the same"


def test_clusters__of_a_rotated_queue_are_the_rotated_clusters():
    rng = np.random.default_rng(4)
    queue = np.repeat([0, 1, 2], [40, 50, 60])
    for _ in range(20):
        positive = rng.random(150) < 0.1
        counted = counted_in_rounds(positive, queue, 5)
        assert not (counted & ~positive).any()
        for group in range(3):
            own = queue == group
            ring = np.flatnonzero(counted[own])
            assert len(ring) < 3 or (np.diff(ring) > 5).all()
            shift = int(rng.integers(0, own.sum()))
            moved = counted_in_rounds(np.roll(positive[own], shift), queue[own], 5)
            if positive[own].any() and _one_longest(positive[own]):
                assert np.array_equal(moved, np.roll(counted[own], shift))


def _one_longest(positive):
    """Whether one stretch without a positive is the longest of a ring."""
    rows = np.flatnonzero(positive)
    gaps = np.diff(rows, append=rows[0] + len(positive))
    return (gaps == gaps.max()).sum() == 1


@pytest.mark.parametrize("order", [0, 2])
def test_runs__are_found_where_they_lie(order):
    """Two plates of one lab on which every fourth tube was spoilt."""
    found = 0
    for seed in range(6):
        city = lab_city(seed, prevalence=0.0005, box=10)
        runs, hit = runs_of_city(city, (188, 0.25), orders=[order])
        for day in np.flatnonzero(runs.q <= 0.05):
            inside = hit[runs.tubes[day]]
            found += inside.mean() > 0.15 and inside.sum() > 0.6 * hit.sum()
    assert found >= 5


def test_runs__of_one_queue_are_households():
    """However many of one queue are positive, they may have infected one another."""
    tubes = 400
    positive = np.zeros(tubes, bool)
    positive[40:70:3] = True
    queue, day = np.zeros(tubes, np.int64), np.zeros(tubes, np.int64)
    runs = find_runs(positive, queue, day, day[None], np.arange(tubes)[None], 0.05)
    assert runs.p[0] > 0.5


def test_orders__are_those_of_loading_receiving_and_instruments():
    rows = pl.DataFrame(
        {
            "tube": [0, 1, 2, 3],
            "plate": [5, 5, 6, 6],
            "well": [12, 0, 0, 1],  # B01, A01, A01, A02
            "loaded_at": [9, 9, 8, 8],
            "box": [2, 1, None, 1],
            "packed_at": [1, 4, None, 3],
            "received_at": [7, 7, None, 7],
        }
    )
    parts, ranks = handling_orders(rows, np.zeros(4, np.int64), np.array([0, 0, 1, -1]), 8, 12)
    by_order = {
        name: [tube for tube in np.argsort(rank).tolist() if part[tube] >= 0]
        for name, part, rank in zip(ORDERS, parts, ranks, strict=True)
    }
    assert by_order == {"run_loaded": [2, 3, 1, 0], "run_received": [3, 1, 0], "run_instrument": [1, 0, 2]}
    assert parts[2, 0] == parts[2, 1] != parts[2, 2]


def test_run__flags_a_run_and_lists_its_positives():
    site, position, positive, units, _, place = lab_city(3, labs=3, prevalence=0.0005, box=10)
    hit = run_of_tubes(units, place, (188, 0.1), np.random.default_rng(1), lab=1)
    reads = {"reagent": pl.lit("one"), "instrument": pl.lit("PCR")}
    events = events_of_city(site, position, positive | hit, units, place)
    events["read"] = events["read"].with_columns(**reads)
    alarms = poolpipe.run(events).false_alarms.filter(subject_kind="run")
    row = alarms.row(0, named=True)
    assert alarms.height == 1
    assert (row["lab"], row["statistic"]) == ("L01", "run_loaded")
    assert row["seen"] > 3 * row["expected"]
    told = {f"T{tube:06d}" for tube in np.flatnonzero(hit)}
    assert len(told.intersection(row["repeat"].split(" "))) > 0.8 * len(told)
    first, last = row["subject"].split(" - ")
    assert {first, last} <= set(row["repeat"].split(" "))


def test_run__of_a_bad_lot_is_told_of_the_lot_alone():
    """Each laboratory uses the lot on two plates, one after the other: its false positives are a run there."""
    site, position, positive, units, _, place = lab_city(
        4, labs=3, plates=16, bad=2, rate=0.08, prevalence=0.0005, box=10
    )
    alarms = poolpipe.run(events_of_city(site, position, positive, units, place)).false_alarms
    assert alarms.select("subject_kind", "subject").rows() == [("lot", "lot 2")]
