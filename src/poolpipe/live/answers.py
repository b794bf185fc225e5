"""Give a reader the part of a table that he asks for, in the format that he asks for; and what changed as server-sent events.

Nothing here knows a socket: whoever opens a door to the tables calls these functions with what a request says.
"""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import polars as pl

from poolpipe.choices import check_choice
from poolpipe.errors import InputError
from poolpipe.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from poolpipe.live.changes import Changes
    from poolpipe.live.tables import LiveTables

__all__ = ["FORMATS", "TableAsked", "asked_rows", "change_events", "told_of", "written"]

FORMATS: Final = {
    "application/json": "json",
    "text/csv": "csv",
    "application/vnd.apache.arrow.stream": "arrow",
}
"""Media types, and the formats that they mean."""

_BY_TUBE: Final = ("members", "recalls", "cases", "retention")
"""Tables of tubes without a column `site`: a tube's site stands in `pools`."""


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


def asked_rows(tables: LiveTables, asked: TableAsked, as_of: datetime | None = None) -> pl.DataFrame:
    """Select the rows of a table that are asked for.

    Parameters
    ----------
    tables : LiveTables
        A version: who reads page after page keeps it.
    asked : TableAsked
    as_of : datetime, optional
        Not before the latest event; by default that event's time.

    Raises
    ------
    InputError
        If there is no such table, or it does not have a column that is asked by.
    """
    check_choice("table", asked.table, tuple(TABLES), InputError)
    rows = tables.table(asked.table, as_of)
    for name in ("round", "site", "lab", "status"):
        value = getattr(asked, name)
        if value is None:
            continue
        if name == "site" and asked.table in _BY_TUBE:
            tubes = tables.table("pools").filter(pl.col("site") == value).select("round", "tube")
            rows = rows.join(tubes, on=["round", "tube"], how="semi", maintain_order="left")
            continue
        check_choice("column", name, tuple(rows.columns), InputError)
        rows = rows.filter(pl.col(name) == value)
    return rows.slice(asked.first, asked.rows)


def told_of(tables: LiveTables, table: str) -> dict[str, Any]:
    """Say of which version and moment a table is, and what of it waits until all is concluded."""
    is_bulk = table in tables.bulk
    moment = tables.bulk_as_of if is_bulk else tables.as_of
    carried = table in ("pools", "members", "recalls") and len(tables.doubtful) > 0
    return {
        "table": table,
        "version": tables.bulk_version if is_bulk else tables.version,
        "as_of": None if moment is None else moment.isoformat().replace("+00:00", "Z"),
        "newest_version": tables.version,
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


def change_events(changes: Changes, tables: Iterable[str]) -> str:
    """Write what a version changed as server-sent events: one for each row, with the version as its id.

    Parameters
    ----------
    changes : Changes
    tables : iterable of str
        Those that the reader follows.

    Returns
    -------
    str
        Where everything was concluded anew, one event `again`: read the tables again.
    """
    if changes.is_whole:
        return _event("again", changes.version, {"version": changes.version})
    wanted = set(tables)
    told = changes.rows.filter(pl.col("table").is_in(wanted))
    events = [
        _event(
            "row",
            changes.version,
            {
                "table": row["table"],
                "position": changes.version,
                "change": row["change"],
                "key": json.loads(row["key"]),
                "row": None if row["after"] is None else json.loads(row["after"]),
            },
        )
        for row in told.iter_rows(named=True)
    ]
    return "".join(events)


def _event(name: str, version: int, told: dict[str, Any]) -> str:
    return f"event: {name}\nid: {version}\ndata: {json.dumps(told, ensure_ascii=False)}\n\n"
