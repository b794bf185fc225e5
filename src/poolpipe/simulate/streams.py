"""Streams of simulated events: each kind's frames of integer columns, in the order in which they arise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["SimulatedScans"]


@dataclass
class SimulatedScans:
    """Frames of integer columns per stream, in pieces as they arise."""

    pieces: dict[str, list[pl.DataFrame]] = field(default_factory=dict)

    def add(self, stream: str, **columns: NDArray[np.generic] | None) -> None:
        """Append events of one stream; a column that is None is left out."""
        frame = pl.DataFrame({name: column for name, column in columns.items() if column is not None})
        if len(frame):
            self.pieces.setdefault(stream, []).append(frame)

    def frame(self, stream: str) -> pl.DataFrame:
        """All events of a stream so far; columns that a piece lacks are null in it."""
        return pl.concat(self.pieces.get(stream, [pl.DataFrame()]), how="diagonal_relaxed")
