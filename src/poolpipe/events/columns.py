"""One column of a batch, laid out for checking: distinct values once, rows as indices into them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.events.alphabet import Alphabet
from poolpipe.events.clean import clean_codes, clean_words, moments, parse_times

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)

__all__ = ["Coded", "as_text", "coded", "legible", "plain_words", "time_column"]


@dataclass(frozen=True, slots=True)
class Coded:
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
    """

    rows: NDArray[np.int32]
    values: pl.Series
    alphabet: Alphabet | None = None

    @classmethod
    def nothing(cls, height: int) -> Coded:
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

    def kept(self, rows: NDArray[np.int64] | slice) -> Coded:
        """Only some rows of the column."""
        return Coded(self.rows[rows], self.values, self.alphabet)


def coded(column: pa.ChunkedArray, before: Callable[[pl.Series], pl.Series] | None = None) -> Coded:
    """Lay a column out by its distinct values, cleaned as codes; `before` may change them first."""
    array = _one_array(column)
    if not pa.types.is_dictionary(array.type):
        hashable = not (pa.types.is_nested(array.type) or pa.types.is_null(array.type))
        array = (array if hashable else as_text(array)).dictionary_encode()
    # By way of polars: pyarrow's own way to numpy imports pandas where that is installed, a second lost.
    indices = pl.Series(array.indices).cast(pl.Int32)
    rows = (indices.fill_null(-1) if indices.null_count() else indices).to_numpy()
    texts = as_text(array.dictionary)
    values = pl.Series("values", texts, pl.String)
    alphabet = Alphabet.of(texts) if before is None else None
    if alphabet and alphabet.is_plain():
        return Coded(rows, values, alphabet)
    return Coded(rows, clean_codes(values if before is None else before(values)))


def plain_words(column: pa.ChunkedArray, *, codes: bool) -> pl.Series:
    """Lay a column of mostly distinct texts out row by row, cleaned as codes or as free text."""
    values = pl.Series("values", as_text(_one_array(column)), pl.String)
    return clean_codes(values) if codes else clean_words(values)


def as_text(array: pa.Array) -> pa.Array:
    """Write values of any type as text: whole floats without their point, NaN as nothing."""
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_string(array.type) or pa.types.is_large_string(array.type):
        return array
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), pa.string())
    if pa.types.is_floating(array.type):
        return _floats_as_text(array)
    if pa.types.is_nested(array.type):
        return _nested_as_text(array)
    if pa.types.is_binary(array.type) or pa.types.is_large_binary(array.type):
        return legible(array).to_arrow()
    return array.cast(pa.large_string())


def time_column(
    column: pa.ChunkedArray, time_zone: str
) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Read a column of times of any type.

    Returns
    -------
    micros : (n,) int64
        Microseconds since 1970, UTC.
    good, missing : (n,) bool
    """
    array = _one_array(column)
    if pa.types.is_timestamp(array.type):
        series = pl.Series(array)
        missing = series.is_null().to_numpy() if series.null_count() else np.zeros(len(series), np.bool_)
        if series.dtype.time_zone is None:  # type: ignore[attr-defined]
            micros, good = moments(series, time_zone)
            return micros, good, missing
        moment = series.dt.cast_time_unit("us").to_physical()
        return (moment.fill_null(0) if series.null_count() else moment).to_numpy(), ~missing, missing
    texts = pl.Series("values", as_text(array), pl.String)
    micros, good = parse_times(texts, time_zone)
    missing = np.zeros(len(texts), np.bool_)
    doubtful = np.flatnonzero(~good)
    missing[doubtful] = clean_codes(texts.gather(doubtful)).is_null().to_numpy()
    return micros, good, missing


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)


def legible(array: pa.Array) -> pl.Series:
    """Bytes as texts; null where they are none."""
    try:
        return pl.Series("values", array).cast(pl.String)
    except pl.exceptions.PolarsError:  # one by one, where one is none
        texts = [None if value is None else value.decode(errors="replace") for value in array.to_pylist()]
        decoded = pl.Series("values", texts, pl.String)
        return pl.select(pl.when(~decoded.str.contains("\ufffd", literal=True)).then(decoded)).to_series()


def _nested_as_text(array: pa.Array) -> pa.Array:
    """Lists and records as JSON."""
    values = pl.Series("value", array)
    wrapped = values.to_frame().to_struct("").struct.json_encode()
    bare = wrapped.str.slice(len('{"value":')).str.head(-1)
    return pl.select(pl.when(values.is_not_null()).then(bare)).to_series().to_arrow()


def _floats_as_text(array: pa.Array) -> pa.Array:
    values = pl.Series("values", array).cast(pl.Float64).fill_nan(None)
    whole = (values == values.round(0)) & (values.abs() < 2**53)
    integers = pl.select(pl.when(whole).then(values).cast(pl.Int64, strict=False)).to_series().cast(pl.String)
    return pl.select(pl.coalesce(integers, values.cast(pl.String))).to_series().to_arrow()
