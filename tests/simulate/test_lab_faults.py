"""False positives that a simulated laboratory makes: where they lie, how many there are, and that a run finds them."""

from __future__ import annotations

import polars as pl
import pytest

import poolpipe
from poolpipe.simulate import TROUBLES, LabFaults, simulate

CALM = dict.fromkeys(TROUBLES, 0.0)


def city(folder, faults):
    """A small city without other troubles: its day, and the tubes that its laboratories made positive, by fault."""
    simulate(folder, people=20_000, seed=11, preset="town", rounds=1, troubles=CALM, faults=faults)
    day = poolpipe.run(str(folder / "events"), readings="all")
    truth = pl.read_parquet(folder / "truth" / "troubles.parquet")
    return day, {fault: truth.filter(trouble=fault)["subject"] for fault in ("splash", "bad_lot")}


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return city(tmp_path_factory.mktemp("plain"), None)


def wells(day):
    """Each tube's plate, row, column, lot and smallest Ct."""
    ct = (
        day.readings.filter(pl.col("target") != "IC")
        .group_by("plate", "well")
        .agg(pl.col("ct").min(), pl.col("reagent").first())
    )
    return day.pools.join(ct, on=["plate", "well"]).with_columns(
        pl.col("well").str.head(1).replace_strict(dict(zip("ABCDEFGH", range(8), strict=True))).alias("row"),
        pl.col("well").str.slice(1).cast(pl.Int64).alias("column"),
    )


def test_splash__lies_beside_strong_wells_and_nowhere_else(plain, tmp_path):
    day, planted = city(tmp_path, LabFaults(splash=1.0))
    splashed = planted["splash"]
    assert len(splashed) > 5
    found = wells(day)
    strong = found.filter((pl.col("ct") < 20.0) & ~pl.col("tube").is_in(splashed.implode()))
    near = (
        found.join(strong, on="plate", suffix="_strong")
        .filter(
            (pl.col("row") - pl.col("row_strong")).abs() <= 1,
            (pl.col("column") - pl.col("column_strong")).abs() <= 1,
        )
        .filter(pl.col("tube") != pl.col("tube_strong"))
    )
    assert set(splashed) <= set(near["tube"])
    weak = near.filter(pl.col("tube").is_in(splashed.implode()))
    assert (weak.group_by("tube").agg((pl.col("ct") - pl.col("ct_strong")).max())["ct"] > 13.0).all()
    before, after = (
        dict(each.pools.filter(pl.col("plate").is_not_null()).select("tube", "call").iter_rows())
        for each in (plain[0], day)
    )
    assert {tube for tube, call in before.items() if after[tube] != call} == set(splashed)


def test_bad_lot__makes_its_own_wells_positive_and_no_other(tmp_path):
    day, planted = city(tmp_path, LabFaults(bad_lot=0.1, lots=3))
    false = planted["bad_lot"]
    found = wells(day)
    lots = (
        found.group_by("reagent")
        .agg(pl.len(), pl.col("tube").is_in(false.implode()).sum().alias("false"))
        .sort("reagent")
    )
    lots = lots.drop_nulls()
    assert lots["reagent"].to_list() == ["模拟试剂 2022-0401", "模拟试剂 2022-0402", "模拟试剂 2022-0403"]
    assert lots["false"][0] == lots["false"][2] == 0
    assert 0.05 < lots["false"][1] / lots["len"][1] < 0.15
    alarm = day.false_alarms.filter(subject_kind="lot")
    assert alarm["subject"].to_list() == ["模拟试剂 2022-0402"]
    assert set(false) & set(alarm["repeat"][0].split(" "))


def test_city_without_faults__is_as_it_was(plain):
    day, planted = plain
    assert not any(len(tubes) for tubes in planted.values())
    assert day.false_alarms.filter(subject_kind="lot").is_empty()
    assert day.readings["reagent"].unique().to_list() == ["模拟试剂 2022-04"]
