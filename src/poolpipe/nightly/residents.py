"""The list of residents as the night's SQL joins it: people once each, with numbers for their building and household."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import RESIDENT
from poolpipe.store.sealing import keys_of_people

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["AREA", "no_residents", "number_residents"]

AREA = ("township", "community", "building")


def no_residents() -> tuple[pl.DataFrame, pl.DataFrame]:
    """Residents and areas where no list was given."""
    nobody = {"resident": pl.UInt32, "person_type": pl.String, "person": pl.String}
    return (
        pl.DataFrame(schema=nobody | {"area": pl.UInt32, "household": pl.UInt32}),
        pl.DataFrame(schema={"area": pl.UInt32, **dict.fromkeys(AREA, pl.String)}),
    )


def number_residents(
    people: pl.DataFrame, sealed: Callable[[pl.DataFrame], pl.Series] | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Number residents, buildings and households, and leave out whoever is on the list twice: the first row counts.

    Parameters
    ----------
    people : DataFrame
        As `Reference.people`: person, and optionally person_type, township, community, building, household.
    sealed : callable, optional
        Gives people (person_type, person) the pseudonyms that stand in the tables.

    Returns
    -------
    residents : DataFrame
        resident, area, household (uint32; null where none is given), person_type, person: as in the tables, where
        pseudonyms are of no type.
    areas : DataFrame
        area, township, community, building; empty texts where not given.
    """
    kind = pl.col("person_type").fill_null(RESIDENT) if "person_type" in people.columns else pl.lit(RESIDENT)
    documents = people.select(kind.alias("person_type"), "person")
    keys, _ = keys_of_people(documents)
    once = np.sort(np.unique(keys, return_index=True)[1])
    is_whole = len(once) == people.height
    area = [
        (pl.col(name).cast(pl.String) if name in people.columns else pl.lit("")).fill_null("").alias(name)
        for name in AREA
    ]
    household = pl.col("household") if "household" in people.columns else pl.lit(None, pl.String)
    numbered = people.select(
        # texts are ranked column by column: a rank of rows takes twenty times as long
        *(each.rank("dense").cast(pl.Int64) for each in area),
        household.rank("dense").cast(pl.UInt32).alias("household"),
    )
    township, community, building = (pl.col(name) for name in AREA)
    place = (township * (community.max() + 1) + community) * (building.max() + 1) + building
    numbered = numbered.select(place.rank("dense").cast(pl.UInt32).alias("area"), "household")
    areas = people.lazy().select(numbered["area"], *area).unique("area").sort("area").collect()
    told = sealed(documents).alias("person") if sealed else documents["person"]
    residents = numbered.select(
        pl.int_range(pl.len(), dtype=pl.UInt32).alias("resident"),
        "area",
        "household",
        documents["person_type"] if sealed is None else pl.lit("").alias("person_type"),
        told,
    )
    return residents if is_whole else residents[once], areas
