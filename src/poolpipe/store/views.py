"""Tables as views of a DuckDB connection, which reads their files and nothing else on the disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from duckdb import DuckDBPyConnection

__all__ = ["TableView", "open_views"]


class TableView(NamedTuple):
    """A table as a connection shows it.

    Attributes
    ----------
    schema : pyarrow.Schema
        Its columns; bytes are shown as hexadecimal digits.
    files : list of Path
        Parquet; empty where it has no rows.
    """

    schema: pa.Schema
    files: list[Path]


def open_views(views: Mapping[str, TableView]) -> DuckDBPyConnection:
    """Open a connection in memory with a view for each table.

    Times are `timestamptz`, shown in UTC. No other file can be read or written, no extension loaded, no setting changed.

    Parameters
    ----------
    views : mapping of str to TableView

    Returns
    -------
    duckdb.DuckDBPyConnection
    """
    import duckdb

    # Python's variables are no tables: a misspelt name must not find a frame of the caller's.
    connection = duckdb.connect(config={"python_enable_replacements": False})
    try:
        connection.execute("set TimeZone = 'UTC'")
        files = [str(path.absolute()) for view in views.values() for path in view.files]
        connection.execute("set allowed_paths = $files", {"files": files})
        connection.execute("set enable_external_access = false")
        for name, view in views.items():
            connection.execute(f"create view {_quoted(name)} as {_select(view)}")
        connection.execute("set lock_configuration = true")
    except BaseException:
        connection.close()
        raise
    return connection


def _select(view: TableView) -> str:
    """The query that a view stands for; an empty table has its columns, too."""
    if not view.files:
        columns = ", ".join(f"null::{_type(each.type)} as {_quoted(each.name)}" for each in view.schema)
        return f"select {columns} where false"
    files = ", ".join(_text(str(path.absolute())) for path in view.files)
    columns = ", ".join(_column(each) for each in view.schema)
    return f"select {columns} from read_parquet([{files}], hive_partitioning = false)"  # noqa: S608 - of our own names


def _column(field: pa.Field) -> str:
    name = _quoted(field.name)
    return f"lower(hex({name})) as {name}" if _is_bytes(field.type) else name


def _type(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "timestamptz"
    if pa.types.is_boolean(kind):
        return "boolean"
    if pa.types.is_floating(kind):
        return "double"
    if pa.types.is_integer(kind):
        return "integer" if kind.bit_width == 32 else "bigint"
    return "varchar"


def _is_bytes(kind: pa.DataType) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind))


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _text(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
