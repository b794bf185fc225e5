"""One row for every tube: the rules on states and labs, by hand and against the reference."""

from __future__ import annotations

import pytest
from hypothesis import given

from stages import drawn
from stages.coded import collect, event, minute
from stages.concluded import Row, concluded, expected

STEPS = {
    "collected": [collect(0, "T1", 1)],
    "packed": [event("pack", 1, tube="T1", box="B1")],
    "picked_up": [event("pickup", 2, box="B1", giver="Li", receiver="Xu")],
    "received": [event("receive", 3, box="B1", giver="Xu", receiver="Wu", lab="L2")],
    "loaded": [event("load", 4, tube="T1", plate="P1", well="A01", lab="L1")],
    "reported": [event("report", 5, tube="T1", call="negative", lab="L3")],
}


def pools(events) -> list[Row]:
    found = concluded(events)
    return found.texts(found.pools)


@pytest.mark.parametrize("state", STEPS)
def test_state__is_how_far_the_tube_got(state):
    steps = list(STEPS)[: list(STEPS).index(state) + 1]
    (row,) = pools([each for step in steps for each in STEPS[step]])
    assert row["state"] == state


@pytest.mark.parametrize("step", ["packed", "loaded", "reported"])
def test_state__asks_for_no_step_before(step):
    """A step that is known counts, whatever scan before it is missing."""
    (row,) = pools(STEPS["collected"] + STEPS[step])
    assert row["state"] == step


def test_invalid__is_no_report():
    """Reported is a call other than invalid."""
    (row,) = pools([*STEPS["collected"], event("report", 5, tube="T1", call="invalid")])
    assert (row["state"], row["call"], row["called_at"]) == ("collected", "invalid", minute(5))


@pytest.mark.parametrize(
    ("steps", "lab"),
    [(("loaded", "packed", "received", "reported"), "L1"), (("packed", "received", "reported"), "L2"), (("reported",), "L3")],
)  # fmt: skip
def test_lab__is_that_of_the_load_else_of_the_receipt_else_of_the_report(steps, lab):
    (row,) = pools([each for step in steps for each in STEPS[step]])
    assert row["lab"] == lab


def test_orphan__has_a_row_with_nobody_no_mode_and_no_capacity():
    orphan, collected = pools([*STEPS["packed"], collect(0, "T2", 1, site="S1")])
    assert (orphan["people"], orphan["mode"], orphan["capacity"], orphan["site"]) == (0, None, None, None)
    assert (orphan["rescanned"], orphan["several_points"], orphan["set_aside"]) == (False, False, False)
    assert (collected["people"], collected["mode"], collected["box"]) == (1, "pool", None)


def test_tube__of_a_control_alone_has_no_row():
    """Tubes are those collected, sealed, packed, reported or loaded as a sample."""
    load = event("load", 1, tube="T9", plate="P1", well="G12", role="negative_control")
    assert [row["tube"] for row in pools([load, *STEPS["collected"]])] == ["T1"]


def test_tube__of_two_rounds_is_two_tubes():
    rows = pools([*STEPS["collected"], *(each | {"round": "2"} for each in STEPS["packed"])])
    assert [(row["round"], row["tube"], row["people"]) for row in rows] == [("", "T1", 1), ("2", "T1", 0)]


@given(events=drawn.days)
def test_pools__agree_with_the_reference(events):
    day = expected(events)
    rows: dict[tuple[str, ...], Row] = {(row["round"], row["tube"]): row for row in pools(events)}
    assert list(rows) == list(day.pools), "one row for every tube, in the order of round and code"
    for key, row in day.pools.items():
        assert {name: rows[key][name] for name in row if name != "called_by"} == {
            name: value for name, value in row.items() if name != "called_by"
        }
