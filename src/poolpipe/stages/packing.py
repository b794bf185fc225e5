"""Packing: how many tubes travelled in each box, and which boxes held more than their capacity."""

from __future__ import annotations

import polars as pl

__all__ = ["count_boxes"]


def count_boxes(pools: pl.DataFrame) -> pl.DataFrame:
    """Count the tubes of every journey of a box; boxes are used again.

    Parameters
    ----------
    pools : DataFrame
        Coded, as `gather_pools` gives it.

    Returns
    -------
    DataFrame
        box (coded), picked_up_at, received_at, tubes, people, packed_at (last packing), box_lab; one row per box
        and journey, tubes that wait for the courier in a row of their own. Tubes that wait and were packed over more
        than a day are left out: such a box was never scanned on its way and may have made any number of journeys.
    """
    left = pl.coalesce("picked_up_at", "received_at")
    waits = (pl.col("packed_at") > left).fill_null(value=True)
    return (
        pools.lazy()
        .filter(pl.col("box").is_not_null())
        .select("box", "people", "packed_at", "box_lab", "picked_up_at", "received_at", waits.alias("waits"))
        .group_by("box", "picked_up_at", "received_at", "waits")
        .agg(
            pl.len().cast(pl.Int64).alias("tubes"),
            pl.col("people").sum(),
            pl.col("packed_at").max(),
            pl.col("packed_at").min().alias("first_packed"),
            pl.col("box_lab").first(),
        )
        .filter(~pl.col("waits") | (pl.col("packed_at") - pl.col("first_packed") <= pl.duration(days=1)))
        .with_columns(
            pl.when(~pl.col("waits")).then(pl.col(name)).alias(name)
            for name in ("picked_up_at", "received_at")
        )
        .drop("waits", "first_packed")
        .collect()
    )
