"""Beyond a cut neighbourhood: which tubes have another P(infected) than they are shown with, and which do not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from live.batches import Batches, batches, followed, unlike
from poolpipe.events import read_events
from poolpipe.live.neighbourhood import NeighbourhoodLimits
from poolpipe.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    import poolpipe
    from poolpipe.live import LiveTables

CUT = NeighbourhoodLimits(closed=-1)


def _in_batches(
    collects: list[tuple[str, str, str]], reports: list[tuple[str, str, str, int]], singles: str = ""
) -> Batches:
    """Collects (round, tube, people) come first, reports (round, tube, call) with the batch they are given; rounds are days."""
    swabs = [
        {"at": f"2022-02-{10 + int(day)} 08:00", "round": day, "tube": tube, "person_type": "PASSPORT", "person": person,
         "mode": "single" if tube in singles else "pool"}
        for day, tube, people in collects
        for person in people
    ]  # fmt: skip
    told = [
        {"at": f"2022-02-{10 + int(day)} 07:00", "round": day, "tube": tube, "call": call}
        for day, tube, call, _ in reports
    ]
    events = read_events({"collect": pl.DataFrame(swabs), "report": pl.DataFrame(told)}, Policy())
    of = {name: np.zeros(frame.height, np.int64) for name, frame in events.frames.items()}
    _, tubes = events.codes.entity("tube", events.frames["report"]["tube"])
    coming = {tube: number for _, tube, _, number in reports}
    of["report"] = np.array([coming[tube] for tube in tubes])
    of |= {"rejects": np.zeros(0, np.int64), "rejected_loads": np.zeros(0, np.int64)}
    return Batches(events, of, max(number for *_, number in reports) + 1)


def _doubtful(cut: Batches) -> Iterator[tuple[str, LiveTables, poolpipe.Day]]:
    for _, tables, day in followed(cut, CUT):
        _, tubes = tables.codes.entity("tube", pl.Series(tables.doubtful))
        yield "".join(sorted(tubes)), tables, day


def test_doubt__follows_people_from_tube_to_tube_of_a_round() -> None:
    chain = [("1", "A", "pq"), ("1", "B", "qr"), ("1", "C", "rs"), ("1", "D", "s"), ("1", "Z", "z")]
    known = [("1", tube, "negative", 0) for tube in "BCDZ"]
    ((found, tables, day),) = _doubtful(_in_batches(chain, [*known, ("1", "A", "positive", 1)]))
    assert found == "ABCD"
    assert unlike(tables, day) == []


def test_doubt__ends_at_a_tube_without_a_result() -> None:
    chain = [("1", "A", "pq"), ("1", "B", "qr"), ("1", "C", "rs"), ("1", "Z", "z")]
    ((found, tables, day),) = _doubtful(
        _in_batches(chain, [("1", "Z", "negative", 0), ("1", "A", "positive", 1)])
    )
    assert found == "AB"
    assert unlike(tables, day) == []


def test_doubt__is_carried_to_later_rounds_and_not_back() -> None:
    days = [("1", "A", "pq"), ("2", "B", "qr"), ("3", "C", "rs"), ("3", "D", "sp")]
    known = [
        ("1", "A", "negative", 0),
        ("2", "B", "positive", 1),
        ("3", "C", "negative", 0),
        ("3", "D", "negative", 0),
    ]
    ((found, tables, day),) = _doubtful(_in_batches(days, known))
    assert found == "BCD"
    assert unlike(tables, day) == []


def test_doubt__goes_back_where_a_single_of_a_later_round_answers() -> None:
    days = [("1", "A", "pq"), ("1", "B", "qr"), ("1", "C", "rt"), ("3", "D", "t"), ("2", "S", "p")]
    known = [
        ("1", "A", "positive", 0),
        *(("1", tube, "negative", 0) for tube in "BC"),
        ("3", "D", "negative", 0),
    ]
    ((found, tables, day),) = _doubtful(_in_batches(days, [*known, ("2", "S", "negative", 1)], "S"))
    assert found == "ABCDS"
    assert unlike(tables, day) == []


@pytest.mark.parametrize("closed", [-1, 3])
def test_doubt__leaves_nobody_out_of_a_city_of_two_rounds(closed: int) -> None:
    for _, tables, day in followed(batches(50004, "small"), NeighbourhoodLimits(closed=closed)):
        assert unlike(tables, day) == []
