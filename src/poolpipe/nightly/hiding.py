"""Which counts of a day's marts are hidden: the trees of `suppression` over coverage, positives and faults of scans."""

from __future__ import annotations

import polars as pl

from poolpipe.nightly.revising import changed_little, hide_changes
from poolpipe.nightly.suppression import hide_small

__all__ = ["hidden_coverage", "hidden_faults", "hidden_positives", "hidden_visits"]

_LEVELS = ("city", "township", "community", "building")


def hidden_coverage(counts: pl.DataFrame, limit: int, before: pl.DataFrame | None = None) -> pl.DataFrame:
    """Say which rows of the mart `coverage` are hidden.

    Parameters
    ----------
    counts : DataFrame
        As sql/base/coverage_counts.sql.
    limit : int
        The policy's `small_cell`.
    before : DataFrame, optional
        The mart's rows of the same day in the file before, which a reader may have kept (`revising`).

    Returns
    -------
    DataFrame
        round, level, township, community, building; null below the level.
    """
    keys = ["round", "township", "community", "building"]
    hidden = hide_small(counts, keys, "not_collected", "people", limit)
    if before is not None:
        told = before.select(*keys, pl.col("not_collected").alias("was"))
        again = hide_changes(counts, keys, "not_collected", "people", told, limit)
        hidden = [pl.concat(each).unique() for each in zip(hidden, again, strict=True)]
    return pl.concat(
        [
            rows.with_columns(pl.lit(level).alias("level"))
            for level, rows in zip(_LEVELS, hidden, strict=True)
        ],
        how="diagonal",
    ).select("round", "level", "township", "community", "building")


