"""Ledger: how many tubes of each round, site and box reached each state; the counts add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.tables import STATES

if TYPE_CHECKING:
    from poolpipe.coding.dictionaries import Dictionaries

__all__ = ["balance", "missing_tubes"]

_ORPHAN = -1
"""The place, before all states, of a tube that nobody was scanned into."""


def balance(pools: pl.DataFrame, codes: Dictionaries) -> pl.DataFrame:
    """Count collected tubes by round, site and box that reached each step or a later one.

    Returns
    -------
    DataFrame
        round, site, box (coded), one count per state, and orphans; a tube counted at a step is counted at
        every step before.
    """
    rounds = pl.Series("round", codes.entities["tube"].rounds).gather(pools["tube"])
    # Counting every place first makes one number a tube of the seven, and few rows to add up.
    place = pl.when(pl.col("mode").is_not_null()).then(pl.col("state")).otherwise(_ORPHAN).alias("place")
    counted = (
        pools.select("site", "box", place)
        .with_columns(rounds)
        .group_by("round", "site", "box", "place")
        .agg(pl.len().cast(pl.Int64).alias("tubes"))
    )

    def tubes(places: pl.Expr, name: str) -> pl.Expr:
        return pl.col("tubes").filter(places).sum().alias(name)

    reached = [tubes(pl.col("place") >= place, state) for place, state in enumerate(STATES)]
    return counted.group_by("round", "site", "box").agg(
        *reached, tubes(pl.col("place") == _ORPHAN, "orphans")
    )


def missing_tubes(pools: pl.DataFrame, state: str) -> pl.DataFrame:
    """List the collected tubes that came as far as `state` and no further."""
    return pools.filter(pl.col("mode").is_not_null() & (pl.col("state") == STATES.index(state)))
