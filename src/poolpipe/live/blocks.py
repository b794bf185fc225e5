"""A frame that grows at its end: a few blocks, joined as they become many; the number of a row never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["Blocks"]


class Blocks:
    """Rows of one kind, the oldest first. Blocks may have other columns than those before; what a block lacks is null."""

    def __init__(self) -> None:
        self._blocks: list[pl.DataFrame] = []
        self.height = 0

    def add(self, rows: pl.DataFrame) -> NDArray[np.int64]:
        """Add rows at the end, and give their numbers."""
        first, self.height = self.height, self.height + rows.height
        while self._blocks and self._blocks[-1].height <= 2 * rows.height:
            rows = pl.concat([self._blocks.pop(), rows], how="diagonal", rechunk=True)
        if rows.height:
            self._blocks.append(rows)
        return np.arange(first, self.height)

    def as_now(self) -> Blocks:
        """The rows that are here now, without a copy of any; what is added later is not among them."""
        kept = Blocks()
        kept._blocks, kept.height = list(self._blocks), self.height
        return kept

    def gather(self, rows: NDArray[np.int64]) -> pl.DataFrame:
        """Take some rows, ascending."""
        found, begin = [], 0
        for block in self._blocks:
            own = rows[slice(*np.searchsorted(rows, (begin, begin + block.height)))] - begin
            if len(own):
                found.append(block[own])
            begin += block.height
        return pl.concat(found, how="diagonal") if found else self._nothing()

    def column(self, name: str, rows: NDArray[np.int64]) -> pl.Series:
        """Take one column of some rows, ascending; null where a block does not have it."""
        found, begin = [], 0
        dtype = self.dtype(name)
        for block in self._blocks:
            own = rows[slice(*np.searchsorted(rows, (begin, begin + block.height)))] - begin
            if len(own):
                found.append(
                    block[name][own]
                    if name in block.columns
                    else pl.Series(name, [None], dtype).new_from_index(0, len(own))
                )
            begin += block.height
        return pl.concat(found) if found else pl.Series(name, [], dtype)

    def dtype(self, name: str) -> pl.DataType:
        """Type of a column; Null where no block has it."""
        return next((block.schema[name] for block in self._blocks if name in block.columns), pl.Null())

    def has(self, names: Sequence[str]) -> bool:
        """Whether some block has all of these columns."""
        return any(set(names) <= set(block.columns) for block in self._blocks)

    def _nothing(self) -> pl.DataFrame:
        parts = [block.clear() for block in self._blocks]
        return pl.concat(parts, how="diagonal") if parts else pl.DataFrame()
