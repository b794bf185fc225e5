"""Columns with gaps: taken apart and put together, every value where it was."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolpipe.coding.arrow_arrays import nullable_column, values_and_validity

cells = st.lists(st.one_of(st.none(), st.floats(allow_nan=False)), max_size=40)


@given(cells)
def test_column__is_null_where_nothing_is_there(values):
    there = np.array([value is not None for value in values], np.bool_)
    column = nullable_column("ct", np.array([value or 0.0 for value in values]), there)
    assert column.equals(pl.Series("ct", values, pl.Float64))


@pytest.mark.parametrize("kind", [np.int8, np.uint32, np.int64])
def test_column__keeps_the_type_of_its_array(kind):
    column = nullable_column("box", np.array([1, 2], kind), np.array([True, False]))
    assert column.to_list() == [1, None]
    assert column.dtype == pl.Series(np.array([1], kind)).dtype


@given(cells, st.integers(0, 20), st.booleans())
def test_values__and_bits_are_those_of_the_column_however_it_lies_in_memory(values, start, in_two):
    column = pl.Series("ct", values, pl.Float64).slice(start)
    expected = values[start:]
    if in_two:
        column, expected = pl.concat([column, column], rechunk=False), expected * 2
    flat, bits = values_and_validity(column)
    there = np.unpackbits(bits, bitorder="little")[: len(flat)] if len(bits) else np.ones(len(flat))
    assert [value if is_there else None for value, is_there in zip(flat, there, strict=True)] == expected
