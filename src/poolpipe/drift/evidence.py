"""Lay a day's events and tables out as the charts take them."""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

__all__ = ["DriftEvidence", "contradictions_of", "evidence_of", "readings_of"]

_PLATE = ("round", "plate")


class DriftEvidence(NamedTuple):
    """What `find_drift` looks at; its first three parameters."""

    readings: pl.DataFrame
    calls: pl.DataFrame
    contradictions: pl.DataFrame


def evidence_of(
    reads: pl.DataFrame,
    loads: pl.DataFrame,
    reports: pl.DataFrame,
    pools: pl.DataFrame,
    anomalies: pl.DataFrame,
    places: pl.DataFrame | None = None,
) -> DriftEvidence:
    """Lay events and tables out.

    Parameters
    ----------
    reads, loads, reports : DataFrame
        Events by docs/tables.md, in words: reads round, plate, well, target, ct, at, instrument; loads round, plate, well, role, lab;
        reports round, tube, lab, at, call. Voided ones taken out.
    pools, anomalies : DataFrame
        Tables by docs/tables.md.
    places : DataFrame, optional
        site, place: the community of each site; a site is its own place where it is not given.

    Returns
    -------
    DriftEvidence
        A read-out whose plate nobody loaded has no laboratory and is left out; of a well read twice every read-out counts.
    """
    tested = pools.filter(
        pl.col("call").is_in(["positive", "suspect", "negative"]) & pl.col("lab").is_not_null()
    )
    known = (
        tested.join(places, on="site", how="left")
        if places is not None
        else tested.with_columns(pl.lit(None, pl.String).alias("place"))
    )
    calls = known.select(
        "lab",
        pl.col("called_at").alias("at"),
        pl.coalesce("place", "site", pl.lit("")).alias("place"),
        (pl.col("call") == "positive").alias("is_positive"),
    ).filter(pl.col("at").is_not_null())
    return DriftEvidence(readings_of(reads, loads), calls, contradictions_of(reports, anomalies))


def readings_of(reads: pl.DataFrame, loads: pl.DataFrame) -> pl.DataFrame:
    """Say of each read-out which laboratory's it is, and what is in its well.

    Parameters
    ----------
    reads, loads : DataFrame
        As of `evidence_of`; all loads of each plate.

    Returns
    -------
    DataFrame
        As `DriftEvidence.readings`.
    """
    rounds = pl.col("round").fill_null("")
    wells = (
        loads.with_columns(rounds)
        .group_by(*_PLATE, "well")
        .agg(
            pl.col("role").fill_null("sample").first(),
            pl.col("role").fill_null("sample").n_unique().alias("roles"),
        )
        .filter(pl.col("roles") == 1)
    )
    labs = (
        loads.with_columns(rounds)
        .filter(pl.col("lab").is_not_null())
        .sort("lab")
        .group_by(_PLATE)
        .agg(pl.col("lab").first())
    )
    return (
        reads.with_columns(rounds)
        .join(wells, on=[*_PLATE, "well"])
        .join(labs, on=_PLATE)
        .select("lab", *_PLATE, "well", "role", "target", "ct", "at", "instrument")
    )


def contradictions_of(reports: pl.DataFrame, anomalies: pl.DataFrame) -> pl.DataFrame:
    """Find the reports of tubes whose calls conflict.

    Parameters
    ----------
    reports, anomalies : DataFrame
        As of `evidence_of`.

    Returns
    -------
    DataFrame
        As `DriftEvidence.contradictions`.
    """
    rounds = pl.col("round").fill_null("")
    doubted = anomalies.filter(pl.col("code") == "conflicting_calls").select(
        rounds, pl.col("subject").alias("tube"), "detail"
    )
    return (
        reports.with_columns(rounds)
        .filter(pl.col("lab").is_not_null())
        .join(doubted, on=["round", "tube"])
        .select("lab", "at", "tube", pl.col("call").alias("reported"), pl.col("detail").alias("read"))
    )
