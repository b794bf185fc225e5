"""The clocks of the rules on integer frames by hand and against the reference."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolpipe.policy import Policy
from poolpipe.stages.clocks import read_clocks
from poolpipe.tables import CALLS, TIME
from reference.anomalies import anomalies_of
from stages import drawn
from stages.coded import START, minute
from stages.concluded import concluded, expected

MOMENTS = (
    "first_collected", "last_collected", "picked_up_at", "received_at", "first_loaded", "loaded_at", "called_at",
)  # fmt: skip
CLOCKS = ("room_temperature", "cold_store", "result", "pickup")
SWAB = {"first_collected": 0.0, "last_collected": 0.0}


def hours(spent: float) -> timedelta:
    return timedelta(hours=spent)


def tubes(*rows: dict[str, Any]) -> pl.DataFrame:
    """Tubes with their moments in hours; a collected pool at site 1 unless said otherwise."""
    told = [
        {"tube": tube, "mode": 0, "site": 1, "call": None} | dict.fromkeys(MOMENTS) | SWAB | row
        for tube, row in enumerate(rows)
    ]
    told = [
        row | {name: None if row[name] is None else START + hours(row[name]) for name in MOMENTS}
        for row in told
    ]
    kinds = {"tube": pl.UInt32, "mode": pl.Int8, "site": pl.UInt32, "call": pl.Int8}
    return pl.DataFrame(told, kinds | dict.fromkeys(MOMENTS, TIME))


def over(row: dict[str, Any], as_of: float, priority: tuple[int, ...] = ()) -> dict[str, timedelta]:
    """The clocks of one tube that are over their limit."""
    rows = read_clocks(tubes(row), Policy(), START + hours(as_of), priority).to_dicts()
    return {name: each[name] for each in rows for name in CLOCKS if each[name] is not None}


def result(at: float, call: str = "negative") -> dict[str, Any]:
    return {"call": CALLS.index(call), "called_at": at}


EARLY = {"picked_up_at": 1.0, "received_at": 2.0, "first_loaded": 3.0, "loaded_at": 3.0}
"""In time for everything but the result."""


@pytest.mark.parametrize(
    ("clock", "limit", "row"),
    [
        ("pickup", 2, {**EARLY, **result(3), "picked_up_at": 2.0}),
        ("room_temperature", 4, {**EARLY, **result(6), "received_at": 4.0, "site": None}),
        ("cold_store", 24, {"site": None, "received_at": 3.0, "first_loaded": 24.0, **result(5)}),
        ("result", 12, {**EARLY, **result(14)}),
    ],
)
def test_limit__is_still_kept_at_its_end(clock, limit, row):
    """Over 2, 4, 24 and 12 hours; exactly so long is in time."""
    assert over(row, 90) == {}
    end = {
        "pickup": "picked_up_at",
        "room_temperature": "received_at",
        "cold_store": "first_loaded",
        "result": "called_at",
    }
    late = row | {end[clock]: row[end[clock]] + 0.5}
    assert over(late, 90) == {clock: hours(limit + 0.5)}


@pytest.mark.parametrize(("priority", "found"), [((), {}), ((2,), {}), ((1, 2), {"result": hours(6.5)})])
def test_result__of_a_priority_site_is_due_in_six_hours(priority, found):
    assert over({**EARLY, **result(8.5)}, 90, priority) == found


def test_result__is_never_beyond_24_hours_from_the_first_swab():
    """The time since receipt is told where it is over its limit, else the time since the first swab."""
    slow = {"picked_up_at": 1.0, "received_at": 13.0, "first_loaded": 14.0, "loaded_at": 14.0}
    assert over({**slow, **result(24)}, 90).keys() == {"room_temperature"}
    assert over({**slow, **result(24.5)}, 90)["result"] == hours(24.5)
    assert over({**slow, **result(25.5)}, 90)["result"] == hours(12.5)


def test_result__is_no_invalid_call():
    """Invalid is no result: the clock runs on; the other clocks it does end."""
    assert over({**EARLY, **result(3, "invalid")}, 20) == {"result": hours(18)}
    assert over({"site": None, **result(3, "invalid")}, 12) == {}


def test_clock__runs_on_to_the_moment_of_the_view():
    assert over({}, 1.5) == {}
    assert over({}, 5) == {"pickup": hours(5), "room_temperature": hours(5)}
    assert over({}, 25) == dict.fromkeys(CLOCKS, hours(25))


def test_clock__without_its_end_ends_at_the_first_later_step_that_is_known():
    """A missing receive scan of a reported tube is not a breach by itself."""
    assert over({"loaded_at": 1.5, "first_loaded": 1.5, **result(9)}, 90) == {}
    assert over({**result(1.5)}, 90) == {}
    assert over({"picked_up_at": 1.0, "loaded_at": 5.0, "first_loaded": 5.0, **result(9)}, 90) == {
        "room_temperature": hours(5)
    }


def test_pickup__counts_from_the_last_swab_and_needs_a_site():
    """A tube of the site waited over 2 h from last_collected; the first swab is the other clocks' beginning."""
    late = {"last_collected": 1.0, "picked_up_at": 3.5, "received_at": 3.9, **result(4)}
    assert over(late, 90) == {"pickup": hours(2.5)}
    assert over(late | {"site": None}, 90) == {}


def test_clocks__apply_to_collected_tubes_and_leave_out_those_in_time():
    rows = ({"mode": None, "received_at": 1.0}, {**EARLY, **result(4)}, {"site": 7})
    found = read_clocks(tubes(*rows), Policy(), START + hours(30), ())
    assert found.select("tube", "site", "last_collected").rows() == [(2, 7, minute(0))]


@given(events=drawn.days, stretch=st.sampled_from([60, 120, 180]), as_of=st.integers(0, 12))
def test_clocks__are_over_where_the_reference_finds_an_anomaly(events, stretch, as_of):
    """Moments are whole hours, so that many a tube stands exactly at a limit."""
    events = [each | {"at": START + (each["at"] - START) * stretch} for each in events]
    events = [each for each in events if each["at"] <= minute(as_of * stretch)]
    found = concluded(events)
    sites = found.made.codes.texts["site"].to_list()
    priority = [sites.index("S1")] if "S1" in sites else []
    read = read_clocks(found.pools, Policy(), minute(as_of * stretch), priority)
    rows = found.texts(read)
    told = {
        (f"clock_{clock}", row["round"], row["site"] if clock == "pickup" else row["tube"])
        for row in rows
        for clock in CLOCKS
        if row[clock] is not None
    }
    day = expected(events, minute(as_of * stretch))
    wanted = {
        (row["code"], row["round"], row["subject"])
        for row in anomalies_of(day, {"S1"})
        if row["code"] in {f"clock_{clock}" for clock in CLOCKS}
    }
    assert told == wanted
