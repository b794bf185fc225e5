"""Hazards and shares of links against numerical integration and values worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kernels.both_ways import both, of, ways
from poolpipe_kernels import scores as kernels
from reference.scores import share, totals, windows

NATURES = np.array([1.0, 5.0, 0.1, 0.04, 0.002, 0.01])


def _flat(people):
    """Tests of people as arrays: begins, days, p, until."""
    begins = np.cumsum([0, *map(len, people)]).astype(np.int64)
    rows = np.array([test for tests in people for test in tests], np.float64).reshape(-1, 3)
    return begins, *(np.ascontiguousarray(column) for column in rows.T)


def _household(seed):
    """Three or four housemates with up to three tests, three days apart; some found and isolated."""
    rng = np.random.default_rng(seed)
    people = []
    for _ in range(rng.integers(3, 5)):
        tests = []
        for day in np.flatnonzero(rng.random(3) < 0.8) * 3.0:
            at = 10.0 + day + rng.random() / 4
            p = rng.choice([0.001, 0.3, 0.99])
            tests.append((at, p, at + (0.4 if p > 0.5 else 5.0)))
        people.append(tests)
    return people


@both(kernels.first_seen)
def test_first_seen__leaves_the_rest_unseen(run) -> None:
    begins, _, p, _ = _flat([[(1, 0.2, 2), (4, 0.5, 5)], [], [(1, 1.0, 2)]])
    chance = np.empty(6)
    run(begins, p, chance)
    assert chance.tolist() == pytest.approx([*windows([0.2, 0.5]), 1.0, 1.0, 0.0])


@ways
@pytest.mark.parametrize("seed", range(3))
def test_households__are_the_reference(interpreted: bool, seed: int) -> None:
    people = _household(seed)
    count = len(people)
    begins, at, p, until = _flat(people)
    chance, total = np.empty(len(at) + count), np.zeros(len(at) + count)
    kernels.first_seen(begins, p, chance)
    home_begins, everybody = np.array([0, count]), np.arange(count, dtype=np.int32)
    counts = np.ones(count, np.bool_)
    of(kernels.household_hazards, interpreted)(
        home_begins, everybody, counts, begins, at, until, chance, NATURES, total
    )
    expected = totals(people, range(count), *NATURES[:3])
    assert total == pytest.approx([each for y in range(count) for each in expected[y]], abs=2e-4)
    outside = np.full_like(total, 0.01)
    pairs = [(x, y) for x in range(count) for y in range(count) if x != y]
    score = np.empty(len(pairs))
    of(kernels.household_shares, interpreted)(
        np.array([x for x, _ in pairs]), np.array([x + 1 for x, _ in pairs]),
        np.array([y for _, y in pairs], np.int32), everybody, np.arange(count + 1), np.zeros(count, np.int32),
        home_begins, everybody, counts, begins, at, until, chance, NATURES, total, outside, score,
    )  # fmt: skip
    wanted = [share(people, range(count), x, y, 0.01, *NATURES[:3]) for x, y in pairs]
    assert score == pytest.approx(wanted, abs=2e-3)


@both(kernels.household_hazards)
def test_households__have_the_hazards_of_those_who_count(run) -> None:
    begins, at, p, until = _flat([[(10.0, 0.9, 15.0)]] * 3)
    chance = np.empty(6)
    kernels.first_seen(begins, p, chance)
    people, total = np.arange(3, dtype=np.int32), np.zeros(6)
    run(np.array([0, 3]), people, np.array([True, False, False]), begins, at, until, chance, NATURES, total)
    assert total[:2].tolist() == [0.0, 0.0]
    assert total[2:4].tolist() == total[4:].tolist()
    assert (total[2:] > 0).all()


@both(kernels.queue_hazards)
def test_queue__sums_over_the_tube_and_falls_in_the_window_after(run) -> None:
    # Two of a tube, the second surely infected, stand 0.001 and 0.003 days before a third person, who is swabbed again.
    seat_at, seat_p = np.array([9.998, 10.0, 10.001, 13.0]), np.array([0.5, 1.0, 0.0, 0.9])
    person = np.array([0, 1, 2, 2], np.int32)
    begins, at = np.array([0, 1, 2, 4]), np.array([9.998, 10.0, 10.001, 13.0])
    hazard, window = np.empty(1), np.empty(1, np.int64)
    moments = np.round(seat_at * kernels.DAY_US).astype(np.int64)
    first, last, seat = np.array([0]), np.array([2]), np.array([2])
    run(
        first,
        last,
        seat,
        seat_p,
        np.arange(4, dtype=np.int32),
        moments,
        person,
        begins,
        at,
        NATURES,
        hazard,
        window,
    )
    wanted = 0.04 * (0.5 * math.exp(-1.5) + math.exp(-0.5))
    assert hazard[0] == pytest.approx(wanted)
    assert window[0] == 3 + 2


@both(kernels.outside_hazards)
def test_outside__is_a_rate_times_the_days_of_each_window(run) -> None:
    begins, at = np.array([0, 2, 2, 3]), np.array([3.0, 7.5, 4.0])
    outside = np.empty(6)
    run(begins, at, 0.5, 3.0, outside)
    # A first window has the days of being infectious, one still open none; the second person was never swabbed.
    assert outside.tolist() == [1.5, 2.25, kernels.LEAST, kernels.LEAST, 1.5, kernels.LEAST]
