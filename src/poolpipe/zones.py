"""Names of time zones, checked against the IANA database; and moments as texts in UTC."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, available_timezones

from poolpipe.messages import message

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["known_zone", "utc_text"]

_MEANT: Final = {
    "beijing": "Asia/Shanghai",
    "asia/beijing": "Asia/Shanghai",
    "china": "Asia/Shanghai",
    "cst": "Asia/Shanghai",
    "utc+8": "Asia/Shanghai",
    "utc+08:00": "Asia/Shanghai",
    "gmt+8": "Asia/Shanghai",
    "+08:00": "Asia/Shanghai",
    "+0800": "Asia/Shanghai",
    "北京": "Asia/Shanghai",
    "北京时间": "Asia/Shanghai",
}
"""What people in China write instead, and the zone that the database has for it."""


def known_zone(name: str) -> str:
    """Give the name back if it is a time zone that every part of poolpipe can use.

    Raises
    ------
    ValueError
        It is none; the message names the likely one.
    """
    if not _usable(name):
        raise ValueError(message("setting_zone", {"name": name, "likely": _likely(name)}))
    return name


def utc_text(moment: datetime, timespec: str = "auto") -> str:
    """Write a moment as RFC 3339, with Z for UTC.

    Parameters
    ----------
    moment : datetime
        In UTC.
    timespec : str
        As of `datetime.isoformat`.
    """
    return moment.isoformat(timespec=timespec).replace("+00:00", "Z")


def _usable(name: str) -> bool:
    """Whether both the standard library and polars know it: of `localtime` or `posixrules` only one does."""
    import polars as pl

    try:
        ZoneInfo(name)
        pl.Series([0]).cast(pl.Datetime("us")).dt.replace_time_zone(name)
    except (LookupError, ValueError, OSError, pl.exceptions.PolarsError):
        return False
    return True


def _likely(name: str) -> str:
    wanted = name.strip().lower()
    if wanted in _MEANT:
        return _MEANT[wanted]
    known = {zone.lower(): zone for zone in available_timezones()}
    near = difflib.get_close_matches(wanted, known, n=1, cutoff=0.7)
    return known[near[0]] if near and _usable(known[near[0]]) else "Asia/Shanghai"
