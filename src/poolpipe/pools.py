"""Pools: one row per tube, from what linking, custody and results say of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.tables import CALLS, STATES, TIME

if TYPE_CHECKING:
    from poolpipe.calls import Calls
    from poolpipe.codes import Codes
    from poolpipe.custody import Custody
    from poolpipe.links import Links

__all__ = ["gather_pools"]

_INVALID = CALLS.index("invalid")


def gather_pools(links: Links, custody: Custody, calls: Calls, codes: Codes) -> pl.DataFrame:
    """Put together what is known of every tube, orphans included.

    Returns
    -------
    DataFrame
        Coded, one row per tube, sorted by tube: the columns of the `pools` table (call and state as their
        places in `tables.CALLS` and `tables.STATES`), and of the stages what anomalies and clocks need.
    """
    n = len(codes.entities["tube"])
    known = np.zeros(n, np.bool_)
    for part in (links.tubes, custody.tubes, calls.tubes):
        known[part["tube"].to_numpy()] = True
    tubes = pl.DataFrame({"tube": np.flatnonzero(known).astype(np.uint32)})
    for part in (links.tubes, custody.tubes, calls.tubes):
        tubes = _beside(tubes, part, n)
    return tubes.with_columns(
        pl.col("people").fill_null(0),
        pl.col("called_at", "opened_at").cast(TIME),
        pl.coalesce("load_lab", "box_lab", "report_lab").alias("lab"),
        *(pl.col(flag).fill_null(value=False) for flag in _FLAGS),
        _state().alias("state"),
    )


_FLAGS = ("rescanned", "several_points", "mixed_mode", "conflicting", "set_aside")


def _beside(tubes: pl.DataFrame, part: pl.DataFrame, n: int) -> pl.DataFrame:
    """Put a part's columns beside the tubes: a join on dense numbers is a gather."""
    if part.height == tubes.height:
        return tubes.hstack(part.drop("tube"))
    row = np.full(n, -1, np.int64)
    row[part["tube"].to_numpy()] = np.arange(part.height)
    place = row[tubes["tube"].to_numpy()]
    index = pl.Series(place).replace(-1, None)
    return tubes.hstack([column.gather(index) for column in part.drop("tube").get_columns()])


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
