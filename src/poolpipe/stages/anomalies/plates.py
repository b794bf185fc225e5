"""What is wrong on plates: controls, shared wells, readings without loads and loads without readings."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.coding.dictionaries import WELL_PLACES, well_names
from poolpipe.stages.anomalies.rows import NOTHING, entity_rows, rows
from poolpipe.tables import ANOMALIES, TIME

if TYPE_CHECKING:
    from poolpipe.stages.anomalies.rows import Seen

__all__ = ["of_plates"]


def of_plates(seen: Seen) -> list[pl.DataFrame]:
    """Find everything about plates and wells."""
    plates = seen.calls.plates
    wells = seen.calls.wells.with_columns((pl.col("slot") // WELL_PLACES).cast(pl.UInt32).alias("plate"))
    read = pl.col("plate").is_in(plates["plate"].implode())
    incomplete = wells.filter(pl.col("incomplete") & read)
    return [
        entity_rows(seen, "plate_control_missing", "plate", plates.filter("missing"), "last_reading"),
        entity_rows(seen, "plate_control_failed", "plate", plates.filter("failed"), "last_reading"),
        _well_rows(seen, "well_shared", wells.filter("shared")),
        _well_rows(seen, "reading_incomplete", incomplete),
        _well_rows(seen, "reading_without_load", wells.filter("unloaded")),
        _collected_controls(seen),
    ]


def _collected_controls(seen: Seen) -> pl.DataFrame:
    """Tubes that were loaded as a control, by a name such as PC02, and collected: the first such load of each."""
    code, loads = "control_was_collected", seen.frames["load"]
    if code not in loads.columns:  # calls.with_collected_controls marks them
        return rows(code, NOTHING)
    return entity_rows(seen, code, "tube", loads.filter(code).sort("at"), "at")


def _well_rows(seen: Seen, code: str, wells: pl.DataFrame) -> pl.DataFrame:
    rounds, plates = seen.codes.entity("plate", wells["plate"])
    names = well_names(wells["slot"] % WELL_PLACES, seen.plate_wells)
    subjects = pl.DataFrame({"round": rounds, "subject": plates + ":" + names})
    return rows(
        code,
        subjects.with_columns(pl.lit(None, TIME).alias("at"), pl.lit(ANOMALIES[code].meaning).alias("facts")),
    )
