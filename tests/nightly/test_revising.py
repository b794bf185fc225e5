"""A day counted in two and in three nights: no subtraction of files gives a small change back; an attack by linear programming."""

from __future__ import annotations

import random

import polars as pl
import pytest

from nightly.attack import Attack
from poolpipe.nightly.hiding import hidden_coverage, hidden_faults, hidden_positives, hidden_visits
from poolpipe.nightly.revising import hide_changes

LIMIT = 4
KEYS = ["round", "township", "community", "building"]


def random_city(dice):
    """Buildings of a city of a few townships: people, and not collected at first."""
    rows = []
    for town in range(dice.randint(1, 3)):
        for community in range(dice.randint(1, 3)):
            for building in range(dice.randint(1, 4)):
                people = dice.choice([6, 30, 60])
                missed = min(people, dice.choice([0, 0, 2, 7, 12, 25]))
                rows.append(("r", f"T{town}", f"C{community}", f"B{building}", people, missed))
    return pl.DataFrame(rows, [*KEYS, "people", "not_collected"], orient="row")


def later(city, dice, changes):
    """The same after late scans: some of those who were missing had been collected."""
    fewer = [min(missed, dice.choice(changes)) for missed in city["not_collected"].to_list()]
    return city.with_columns(pl.col("not_collected") - pl.Series(fewer))


def mart(city, hidden):
    """Rows of the mart `coverage`: every node once, hidden ones without their count."""
    parts = []
    for level, name in enumerate(("city", "township", "community", "building")):
        rows = city.group_by(KEYS[: level + 1]).agg(pl.col("not_collected").sum())
        parts.append(rows.with_columns(pl.lit(name).alias("level")))
    told = pl.concat(parts, how="diagonal").join(
        hidden.with_columns(pl.lit(value=True).alias("is_hidden")),
        on=["level", *KEYS],
        how="left",
        nulls_equal=True,
    )
    gone = pl.col("is_hidden").fill_null(value=False)
    return told.with_columns(
        pl.when(~gone).then("not_collected").alias("not_collected"), gone.alias("is_hidden")
    )


def nights(seed, changes, count=2):
    dice = random.Random(seed)
    cities = [random_city(dice)]
    while len(cities) < count:
        cities.append(later(cities[-1], dice, changes))
    files, before = [], None
    for city in cities:
        hidden = hidden_coverage(city, LIMIT, before)
        before = mart(city, hidden)
        files.append(before)
    return cities, files


def shown(file):
    """Node (without the round) to its count, of everything that a file shows."""
    rows = file.filter(~pl.col("is_hidden")).select(*KEYS[1:], "not_collected").iter_rows()
    return {tuple(each for each in row[:3] if each is not None): row[3] for row in rows}


