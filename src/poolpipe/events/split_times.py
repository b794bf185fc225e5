"""Join a date and a time of day that stand in two columns (采样日期, 采样时间) to one time."""

from __future__ import annotations

from typing import Final

import polars as pl
import pyarrow as pa

from poolpipe.coding.cleaning import clean_codes
from poolpipe.coding.plain_texts import as_text
from poolpipe.events.columns import one_array
from poolpipe.events.spreadsheet_times import DATE_ALONE, TIME_OF_DAY
from poolpipe.tables import DATE_OF_TIME

__all__ = ["with_joined_times"]

_MIDNIGHT: Final = r"[T ]00:00:00(?:\.0+)?$"
"""Behind the date in a date cell of a sheet."""


def with_joined_times(table: pa.Table) -> pa.Table:
    """Put the date of `at_date` before the time of day in `at`, row by row, and drop `at_date`.

    Parameters
    ----------
    table : pyarrow.Table
        Records, known columns under their proper names.

    Returns
    -------
    pyarrow.Table
        Rows are changed only where `at` is nothing but a time of day and `at_date` nothing but a date, year first;
        any other row keeps its `at`. Without `at_date` the table itself.
    """
    if DATE_OF_TIME not in table.column_names:
        return table
    dates, others = table.column(DATE_OF_TIME), table.drop_columns([DATE_OF_TIME])
    if "at" not in others.column_names or pa.types.is_timestamp(others.column("at").type):
        return others
    given = pl.Series("at", as_text(one_array(others.column("at"))), pl.String)
    clock = clean_codes(given)
    day = clean_codes(pl.Series("day", as_text(one_array(dates)), pl.String)).str.replace(_MIDNIGHT, "")
    both = clock.str.contains(TIME_OF_DAY) & day.str.contains(DATE_ALONE)
    joined = pl.select(pl.when(both).then(pl.format("{} {}", day, clock)).otherwise(given)).to_series()
    place = others.column_names.index("at")
    return others.set_column(place, "at", pa.chunked_array([as_text(joined.to_arrow())]))
