"""Columns with and without nulls, beside Python's own lists."""

from __future__ import annotations

import polars as pl
import pytest

from poolpipe.coding.plain_columns import filled, rows_with_value, without_nulls

COLUMNS: tuple[list[int | None], ...] = ([], [None], [3, None, 5, None], [1, 2, 3])


@pytest.mark.parametrize("values", COLUMNS)
def test_nulls_are_left_out_filled_and_passed_over(values: list[int | None]) -> None:
    column = pl.Series("tube", values, pl.UInt32)
    assert without_nulls(column).to_list() == [each for each in values if each is not None]
    assert filled(column, 9).to_list() == [9 if each is None else each for each in values]
    assert rows_with_value(column).tolist() == [row for row, each in enumerate(values) if each is not None]
    assert without_nulls(column).dtype == filled(column, 9).dtype == pl.UInt32
