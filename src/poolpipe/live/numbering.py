"""Write conclusions about a neighbourhood, and about a whole city, with the numbers that stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import WELL_PLACES
from poolpipe.coding.plain_columns import replaced
from poolpipe.live.concluding import ConcludedTubes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from poolpipe.live.localising import LocalEvents
    from poolpipe.results.tables import EncodedTables

__all__ = ["of_city", "with_lasting_numbers"]

_TEXTS = {"site": "site", "point": "point", "lab": "lab", "load_lab": "lab", "box_lab": "lab", "report_lab": "lab",
          "recall_of": "tube"}  # fmt: skip
_ENTITIES = {"tube": "tube", "single_tube": "tube", "box": "box", "plate": "plate"}


def of_city(coded: EncodedTables) -> ConcludedTubes:
    """The same of a city that was concluded as a whole."""
    seats = np.arange(coded.members.height)
    p_infected = coded.members.probabilities.of(seats)
    return ConcludedTubes(
        coded.pools.drop("receipt", strict=False),
        coded.members.rows.with_columns(pl.Series("p_infected", p_infected)),
        coded.recalls.drop("seat", "collected_at", "rank", strict=False),
        coded.cases.drop("seat", strict=False),
        coded.anomalies,
    )


def with_lasting_numbers(found: ConcludedTubes, local: LocalEvents) -> ConcludedTubes:
    """Replace the numbers of a neighbourhood's codes by those that stay; anomalies are texts."""
    pools = _numbered(found.pools.drop("receipt", strict=False), local)
    return ConcludedTubes(
        pools, _numbered(found.members, local), _numbered(found.recalls, local), _numbered(found.cases, local), found.anomalies
    )  # fmt: skip


def _numbered(frame: pl.DataFrame, local: LocalEvents) -> pl.DataFrame:
    columns = []
    for names, numbers in ((_TEXTS, local.texts), (_ENTITIES, local.entities)):
        columns += [_gathered(frame[name], numbers, names[name]) for name in names if name in frame.columns]
    if "person" in frame.columns:
        columns.append(pl.Series("person", local.people(frame["person"].to_numpy())))
    if "by_slot" in frame.columns:
        slot = frame["by_slot"]
        plate = _gathered((slot // WELL_PLACES).cast(pl.UInt32), local.entities, "plate").cast(pl.Int64)
        columns.append((plate * WELL_PLACES + slot % WELL_PLACES).alias("by_slot"))
    return replaced(frame, columns)


def _gathered(column: pl.Series, numbers: Mapping[str, NDArray[np.int64]], of: str) -> pl.Series:
    return pl.Series(column.name, numbers[of].astype(np.uint32))[column]
