"""The ledger adds up, on integer frames and against the reference."""

from __future__ import annotations

from typing import Any

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from poolpipe.stages.ledger import balance, missing_tubes
from poolpipe.tables import STATES
from reference.wells import grouped
from stages import drawn
from stages.coded import coded, event
from stages.concluded import concluded, expected

CODES = coded([event("pack", 0, tube=f"T{n}", box="B1", round="" if n < 4 else "2") for n in range(7)]).codes
"""Tubes 0 to 3 are of the first round, 4 to 6 of the second."""


def pools(*tubes: tuple[int, str | None, int | None, int | None]) -> pl.DataFrame:
    """Tubes as (number, state or None for an orphan, site, box)."""
    rows = [
        (tube, None if state is None else 0, STATES.index(state or "loaded"), site, box)
        for tube, state, site, box in tubes
    ]
    schema = {"tube": pl.UInt32, "mode": pl.Int8, "state": pl.Int8, "site": pl.UInt32, "box": pl.UInt32}
    return pl.DataFrame(rows, schema, orient="row")


def counted(frame: pl.DataFrame) -> dict[Any, tuple[int, ...]]:
    """Counts by round, site and box."""
    return {row[:3]: row[3:] for row in balance(frame, CODES).rows()}


def test_ledger__counts_a_tube_at_its_step_and_every_step_before():
    """It counts collected tubes that reached the step or a later one, so each number is at most the one before."""
    found = counted(
        pools((0, "collected", 1, 1), (1, "received", 1, 1), (2, "reported", 1, 1), (3, "received", 1, 1))
    )
    assert found == {(0, 1, 1): (4, 3, 3, 3, 1, 1, 0)}


def test_ledger__has_a_row_for_each_round_site_and_box():
    found = counted(
        pools((0, "packed", 1, 1), (1, "packed", 2, 1), (2, "collected", 1, None), (4, "packed", 1, 1))
    )
    assert found == {
        (0, 1, 1): (1, 1, 0, 0, 0, 0, 0), (0, 2, 1): (1, 1, 0, 0, 0, 0, 0),
        (0, 1, None): (1, 0, 0, 0, 0, 0, 0), (1, 1, 1): (1, 1, 0, 0, 0, 0, 0),
    }  # fmt: skip


def test_ledger__counts_orphans_apart_from_every_step():
    """Tubes never collected are in no step, wherever they were loaded."""
    assert counted(pools((0, None, None, 1), (1, "loaded", None, 1))) == {(0, None, 1): (1, 1, 1, 1, 1, 0, 1)}


def test_ledger__of_no_tubes_has_no_rows():
    assert balance(pools(), CODES).columns == ["round", "site", "box", *STATES, "orphans"]
    assert counted(pools()) == {}


def test_missing_tubes__are_those_that_came_so_far_and_no_further():
    """For every stage: the tubes left can be listed. Orphans are none of them."""
    frame = pools((0, "loaded", 1, 1), (1, "reported", 1, 1), (2, None, 1, 1), (3, "loaded", 2, None))
    assert missing_tubes(frame, "loaded")["tube"].to_list() == [0, 3]
    assert missing_tubes(frame, "packed").is_empty()


some = st.tuples(
    st.sampled_from([None, *STATES]), st.sampled_from([None, 0, 1]), st.sampled_from([None, 0, 1])
)


@given(tubes=st.lists(some, max_size=7))
def test_ledger__loses_nobody(tubes):
    """For every stage: what came in = what went on + what is left, and the tubes left can be listed."""
    frame = pools(*((tube, *each) for tube, each in enumerate(tubes)))
    ledger = balance(frame, CODES)
    totals = {name: int(ledger[name].sum()) for name in (*STATES, "orphans")}
    assert totals["collected"] + totals["orphans"] == len(tubes)
    for state, further in zip(STATES, (*STATES[1:], None), strict=True):
        went_on = totals[further] if further else 0
        assert totals[state] == went_on + missing_tubes(frame, state).height


@given(events=drawn.days)
def test_ledger__agrees_with_the_reference(events):
    found = concluded(events)
    rows = balance(found.pools, found.made.codes)
    codes = found.made.codes
    told = zip(
        codes.text("round", rows["round"]), codes.text("site", rows["site"]), codes.entity("box", rows["box"])[1],
        *(rows[name] for name in (*STATES, "orphans")), strict=True,
    )  # fmt: skip
    names = ("round", "site", "box", *STATES, "orphans")
    wanted = {tuple(row[name] for name in names) for row in expected(events).ledger()}
    assert set(told) == wanted
    assert rows.height == len(grouped(expected(events).ledger(), "round", "site", "box"))
