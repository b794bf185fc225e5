"""Whether the laboratory explains positives: each test against a naive one, published figures and planted days."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest

import poolpipe
from poolpipe.alarm_rules import AlarmRules
from poolpipe.policy import load_policy
from poolpipe.stages.false_alarms.exact import binomial_tail, false_discovery_rates, hypergeometric
from poolpipe.stages.false_alarms.join_counts import join_counts
from poolpipe.stages.false_alarms.queue_bracket import queue_bracket
from poolpipe.stages.false_alarms.splash import CycleLaw, cycle_law, splash_posteriors
from poolpipe.stages.false_alarms.stratified import stratified_tests, thinned
from reference import false_alarms as naive
from stages.lab_days import COLUMNS, ROWS, events_of, events_of_city, infections, lab_city, splashed, wells_of

RULES = AlarmRules()


def lab_day(seed, *, rate, plates=260):
    """A lab's day of 24,440 tubes with infections that follow the queue, and its splash."""
    rng = np.random.default_rng(seed)
    return splashed(infections(plates * 94, rng), rng, rate=rate)


def test_binomial_tail__is_exact():
    successes, trials = np.array([0, 8, 3, 10, 0]), np.array([10, 10, 3, 10, 0])
    chance = np.array([0.3, 0.5, 0.25, 0.9, 0.0])
    expected = [1.0, 56 / 1024, 1 / 64, 0.9**10, 1.0]
    np.testing.assert_allclose(binomial_tail(successes, trials, chance), expected, rtol=1e-12)


def test_hypergeometric__is_that_of_the_lady_tasting_tea():
    least, weights = hypergeometric(4, 4, 8)  # Fisher 1935: 1, 16, 36, 16, 1 of 70
    assert least == 0
    np.testing.assert_allclose(weights * 70, [1, 16, 36, 16, 1], rtol=1e-12)
    least, weights = hypergeometric(6, 5, 8)
    assert (least, len(weights)) == (3, 3)


def test_false_discovery_rates__find_the_four_of_benjamini_and_hochberg():
    # Benjamini & Hochberg 1995, section 4.1: of these 15 the first four are rejected at 0.05, Bonferroni rejects three.
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459,
         0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]  # fmt: skip
    shuffled = np.random.default_rng(1).permutation(15)
    rates = np.empty(15)
    rates[shuffled] = false_discovery_rates(np.array(p)[shuffled])
    assert (rates <= 0.05).sum() == 4
    assert (np.diff(rates) >= 0).all()
    assert rates[3] == pytest.approx(0.0095 * 15 / 4)


def test_false_discovery_rates__of_equal_weights_are_those_without():
    p = np.random.default_rng(3).random(50) ** 3
    np.testing.assert_allclose(false_discovery_rates(p, np.ones(50)), false_discovery_rates(p))
    weights = np.repeat([4.0, 0.25], [10, 40])
    assert weights.mean() == 1.0
    heavy = false_discovery_rates(np.where(np.arange(50) == 0, 0.003, 1.0), weights)
    assert heavy[0] == pytest.approx(0.003 * 50 / 4)
    assert false_discovery_rates(np.where(np.arange(50) == 49, 0.003, 1.0), weights)[49] == pytest.approx(0.6)


def test_stratified__finds_a_lot_in_a_heavy_outbreak_among_hundreds_of_plates():
    """Each kind has the same weight: adjusted one by one only every third of these cities showed its lot."""
    found = 0
    for seed in range(8):
        site, position, positive, units, _, _ = lab_city(seed, bad=seed, rate=0.01, prevalence=0.008)
        tests = stratified_tests(site, thinned(positive, site, position, 20), units, RULES.discovery_rate)
        found += np.flatnonzero(tests["lot"].flagged).tolist() == [seed]
    assert found >= 5


