"""A city without troubles is what the plan says: everybody once, pools filled, boxes carried, plates controlled."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolpipe.errors import InputError, PolicyError
from poolpipe.simulate import PRESETS, TROUBLES, simulate
from poolpipe.simulate.city import _shares
from poolpipe.simulate.queues import _share_out
from simulate.conftest import make


def _journeys(city, keys):
    """Each pool with the scans of its way, joined on the labels."""
    tubes = (
        city.events("collect")
        .group_by(*keys, "tube")
        .agg(people=pl.col("person").n_unique(), first=pl.col("at").min(), last=pl.col("at").max())
    )
    steps = {
        "packed": city.events("pack").select(*keys, "tube", "box", packed="at"),
        "picked": city.events("pickup").select(*keys, "box", picked="at"),
        "received": city.events("receive").select(*keys, "box", "tubes", received="at"),
        "loaded": city.events("load").drop_nulls("tube").select(*keys, "tube", "plate", "well", loaded="at"),
        "read": city.events("read").group_by(*keys, "plate").agg(read=pl.col("at").max()),
    }
    for step, on in zip(steps.values(), ("tube", "box", "box", "tube", "plate"), strict=True):
        tubes = tubes.join(step, on=[*keys, on], how="left")
    return tubes


def test_people__are_collected_once_a_round_but_for_double_samples_and_those_at_home(town):
    collected = town.events("collect").group_by("round", "person").len()
    people = town.reference("people")
    assert set(collected["person"]) == set(people["person"])
    first, second = collected.partition_by("round", maintain_order=False)
    if first["round"][0] > second["round"][0]:
        first, second = second, first
    assert first.height == people.height
    twice = first.filter(pl.col("len") > 1).join(people, on="person")
    assert twice.height > 0
    assert set(twice["batch"]) == {1}
    at_home = set(first["person"]) - set(second["person"])
    recalled = town.events("emergency", "collect").filter(pl.col("round") == first["round"][0])["person"]
    assert set(recalled) <= at_home


def test_lean_city__has_exactly_its_people_and_tubes(lean):
    collected = lean.events("collect")
    assert collected.columns == ["at", "tube", "person", "site", "point", "capacity"]
    assert collected["at"].dtype == pl.Datetime("us", "UTC")
    assert collected["person"].n_unique() == collected.height == 256_650
    assert collected["tube"].n_unique() == 24_270


def test_shanghai__is_the_day_of_4_april_2022():
    shanghai = PRESETS["shanghai"]
    assert shanghai.people == 25_665_000
    assert shanghai.people is not None
    assert shanghai.tubes_per_person is not None
    assert round(shanghai.people * shanghai.tubes_per_person) == 2_427_000
    assert shanghai.infected == 13_354


def test_pools__are_never_overfull_and_short_only_at_the_end_of_a_queue(lean):
    tubes = (
        lean.events("collect")
        .group_by("site", "point", "tube")
        .agg(people=pl.len(), capacity=pl.col("capacity").max(), last=pl.col("at").max())
    )
    assert set(tubes["capacity"]) == {10, 20}
    assert (tubes["people"] <= tubes["capacity"]).all()
    short = tubes.filter(pl.col("people") < pl.col("capacity"))
    ends = tubes.group_by("site", "point").agg(end=pl.col("last").max())
    assert short.group_by("site", "point").len()["len"].max() == 1
    assert (short.join(ends, on=["site", "point"]).select(pl.col("last") == pl.col("end"))).to_series().all()


def test_single_batches__have_a_tube_of_their_own(town):
    people = town.reference("people").select("person", "batch")
    collected = town.events("collect").join(people, on="person")
    assert (collected["mode"] == "single").eq(collected["batch"] <= 2).all()
    singles = collected.filter(pl.col("mode") == "single")
    assert singles.select("round", "tube").is_unique().all()
    assert (singles["capacity"] == 1).all()


def test_points__take_no_more_than_eighty_people_an_hour(lean):
    gaps = (
        lean.events("collect")
        .sort("site", "point", "at")
        .group_by("site", "point")
        .agg(people=pl.len(), seconds=(pl.col("at").max() - pl.col("at").min()).dt.total_seconds())
    )
    # 40 an hour for each of two samplers; the first and the last person's 45 seconds are not inside.
    assert (gaps["people"] - 2 <= gaps["seconds"] / 45 + 1).all()


def test_households__stand_together(lean):
    seats = lean.events("collect").join(lean.reference("people").select("person", "household"), on="person")
    sites = seats.group_by("household").agg(pl.col("site").n_unique(), pl.col("tube").n_unique(), pl.len())
    # A household is parted by the edge of a site or a tube only.
    assert sites["site"].mean() < 1.01
    assert (sites["tube"] <= 2).mean() > 0.999


@pytest.mark.parametrize("name", ["town", "lean"])
def test_journeys__are_in_order_and_break_no_clock(name, request):
    city = request.getfixturevalue(name)
    tubes = _journeys(city, ["round"] if name == "town" else [])
    assert tubes.null_count().sum_horizontal().item() == 0
    order = ["first", "last", "packed", "picked", "received", "loaded", "read"]
    for before, after in itertools.pairwise(order):
        assert (tubes[before] <= tubes[after]).all(), f"{before} after {after}"
    hours = {
        "pickup": (tubes["picked"] - tubes["last"], 2),
        "room temperature": (tubes["received"] - tubes["first"], 4),
        "result": (tubes["read"] - tubes["received"], 6),
    }
    for clock, (took, limit) in hours.items():
        assert took.max().total_seconds() <= limit * 3600, clock


def test_boxes__hold_about_thirty_tubes_and_are_counted_right(lean):
    packed = lean.events("pack").group_by("box").agg(packed=pl.len())
    boxes = packed.join(lean.events("receive"), on="box", how="full", validate="1:1", coalesce=True)
    assert (boxes["packed"] == boxes["tubes"]).all()
    pools = boxes.filter(pl.col("box").str.starts_with("B"))
    assert 25 < pools["packed"].mean() < 35
    assert pools["packed"].max() < 60


@pytest.mark.parametrize(("name", "samples"), [("town", 46), ("lean", 94)])
def test_plates__have_two_controls_and_one_tube_to_a_well(name, samples, request):
    city = request.getfixturevalue(name)
    keys = ["round", "plate"] if name == "town" else ["plate"]
    loads = city.events("load")
    assert loads.select(*keys, "well").is_unique().all()
    roles = loads.group_by(*keys).agg(
        negative=(pl.col("role") == "negative_control").sum(),
        positive=(pl.col("role") == "positive_control").sum(),
        samples=(pl.col("role") == "sample").sum(),
    )
    assert (roles["negative"] == 1).all()
    assert (roles["positive"] == 1).all()
    assert roles["samples"].max() == samples
    reads = city.events("read").group_by(*keys, "well").agg(pl.col("target").sort())
    assert reads.height == loads.height
    assert reads["target"].map_elements(list, return_dtype=pl.Object).to_list() == [
        ["IC", "N", "ORF1ab"]
    ] * len(reads)


def test_recalls__everybody_of_a_positive_pool_is_answered_within_six_hours(lean):
    wells = lean.events("load").drop_nulls("tube").select("tube", "plate", "well")
    reads = lean.events("read").join(wells, on=["plate", "well"])
    signs = reads.filter(pl.col("target") != "IC", pl.col("ct") <= 40)
    opened = signs.group_by("tube").agg(opened=pl.col("at").min())
    members = lean.events("collect").join(opened, on="tube").select("tube", "person", "opened")
    singles = lean.events("emergency", "collect").select("person", single="tube", tube="recall_of")
    answers = members.join(singles, on=["tube", "person"], how="full", coalesce=True, validate="1:1")
    assert answers.height > 100
    assert answers.null_count().sum_horizontal().item() == 0
    reports = lean.events("report").select("at", "call", single="tube")
    closed = answers.join(reports, on="single", how="left", validate="1:1")
    took = closed.select((pl.col("at") - pl.col("opened")).dt.total_seconds()).to_series()
    assert 0 < took.min() <= took.max() <= 6 * 3600
    infected = set(lean.truth("infected")["person"])
    positive = set(closed.filter(pl.col("call") == "positive")["person"])
    assert positive == infected & set(closed["person"])


@given(st.integers(0, 10**7), st.lists(st.floats(0.1, 10.0), min_size=1, max_size=50))
def test_shares__sum_to_the_total(total, weights):
    shares = _shares(total, np.array(weights))
    assert shares.sum() == total
    assert shares.min() >= 0


@given(st.lists(st.integers(1, 400), min_size=1, max_size=30), st.floats(0.0, 1.0))
@settings(max_examples=100)
def test_tubes__are_shared_out_exactly_within_what_the_queues_allow(people, fullness):
    people = np.array(people)
    least, most = -(-people // 20), -(-people // 10)
    tubes = int(least.sum() + round(fullness * int((most - least).sum())))
    count = _share_out(tubes, people)
    assert count.sum() == tubes
    assert ((least <= count) & (count <= most)).all()


def test_options__out_of_range_are_refused(tmp_path):
    with pytest.raises(PolicyError, match=r"unknown preset 'beijing'.*give one of town"):
        simulate(tmp_path / "city", preset="beijing")
    with pytest.raises(PolicyError, match=r"a city of 12 people .*; give at least 100 and at most 100000000"):
        simulate(tmp_path / "city", people=12)
    with pytest.raises(PolicyError, match=r"unknown trouble 'plague'"):
        simulate(tmp_path / "city", troubles={"plague": 0.1})
    with pytest.raises(PolicyError, match=r"rescanned=1.5 is no share"):
        simulate(tmp_path / "city", troubles={"rescanned": 1.5})
    with pytest.raises(PolicyError, match=r"0 rounds .*; give 1 to 30"):
        simulate(tmp_path / "city", rounds=0)
    with pytest.raises(InputError, match=r"unknown format 'xlsx'"):
        simulate(tmp_path / "city", format="xlsx")
    with pytest.raises(InputError, match=r"0 pieces"):
        simulate(tmp_path / "city", pieces=0)
    assert not (tmp_path / "city").exists()


def test_trouble_rates__make_more_of_one_and_leave_the_city_as_it_was(tmp_path, calm):
    quiet = make(tmp_path / "quiet", people=20_000, seed=9, preset="shanghai", troubles=calm)
    busy = make(
        tmp_path / "busy", people=20_000, seed=9, preset="shanghai", troubles={**calm, "rescanned": 0.2}
    )
    planted = busy.truth("troubles").filter(pl.col("trouble") == "rescanned", pl.col("code") == "rescanned")
    pools = quiet.events("collect")["tube"].n_unique()
    # Binomial around a fifth of the pools without an infected person, five standard deviations wide.
    assert abs(planted.height - 0.2 * pools) < 0.02 * pools + 5 * np.sqrt(0.16 * pools)
    before, after = quiet.events("collect"), busy.events("collect")
    assert after.height == before.height + planted.height
    assert before.join(after, on=before.columns, how="anti").height == 0
    for stream in ("pack", "pickup", "receive", "load", "read"):
        assert quiet.events(stream).equals(busy.events(stream)), stream


def test_rates__name_every_trouble_of_a_real_campaign():
    assert all(0 < rate < 0.01 for rate in TROUBLES.values())
    assert len(TROUBLES) >= 45
