"""Select the rows of a table of tubes that a reader asks for while they are numbers: a city's tables are large as words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import DOMAINS
from poolpipe.coding.distinct import distinct
from poolpipe.stages.recalls import OPEN_STATUS
from poolpipe.tables import RETENTION

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from numpy.typing import NDArray

    from poolpipe.live.tables import LiveTables

__all__ = ["BY_ORDER", "IN_ORDER", "is_selected_coded", "rows_with", "tubes_with"]

IN_ORDER: Final = ("recalls",)
"""Tables whose coded rows are in the order of the table."""

BY_ORDER: Final = ("pools", "members", "retention")
"""Tables of which a page is found by the order of the tubes."""

_OF_TUBES: Final = ("pools", "members", "recalls", "cases", "retention")
_FEW_TUBES: Final = ("recalls", "cases")
_STATUS: Final = {"recalls": OPEN_STATUS, "retention": RETENTION}


def is_selected_coded(tables: LiveTables, table: str, as_of: datetime | None) -> bool:
    """Whether a table is one whose rows are selected as numbers; none is before the first event."""
    return table in _OF_TUBES and (as_of or tables.as_of) is not None


def rows_with(
    tables: LiveTables, table: str, rows: pl.DataFrame, wanted: Iterable[tuple[str, str]]
) -> pl.DataFrame:
    """Keep the rows with some values.

    Parameters
    ----------
    tables : LiveTables
    table : str
        One that `is_selected_coded`.
    rows : DataFrame
        As `LiveTables.coded` gives them.
    wanted : iterable of (str, str)
        round, site, lab or status, and its value; where a table has no site or lab, that of the tube counts.
    """
    for column, value in wanted:
        rows = rows.filter(pl.Series(_has(tables, table, rows, column, value)))
    return rows


def tubes_with(
    tables: LiveTables, table: str, wanted: Iterable[tuple[str, str]], as_of: datetime
) -> NDArray[np.bool_] | None:
    """Tell of every tube whether its rows in a table of `BY_ORDER` have some values; None where none is asked for.

    Parameters
    ----------
    tables : LiveTables
    table, wanted
        As of `rows_with`.
    as_of : datetime
        As of `LiveTables.coded`.
    """
    asked = list(wanted)
    if not asked:
        return None
    of_tubes = (
        tables.coded(table, as_of) if table == "retention" else tables.pools.select("tube", "site", "lab")
    )
    found = rows_with(tables, table, of_tubes, asked)["tube"].to_numpy()
    marks = np.zeros(len(tables.codes.entities["tube"].rounds), np.bool_)
    marks[found] = True
    return marks


def _has(tables: LiveTables, table: str, rows: pl.DataFrame, column: str, value: str) -> NDArray[np.bool_]:
    """Which rows have a value in a column."""
    if column == "status":
        words = _STATUS[table]
        number = words.index(value) if value in words else -1
        return np.asarray((rows["status"].cast(pl.Int64) == number).to_numpy(), np.bool_)
    found = np.flatnonzero((tables.codes.texts[DOMAINS[column]] == value).to_numpy())
    if not len(found):
        return np.zeros(rows.height, np.bool_)
    number, tubes = int(found[0]), rows["tube"].to_numpy()
    if column == "round":
        return np.asarray(tables.codes.entities["tube"].rounds[tubes] == number, np.bool_)
    if column in rows.columns:
        return np.asarray((rows[column] == number).fill_null(value=False).to_numpy(), np.bool_)
    if table in _FEW_TUBES:
        pools = tables.pools.of(distinct(tubes).astype(np.int64)).select("tube", column)
    else:
        pools = tables.pools.select("tube", column)
    there = distinct(pools.filter(pl.col(column) == number)["tube"].to_numpy())
    marks = np.zeros(int(tubes.max(initial=0)) + 1, np.bool_)
    marks[there[there < len(marks)]] = True
    return np.asarray(marks[tubes], np.bool_)
