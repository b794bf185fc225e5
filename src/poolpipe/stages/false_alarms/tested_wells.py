"""Wells with one tube and a result, in the order in which each plate was filled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import PLATE_SHAPES, WELL_PLACES
from poolpipe.tables import CALLS, ROLES, TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.policy import Policy

__all__ = ["TestedWells", "tested_wells"]

_INVALID, _SUSPECT = CALLS.index("invalid"), CALLS.index("suspect")
_SAMPLE = ROLES.index("sample")


@dataclass(frozen=True, slots=True)
class TestedWells:
    """Wells of plates with a positive or suspect well; plate by plate, each in the order in which it was filled.

    Attributes
    ----------
    tube, plate : (n,) int64
        Numbers in the dictionaries.
    well : (n,) int64
        Position on the plate, row by row from 0.
    at : (n,) int64
        When the tube was loaded, microseconds since 1970.
    ct : (n,) float64
        Smallest Ct of the policy's targets, cycles; NaN where there is none.
    positive : (n,) bool
        Called positive or suspect.
    day : (n,) int64
        Lab's day of the plate: an index into `days`.
    line : (n,) int64
        Wells of a line as the plate was filled: 8 down the columns of 96 wells, 12 along its rows.
    columns : int
        Columns of a plate.
    days : DataFrame
        round, lab (numbers; lab null where unknown) and date of each lab's day, in the policy's time zone.
    """

    tube: NDArray[np.int64]
    plate: NDArray[np.int64]
    well: NDArray[np.int64]
    at: NDArray[np.int64]
    ct: NDArray[np.float64]
    positive: NDArray[np.bool_]
    day: NDArray[np.int64]
    line: NDArray[np.int64]
    columns: int
    days: pl.DataFrame

    def __len__(self) -> int:
        return len(self.tube)


def tested_wells(
    pools: pl.DataFrame,
    loads: pl.DataFrame,
    readings: pl.DataFrame,
    shared: pl.Series,
    codes: Dictionaries,
    policy: Policy,
) -> TestedWells | None:
    """Lay out the plates on which a positive or suspect tube lies.

    A tube's well is that its call rests on, else its last. Where several wells were loaded at one moment the plate is
    taken to have been filled down its columns, as heads of eight channels do.

    Parameters
    ----------
    pools : DataFrame
        Coded, as `gather_pools` gives it.
    loads : DataFrame
        Coded load events, voided ones taken out.
    readings : DataFrame
        Coded read-outs of wells that positive and suspect calls rest on.
    shared : Series
        Slots (plate * 384 + position) that hold several tubes, or a tube and a control; they are left out.
    codes : Dictionaries
        Give the rounds of plates and the numbers of the policy's targets.
    policy : Policy
        Targets, cut-offs, wells of a plate, time zone.

    Returns
    -------
    TestedWells or None
        None where no tube in a well is positive or suspect, and where all wells of their plates are shared.
    """
    rows = _rows(pools, loads, shared, len(codes.entities["plate"]))
    if rows is None:
        return None
    tall, wide = PLATE_SHAPES[policy.codes.plate_wells]
    well = rows["slot"] % WELL_PLACES
    rows = (
        rows.with_columns(
            (pl.col("slot") // WELL_PLACES).alias("plate"),
            well.alias("well"),
            (well % wide * tall + well // wide).alias("down"),
        )
        .sort("plate", "loaded_at", "down")
        .join(_cycles(readings, codes, policy), on="slot", how="left", maintain_order="left")
    )
    plate, place = rows["plate"].to_numpy(), rows["well"].to_numpy()
    days, day = _days(rows, codes, policy.time_zone)
    return TestedWells(
        tube=rows["tube"].cast(pl.Int64).to_numpy(),
        plate=plate,
        well=place,
        at=rows["loaded_at"].to_physical().to_numpy(),
        ct=rows["ct"].fill_null(float("nan")).to_numpy(),
        positive=rows["positive"].to_numpy(),
        day=day,
        line=_lines(plate, place, tall, wide),
        columns=wide,
        days=days,
    )


def _rows(pools: pl.DataFrame, loads: pl.DataFrame, shared: pl.Series, plates: int) -> pl.DataFrame | None:
    """tube, lab, slot, loaded_at and positive of tubes with a result, on plates with a positive; None where none is left."""
    last = pl.col("plate").cast(pl.Int64) * WELL_PLACES + pl.col("well")
    slot, positive = pl.coalesce("by_slot", last), pl.col("call") >= _SUSPECT
    found = pools.lazy().filter(positive & slot.is_not_null()).select(slot // WELL_PLACES).collect()
    if found.is_empty():
        return None
    marked = np.zeros(plates, np.bool_)
    marked[found.to_series().to_numpy()] = True
    # Only few plates of a city have a positive: the others are left out before anything is computed of them.
    of = pools.select((slot // WELL_PLACES).fill_null(plates)).to_series().to_numpy()
    on = np.append(marked, False)[of]
    rows = (
        pools.select("tube", "lab", "loaded_at", "call", last.alias("last"), slot.alias("slot"))
        .filter(pl.Series(on) & (pl.col("call") != _INVALID))
        .select("tube", "lab", "slot", "last", "loaded_at", positive.alias("positive"))
        .filter(~pl.col("slot").is_in(shared.implode()))
    )
    # of a positive in a shared well it is not known which tube is: a plate may have no other well
    return None if rows.is_empty() else _loaded_then(rows, loads).drop("last")


def _loaded_then(rows: pl.DataFrame, loads: pl.DataFrame) -> pl.DataFrame:
    """Where a tube's call rests on an earlier well than its last, the time of that load."""
    earlier = rows.filter(pl.col("slot") != pl.col("last"))
    if earlier.is_empty():
        return rows
    then = (
        loads.lazy()
        .filter((pl.col("role") == _SAMPLE) & pl.col("tube").is_in(earlier["tube"].implode()))
        .select("tube", (pl.col("plate").cast(pl.Int64) * WELL_PLACES + pl.col("well")).alias("slot"), "at")
        .group_by("tube", "slot")
        .agg(pl.col("at").max())
    )
    was = pl.when(pl.col("slot") == pl.col("last")).then(pl.col("loaded_at")).otherwise(pl.col("at"))
    joined = rows.lazy().join(then, on=["tube", "slot"], how="left", maintain_order="left")
    return joined.with_columns(was.cast(TIME).alias("loaded_at")).drop("at").collect()


