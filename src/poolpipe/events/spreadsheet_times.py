"""Convert the times that spreadsheets write, year first, to RFC 3339, and say what is wrong with other texts.

Every function takes distinct texts that the kernel does not know.
"""

from __future__ import annotations

from typing import Final

import polars as pl

from poolpipe.messages import message

__all__ = ["DATE_ALONE", "NO_TIMES", "TIME_OF_DAY", "as_rfc3339", "why_no_time"]

_DATES: Final = (("-", "-", ""), ("/", "/", ""), (r"\.", r"\.", ""), ("年", "月", r"\s*日"))
"""Matches the separators behind year, month and day."""

_CLOCK: Final = (
    r"(?i)^(?P<gap>T|\s*)(?P<before>上午|下午|AM|PM)?(?P<blank>\s*)(?P<hour>[0-9]{1,2})"
    r"(?::(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?P<part>\.[0-9]+)?)?"
    r"|[时点](?P<fen>[0-9]{1,2})分(?:(?P<miao>[0-9]{1,2})秒)?)"
    r"\s*(?P<behind>AM|PM)?\s*(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})?$"
)
"""`8:05`, `08:05:30.5`, `下午 3:05`, `3:05 PM`, `8时5分`, each perhaps with an offset."""

_AFTERNOON: Final = ("下午", "PM")

DATE_ALONE: Final = r"^[0-9]{4}\s*[-/.年]\s*[0-9]{1,2}\s*[-/.月]\s*[0-9]{1,2}日?$"
"""Matches a date without a time of day, year first."""

TIME_OF_DAY: Final = (
    r"(?i)^(?:上午|下午|AM|PM)?\s*[0-9]{1,2}(?::[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?|[时点][0-9]{1,2}分(?:[0-9]{1,2}秒)?)"
    r"\s*(?:AM|PM)?$"
)
"""Matches a time of day without a date: `8:05`, `08:05:30`, `下午 3:05`, `8时5分`."""

NO_TIMES: Final = tuple(
    (pattern, message(code, {}))
    for pattern, code in (
        (r"^[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$", "time_bare_number"),
        (
            r"^[0-9]{1,2}\s*[-/.月]\s*[0-9]{1,2}\s*(?:[日号]?\s*$|(?:[日号]|\s)\s*(?:上午|下午|早上|中午|晚上|早|晚)?\s*[0-9]{1,2}[:时点])",
            "time_without_year",
        ),
        (r"^[0-9]{1,2}\s*[-/.月]\s*[0-9]{1,2}\s*[-/.日]\s*[0-9]{1,4}(?:[^0-9]|$)", "time_day_first"),
        (r"(?:^|[^0-9:])24[:时点]", "time_24"),
        (r":[0-9]{2}:60(?:[^0-9]|$)|分60秒", "time_leap"),
        (DATE_ALONE, "time_date_alone"),
        (TIME_OF_DAY, "time_clock_alone"),
        (r"^#(?:[#A-Z]|$)", "time_spreadsheet_error"),
        ("", "time_none"),
    )
)
"""Patterns of texts that are no times, and what is wrong with them; the first that matches counts, the last matches all."""


def as_rfc3339(cleaned: pl.Series) -> pl.Series:
    """Convert times as spreadsheets write them to RFC 3339; texts of another form are kept.

    The kernel checks that the day and hour exist. With 上午, 下午, AM or PM hours run from 12 over 1 to
    11; an hour of the afternoon may be written twice, 下午 15:05, but there is no 上午 15:05 and no 下午 0:05.
    """
    written = cleaned
    for year, month, day in _DATES:
        pattern = (
            rf"^(?P<year>[0-9]{{4}})\s*{year}\s*(?P<month>[0-9]{{1,2}})\s*{month}\s*"
            rf"(?P<day>[0-9]{{1,2}}){day}(?P<clock>.*)$"
        )
        if not cleaned.str.contains(pattern).any():
            continue
        parts = cleaned.str.extract_groups(pattern).struct.unnest()
        clock = parts["clock"].str.extract_groups(_CLOCK).struct.unnest()
        moment = clock.hstack(parts.select("year", "month", "day")).select(_moment(joined=bool(day)))
        written = pl.select(pl.coalesce(moment.to_series(), written)).to_series()
    return written.alias(cleaned.name)


def _moment(*, joined: bool) -> pl.Expr:
    """Join the parts to RFC 3339; null where they are no date and time. In Chinese dates the day needs no blank behind it."""
    half = pl.coalesce(pl.col("before"), pl.col("behind")).str.to_uppercase()
    once = pl.col("before").is_null() | pl.col("behind").is_null()
    given = pl.col("hour").cast(pl.Int64)
    late = half.is_in(_AFTERNOON)
    hour = (
        pl.when(half.is_null()).then(given)
        .when(late & (given >= 12)).then(given)
        .when(late & (given >= 1)).then(given + 12)
        .when(~late & (given == 12)).then(0)
        .when(~late & (given < 12)).then(given)
    )  # fmt: skip
    apart = (pl.col("gap") != "") | pl.col("before").is_in(("上午", "下午")) | joined
    torn = pl.col("gap").str.to_uppercase().eq("T") & pl.col("before").is_null() & (pl.col("blank") != "")
    text = pl.format(
        "{}-{}-{}T{}:{}:{}{}{}",
        pl.col("year"),
        *(pl.col(name).str.zfill(2) for name in ("month", "day")),
        hour.cast(pl.String).str.zfill(2),
        pl.coalesce("minute", "fen").str.zfill(2),
        pl.coalesce("second", "miao", pl.lit("00")).str.zfill(2),
        pl.col("part").fill_null(""),
        pl.col("zone").fill_null("").str.to_uppercase(),
    )
    return pl.when(once & apart & ~torn).then(text)


def why_no_time(cleaned: pl.Series) -> pl.Series:
    """Find what is wrong with texts that are no times, as indices into `NO_TIMES`."""
    reasons = pl.lit(len(NO_TIMES) - 1)
    for place in reversed(range(len(NO_TIMES) - 1)):
        reasons = pl.when(cleaned.str.contains(NO_TIMES[place][0])).then(place).otherwise(reasons)
    return pl.select(reasons.cast(pl.UInt8)).to_series()
