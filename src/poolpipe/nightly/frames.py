"""Between polars and the night's connection: a table as a frame, and a frame as a temporary table."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import duckdb

__all__ = ["frame_of", "put"]


def frame_of(connection: duckdb.DuckDBPyConnection, table: str) -> pl.DataFrame:
    """Read a table, or a select in brackets."""
    return pl.DataFrame(connection.sql(f"select * from {table}").to_arrow_table())  # noqa: S608 -- one of our own


def put(connection: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> None:
    """Copy a frame into a temporary table."""
    connection.register("given", frame.to_arrow())
    connection.execute(f"create or replace temp table {name} as select * from given")  # noqa: S608
    connection.unregister("given")
