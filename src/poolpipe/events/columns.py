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

__all__ = ["EncodedColumn", "coded", "one_array", "plain_codes", "plain_words"]


@dataclass(frozen=True, slots=True)
class EncodedColumn:
    """A column of few distinct values.

    Attributes
    ----------
    rows : (n,) int32
        Index into `values` per row; -1 where nothing was given.
    values : Series
        Cleaned texts, or the numbers read from them; not necessarily distinct, null where only blanks
        were given.
    alphabet : Alphabet or None
        What the values are made of, where that was asked and they needed no cleaning.
    faults : (values,) uint8 or None
        What makes a value no code, as a place in `cleaning.FAULTS`; None where all are codes.
    """

    rows: NDArray[np.int32]
    values: pl.Series
    profile: ByteProfile | None = None
    faults: NDArray[np.uint8] | None = None

    @classmethod
    def nothing(cls, height: int) -> EncodedColumn:
        """Make a column in which nothing was given."""
        return cls(np.full(height, -1, np.int32), pl.Series("values", [], pl.String))

    def spread(self, per_value: NDArray[T], missing: object) -> NDArray[T]:
        """Per row what is known per value; `missing` where nothing was given."""
        padded = np.append(per_value, np.asarray([missing], per_value.dtype))
        spread: NDArray[T] = padded[self.rows]
        return spread

    def missing(self) -> NDArray[np.bool_]:
        """Which rows give nothing, blanks included."""
        if not self.values.null_count():
            return self.rows < 0
        return self.spread(self.values.is_null().to_numpy(), missing=True).astype(np.bool_)

    def kept(self, rows: NDArray[np.int64] | slice) -> EncodedColumn:
        """Only some rows of the column."""
        return replace(self, rows=self.rows[rows])


def coded(column: pa.ChunkedArray, before: Callable[[pl.Series], pl.Series] | None = None) -> EncodedColumn:
    """Lay a column out by its distinct values, cleaned as codes; `before` may change them first."""
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


def plain_codes(column: pa.ChunkedArray) -> tuple[pl.Series, NDArray[np.uint8] | None]:
    """Lay a column of mostly distinct codes out row by row, cleaned; and the faults of each, as `EncodedColumn` has them."""
    texts = as_text(one_array(column))
    values = pl.Series("values", texts, pl.String)
    profile = ByteProfile.of(texts)
    if profile and profile.is_plain():
        return values, None
    cleaned = clean_codes(values)
    return cleaned, code_faults(cleaned)


def plain_words(column: pa.ChunkedArray) -> pl.Series:
    """Lay a column of mostly distinct texts out row by row, without the blanks around them."""
    return clean_words(pl.Series("values", as_text(one_array(column)), pl.String))


def one_array(column: pa.ChunkedArray) -> pa.Array:
    """Give the whole of a column as one array."""
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
