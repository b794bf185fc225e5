"""Anomalies of boxes: empty, received twice, or with another count of tubes than were packed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.stages.anomalies.rows import entity_rows, facts

if TYPE_CHECKING:
    from poolpipe.stages.anomalies.rows import Seen

__all__ = ["of_boxes"]


def of_boxes(seen: Seen) -> list[pl.DataFrame]:
    """Find `empty_box`, `box_received_twice` and `box_count_mismatch`."""
    packs, receipts = seen.frames["pack"], seen.custody.receipts
    packed = np.zeros(len(seen.codes.entities["box"]), np.bool_)
    packed[packs["box"].to_numpy() if packs.height else []] = True
    scans = [
        seen.frames[kind].select("box", "at") for kind in ("pickup", "receive") if seen.frames[kind].height
    ]
    found = []
    if scans:
        scanned = pl.concat(scans)
        empty = scanned.filter(~packed[scanned["box"].to_numpy()]).sort("at")
        found.append(entity_rows(seen, "empty_box", "box", empty, "at"))
    if receipts.height:
        found.append(entity_rows(seen, "box_received_twice", "box", receipts.filter("again"), "at"))
        if "tubes" in receipts.columns:
            found.append(_counts(seen, receipts))
    return found


def _counts(seen: Seen, receipts: pl.DataFrame) -> pl.DataFrame:
    """Find receipts whose count differs from the number of tubes of their journey."""
    carried = np.bincount(seen.pools["receipt"].drop_nulls().to_numpy(), minlength=receipts.height)
    counted = (
        receipts.with_columns(pl.Series("carried", carried))
        .filter(~pl.col("again") & (pl.col("tubes") != pl.col("carried")))
        .sort("box", "at")
    )
    told = facts("box_count_mismatch", tubes="tubes", carried="carried")
    return entity_rows(seen, "box_count_mismatch", "box", counted, "at", told)
