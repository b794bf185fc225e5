"""All boards of a day, in the order in which they are read.

Every board is a pure function from tables to a `Board`, a `rich` table that escapes control characters. Identity
numbers, names and telephone numbers are masked unless `show_ids` is set.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolpipe.terminal.campaign import campaign_board, moment_of_day
from poolpipe.terminal.changes import difference_boards
from poolpipe.terminal.clusters import cluster_board
from poolpipe.terminal.coverage import coverage_board
from poolpipe.terminal.false_alarms import false_alarm_board
from poolpipe.terminal.files import asked_board, machine_board, unused_board
from poolpipe.terminal.labs import box_board, lab_board, retention_board
from poolpipe.terminal.marks import WIDTH, Board
from poolpipe.terminal.people import recall_board
from poolpipe.terminal.troubles import anomaly_board, reject_board
from poolpipe.terminal.truth import truth_board
from poolpipe.terminal.tubes import ledger_board, missing_board

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl

    from poolpipe.results.day import Day

__all__ = [
    "WIDTH",
    "Board",
    "anomaly_board",
    "asked_board",
    "box_board",
    "campaign_board",
    "cluster_board",
    "coverage_board",
    "day_boards",
    "difference_boards",
    "false_alarm_board",
    "lab_board",
    "ledger_board",
    "machine_board",
    "missing_board",
    "recall_board",
    "reject_board",
    "retention_board",
    "truth_board",
    "unused_board",
]


def day_boards(
    day: Day, *, zone: str, people: pl.DataFrame | None = None, show_ids: bool = False, rows: int = 20
) -> Iterator[Board]:
    """All boards of a day, in the order in which they are read.

    Parameters
    ----------
    day : Day
        As `poolpipe.run` returns it.
    zone : str
        IANA time zone the times are shown in.
    people : polars.DataFrame, optional
        The people table; with it the recall board names community and building.
    show_ids : bool
        Show identity numbers in full.
    rows : int
        Longest list on a board; what is left out is counted.
    """
    as_of = moment_of_day(day)
    yield campaign_board(day, zone=zone)
    yield recall_board(
        day.recalls,
        as_of=as_of,
        zone=zone,
        people=people,
        show_ids=show_ids,
        rows=rows,
        sampled=day.sampled() > 0,
    )
    if "clusters" in day.names() and day.clusters.height:
        yield cluster_board(day.clusters, zone=zone, show_ids=show_ids, rows=rows)
    yield ledger_board(day.ledger, rows=rows)
    yield missing_board(day.unreported(), as_of=as_of, zone=zone, show_ids=show_ids, rows=rows)
    for board in (
        coverage_board(day, zone=zone, rows=rows),
        lab_board(day, zone=zone, rows=rows),
        box_board(day, zone=zone, rows=rows),
        retention_board(day, zone=zone, rows=rows),
    ):
        if board is not None:
            yield board
    if "false_alarms" in day.names() and day.false_alarms.height:
        yield false_alarm_board(day.false_alarms, show_ids=show_ids, rows=rows)
    yield anomaly_board(day.anomalies, show_ids=show_ids)
    if day.rejects.height:
        yield reject_board(day.rejects, show_ids=show_ids)
    for board in (machine_board(day, rows=rows), unused_board(day, rows=rows), asked_board(day, rows=rows)):
        if board is not None:
            yield board
