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
"""Rows of a batch, which becomes a row group; twice as many would save 2 % of the file and take twice the memory."""


class BufferPool:
    """Owns the memory that batches are written into: two sets in turn, so that one is encoded while the next is made.

    Memory is used again because touching new pages takes longer than writing the data.
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
        """Give an uninitialised array that the present batch may use.

        Parameters
        ----------
        size : int
            Number of items.
        dtype : type
            numpy type of an item.

        Returns
        -------
        (size,) array
            Owned by the pool: it is overwritten after the next batch.
        """
        n_bytes = size * np.dtype(dtype).itemsize
        if self._taken == len(self._ours):
            self._ours.append(np.empty(n_bytes, np.uint8))
        elif len(self._ours[self._taken]) < n_bytes:
            self._ours[self._taken] = np.empty(n_bytes, np.uint8)
        self._taken += 1
        return self._ours[self._taken - 1][:n_bytes].view(dtype)

    def zeros(self, size: int) -> NDArray[np.int32]:
        """Give (size,) int32 zeros that all batches share; they must not be written to."""
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
        Gives the Arrow table of a range of rows, always of the same schema, in memory of a `BufferPool`.
    """

    height: int
    rounds: int
    make: Callable[[range, BufferPool], pa.Table]

    def batches(self, rows: int | None = None) -> Iterator[pa.Table]:
        """Make the table from its beginning, `rows` rows at a time; at least one batch.

        A batch is valid until the next but one is made: both are written into the same memory.
        """
        buffers, rows = BufferPool(), rows or _ROWS
        for start in range(0, max(1, self.height), rows):
            buffers.turn()
            yield self.make(range(start, min(start + rows, self.height)), buffers)


def in_batches(frame: pl.DataFrame, rounds: int) -> BatchedTable:
    """Give a frame as a table in batches; columns get Arrow's plain types, without string views.

    Parameters
    ----------
    frame : polars.DataFrame
        The whole table.
    rounds : int
        How many rounds its rows may come from.

    Returns
    -------
    BatchedTable
    """
    whole = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    return BatchedTable(frame.height, rounds, lambda rows, _: whole.slice(rows.start, len(rows)))


def dictionary(numbers: pl.Series, values: pl.Series, buffers: BufferPool) -> pa.Array:
    """Make a dictionary-encoded column of texts from numbers.

    Texts that do not occur are left out of the dictionary: events that were rejected, voided or came later leave no
    trace in a table.

    Parameters
    ----------
    numbers : Series
        (n,) indices into `values`; null stays null.
    values : Series
        (m,) texts.
    buffers : BufferPool
        Owns the memory of the indices.

    Returns
    -------
    pyarrow.Array
        (n,) dictionary.
    """
    places = buffers.empty(len(numbers), np.int32)
    np.copyto(places, numbers.cast(pl.Int32).fill_null(-1).to_numpy())
    valid = validity_bitmap(places >= 0) if numbers.null_count() else None
    order = np.zeros(len(values), np.int32)
    occurring = order[: kernels.renumber(places, order)]
    return pa.DictionaryArray.from_arrays(to_arrow(places, valid), values.gather(occurring).to_arrow())


def constant(text: str, rows: int, buffers: BufferPool) -> pa.Array:
    """Make a dictionary-encoded column with one text in every row.

    Parameters
    ----------
    text : str
        The text.
    rows : int
        Length of the column.
    buffers : BufferPool
        Owns the memory of the indices.

    Returns
    -------
    pyarrow.Array
        (rows,) dictionary.
    """
    return pa.DictionaryArray.from_arrays(to_arrow(buffers.zeros(rows)), pl.Series([text]).to_arrow())


def all_alike(ascending: NDArray[Any]) -> bool:
    """Whether there are numbers, and all of them are equal."""
    return len(ascending) > 0 and bool(ascending[0] == ascending[-1])
