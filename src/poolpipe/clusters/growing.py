"""Find clusters of positives: how large, since when, how fast they grow, where, and whom to ask first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.clusters.linking import label_linked
from poolpipe.clusters.positives import positives_of
from poolpipe.clusters.scan import scan_last_days
from poolpipe.tables import TIME

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from numpy.typing import NDArray

    from poolpipe.cluster_policy import Clustering
    from poolpipe.policy import Policy

__all__ = ["find_clusters"]

_DAY_US = 86_400_000_000
_MOST_PLACES = 3


def find_clusters(
    pools: pl.DataFrame,
    members_of: Callable[[pl.Series], pl.DataFrame],
    p_infected_of: Callable[[NDArray[np.int64]], NDArray[np.float64]],
    households_of: Callable[[pl.Series], pl.DataFrame | None],
    coordinates_of: Callable[[], pl.DataFrame],
    policy: Policy,
    as_of: datetime,
) -> pl.DataFrame:
    """Find the clusters of a day.

    Parameters
    ----------
    pools, members_of, p_infected_of
        As of `positives_of`.
    households_of : callable
        Gives person, household of some people; a person of several households counts with the first. None where no list
        names households. Not asked where there is no positive.
    coordinates_of : callable
        Gives site, longitude, latitude of some sites.
    policy : Policy
        Its section `[clusters]`, and the time zone of the scan's days.
    as_of : datetime
        The moment as of which the day is seen; growth and the scan's windows end with it.

    Returns
    -------
    DataFrame
        Coded, sorted by first_seen and tube: tube (of the first positive), size, pools, households, first_seen, last_seen, growth, sites,
        places (list of site, point, positives), asked (list of keys), p (null: no scan, or no growth).
    """
    rules = policy.clusters
    positives = positives_of(pools, members_of, p_infected_of)
    people = positives["person"].drop_nulls()
    rows = _with_households(positives, households_of(people) if len(people) else None)
    label = pl.Series("cluster", label_linked(rows, round(rules.days * _DAY_US)), pl.Int64)
    rows = rows.with_columns(label).filter(pl.len().over("cluster") >= rules.least)
    if rows.is_empty():
        return _told(rows, rules, as_of).with_columns(pl.lit(None, pl.Float64).alias("p"))
    scanned = _scanned(positives, coordinates_of(), rules, policy.time_zone, as_of)
    chance = rows.join(scanned, on="site").group_by("cluster").agg(pl.col("p").min())
    found = _told(rows, rules, as_of).join(chance, on="cluster", how="left", maintain_order="left")
    # A circle reaches beyond the cluster's sites: what is unusual there is not told of a cluster that has ended.
    alive = pl.when(pl.col("growth") > 0).then("p")
    return found.with_columns(alive.alias("p")).drop("cluster").sort("first_seen", "tube")


def _with_households(positives: pl.DataFrame, households: pl.DataFrame | None) -> pl.DataFrame:
    if households is None:
        return positives.with_columns(pl.lit(None, pl.UInt32).alias("household"))
    first = households.group_by("person").agg(pl.col("household").min())
    return positives.join(first, on="person", how="left", maintain_order="left")


def _told(rows: pl.DataFrame, rules: Clustering, as_of: datetime) -> pl.DataFrame:
    """One row per cluster; rows are in the order of time."""
    lately = pl.col("at") > pl.lit(as_of, TIME) - pl.duration(microseconds=round(rules.days * _DAY_US))
    counted = rows.group_by("cluster", maintain_order=True).agg(
        pl.first("tube"),
        pl.len().cast(pl.Int64).alias("size"),
        pl.col("person").is_null().sum().cast(pl.Int64).alias("pools"),
        pl.col("household").drop_nulls().n_unique().cast(pl.Int64).alias("households"),
        pl.col("at").min().alias("first_seen"),
        pl.col("at").max().alias("last_seen"),
        lately.sum().cast(pl.Int64).alias("growth"),
        pl.col("site").drop_nulls().n_unique().cast(pl.Int64).alias("sites"),
    )
    asked = (  # who is known to be infected before people of pools in which nobody is, the earliest swab first
        rows.sort("cluster", pl.col("person").is_null(), maintain_order=True)
        .select("cluster", "asked")
        .explode("asked")
        .unique(maintain_order=True)
        .group_by("cluster", maintain_order=True)
        .agg(pl.col("asked").head(rules.ask))
    )
    placed = (
        rows.filter(pl.col("site").is_not_null() | pl.col("point").is_not_null())
        .group_by("cluster", "site", "point")
        .len("positives")
        .sort("cluster", pl.col("positives").cast(pl.Int64).neg(), "site", "point", nulls_last=True)
        .group_by("cluster", maintain_order=True)
        .agg(pl.struct("site", "point", "positives").head(_MOST_PLACES).alias("places"))
    )
    for told in (asked, placed):
        counted = counted.join(told, on="cluster", how="left", maintain_order="left")
    return counted


def _scanned(
    positives: pl.DataFrame, sites: pl.DataFrame, rules: Clustering, zone: str, as_of: datetime
) -> pl.DataFrame:
    """Chance of what is around each site: site, p (null: no scan)."""
    placed = positives.filter(pl.col("site").is_not_null())
    last = pl.lit(as_of, TIME).dt.convert_time_zone(zone).dt.date()
    age = (last - pl.col("at").dt.convert_time_zone(zone).dt.date()).dt.total_days()
    cases = placed.select("site", age.alias("age"))
    known = cases["site"].unique().sort()
    where = known.to_frame().join(sites.unique("site"), on="site", how="left", maintain_order="left")
    p = scan_last_days(
        known.search_sorted(cases["site"]).to_numpy().astype(np.int64)
        if len(known)
        else np.empty(0, np.int64),
        cases["age"].to_numpy().astype(np.int64),
        where.select("longitude", "latitude").cast(pl.Float64).fill_null(np.nan).to_numpy(),
        longest=rules.scan_days,
        neighbours=rules.scan_sites,
        orders=rules.orders,
    )
    return pl.DataFrame({"site": known, "p": pl.Series(p).fill_nan(None)})
