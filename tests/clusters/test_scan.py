"""The scan's probabilities: against every order of the days, whatever the order of the cases."""

from __future__ import annotations

import numpy as np
import pytest

from poolpipe.clusters.scan import _nearest, scan_last_days
from reference.space_time import exact_p, kilometres

NOWHERE = np.full((3, 2), np.nan)


def test_p__is_that_of_all_orders():
    cases = [(0, 0), (0, 0), (0, 0), (1, 2), (1, 3), (2, 3), (2, 1)]
    place, age = (np.array(column) for column in zip(*cases, strict=True))
    expected = exact_p(cases, dict.fromkeys(range(3)), 2, 1)
    found = scan_last_days(place, age, NOWHERE, longest=2, neighbours=1, orders=20_000)
    assert found == pytest.approx(list(expected.values()), abs=0.012)
    assert 0.02 < expected[0] < 0.3


def test_p__does_not_depend_on_the_order_of_cases():
    rng = np.random.default_rng(3)
    place = np.r_[np.arange(12), rng.integers(0, 12, 60)]
    age = rng.integers(0, 8, 72)
    where = np.column_stack([115 + rng.random(12), 25 + rng.random(12)])
    first = scan_last_days(place, age, where, longest=4, neighbours=5, orders=199)
    for _ in range(3):
        order = rng.permutation(72)
        assert (
            scan_last_days(place[order], age[order], where, longest=4, neighbours=5, orders=199) == first
        ).all()


def test_p__is_even_where_nothing_clusters():
    """Under chance alone the lowest p of a scan is below 0.1 in one of ten."""
    rng = np.random.default_rng(5)
    lowest = []
    for _ in range(200):
        place = np.r_[np.arange(8), rng.integers(0, 8, 40)]
        found = scan_last_days(
            place, rng.integers(0, 7, 48), np.full((8, 2), np.nan), longest=3, neighbours=1, orders=99
        )
        lowest.append(found.min())
    assert np.mean(np.array(lowest) <= 0.1) == pytest.approx(0.1, abs=0.06)


def test_cluster_over_neighbours__is_found_only_with_their_coordinates():
    rng = np.random.default_rng(7)
    place = np.repeat(np.arange(30), 6)
    age = rng.integers(0, 10, 180)
    near = np.arange(5)
    for each in near:  # two more at each of five neighbours on the last day
        age[np.flatnonzero(place == each)[:3]] = 0
    where = np.column_stack(
        [np.r_[115 + near / 1000, 116 + rng.random(25)], np.r_[25.0 + near / 1000, 26 + rng.random(25)]]
    )
    known = scan_last_days(place, age, where, longest=3, neighbours=10, orders=499)
    alone = scan_last_days(place, age, np.full((30, 2), np.nan), longest=3, neighbours=10, orders=499)
    assert known[near].min() <= 0.01 < alone[near].min()


@pytest.mark.parametrize(
    ("place", "age"),
    [([], []), ([0, 0, 0], [0, 1, 2]), ([0, 1, 2], [4, 4, 4])],
    ids=["none", "one place", "one day"],
)
def test_scan__needs_places_and_days(place, age):
    places = len(set(place))
    found = scan_last_days(
        np.array(place, np.int64),
        np.array(age, np.int64),
        np.full((places, 2), np.nan),
        longest=3,
        neighbours=3,
        orders=99,
    )
    assert np.isnan(found).all()
    assert len(found) == places


def test_nearest__is_in_the_order_of_great_circles_and_begins_with_itself():
    rng = np.random.default_rng(9)
    where = np.column_stack([rng.uniform(-180, 180, 20), rng.uniform(-80, 80, 20)])
    where[3], where[7], where[8] = where[2], where[2], np.nan
    near = _nearest(where, 6)
    points = [tuple(point) for point in where.tolist()]
    assert near[:, 0].tolist() == list(range(20))
    assert near[8].tolist() == [8, -1, -1, -1, -1, -1]
    for here in set(range(20)) - {8}:
        far = sorted((kilometres(points[here], points[other]), other) for other in set(range(20)) - {8, here})
        gone = [kilometres(points[here], points[other]) for other in near[here, 1:]]
        assert gone == pytest.approx([each for each, _ in far[:5]], abs=1e-3)
