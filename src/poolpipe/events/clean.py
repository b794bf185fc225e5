"""Cleaning: what scanners, keyboards and spreadsheets wrap around a code is taken off, nothing else.

Every function works on the distinct values of a column, not on its rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.codes import text_bytes
from poolpipe_kernels import times

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "clean_codes",
    "clean_words",
    "moments",
    "parse_ct",
    "parse_times",
    "parse_whole",
    "text_bytes",
    "well_positions",
]

_WIDE = [chr(code) for code in (0x3000, *range(0xFF01, 0xFF5F))]
_HALF = [" ", *(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F))]
_SURROUNDING = "".join(
    chr(code)
    for code in (*range(0x21), *range(0x7F, 0xA1), 0x1680, *range(0x2000, 0x2010), 0x2028, 0x2029, 0x202F, 0x205F,
                 0x2060, 0x3000, 0xFEFF)
)  # fmt: skip
"""Blanks, control characters and marks without width: none begins or ends a code."""

_AIM = r"^\][A-Za-z][0-9A-Za-z]"
_BARE = (
    pl.all()
    .str.replace_many(_WIDE, _HALF)
    .str.strip_chars(_SURROUNDING)
    .replace("", None)
    .str.replace(_AIM, "")
    .str.strip_chars(_SURROUNDING)
)
_PLAIN = r"^[!-\\^-~][!-~]*$"
_NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
_EXACT = 2.0**53
"""Below it every whole number is a float of its own."""

_NOT_DETECTED = ("undetermined", "nan", "n/a", "no ct", "-", "")


def clean_codes(values: pl.Series) -> pl.Series:
    """Clean codes: half-width, no surrounding blanks and control characters, no AIM prefix.

    What was blank is null; what was nothing but a prefix is empty, which is no missing value but a bad one.
    """
    plain = values.str.contains(_PLAIN)
    if plain.all():  # null counts as plain
        return values
    return values.to_frame().select(_BARE).to_series()


def clean_words(values: pl.Series) -> pl.Series:
    """Clean free text: no surrounding blanks; blank is null."""
    return values.to_frame().select(pl.all().str.strip_chars().replace("", None)).to_series()


def parse_times(values: pl.Series, time_zone: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Read RFC 3339 times; those without offset are read in `time_zone`.

    Returns
    -------
    micros : (n,) int64
        Microseconds since 1970, UTC; 0 where bad.
    good : (n,) bool
    """
    micros, kinds = _parsed_times(values)
    bad = np.flatnonzero((kinds == times.BAD) & values.is_not_null().to_numpy())
    if len(bad):  # perhaps only badly wrapped
        micros[bad], kinds[bad] = _parsed_times(clean_codes(values.gather(bad)))
    good = kinds != times.BAD
    wall = np.flatnonzero(kinds == times.LOCAL)
    if len(wall):
        micros[wall], good[wall] = moments(pl.Series(micros[wall]).cast(pl.Datetime("us")), time_zone)
    return micros, good


def moments(wall: pl.Series, time_zone: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Turn wall-clock times of a zone into microseconds UTC, and say which ones that clock ever showed."""
    moment = (
        wall.dt.replace_time_zone(time_zone, ambiguous="earliest", non_existent="null")
        .dt.convert_time_zone("UTC")
        .dt.cast_time_unit("us")
        .to_physical()
    )
    return moment.fill_null(0).to_numpy(), moment.is_not_null().to_numpy()


def _parsed_times(values: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    text, offsets = text_bytes(values)
    micros, kinds = np.empty(len(values), np.int64), np.empty(len(values), np.uint8)
    times.parse_times(text, offsets, micros, kinds)
    return micros, kinds


def parse_whole(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Read whole numbers of at least 0, `10`, `010`, `5.0` or `1e1`: the numbers, and whether each was one (null is fine)."""
    cleaned = clean_codes(values)
    number = pl.select(
        pl.when(cleaned.str.contains(_NUMBER)).then(cleaned).cast(pl.Float64, strict=False)
    ).to_series()
    is_whole = (number >= 0) & (number == number.floor()) & (number < _EXACT)
    whole = pl.select(pl.when(is_whole).then(number).cast(pl.Int64)).to_series()
    return whole, cleaned.is_null() | whole.is_not_null()


def parse_ct(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Read Ct values, cycles, 0 to 100: the numbers (undetermined is null), and whether each could be read."""
    cleaned = clean_codes(values)
    number = cleaned.str.contains(_NUMBER)
    ct = pl.select(pl.when(number).then(cleaned).cast(pl.Float64, strict=False)).to_series()
    undetermined = cleaned.is_null() | cleaned.str.to_lowercase().is_in(_NOT_DETECTED)
    in_range = (ct.is_between(0, 100)).fill_null(value=False)
    return pl.select(pl.when(in_range).then(ct)).to_series(), undetermined | in_range


def well_positions(values: pl.Series, wells: int) -> NDArray[np.int32]:
    """Read well names such as `A1`, `a01`: row times the plate's columns plus column, from 0; -1 where there is none."""
    rows, columns = (8, 12) if wells == 96 else (16, 24)
    parts = clean_codes(values).str.extract_groups(r"^([A-Za-z])([0-9]{1,2})$").struct.unnest()
    row = parts["1"].str.to_uppercase().str.to_integer(base=36, strict=False) - 10
    column = parts["2"].cast(pl.Int64, strict=False) - 1
    position = row * columns + column
    fits = (row < rows) & (column >= 0) & (column < columns)
    return pl.select(pl.when(fits).then(position)).to_series().fill_null(-1).cast(pl.Int32).to_numpy()
