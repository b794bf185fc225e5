"""Anomalies of tubes: members, custody, calls and clocks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.stages.anomalies.orphans import of_orphans
from poolpipe.stages.anomalies.rescans import of_rescans
from poolpipe.stages.anomalies.rows import facts, rows, tube_rows
from poolpipe.tables import MODES

if TYPE_CHECKING:
    from poolpipe.stages.anomalies.rows import Seen

__all__ = ["of_clocks", "of_tubes"]

_POOL = MODES.index("pool")
_STEPS = ("first_collected", "packed_at", "picked_up_at", "received_at", "loaded_at", "called_at")
_LIMITS = ("room_temperature", "cold_store", "result")


def of_tubes(seen: Seen) -> list[pl.DataFrame]:
    """Find the anomalies that are visible in one row of `pools`, and tubes in several boxes."""
    pools, collected = seen.pools, pl.col("mode").is_not_null()
    people, capacity = pl.col("people"), pl.col("capacity")
    short = (people < capacity) & (pl.col("mode") == _POOL)
    crowd = facts("people_and_capacity", people=people, capacity=capacity)
    swabs = facts("swab_count_mismatch", swabs="swabs", people=people)
    when = "last_collected"
    return [
        *of_rescans(seen),
        tube_rows(seen, "overfull_pool", pools.filter(collected & (people > capacity)), when, crowd),
        tube_rows(seen, "short_pool", pools.filter(short), when, crowd),
        tube_rows(seen, "tube_at_two_points", pools.filter(collected & pl.col("several_points")), when),
        tube_rows(seen, "mixed_mode", pools.filter(collected & pl.col("mixed_mode")), when),
        tube_rows(seen, "swab_count_mismatch", pools.filter(pl.col("swabs") != people), when, swabs),
        *of_orphans(seen),
        tube_rows(seen, "conflicting_calls", pools.filter("conflicting"), "called_at"),
        tube_rows(seen, "positive_set_aside", pools.filter("set_aside"), "loaded_at"),
        tube_rows(
            seen,
            "tube_reloaded",
            pools.filter(pl.col("slots") > 1),
            "loaded_at",
            facts("tube_reloaded", wells="slots"),
        ),
        tube_rows(seen, "out_of_order", pools.filter(_out_of_order()), "called_at"),
        *_several_boxes(seen),
    ]


def of_clocks(seen: Seen) -> list[pl.DataFrame]:
    """Find the tubes, and for pickups the sites, that exceeded a time limit."""
    found = []
    for clock in _LIMITS:
        slow = seen.clocks.filter(pl.col(clock).is_not_null())
        found.append(
            tube_rows(
                seen,
                f"clock_{clock}",
                slow,
                "last_collected",
                facts(f"clock_{clock}", hours=_hours(clock)),
            )
        )
    waiting = seen.clocks.filter(pl.col("pickup").is_not_null())
    rounds, _ = seen.codes.entity("tube", waiting["tube"])
    sites = (
        waiting.with_columns(rounds.alias("round"))
        .group_by("round", "site")
        .agg(pl.len().alias("tubes"), pl.col("pickup").max(), pl.col("last_collected").min().alias("at"))
    )
    told = facts("clock_pickup", tubes="tubes", hours=_hours("pickup")).alias("facts")
    subject = seen.codes.text("site", sites["site"]).alias("subject")
    return [*found, rows("clock_pickup", sites.with_columns(subject, told))]


def _hours(column: str) -> pl.Expr:
    return (pl.col(column).dt.total_seconds() / 3600).round(1)


def _out_of_order() -> pl.Expr:
    """Expression: whether a known step is earlier than the known step before it."""
    broken = pl.lit(value=False)
    before = pl.col(_STEPS[0])
    for step in _STEPS[1:]:
        broken = broken | (pl.col(step) < before).fill_null(value=False)
        before = pl.coalesce(step, before)
    return broken


def _several_boxes(seen: Seen) -> list[pl.DataFrame]:
    packs = seen.frames["pack"]
    if packs.is_empty():
        return []
    tube, box = packs["tube"].to_numpy(), packs["box"].to_numpy()
    one = np.zeros(len(seen.codes.entities["tube"]), np.uint32)
    one[tube] = box
    several = np.zeros(len(one), np.bool_)
    several[tube[one[tube] != box]] = True
    mine = packs.filter(several[tube]).sort("at", "box")
    _, names = seen.codes.entity("box", mine["box"])
    boxes = mine.with_columns(names.alias("name")).group_by("tube", maintain_order=True)
    told = boxes.agg(pl.col("name").unique(maintain_order=True), pl.col("at").max())
    boxes_told = facts("tube_in_two_boxes", boxes=pl.col("name").list.join(", "))
    return [tube_rows(seen, "tube_in_two_boxes", told, "at", boxes_told)]
