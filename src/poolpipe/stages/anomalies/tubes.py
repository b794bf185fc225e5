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

__all__ = ["of_clocks", "of_several_boxes", "of_tubes"]

_POOL = MODES.index("pool")
_STEPS = ("first_collected", "packed_at", "picked_up_at", "received_at", "loaded_at", "called_at")
_LIMITS = ("room_temperature", "cold_store", "result")


def of_tubes(seen: Seen) -> list[pl.DataFrame]:
    """Find the anomalies that are visible in one row of `pools`, and tubes in several boxes."""
    pools, collected = seen.asked_pools(), pl.col("mode").is_not_null()
    people, capacity = pl.col("people"), pl.col("capacity")
    crowd = facts("people_and_capacity", people=people, capacity=capacity)
    swabs = facts("swab_count_mismatch", swabs="swabs", people=people)
    when = "last_collected"
    # all conditions at once: each alone takes as long on a few tubes
    told = pools.select(
        overfull_pool=collected & (people > capacity),
        short_pool=(people < capacity) & (pl.col("mode") == _POOL),
        tube_at_two_points=collected & pl.col("several_points"),
        mixed_mode=collected & pl.col("mixed_mode"),
        swab_count_mismatch=pl.col("swabs") != people,
        conflicting_calls=pl.col("conflicting"),
        positive_set_aside=pl.col("set_aside"),
        tube_reloaded=pl.col("slots") > 1,
        out_of_order=_out_of_order(),
    )

    def found(code: str, at: str, its_facts: pl.Expr | None = None) -> pl.DataFrame:
        tubes = pools.filter(told[code]) if told[code].any() else pools.clear()
        return tube_rows(seen, code, tubes, at, its_facts)

    return [
        *of_rescans(seen),
        found("overfull_pool", when, crowd),
        found("short_pool", when, crowd),
        found("tube_at_two_points", when),
        found("mixed_mode", when),
        found("swab_count_mismatch", when, swabs),
        *of_orphans(seen),
        found("conflicting_calls", "called_at"),
        found("positive_set_aside", "loaded_at"),
        found("tube_reloaded", "loaded_at", facts("tube_reloaded", wells="slots")),
        found("out_of_order", "called_at"),
        *of_several_boxes(seen),
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


def of_several_boxes(seen: Seen) -> list[pl.DataFrame]:
    """Find `tube_in_two_boxes`."""
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
    boxes = mine.with_columns(names.alias("name")).group_by("tube")
    told = boxes.agg(pl.col("name").unique(maintain_order=True), pl.col("at").max())
    boxes_told = facts("tube_in_two_boxes", boxes=pl.col("name").list.join(", "))
    return [tube_rows(seen, "tube_in_two_boxes", told, "at", boxes_told)]
