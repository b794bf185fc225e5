"""Devices whose clock is wrong: `sent_at` by the device's clock against the arrival by the store's.

What is sent takes time to arrive, and only ever more: lines are slow, devices offline, files handed on late. The least
delay of a quarter of an hour is therefore nearest to the clock's error, and one quarter proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from poolpipe.arrival_policy import Arriving
    from poolpipe.coding.quarters import Heard

__all__ = ["wrong_clocks"]

_MINUTE_US: Final = 60_000_000
_AHEAD, _BEHIND, _RIGHT = 1, -1, 0


def wrong_clocks(heard: Heard, rules: Arriving) -> pl.DataFrame:
    """Estimate the errors of devices' clocks, and list those that count as wrong.

    A quarter of an hour speaks for a clock ahead where something came before it was sent. For a clock behind it speaks
    where everything came late by one delay, the device was heard again sooner than that, and half of all devices were
    heard without delay: else it may be a file handed on, a queue of a device that was offline, or the store's own
    clock. Where the delay is within the tolerance the clock is right; other quarters say nothing. As many quarters, one
    after the other, must agree as the policy asks.

    Parameters
    ----------
    heard : Heard
    rules : Arriving
        The policy's.

    Returns
    -------
    DataFrame
        device; error (microseconds, positive where the clock is ahead); quarters that agree; spread (microseconds) of
        the errors that they show; first and last arrival in them, microseconds since 1970. One row a device, of its
        last such stretch; sorted by device.
    """
    tolerance = round(rules.skew_minutes * _MINUTE_US)
    devices = heard.of("device")
    told = devices.join(_peers(devices), on="quarter", how="left").with_columns(
        _shown(tolerance, rules.skew_peers).alias("clock")
    )
    accused = (
        told.filter(pl.col("clock").is_in([_AHEAD, _BEHIND]))
        .group_by("source")
        .len()
        .filter(pl.col("len") >= rules.skew_quarters)
    )
    # few are left to be sorted: of a city's devices most are right
    theirs = told.filter(pl.col("source").is_in(accused["source"].implode())).sort("source", "quarter")
    since = pl.col("first") - pl.col("last").shift().over("source")
    heard_again = (since < pl.col("least")).fill_null(value=False)
    shown = theirs.filter(pl.col("clock").is_not_null() & ((pl.col("clock") != _BEHIND) | heard_again))
    wrong = _stretches(shown, tolerance, rules.skew_quarters)
    return wrong.select(heard.names["device"].gather(wrong["source"]).alias("device"), pl.exclude("source"))


def _peers(devices: pl.DataFrame) -> pl.DataFrame:
    """How many devices of each quarter say when they sent, and the median of their least delays."""
    return (
        devices.select("quarter", "least")
        .drop_nulls()
        .group_by("quarter")
        .agg(pl.len().alias("peers"), pl.col("least").median().alias("usual"))
    )


def _shown(tolerance: int, peers: int) -> pl.Expr:
    """What a quarter shows of a clock; null where it says nothing. Whether a slow one was heard again is not asked yet."""
    many, least = pl.col("peers") >= peers, pl.col("least")
    return (
        pl.when(many & (pl.col("usual") < -tolerance))
        .then(None)  # half of all devices came before they sent: it is the store's clock
        .when(least < -tolerance)
        .then(_AHEAD)
        .when(least <= tolerance)
        .then(_RIGHT)
        .when(many & (pl.col("usual") <= tolerance) & (pl.col("most") - least <= tolerance))
        .then(_BEHIND)
    )


def _stretches(told: pl.DataFrame, tolerance: int, quarters: int) -> pl.DataFrame:
    """The last stretch of each device in which enough quarters show one error."""
    begins = (
        (pl.col("source") != pl.col("source").shift())
        | (pl.col("clock") != pl.col("clock").shift())
        | ((pl.col("least") - pl.col("least").shift()).abs() > tolerance)
    )
    return (
        told.with_columns(begins.fill_null(value=True).cum_sum().alias("stretch"))
        .filter(pl.col("clock") != _RIGHT)
        .group_by("source", "stretch")
        .agg(
            (-pl.col("least").min()).alias("error"),
            pl.len().alias("quarters"),
            (pl.col("least").max() - pl.col("least").min()).alias("spread"),
            pl.col("first").min(),
            pl.col("last").max(),
        )
        .filter(pl.col("quarters") >= quarters)
        .sort("source", "stretch")
        .unique("source", keep="last", maintain_order=True)
        .drop("stretch")
    )
