"""Anomalies of repeated scans: people scanned into a tube more than once, and numbers that a spreadsheet has rounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from poolpipe.findings import CUT_NUMBERS
from poolpipe.stages.anomalies.rows import facts, tube_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.stages.anomalies.rows import Seen

__all__ = ["CUT_WAY_OUT", "of_rescans"]

_CHECKS = 11
"""A resident ID's key is its 17 digits times 11 and its check character, see `poolpipe_kernels.codes`."""

_CUT = r"^[0-9]{15}00+$"
"""Excel keeps 15 digits of a number and writes zeros for the others (IEEE 754 guarantees 15)."""

_MOST_TOLD = 12
CUT_WAY_OUT: Final = (CUT_NUMBERS.way_out, CUT_NUMBERS.way_out_chinese)


def of_rescans(seen: Seen) -> list[pl.DataFrame]:
    """Find `rescanned`; scans under numbers that end like rounded ones are listed, because they may be of several people."""
    rescanned = seen.pools.filter(pl.col("mode").is_not_null() & pl.col("rescanned"))
    if rescanned.is_empty():
        return [tube_rows(seen, "rescanned", rescanned, "last_collected")]
    told = _scans_of_cut_numbers(seen)
    cut = rescanned.join(told, on="tube", how="inner", maintain_order="left")
    others = rescanned.join(told, on="tube", how="anti", maintain_order="left")
    one = facts("cut_number", scans="scans", times="times")
    several = facts("cut_numbers", scans="scans", numbers="numbers", times="times")
    told_facts = pl.when(pl.col("numbers") == 1).then(one).otherwise(several)
    return [
        tube_rows(seen, "rescanned", others, "last_collected"),
        tube_rows(seen, "rescanned", cut, "last_collected", told_facts, CUT_WAY_OUT),
    ]


def _scans_of_cut_numbers(seen: Seen) -> pl.DataFrame:
    """Tubes with repeated scans of a rounded number: tube, number of scans, number of numbers, time."""
    collects = seen.frames["collect"].select("tube", "person", "at", "later")
    later = collects.filter("later")
    again = later.filter(_cut(later["person"].to_numpy(), seen.codes)).select("tube", "person").unique()
    if again.is_empty():
        columns = {"scans": pl.UInt32, "numbers": pl.UInt32, "times": pl.String}
        return again.select("tube").with_columns(
            pl.lit(None, kind).alias(name) for name, kind in columns.items()
        )
    tubes = np.zeros(len(seen.codes.entities["tube"]), np.bool_)
    tubes[again["tube"].to_numpy()] = True
    scans = collects.filter(tubes[collects["tube"].to_numpy()]).join(again, on=["tube", "person"], how="semi")
    # of a scan whose earlier ones are void nothing is left to tell
    scans = scans.filter(pl.len().over("tube", "person") > 1)
    moments = pl.col("at").sort().dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    more = pl.when(pl.len() > _MOST_TOLD).then(pl.lit(", …")).otherwise(pl.lit(""))
    return scans.group_by("tube").agg(
        pl.len().alias("scans"),
        pl.col("person").n_unique().alias("numbers"),
        (moments.head(_MOST_TOLD).str.join(", ") + more).alias("times"),
    )


def _cut(people: NDArray[np.int64], codes: Dictionaries) -> NDArray[np.bool_]:
    """Find keys of people whose number has only zeros behind its 15th digit."""
    digits, check = np.divmod(people, _CHECKS)
    cut = (people >= 0) & (check == 0) & (digits % 100 == 0)
    other = np.flatnonzero(people < 0)
    if len(other):
        cut[other] = codes.others["person"].str.contains(_CUT).to_numpy()[-1 - people[other]]
    return np.asarray(cut)
