"""Clean the keys of pools and people in a caller's tables like all codes; other values are refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.cleaning import FAULTS, clean_codes, code_faults
from poolpipe.coding.frames import Frame, as_frame
from poolpipe.coding.plain_texts import as_text
from poolpipe.display import mask
from poolpipe.errors import TableError
from poolpipe.tables import require

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "clean_key",
    "clean_keys",
    "comparable",
    "named_person",
    "numbers",
    "repeated_key",
]


def clean_keys(frame: Frame, name: str, columns: Sequence[str]) -> pl.DataFrame:
    """Clean the key columns of a frame.

    Parameters
    ----------
    frame : frame
        Of polars, pandas, pyarrow or DuckDB.
    name : str
        Name of the frame in errors.
    columns : sequence of str
        Its key columns.

    Returns
    -------
    polars.DataFrame
        Without nulls in the key columns.

    Raises
    ------
    TableError
        It is no frame, a column is missing, or a row of it is empty or is not a code.
    """
    frame = as_frame(frame, name)
    require(frame, columns, table=name)
    keys = [clean_key(frame[column], name) for column in columns]
    for key in keys:
        if key.null_count():
            raise TableError.of("key_empty", where=name, column=key.name, row=_first(key.is_null()))
    return frame.with_columns(keys)


def clean_key(key: pl.Series, name: str) -> pl.Series:
    """Clean a column of codes: integers are kept, all else becomes text and is cleaned like an event's codes.

    Parameters
    ----------
    key : Series
        Codes; null where missing.
    name : str
        Name of the frame in errors.

    Returns
    -------
    Series
        Integers or texts.

    Raises
    ------
    TableError
        A row of it is not a code: its digits are lost, or it is an object or a list.
    """
    if key.dtype.is_integer() or key.dtype == pl.Null:
        return key
    texts = key if key.dtype == pl.String else pl.Series(key.name, as_text(key.to_arrow()), pl.String)
    cleaned = clean_codes(texts).replace("", None)
    faults = code_faults(cleaned)
    if faults is not None:
        row = int(np.flatnonzero(faults)[0])
        raise TableError.of(
            "key_bad", where=name, way_out=FAULTS[int(faults[row])], column=key.name, row=row + 1
        )
    return cleaned.alias(key.name)


def numbers(column: pl.Series, name: str) -> pl.Series:
    """Convert a column to floats; numbers written as text are numbers.

    Parameters
    ----------
    column : Series
        Numbers or texts; null where missing.
    name : str
        Name of the frame in errors.

    Returns
    -------
    Series of Float64

    Raises
    ------
    TableError
        A row of it is no number.
    """
    try:
        told = column.cast(pl.Float64, strict=False)
    except pl.exceptions.PolarsError:
        told = pl.Series(column.name, [None] * len(column), pl.Float64)
    given = column.replace("", None) if column.dtype == pl.String else column
    lost = told.is_null() & given.is_not_null()
    if lost.any():
        raise TableError.of("no_number", where=name, column=column.name, row=_first(lost))
    return told


def comparable(keys: pl.Series, index: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Cast two columns of keys to one type: integers, or texts, in which a number is its digits.

    Parameters
    ----------
    keys, index : Series
        Cleaned keys.

    Returns
    -------
    keys, index : Series
    """
    if keys.dtype == index.dtype:
        return keys, index
    if pl.Null in (keys.dtype, index.dtype):
        kind = index.dtype if keys.dtype == pl.Null else keys.dtype
        return keys.cast(kind), index.cast(kind)
    if keys.dtype.is_integer() and index.dtype.is_integer() and pl.UInt64 not in (keys.dtype, index.dtype):
        return keys.cast(pl.Int64), index.cast(pl.Int64)
    return keys.cast(pl.String), index.cast(pl.String)


def named_person(person: object) -> str:
    """Name a person in a message: a short number or code with a figure (`P07`) as it is, anything else masked."""
    text = str(person)
    short = len(text) < 6 and text.isascii() and any(each.isdecimal() for each in text)
    return text if short else mask(text)


def repeated_key(index: pl.Series, frame: str) -> TableError:
    """Make the error of a key that has two rows; a person's number is masked.

    Parameters
    ----------
    index : Series
        Keys, some of them repeated; named `pool` or `person`.
    frame : str
        Name of the frame.

    Returns
    -------
    TableError
    """
    rows = np.flatnonzero(index.is_duplicated().to_numpy())
    first = index[int(rows[0])]
    rows = rows[(index.gather(rows) == first).to_numpy()] + 1
    who = repr(first) if index.name == "pool" else named_person(first)
    told = ", ".join(str(row) for row in rows[:5].tolist())
    return TableError.of("key_twice", where=frame, column=index.name, key=who, rows=told)


def _first(bad: pl.Series) -> int:
    return int(bad.arg_max() or 0) + 1
