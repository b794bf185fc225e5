"""Ledger: how many tubes of each round, site and box reached each state; the counts add up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.tables import STATES

if TYPE_CHECKING:
    from poolpipe.coding.dictionaries import Dictionaries

__all__ = ["balance", "missing_tubes"]

_ORPHAN = -1
"""State number of a tube without people; it is below all states."""


def balance(pools: pl.DataFrame, codes: Dictionaries) -> pl.DataFrame:
    """Count collected tubes by round, site and box that reached each step or a later one.

    Parameters
    ----------
    pools : DataFrame
        Coded, as `gather_pools` gives it.
    codes : Dictionaries
        Give each tube's round.

    Returns
    -------
    DataFrame
        round, site, box (coded), one count per state, and orphans; a tube counted at a step is counted at
        every step before.
    """
    rounds = pl.Series("round", codes.entities["tube"].rounds).gather(pools["tube"])
    # Counting by the last state first reads one number per tube instead of seven, and leaves few rows to add up.
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
    """List the collected tubes that reached `state` and no later one.

    Parameters
    ----------
    pools : DataFrame
        Coded, as `gather_pools` gives it.
    state : str
        One of `tables.STATES`.

    Returns
    -------
    DataFrame
        Rows of `pools`.
    """
    return pools.filter(pl.col("mode").is_not_null() & (pl.col("state") == STATES.index(state)))
