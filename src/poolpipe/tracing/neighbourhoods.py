"""Communities and buildings of people, counted and never listed: a community of 3,000 is no list of contacts."""

from __future__ import annotations

import polars as pl

__all__ = ["count_neighbourhoods"]

_LEVELS = ("community", "building")
_WITHIN = {"community": ("township", "community"), "building": ("township", "community", "building")}


def count_neighbourhoods(people: pl.DataFrame, residents: pl.DataFrame | None) -> pl.DataFrame:
    """Count who lives where some people live.

    Parameters
    ----------
    people : DataFrame
        person_type, person.
    residents : DataFrame, optional
        The list of residents; person_type is RIC where it has none.

    Returns
    -------
    DataFrame
        level (community, building), place (its names, a blank between), people (of those given), residents (of the list);
        the communities first, the largest share of `people` first.
    """
    found = [
        pl.DataFrame(
            schema={"level": pl.String, "place": pl.String, "people": pl.UInt32, "residents": pl.UInt32}
        )
    ]
    if residents is not None:
        if "person_type" not in residents.columns:
            residents = residents.with_columns(pl.lit("RIC").alias("person_type"))
        key = ["person_type", "person"]
        found += [
            _counted(residents, people.select(key).unique(), level)
            for level in _LEVELS
            if level in residents.columns
        ]
    return pl.concat(found)


def _counted(residents: pl.DataFrame, people: pl.DataFrame, level: str) -> pl.DataFrame:
    names = [name for name in _WITHIN[level] if name in residents.columns]
    living = residents.lazy().select(
        "person_type", "person", *(pl.col(name).cast(pl.String) for name in names)
    )
    living = living.filter(pl.col(level).is_not_null() & (pl.col(level) != "")).unique()
    own = (
        living.join(people.lazy(), on=["person_type", "person"], how="semi")
        .group_by(names)
        .agg(pl.len().alias("people"))
    )
    return (
        living.join(own, on=names, nulls_equal=True)
        .group_by(*names, "people")
        .agg(pl.len().alias("residents"))
        .sort("people", *names, descending=[True, *[False] * len(names)], nulls_last=False)
        .select(
            pl.lit(level).alias("level"),
            pl.concat_str(names, separator=" ", ignore_nulls=True).alias("place"),
            "people",
            "residents",
        )
        .collect()
    )
