"""No sum of what is shown gives a hidden count back: an attack by linear programming on random small tables."""

from __future__ import annotations

import random

import polars as pl
import pytest

from nightly.attack import Attack
from poolpipe.nightly.hiding import hidden_coverage, hidden_faults, hidden_positives
from poolpipe.nightly.suppression import hide_small

LIMIT = 4


def random_tree(seed, counts):
    """Buildings of one or two rounds of a city of a few townships."""
    dice = random.Random(seed)
    rows = []
    for town in range(dice.randint(1, 3)):
        for community in range(dice.randint(1, 3)):
            for building in range(dice.randint(1, 4)):
                people = dice.choice([2, 6, 30, 60])
                missed = min(people, dice.choice(counts))
                rows.append(("r", f"T{town}", f"C{community}", f"B{building}", people, missed))
    columns = ["round", "township", "community", "building", "people", "not_collected"]
    return pl.DataFrame(rows, columns, orient="row")


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("counts", [(0, 0, 0, 1), (0, 1, 2, 3), (0, 2, 5, 9), (0, 0, 1, 40)], ids=str)
def test_coverage__gives_no_hidden_count_back(seed, counts):
    told = random_tree(seed, counts)
    keys = ["round", "township", "community", "building"]
    rows = list(told.iter_rows())
    hidden = {
        tuple(each for each in row[2:] if each is not None)
        for row in hidden_coverage(told, LIMIT).iter_rows()
    }
    leaves = {row[1:4]: (row[4], row[5]) for row in rows}
    # a family with a hidden 0 tells of none of its hidden counts that it is above 0
    with_zero = {key[:2] for key in hidden if len(key) == 3 and leaves[key][1] == 0}
    known = []
    for key, (people, missed) in leaves.items():
        few = people <= LIMIT
        least = 0 if key[:2] in with_zero or few else 1
        known.append((key, least, people) if key in hidden else (key, missed, missed))
    attack = Attack(known)
    for depth in range(3):
        for node in {key[:depth] for key in leaves}:
            below = [key for key in leaves if key[:depth] == node]
            total = sum(leaves[key][1] for key in below)
            if node not in hidden:
                assert not 1 <= total <= LIMIT, "a small sum is shown"
                attack.know(below, total)
    for key, (people, missed) in leaves.items():
        if 1 <= missed <= LIMIT or people <= LIMIT:
            assert key in hidden
            low, high = attack.between([key])
            assert low <= 1
            assert high >= min(LIMIT, people)
            assert high > low
    assert told.select(keys).n_unique() == len(leaves)


def random_labs(seed):
    """Communities whose tubes go to one laboratory, or now and then to two."""
    dice = random.Random(seed)
    rows = []
    for town in range(dice.randint(1, 3)):
        for community in range(dice.randint(1, 4)):
            for lab in dice.sample(range(3), dice.choice([1, 1, 1, 2])):
                tubes = dice.choice([3, 20, 50])
                rows.append(
                    ("pool", f"L{lab}", f"T{town}", f"C{community}", tubes, dice.choice([0, 0, 1, 2, 6, 11]))
                )
    table = pl.DataFrame(rows, ["mode", "lab", "township", "community", "tubes", "positive"], orient="row")
    return table.with_columns(pl.min_horizontal("tubes", "positive").alias("positive"))


