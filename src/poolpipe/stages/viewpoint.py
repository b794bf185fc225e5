"""Parse the time as of which a day is seen (by default the latest event's), and warn where it is far from all events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self, cast
from zoneinfo import ZoneInfo

import polars as pl

from poolpipe.display import number_of
from poolpipe.errors import InputError
from poolpipe.messages import message
from poolpipe.tables import TIME
from poolpipe.words import Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["TimesSeen", "moment_of", "odd_view"]

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


@dataclass(frozen=True, slots=True)
class TimesSeen:
    """Where the times of accepted events lie, seen from the default moment.

    Attributes
    ----------
    total, recent : int
        All events, and those of the last 30 days before the moment.
    first : datetime or None
        The earliest event.
    first_recent, last_before : datetime or None
        The earliest of the recent ones, and the latest of the others.
    """

    total: int
    recent: int
    first: datetime | None
    first_recent: datetime | None
    last_before: datetime | None

    @classmethod
    def of(cls, frames: Mapping[str, pl.DataFrame], moment: datetime) -> Self:
        """Look at every accepted event."""
        return cls.joined(
            [cls._of_kind(frame["at"], moment - _APART) for frame in frames.values() if frame.height]
        )

    @classmethod
    def _of_kind(cls, at: pl.Series, cut: datetime) -> Self:
        recent = pl.select(pl.lit(at) > pl.lit(cut, TIME)).to_series()
        few, first = int(recent.sum()), _edge(at, late=False)
        if few == len(at):  # nearly always: nothing is copied
            return cls(len(at), few, first, first, None)
        before = _edge(at.filter(~recent), late=True)
        return cls(len(at), few, first, _edge(at.filter(recent), late=False) if few else None, before)

    @classmethod
    def joined(cls, parts: Iterable[TimesSeen]) -> Self:
        """Join what was seen of different events."""
        every = list(parts)
        firsts = [each.first for each in every if each.first is not None]
        recent = [each.first_recent for each in every if each.first_recent is not None]
        before = [each.last_before for each in every if each.last_before is not None]
        return cls(
            sum(each.total for each in every), sum(each.recent for each in every),
            min(firsts, default=None), min(recent, default=None), max(before, default=None),
        )  # fmt: skip


def odd_view(times: TimesSeen | None, moment: datetime | None, zone: str, *, asked: bool) -> list[str]:
    """Warn, in both languages, of a time before all events, and of a default that a few late events set.

    Parameters
    ----------
    times : TimesSeen or None
        Of every accepted event.
    moment : datetime
        The time as of which the day is seen; None where there is no event.
    zone : str
        IANA time zone of the times in the warning.
    asked : bool
        Whether the user gave the time.
    """
    if moment is None or times is None or times.first is None:
        return []
    if asked:
        return [_too_early(moment, times.first, zone)] if moment < times.first else []
    few, total = times.recent, times.total
    if few == total or few > max(_FEW, total // _SHARE):
        return []
    if times.first_recent is None or times.last_before is None:
        return []
    far = times.first_recent - times.last_before >= _APART
    return [_too_late(moment, few, times.last_before, zone)] if far else []


def _edge(at: pl.Series, *, late: bool) -> datetime:
    return cast("datetime", at.max() if late else at.min())


def _too_early(moment: datetime, first: datetime, zone: str) -> str:
    return message("nothing_yet", {"moment": _told(moment, zone), "first": _told(first, zone)})


def _too_late(moment: datetime, few: int, last: datetime, zone: str) -> str:
    events = Wording(number_of(few, "event"), f"{few:,} 条事件")
    told = {"moment": _told(moment, zone), "last": _told(last, zone), "days": f"{(moment - last).days:,}"}
    return message("few_set_the_time", {**told, "events": events})


def _told(moment: datetime, zone: str) -> str:
    return moment.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds")
