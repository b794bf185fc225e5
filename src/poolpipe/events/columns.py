"""One column of a batch, dictionary encoded: its distinct values, and for each row the index of its value."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.cleaning import clean_codes, clean_words, code_faults
from poolpipe.coding.plain_texts import as_text
from poolpipe.events.byte_profile import ByteProfile

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)

_SPAN, _MOST = 1 << 12, 1 << 31

__all__ = ["EncodedColumn", "coded", "one_array", "plain_codes", "plain_words", "small_numbers"]


@dataclass(frozen=True, slots=True)
class EncodedColumn:
    """A column of few distinct values.

    Attributes
    ----------
    rows : (n,) int32
        Index into `values` per row; -1 where the cell is empty.
    values : Series
        Cleaned texts, or the numbers read from them; not necessarily distinct, null where only blanks
        were given.
    profile : ByteProfile or None
        The bytes that occur in the values, where that was asked and they needed no cleaning.
    faults : (values,) uint8 or None
        Why a value is not a code, as an index into `cleaning.FAULTS`; None where all are codes.
    """

    rows: NDArray[np.int32]
    values: pl.Series
    profile: ByteProfile | None = None
    faults: NDArray[np.uint8] | None = None

    @classmethod
    def nothing(cls, height: int) -> EncodedColumn:
        """Make a column of empty cells."""
        return cls(np.full(height, -1, np.int32), pl.Series("values", [], pl.String))

    def spread(self, per_value: NDArray[T], missing: object) -> NDArray[T]:
        """Give each row what is known of its value.

        Parameters
        ----------
        per_value : (values,)
            One item per value.
        missing : object
            Item of rows whose cell is empty.

        Returns
        -------
        (n,) array
            Of the type of `per_value`.
        """
        padded = np.append(per_value, np.asarray([missing], per_value.dtype))
        spread: NDArray[T] = padded[self.rows]
        return spread

    def missing(self) -> NDArray[np.bool_]:
        """Which rows have an empty or blank cell, (n,) bool."""
        if not self.values.null_count():
            return self.rows < 0
        return self.spread(self.values.is_null().to_numpy(), missing=True).astype(np.bool_)

    def kept(self, rows: NDArray[np.int64] | slice) -> EncodedColumn:
        """Only some rows of the column."""
        return replace(self, rows=self.rows[rows])


def coded(column: pa.ChunkedArray, before: Callable[[pl.Series], pl.Series] | None = None) -> EncodedColumn:
    """Encode a column by its distinct values, cleaned as codes.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Of any type.
    before : callable, optional
        Changes the distinct texts before they are cleaned.

    Returns
    -------
    EncodedColumn
    """
    array = _distinct(one_array(column))
    # By way of polars: pyarrow's own way to numpy imports pandas where that is installed, a second lost.
    indices = pl.Series(array.indices).cast(pl.Int32)
    rows = (indices.fill_null(-1) if indices.null_count() else indices).to_numpy()
    texts = as_text(array.dictionary)
    values = pl.Series("values", texts, pl.String)
    profile = ByteProfile.of(texts) if before is None else None
    if profile and profile.is_plain():
        return EncodedColumn(rows, values, profile)
    cleaned = clean_codes(values if before is None else before(values))
    return EncodedColumn(rows, cleaned, faults=code_faults(cleaned))


def _distinct(array: pa.Array) -> pa.DictionaryArray:
    if pa.types.is_dictionary(array.type):
        return array
    try:
        return array.dictionary_encode()
    except pa.ArrowException:  # lists, records, extensions
        return as_text(array).dictionary_encode()


def small_numbers(column: pa.ChunkedArray) -> EncodedColumn | None:
    """Encode whole numbers by their distance from the least, if all are there, at least 0 and close together.

    Capacities are 5, 10 or 20: a dictionary of their texts takes ten times as long.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        Of any type.

    Returns
    -------
    EncodedColumn or None
        Over Int64; None for other columns.
    """
    array = one_array(column)
    if not pa.types.is_integer(array.type) or array.null_count or not len(array):
        return None
    numbers = pl.Series(array).to_numpy()
    low, high = int(numbers.min()), int(numbers.max())
    if low < 0 or high >= _MOST or high - low >= _SPAN:
        return None
    rows = np.subtract(numbers, low, dtype=np.int32, casting="unsafe")
    return EncodedColumn(rows, pl.Series("values", np.arange(low, high + 1)))


def plain_codes(column: pa.ChunkedArray) -> tuple[pl.Series, NDArray[np.uint8] | None]:
    """Clean a column of mostly distinct codes row by row; also give the faults of each row, as in `EncodedColumn`."""
    texts = as_text(one_array(column))
    values = pl.Series("values", texts, pl.String)
    profile = ByteProfile.of(texts)
    if profile and profile.is_plain():
        return values, None
    cleaned = clean_codes(values)
    return cleaned, code_faults(cleaned)


def plain_words(column: pa.ChunkedArray) -> pl.Series:
    """Convert a column of mostly distinct texts row by row, without the blanks around them."""
    return clean_words(pl.Series("values", as_text(one_array(column)), pl.String))


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """Join the chunks of a column to one array."""
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
