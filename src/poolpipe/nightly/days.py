"""On which days something happened: what a night counts, and which day it refuses to count as one of nothing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import polars as pl

from poolpipe.errors import InputError
from poolpipe.tables import TABLES

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from poolpipe.nightly.sources import TableFiles
    from poolpipe.policy import Policy

__all__ = ["DAYS_NAMED", "bounds_of_day", "check_counted", "days_swabbed", "days_with_events", "has_events"]

DAYS_NAMED = 7
"""Days that an error names, at most."""

_TIMES = [column.name for column in TABLES["pools"] if isinstance(column.dtype, pl.Datetime)]
"""Of each tube, pools and singles alike: swabbed, packed, picked up, received, loaded, called."""


def days_swabbed(tables: TableFiles, rules: Policy) -> list[date]:
    """The local days on which somebody was swabbed, in order."""
    return _days(tables, rules, ["first_collected"])


def days_with_events(tables: TableFiles, rules: Policy) -> list[date]:
    """The local days on which a tube was swabbed, moved, tested or got its result, in order."""
    return _days(tables, rules, _TIMES)


def _days(tables: TableFiles, rules: Policy, columns: list[str]) -> list[date]:
    files = tables.tables.get("pools")
    found: set[date] = set()
    for column in columns if files else ():
        moment = pl.col(column).dt.convert_time_zone(rules.time_zone)
        days = pl.scan_parquet(list(files or ()), glob=False).select(moment.dt.date().unique()).collect()
        found |= {*days.to_series().drop_nulls().to_list()}
    return sorted(found)


def bounds_of_day(day: date, rules: Policy) -> tuple[datetime, datetime]:
    """When a day of the policy's time zone begins and ends, in UTC."""
    zone, tomorrow = ZoneInfo(rules.time_zone), day + timedelta(days=1)
    begins, ends = (
        datetime(each.year, each.month, each.day, tzinfo=zone).astimezone(UTC) for each in (day, tomorrow)
    )
    return begins, ends


def has_events(tables: TableFiles, rules: Policy, day: date) -> bool:
    """Whether a tube was swabbed, moved, tested or got its result on a local day."""
    files = tables.tables.get("pools")
    if not files:
        return False
    begins, ends = bounds_of_day(day, rules)
    within = [pl.col(column).is_between(begins, ends, closed="left").any() for column in _TIMES]
    found = pl.scan_parquet(list(files), glob=False).select(pl.any_horizontal(within)).collect()
    return bool(found.item())


def check_counted(counted: pl.Series, day: date, out: Path) -> None:
    """Refuse to show a day that was never counted as one on which nothing happened.

    Parameters
    ----------
    counted : Series of Date
        Days that the file has.
    day : date
    out : Path
        The file.

    Raises
    ------
    InputError
        `nightly_day_not_counted`, with the newest days that it has.
    """
    if day not in counted:
        days = ", ".join(map(str, counted.sort().tail(DAYS_NAMED))) or "-"
        raise InputError.of("nightly_day_not_counted", where=str(out), file=str(out), day=str(day), days=days)