@pytest.mark.parametrize("seed", range(60))
def test_positivity__gives_no_hidden_count_back_by_laboratory_and_place(seed):
    told = random_labs(seed)
    rows, levels = hidden_positives(told, LIMIT)
    whole = {level for _, level in levels.iter_rows()}
    hidden = {(level, town, community, lab) for _, level, town, community, lab in rows.iter_rows()}
    leaves = {row[1:4]: row[4:] for row in told.iter_rows()}
    attack = Attack([(key, 0, tubes) for key, (tubes, _) in leaves.items()])
    groups = {
        "lab": {(None, None, lab): [key for key in leaves if key[0] == lab] for lab, _, _ in leaves},
        "township": {(town, None, ""): [key for key in leaves if key[1] == town] for _, town, _ in leaves},
        "community": {
            (town, community, ""): [key for key in leaves if key[1:] == (town, community)]
            for _, town, community in leaves
        },
    }
    if "city" not in whole:
        attack.know(list(leaves), sum(positive for _, positive in leaves.values()))
    for level, members in groups.items():
        for name, keys in members.items():
            if level not in whole and (level, *name) not in hidden:
                attack.know(keys, sum(leaves[key][1] for key in keys))
    for level in ("township", "community"):
        for name, keys in groups[level].items():
            tubes, positive = (sum(leaves[key][place] for key in keys) for place in (0, 1))
            if not 1 <= positive <= LIMIT and tubes > LIMIT:
                continue
            assert level in whole or (level, *name) in hidden
            low, high = attack.between(keys)
            assert high > low, f"{level} {name}: {positive} of {tubes} comes back"
            if len(keys) == 1:
                assert high >= min(LIMIT, tubes)


def test_zero__is_hidden_where_each_hidden_count_would_have_to_be_one():
    told = pl.DataFrame(
        {"round": ["r"] * 12, "township": ["T"] * 12, "community": [f"C{n // 2}" for n in range(12)]}
        | {"building": ["a", "b"] * 6, "people": [50] * 12, "not_collected": [1, 0] * 6}
    )
    hidden = hidden_coverage(told, LIMIT)
    assert hidden.filter(pl.col("level") == "city").is_empty()
    assert hidden.filter(pl.col("level") == "building").height == 12


def test_complement__is_the_smallest_and_the_sums_on_its_way_are_hidden():
    rows = [("T0", "C0", "B0", 1), ("T1", "C1", "B1", 9), ("T1", "C2", "B2", 12), ("T2", "C3", "B3", 40)]
    told = pl.DataFrame(
        rows, ["township", "community", "building", "not_collected"], orient="row"
    ).with_columns(pl.lit("r").alias("round"), pl.lit(90).alias("people"))
    hidden = hidden_coverage(told, LIMIT)
    assert set(hidden.drop("round").rows()) == {
        ("building", "T0", "C0", "B0"), ("community", "T0", "C0", None), ("township", "T0", None, None),
        ("building", "T1", "C1", "B1"), ("community", "T1", "C1", None), ("township", "T1", None, None),
    }  # fmt: skip


def test_small__total_of_a_city_is_hidden_with_all_of_it():
    told = pl.DataFrame(
        {"code": ["c", "c", "d"], "site": ["A", None, "A"], "device": [None, "x", None]}
    ).with_columns(
        pl.lit(value=True).alias("is_person"), pl.Series("faults", [1, 2, 9]), pl.lit(100).alias("scans")
    )
    hidden = hidden_faults(told, LIMIT)
    assert sorted(hidden.rows(), key=str) == [("c", "A", None), ("c", None, "x")]


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_limit__decides_what_is_small(limit):
    told = pl.DataFrame({"all": [1, 1, 1, 1], "one": [1, 2, 3, 4], "n": [1, 2, 8, 9], "of": [90, 90, 90, 90]})
    _, hidden = hide_small(told, ["all", "one"], "n", "of", limit)
    assert {1, 2, 8, 9} - set(hidden.join(told, on=["all", "one"])["n"]) == {
        0: {1, 2, 8, 9},
        1: {8, 9},
        2: {8, 9},
    }[limit]


def test_order__of_the_rows_changes_nothing():
    told = random_tree(3, (0, 1, 2, 5))
    wanted = hidden_coverage(told, LIMIT).sort(pl.all())
    assert (
        hidden_coverage(told.sample(fraction=1.0, shuffle=True, seed=1), LIMIT).sort(pl.all()).equals(wanted)
    )
