"""Every mart of the sample town is what a naive count of the same rows gives."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from nightly.town_night import DAYS, mart, night, result, rows, unlisted
from poolpipe.nightly import read_table
from poolpipe.nightly.marts import mart_files
from poolpipe.policy import load_policy
from poolpipe.results.written import opened
from reference import nightly as naive
from reference import nightly_expected as naive_expected
from reference import nightly_people as naive_people

RULES = load_policy().decoding
OF_DAY = pytest.mark.parametrize("day", DAYS, ids=str)


def as_of():
    with opened(result()) as written:
        return datetime.fromisoformat(written.summary["as_of"])


def tubes(day):
    return naive.tubes_of(day, rows("pools"), rows("sites"))


def seen(day):
    return naive_people.covered(day, tubes(day), rows("pools"), rows("members"), rows("people"))


def counted(day, name, keys, values):
    """A mart as a dict from its key to its counts; no two rows share a key."""
    found = mart(name, day)
    told = {tuple(row[each] for each in keys): tuple(row[each] for each in values) for row in found}
    assert len(told) == len(found), f"{name}: the key {keys} does not tell rows apart"
    return told


def alike(found, wanted):
    """Compare counts, and hours up to a microsecond's rounding."""
    assert found.keys() == wanted.keys()
    for key, counts in wanted.items():
        assert found[key] == pytest.approx(counts, abs=1e-6), key


@OF_DAY
def test_throughput__is_the_tubes_of_each_point_and_hour(day):
    found = counted(day, "throughput", ("site", "point", "hour"), ("tubes", "people"))
    assert found == naive.throughput(tubes(day), rows("sites"))
    assert {row["plan_people"] for row in mart("throughput", day)} == {80.0}


@OF_DAY
def test_turnaround__is_the_quantiles_of_each_step_and_clock(day):
    keys = ("level", "kind", "span", "lab", "priority")
    values = ("tubes", "ended", "over_limit", "p50_h", "p90_h", "p95_h", "max_h")
    alike(counted(day, "turnaround", keys, values), naive.turnaround(naive.timed(tubes(day), as_of())))


@OF_DAY
def test_breaches__name_the_step_that_took_longest_beyond_the_usual(day):
    found = counted(day, "breaches", ("clock", "guilty_step", "lab", "site"), ("tubes", "people", "worst_h"))
    alike(found, naive.breaches(naive.timed(tubes(day), as_of())))


@OF_DAY
def test_losses__are_every_tube_of_the_day_once(day):
    keys = ("round", "site", "lab", "state", "outcome")
    assert counted(day, "losses", keys, ("tubes", "people")) == naive.losses(tubes(day))


@OF_DAY
def test_pool_sizes__are_people_against_capacity(day):
    values = (
        "tubes", "full_tubes", "short_tubes", "overfull_tubes", "people", "free_places", "people_too_many"
    )  # fmt: skip
    assert counted(day, "pool_sizes", ("site", "capacity"), values) == naive.pool_sizes(tubes(day))


def group_of(row):
    level = row["level"]
    value = {
        "city": None,
        "community": (row["township"], row["community"]),
        "plate": (row["lab"], row["plate"]),
    }
    return row["mode"], level, value.get(level, row.get(level))


@OF_DAY
def test_positivity__is_counted_by_every_group(day):
    found = {group_of(row): (row["tubes"], row["positive"]) for row in mart("positivity", day)}
    assert len(found) == len(mart("positivity", day))
    assert found == naive.positivity(tubes(day), rows("readings"))


@OF_DAY
def test_coverage__is_the_list_less_who_was_swabbed_within_two_days(day):
    found = {
        (
            row["round"],
            *(row[name] for name in ("township", "community", "building") if row[name] is not None),
        ): (
            row["people"],
            row["not_collected"],
        )
        for row in mart("coverage", day)
    }
    rounds, swabs = seen(day)
    assert found == naive_people.coverage(rounds, swabs, rows("people"))


