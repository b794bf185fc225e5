"""The ledger: what became of every group of tubes; what came in is what went on and what is left."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.tables import STATES

if TYPE_CHECKING:
    from poolpipe.codes import Codes

__all__ = ["balance", "missing_tubes"]


def balance(pools: pl.DataFrame, codes: Codes) -> pl.DataFrame:
    """Count collected tubes by round, site and box that reached each step or a later one.

    Returns
    -------
    DataFrame
        round, site, box (coded), one count per state, and orphans; a tube counted at a step is counted at
        every step before.
    """
    rounds = pl.Series("round", codes.entities["tube"].rounds).gather(pools["tube"])
    collected = pl.col("mode").is_not_null()
    reached = [
        (collected & (pl.col("state") >= place)).sum().cast(pl.Int64).alias(state)
        for place, state in enumerate(STATES)
    ]
    return (
        pools.select("site", "box", "mode", "state")
        .with_columns(rounds)
        .group_by("round", "site", "box")
        .agg(*reached, (~collected).sum().cast(pl.Int64).alias("orphans"))
    )


def missing_tubes(pools: pl.DataFrame, state: str) -> pl.DataFrame:
    """List the collected tubes that came as far as `state` and no further."""
    return pools.filter(pl.col("mode").is_not_null() & (pl.col("state") == STATES.index(state)))
