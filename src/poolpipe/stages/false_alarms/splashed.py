"""Which tube each positive well may have got its splash from, for the traces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from poolpipe.stages.false_alarms.splash import SplashedWells
    from poolpipe.stages.false_alarms.tested_wells import TestedWells

__all__ = ["splash_links"]


def splash_links(wells: TestedWells, splashed: SplashedWells) -> pl.DataFrame:
    """Pair every positive tube that has a Ct with the tube beside it that explains it best as splash.

    Parameters
    ----------
    wells : TestedWells
        Wells of the plates.
    splashed : SplashedWells
        Weak positives beside strong wells.

    Returns
    -------
    DataFrame
        source_tube, tube (uint32, null: no strong well beside it), posterior (0 to 1); of several wells of a pair the
        highest.
    """
    best = np.full(len(wells), -1, np.int64)
    posterior = np.zeros(len(wells))
    best[splashed.well], posterior[splashed.well] = splashed.source, splashed.posterior
    known = np.flatnonzero(wells.positive & np.isfinite(wells.ct))
    strong = pl.Series("tube", wells.tube[np.maximum(best[known], 0)], pl.UInt32)
    beside = pl.Series(best[known] >= 0)
    pairs = pl.DataFrame(
        {
            "source_tube": pl.Series(wells.tube[known], dtype=pl.UInt32),
            "tube": pl.select(pl.when(beside).then(strong)).to_series(),
            "posterior": posterior[known],
        }
    )
    return pairs.group_by("source_tube", "tube").agg(pl.col("posterior").max())