def listed(wells):
    """The wells of one lab's day as the naive tests take them."""
    order = np.arange(len(wells)) % 94
    return [
        (plate, place, well // COLUMNS, well % COLUMNS, None if np.isnan(cycles) else cycles)
        for plate, place, well, cycles in zip(wells.plate, order, wells.well, wells.ct, strict=True)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_queue_bracket__counts_as_wells_are_counted_by_hand(seed):
    rng = np.random.default_rng(seed)
    ct, _ = splashed(infections(400, rng, prevalence=0.08), rng, rate=0.4, strong=26.0)
    wells = wells_of(ct)
    found = queue_bracket(wells, AlarmRules(strong_ct=26.0, weaker_by=6.0))
    expected = naive.bracket(listed(wells), strong_ct=26.0, weaker_by=6.0)
    counts = found.weak_adjacent[0], found.adjacent[0], found.weak_apart[0], found.apart[0]
    assert counts == expected
    weak, adjacent, weak_apart, apart = expected
    assert weak > 0
    assert found.p[0] == pytest.approx(
        naive.binomial_tail(weak, weak + weak_apart, adjacent / (adjacent + apart))
    )


def test_queue_bracket__does_not_accuse_a_lab_of_its_queue():
    # scripts/calibrate_false_alarms.py counts the alarms of a thousand days; docs/false-alarms.md has them.
    p = [queue_bracket(wells_of(lab_day(seed, rate=0.0)[0]), RULES).p[0] for seed in range(40)]
    assert (np.array(p) <= 0.05).sum() <= 2


def test_queue_bracket__finds_a_lab_that_splashes_a_fifth_of_the_time():
    p = [queue_bracket(wells_of(lab_day(seed, rate=0.2)[0]), RULES).p[0] for seed in range(100, 120)]
    assert (np.array(p) <= RULES.alpha).mean() >= 0.75


@pytest.mark.parametrize(("seed", "prevalence"), [*((seed, 0.08) for seed in range(4)), (4, 0.03), (5, 0.03)])
def test_splash__is_weighed_as_by_hand(seed, prevalence):
    rng = np.random.default_rng(seed)
    ct, _ = splashed(infections(int(24 / prevalence), rng, prevalence=prevalence), rng, rate=0.4, strong=26.0)
    wells, rules, law = wells_of(ct), AlarmRules(strong_ct=26.0, weaker_by=6.0), CycleLaw(29.0, 5.0, 40.0)
    found = splash_posteriors(wells, rules, law)
    expected = naive.splash(listed(wells), rules, law)
    told = {
        (int(wells.plate[well]), int(well) % 94): posterior
        for well, posterior in zip(found.well, found.posterior, strict=True)
    }
    assert len(told) > 3
    assert told == pytest.approx(expected, rel=1e-9)


def test_splash__is_true_as_often_as_its_posterior_says():
    found = true = flagged = doubtless = 0
    for seed in range(12):
        ct, false = lab_day(seed, rate=0.2)
        wells = wells_of(ct)
        weighed = splash_posteriors(wells, RULES, cycle_law(wells, 40.0, (29.3, 5.0)))
        chosen = weighed.well[weighed.posterior >= RULES.posterior]
        flagged, true, found = flagged + len(chosen), true + false[chosen].sum(), found + false.sum()
        doubtless += weighed.posterior[weighed.posterior >= RULES.posterior].sum()
    assert true >= doubtless  # it errs towards people
    assert true > 0.6 * found
    assert flagged > 100


def test_splash__is_not_seen_where_there_is_none():
    flagged = positives = 0
    for seed in range(12):
        wells = wells_of(lab_day(seed, rate=0.0)[0])
        weighed = splash_posteriors(wells, RULES, cycle_law(wells, 40.0, (29.3, 5.0)))
        flagged, positives = (
            flagged + (weighed.posterior >= RULES.posterior).sum(),
            positives + wells.positive.sum(),
        )
    assert positives > 3000
    assert flagged <= 0.001 * positives


@pytest.mark.parametrize("seed", range(12))
def test_join_count__is_the_exact_tail_over_all_ways(seed):
    rng = np.random.default_rng(seed)
    ct = np.full(94, np.nan)
    first = rng.integers(0, 40)
    ct[[first, first + 8, first + 17, first + 9, *rng.integers(0, 60, 2)]] = 30.0
    wells = wells_of(ct)
    found = join_counts(wells)
    tube = np.flatnonzero(np.isfinite(ct))
    where = [(place // 8, place % 8) for place in range(94)]
    positives = {where[place] for place in tube.tolist()}
    assert found.seen[0] == naive.joins(positives)
    exact = naive.join_tail(where, positives)
    assert found.p[0] == pytest.approx(exact) or (found.p[0] == 1.0 and exact > 0.001)


def lattice(tall, wide, *, corners):
    """Neighbours on a lattice, each pair once: rook's moves, and with corners the queen's."""
    return [
        (row * wide + column, (row + down) * wide + column + right)
        for row in range(tall)
        for column in range(wide)
        for down, right in ((0, 1), (1, 0), *(((1, 1), (1, -1)) if corners else ()))
        if row + down < tall and 0 <= column + right < wide
    ]


def test_join_count__is_bb_of_cliff_and_ord_without_the_joins_of_a_line():
    # The example of esda's Join_Counts: two of four rows of a 4 x 4 lattice are black, BB is 10 of 24 joins.
    rook = lattice(4, 4, corners=False)
    assert len(rook) == 24
    assert naive.black_black(rook, set(range(8, 16))) == 10
    every = [naive.black_black(rook, set(black)) for black in combinations(range(16), 3)]
    assert np.mean(every) == pytest.approx(naive.black_black_expected(rook, 16, 3))
    ct = np.full(94, np.nan)
    ct[np.random.default_rng(2).choice(94, 24, replace=False)] = 30.0
    wells = wells_of(ct)
    joins = [pair for pair in lattice(ROWS, COLUMNS, corners=True) if set(pair) <= set(wells.well.tolist())]
    black = set(wells.well[wells.positive].tolist())
    inside = [(one, other) for one, other in joins if one % COLUMNS == other % COLUMNS]
    found = join_counts(wells)
    assert found.seen[0] == naive.black_black(joins, black) - naive.black_black(inside, black) > 3
    share = [
        np.mean([well in black for well in wells.well if well % COLUMNS == column])
        for column in range(COLUMNS)
    ]
    across = sum(share[one % COLUMNS] * share[other % COLUMNS] for one, other in set(joins) - set(inside))
    assert found.expected[0] == pytest.approx(across)


def test_join_count__of_one_line_is_nothing():
    line = np.where(np.isin(np.arange(94), [10, 11, 12, 13, 14]), 30.0, np.nan)
    assert join_counts(wells_of(line)).p[0] == 1.0


def test_join_count__is_computed_where_a_poisson_law_gives_it_two_in_a_hundred():
    from scipy.stats import poisson

    computed, near = set(), set()
    row, column = np.arange(94) % 8, np.arange(94) // 8
    rng = np.random.default_rng(1)
    for _ in range(200):
        inside = (abs(row - rng.integers(1, 7)) < 2) & (abs(column - rng.integers(1, 10)) < 3)
        spoilt = rng.random(94) < np.where(inside, 0.5, 0.05)
        found = join_counts(wells_of(np.where(spoilt, 30.0, np.nan)))
        if found.seen.sum() >= 3:
            tail = poisson.sf(found.seen[0] - 1, found.expected[0])
            computed.add((bool(tail <= 0.02), bool(found.p[0] < 1.0)))
            near |= {limit for limit in (0.0175, 0.0225) if abs(tail - limit) < 0.0025}
    assert computed == {(True, True), (False, False)}
    assert near == {0.0175, 0.0225}  # a little less than two in a hundred, and a little more


def test_join_count__does_not_accuse_plates_of_their_queue_and_finds_a_spoilt_one():
    ct, _ = lab_day(5, rate=0.0)
    clean = join_counts(wells_of(ct))
    assert (false_discovery_rates(clean.p) > RULES.discovery_rate).all()
    row, column = np.arange(94) % 8, np.arange(94) // 8
    block = (row >= 2) & (row <= 4) & (column >= 3) & (column <= 8)
    ct[94 * 7 : 94 * 8][block] = 34.0
    spoilt = join_counts(wells_of(ct))
    assert np.flatnonzero(false_discovery_rates(spoilt.p) <= RULES.discovery_rate).tolist() == [7]


def test_run__flags_a_spoilt_plate():
    ct = np.full(94 * 4, np.nan)
    ct[[94 + 8 * column + row for column in range(3, 9) for row in (2, 3, 4)]] = 34.0
    found = poolpipe.run(events_of(ct)).false_alarms
    row = found.filter(statistic="join_count").row(0, named=True)
    assert (row["subject_kind"], row["subject"], row["lab"], row["tubes"]) == ("plate", "P001", "L1", 18)
    assert row["p"] <= row["q"] <= RULES.discovery_rate


def test_thinned__counts_each_cluster_of_a_queue_once():
    positive = np.array([1, 0, 1, 1, 0, 1, 1, 1], bool)
    place = np.array([0, 0, 0, 0, 0, 0, 1, 1])
    position = np.array([0, 1, 2, 3, 4, 5, 0, 3])
    counted = thinned(positive, place, position, 2)
    assert counted.tolist() == [True, False, False, True, False, False, True, True]
    assert thinned(positive, place, position, 0).tolist() == positive.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_stratified__is_the_exact_tail_of_dealing_positives_out(seed):
    rng = np.random.default_rng(seed)
    strata, positive = rng.integers(0, 6, 120), rng.random(120) < 0.12
    lot = rng.integers(0, 3, 120)
    found = stratified_tests(strata, positive, {"lot": lot}, 1e-9)["lot"]
    for unit in range(3):
        expected = naive.stratified(strata.tolist(), positive.tolist(), (lot == unit).tolist())
        assert found.p[unit] == pytest.approx(expected) or (found.p[unit] == 1.0 and expected > 0.1)


def test_stratified__is_fishers_exact_test_in_one_stratum():
    found = stratified_tests(np.zeros(8, int), np.arange(8) < 4, {"lot": np.arange(8) // 4}, 0.01)
    assert found["lot"].p[0] == pytest.approx(1 / 70)  # all four cups named right


def test_stratified__agrees_with_the_exact_test_of_penicillin_in_rabbits():
    # Mantel 1963 in R's mantelhaen.test (Rabbits): S = 16, expected 13, exact two-sided p = 0.03994.
    cured_of = [(0, 6, 0, 5), (3, 6, 0, 6), (6, 6, 2, 6), (5, 6, 6, 6), (2, 2, 5, 5)]
    rows = [
        (stratum, arm, cured)
        for stratum, (at_once, rabbits, later, others) in enumerate(cured_of)
        for arm, good, all_ in ((0, at_once, rabbits), (1, later, others))
        for cured in [True] * good + [False] * (all_ - good)
    ]
    stratum, arm, cured = (np.array(each) for each in zip(*rows, strict=True))
    found = stratified_tests(stratum, cured, {"lot": arm}, 1e-9)["lot"]
    assert found.seen[0] == 16
    assert found.expected[0] == pytest.approx(13.0)
    assert found.p[0] == pytest.approx(0.03994 / 2, abs=5e-6)  # the distribution is symmetric


def city_tests(seed, **planted):
    site, position, positive, units, _, _ = lab_city(seed, **planted)
    return stratified_tests(site, thinned(positive, site, position, 20), units, RULES.discovery_rate), units


def test_stratified__does_not_blame_the_lot_that_was_used_where_the_outbreak_is():
    tests = [test for seed in range(8) for test in city_tests(seed)[0].values()]
    p = np.concatenate([test.p for test in tests])
    assert (p <= 0.01).mean() <= 0.012
    assert not any(test.flagged.any() for test in tests)


def test_stratified__finds_a_lot_that_makes_one_in_a_hundred_positive_and_blames_no_other():
    false = 0
    for seed in range(6):
        found, units = city_tests(seed, bad=seed % 8, rate=0.01)
        assert np.flatnonzero(found["lot"].flagged).tolist() == [seed % 8]
        bad_plates = units["plate"][units["lot"] == seed % 8]
        false += found["instrument"].flagged.sum() + found["channel"].flagged.sum()
        false += len(set(np.flatnonzero(found["plate"].flagged)) - set(bad_plates.tolist()))
    assert false == 0


def bad_lot_city():
    site, position, positive, units, false, place = lab_city(3, labs=4, plates=16, lots=4, bad=2, rate=0.03)
    return events_of_city(site, position, positive, units, place), false


def test_run__flags_a_bad_lot_and_lists_its_positives():
    frames, false = bad_lot_city()
    day = poolpipe.run(frames)
    found = day.false_alarms.filter(pl.col("statistic") == "stratified")
    assert found.select("subject_kind", "subject").rows() == [("lot", "lot 2")]
    row = found.row(0, named=True)
    assert row["q"] <= RULES.discovery_rate
    assert (row["round"], row["lab"]) == ("", None)
    assert {f"T{tube:06d}" for tube in np.flatnonzero(false)} <= set(row["repeat"].split(" "))
    assert row["tubes"] == len(row["repeat"].split(" "))


def test_discovery_rate__decides_what_is_flagged():
    day = poolpipe.run(bad_lot_city()[0])
    strict = day.view(policy=load_policy({"false_alarms": {"discovery_rate": 1e-12}}))
    assert "stratified" in day.false_alarms["statistic"]
    assert "stratified" not in strict.false_alarms["statistic"]


OTHERWISE = {"alpha": 1e-9, "posterior": 0.9, "strong_ct": 16.0, "weaker_by": 16.0, "splash_cycles": 12.0,
             "splash_cycles_sd": 1.0, "splash_rate": 0.3}  # fmt: skip
"""Another value of every setting, under which the splashed day gives other alarms."""


@pytest.mark.parametrize("setting", OTHERWISE)
def test_setting__has_an_effect(setting):
    frames = events_of(lab_day(7, rate=0.5, plates=60)[0])
    day = poolpipe.run(frames)
    changed = day.view(policy=load_policy({"false_alarms": {setting: OTHERWISE[setting]}}))
    assert not changed.false_alarms.equals(day.false_alarms)


def test_run__flags_the_splashed_tubes_and_changes_no_call():
    ct, false = lab_day(7, rate=0.5, plates=60)
    day = poolpipe.run(events_of(ct))
    lab = day.false_alarms.filter(pl.col("statistic") == "queue_bracket").row(0, named=True)
    assert (lab["subject_kind"], lab["subject"], lab["lab"]) == ("lab", "L1 2022-04-04", "L1")
    assert lab["p"] <= RULES.alpha
    repeat = lab["repeat"].split(" ")
    assert lab["tubes"] == len(repeat) == lab["seen"]
    planted = {f"T{tube:05d}" for tube in np.flatnonzero(false)}
    assert len(planted & set(repeat)) > 0.7 * len(repeat)
    calls = dict(day.pools.select("tube", "call").iter_rows())
    assert all(calls[tube] in ("positive", "suspect") for tube in repeat)
    assert sum(call in ("positive", "suspect") for call in calls.values()) == np.isfinite(ct).sum()


def test_run__without_positives_flags_nothing():
    day = poolpipe.run(events_of(np.full(100, np.nan)))
    assert day.false_alarms.is_empty()
    assert day.pools.height == 100


def test_run__whose_positives_all_share_their_wells_flags_nothing():
    events = events_of(np.array([20.0]))
    load = events["load"].filter(pl.col("tube").is_not_null()).head(1)
    other = load.with_columns(tube=pl.lit("ANOTHER"))
    day = poolpipe.run({**events, "load": pl.concat([events["load"], other])})
    assert "suspect" in day.pools["call"].to_list()
    assert day.false_alarms.is_empty()


def test_run__gives_the_same_alarms_whatever_the_order_and_with_everything_twice():
    frames = events_of(lab_day(7, rate=0.5, plates=60)[0])
    once = poolpipe.run(frames).false_alarms
    mixed = {
        kind: [frame.sample(fraction=1.0, shuffle=True, seed=3), frame.head(500)]
        for kind, frame in frames.items()
    }
    assert once.height
    assert poolpipe.run(mixed).false_alarms.equals(once)


def test_run__of_an_earlier_moment_is_that_of_the_earlier_events():
    frames = events_of(lab_day(7, rate=0.5, plates=60)[0])
    moment = "2022-04-04T16:00:00Z"
    until = pl.lit(moment).str.to_datetime(time_zone="UTC")
    earlier = {kind: frame.filter(pl.col("at") <= until) for kind, frame in frames.items()}
    seen = poolpipe.run(frames, as_of=moment).false_alarms
    assert seen.equals(poolpipe.run(earlier, as_of=moment).false_alarms)
    assert not seen.equals(poolpipe.run(frames).false_alarms)
