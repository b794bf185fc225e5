"""Draw the boards of the labs: load against capacity, kept tubes, overfull boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from poolpipe.languages import both, language
from poolpipe.stages.workload import by_day
from poolpipe.terminal.marks import MOMENT, NAME, NUMBER, Board, below, clock, listing, plain
from poolpipe.words import RETENTION_WORDS

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import RenderableType

    from poolpipe.results.day import Day

__all__ = ["box_board", "lab_board", "retention_board"]

_LAB: Final = {**NAME, "min_width": 14}


def lab_board(day: Day, *, zone: str, rows: int = 20) -> Board | None:
    """Draw tubes received, wells loaded and results per lab and day against its capacity; the most loaded first.

    Parameters
    ----------
    day : Day
        As `poolpipe.run` returns it.
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
    note = "" if known else f" · {both('no capacity given', '未给检测能力')}"
    numbers = (
        "received\n签收",
        "loaded\n上机",
        "reported\n报告",
        "waiting\n待出",
        "capacity\n能力",
        "busiest\n最忙",
    )
    return listing(
        f"{both('Labs', '检测机构')} · {both('tubes a day against capacity', '每日管数与检测能力')}{note}",
        {"lab, day\n检测机构、日期": _LAB, **dict.fromkeys(numbers, NUMBER)},
        (_lab_day(row, zone) for row in days.head(rows).iter_rows(named=True)),
        more=max(days.height - rows, 0),
    )


def _lab_day(row: dict[str, Any], zone: str) -> list[RenderableType]:
    share = row["share"]
    over = "bold red" if share and share > 1 else "default"
    told = Text("-")
    if share is not None:
        told = Text(f"{row['capacity_per_day']:,.0f}\n") + Text(f"{share:.0%}", over)
    return [
        plain(row["lab"] or _unknown()) + below(f"{row['day']}"),
        *(f"{row[name]:,}" for name in ("received", "loaded", "reported", "waiting")),
        told,
        clock(row["busiest_hour"], zone)[6:],
    ]


def retention_board(day: Day, *, zone: str, rows: int = 20) -> Board | None:
    """Draw how many tubes each lab keeps, may discard, and should have discarded; None where there are none.

    Parameters
    ----------
    day : Day
        As `poolpipe.run` returns it.
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
    numbers = (_kept_as("keep"), "test again\n待重检", _kept_as("may_discard"), _kept_as("overdue"))
    return listing(
        f"{both('Keeping tubes', '留样')} · {both('which tube and until when', '逐管期限见')} retention.parquet",
        {"lab\n检测机构": _LAB, **dict.fromkeys(numbers, NUMBER), "next may go\n下一可弃置": MOMENT},
        (_kept(row, zone) for row in labs.head(rows).iter_rows(named=True)),
        more=max(labs.height - rows, 0),
    )


def _kept(row: dict[str, Any], zone: str) -> list[RenderableType]:
    return [
        plain(row["lab"] or _unknown()),
        f"{row['keep']:,}",
        Text(f"{row['again']:,}", style="yellow" if row["again"] else "dim"),
        f"{row['may_discard']:,}",
        Text(f"{row['overdue']:,}", style="bold red" if row["overdue"] else "dim"),
        _clock(row["next"], zone),
    ]


def box_board(day: Day, *, zone: str, rows: int = 20) -> Board | None:
    """Draw boxes with more tubes than their capacity, the fullest first; None where there are none.

    Parameters
    ----------
    day : Day
        As `poolpipe.run` returns it.
    zone : str
        IANA time zone of the times.
    rows : int
        Boxes listed; the others are counted.
    """
    full = day.full_boxes()
    if full.is_empty():
        return None
    capacity = day.summary["boxes"]["capacity"]
    moments = ("packed\n装箱", "picked up\n转运", "received\n签收")
    return listing(
        f"{both(f'Boxes of more than {capacity} tubes', '超装转运箱' if language() == 'both' else f'装管超过 {capacity} 支的转运箱')} · "
        f"{full.height:,}{' / ' if language() == 'zh' else ' of '}{day.summary['boxes']['journeys']:,}",
        {
            "box\n箱": NAME,
            **dict.fromkeys(("tubes\n管数", "people\n人数"), NUMBER),
            **{heading: {**MOMENT, "spare": True} for heading in moments},
            "lab\n检测机构": NAME,
        },
        (_full_box(row, zone) for row in full.head(rows).iter_rows(named=True)),
        more=max(full.height - rows, 0),
    )


def _full_box(row: dict[str, Any], zone: str) -> list[RenderableType]:
    return [
        plain(row["box"]) + below(row["round"]),
        Text(f"{row['tubes']:,}", style="yellow"),
        f"{row['people']:,}",
        *(_clock(row[name], zone) for name in ("packed_at", "picked_up_at", "received_at")),
        plain(row["lab"] or "-"),
    ]


def _kept_as(value: str) -> str:
    return "\n".join(RETENTION_WORDS[value])


def _unknown() -> str:
    return f"({both('unknown', '未知')})"


def _clock(moment: datetime | None, zone: str) -> str:
    return "-" if moment is None else clock(moment, zone)
