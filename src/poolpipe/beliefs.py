"""Beliefs: how likely each member is infected, all results of a round and their answers considered."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.tables import CALLS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from poolpipe.decode import Assay
    from poolpipe.links import Links
    from poolpipe.policy import Policy

__all__ = ["believe_members"]


def believe_members(
    pools: pl.DataFrame,
    links: Links,
    recalls: pl.DataFrame,
    doubles: pl.DataFrame,
    policy: Policy,
) -> NDArray[np.float64]:
    """P(infected) of every seat.

    Where nobody of a tube sits elsewhere the answer is in closed form. Recalled tubes are decoded together
    with the singles that answer them, and tubes of a round that share people together, too.

    Parameters
    ----------
    pools : DataFrame
        Coded.
    links : Links
        Who is in which tube.
    recalls, doubles : DataFrame
        Coded: recalls with single_tube, and seats of people in several pool tubes.

    Returns
    -------
    (members,) float64
    """
    from poolpipe.decode.assays import Assay
    from poolpipe.decode.disjoint import posteriors

    assay = Assay(sensitivity=policy.decoding.sensitivity, specificity=policy.decoding.specificity)
    collected = pools.lazy().filter(pl.col("mode").is_not_null()).select("tube", "call").collect()
    calls = collected["call"].fill_null(-1).to_numpy()
    p_infected = posteriors(links.offsets, calls, policy.decoding.prior, assay)
    answers = recalls.filter(pl.col("single_tube").is_not_null()) if recalls.height else recalls
    if answers.is_empty() and doubles.is_empty():
        return p_infected
    linked = pl.concat([answers["tube"], answers["single_tube"], doubles["tube"]])
    seats = links.members_of(linked)
    p_infected[seats["seat"].to_numpy()] = _together(seats, collected, policy, assay)
    return p_infected


def _together(
    seats: pl.DataFrame, collected: pl.DataFrame, policy: Policy, assay: Assay
) -> NDArray[np.float64]:
    from poolpipe.decode import decode

    words = pl.Series("call", CALLS)
    tubes = collected.join(seats.select("tube").unique(), on="tube", how="semi", maintain_order="left")
    called = tubes.select(pl.col("tube").alias("pool"), words.gather(tubes["call"]).alias("call"))
    people = (
        seats.select("person")
        .unique(maintain_order=True)
        .with_columns(pl.lit(policy.decoding.prior).alias("prior"))
    )
    decoded = decode(seats.select(pl.col("tube").alias("pool"), "person"), called, people, assay=assay)
    found = seats.join(
        decoded.people.select("person", "p_infected"), on="person", how="left", maintain_order="left"
    )
    return found["p_infected"].to_numpy()
