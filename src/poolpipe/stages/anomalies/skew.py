"""Devices whose clock is wrong: `sent_at` by the device's clock against the arrival by the store's.

What is sent takes time to arrive, and only ever more: lines are slow, devices offline, files handed on late. The least
delay of a quarter of an hour is therefore nearest to the clock's error, and one quarter proves nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from poolpipe.arrival_policy import Arriving

__all__ = ["wrong_clocks"]

_MINUTE_US: Final = 60_000_000
_AHEAD, _BEHIND, _RIGHT = 1, -1, 0


def wrong_clocks(heard: pl.DataFrame, rules: Arriving) -> pl.DataFrame:
    """Estimate the errors of devices' clocks, and list those that count as wrong.

    A quarter of an hour speaks for a clock ahead where something came before it was sent. For a clock behind it speaks
    where everything came late by one delay, the device was heard again sooner than that, and half of all devices were
    heard without delay: else it may be a file handed on, a queue of a device that was offline, or the store's own
    clock. Where the delay is within the tolerance the clock is right; other quarters say nothing. As many quarters, one
    after the other, must agree as the policy asks.

    Parameters
    ----------
    heard : DataFrame
        As `coding.quarters.HEARD`.
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
    says = heard.filter(pl.col("least").is_not_null())["device"].unique().drop_nulls()
    devices = (
        heard.filter(pl.col("device").is_in(says.implode()))
        .group_by("device", "quarter")
        .agg(pl.col("first", "least").min(), pl.col("last", "most").max())
    )
    peers = devices.group_by("quarter").agg(
        pl.col("least").count().alias("peers"), pl.col("least").median().alias("usual")
    )
    many = pl.col("peers") >= rules.skew_peers
    least = pl.col("least")
    told = (
        devices.join(peers, on="quarter", how="left")
        .sort("device", "quarter")
        .with_columns(since=pl.col("first") - pl.col("last").shift().over("device"))
        .with_columns(
            pl.when(many & (pl.col("usual") < -tolerance))
            .then(None)  # half of all devices came before they sent: it is the store's clock
            .when(least < -tolerance)
            .then(_AHEAD)
            .when(least <= tolerance)
            .then(_RIGHT)
            .when(
                many
                & (pl.col("usual") <= tolerance)
                & (pl.col("most") - least <= tolerance)
                & (pl.col("since") < least)
            )
            .then(_BEHIND)
            .alias("clock")
        )
        .filter(pl.col("clock").is_not_null())
    )
    return _stretches(told, tolerance, rules.skew_quarters)


def _stretches(told: pl.DataFrame, tolerance: int, quarters: int) -> pl.DataFrame:
    """The last stretch of each device in which enough quarters show one error."""
    begins = (
        (pl.col("device") != pl.col("device").shift())
        | (pl.col("clock") != pl.col("clock").shift())
        | ((pl.col("least") - pl.col("least").shift()).abs() > tolerance)
    )
    return (
        told.with_columns(begins.fill_null(value=True).cum_sum().alias("stretch"))
        .filter(pl.col("clock") != _RIGHT)
        .group_by("device", "stretch")
        .agg(
            (-pl.col("least").min()).alias("error"),
            pl.len().alias("quarters"),
            (pl.col("least").max() - pl.col("least").min()).alias("spread"),
            pl.col("first").min(),
            pl.col("last").max(),
        )
        .filter(pl.col("quarters") >= quarters)
        .sort("device", "stretch")
        .unique("device", keep="last", maintain_order=True)
        .drop("stretch")
    )
