"""Custody: the box, the journey and the well in which each tube was last seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from poolpipe.coding.arrow_arrays import nullable_column
from poolpipe.coding.tie_breaks import keys_of, largest_of_ties, last_rows
from poolpipe.tables import ROLES, TIME, require
from poolpipe_kernels import journeys

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries

__all__ = ["Custody", "keep_custody"]


@dataclass(frozen=True, slots=True)
class Custody:
    """Boxes, journeys and wells of tubes, coded.

    Attributes
    ----------
    tubes : DataFrame
        One row per tube of the dictionaries, in the order of their numbers: known (whether it was sealed, packed or
        loaded as a sample), swabs, box, packed_at, picked_up_at, received_at, box_lab, receipt (row in
        `receipts`), plate, well, load_lab, loaded_at, first_loaded.
    receipts : DataFrame
        One receive event for each box and moment at which it was received, that of the largest content;
        sorted by box and time, with `again`: received after another receipt with no packing in between.
    """

    tubes: pl.DataFrame
    receipts: pl.DataFrame


def keep_custody(frames: Mapping[str, pl.DataFrame], codes: Dictionaries) -> Custody:
    """Follow every tube from sealing to the well.

    Parameters
    ----------
    frames : mapping of DataFrame
        Coded seal, pack, pickup, receive and load events, voided ones taken out.
    codes : Dictionaries
        Decide ties by content.
    """
    for kind, columns in (
        ("seal", ("tube", "swabs")),
        ("pack", ("tube", "box")),
        ("receive", ("box", "lab")),
    ):
        if not frames[kind].is_empty():
            require(frames[kind], ("at", *columns), table=kind)
    steps = _JourneySteps(len(codes.entities["tube"]))
    _sealed(steps, frames["seal"], codes)
    packed = _packed(steps, frames["pack"], codes)
    receipts = _receipts(frames["receive"], frames["pack"], codes)
    _travelled(steps, packed, frames["pickup"], receipts, codes)
    _loaded(steps, frames["load"], codes)
    return Custody(steps.table(), receipts)


class _JourneySteps:
    """Row of the deciding event of each tube and step."""

    def __init__(self, tubes: int) -> None:
        self.tubes = tubes
        self.known = np.zeros(tubes, np.bool_)
        self.columns: dict[str, pl.Series] = {}

    def put(self, rows: NDArray[np.int32], events: pl.DataFrame, **columns: str) -> None:
        """Take columns of each tube's row of `events`; null for row -1."""
        index = nullable_column("row", rows.view(np.uint32), rows >= 0)
        for name, source in columns.items():
            self.columns[name] = events[source][index].alias(name)

    def empty(self, **columns: pl.DataType) -> None:
        for name, dtype in columns.items():
            self.columns[name] = pl.Series(name, [None], dtype).new_from_index(0, self.tubes)

    def table(self) -> pl.DataFrame:
        return pl.DataFrame([pl.Series("known", self.known), *self.columns.values()])


class _Packed(NamedTuple):
    """Pack events as flat arrays, and the row of each tube's last one, -1 for none."""

    rows: NDArray[np.int32]
    box: NDArray[np.uint32]
    at: NDArray[np.int64]


def _sealed(steps: _JourneySteps, seals: pl.DataFrame, codes: Dictionaries) -> None:
    if seals.is_empty():
        steps.empty(swabs=pl.Int64())
        return
    rows = last_rows(seals, "tube", steps.tubes, "seal", codes)
    steps.known |= rows >= 0
    steps.put(rows, seals, swabs="swabs")


def _packed(steps: _JourneySteps, packs: pl.DataFrame, codes: Dictionaries) -> _Packed:
    if packs.is_empty():
        steps.empty(box=pl.UInt32(), packed_at=TIME)
        return _Packed(np.full(steps.tubes, -1, np.int32), np.empty(0, np.uint32), np.empty(0, np.int64))
    rows = last_rows(packs, "tube", steps.tubes, "pack", codes)
    steps.known |= rows >= 0
    steps.put(rows, packs, box="box", packed_at="at")
    return _Packed(rows, keys_of(packs, "box"), packs["at"].to_physical().to_numpy())


