"""Workload: what each lab received, loaded and reported hour by hour, against its capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.tables import CALLS, ROLES, TIME

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["by_day", "total_labs", "weigh_labs"]

_INVALID = CALLS.index("invalid")
_SAMPLE = ROLES.index("sample")
_STEPS = ("received", "loaded", "reported", "arrived")
_KEYS = {"lab": pl.UInt32(), "hour": TIME}


def weigh_labs(
    pools: pl.DataFrame, frames: Mapping[str, pl.DataFrame], capacities: pl.DataFrame
) -> pl.DataFrame:
    """Count the tubes of every lab by hour, and those that wait there at the hour's end.

    Parameters
    ----------
    pools : DataFrame
        Coded, as `gather_pools` gives it.
    frames : mapping of DataFrame
        Coded load events: each sample well is a test, re-runs too.
    capacities : DataFrame
        lab (number) and capacity_per_day, tubes a day; may be empty.

    Returns
    -------
    DataFrame
        Coded, one row per lab and hour (UTC) with an event: lab (null where unknown), hour, received, loaded,
        reported, waiting (tubes that were received or loaded by then and have no result), capacity_per_hour (tubes;
        null where the lab's is not known).
    """
    result = pl.col("call").fill_null(_INVALID) != _INVALID
    came = pl.min_horizontal("received_at", "first_loaded", pl.when(result).then(pl.col("called_at")))
    loads = frames["load"]
    counted = [
        _by_hour(pools, "box_lab", pl.col("received_at"), "received"),
        _by_hour(loads.filter(pl.col("role") == _SAMPLE), "lab", pl.col("at"), "loaded")
        if loads.height
        else _NONE,
        _by_hour(pools, "lab", pl.when(result).then(pl.col("called_at")), "reported"),
        _by_hour(pools, "lab", came, "arrived"),
    ]
    left = pl.col("arrived").cum_sum().over("lab") - pl.col("reported").cum_sum().over("lab")
    return (
        pl.concat(counted, how="diagonal")
        .group_by("lab", "hour")
        .agg(pl.col(_STEPS).sum())
        .sort("lab", "hour")
        .with_columns(left.alias("waiting"))
        .join(capacities, on="lab", how="left", nulls_equal=False)
        .with_columns((pl.col("capacity_per_day") / 24).alias("capacity_per_hour"))
        .drop("arrived", "capacity_per_day")
    )


def by_day(workload: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Add a lab's hours up to days of a time zone.

    Parameters
    ----------
    workload : DataFrame
        The table `workload`.
    zone : str
        IANA time zone of the days.

    Returns
    -------
    DataFrame
        lab, day, received, loaded, reported, waiting (at the day's end), capacity_per_day, share (the larger of
        received and loaded of the capacity; null where that is not known), busiest_hour (of both), by lab and day.
    """
    day = pl.col("hour").dt.convert_time_zone(zone).dt.date().alias("day")
    busy = pl.max_horizontal("received", "loaded")
    return (
        workload.sort("lab", "hour")
        .group_by("lab", day, maintain_order=True)
        .agg(
            pl.col("received", "loaded", "reported").sum(),
            pl.col("waiting").last(),
            (pl.col("capacity_per_hour").first() * 24).alias("capacity_per_day"),
            pl.col("hour").get(busy.arg_max()).alias("busiest_hour"),
        )
        .with_columns((busy / pl.col("capacity_per_day")).alias("share"))
    )


def total_labs(workload: pl.DataFrame, listed: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Add up each lab's days.

    Parameters
    ----------
    workload : DataFrame
        The table `workload`.
    listed : DataFrame
        lab and capacity_per_day of the labs on the list; labs without any tube have a row, too.
    zone : str
        IANA time zone of the days.

    Returns
    -------
    DataFrame
        lab, capacity_per_day, received, loaded, reported, waiting (now), busiest_day, busiest_share; by lab.
    """
    days = by_day(workload, zone)
    busiest = pl.max_horizontal("received", "loaded").arg_max()
    seen = days.group_by("lab").agg(
        pl.col("capacity_per_day").first(),
        pl.col("received", "loaded", "reported").sum(),
        pl.col("waiting").last(),
        pl.col("day").get(busiest).cast(pl.String).alias("busiest_day"),
        pl.col("share").get(busiest).alias("busiest_share"),
    )
    idle = listed.join(seen, on="lab", how="anti").select("lab", "capacity_per_day")
    counts = [pl.col(name).fill_null(0) for name in ("received", "loaded", "reported", "waiting")]
    return pl.concat([seen, idle], how="diagonal").with_columns(counts).sort("lab", nulls_last=True)


_NONE = pl.DataFrame(schema={**_KEYS, **dict.fromkeys(_STEPS, pl.Int64())})


def _by_hour(frame: pl.DataFrame, lab: str, at: pl.Expr, step: str) -> pl.DataFrame:
    """Count tubes or wells per lab and hour of `at`; rows where that is null are not counted."""
    none = [pl.lit(0, pl.Int64).alias(each) for each in _STEPS if each != step]
    # hours are small integers until the few rows of the result become times
    hour = (at.cast(TIME).to_physical() // 3_600_000_000).cast(pl.Int32)
    return (
        frame.lazy()
        .select(pl.col(lab).cast(pl.UInt32).alias("lab"), hour.alias("hour"))
        .filter(pl.col("hour").is_not_null())
        .group_by("lab", "hour")
        .agg(pl.len().cast(pl.Int64).alias(step))
        .with_columns((pl.col("hour").cast(pl.Int64) * 3_600_000_000).cast(TIME).alias("hour"), *none)
        .select(*_KEYS, *_STEPS)
        .collect()
    )
