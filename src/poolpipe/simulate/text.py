"""Millions of fixed-width codes at once: digits are written into a byte matrix that becomes a text column."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["digits", "numbered", "resident_ids", "texts"]

# GB 11643-1999 / ISO 7064 MOD 11-2: weight of place i is 2**(17 - i) mod 11
_WEIGHTS = np.array([2 ** (17 - place) % 11 for place in range(17)], np.int64)
_CHECK_CHARACTERS = np.frombuffer(b"10X98765432", np.uint8)
_ZERO = ord("0")


def digits(values: NDArray[np.int64], width: int) -> NDArray[np.uint8]:
    """Write numbers as ASCII digits, zero-padded.

    Parameters
    ----------
    values : (k,) int64
        At least 0.
    width : int
        Digits of each.

    Returns
    -------
    (k, width) uint8
    """
    matrix = np.empty((len(values), width), np.uint8)
    rest = values.astype(np.int64)
    for place in range(width - 1, -1, -1):
        rest, digit = np.divmod(rest, 10)
        matrix[:, place] = digit + _ZERO
    return matrix


def texts(matrix: NDArray[np.uint8]) -> pl.Series:
    """Text column from rows of ASCII bytes, without a Python string in between."""
    count, width = matrix.shape
    offsets = np.arange(count + 1, dtype=np.int64) * width
    column = pa.Array.from_buffers(
        pa.large_string(),
        count,
        [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(matrix))],
    )
    return pl.Series(column)


def numbered(prefix: str, values: NDArray[np.int64], width: int) -> pl.Series:
    """Make codes of one prefix and a zero-padded number: ``numbered("B", [7], 3)`` is ``B007``.

    Parameters
    ----------
    prefix : str
        ASCII.
    values : (k,) int64
        At least 0.
    width : int
        Digits of each.

    Returns
    -------
    Series of String
    """
    front = np.frombuffer(prefix.encode("ascii"), np.uint8)
    return texts(np.hstack([np.broadcast_to(front, (len(values), len(front))), digits(values, width)]))


def resident_ids(
    region: int, birth_ymd: NDArray[np.int64], sequence: NDArray[np.int64], *, check_error: int = 0
) -> pl.Series:
    """Resident ID numbers by GB 11643: 6 region, 8 birth date, 3 sequence, 1 check character.

    Parameters
    ----------
    region : int
        Six digits; 999000 to 999999 are in no official list, so no real person has such a number.
    birth_ymd, sequence : array, shape (people,)
        Birth date as the number YYYYMMDD; sequence 0 to 999.
    check_error : int
        Added to the check sum: anything but a multiple of 11 makes the check character wrong.
    """
    front = np.hstack(
        [digits(np.full(len(birth_ymd), region, np.int64), 6), digits(birth_ymd, 8), digits(sequence, 3)]
    )
    remainder = ((front - _ZERO).astype(np.int64) @ _WEIGHTS + check_error) % 11
    return texts(np.hstack([front, _CHECK_CHARACTERS[remainder][:, None]]))
