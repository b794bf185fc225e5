"""Parse the time as of which a day is seen (by default the latest event's), and warn where it is far from all events."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import polars as pl

from poolpipe.display import number_of
from poolpipe.errors import InputError
from poolpipe.messages import message
from poolpipe.tables import TIME
from poolpipe.words import Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["moment_of", "odd_view"]

_APART: Final = timedelta(days=30)
"""A campaign's events lie closer together: a date behind such a gap is a wrong clock or a typing error."""

_FEW, _SHARE = 3, 1000
"""Up to so many events behind the gap, or one in a thousand, count as errors and not as a second campaign."""


def moment_of(as_of: datetime | str | None, zone: str) -> datetime | None:
    """Parse the time as of which a day is seen.

    Parameters
    ----------
    as_of : datetime or str or None
        RFC 3339 text or datetime; None for the default.
    zone : str
        IANA zone of a time without offset.

    Returns
    -------
    datetime or None
        In UTC; None for the default.

    Raises
    ------
    InputError
        If it is no time.
    """
    if as_of is None:
        return None
    if not isinstance(as_of, str | datetime):
        raise InputError.of("no_time", where="as_of", text=as_of)
    try:
        moment = datetime.fromisoformat(as_of.strip()) if isinstance(as_of, str) else as_of
        aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
        return aware.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InputError.of("no_time", where="as_of", text=as_of) from error


def odd_view(
    frames: Mapping[str, pl.DataFrame], moment: datetime | None, zone: str, *, asked: bool
) -> list[str]:
    """Warn, in both languages, of a time before all events, and of a default that a few late events set.

    Parameters
    ----------
    frames : mapping of DataFrame
        Every accepted event.
    moment : datetime
        The time as of which the day is seen; None where there is no event.
    zone : str
        IANA time zone of the times in the warning.
    asked : bool
        Whether the user gave the time.
    """
    times = [frame["at"] for frame in frames.values() if frame.height]
    if moment is None or not times:
        return []
    if asked:
        first = min(_edge(at, late=False) for at in times)
        return [_too_early(moment, first, zone)] if moment < first else []
    cut = pl.lit(moment - _APART, TIME)
    recent = [pl.select(pl.lit(at) > cut).to_series() for at in times]
    few, total = sum(int(each.sum()) for each in recent), sum(len(at) for at in times)
    if few == total or few > max(_FEW, total // _SHARE):
        return []
    late = [at.filter(each) for at, each in zip(times, recent, strict=True)]
    others = [at.filter(~each) for at, each in zip(times, recent, strict=True)]
    first = min(_edge(at, late=False) for at in late if len(at))
    last = max(_edge(at, late=True) for at in others if len(at))
    return [_too_late(moment, few, last, zone)] if first - last >= _APART else []


def _edge(at: pl.Series, *, late: bool) -> datetime:
    edge = at.max() if late else at.min()
    if not isinstance(edge, datetime):
        raise TypeError("a column of times without a time")
    return edge


def _too_early(moment: datetime, first: datetime, zone: str) -> str:
    return message("nothing_yet", {"moment": _told(moment, zone), "first": _told(first, zone)})


def _too_late(moment: datetime, few: int, last: datetime, zone: str) -> str:
    events = Wording(number_of(few, "event"), f"{few:,} 条事件")
    told = {"moment": _told(moment, zone), "last": _told(last, zone), "days": f"{(moment - last).days:,}"}
    return message("few_set_the_time", {**told, "events": events})


def _told(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")
