"""Retention: until when each tube with a result is kept, which may be discarded and which are overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.tables import CALLS, RETENTION, TIME

if TYPE_CHECKING:
    from datetime import datetime

    from poolpipe.policy import Policy

__all__ = ["count_by_lab", "keep_tubes"]

_INVALID, _NEGATIVE = CALLS.index("invalid"), CALLS.index("negative")
_KEEP, _MAY_DISCARD, _OVERDUE = range(len(RETENTION))


def keep_tubes(pools: pl.DataFrame, policy: Policy, as_of: datetime) -> pl.DataFrame:
    """Compute until when each tube with a result is kept, and its status.

    A negative tube is kept for `policy.retention.negative` hours from its result, a suspect or positive one for
    `policy.retention.positive`. A tube without a valid result that a lab has tested, and one whose positive or
    suspect well was set aside with its plate, is kept until it is tested again.

    Parameters
    ----------
    pools : DataFrame
        Coded, as `gather_pools` gives it.
    policy : Policy
        Its `retention`.
    as_of : datetime
        The time as of which the day is seen.

    Returns
    -------
    DataFrame
        Coded, in the order of `pools`: tube, lab, call, kept_from, keep_until, temperature_c (null while a tube
        waits for its result) and status, an index into `tables.RETENTION`.
    """
    rules, now = policy.retention, pl.lit(as_of, TIME)
    again = pl.col("set_aside") | (pl.col("call") == _INVALID).fill_null(value=True)
    negative = pl.col("call") == _NEGATIVE
    hours = pl.when(negative).then(_micros(rules.negative)).otherwise(_micros(rules.positive))
    degrees = pl.when(negative).then(rules.negative_c).otherwise(rules.positive_c).cast(pl.Float64)
    over = now - pl.col("keep_until")
    status = (
        pl.when(over > _micros(rules.discard)).then(_OVERDUE)
        .when(over >= pl.duration()).then(_MAY_DISCARD)
        .otherwise(_KEEP)
    )  # fmt: skip
    return (
        pools.lazy()
        .filter(pl.col("call").is_not_null() | pl.col("set_aside"))
        .select(
            "tube",
            "lab",
            "call",
            pl.when(~again).then(pl.col("called_at")).alias("kept_from"),
            pl.when(~again).then(pl.col("called_at") + hours).alias("keep_until"),
            pl.when(~again).then(degrees).alias("temperature_c"),
        )
        .with_columns(status.cast(pl.Int8).alias("status"))
        .collect()
    )


def count_by_lab(kept: pl.DataFrame) -> pl.DataFrame:
    """Count kept tubes by lab and status.

    Parameters
    ----------
    kept : DataFrame
        lab, keep_until and status (an index into `tables.RETENTION`).

    Returns
    -------
    DataFrame
        lab, keep, again (kept until tested again), may_discard, overdue, next (the earliest keep_until to come).
    """
    again = pl.col("keep_until").is_null()
    return kept.group_by("lab").agg(
        ((pl.col("status") == _KEEP) & ~again).sum().alias("keep"),
        again.sum().alias("again"),
        (pl.col("status") == _MAY_DISCARD).sum().alias("may_discard"),
        (pl.col("status") == _OVERDUE).sum().alias("overdue"),
        pl.col("keep_until").filter(pl.col("status") == _KEEP).min().alias("next"),
    )


def _micros(hours: float) -> pl.Expr:
    return pl.duration(microseconds=round(hours * 3_600_000_000))
