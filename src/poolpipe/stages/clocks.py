"""Clocks: the time limits between a tube's steps, and the tubes that exceeded them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.tables import CALLS, TIME

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from poolpipe.policy import Policy

__all__ = ["read_clocks"]

_RESULTS = [place for place, call in enumerate(CALLS) if call != "invalid"]


def read_clocks(
    pools: pl.DataFrame, policy: Policy, as_of: datetime, priority_sites: Iterable[int]
) -> pl.DataFrame:
    """Compute every collected tube's clocks.

    Where a clock's own end is missing it ends at the first later step that is known, in the order of the
    steps, and runs on to `as_of` while there is none.

    Parameters
    ----------
    pools : DataFrame
        Coded, as `gather_pools` gives it.
    policy : Policy
        The limits.
    as_of : datetime
        The time as of which the day is seen.
    priority_sites : iterable of int
        Numbers of sites with the shorter limit for results.

    Returns
    -------
    DataFrame
        tube, site and per clock (`room_temperature`, `cold_store`, `result`, `pickup`) the time taken
        where it is over its limit, else null; rows of tubes within every limit are left out.
    """
    clocks = policy.clocks
    called = pl.col("called_at")
    result = pl.when(pl.col("call").is_in(_RESULTS)).then(called)
    received, collected = pl.col("received_at"), pl.col("first_collected")
    priority = pl.col("site").is_in(list(priority_sites)).fill_null(value=False)
    now = pl.lit(as_of, TIME)

    def taken(start: pl.Expr, *ends: pl.Expr) -> pl.Expr:
        return pl.coalesce(*ends, now) - start

    def over(spent: pl.Expr, hours: float) -> pl.Expr:
        return pl.when(spent > pl.duration(microseconds=round(hours * 3_600_000_000))).then(spent)

    since_receipt = taken(received, result)
    late_result = (
        pl.when(priority)
        .then(over(since_receipt, clocks.result_priority))
        .otherwise(over(since_receipt, clocks.result))
    )
    from_swab = taken(collected, result)
    readings = {
        "room_temperature": over(
            taken(collected, received, pl.col("loaded_at"), called), clocks.room_temperature
        ),
        "cold_store": over(taken(collected, pl.col("first_loaded"), called), clocks.cold_store),
        "result": pl.coalesce(late_result, over(from_swab, clocks.result_never_beyond)),
        "pickup": pl.when(pl.col("site").is_not_null()).then(
            over(
                taken(
                    pl.col("last_collected"), pl.col("picked_up_at"), received, pl.col("loaded_at"), called
                ),
                clocks.pickup,
            )
        ),
    }
    return (
        pools.lazy()
        .filter(pl.col("mode").is_not_null())
        .select("tube", "site", "last_collected", **readings)
        .filter(pl.any_horizontal(pl.col(*readings).is_not_null()))
        .collect()
    )
