"""Draw the boards of the labs: load against capacity, kept tubes, overfull boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from poolpipe.stages.workload import by_day
from poolpipe.terminal.marks import Board, below, clock, frame, plain

if TYPE_CHECKING:
    from poolpipe.results.day import Day

__all__ = ["box_board", "lab_board", "retention_board"]


def lab_board(day: Day, *, zone: str, rows: int = 20) -> Board | None:
    """Tubes received, wells loaded and results a lab and day against its capacity; the most loaded first.

    Parameters
    ----------
    day : Day
        What `poolpipe.run` returned.
    zone : str
        IANA time zone of days and hours.
    rows : int
        Days of labs listed; the others are counted.
    """
    days = by_day(day.table("workload"), zone).sort(
        "share", "received", "day", "lab", descending=[True, True, False, False], nulls_last=True
    )
    if days.is_empty():
        return None
    known = {each["lab"] for each in day.summary.get("labs", ()) if each["capacity_per_day"] is not None}
    note = "" if known else " · no capacity given 未给检测能力"
    board = frame(
        f"Labs 检测机构 · tubes a day against capacity 每日管数与检测能力{note}",
        more=max(days.height - rows, 0),
    )
    board.add_column("lab, day\n检测机构、日期", overflow="fold", min_width=14)
    for heading in ("received\n签收", "loaded\n上机", "reported\n报告", "waiting\n待出"):
        board.add_column(heading, justify="right", no_wrap=True)
    board.add_column("capacity\n能力", justify="right", no_wrap=True)
    board.add_column("busiest\n最忙", justify="right", no_wrap=True)
    for row in days.head(rows).iter_rows(named=True):
        share = row["share"]
        over = "bold red" if share and share > 1 else "default"
        told = (
            Text("-")
            if share is None
            else Text(f"{row['capacity_per_day']:,.0f}\n") + Text(f"{share:.0%}", over)
        )
        board.add_row(
            plain(row["lab"] or "(unknown 未知)") + below(f"{row['day']}"),
            *(f"{row[name]:,}" for name in ("received", "loaded", "reported", "waiting")),
            told,
            clock(row["busiest_hour"], zone)[6:],
        )
    return board


def retention_board(day: Day, *, zone: str, rows: int = 20) -> Board | None:
    """How many tubes each lab keeps, may discard, and should have discarded; None where there are none.

    Parameters
    ----------
    day : Day
        What `poolpipe.run` returned.
    zone : str
        IANA time zone of the times.
    rows : int
        Labs listed; the others are counted.
    """
    labs = day.kept_by_lab().sort(
        "overdue", "may_discard", "lab", descending=[True, True, False], nulls_last=True
    )
    if labs.is_empty():
        return None
    board = frame(
        "Keeping tubes 留样 · which tube and until when 逐管期限见 retention.parquet",
        more=max(labs.height - rows, 0),
    )
    board.add_column("lab\n检测机构", overflow="fold", min_width=14)
    for heading in ("keep\n留存", "test again\n待复检", "may go\n可弃置", "overdue\n逾期未弃"):
        board.add_column(heading, justify="right", no_wrap=True)
    board.add_column("next may go\n下一可弃置", no_wrap=True)
    for row in labs.head(rows).iter_rows(named=True):
        board.add_row(
            plain(row["lab"] or "(unknown 未知)"),
            f"{row['keep']:,}",
            Text(f"{row['again']:,}", style="yellow" if row["again"] else "dim"),
            f"{row['may_discard']:,}",
            Text(f"{row['overdue']:,}", style="bold red" if row["overdue"] else "dim"),
            "-" if row["next"] is None else clock(row["next"], zone),
        )
    return board


def box_board(day: Day, *, zone: str, rows: int = 20) -> Board | None:
    """Boxes packed with more tubes than a box takes, the fullest first; None where there are none.

    Parameters
    ----------
    day : Day
        What `poolpipe.run` returned.
    zone : str
        IANA time zone of the times.
    rows : int
        Boxes listed; the others are counted.
    """
    full = day.full_boxes()
    if full.is_empty():
        return None
    capacity = day.summary["boxes"]["capacity"]
    board = frame(
        f"Boxes of more than {capacity} tubes 超装转运箱 · {full.height:,} of {day.summary['boxes']['journeys']:,}",
        more=max(full.height - rows, 0),
    )
    board.add_column("box\n箱", overflow="fold")
    board.add_column("tubes\n管数", justify="right", no_wrap=True)
    board.add_column("people\n人数", justify="right", no_wrap=True)
    for heading in ("packed\n装箱", "picked up\n收样", "received\n签收"):
        board.add_column(heading, no_wrap=True)
    board.add_column("lab\n检测机构", overflow="fold")
    for row in full.head(rows).iter_rows(named=True):
        moments = (row["packed_at"], row["picked_up_at"], row["received_at"])
        board.add_row(
            plain(row["box"]) + below(row["round"]),
            Text(f"{row['tubes']:,}", style="yellow"),
            f"{row['people']:,}",
            *("-" if each is None else clock(each, zone) for each in moments),
            plain(row["lab"] or "-"),
        )
    return board