def hidden_positives(
    counts: pl.DataFrame, limit: int, before: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Say which rows of the mart `positivity` are hidden.

    Which laboratory tests the tubes of which site is no secret, and positives by laboratory are shown. So counts are
    moved in thought only among communities of one laboratory: the tree is city, laboratory, township, community.

    Parameters
    ----------
    counts : DataFrame
        As sql/base/positive_counts.sql.
    limit : int
        The policy's `small_cell`.
    before : DataFrame, optional
        The mart's rows of the same day in the file before, which a reader may have kept (`revising`).

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
    hidden = hide_small(leaves, keys, "positive", "tubes", limit, small="is_small")
    if before is not None:
        told = _told_before(counts, before)
        again = hide_changes(counts, keys, "positive", "tubes", told, limit)
        hidden = [pl.concat(each).unique() for each in zip(hidden, again, strict=True)]
        hidden[2] = pl.concat([hidden[2], _torn(counts, hidden[3], before)])
    cities, labs, townships, communities = hidden
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


def _told_before(counts: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """What an earlier file says of the nodes city, laboratory, township, community: mode, lab, township, community, was.

    It tells positives by place of all laboratories together. Where one laboratory alone tests a place they are its own;
    where several do, only a community that did not change at all is known by laboratory, and a township only where nothing
    changed that was shown: then the same is shown again, and the difference tells nothing.
    """
    place = ["mode", "township", "community"]
    was = before.select(
        "mode", "level", pl.col("lab").fill_null(""), "township", "community", pl.col("positive").alias("was")
    )
    still = _unchanged(counts, was)
    parts = [
        was.filter(level="city").select("mode", "was"),
        was.filter(level="lab").select("mode", "lab", "was"),
    ]
    for depth, level in ((2, "township"), (3, "community")):
        key = place[:depth]
        now = counts.group_by("lab", *key).agg(pl.col("positive").sum())
        labs = now.group_by(key).agg(
            pl.col("lab").n_unique().alias("labs"), pl.col("positive").sum().alias("all")
        )
        told = was.filter(level=level).select(*key, "was", pl.lit(value=True).alias("is_told"))
        joined = now.join(labs, on=key).join(told, on=key, how="left")
        earlier = pl.when(pl.col("is_told")).then("was").otherwise(0)
        same = earlier == pl.col("all")
        if level == "township":
            same &= pl.col("mode").is_in(still)
        own = pl.when(pl.col("labs") == 1).then(earlier).when(same).then("positive")
        parts.append(joined.select("mode", "lab", *key[1:], own.alias("was")))
    keys = ("mode", "lab", "township", "community")
    return pl.concat(parts, how="diagonal").select(*keys, "was")


def _unchanged(counts: pl.DataFrame, was: pl.DataFrame) -> list[str]:
    """Modes of which every count by city, laboratory, township and community that was shown is the same now."""
    keys = {
        "city": ["mode"],
        "lab": ["mode", "lab"],
        "township": ["mode", "township"],
        "community": ["mode", "township", "community"],
    }
    changed = set[str]()
    for level, key in keys.items():
        now = counts.group_by(key).agg(pl.col("positive").sum())
        both = now.join(
            was.filter(level=level).select(*key, "was", pl.lit(value=True).alias("told")),
            on=key,
            how="full",
            coalesce=True,
        )
        differs = (
            pl.col("told").is_null() | pl.col("positive").is_null() | (pl.col("positive") != pl.col("was"))
        )
        changed |= set(both.filter(differs)["mode"].to_list())
    return [mode for mode in counts["mode"].unique().sort().to_list() if mode not in changed]


def _torn(counts: pl.DataFrame, communities: pl.DataFrame, before: pl.DataFrame) -> pl.DataFrame:
    """Townships of several laboratories that changed, with a hidden community: no tree has their sum."""
    key = ["mode", "township"]
    now = counts.group_by(key).agg(pl.col("positive").sum(), pl.col("lab").n_unique().alias("labs"))
    was = before.filter(level="township").select(*key, pl.col("positive").alias("was"))
    found = (
        now.filter(pl.col("labs") > 1)
        .join(was, on=key, how="left")
        .filter(pl.col("was").is_null() | (pl.col("was") != pl.col("positive")))
        .join(communities, on=key, how="semi")
    )
    return counts.join(found, on=key, how="semi").select("mode", "lab", "township").unique()


def hidden_visits(visits: pl.DataFrame, before: pl.DataFrame, limit: int) -> pl.DataFrame:
    """Say which rows of the mart `home_visits` are hidden beside an earlier file: round, township, community.

    Parameters
    ----------
    visits : DataFrame
        As sql/base/visit_counts.sql.
    before : DataFrame
        The mart's rows of the same day in the file before.
    limit : int
        The policy's `small_cell`.
    """
    key, counts = ["round", "township", "community"], ("whole_household", "part_of_household", "no_household")
    told = visits.join(before.select(*key, *counts, "is_hidden"), on=key, suffix="_was")
    little = (
        changed_little(pl.col(name), pl.col(f"{name}_was"), limit).fill_null(value=True) for name in counts
    )
    return told.filter(pl.col("is_hidden") | pl.any_horizontal(little)).select(key)


def hidden_faults(counts: pl.DataFrame, limit: int, before: pl.DataFrame | None = None) -> pl.DataFrame:
    """Say which rows of the mart `scan_errors` are hidden: faults of people, where they are few.

    Parameters
    ----------
    counts : DataFrame
        As sql/base/fault_counts.sql.
    limit : int
        The policy's `small_cell`.
    before : DataFrame, optional
        The mart's rows of the same day in the file before, which a reader may have kept (`revising`).

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
    if before is not None and limit > 0:  # no file shows a sum of them
        told = named.join(
            before.select("code", "site", "device", pl.col("faults").alias("was"), "is_hidden"),
            on=["code", "site", "device"],
            nulls_equal=True,
        )
        again = told.filter(pl.col("is_hidden") | changed_little(pl.col("faults"), pl.col("was"), limit))
        every = pl.concat([every, again.select(every.columns)])
    return (
        pl.concat([every, named.join(hidden, on=["code", "place"], how="semi")])
        .select(keys[0], *keys[2:])
        .unique()
    )
