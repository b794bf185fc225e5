"""Positives of a day: people who are likely infected, and pools in which nobody is known to be the one yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.tables import CALLS

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

__all__ = ["positives_of"]

_LIKELY = 0.5
"""From this probability on a person counts as infected, and a pool as holding somebody infected."""


def positives_of(
    pools: pl.DataFrame,
    members_of: Callable[[pl.Series], pl.DataFrame],
    p_infected_of: Callable[[NDArray[np.int64]], NDArray[np.float64]],
) -> pl.DataFrame:
    """List the positives: everybody of a positive or suspect tube who is likely infected, once, at the first such tube.

    A positive or suspect tube in which nobody is likely infected, though somebody is, counts as one positive of unknown person.

    Parameters
    ----------
    pools : DataFrame
        Coded tubes: tube, mode, call, site, point.
    members_of : callable
        Gives the seats of some tubes: tube, person, collected_at, seat.
    p_infected_of : callable
        Gives P(infected) of some seats.

    Returns
    -------
    DataFrame
        tube, person (null: not known who), at, site, point, asked (list of the keys of people, the likeliest first); sorted by at,
        tube, person.
    """
    alarming = pools.filter((pl.col("call") >= CALLS.index("suspect")) & pl.col("mode").is_not_null())
    places = alarming.select("tube", "site", "point")
    seats = members_of(alarming["tube"])
    likely = pl.Series("p", p_infected_of(seats["seat"].to_numpy()), pl.Float64)
    seats = seats.select("tube", "person", pl.col("collected_at").alias("at"), likely)
    people = (
        seats.filter(pl.col("p") >= _LIKELY)
        .sort("at", "tube", "person")
        .unique("person", keep="first", maintain_order=True)
        .select("tube", "person", "at", pl.concat_list("person").alias("asked"))
    )
    known = seats.filter(pl.col("p") >= _LIKELY)["tube"].unique()
    nobody = (1.0 - pl.col("p")).product()
    unknown = (
        seats.filter(~pl.col("tube").is_in(known.implode()))
        .sort("tube", pl.col("p").neg(), "at", "person")
        .group_by("tube", maintain_order=True)
        .agg(nobody.alias("nobody"), pl.col("at").min(), pl.col("person").alias("asked"))
        .filter(pl.col("nobody") <= 1.0 - _LIKELY)
        .select("tube", pl.lit(None, pl.Int64).alias("person"), "at", "asked")
    )
    both = pl.concat([people, unknown]).join(places, on="tube", how="left")
    return both.select("tube", "person", "at", "site", "point", "asked").sort("at", "tube", "person")
