"""Who is in which tube: the rules on members, mode, capacity and place, by hand and by the reference."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given

from poolpipe.errors import TableError
from poolpipe.policy import Policy
from poolpipe.stages.links import Links, link
from poolpipe.tables import MODES
from reference.cleaning import DEFAULT_POLICY
from reference.custody import tubes_of
from stages import drawn
from stages.coded import Coded, Event, coded, collect, minute, resident


def linked(events: list[Event]) -> tuple[Links, Coded]:
    made = coded(events)
    return link(made.frames["collect"], made.codes, Policy()), made


def tube(events: list[Event]) -> dict[str, Any]:
    """What is said of the first tube, its numbers written as texts."""
    found, made = linked(events)
    row = found.tubes.row(0, named=True)
    places = {
        name: found.tubes.select(made.codes.text(name, found.tubes[name])).item(0, 0)
        for name in ("site", "point")
    }
    return row | places | {"mode": MODES[row["mode"]]}


def queue(events: list[Event]) -> list[tuple[str, Any]]:
    found, made = linked(events)
    return list(
        zip(made.codes.person(found.members["person"])[1], found.members["collected_at"], strict=True)
    )


def test_members__stand_in_the_order_of_time_then_document_then_number():
    """Position is the order of time, then person_type, person."""
    events = [collect(1, "T1", 12), collect(1, "T1", 3), collect(1, "T1", "H7"), collect(0, "T1", 40)]
    assert queue(events) == [
        (resident(40), minute(0)), ("H7", minute(1)), (resident(3), minute(1)), (resident(12), minute(1))
    ]  # fmt: skip


def test_member__is_a_person_once_since_the_first_time():
    """A person's time is the first; more than one time makes the tube `rescanned`."""
    events = [collect(5, "T1", 3), collect(2, "T1", 3), collect(3, "T1", 4)]
    assert queue(events) == [(resident(3), minute(2)), (resident(4), minute(3))]
    found = tube(events)
    assert (found["people"], found["first_collected"], found["last_collected"]) == (2, minute(2), minute(3))
    assert found["rescanned"]
    assert not tube(events[1:])["rescanned"]


def test_member__whose_first_scan_was_withdrawn_sits_there_since_the_next():
    """A voided event counts as if it had never come: the later scan becomes the first, and nobody was rescanned."""
    made = coded([collect(2, "T1", 3), collect(3, "T1", 4), collect(5, "T1", 3)])
    left = made.frames["collect"].filter(pl.col("at") > minute(2))
    found = link(left, made.codes, Policy())
    assert found.members["collected_at"].to_list() == [minute(3), minute(5)]
    assert found.tubes["rescanned"].to_list() == [False]


@pytest.mark.parametrize(
    ("given_capacities", "mode", "capacity"),
    [((None, None), "pool", 10), ((5, 20), "pool", 20), ((None, 5), "pool", 5), ((5, 20), "single", 1)],
)
def test_capacity__is_one_of_a_single_else_the_largest_given_else_the_policys(
    given_capacities, mode, capacity
):
    events = [collect(n, "T1", n, capacity=each, mode=mode) for n, each in enumerate(given_capacities)]
    assert tube(events)["capacity"] == capacity


def test_mode__is_that_of_the_earliest_collect():
    found = tube([collect(2, "T1", 3, mode="pool"), collect(1, "T1", 4, mode="single")])
    assert (found["mode"], found["mixed_mode"], found["capacity"]) == ("single", True, 1)


def test_mode__of_collects_at_one_moment_is_that_of_the_larger_content():
    """A tie goes to the larger content, the columns in alphabetical order as text: capacity stands before mode."""
    pool, single = collect(1, "T1", 4, mode="pool"), collect(1, "T1", 3, mode="single")
    assert tube([pool, single])["mode"] == "single"
    assert tube([pool | {"capacity": 9}, single | {"capacity": 10}])["mode"] == "pool", (
        "as text 9 is more than 10"
    )


def test_place__is_that_of_the_earliest_collect_that_has_it():
    """Site and point each; (neither) is no place, so only two given ones are `tube_at_two_points`."""
    events = [collect(1, "T1", 3), collect(2, "T1", 4, site="S2"), collect(3, "T1", 5, site="S1", point="P1")]
    found = tube(events)
    assert (found["site"], found["point"], found["several_points"]) == ("S2", "P1", True)
    assert not tube(events[:2])["several_points"]


def test_members_of__gives_members_of_some_tubes_and_their_rows():
    found, made = linked([collect(n, each, n) for n, each in enumerate(["T1", "T2", "T2", "T3"])])
    wanted = pl.Series([made.of("T3"), made.of("T2"), None, 99], dtype=pl.UInt32)
    assert found.members_of(wanted)["seat"].to_list() == [1, 2, 3]


def test_links__of_nobody_are_empty_tables_of_the_same_columns():
    empty, full = linked([])[0], linked([collect(0, "T1", 1, site="S1", point="P1")])[0]
    assert (empty.members.height, empty.tubes.height, empty.offsets.tolist()) == (0, 0, [0])
    assert empty.members.schema == full.members.schema
    assert empty.tubes.schema == full.tubes.schema


def test_link__names_a_column_that_is_missing():
    made = coded([collect(0, "T1", 1)])
    with pytest.raises(TableError, match="collect: column person is missing"):
        link(made.frames["collect"].drop("person"), made.codes, Policy())


@given(events=drawn.some(drawn.collects))
def test_link__agrees_with_the_reference(events):
    found, made = linked(events)
    expected = tubes_of(events, DEFAULT_POLICY)
    keys = list(zip(*made.codes.entity("tube", found.tubes["tube"]), strict=True))
    assert keys == list(expected)
    seats = zip(
        *made.codes.entity("tube", found.members["tube"]), found.members["collected_at"],
        *made.codes.person(found.members["person"]), strict=True,
    )  # fmt: skip
    assert list(seats) == [(*key, *member) for key in keys for member in expected[key].members]
    places = zip(*(made.codes.text(name, found.tubes[name]) for name in ("site", "point")), strict=True)
    assert list(places) == [expected[key].place() for key in keys]
    for row, key in zip(found.tubes.to_dicts(), keys, strict=True):
        one = expected[key]
        assert (MODES[row["mode"]], row["capacity"], row["people"]) == (
            one.mode,
            one.capacity,
            len(one.members),
        )
        assert row["several_points"] == (len(one.points()) > 1)
        assert row["mixed_mode"] == (len({each["mode"] for each in one.collects}) > 1)
        times = {(each["person_type"], each["person"], each["at"]) for each in one.collects}
        assert row["rescanned"] == (len(times) > len(one.members))
