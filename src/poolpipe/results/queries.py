"""SQL over tables, in DuckDB."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from poolpipe.choices import suggestion
from poolpipe.errors import InputError
from poolpipe.messages import message
from poolpipe.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from duckdb import DuckDBPyConnection, DuckDBPyRelation

__all__ = ["answer", "query_tables", "table_missed", "tables_named"]

_ASKING: Final = (["SELECT"], ["EXPLAIN"], ["MULTI"])
"""Statement types that only read; DuckDB counts SHOW, DESCRIBE and SUMMARIZE as SELECT, and PIVOT as MULTI."""

_WORD: Final = re.compile(r"\w+")
_BARE_AT: Final = re.compile(r'(?i)(?<![\w"])at(?![\w"])')
"""A word of DuckDB's own, which as a column stands in quotation marks."""

_NO_TABLE: Final = re.compile(r"Table with name (\w+) does not exist")
_NO_COLUMN: Final = re.compile(r'column "([^"]+)" not found|column named "([^"]+)"')


def query_tables(query: str, names: Iterable[str], table: Callable[[str], pl.DataFrame]) -> pl.DataFrame:
    """Run one SELECT over named tables.

    Parameters
    ----------
    query : str
        DuckDB's SQL. Only the tables whose names occur in it are made, or all of them where none does
        (`show tables`). Times are UTC.
    names : iterable of str
        The tables there are.
    table : callable
        Gives a table by its name.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    InputError
        If DuckDB refuses the query, or it is not one SELECT, such as CREATE or two statements.
    """
    import duckdb

    if not isinstance(query, str):
        raise InputError.of("sql_no_text", where="sql", type=type(query).__name__)
    known = list(names)
    # Python's variables are no tables: a misspelt name must not find a frame of the caller's.
    with duckdb.connect(config={"python_enable_replacements": False}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name in tables_named(query, known):
            connection.register(name, table(name))
        columns = {name: [column.name for column in TABLES[name]] for name in known}
        return answer(connection, query, columns)


def tables_named(query: str, known: Sequence[str]) -> list[str]:
    """The tables whose names occur in a query; all of them where none does."""
    words = {word.lower() for word in _WORD.findall(query)}
    return [each for each in known if each in words] or list(known)


def answer(connection: DuckDBPyConnection, query: str, columns: Mapping[str, Sequence[str]]) -> pl.DataFrame:
    """Run one SELECT.

    Parameters
    ----------
    connection : DuckDBPyConnection
        In which the tables are.
    query : str
    columns : mapping
        Table to its columns: what an error suggests.

    Raises
    ------
    InputError
        If DuckDB refuses the query, or it is not one SELECT, such as CREATE or two statements.
    """
    import duckdb

    if not isinstance(query, str):
        raise InputError.of("sql_no_text", where="sql", type=type(query).__name__)
    try:
        kinds = [str(each.type).rpartition(".")[2] for each in connection.extract_statements(query)]
        found = _frame(connection.sql(query)) if kinds in _ASKING else None
    except duckdb.Error as error:
        why = str(error).strip().splitlines()[0]
        hint = _meant(why, columns, {word.lower() for word in _WORD.findall(query)})
        if "syntax error" in why and _BARE_AT.search(query):
            hint = f"{message('sql_at', {})}; "
        raise InputError.of(
            "sql_refused", where="sql", why=why, hint=hint, tables=", ".join(columns)
        ) from error
    if not isinstance(found, pl.DataFrame):
        raise InputError.of("sql_not_one", where="sql")
    return found


def _frame(found: DuckDBPyRelation | None) -> pl.DataFrame | None:
    """An answer as a frame; intervals, which have months of no length, as texts."""
    if found is None:
        return None
    columns = [f'"{name}"' for name in (each.replace('"', '""') for each in found.columns)]
    if "INTERVAL" in map(str, found.types) and len(set(columns)) == len(columns):
        kinds = zip(columns, map(str, found.types), strict=True)
        found = found.project(
            ", ".join(f"{name}::varchar as {name}" if kind == "INTERVAL" else name for name, kind in kinds)
        )
    try:
        told: pl.DataFrame = found.pl()
    except pl.exceptions.PolarsError as error:
        raise InputError.of("sql_kind", where="sql", why=error) from error
    return told


def table_missed(error: InputError) -> str:
    """The name of the table that a refused query asks for and that is not there; empty where it is refused otherwise."""
    found = _NO_TABLE.search(str(error.fields.get("why", "")))
    return found[1] if found else ""


def _meant(why: str, tables: Mapping[str, Sequence[str]], words: set[str]) -> str:
    """Suggest the table or column for the name that DuckDB does not find; empty where none is alike.

    Parameters
    ----------
    why : str
        The first line of DuckDB's message.
    tables : mapping
        The tables there are, and their columns.
    words : set of str
        The words of the query in lower case: columns are sought in the tables among them.
    """
    if found := _NO_TABLE.search(why):
        return suggestion(found[1], tables)
    if found := _NO_COLUMN.search(why):
        asked = [table for table in tables if table in words]
        columns = dict.fromkeys(name for table in asked for name in tables[table])
        return suggestion(found[1] or found[2], columns)
    return ""
