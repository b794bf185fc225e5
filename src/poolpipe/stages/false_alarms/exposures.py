"""Which lot, instrument, channel and plate each tube met, at the places and days that have a positive."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import PLATE_SHAPES, WELL_PLACES
from poolpipe.stages.false_alarms.handling import handling_orders
from poolpipe.tables import CALLS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.policy import Policy

__all__ = ["Exposures", "exposures", "plate_assays"]

_INVALID, _SUSPECT = CALLS.index("invalid"), CALLS.index("suspect")
_ASSAY = ("reagent", "instrument")
_ROWS = 16


@dataclass(frozen=True, slots=True)
class Exposures:
    """Tubes with a result of sites and days with a positive, in the order of their queues.

    Attributes
    ----------
    tube, at : (n,) int64
        Number, and time of loading, microseconds since 1970.
    positive : (n,) bool
        Called positive or suspect.
    stratum : (n,) int64
        Site, lab and day of collection.
    queue, position : (n,) int64
        Point of a site and lab, and place among the listed tubes of that point.
    queue_day : (n,) int64
        That point and day.
    units : dict of (n,) int64
        Kind (lot, instrument, channel, plate) to each tube's unit; -1 unknown.
    names : dict of DataFrame
        Kind to lab and name of each unit; lab null where a unit has several.
    lab, lab_day : (n,) int64
        Lab, and lab and day of collection; -1: lab unknown.
    parts, ranks : (3, n) int64
        As `handling.handling_orders` gives them.
    """

    tube: NDArray[np.int64]
    at: NDArray[np.int64]
    positive: NDArray[np.bool_]
    stratum: NDArray[np.int64]
    queue: NDArray[np.int64]
    position: NDArray[np.int64]
    queue_day: NDArray[np.int64]
    units: dict[str, NDArray[np.int64]]
    names: dict[str, pl.DataFrame]
    lab: NDArray[np.int64]
    lab_day: NDArray[np.int64]
    parts: NDArray[np.int64]
    ranks: NDArray[np.int64]


def plate_assays(reads: pl.DataFrame, called: pl.DataFrame) -> pl.DataFrame:
    """Lot and instrument of each plate; nothing is looked for where no tube is positive or suspect.

    Parameters
    ----------
    reads : DataFrame
        Coded read events, voided ones taken out.
    called : DataFrame
        `call` of tubes.

    Returns
    -------
    DataFrame
        plate, reagent, instrument; null where a plate has none or several.
    """
    plates = pl.DataFrame(schema={"plate": pl.UInt32(), **dict.fromkeys(_ASSAY, pl.String())})
    doubtful = (called["call"] >= _SUSPECT).any()
    for name in _ASSAY:
        if not doubtful or name not in reads.columns:
            continue
        told = reads.lazy().select("plate", name).drop_nulls().unique()
        found = told.filter(pl.col("plate").is_unique()).collect()
        plates = plates.drop(name).join(found, on="plate", how="full", coalesce=True)
    return plates.select("plate", *_ASSAY)


def exposures(pools: pl.DataFrame, assays: pl.DataFrame, policy: Policy) -> Exposures | None:
    """List the tubes of every site, lab and day on which a tube is positive.

    Parameters
    ----------
    pools : DataFrame
        Coded, as `gather_pools` gives it.
    assays : DataFrame
        As `plate_assays` gives it.
    policy : Policy
        Wells of a plate, and the time zone of days.

    Returns
    -------
    Exposures or None
        None where no tube of a known site is positive.
    """
    rows = _rows(pools, policy.time_zone)
    if rows.is_empty():
        return None
    tall, wide = PLATE_SHAPES[policy.codes.plate_wells]
    place, points = _numbered(rows, "site", "lab"), _numbered(rows, "site", "lab", "point")
    begins = np.flatnonzero(np.diff(points, prepend=-1))
    position = np.arange(rows.height) - np.repeat(begins, np.diff(np.append(begins, rows.height)))
    date = rows["date"].to_physical().to_numpy().astype(np.int64)
    date -= date.min()
    units, names = _units(rows, assays, wide)
    lab, days = rows["lab"].cast(pl.Int64).fill_null(-1).to_numpy(), int(date.max()) + 1
    lab_day = np.where(lab < 0, -1, lab * days + date)
    parts, ranks = handling_orders(rows, lab_day, units["instrument"], tall, wide)
    return Exposures(
        tube=rows["tube"].cast(pl.Int64).to_numpy(),
        at=rows["loaded_at"].to_physical().to_numpy(),
        positive=rows["positive"].to_numpy(),
        stratum=place * days + date,
        queue=points,
        position=position,
        queue_day=points * days + date,
        units=units,
        names=names,
        lab=lab,
        lab_day=lab_day,
        parts=parts,
        ranks=ranks,
    )


def _numbered(rows: pl.DataFrame, *columns: str) -> NDArray[np.int64]:
    """Number the runs of equal values of sorted rows, from 0."""
    changes = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in columns)
    return rows.select(changes.cast(pl.Int64).cum_sum() - 1).to_series().to_numpy()


def _units(
    rows: pl.DataFrame, assays: pl.DataFrame, wide: int
) -> tuple[dict[str, NDArray[np.int64]], dict[str, pl.DataFrame]]:
    """Number the lots, instruments, channels and plates that occur, in the order of lab and name; and their names."""
    # Plates are few, so that texts are numbered there; a tube's unit is then arithmetic on small integers.
    lots, machines = (assays[name].unique().drop_nulls().sort() for name in _ASSAY)
    highest = int(rows["plate"].max()) + 1  # type: ignore[arg-type]
    kept = assays.filter(pl.col("plate") < highest)
    lot, machine = np.full((2, highest), -1, np.int64)
    for numbers, texts, name in ((lot, lots, "reagent"), (machine, machines, "instrument")):
        known = kept.drop_nulls(name)
        numbers[known["plate"].to_numpy()] = texts.search_sorted(known[name]).to_numpy()
    plate = rows["plate"].cast(pl.Int64).to_numpy()
    lab = rows["lab"].cast(pl.Int64).fill_null(-1).to_numpy() + 1
    row = (rows["well"].cast(pl.Int64) // wide).to_numpy()
    keys = {
        "lot": lot[plate],
        "instrument": np.where(machine[plate] < 0, -1, lab * max(len(machines), 1) + machine[plate]),
        "channel": lab * _ROWS + row,
        "plate": plate,
    }
    units, names = {}, {}
    for kind, key in keys.items():
        units[kind], there = _compressed(key)
        of_lab, number = np.divmod(
            there, {"instrument": max(len(machines), 1), "channel": _ROWS}.get(kind, 1)
        )
        labs = pl.Series("lab", of_lab - 1).replace(-1, None).cast(pl.UInt32)
        if kind == "lot":
            names[kind] = pl.DataFrame([lots.gather(there).alias("name")])
        elif kind == "instrument":
            names[kind] = pl.DataFrame([labs, machines.gather(number).alias("name")])
        elif kind == "channel":
            names[kind] = pl.DataFrame([labs, pl.Series("row", number)])
        else:
            names[kind] = pl.DataFrame([pl.Series("plate", there).cast(pl.UInt32)])
    return units, names


def _compressed(key: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Number keys without gaps, -1 staying -1; and the key of each number."""
    used = np.zeros(int(key.max()) + 2, np.bool_)
    used[key] = True  # -1 marks the last, which is no key
    used[-1] = False
    there = np.flatnonzero(used)
    number = np.full(len(used), -1, np.int64)
    number[there] = np.arange(len(there))
    return number[key], there


def _rows(pools: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Tubes with a result in a well, of sites, labs and days with a positive; sorted by place and time."""
    last = pl.col("plate").cast(pl.Int64) * WELL_PLACES + pl.col("well")
    deciding = pl.col("by_slot").is_null() | (pl.col("by_slot") == last)
    date = pl.col("first_collected").dt.convert_time_zone(zone).dt.date().alias("date")
    key = ["site", "lab", "date"]
    positive = pl.col("call") >= _SUSPECT
    kept = (
        (pl.col("call") != _INVALID) & pl.col("plate").is_not_null() & pl.col("site").is_not_null() & deciding
    )
    found = pools.lazy().filter(positive & kept).select("site", "lab", date).unique().collect()
    return (
        pools.lazy()
        .filter(kept & pl.col("site").is_in(found["site"].unique().implode()))
        .select(
            "tube", "site", "point", "lab", date, "first_collected", "plate", "well", "loaded_at", "box", "packed_at", "received_at",
            positive.alias("positive"),
        )
        .join(found.lazy(), on=key, how="semi", nulls_equal=True)
        .sort("site", "lab", "point", "first_collected", "tube")
        .collect()
    )  # fmt: skip
