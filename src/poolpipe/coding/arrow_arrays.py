"""Convert numpy arrays with a validity mask to Arrow and polars columns with nulls, and back, without copying."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["nullable_column", "to_arrow", "validity_bitmap", "values_and_validity"]


def nullable_column(name: str, values: NDArray[np.generic], there: NDArray[np.bool_]) -> pl.Series:
    """Make a polars column over the memory of an array, null where `there` is False.

    Parameters
    ----------
    values : (n,)
        Integers or floats; the column keeps this memory alive.
    there : (n,) bool
    """
    return pl.Series(name, to_arrow(values, None if there.all() else validity_bitmap(there)))


def to_arrow(values: NDArray[Any], valid: pa.Buffer | None = None) -> pa.Array:
    """Make an Arrow array over the memory of a numpy array, without a copy.

    `pyarrow.array` does the same, but imports pandas first.

    Parameters
    ----------
    values : (n,) integers or floats
        The Arrow array keeps this memory alive.
    valid : pyarrow.Buffer, optional
        Validity bitmap, bit ``i % 8`` of byte ``i // 8``: 0 where value i is null; None where none is.

    Returns
    -------
    pyarrow.Array
    """
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(values.dtype), len(values), [valid, pa.py_buffer(values)]
    )


def validity_bitmap(valid: NDArray[np.bool_]) -> pa.Buffer:
    """Make an Arrow validity bitmap: bit ``i % 8`` of byte ``i // 8`` is 1 where value i is not null."""
    return pa.py_buffer(np.packbits(valid, bitorder="little"))


def values_and_validity(column: pl.Series) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Split a column of floats into values (float64, arbitrary at nulls) and a validity bitmap (uint8).

    Bit ``i % 8`` of byte ``i // 8`` is 1 where value i is not null; the bitmap is empty where none is null.
    """
    array = column.cast(pl.Float64).to_arrow()
    start = array.offset
    bits, content = array.buffers()
    values = np.frombuffer(content or b"", np.float64)[start : start + len(array)]
    if not array.null_count:
        return values, np.empty(0, np.uint8)
    there = np.frombuffer(bits, np.uint8)
    if start % 8 == 0:
        return values, there[start // 8 :]
    return values, np.packbits(~array.is_null().to_numpy(zero_copy_only=False), bitorder="little")
