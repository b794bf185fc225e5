"""Make tables batch by batch as Arrow columns, in memory that is used again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.arrow_arrays import to_arrow, validity_bitmap
from poolpipe_kernels import texts as kernels

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

__all__ = ["BatchedTable", "BufferPool", "all_alike", "constant", "dictionary", "in_batches"]

_Scalar = TypeVar("_Scalar", bound=np.generic)

_ROWS = 1 << 19
"""Rows of a batch, which becomes a row group: twice as many save two hundredths of the file for twice the memory."""


class BufferPool:
    """Memory that batches are written into: two in turn, so that one can be encoded while the next is made.

    Memory touched for the first time is dearer than what is written into it.
    """

    def __init__(self) -> None:
        self._ours: list[NDArray[np.uint8]] = []
        self._other: list[NDArray[np.uint8]] = []
        self._taken = 0
        self._zeros = np.zeros(0, np.int32)

    def turn(self) -> None:
        """Begin the next batch."""
        self._ours, self._other = self._other, self._ours
        self._taken = 0

    def empty(self, size: int, dtype: type[_Scalar]) -> NDArray[_Scalar]:
        """An array like `numpy.empty`, the batch's own."""
        n_bytes = size * np.dtype(dtype).itemsize
        if self._taken == len(self._ours):
            self._ours.append(np.empty(n_bytes, np.uint8))
        elif len(self._ours[self._taken]) < n_bytes:
            self._ours[self._taken] = np.empty(n_bytes, np.uint8)
        self._taken += 1
        return self._ours[self._taken - 1][:n_bytes].view(dtype)

    def zeros(self, size: int) -> NDArray[np.int32]:
        """Zeros that nobody writes to: all batches share them."""
        if len(self._zeros) < size:
            self._zeros = np.zeros(size, np.int32)
        return self._zeros[:size]


@dataclass(frozen=True, slots=True)
class BatchedTable:
    """A table that is made batch by batch: the texts of a city need more memory than its numbers.

    Attributes
    ----------
    height : int
        Rows.
    rounds : int
        How many rounds the rows may come from.
    make : callable
        Gives the Arrow table of a range of rows, of one schema always, in memory taken from a `BufferPool`.
    """

    height: int
    rounds: int
    make: Callable[[range, BufferPool], pa.Table]

    def batches(self, rows: int | None = None) -> Iterator[pa.Table]:
        """Make the table from its beginning, `rows` rows at a time; at least one batch.

        A batch is good until the next but one is asked for: they are written into the same memory.
        """
        buffers, rows = BufferPool(), rows or _ROWS
        for start in range(0, max(1, self.height), rows):
            buffers.turn()
            yield self.make(range(start, min(start + rows, self.height)), buffers)


def in_batches(frame: pl.DataFrame, rounds: int) -> BatchedTable:
    """Give a frame that is there already in batches; columns are Arrow's plain types, no views of texts."""
    whole = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    return BatchedTable(frame.height, rounds, lambda rows, _: whole.slice(rows.start, len(rows)))


def dictionary(numbers: pl.Series, values: pl.Series, buffers: BufferPool) -> pa.Array:
    """Texts by number; each distinct one once, which is what Parquet wants, too.

    Texts that do not occur are left out: what was rejected, voided or came later leaves no trace in a table.
    """
    places = buffers.empty(len(numbers), np.int32)
    np.copyto(places, numbers.cast(pl.Int32).fill_null(-1).to_numpy())
    valid = validity_bitmap(places >= 0) if numbers.null_count() else None
    order = np.zeros(len(values), np.int32)
    occurring = order[: kernels.renumber(places, order)]
    return pa.DictionaryArray.from_arrays(to_arrow(places, valid), values.gather(occurring).to_arrow())


def constant(text: str, rows: int, buffers: BufferPool) -> pa.Array:
    """One text in every row."""
    return pa.DictionaryArray.from_arrays(to_arrow(buffers.zeros(rows)), pl.Series([text]).to_arrow())


def all_alike(ascending: NDArray[Any]) -> bool:
    """Whether there are numbers, and all of them are one."""
    return len(ascending) > 0 and bool(ascending[0] == ascending[-1])
