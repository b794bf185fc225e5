"""Readings: the PCR readings that each call rests on, kept beside the result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, cast, get_args

import numpy as np
import polars as pl

from poolpipe.choices import check_choice
from poolpipe.coding.dictionaries import WELL_PLACES, Dictionaries, well_names
from poolpipe.errors import InputError
from poolpipe.tables import CALLS, TABLES
from poolpipe_kernels import well_index
from poolpipe_kernels.compilation import read_only

if TYPE_CHECKING:
    from poolpipe.stages.calls import Calls

__all__ = ["MOST_READINGS", "WHICH", "Which", "kept_readings", "readings_in_order", "readings_in_words"]

Which = Literal["auto", "all", "not-negative"]
WHICH: Final = get_args(Which)

MOST_READINGS = 300_000
"""Up to so many read-outs (those of a million people) all are kept: that takes 0.08 s of a core, and those of a
Shanghai day, seven million, would take 2 s of sixteen."""

_SCHEMA = {column.name: column.dtype for column in TABLES["readings"]}
_CODED = {
    "plate": pl.UInt32(),
    "well": pl.Int32(),
    "target": pl.UInt32(),
    **{name: _SCHEMA[name] for name in ("ct", "at", "reagent", "instrument", "shared")},
}

_NEGATIVE = CALLS.index("negative")


def kept_readings(reads: pl.DataFrame, calls: Calls, which: Which = "auto") -> tuple[pl.DataFrame, str]:
    """Choose the read-outs of the wells that calls rest on.

    Parameters
    ----------
    reads : DataFrame
        Coded read events, voided ones taken out.
    calls : Calls
        The well that each tube's call rests on, and which wells are shared.
    which : {"auto", "all", "not-negative"}
        Those of all tubes, or of all but the negative ones; `auto` keeps all up to `MOST_READINGS` read-outs.

    Returns
    -------
    readings : DataFrame
        Coded, in the order of round, plate, well, target, ct (a number before undetermined) and time, each once;
        with `shared`.
    which : str
        Which were kept: `all` or `not-negative`.

    Raises
    ------
    InputError
        If `which` is none of these words.
    """
    check_choice("readings", which, WHICH, InputError)
    if which == "auto":
        which = "all" if reads.height <= MOST_READINGS else "not-negative"
    if reads.is_empty():
        return pl.DataFrame(schema=_CODED), which
    decides = pl.col("by_slot").is_not_null()
    if which == "not-negative":
        decides &= pl.col("call") != _NEGATIVE
    decide = calls.tubes.select(pl.col("by_slot").filter(decides)).to_series().to_numpy()
    kept = np.zeros(int(decide.max(initial=0)) + 1, np.bool_)
    kept[decide] = True
    plate, well = read_only(reads["plate"].to_numpy()), read_only(reads["well"].to_numpy())
    rows = np.empty(reads.height, np.uint32)  # the system allocates pages only where they are written
    readings = reads[rows[: well_index.rows_in_slots(plate, well, kept, rows)]]
    shared = _slot().is_in(calls.wells.filter("shared")["slot"].implode())
    return readings_in_order(readings.with_columns(shared.alias("shared"))), which


def _slot() -> pl.Expr:
    return pl.col("plate").cast(pl.Int64) * WELL_PLACES + pl.col("well")


def readings_in_order(readings: pl.DataFrame) -> pl.DataFrame:
    """Sort by place, target, ct and time, and drop rows that are equal in every kept column.

    Parameters
    ----------
    readings : DataFrame
        Coded, with `shared`.

    Returns
    -------
    DataFrame
        As `kept_readings`.
    """
    absent = [pl.lit(None, kind).alias(name) for name, kind in _CODED.items() if name not in readings.columns]
    readings = readings.with_columns(absent)
    targets = int(cast("int", readings["target"].max() or 0)) + 1
    # Nearly every target is read once, and one whole number is sorted faster than four columns.
    placed = readings.select(*_CODED, (_slot() * targets + pl.col("target")).alias("place")).sort("place")
    begins = np.diff(placed["place"].to_numpy(), prepend=-1) != 0
    if begins.all():
        return placed.drop("place")
    several = pl.Series(~(begins & np.append(begins[1:], True)))
    rest = ("ct", "at", "reagent", "instrument", "shared")
    again = placed.filter(several).unique().sort("place", *rest, nulls_last=True)
    return pl.concat([placed.filter(~several), again]).sort("place", maintain_order=True).drop("place")


def readings_in_words(readings: pl.DataFrame, codes: Dictionaries, plate_wells: int) -> pl.DataFrame:
    """Turn coded read-outs into texts.

    Parameters
    ----------
    readings : DataFrame
        Coded, as `kept_readings` gives them.
    codes : Dictionaries
        Give the texts.
    plate_wells : {96, 384}
        Wells of a plate, which decide the names of positions.

    Returns
    -------
    DataFrame
        The table `readings` (docs/tables.md).
    """
    if readings.is_empty():
        return pl.DataFrame(schema=_SCHEMA)
    rounds, plates = codes.entity("plate", readings["plate"])
    missing = [
        pl.lit(None, kind).alias(name)
        for name, kind in _SCHEMA.items()
        if name not in (*readings.columns, "round")
    ]
    return readings.with_columns(
        rounds,
        plates,
        well_names(readings["well"], plate_wells),
        codes.text("target", readings["target"]),
        *missing,
    ).select(pl.col(name).cast(kind) for name, kind in _SCHEMA.items())
