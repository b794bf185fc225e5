"""Anomalies of events: shared ids, and voids that name no event."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.stages.anomalies.rows import rows
from poolpipe.tables import ANOMALIES

if TYPE_CHECKING:
    from poolpipe.stages.anomalies.rows import Seen

__all__ = ["of_events"]


def of_events(seen: Seen) -> list[pl.DataFrame]:
    """Find `conflicting_event` and `void_without_event`."""
    return [
        rows(code, subjects.with_columns(pl.lit(ANOMALIES[code].meaning).alias("facts")))
        for code, subjects in (
            ("conflicting_event", seen.conflicts),
            ("void_without_event", seen.unknown_voids),
        )
    ]
