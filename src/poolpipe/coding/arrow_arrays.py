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
    """Make a column of an array's own memory, null where nothing is `there`.

    Parameters
    ----------
    values : (n,)
        Integers or floats.
    there : (n,) bool
    """
    return pl.Series(name, to_arrow(values, None if there.all() else validity_bitmap(there)))


def to_arrow(values: NDArray[Any], valid: pa.Buffer | None = None) -> pa.Array:
    """Numbers as Arrow sees them, nothing copied; `pyarrow.array` would first load pandas to ask it."""
    return pa.Array.from_buffers(
        pa.from_numpy_dtype(values.dtype), len(values), [valid, pa.py_buffer(values)]
    )


def validity_bitmap(valid: NDArray[np.bool_]) -> pa.Buffer:
    """Which values there are, a bit each, as Arrow sees it."""
    return pa.py_buffer(np.packbits(valid, bitorder="little"))


def values_and_validity(column: pl.Series) -> tuple[NDArray[np.float64], NDArray[np.uint8]]:
    """Take a column of floats apart: values, anything at nulls, and for place i bit ``i % 8`` of byte ``i // 8``.

    Without nulls there are no bits.
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
