"""Which counts of a day's marts are hidden: the trees of `suppression` over coverage, positives and faults of scans."""

from __future__ import annotations

import polars as pl

from poolpipe.nightly.suppression import hide_small

__all__ = ["hidden_coverage", "hidden_faults", "hidden_positives"]

_LEVELS = ("city", "township", "community", "building")


def hidden_coverage(counts: pl.DataFrame, limit: int) -> pl.DataFrame:
    """Say which rows of the mart `coverage` are hidden.

    Parameters
    ----------
    counts : DataFrame
        As sql/base/coverage_counts.sql.
    limit : int
        The policy's `small_cell`.

    Returns
    -------
    DataFrame
        round, level, township, community, building; null below the level.
    """
    keys = ["round", "township", "community", "building"]
    hidden = hide_small(counts, keys, "not_collected", "people", limit)
    return pl.concat(
        [
            rows.with_columns(pl.lit(level).alias("level"))
            for level, rows in zip(_LEVELS, hidden, strict=True)
        ],
        how="diagonal",
    ).select("round", "level", "township", "community", "building")


def hidden_positives(counts: pl.DataFrame, limit: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Say which rows of the mart `positivity` are hidden.

    Which laboratory tests the tubes of which site is no secret, and positives by laboratory are shown. So counts are
    moved in thought only among communities of one laboratory: the tree is city, laboratory, township, community.

    Parameters
    ----------
    counts : DataFrame
        As sql/base/positive_counts.sql.
    limit : int
        The policy's `small_cell`.

    Returns
    -------
    rows : DataFrame
        mode, level, township, community, lab (empty text where none).
    levels : DataFrame
        mode, level: of these nothing is shown.
    """
    place = ["mode", "township", "community"]
    whole = counts.group_by(place).agg(pl.col("tubes", "positive").sum().name.prefix("all_"))
    township = counts.group_by(place[:2]).agg(pl.col("positive").sum().alias("township_positive"))
    few = pl.col("all_positive").is_between(1, limit) | (pl.col("all_tubes") <= limit)
    few |= pl.col("township_positive").is_between(1, limit) & (pl.col("positive") > 0)
    leaves = counts.join(whole, on=place).join(township, on=place[:2]).with_columns(few.alias("is_small"))
    keys = ["mode", "lab", "township", "community"]
    cities, labs, townships, communities = hide_small(
        leaves, keys, "positive", "tubes", limit, small="is_small"
    )
    rows = [
        townships.select(place[:2]).unique().with_columns(pl.lit("township").alias("level")),
        communities.select(place).unique().with_columns(pl.lit("community").alias("level")),
        *(labs.with_columns(pl.lit(level).alias("level")) for level in ("lab", "plate")),
    ]
    told = (
        pl.concat(rows, how="diagonal")
        .with_columns(pl.col("lab").fill_null(""))
        .select("mode", "level", "township", "community", "lab")
    )
    # kits are a laboratory's: a kit's positives less those of the other laboratories would give a hidden one's
    kits = labs.select("mode").unique().with_columns(pl.lit("kit").alias("level"))
    every = pl.DataFrame({"level": ["city", "township", "community", "lab", "plate", "kit", "hour"]})
    levels = pl.concat([kits, cities.select("mode").join(every, how="cross")]).unique()
    return told, levels


def hidden_faults(counts: pl.DataFrame, limit: int) -> pl.DataFrame:
    """Say which rows of the mart `scan_errors` are hidden: faults of people, where they are few.

    Parameters
    ----------
    counts : DataFrame
        As sql/base/fault_counts.sql.
    limit : int
        The policy's `small_cell`.

    Returns
    -------
    DataFrame
        code, site, device; of a code whose total is hidden every row.
    """
    keys = ["code", "place", "site", "device"]
    named = counts.filter("is_person").with_columns(
        # a null is a place like any other, and no text that a site could have
        pl.struct("site", "device").rank("dense").alias("place")
    )
    leaves = named.select("code", "place", "faults", "scans")
    whole, hidden = hide_small(leaves, ["code", "place"], "faults", "scans", limit)
    every = named.join(whole, on="code", how="semi")
    return (
        pl.concat([every, named.join(hidden, on=["code", "place"], how="semi")])
        .select(keys[0], *keys[2:])
        .unique()
    )
