"""Sources that fell silent against their own rhythm: the same time of the days before, and not a limit for all.

A source that is not heard at night, after its shift or over lunch was not heard then on the days before either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from poolpipe.coding.quarters import SOURCES

if TYPE_CHECKING:
    from poolpipe.arrival_policy import Arriving
    from poolpipe.coding.quarters import Heard

__all__ = ["silent_sources"]

_DAY: Final = 96
"""Quarters of a day."""

_HOUR_US: Final = 3_600_000_000


def silent_sources(heard: Heard, rules: Arriving, until: int) -> pl.DataFrame:
    """List the sources that are silent at a moment.

    The time since a source was last heard, a day at most, is compared with the same time of each day before in which it
    was known. It is silent where on most of these days it was heard in as many quarters as the policy asks. Quarters in
    which the store heard nobody do not count: then it was not fed.

    Parameters
    ----------
    heard : Heard
    rules : Arriving
        The policy's.
    until : int
        The quarter in which the store last heard anybody: it is not over, and no silence in it counts.

    Returns
    -------
    DataFrame
        kind (device, site or lab), source; last, when it was last heard, microseconds since 1970; days it is compared
        with, and usual, on how many of them it was heard at that time; quarters, the least number of them on such a day.
        Sorted.
    """
    back = (rules.look_back_days + rules.forget_days + 1) * _DAY
    near = heard.kept(heard.quarters >= until - back)
    fed = pl.Series(near.quarters).cast(pl.Int64).unique()
    signs = near.kept(near.times[:, 2] <= round(rules.late_h * _HOUR_US))
    found = [_silent(signs, kind, fed, rules, until) for kind in SOURCES]
    return pl.concat(found).sort("kind", "source")


def _silent(signs: Heard, kind: str, fed: pl.Series, rules: Arriving, until: int) -> pl.DataFrame:
    lives = _lives(signs, kind, rules, until)
    # The rows at that time of day on the days before: of a city few, whatever the hour. A quarter may have several.
    places = np.full(len(signs.names[kind]), -1, np.int64)
    places[lives["source"].to_numpy()] = np.arange(lives.height)
    row = np.append(places, -1)[signs.sources[kind]]
    named = np.flatnonzero(row >= 0)
    row, quarter = row[named], signs.quarters[named].astype(np.int64)
    final, end, days = (lives[name].to_numpy()[row] for name in ("final", "end", "days"))
    before = (final - quarter) // _DAY + 1
    same = quarter + _DAY * before
    at_that_time = np.flatnonzero((before <= days) & (same < end))
    usual = (
        pl.DataFrame({"row": row[at_that_time], "before": before[at_that_time], "same": same[at_that_time]})
        .filter(pl.col("same").is_in(fed.implode()))
        .unique()
        .group_by("row", "before")
        .agg(pl.len().alias("quarters"))
        .filter(pl.col("quarters") >= rules.silence_quarters)
        .group_by("row")
        .agg(pl.len().alias("usual"), pl.col("quarters").min())
    )
    named_lives = lives.with_columns(signs.names[kind].gather(lives["source"]).alias("source"))
    return (
        named_lives.with_columns(pl.int_range(pl.len()).alias("row"))
        .join(usual, on="row")
        .filter(pl.col("usual") >= rules.silence_share * pl.col("days"))
        .select(pl.lit(kind).alias("kind"), "source", "last", "days", "usual", "quarters")
    )


def _lives(signs: Heard, kind: str, rules: Arriving, until: int) -> pl.DataFrame:
    """Sources that have been quiet for long enough and are known for long enough: first and last quarter, and the window."""
    named = pl.DataFrame(
        {"source": signs.sources[kind], "quarter": signs.quarters, "last": signs.times[:, 1]}
    )
    return (
        named.filter(pl.col("source") >= 0)
        .group_by("source")
        .agg(
            pl.col("quarter").max().cast(pl.Int64).alias("final"),
            pl.col("quarter").min().cast(pl.Int64).alias("begin"),
            pl.col("last").max(),
        )
        .filter(until - pl.col("final") <= round(rules.forget_days * _DAY))
        .with_columns(
            pl.min_horizontal(pl.lit(until, pl.Int64), pl.col("final") + _DAY).alias("end"),
            pl.min_horizontal(
                pl.lit(rules.look_back_days, pl.Int64), (pl.col("final") + 1 - pl.col("begin")) // _DAY
            ).alias("days"),
        )
        .filter(
            (pl.col("end") - pl.col("final") > rules.silence_quarters)
            & (pl.col("days") >= rules.silence_days)
        )
    )