CHANGES = [(0, 0, 0, 1), (0, 0, 1, 2), (0, 2, 6), (0, 0, 3, 25), (1, 2, 3)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("changes", CHANGES, ids=str)
def test_two_files__do_not_tell_of_a_small_change(seed, changes):
    cities, files = nights(seed, changes)
    counts = [
        {row[:3]: row[3] for row in city.select(*KEYS[1:], "not_collected").iter_rows()} for city in cities
    ]
    people = {row[:3]: row[3] for row in cities[0].select(*KEYS[1:], "people").iter_rows()}
    told = [shown(file) for file in files]
    change = {leaf: counts[0][leaf] - counts[1][leaf] for leaf in people}
    assert {*told[1]} <= {*told[0]}, "what was hidden is shown"
    # who knows that scans only come in late: two unknown numbers a building, those missing at first and those found since
    attack = Attack(
        [(("was", leaf), 0, people[leaf]) for leaf in people]
        + [(("late", leaf), 0, people[leaf]) for leaf in people]
    )
    for node, count in told[0].items():
        attack.know([("was", leaf) for leaf in people if leaf[: len(node)] == node], count)
    for node, count in told[1].items():
        below = [leaf for leaf in people if leaf[: len(node)] == node]
        attack.know([("late", leaf) for leaf in below], told[0][node] - count)
        assert not 1 <= told[0][node] - count <= LIMIT, f"{node}: a small change is shown"
    for leaf, moved in change.items():
        if 1 <= moved <= LIMIT:
            low, high = attack.between([("late", leaf)])
            assert low <= 1, f"{leaf}: at least {low}"
            assert high >= LIMIT or high > low
            assert high > low, f"{leaf}: {moved} comes back"
        for place in (0, 1):
            if 1 <= counts[place][leaf] <= LIMIT:
                assert leaf not in told[place]


@pytest.mark.parametrize("seed", range(6))
def test_three_files__show_ever_less_and_no_small_change(seed):
    cities, files = nights(seed, (0, 0, 1, 6), count=3)
    told = [shown(file) for file in files]
    assert {*told[2]} <= {*told[1]} <= {*told[0]}
    for one, other in ((0, 1), (1, 2)):
        assert not [node for node in told[other] if 1 <= told[one][node] - told[other][node] <= LIMIT]
    assert cities[2].height


@pytest.mark.parametrize("seed", range(4))
def test_the_same_again__changes_nothing(seed):
    (city,), (file,) = nights(seed, (0,), count=1)
    again = mart(city, hidden_coverage(city, LIMIT, file))
    assert again.sort(pl.all()).equals(file.sort(pl.all()))


def test_unprotected__the_attack_succeeds():
    """Without a look at the earlier file two late scans are read off: what the other tests defend against."""
    city = random_city(random.Random(0)).with_columns(
        pl.lit(20).alias("not_collected"), pl.lit(60).alias("people")
    )
    first = pl.int_range(pl.len()) == 0
    changed = city.with_columns(pl.when(first).then(18).otherwise("not_collected").alias("not_collected"))
    files = [mart(each, hidden_coverage(each, LIMIT)) for each in (city, changed)]
    leaf = city.select(*KEYS[1:]).row(0)
    assert shown(files[0])[leaf] - shown(files[1])[leaf] == 2
    defended = mart(changed, hidden_coverage(changed, LIMIT, files[0]))
    assert leaf not in shown(defended)
    assert shown(defended), "and not everything is hidden"


def test_a_large_change__is_shown():
    city = random_city(random.Random(0)).with_columns(
        pl.lit(50).alias("not_collected"), pl.lit(60).alias("people")
    )
    changed = city.with_columns(pl.lit(30).alias("not_collected"))
    file = mart(city, hidden_coverage(city, LIMIT))
    assert hidden_coverage(changed, LIMIT, file).is_empty()


def test_a_tree_that_the_file_has_not__is_as_in_a_first_night():
    city = random_city(random.Random(1))
    other = mart(city, hidden_coverage(city, LIMIT)).with_columns(pl.lit("another").alias("round"))
    assert (
        hidden_coverage(city, LIMIT, other).sort(pl.all()).equals(hidden_coverage(city, LIMIT).sort(pl.all()))
    )
    assert all(
        each.is_empty()
        for each in hide_changes(
            city,
            KEYS,
            "not_collected",
            "people",
            other.select(*KEYS, pl.col("not_collected").alias("was")),
            LIMIT,
        )
    )


# --- positives by laboratory and place


def random_labs(dice):
    rows = []
    for town in range(dice.randint(1, 3)):
        for community in range(dice.randint(1, 4)):
            for lab in dice.sample(range(3), dice.choice([1, 1, 1, 2])):
                rows.append(
                    ("pool", f"L{lab}", f"T{town}", f"C{community}", 60, dice.choice([0, 0, 6, 11, 20]))
                )
    return pl.DataFrame(rows, ["mode", "lab", "township", "community", "tubes", "positive"], orient="row")


GROUPS = {"city": [], "lab": ["lab"], "township": ["township"], "community": ["township", "community"]}


def positivity(counts, hidden, levels):
    """Rows of the mart `positivity` by city, laboratory, township and community."""
    whole = {level for _, level in levels.iter_rows()}
    gone = {row[1:] for row in hidden.iter_rows()}
    rows = []
    for level, by in GROUPS.items():
        for key, part in counts.group_by(by or "mode"):
            told = dict(zip(by, key, strict=True)) if by else {}
            place = (level, told.get("township"), told.get("community"), told.get("lab") or "")
            is_hidden = level in whole or place in gone
            rows.append(
                ("pool", level, told.get("township"), told.get("community"), told.get("lab"),
                 None if is_hidden else part["positive"].sum(), is_hidden)
            )  # fmt: skip
    columns = ["mode", "level", "township", "community", "lab", "positive", "is_hidden"]
    return pl.DataFrame(rows, columns, orient="row", infer_schema_length=None)


@pytest.mark.parametrize("seed", range(12))
def test_positivity__of_the_same_again_hides_nothing_more(seed):
    """Townships of several laboratories, too, of which the file tells no laboratory's part."""
    counts = random_labs(random.Random(seed))
    first = positivity(counts, *hidden_positives(counts, LIMIT))
    again = positivity(counts, *hidden_positives(counts, LIMIT, first))
    assert again.sort(pl.all()).equals(first.sort(pl.all()))
    assert first.filter(pl.col("level") == "township")["positive"].count() or seed not in {0, 1, 2}


@pytest.mark.parametrize("seed", range(24))
def test_positivity__of_two_files_does_not_tell_of_few_late_positives(seed):
    dice = random.Random(seed)
    counts = random_labs(dice)
    late = [dice.choice([(0, 0, 0, 2), (0, 1, 6), (0, 0, 9)][seed % 3]) for _ in range(counts.height)]
    since = counts.with_columns(pl.col("positive") + pl.Series(late))
    first = positivity(counts, *hidden_positives(counts, LIMIT))
    second = positivity(since, *hidden_positives(since, LIMIT, first))
    leaves = [row[1:4] for row in counts.iter_rows()]
    attack = Attack(
        [(("was", leaf), 0, 60) for leaf in leaves] + [(("late", leaf), 0, 60) for leaf in leaves]
    )
    known = {}
    for place, file in enumerate((first, second)):
        for mode, level, town, community, lab, positive, is_hidden in file.iter_rows():
            below = [
                leaf for leaf in leaves
                if lab in (None, leaf[0]) and town in (None, leaf[1]) and community in (None, leaf[2])
            ]  # fmt: skip
            if is_hidden:
                continue
            if place == 0:
                attack.know([("was", leaf) for leaf in below], positive)
                known[mode, level, town, community, lab] = positive
            else:
                assert (mode, level, town, community, lab) in known, "what was hidden is shown"
                attack.know(
                    [("late", leaf) for leaf in below], positive - known[mode, level, town, community, lab]
                )
    moved = dict(zip(leaves, late, strict=True))
    for town, community in {leaf[1:] for leaf in leaves}:
        below = [leaf for leaf in leaves if leaf[1:] == (town, community)]
        change = sum(moved[leaf] for leaf in below)
        if 1 <= change <= LIMIT:
            low, high = attack.between([("late", leaf) for leaf in below])
            assert high > low, f"{town} {community}: {change} late positives come back"
            assert low <= 1 or len(below) > 1


def test_faults_and_visits__are_hidden_where_they_changed_little():
    faults = pl.DataFrame(
        {
            "code": ["c"] * 4,
            "is_person": [True] * 4,
            "site": ["A", "B", "C", None],
            "device": ["x", "x", None, None],
        }
    ).with_columns(pl.Series("faults", [9, 30, 12, 8]), pl.lit(500).alias("scans"))
    first = faults.join(
        hidden_faults(faults, LIMIT), on=["code", "site", "device"], how="anti", nulls_equal=True
    )
    assert first.height == 4
    before = faults.with_columns(pl.lit(value=False).alias("is_hidden"))
    now = faults.with_columns(pl.Series("faults", [11, 40, 12, 8]))
    assert hidden_faults(now, LIMIT, before).rows() == [("c", "A", "x")]
    once = before.with_columns(
        (pl.col("site") == "B").fill_null(value=False).alias("is_hidden")
    ).with_columns(pl.when(~pl.col("is_hidden")).then("faults").alias("faults"))
    assert sorted(hidden_faults(now, LIMIT, once).rows()) == [("c", "A", "x"), ("c", "B", "x")]
    visits = pl.DataFrame(
        {"round": ["r"] * 3, "township": ["T"] * 3, "community": ["A", "B", "C"], "whole_household": [10, 20, 30],
         "part_of_household": [8, 8, 8], "no_household": [0, 0, 0]}
    )  # fmt: skip
    told = visits.with_columns((pl.col("community") == "C").alias("is_hidden"))
    since = visits.with_columns(pl.Series("whole_household", [8, 10, 30]))
    assert set(hidden_visits(since, told, LIMIT)["community"]) == {"A", "C"}
