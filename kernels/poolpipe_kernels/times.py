"""Parse RFC 3339 times from bytes to microseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BAD", "LOCAL", "UTC", "parse_times"]

BAD, LOCAL, UTC = 0, 1, 2
"""Kinds of text: no time, a time without offset, a time with offset."""


@kernel
def _number(text: NDArray[np.uint8], at: int, digits: int) -> int:
    """Read digits as an integer.

    Parameters
    ----------
    text : (bytes,) uint8
        The texts, one after the other.
    at, digits : int
        Where the digits begin, and how many there are.

    Returns
    -------
    int
        The number; -1 where one of them is no digit.
    """
    value = 0
    for i in range(at, at + digits):
        c = int(text[i])
        if c < 48 or c > 57:
            return -1
        value = value * 10 + (c - 48)
    return value


@kernel
def _days(year: int, month: int, day: int) -> int:
    """Days from 1970-01-01 in the proleptic Gregorian calendar (Howard Hinnant, days_from_civil).

    Parameters
    ----------
    year, month, day : int
        Month from 1 to 12, day from 1.

    Returns
    -------
    int
        Negative before 1970.
    """
    y = year - 1 if month <= 2 else year
    era = y // 400
    yoe = y - era * 400
    doy = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    doe = yoe * 365 + yoe // 4 - yoe // 100 + doy
    return era * 146097 + doe - 719468


@kernel
def _month_days(year: int, month: int) -> int:
    """Days of a month in the Gregorian calendar.

    Parameters
    ----------
    year, month : int
        Month from 1 to 12.

    Returns
    -------
    int
        28 to 31.
    """
    if month == 2:
        return 29 if (year % 4 == 0 and year % 100 != 0) or year % 400 == 0 else 28
    return 30 if month in (4, 6, 9, 11) else 31


@kernel("uint8[]! int64[]! int64[] uint8[]")
def parse_times(
    text: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    micros: NDArray[np.int64],
    kinds: NDArray[np.uint8],
) -> None:
    """Read `YYYY-MM-DD(T| )HH:MM:SS[.f…][Z|±HH:MM]` from each text.

    Parameters
    ----------
    text, offsets : (bytes,) uint8 and (n + 1,) int64
        The texts, one after the other.
    micros : (n,) int64
        Output: microseconds since 1970; of UTC for `UTC`, of the wall clock for `LOCAL`. Digits
        beyond the microsecond are cut.
    kinds : (n,) uint8
        Output: `BAD`, `LOCAL` or `UTC`.
    """
    for row in range(len(offsets) - 1):
        a = offsets[row]
        b = offsets[row + 1]
        micros[row] = 0
        kinds[row] = BAD
        if b - a < 19:
            continue
        year = _number(text, a, 4)
        month = _number(text, a + 5, 2)
        day = _number(text, a + 8, 2)
        hour = _number(text, a + 11, 2)
        minute = _number(text, a + 14, 2)
        second = _number(text, a + 17, 2)
        if text[a + 4] != 45 or text[a + 7] != 45 or text[a + 13] != 58 or text[a + 16] != 58:
            continue
        between = text[a + 10]
        if between not in (84, 116, 32):
            continue
        if year < 1 or month < 1 or month > 12 or day < 1 or hour < 0 or minute < 0 or second < 0:
            continue
        if hour > 23 or minute > 59 or second > 59 or day > _month_days(year, month):
            continue
        at = a + 19
        fraction = 0
        scale = 100_000
        if at < b and text[at] == 46:
            at += 1
            first = at
            while at < b and 48 <= text[at] <= 57:
                fraction += (int(text[at]) - 48) * scale
                scale //= 10
                at += 1
            if at == first:
                continue
        while at < b and text[at] == 32:
            at += 1
        kind = LOCAL
        shift = 0
        if at < b:
            c = text[at]
            if c in (90, 122) and at + 1 == b:
                kind = UTC
            elif c in (43, 45) and at + 6 == b and text[at + 3] == 58:
                hours = _number(text, at + 1, 2)
                minutes = _number(text, at + 4, 2)
                if hours < 0 or hours > 23 or minutes < 0 or minutes > 59:
                    continue
                shift = (hours * 60 + minutes) * 60
                if c == 45:
                    shift = -shift
                kind = UTC
            else:
                continue
        seconds = _days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second - shift
        micros[row] = seconds * 1_000_000 + fraction
        kinds[row] = kind
