"""Sources that fell silent against their own rhythm: the same time of the days before, and not a limit for all.

A source that is not heard at night, after its shift or over lunch was not heard then on the days before either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from poolpipe.coding.quarters import SOURCES

if TYPE_CHECKING:
    from poolpipe.arrival_policy import Arriving

__all__ = ["silent_sources"]

_DAY: Final = 96
"""Quarters of a day."""

_HOUR_US: Final = 3_600_000_000


def silent_sources(heard: pl.DataFrame, rules: Arriving, until: int) -> pl.DataFrame:
    """List the sources that are silent at a moment.

    The time since a source was last heard, a day at most, is compared with the same time of each day before in which it
    was known. It is silent where on most of these days it was heard in as many quarters as the policy asks. Quarters in
    which the store heard nobody do not count: then it was not fed.

    Parameters
    ----------
    heard : DataFrame
        As `coding.quarters.HEARD`.
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
    near = heard.filter(pl.col("quarter") >= until - back)
    fed = near["quarter"].unique()
    signs = near.filter(pl.col("age") <= round(rules.late_h * _HOUR_US))
    found = [_silent(signs, kind, fed, rules, until) for kind in SOURCES]
    return pl.concat(found).sort("kind", "source")


def _silent(signs: pl.DataFrame, kind: str, fed: pl.Series, rules: Arriving, until: int) -> pl.DataFrame:
    quarters = (
        signs.filter(pl.col(kind).is_not_null())
        .group_by(pl.col(kind).alias("source"), "quarter")
        .agg(pl.col("last").max())
    )
    ends = pl.min_horizontal(pl.lit(until, pl.Int64), pl.col("final") + _DAY)
    lives = (
        quarters.group_by("source")
        .agg(
            pl.col("quarter").max().alias("final"),
            pl.col("quarter").min().alias("begin"),
            pl.col("last").max(),
        )
        .filter(until - pl.col("final") <= round(rules.forget_days * _DAY))
        .with_columns(
            ends.alias("end"),
            pl.min_horizontal(
                pl.lit(rules.look_back_days, pl.Int64), (pl.col("final") + 1 - pl.col("begin")) // _DAY
            ).alias("days"),
        )
        .filter(
            (pl.col("end") - pl.col("final") > rules.silence_quarters)
            & (pl.col("days") >= rules.silence_days)
        )
    )
    before = (
        pl.col("final") - pl.col("quarter")
    ) // _DAY + 1  # days from a quarter to the same time of the silence
    same = pl.col("quarter") + _DAY * pl.col("before")
    usual = (
        quarters.drop("last")
        .join(lives, on="source")
        .with_columns(before.alias("before"))
        .filter(
            (pl.col("before") <= pl.col("days"))
            & (same > pl.col("final"))
            & (same < pl.col("end"))
            & same.is_in(fed.implode())
        )
        .group_by("source", "before")
        .agg(pl.len().alias("quarters"))
        .filter(pl.col("quarters") >= rules.silence_quarters)
        .group_by("source")
        .agg(pl.len().alias("usual"), pl.col("quarters").min())
    )
    return (
        lives.join(usual, on="source")
        .filter(pl.col("usual") >= rules.silence_share * pl.col("days"))
        .select(pl.lit(kind).alias("kind"), "source", "last", "days", "usual", "quarters")
    )
