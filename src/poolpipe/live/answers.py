"""Give a reader the part of a table that he asks for, in the format that he asks for.

Nothing here knows a socket: whoever opens a door to the tables calls these functions with what a request says.
"""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from poolpipe.choices import check_choice
from poolpipe.coding.pool_thread import in_pool_thread
from poolpipe.errors import InputError
from poolpipe.live.coded_rows import BY_ORDER, IN_ORDER, is_selected_coded, rows_with, tubes_with
from poolpipe.live.rights import EVERYTHING, has_place, rows_of_place, seen_rows
from poolpipe.store.pseudonymous import is_shuffled
from poolpipe.tables import TABLES
from poolpipe.zones import utc_text

if TYPE_CHECKING:
    from datetime import datetime

    from poolpipe.live.rights import ReaderRights
    from poolpipe.live.tables import LiveTables
    from poolpipe.store.keys import DataKeys

__all__ = ["FORMATS", "TableAsked", "asked_rows", "media_type", "told_of", "whole_number", "written"]

FORMATS: Final = {
    "application/json": "json",
    "text/csv": "csv",
    "application/vnd.apache.arrow.stream": "arrow",
}
"""Media types, and the formats that they mean."""

_FILTERS: Final = ("round", "site", "lab", "status")
_DIGITS: Final = 18
"""Digits of the largest number that is asked for: it fits into 64 bits."""

_SHOWN: Final = 40
_LARGE: Final = 100_000
"""Pages of more rows take longer than what a thread of their own costs, and would keep a fold from its thread."""

_WEIGHT: Final = re.compile(r"[01](\.\d{0,3})?")


class TableAsked(NamedTuple):
    """What of a table is asked for.

    Attributes
    ----------
    table : str
        A key of `tables.TABLES`.
    round, site, lab, status : str or None
        Only rows with this value; None for all. The site of a person is that of the tube.
    first, rows : int
        The page: how many rows are passed over, and how many are given at most.
    """

    table: str
    round: str | None = None
    site: str | None = None
    lab: str | None = None
    status: str | None = None
    first: int = 0
    rows: int = 1_000


def asked_rows(
    tables: LiveTables,
    asked: TableAsked,
    as_of: datetime | None = None,
    reader: ReaderRights = EVERYTHING,
    sealing: DataKeys | None = None,
) -> pl.DataFrame:
    """Select the rows of a table that are asked for, as the reader may see them.

    Parameters
    ----------
    tables : LiveTables
        A version: who reads page after page keeps it.
    asked : TableAsked
    as_of : datetime, optional
        Not before the latest event; by default that event's time.
    reader : ReaderRights
        One that `may_read` the table.
    sealing : DataKeys, optional
        As of `seen_rows`.

    Raises
    ------
    InputError
        If there is no such table, or it does not have a column that is asked by.
    """
    check_choice("table", asked.table, tuple(TABLES), InputError)
    if asked.rows > _LARGE:
        return _asked_rows(tables, asked, as_of, reader, sealing)
    return in_pool_thread(lambda: _asked_rows(tables, asked, as_of, reader, sealing))


def _asked_rows(
    tables: LiveTables,
    asked: TableAsked,
    as_of: datetime | None,
    reader: ReaderRights,
    sealing: DataKeys | None,
) -> pl.DataFrame:
    if is_selected_coded(tables, asked.table, as_of):
        return _selected_coded(tables, asked, as_of, reader, sealing)
    rows = tables.table(asked.table, as_of)

    def pools() -> pl.DataFrame:
        return tables.table("pools")

    for name in _FILTERS:
        value = getattr(asked, name)
        if value is None:
            continue
        if name in ("site", "lab") and has_place(asked.table, name):
            rows = rows_of_place(asked.table, rows, name, value, pools)
            continue
        check_choice("column", name, tuple(rows.columns), InputError)
        rows = rows.filter(pl.col(name) == value)
    if is_shuffled(asked.table):  # pages of what he sees, in its order
        return seen_rows(asked.table, rows, pools, reader, sealing).slice(asked.first, asked.rows)
    of_place = seen_rows(asked.table, rows, pools, reader._replace(opens=True), sealing)
    return seen_rows(
        asked.table, of_place.slice(asked.first, asked.rows), pools, reader._replace(site="", lab=""), sealing
    )