def _cycles(readings: pl.DataFrame, codes: Dictionaries, policy: Policy) -> pl.DataFrame:
    """Slot and the smallest Ct of the policy's targets in it, where one is not above the grey zone."""
    numbers = [codes.number("target", name) for name in policy.assay.targets]
    return (
        readings.filter(
            pl.col("target").is_in([number for number in numbers if number is not None])
            & (pl.col("ct") <= policy.assay.grey_ct)
        )
        .group_by((pl.col("plate").cast(pl.Int64) * WELL_PLACES + pl.col("well")).alias("slot"))
        .agg(pl.col("ct").min())
    )


def _days(rows: pl.DataFrame, codes: Dictionaries, zone: str) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """The labs' days, and the day of each well: that of the first load of its plate."""
    first = rows["plate"].to_numpy()
    begins = np.flatnonzero(np.diff(first, prepend=-1))
    plates = rows[begins].select(
        "plate", "lab", pl.col("loaded_at").dt.convert_time_zone(zone).dt.date().alias("date")
    )
    rounds = pl.Series("round", codes.entities["plate"].rounds[plates["plate"].to_numpy()])
    keys = plates.drop("plate").with_columns(rounds)
    days = keys.unique().sort("round", "lab", "date").with_row_index("day")
    of_plate = keys.join(
        days, on=["round", "lab", "date"], how="left", nulls_equal=True, maintain_order="left"
    )["day"]
    lengths = np.diff(np.append(begins, rows.height))
    return days.drop("day"), np.repeat(of_plate.to_numpy().astype(np.int64), lengths)


def _lines(plate: NDArray[np.int64], well: NDArray[np.int64], tall: int, wide: int) -> NDArray[np.int64]:
    """Wells of a line of each well's plate: as many as it has rows where it was filled down the columns, else columns."""
    row, column = well // wide, well % wide
    same = np.flatnonzero(np.diff(plate) == 0)
    plates, of = np.unique(plate, return_inverse=True)
    down = np.bincount(of[same[np.diff(column)[same] == 0]], minlength=len(plates))
    along = np.bincount(of[same[np.diff(row)[same] == 0]], minlength=len(plates))
    return np.where(along > down, wide, tall)[of]
