"""The table `clusters` of a run: worked through by hand."""

from __future__ import annotations

import io
import random

import polars as pl
import pytest
from rich.console import Console

import poolpipe
from poolpipe.pages.clusters import growing_clusters
from poolpipe.pages.source import source_of_day
from poolpipe.simulate import TROUBLES, Spread, simulate
from poolpipe.terminal.clusters import cluster_board


def _collect(at, tube, person, site="S1", mode="single"):
    return {
        "at": f"2022-04-{at}",
        "tube": tube,
        "person_type": "PASSPORT",
        "person": person,
        "site": site,
        "point": "1",
        "mode": mode,
    }


COLLECTS = [
    _collect("04 08:00", "A", "E0"),  # a household on two sites: one cluster with its neighbour in time at S2
    _collect("07 08:00", "B", "E1", "S2"),
    _collect("09 08:00", "C", "E2", "S2"),
    _collect("20 08:00", "D", "E3", "S2"),  # eleven days later: alone
    _collect("20 08:00", "E", "E4", "S3"),  # a pool and a person at S3
    *(_collect(f"20 08:1{number}", "F", f"E1{number}", "S3", "pool") for number in range(4)),
    _collect("20 09:00", "G", "E5", "S4"),  # negative
]
REPORTS = [
    {"at": "2022-04-20 15:00", "tube": tube, "call": "negative" if tube == "G" else "positive"}
    for tube in "ABCDEFG"
]
NEXT_DAY = "2022-04-11T12:00:00+08:00"
HOMES = pl.DataFrame(
    {"person_type": "PASSPORT", "person": ["E0", "E1", "E2"], "household": ["H1", "H1", "H2"]}
)


def _run(collects=COLLECTS, reports=REPORTS, **options):
    return poolpipe.run(
        {"collect": pl.DataFrame(collects), "report": pl.DataFrame(reports)},
        people=HOMES,
        as_of="2022-04-20 18:00",
        **options,
    )


def test_clusters__are_households_and_sites_in_time():
    told = (
        _run()
        .clusters.select("tube", "size", "pools", "households", "growth", "sites", "places", "ask_first")
        .rows()
    )
    assert told == [
        ("A", 3, 0, 2, 0, 2, "S2/1 (2); S1/1 (1)", "PASSPORT:E0; PASSPORT:E1; PASSPORT:E2"),
        (
            "E", 2, 1, 0, 2, 1, "S3/1 (2)",
            "PASSPORT:E4; PASSPORT:E10; PASSPORT:E11; PASSPORT:E12; PASSPORT:E13",
        ),
    ]  # fmt: skip


def test_clusters__do_not_depend_on_the_order_of_events():
    first = _run().clusters
    for seed in range(3):
        collects, reports = COLLECTS * 2, REPORTS * 2
        random.Random(seed).shuffle(collects)
        random.Random(seed + 9).shuffle(reports)
        assert _run(collects, reports).clusters.equals(first)


def test_policy__says_what_hangs_together():
    wide = {"clusters": {"days": 15}}
    assert _run(policy=wide).clusters["size"].to_list() == [4, 2]
    few = {"clusters": {"least": 3, "ask": 1}}
    assert _run(policy=few).clusters.select("size", "ask_first").rows() == [(3, "PASSPORT:E0")]


def test_pool_with_a_known_positive__is_that_person():
    single = _collect("20 16:00", "R", "E12", "S9")
    said = {"at": "2022-04-20 17:00", "tube": "R", "call": "positive"}
    last = _run([*COLLECTS, single], [*REPORTS, said]).clusters.row(1, named=True)
    assert (last["size"], last["pools"], last["ask_first"]) == (2, 0, "PASSPORT:E4; PASSPORT:E12")


def test_day_without_positives__has_no_cluster():
    negative = [{**report, "call": "negative"} for report in REPORTS]
    assert _run(reports=negative).clusters.is_empty()


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("city")
    calm = dict.fromkeys(TROUBLES, 0.0)
    spread = Spread(queue=0.3)
    simulate(folder, people=8_000, seed=6, preset="ruijin", rounds=3, spread=spread, troubles=calm)
    known = {name: folder / "reference" / f"{name}.parquet" for name in ("people", "sites")}
    return folder, poolpipe.run(folder / "events", **known, out=folder / "result")


def test_city__has_clusters_with_an_interval(city):
    folder, day = city
    clusters = day.clusters
    assert clusters.height > 1
    assert (clusters["size"] >= clusters["growth"]).all()
    growing = clusters.filter(pl.col("growth") > 0)
    assert growing["p"].is_between(0, 1).all()
    assert (growing["recurrence_days"] * growing["p"]).round(9).to_list() == [1.0] * growing.height
    assert clusters.filter(pl.col("growth") == 0)["p"].is_null().all()
    assert poolpipe.Day.read(folder / "result").clusters.equals(clusters)


@pytest.fixture(scope="module")
def usual(city):
    """The clusters of the city a day later, under the usual policy."""
    _, day = city
    return day.view(as_of=NEXT_DAY).clusters


@pytest.mark.parametrize("changed", [{"scan_days": 1}, {"scan_sites": 1}, {"orders": 19}], ids=str)
def test_policy__says_how_far_the_scan_looks(city, usual, changed):
    _, day = city
    other = day.view(as_of=NEXT_DAY, policy={"clusters": changed}).clusters
    assert other.drop("p", "recurrence_days").equals(usual.drop("p", "recurrence_days"))
    assert not other["p"].equals(usual["p"])


def test_board_and_page__show_clusters_with_masked_people(city):
    _, day = city
    first = day.clusters.sort("growth", "size", descending=True).row(0, named=True)
    person = first["ask_first"].split("; ")[0].removeprefix("RIC:")
    for show_ids in (False, True):
        console = Console(width=140, record=True, file=io.StringIO())
        console.print(cluster_board(day.clusters, zone="Asia/Shanghai", show_ids=show_ids))
        shown, everybody = growing_clusters(
            source_of_day(day), zone="Asia/Shanghai", show_ids=show_ids, most=2
        )
        told = console.export_text() + str(shown)
        assert (person in told) == show_ids
        assert everybody == day.clusters.height
        assert shown[0].size == first["size"]
