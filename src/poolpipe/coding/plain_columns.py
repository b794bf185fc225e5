"""Columns of few rows, looked at without a query: on a neighbourhood of a city a query costs more than what it does.

Polars makes a query of `drop_nulls`, `fill_null`, `is_not_null` and `gather` of a column, which takes a tenth of a millisecond each;
indexing (`column[rows]`) and what is here take a tenth of that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = ["filled", "replaced", "rows_with_value", "without_nulls"]


def without_nulls(column: pl.Series) -> pl.Series:
    """The values of a column that are not null."""
    return column.drop_nulls() if column.null_count() else column


def filled(column: pl.Series, value: Any) -> pl.Series:
    """A column with a value in place of null."""
    return column.fill_null(value) if column.null_count() else column


def rows_with_value(column: pl.Series) -> NDArray[np.int64]:
    """The rows in which a column is not null, ascending."""
    return np.flatnonzero(column.is_not_null().to_numpy()) if column.null_count() else np.arange(len(column))


def replaced(frame: pl.DataFrame, columns: Iterable[pl.Series]) -> pl.DataFrame:
    """A frame with some of its columns replaced, each by that of its name."""
    told = {column.name: column for column in columns}
    return pl.DataFrame([told.get(column.name, column) for column in frame.iter_columns()])
