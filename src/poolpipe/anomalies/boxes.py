"""What is wrong with boxes: empty, received twice, or not holding what was packed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.anomalies.rows import entity_rows

if TYPE_CHECKING:
    from poolpipe.anomalies.rows import Seen

__all__ = ["of_boxes"]


def of_boxes(seen: Seen) -> list[pl.DataFrame]:
    """Find `empty_box`, `box_received_twice` and `box_count_mismatch`."""
    packs, receipts = seen.frames["pack"], seen.custody.receipts
    packed = packs["box"].unique() if packs.height else pl.Series("box", [], pl.UInt32)
    scans = [
        seen.frames[kind].select("box", "at") for kind in ("pickup", "receive") if seen.frames[kind].height
    ]
    found = []
    if scans:
        empty = pl.concat(scans).sort("at").filter(~pl.col("box").is_in(packed.implode()))
        found.append(entity_rows(seen, "empty_box", "box", empty, "at"))
    if receipts.height:
        found.append(entity_rows(seen, "box_received_twice", "box", receipts.filter("again"), "at"))
        if "tubes" in receipts.columns:
            found.append(_counts(seen, receipts))
    return found


def _counts(seen: Seen, receipts: pl.DataFrame) -> pl.DataFrame:
    """Receipts whose count is not the number of tubes whose journey they are."""
    journeys = (
        seen.pools.filter(pl.col("receipt").is_not_null()).group_by("receipt").agg(pl.len().alias("carried"))
    )
    counted = (
        receipts.with_row_index("receipt")
        .join(journeys, on="receipt", how="left")
        .with_columns(pl.col("carried").fill_null(0))
        .filter(~pl.col("again") & (pl.col("tubes") != pl.col("carried")))
        .sort("box", "at")
    )
    facts = pl.format("{} tubes counted at receipt, {} packed", "tubes", "carried")
    return entity_rows(seen, "box_count_mismatch", "box", counted, "at", facts)
