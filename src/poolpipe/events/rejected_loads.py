"""Name the plates whose load events were rejected: a well or control that seems to be missing may be in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from poolpipe.coding.cleaning import clean_codes
from poolpipe.coding.plain_texts import as_text
from poolpipe.events.batches import picked
from poolpipe.events.columns import one_array
from poolpipe.events.times import time_column
from poolpipe.messages import message
from poolpipe.tables import TIME

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from datetime import datetime

    import pyarrow as pa

__all__ = ["PLATES", "first_of_each", "known_at", "lacks_lab", "loads_without_lab", "plates_of"]

PLATES: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "round": pl.String,
    "plate": pl.String,
    "at": TIME,
}
"""Columns: round (empty where none is given), plate, and the first time of its rejected loads (null where none has a time)."""

_FEW = 5
"""The most files that are named."""

lacks_lab: Final = (
    (pl.col("kind") == "load")
    & (pl.col("code") == "missing_value")
    & (pl.col("detail").str.starts_with("lab: ") | pl.col("detail").str.starts_with("lab '"))
)
"""Expression for the rows of `rejects` that are loads without a lab."""


def plates_of(table: pa.Table, rows: pl.Series, time_zone: str) -> pl.DataFrame:
    """Name the plates of the rejected loads of one batch.

    Parameters
    ----------
    table : pyarrow.Table
        Load records under their proper names.
    rows : Series of int64
        The rows of `table` that were rejected.
    time_zone : str
        Zone of times without offset.

    Returns
    -------
    DataFrame
        As `PLATES`; records without a plate are left out.
    """
    if "plate" not in table.column_names:
        return pl.DataFrame(schema=PLATES)
    mine = table.take(picked(rows.to_numpy()))
    nothing = pl.Series([None], dtype=pl.String).new_from_index(0, len(rows))
    given = {
        name: clean_codes(pl.Series(as_text(one_array(mine.column(name))), dtype=pl.String))
        if name in mine.column_names
        else nothing
        for name in ("round", "plate")
    }
    at = nothing.cast(TIME)
    if "at" in mine.column_names:
        told = time_column(mine.column("at"), time_zone)
        unknown = told.missing if told.faults is None else told.missing | (told.faults > 0)
        at = pl.Series(told.micros).cast(TIME).set(pl.Series(unknown), None)
    return first_of_each([pl.DataFrame(given | {"at": at}).filter(pl.col("plate").is_not_null())])


def known_at(plates: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Those plates of which a load was rejected up to a moment; those without a time are known at any."""
    if plates.is_empty():  # nearly always, and asked with every batch of live tables
        return plates
    return plates.filter(pl.col("at").is_null() | (pl.col("at") <= as_of))


def first_of_each(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Join the plates of several batches, one row per plate."""
    every = pl.concat([pl.DataFrame(schema=PLATES), *parts])
    if every.is_empty():
        return every
    every = every.with_columns(pl.col("round").fill_null(""))
    first = pl.when(pl.col("at").is_not_null().all()).then(pl.col("at").min()).alias("at")
    return every.group_by("round", "plate").agg(first).sort("round", "plate")


def loads_without_lab(rejects: pl.DataFrame, machines: Collection[str] = ()) -> list[str]:
    """Count for each file the loads that were rejected because they have no lab, and give the way out.

    Parameters
    ----------
    rejects : DataFrame
        As `tables.TABLES["rejects"]`.
    machines : collection of str
        Which files are machines': their lab is a setting, that of others a column.

    Returns
    -------
    list of str
        A sentence per file in both languages, in the order of the names; behind the fifth the number of other files.
    """
    files = rejects.filter(lacks_lab).group_by("file").len().sort("file").rows()
    codes = {
        file: "loads_without_lab" if file in machines else "loads_without_lab_column" for file, _ in files
    }
    told = [message(codes[file], {"count": f"{count:,}", "file": file}) for file, count in files[:_FEW]]
    more = len(files) - len(told)
    return [*told, *([message("more_without_lab", {"count": f"{more:,}"})] if more else [])]