def _selected_coded(
    tables: LiveTables,
    asked: TableAsked,
    as_of: datetime | None,
    reader: ReaderRights,
    sealing: DataKeys | None,
) -> pl.DataFrame:
    """As `asked_rows`, of a table of tubes: its rows are selected as numbers, and only those are written as words."""
    columns = [column.name for column in TABLES[asked.table]]
    wanted: list[tuple[str, str]] = []
    for name in _FILTERS:
        if (value := getattr(asked, name)) is not None:
            if name not in ("site", "lab"):
                check_choice("column", name, tuple(columns), InputError)
            wanted.append((name, value))
    wanted += [(name, value) for name in ("site", "lab") if (value := getattr(reader, name))]
    moment: datetime = as_of or tables.as_of  # type: ignore[assignment]
    anywhere = reader._replace(site="", lab="")
    page = slice(asked.first, asked.first + asked.rows)

    def unused() -> pl.DataFrame:
        return pl.DataFrame()

    if asked.table in BY_ORDER:
        among = tubes_with(tables, asked.table, wanted, moment)
        shown = tables.page(asked.table, asked.first, asked.rows, moment, among)
        return seen_rows(asked.table, shown, unused, anywhere, sealing)
    rows = rows_with(tables, asked.table, tables.coded(asked.table, moment), wanted)

    if asked.table in IN_ORDER:  # of a city's recalls a page is written as words, and no more
        return seen_rows(asked.table, tables.worded(asked.table, rows[page]), unused, anywhere, sealing)
    worded = tables.worded(asked.table, rows) if wanted else tables.table(asked.table, as_of)
    if is_shuffled(asked.table):
        return seen_rows(asked.table, worded, unused, anywhere, sealing)[page]
    return seen_rows(asked.table, worded[page], unused, anywhere, sealing)


def whole_number(name: str, given: str) -> int:
    """Read a number that a reader gives.

    Parameters
    ----------
    name : str
        What it is.
    given : str

    Raises
    ------
    InputError
        If it is not a whole number from 0, of 18 digits at most.
    """
    if not (given.isascii() and given.isdecimal() and len(given) <= _DIGITS):
        raise InputError.of("query_no_number", where=name, given=repr(given[:_SHOWN]), most=_DIGITS)
    return int(given)


def media_type(accept: str) -> str:
    """The media type that a reader prefers of those of `FORMATS`; JSON where he names none of them.

    Parameters
    ----------
    accept : str
        Value of the header `Accept` (RFC 9110): types in any case, with weights.
    """
    best, weight = "application/json", 0.0
    for each in accept.split(","):
        name, *parameters = (part.strip().lower() for part in each.split(";"))
        told = next((part[2:] for part in parameters if part.startswith("q=")), "1")
        own = float(told) if _WEIGHT.fullmatch(told) else 0.0
        if name in FORMATS and own > weight:
            best, weight = name, own
    return best


def told_of(tables: LiveTables, table: str, as_of: datetime | None = None) -> dict[str, Any]:
    """Say of which version (`position`) and moment a table is, which is the newest, and what of it waits until all is concluded.

    Parameters
    ----------
    tables : LiveTables
    table : str
    as_of : datetime, optional
        As of `asked_rows`.
    """
    is_bulk = table in tables.bulk
    moment = tables.bulk_as_of if is_bulk else as_of or tables.as_of
    carried = table in ("pools", "members", "recalls") and len(tables.doubtful) > 0
    return {
        "table": table,
        "position": tables.bulk_version if is_bulk else tables.version,
        "as_of": None if moment is None else utc_text(moment),
        "newest": tables.version,
        "tubes_with_old_probabilities": len(tables.doubtful) if carried else 0,
    }


def written(rows: pl.DataFrame, form: str, told: dict[str, Any]) -> bytes:
    """Write rows for a reader.

    Parameters
    ----------
    rows : DataFrame
    form : {"json", "csv", "arrow"}
        JSON is an object: what `told_of` says, and `rows`. CSV and Arrow are the rows alone.
    told : dict
        As `told_of`.
    """
    check_choice("format", form, tuple(FORMATS.values()), InputError)
    if form == "json":
        return f'{json.dumps(told, ensure_ascii=False)[:-1]}, "rows": {rows.write_json()}}}'.encode()
    into = io.BytesIO()
    if form == "csv":
        rows.write_csv(into)
    else:
        rows.write_ipc_stream(into, compat_level=pl.CompatLevel.oldest())
    return into.getvalue()