@OF_DAY
def test_release__is_one_complete_round_all_negative(day):
    keys = ("round", "township", "community")
    values = ("people", "is_complete", "is_reported", "is_all_negative", "is_released")
    assert counted(day, "release", keys, values) == naive_people.release(seen(day)[1], rows("people"))


@OF_DAY
def test_home_visits__tell_whole_households_from_parts(day):
    keys, values = (
        ("round", "township", "community"),
        ("whole_household", "part_of_household", "no_household"),
    )
    assert counted(day, "home_visits", keys, values) == naive_people.home_visits(seen(day)[1], rows("people"))


@OF_DAY
def test_city_clocks__are_half_and_all_of_the_list(day):
    found = counted(day, "city_clocks", ("round",), ("people", "reported", "half_h", "all_h"))
    alike(
        {key[0]: counts for key, counts in found.items()},
        naive_people.city_clocks(seen(day)[1], rows("people")),
    )


@OF_DAY
def test_recall_steps__are_those_of_the_answering_singles(day):
    values = ("people", "tubes", "done", "in_time", "breaches", "p50_h", "p90_h", "max_h")
    found = counted(day, "recall_steps", ("level", "lab", "step"), values)
    alike(found, naive_people.recall_steps(naive_people.recalls_of(day, rows("recalls")), rows("pools")))


@OF_DAY
def test_recall_curve__counts_who_was_done_so_long_after(day):
    found = counted(day, "recall_curve", ("minutes",), ("people", "recollected", "closed"))
    wanted = naive_people.recall_curve(naive_people.recalls_of(day, rows("recalls")))
    assert {key[0]: counts for key, counts in found.items()} == wanted


@OF_DAY
def test_unexplained_pools__are_those_whose_singles_are_all_negative(day):
    found = {(row["round"], row["tube"]): row["people"] for row in mart("unexplained_pools", day)}
    assert found == naive_people.unexplained(naive_people.recalls_of(day, rows("recalls")), rows("pools"))


@OF_DAY
def test_retention_due__counts_every_kept_tube(day):
    keys = ("lab", "temperature_c", "status", "may_go_on", "is_due")
    found = {key: counts[0] for key, counts in counted(day, "retention_due", keys, ("tubes",)).items()}
    assert found == naive.retention_due(day, rows("retention"))


@OF_DAY
def test_laboratory_load__is_the_workload_by_local_hour(day):
    values = ("received", "loaded", "reported", "waiting", "capacity")
    alike(
        counted(day, "laboratory_load", ("lab", "hour"), values),
        naive.laboratory_load(day, rows("workload"), rows("labs")),
    )


@OF_DAY
def test_forecast__is_the_mean_of_the_days_and_what_waits_at_capacity(day):
    until = [each for each in DAYS if each <= day]
    loads: dict[tuple[Any, ...], int] = {}
    waiting: dict[str, tuple[int, int]] = {}
    for each in until:
        for (lab, hour), counts in naive.laboratory_load(each, rows("workload"), rows("labs")).items():
            loads[each, lab, hour] = counts[0]
            if each == day and (lab not in waiting or hour > waiting[lab][0]):
                waiting[lab] = (hour, counts[3])
    left = {lab: tubes for lab, (_, tubes) in waiting.items()}
    found = counted(day, "forecast", ("lab", "hour"), ("days", "received", "least", "most", "waiting"))
    alike(found, naive.forecast(loads, day, left, rows("labs")))


@OF_DAY
def test_scan_errors__are_the_anomalies_of_people_and_barcodes_by_site(day):
    found = {(row["code"], row["site"]): row["faults"] for row in mart("scan_errors", day)}
    assert found == naive.scan_faults(tubes(day), rows("members"), rows("anomalies"), day)


def test_false_alarms__are_those_of_the_result():
    alarms = [row for day in DAYS for row in mart("suspected_false_alarms", day)]
    assert len(alarms) == len(rows("false_alarms"))


