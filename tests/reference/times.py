"""Times as RFC 3339 and spreadsheets write them, read by hand."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from reference.codes import clean_code

_DATE = re.compile(
    r"(?P<y>[0-9]{4})\s*(?:(?P<s>[-/.])\s*(?P<m>[0-9]{1,2})\s*(?P=s)\s*(?P<d>[0-9]{1,2})"
    r"|年\s*(?P<ym>[0-9]{1,2})\s*月\s*(?P<yd>[0-9]{1,2})\s*日)"
)
_CLOCK = re.compile(
    r"(?P<h>[0-9]{1,2})(?::(?P<min>[0-9]{2})(?::(?P<sec>[0-9]{2})(?:\.(?P<f>[0-9]+))?)?"
    r"|[时点](?P<fen>[0-9]{1,2})分(?:(?P<miao>[0-9]{1,2})秒)?)"
)
_OFFSET = re.compile(r"(?:Z|(?P<sign>[+-])(?P<oh>[0-9]{2}):(?P<om>[0-9]{2}))", re.IGNORECASE)


def clean_time(value: Any, zone: str) -> datetime | None:
    """RFC 3339, or year first as spreadsheets write it; without offset of the policy's zone, of the years 1970 to
    2199. None: no such time."""
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    moment = value if isinstance(value, datetime) else _written_time(clean_code(value))
    if moment is None:
        return None
    try:
        if moment.tzinfo is None:
            wall = moment.replace(tzinfo=ZoneInfo(zone))
            moment = wall.astimezone(UTC)
            if moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall.replace(tzinfo=None):
                return None  # the clocks of that zone jumped over it
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment if 1970 <= moment.year <= 2199 else None


def _written_time(text: str) -> datetime | None:
    day = _DATE.match(text)
    if day is None:
        return None
    rest = text[day.end() :]
    chinese = day["s"] is None
    gap = rest[:1] in ("T", "t")
    clock, halves = rest[1:] if gap else rest.lstrip(), []
    apart = gap or clock != rest
    for half in ("上午", "下午", "AM", "PM"):
        if clock.upper().startswith(half):
            halves.append(half)
            clock = clock[len(half) :].lstrip()
            break
    told = _CLOCK.match(clock)
    if told is None or not (apart or chinese or (halves and halves[0] in ("上午", "下午"))):
        return None
    tail = clock[told.end() :].lstrip()
    for half in ("AM", "PM"):
        if tail.upper().startswith(half):
            halves.append(half)
            tail = tail[len(half) :].lstrip()
            break
    zone = _OFFSET.fullmatch(tail) if tail else None
    hour = _hour(int(told["h"]), halves)
    if (tail and zone is None) or hour is None:
        return None
    try:
        moment = datetime.combine(
            date(int(day["y"]), int(day["m"] or day["ym"]), int(day["d"] or day["yd"])),
            time(
                hour,
                int(told["min"] or told["fen"]),
                int(told["sec"] or told["miao"] or 0),
                int(f"{told['f'] or '0':0<6}"[:6]),
            ),
        )
        if zone is None:
            return moment
        if zone["sign"] is None:
            return moment.replace(tzinfo=UTC)
        if int(zone["om"]) > 59 or int(zone["oh"]) > 23:
            return None
        ahead = timedelta(hours=int(zone["oh"]), minutes=int(zone["om"]))
        return moment.replace(tzinfo=timezone(-ahead if zone["sign"] == "-" else ahead))
    except ValueError:
        return None


def _hour(hour: int, halves: list[str]) -> int | None:
    """The hour of the day; 上午 12 is 0, 下午 12 is 12, 下午 15 is 15."""
    if len(halves) > 1:
        return None
    if not halves:
        return hour
    if halves[0] in ("下午", "PM"):
        return None if hour == 0 else hour + 12 if hour < 12 else hour
    return 0 if hour == 12 else hour if hour < 12 else None