def _receipts(receives: pl.DataFrame, packs: pl.DataFrame, codes: Dictionaries) -> pl.DataFrame:
    """Receipts sorted by box and time, one for each box and moment, each with whether it is a second one."""
    if receives.is_empty():
        return receives.with_columns(pl.lit(value=False).alias("again"))
    ordered = _one_a_moment(receives, codes)
    before = pl.when(pl.col("box") == pl.col("box").shift(1)).then(pl.col("at").shift(1))
    ordered = ordered.with_columns(before.alias("before"))
    if packs.is_empty():
        return ordered.with_columns(pl.col("before").is_not_null().alias("again")).drop("before")
    repacked = np.zeros(len(codes.entities["box"]), np.bool_)
    repacked[keys_of(ordered.filter(pl.col("before").is_not_null()), "box")] = True
    rows = np.flatnonzero(repacked[keys_of(packs, "box")])
    last_pack = packs[rows].select("box", pl.col("at").alias("packed_at")).sort("packed_at")
    joined = (
        ordered.with_row_index("place")
        .sort("at")
        .join_asof(last_pack, left_on="at", right_on="packed_at", by="box", check_sortedness=False)
        .sort("place")
    )
    packed_between = (pl.col("packed_at") > pl.col("before")).fill_null(value=False)
    again = pl.col("before").is_not_null() & ~packed_between
    return joined.with_columns(again.alias("again")).drop("place", "before", "packed_at")


def _one_a_moment(receives: pl.DataFrame, codes: Dictionaries) -> pl.DataFrame:
    """Receives sorted by box and time; of those of a box at one moment, the one of the largest content."""
    if receives.select(pl.struct("box", "at").is_duplicated().any()).item():
        receives = largest_of_ties(receives, ["box", "at"], "receive", codes)
    return receives.sort("box", "at")


def _travelled(
    steps: _JourneySteps,
    packed: _Packed,
    pickups: pl.DataFrame,
    receipts: pl.DataFrame,
    codes: Dictionaries,
) -> None:
    """The journey: the box's first pickup and receipt at or after the packing, else the last one before."""
    for scans, kind, columns in (
        (pickups, "pickup", {"picked_up_at": "at"}),
        (receipts, "receive", {"received_at": "at", "box_lab": "lab", "receipt": "receipt"}),
    ):
        if scans.is_empty():
            steps.empty(**{name: pl.UInt32() if name in ("box_lab", "receipt") else TIME for name in columns})
            continue
        # There is one receipt for each moment already, and of a pickup only its moment is used.
        single = scans.with_row_index("receipt") if kind == "receive" else scans.select("box", "at")
        single = single.sort("box", "at")
        offsets = np.zeros(len(codes.entities["box"]) + 1, np.int64)
        np.cumsum(np.bincount(keys_of(single, "box"), minlength=len(offsets) - 1), out=offsets[1:])
        found = np.empty(steps.tubes, np.int32)
        journeys.scans_after(*packed, offsets, single["at"].to_physical().to_numpy(), found)
        steps.put(found, single, **columns)


def _loaded(steps: _JourneySteps, loads: pl.DataFrame, codes: Dictionaries) -> None:
    if {"role", "tube"} <= set(loads.columns):
        sample = pl.col("role") == ROLES.index("sample")
        loads = loads.with_columns(pl.when(sample).then(pl.col("tube")).alias("tube"))
    if "tube" not in loads.columns or loads["tube"].null_count() == loads.height:
        steps.empty(
            plate=pl.UInt32(), well=pl.Int32(), load_lab=pl.UInt32(), loaded_at=TIME, first_loaded=TIME
        )
        return
    rows = last_rows(loads, "tube", steps.tubes, "load", codes)
    steps.known |= rows >= 0
    steps.put(rows, loads, plate="plate", well="well", load_lab="lab", loaded_at="at")
    first = np.full(steps.tubes, journeys.NEVER)
    journeys.earliest(keys_of(loads, "tube"), loads["at"].to_physical().to_numpy(), first)
    steps.columns["first_loaded"] = nullable_column("first_loaded", first, first != journeys.NEVER).cast(TIME)