@OF_DAY
def test_expected_positives__are_of_the_pools_of_the_day_alone(day):
    told = {row["subject"]: row for row in mart("expected_positives", day)}
    found, expected, lower, upper = naive_expected.positives(
        tubes(day), RULES.prior, RULES.sensitivity, RULES.specificity
    )
    row = told.get("positives", {"found": 0, "expected": 0.0, "lower": 0, "upper": 0, "is_outside": False})
    assert row["found"] == found
    assert row["expected"] == pytest.approx(expected, abs=0.05 + 1e-9)
    assert (row["lower"], row["upper"]) == (lower, upper)
    assert row["is_outside"] is not (lower <= found <= upper)
    answered = naive_expected.retested(tubes(day), rows("recalls"))
    assert told.get("retests", {"found": 0})["found"] == sum(bool(each) for _, each in answered.values())
    once = naive_expected.counted_once(answered)
    assert told.get("clusters", {"found": 0})["found"] == sum(len(each) > 1 for _, each in once.values())
    seats = naive_expected.findings(tubes(day), rows("pools"), rows("members"))
    assert told.get("findings", {"found": 0})["found"] == sum(seats.values())
    assert ("findings" in told) == bool(seats)


@pytest.mark.parametrize("small_cell", [0, 4])
def test_reconciliation__agrees_in_every_mart(small_cell):
    found = read_table(night(small_cell), "reconciliation")
    assert found.filter(~found["agrees"]).is_empty()
    assert set(found["date"]) >= set(DAYS)


@OF_DAY
@pytest.mark.parametrize(
    ("name", "keys", "values"),
    [
        (
            "coverage",
            ("round", "level", "township", "community", "building"),
            ("collected", "not_collected", "share"),
        ),
        (
            "positivity",
            ("mode", "level", "township", "community", "lab", "plate", "kit", "hour"),
            ("positive", "share", "lower", "upper"),
        ),
        ("scan_errors", ("code", "site", "device"), ("faults", "per_10_000")),
        (
            "home_visits",
            ("round", "township", "community"),
            ("whole_household", "part_of_household", "no_household"),
        ),
    ],
)
def test_hidden__counts_are_null_and_all_others_as_they_were(name, keys, values, day):
    whole = {tuple(row[each] for each in keys): row for row in mart(name, day)}
    shown = mart(name, day, 4)
    assert len(shown) == len(whole)
    for row in shown:
        wanted = whole[tuple(row[each] for each in keys)]
        for each in values:
            assert row[each] == (None if row["is_hidden"] else wanted[each])


def test_hidden__leaves_no_small_count_by_place():
    small = range(1, 5)
    shown = [row for day in DAYS for row in mart("coverage", day, 4)]
    assert not [row for row in shown if row["not_collected"] in small]
    by_place = [row for day in DAYS for row in mart("positivity", day, 4) if row["township"] is not None]
    assert not [row for row in by_place if row["positive"] in small]
    assert any(row["is_hidden"] for row in by_place)


CONFORMED = {
    "dim_laboratory": ("lab",),
    "dim_place": ("site", "point"),
    "dim_area": ("township", "community"),
    "dim_device": ("device", "site"),
    "dim_time": ("date", "hour"),
}


@pytest.mark.parametrize("whole", [True, False], ids=["listed", "not listed"])
@pytest.mark.parametrize(("dimension", "keys"), CONFORMED.items(), ids=CONFORMED)
def test_dimension__has_every_value_of_every_mart(dimension, keys, whole):
    out = night() if whole else unlisted()
    known = {tuple(row[key] for key in keys) for row in read_table(out, dimension).to_dicts()}
    for name, file in mart_files().items():
        if file.by_day and {*keys} <= {"date", *file.columns}:
            told = read_table(out, name).select(keys).drop_nulls().unique().rows()
            assert set(told) <= known, f"{name}: {sorted(set(told) - known)[:3]} is not in {dimension}"
        elif file.by_day and keys[0] in file.columns and keys[0] != "device":
            told = read_table(out, name).select(keys[0]).drop_nulls().unique().rows()
            assert {each for (each,) in told} <= {key[0] for key in known}, name
