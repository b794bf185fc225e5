"""Times as instruments print them: with or without zone, in either order of day and month."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from poolpipe.instruments.cells import plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from poolpipe.import_policy import ImportPolicy

__all__ = ["Doubt", "Moment", "date_order_evidence", "moment"]

Doubt = tuple[str, str, tuple[str, ...], str, str]

# Abbreviations that mean one offset wherever instruments are sold. CST, IST and BST do not: policy decides.
OFFSETS_H = {"UTC": 0, "GMT": 0, "Z": 0, "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8,
             "PDT": -7, "CET": 1, "CEST": 2, "JST": 9, "KST": 9, "HKT": 8, "SGT": 8}  # fmt: skip
# Where an abbreviation belongs, to notice one that does not fit its own season.
SEASONS = {"EST": "America/New_York", "EDT": "America/New_York", "CDT": "America/Chicago",
           "MST": "America/Denver", "MDT": "America/Denver", "PST": "America/Los_Angeles",
           "PDT": "America/Los_Angeles", "CET": "Europe/Berlin", "CEST": "Europe/Berlin"}  # fmt: skip
MONTHS = {name: i for i, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1)}  # fmt: skip

_CLOCK = r"(?:[T ,]+(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:[.,](?P<f>\d{1,6})\d*)?)?)?"
_TAIL = r"(?:\s*(?P<half>AM|PM|上午|下午))?(?:\s*(?P<zone>Z|[A-Z]{2,5}|(?:UTC|GMT)?[+-]\d{2}:?\d{2}))?"
_DAYS = (
    r"(?P<y>\d{4})[-/.年](?P<m>\d{1,2})[-/.月](?P<d>\d{1,2})日?",
    r"(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})[-/.](?P<y>\d{4}|\d{2})",
    r"(?P<mon>[A-Za-z]{3})[a-z]* (?P<d>\d{1,2}),? (?P<y>\d{4})",
    r"(?P<d>\d{1,2})[- ](?P<mon>[A-Za-z]{3})[a-z]*[-, ]+(?P<y>\d{4})",
)
_SHAPES = tuple(re.compile(day + _CLOCK + _TAIL) for day in _DAYS)
_TWO_NUMBERS = re.compile(r"\b(\d{1,2})[-/](\d{1,2})[-/](\d{4}|\d{2})\b")
_YEARS = range(2015, 2041)  # of two digits, such a year may stand first


@dataclass(frozen=True, slots=True)
class Moment:
    """A printed time: `at` in UTC or null, where its zone came from, and what was ambiguous about it.

    `doubts` holds (code, sentence, options, decision, setting), as many as apply.
    """

    at: datetime | None
    zone: str
    doubts: tuple[Doubt, ...] = ()


def date_order_evidence(texts: Iterable[str]) -> Literal["mdy", "dmy"] | None:
    """The order of day and month that other dates of the file prove (`01-15-2024`); None without proof."""
    orders: set[Literal["mdy", "dmy"]] = set()
    for text in texts:
        if not any(shape.fullmatch(plain(text)) for shape in _SHAPES):
            continue  # a lot or a name with numbers in it is no date
        for first, second, last in _TWO_NUMBERS.findall(text):
            if _year_may_be_first(first, second, last):
                continue
            if int(first) > 12 >= int(second):
                orders.add("dmy")
            if int(second) > 12 >= int(first):
                orders.add("mdy")
    return orders.pop() if len(orders) == 1 else None


def _year_may_be_first(first: str, second: str, last: str) -> bool:
    """Whether `22/02/10` may be a day of 2022: two digits for the year, and a month and a day behind the first number."""
    return len(last) == 2 and 2000 + int(first) in _YEARS and int(second) <= 12 and int(last) <= 31


def moment(
    text: str, policy: ImportPolicy, *, evidence: Literal["mdy", "dmy"] | None = None, zone: str | None = None
) -> Moment:
    """The moment that `text` says.

    Parameters
    ----------
    text : str
        As printed, e.g. ``2024-10-01 15:02:50 PM EST``.
    policy : ImportPolicy
        Decides the zone where none is printed, and the order of day and month where nothing proves it.
    evidence : {"mdy", "dmy"}, optional
        What other dates of the same file prove.
    zone : str, optional
        Zone that the layout knows of this column or field, e.g. UTC.

    Returns
    -------
    Moment
        `at` is null where the text is no time or its meaning stays open.
    """
    text = plain(text)
    match = next((m for shape in _SHAPES if (m := shape.fullmatch(text))), None)
    if match is None:
        doubt: Doubt = ("bad_time", f"{text!r} is no time that is understood", (), "left unknown", "at")
        return Moment(None, "", (doubt,) if text else ())
    part = match.groupdict()
    day = _day(part, policy, evidence)
    if day is None:
        options = ("month first (mdy)", "day first (dmy)")
        doubt = ("date_order", f"{text!r}: month or day first?", options, "left unknown", "date_order")
        return Moment(None, "", (doubt,))
    if part["h"] is None:
        doubt = ("date_without_time", f"{text!r} has a day and no hour", (), "left unknown", "at")
        return Moment(None, "", (doubt,))
    local = _local(part, day)
    if local is None:
        doubt = ("bad_time", f"{text!r} is no time of the calendar", (), "left unknown", "at")
        return Moment(None, "", (doubt,))
    offset, source, doubts = _offset(part["zone"], local, policy, zone)
    at = None if offset is None else local.replace(tzinfo=offset).astimezone(UTC)
    return Moment(at, source, doubts)


def _local(part: dict[str, str | None], day: tuple[int, int, int]) -> datetime | None:
    """Date and clock without zone; None where there is no such time. `13:07 PM`, as QuantStudio prints, is 13:07."""
    hour = int(part["h"] or 0)
    afternoon = part["half"] in ("PM", "下午")
    if part["half"] and hour > 12 and not afternoon:
        return None
    if part["half"] and hour <= 12:
        hour = hour % 12 + 12 * afternoon
    fraction = int((part["f"] or "0").ljust(6, "0"))
    try:
        local = datetime(*day, hour, int(part["mi"] or 0), int(part["s"] or 0), fraction)  # noqa: DTZ001 -- settled by the caller
    except ValueError:
        return None
    return local if 1990 <= local.year < 2200 else None


def _day(
    part: dict[str, str | None], policy: ImportPolicy, evidence: Literal["mdy", "dmy"] | None
) -> tuple[int, int, int] | None:
    """Year, month, day; None where their order is open."""
    year = int(part["y"] or 0)
    year += 2000 if len(part["y"] or "") == 2 else 0
    if part.get("a") is None:
        month = MONTHS.get((part.get("mon") or "").lower(), 0) if part.get("mon") else int(part["m"] or 0)
        return year, month, int(part["d"] or 0)
    first, second = int(part["a"] or 0), int(part["b"] or 0)
    if _year_may_be_first(part["a"] or "", part["b"] or "", part["y"] or ""):
        order: str | None = evidence or policy.date_order
    elif first > 12 or second > 12:
        order = "dmy" if first > 12 else "mdy"
    elif part["sep"] == ".":  # 10.02.2022: every country that writes points writes the day first
        order = "dmy"
    else:
        order = "mdy" if first == second else evidence or policy.date_order
    if order is None:
        return None
    return (year, first, second) if order == "mdy" else (year, second, first)


def _offset(
    name: str | None, local: datetime, policy: ImportPolicy, known: str | None
) -> tuple[tzinfo | None, str, tuple[Doubt, ...]]:
    """Offset of a printed zone, where it came from, and the doubt about it."""
    if name is None:
        return _unnamed(local, policy, known)
    written = policy.zone_abbreviations.get(name, name)
    if re.search(r"[+-]\d", written):
        digits = written.replace(":", "")[-5:]
        minutes = int(digits[1:3]) * 60 + int(digits[3:])
        source = f"file: {name}" if written == name else f"policy: {name} {written}"
        if minutes >= 24 * 60:
            return None, "", (("bad_time", f"{name} is no offset", (), "left unknown", "at"),)
        return timezone(timedelta(minutes=minutes if digits[0] == "+" else -minutes)), source, ()
    if name not in OFFSETS_H:
        return _by_policy(name, local, policy)
    shift = timezone(timedelta(hours=OFFSETS_H[name]))
    return shift, f"file: {name}", _season(name, local, shift)


def _by_policy(
    name: str, local: datetime, policy: ImportPolicy
) -> tuple[tzinfo | None, str, tuple[Doubt, ...]]:
    """An abbreviation of several meanings: the policy's own zone where that is called so at that time, else unknown."""
    options = ("+08:00 (China)", "-06:00 (US Central)") if name == "CST" else ()
    zone = ZoneInfo(policy.zone)
    there = local.replace(tzinfo=zone)
    fits = there.tzname() == name
    decided = f"as in {policy.zone}" if fits else "left unknown"
    doubt = ("zone_ambiguous", f"zone {name} has several meanings", options, decided, "zone_abbreviations")
    return (zone, f"policy: {name} as in {policy.zone}", (doubt,)) if fits else (None, "", (doubt,))


def _unnamed(
    local: datetime, policy: ImportPolicy, known: str | None
) -> tuple[tzinfo | None, str, tuple[Doubt, ...]]:
    """The zone of a time printed without one: the layout's, else the policy's and a doubt."""
    if known is not None:
        return ZoneInfo(known), f"layout: {known}", ()
    options = (policy.zone, "UTC", "another zone")
    doubt = ("time_without_zone", f"{local} has no zone", options, policy.zone, "zone")
    return ZoneInfo(policy.zone), f"policy: {policy.zone}", (doubt,)


def _season(name: str, local: datetime, shift: timezone) -> tuple[Doubt, ...]:
    """A doubt where a zone's winter name is printed on a summer day, or the other way round."""
    if name not in SEASONS:
        return ()
    there = local.replace(tzinfo=ZoneInfo(SEASONS[name]))
    if there.utcoffset() == shift.utcoffset(None):
        return ()
    what = f"{local} is printed as {name}, on that day it was {there.tzname()}"
    options = (f"{name} as written", str(there.tzname()))
    return (("zone_season", what, options, f"{name} as written", "zone_abbreviations"),)
