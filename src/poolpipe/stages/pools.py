"""Pools: one row per tube, joined from links, custody and calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.arrow_arrays import nullable_column
from poolpipe.tables import CALLS, STATES

if TYPE_CHECKING:
    from poolpipe.stages.calls import Calls
    from poolpipe.stages.custody import Custody
    from poolpipe.stages.links import Links

__all__ = ["gather_pools"]

_INVALID = CALLS.index("invalid")


def gather_pools(links: Links, custody: Custody, calls: Calls) -> pl.DataFrame:
    """Join the results of links, custody and calls to one row per tube, orphans included.

    Parameters
    ----------
    links : Links
        Members, mode, capacity and place of collected tubes.
    custody : Custody
        Box, journey and well of every tube.
    calls : Calls
        Call of every tube.

    Returns
    -------
    DataFrame
        Coded, one row per tube, sorted by tube: the columns of the `pools` table (call and state as indices
        into `tables.CALLS` and `tables.STATES`), and those that anomalies and clocks need.
    """
    known = (custody.tubes["known"] | calls.tubes["known"]).to_numpy(writable=True)
    known[links.tubes["tube"].to_numpy()] = True
    found = custody.tubes.drop("known").hstack(calls.tubes.drop("known"))
    if not known.all():
        found = found.filter(known)
    tubes = pl.DataFrame({"tube": np.flatnonzero(known).astype(np.uint32)})
    tubes = _beside(tubes, links.tubes, len(known)).hstack(found)
    return tubes.with_columns(
        pl.col("people").fill_null(0),
        pl.coalesce("load_lab", "box_lab", "report_lab").alias("lab"),
        *(pl.col(flag).fill_null(value=False) for flag in _FLAGS),
        _state().alias("state"),
    )


_FLAGS = ("rescanned", "several_points", "mixed_mode", "conflicting", "set_aside")


def _beside(tubes: pl.DataFrame, part: pl.DataFrame, numbers: int) -> pl.DataFrame:
    """Add a part's columns to tubes, of which it has some, with a gather: tubes are numbered without gaps."""
    if part.height == tubes.height:
        return tubes.hstack(part.drop("tube"))
    row, there = np.zeros(numbers, np.uint32), np.zeros(numbers, np.bool_)
    row[part["tube"].to_numpy()] = np.arange(part.height)
    there[part["tube"].to_numpy()] = True
    own = tubes["tube"].to_numpy()
    index = nullable_column("row", row[own], there[own])
    return tubes.hstack([column[index] for column in part.iter_columns() if column.name != "tube"])


def _state() -> pl.Expr:
    place = {state: index for index, state in enumerate(STATES)}
    return (
        pl.when(pl.col("call").fill_null(_INVALID) != _INVALID).then(place["reported"])
        .when(pl.col("loaded_at").is_not_null()).then(place["loaded"])
        .when(pl.col("received_at").is_not_null()).then(place["received"])
        .when(pl.col("picked_up_at").is_not_null()).then(place["picked_up"])
        .when(pl.col("packed_at").is_not_null()).then(place["packed"])
        .otherwise(place["collected"])
        .cast(pl.Int8)
    )  # fmt: skip
