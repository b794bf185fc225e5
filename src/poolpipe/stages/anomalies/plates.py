"""Anomalies of plates: controls, shared wells, readings without loads and loads without readings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.coding.dictionaries import WELL_PLACES, well_names
from poolpipe.findings import LOADS_REJECTED
from poolpipe.stages.anomalies.rows import NOTHING, entity_rows, more_facts, rows
from poolpipe.tables import ANOMALIES, TIME

if TYPE_CHECKING:
    from poolpipe.stages.anomalies.rows import Seen

__all__ = ["of_plates"]


def of_plates(seen: Seen) -> list[pl.DataFrame]:
    """Find every anomaly of plates and wells."""
    plates = seen.calls.plates
    wells = seen.calls.wells.with_columns((pl.col("slot") // WELL_PLACES).cast(pl.UInt32).alias("plate"))
    read = pl.col("plate").is_in(plates["plate"].implode())
    incomplete = wells.filter(pl.col("incomplete") & read)
    return [
        *_without_controls(seen, plates.filter("missing")),
        entity_rows(seen, "plate_control_failed", "plate", plates.filter("failed"), "last_reading"),
        _well_rows(seen, "well_shared", wells.filter("shared")),
        _well_rows(seen, "reading_incomplete", incomplete),
        *_without_loads(seen, wells.filter("unloaded")),
        _collected_controls(seen),
    ]


def _collected_controls(seen: Seen) -> pl.DataFrame:
    """Find tubes that were collected and loaded as a control, by a name such as PC02: the first such load of each."""
    code, loads = "control_was_collected", seen.frames["load"]
    if code not in loads.columns:  # calls.with_collected_controls marks them
        return rows(code, NOTHING)
    return entity_rows(seen, code, "tube", loads.filter(code).sort("at"), "at")


def _without_controls(seen: Seen, plates: pl.DataFrame) -> list[pl.DataFrame]:
    """Find plates without a control; the detail says where loads were rejected, because a control may be among them."""
    code = "plate_control_missing"
    if plates.is_empty():
        return [rows(code, NOTHING)]
    blamed, own = _parted(plates.with_columns(_rejected_loads(seen, plates["plate"]).alias("told")))
    facts = pl.lit(ANOMALIES[code].meaning) + pl.col("told")
    return [
        entity_rows(seen, code, "plate", own, "last_reading"),
        entity_rows(seen, code, "plate", blamed, "last_reading", facts, _MEND_LOADS),
    ]


def _without_loads(seen: Seen, wells: pl.DataFrame) -> list[pl.DataFrame]:
    """Find wells that were read and not loaded; the detail says where loads of the plate were rejected."""
    code = "reading_without_load"
    if wells.is_empty():
        return [rows(code, NOTHING)]
    told = _rejected_loads(seen, wells["plate"])
    blamed, own = _parted(wells.with_columns(told.alias("told")))
    return [_well_rows(seen, code, own), _well_rows(seen, code, blamed, _MEND_LOADS)]


_MEND_LOADS = (LOADS_REJECTED.way_out, LOADS_REJECTED.way_out_chinese)


def _parted(frame: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Split rows into those whose plate has rejected loads, and the others."""
    return frame.filter(pl.col("told") != ""), frame.filter(pl.col("told") == "")


def _rejected_loads(seen: Seen, plates: pl.Series) -> pl.Series:
    """Text for each plate that says whether its loads were rejected; empty where none was."""
    if seen.rejected_loads.is_empty() or plates.is_empty():
        return pl.Series([""], dtype=pl.String).new_from_index(0, len(plates))
    rounds, names = seen.codes.entity("plate", plates)
    asked = pl.DataFrame({"round": rounds.fill_null(""), "plate": names})
    known = seen.rejected_loads.select("round", "plate", told=more_facts("loads_rejected"))
    return asked.join(known, on=["round", "plate"], how="left", maintain_order="left")["told"].fill_null("")


def _well_rows(
    seen: Seen, code: str, wells: pl.DataFrame, way_out: tuple[str, str] | None = None
) -> pl.DataFrame:
    if wells.is_empty():
        return rows(code, NOTHING)
    rounds, plates = seen.codes.entity("plate", wells["plate"])
    names = well_names(wells["slot"] % WELL_PLACES, seen.plate_wells)
    subjects = pl.DataFrame({"round": rounds, "subject": plates + ":" + names})
    told = pl.lit(ANOMALIES[code].meaning) + (wells["told"] if "told" in wells.columns else pl.lit(""))
    return rows(code, subjects.with_columns(pl.lit(None, TIME).alias("at"), told.alias("facts")), way_out)
