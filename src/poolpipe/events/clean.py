"""Parse numbers and wells from the distinct texts of a column."""

from __future__ import annotations

import re
from functools import cache
from itertools import product
from string import ascii_uppercase
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from pyarrow import types

from poolpipe.coding.cleaning import clean_codes
from poolpipe.coding.dictionaries import PLATE_SHAPES
from poolpipe.events.columns import coded

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = [
    "canonical_numbers",
    "ct_of_rows",
    "exact_floats",
    "parse_ct",
    "parse_whole",
    "plain_ct",
    "well_positions",
]

_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_FEW: Final = 1_000
"""Values that are looked at one by one: a plate has no more."""

_ODD_WELL: Final = -2
_EXACT = 2.0**53
"""Below it every whole number is a float of its own."""

_NOT_DETECTED = ("undetermined", "nan", "n/a", "no ct", "noct", "-", "")
_PLAIN_CT: Final = re.compile(r"[0-9]{1,2}(?:\.[0-9]{1,9})?")


def parse_whole(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Parse whole numbers of at least 0 (`10`, `010`, `5.0`, `1e1`): the numbers, and whether each text is one or null."""
    cleaned = clean_codes(values)
    number = pl.select(
        pl.when(cleaned.str.contains(_NUMBER)).then(cleaned).cast(pl.Float64, strict=False)
    ).to_series()
    is_whole = (number >= 0) & (number == number.floor()) & (number < _EXACT)
    whole = pl.select(pl.when(is_whole).then(number).cast(pl.Int64)).to_series()
    return whole, cleaned.is_null() | whole.is_not_null()


def parse_ct(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Parse Ct values, 0 to 100 cycles: the numbers (undetermined is null), and whether each text could be read."""
    cleaned = clean_codes(values)
    number = cleaned.str.contains(_NUMBER)
    ct = pl.select(pl.when(number).then(cleaned).cast(pl.Float64, strict=False)).to_series()
    undetermined = cleaned.is_null() | cleaned.str.to_lowercase().is_in(_NOT_DETECTED)
    in_range = (ct.is_between(0, 100)).fill_null(value=False)
    return pl.select(pl.when(in_range).then(ct)).to_series(), undetermined | in_range


def plain_ct(texts: Sequence[str | None]) -> pl.Series | None:
    """Parse Ct values that are written as machines write them, one by one: of a plate's few, a query takes ten times as long.

    Parameters
    ----------
    texts : sequence of str or None
        (n,) cells as they came.

    Returns
    -------
    (n,) Series of Float64 or None
        As `parse_ct`; None where a text is written otherwise, and each must be looked at.
    """
    found: list[float | None] = []
    for text in texts:
        if text is None or text.lower() in _NOT_DETECTED:
            found.append(None)
        elif _PLAIN_CT.fullmatch(text):
            found.append(float(text))
        else:
            return None
    return pl.Series("ct", found, pl.Float64)


def ct_of_rows(column: pa.ChunkedArray) -> tuple[pl.Series, NDArray[np.bool_]]:
    """Read a column of Ct values of any type.

    Parameters
    ----------
    column : pyarrow.ChunkedArray
        (n,) cells.

    Returns
    -------
    ct : (n,) Series of Float64
        Cycles; undetermined is null.
    good : (n,) bool
        Whether the cell could be read.
    """
    if types.is_floating(column.type):
        ct = exact_floats(pl.Series("ct", column)).fill_nan(None)
        return ct, ct.is_between(0, 100).fill_null(value=True).to_numpy()
    is_text = types.is_string(column.type) or types.is_large_string(column.type)
    if is_text and len(column) <= _FEW and (plain := plain_ct(column.to_pylist())) is not None:
        return plain, np.ones(len(plain), np.bool_)
    given = coded(column)
    rows = pl.Series(given.rows).replace(-1, None)
    numbers, good = parse_ct(given.values)
    return numbers.gather(rows), good.gather(rows).fill_null(value=True).to_numpy()


def exact_floats(values: pl.Series) -> pl.Series:
    """Widen floats to Float64 by their shortest decimal: the Float32 27.37 becomes 27.37 and not 27.3700008392334.

    Parameters
    ----------
    values : Series
        (n,) Float16, Float32 or Float64.

    Returns
    -------
    (n,) Series of Float64
        Missing values stay; NaN and infinities, too.
    """
    wide = values.cast(pl.Float64)
    if values.dtype == pl.Float64:
        return wide
    # four decimals tell Ct values of 24 bits apart and are rounded at once; only the others are written and read as texts
    short = wide.round(4)
    same = (short.cast(values.dtype) == values).fill_null(value=True)
    if same.all():
        return short
    texts = pl.Series(values.name, values.filter(~same).cast(pl.String)).cast(pl.Float64, strict=False)
    return short.scatter((~same).arg_true(), texts)


def well_positions(values: pl.Series, wells: int) -> NDArray[np.int32]:
    """Parse well names such as `A1` and `a01`.

    Parameters
    ----------
    values : Series of String
        (n,) distinct texts.
    wells : {96, 384}
        Wells of the plate.

    Returns
    -------
    (n,) int32
        Row times the plate's columns plus column, from 0; -1 where the text is no well of the plate.
    """
    if len(values) <= _FEW:
        plain = _plain_wells(wells)
        found = [plain.get(text, _ODD_WELL) for text in values.to_list()]
        if _ODD_WELL not in found:
            return np.array(found, np.int32)
    rows, columns = PLATE_SHAPES[wells]
    parts = clean_codes(values).str.extract_groups(r"^([A-Za-z])([0-9]{1,2})$").struct.unnest()
    row = parts["1"].str.to_uppercase().str.to_integer(base=36, strict=False) - 10
    column = parts["2"].cast(pl.Int64, strict=False) - 1
    position = row * columns + column
    fits = (row < rows) & (column >= 0) & (column < columns)
    return pl.select(pl.when(fits).then(position)).to_series().fill_null(-1).cast(pl.Int32).to_numpy()


@cache
def _plain_wells(wells: int) -> dict[str | None, int]:
    """The position of each well by the names that are usual, and -1 for none."""
    rows, columns = PLATE_SHAPES[wells]
    known: dict[str | None, int] = {None: -1}
    for (row, letter), column in product(enumerate(ascii_uppercase[:rows]), range(columns)):
        for name in (f"{letter}{column + 1}", f"{letter}{column + 1:02}"):
            known[name] = known[name.lower()] = row * columns + column
    return known


def canonical_numbers(values: pl.Series) -> pl.Series:
    """Write numbers in one form (36.5 and 36.50 are one); texts that are no number are kept."""
    numbers = values.cast(pl.Float64, strict=False).cast(pl.String)
    return pl.select(pl.coalesce(numbers, values)).to_series()
