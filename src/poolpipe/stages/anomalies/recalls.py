"""Anomalies of recalls: late, at the wrong lab, or all negative."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.stages.anomalies.rows import facts, tube_rows
from poolpipe.tables import CALLS, MODES

if TYPE_CHECKING:
    from poolpipe.stages.anomalies.rows import Seen

__all__ = ["of_recalls"]

_NEGATIVE = CALLS.index("negative")
_POOL = MODES.index("pool")


def of_recalls(seen: Seen) -> list[pl.DataFrame]:
    """Find `unexplained_pool`, `clock_recall` and `recall_wrong_lab`."""
    recalls = seen.recalls
    negative = (pl.col("outcome") == _NEGATIVE).fill_null(value=False)
    tubes = recalls.group_by("tube").agg(
        negative.all().alias("unexplained"),
        (pl.col("overdue") | pl.col("late")).sum().alias("missed"),
        pl.col("due_at").first(),
        pl.col("closed_at").max(),
    )
    tubes = tubes.hstack(seen.of_pools(tubes["tube"], "mode"))
    unexplained = tubes.filter(pl.col("unexplained") & (pl.col("mode") == _POOL))
    missed = tubes.filter(pl.col("missed") > 0)
    answered = recalls.filter(pl.col("single_tube").is_not_null())
    single_lab = seen.of_pools(answered["single_tube"], "lab").to_series()
    astray = answered.filter(single_lab != answered["lab"]).sort("single_tube", "recollected_at")
    return [
        tube_rows(seen, "unexplained_pool", unexplained, "closed_at"),
        tube_rows(
            seen,
            "clock_recall",
            missed,
            "due_at",
            facts("clock_recall", missed="missed"),
        ),
        tube_rows(
            seen, "recall_wrong_lab", astray.drop("tube").rename({"single_tube": "tube"}), "recollected_at"
        ),
    ]
