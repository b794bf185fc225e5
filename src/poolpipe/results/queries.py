"""SQL over a day's tables, in DuckDB."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from poolpipe.choices import suggestion
from poolpipe.errors import InputError
from poolpipe.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["query_tables"]

_ASKING: Final = (["SELECT"], ["EXPLAIN"], ["MULTI"])
"""Statement types that only read; DuckDB counts SHOW, DESCRIBE and SUMMARIZE as SELECT, and PIVOT as MULTI."""

_WORD: Final = re.compile(r"\w+")
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
    words = {word.lower() for word in _WORD.findall(query)}
    # Python's variables are no tables: a misspelt name must not find a frame of the caller's.
    with duckdb.connect(config={"python_enable_replacements": False}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name in [each for each in known if each in words] or known:
            connection.register(name, table(name))
        try:
            kinds = [str(each.type).rpartition(".")[2] for each in connection.extract_statements(query)]
            found = connection.sql(query).pl() if kinds in _ASKING else None
        except duckdb.Error as error:
            why = str(error).strip().splitlines()[0]
            hint = _meant(why, known, words)
            raise InputError.of(
                "sql_refused", where="sql", why=why, hint=hint, tables=", ".join(known)
            ) from error
    if not isinstance(found, pl.DataFrame):
        raise InputError.of("sql_not_one", where="sql")
    return found


def _meant(why: str, tables: list[str], words: set[str]) -> str:
    """Suggest the table or column for the name that DuckDB does not find; empty where none is alike.

    Parameters
    ----------
    why : str
        The first line of DuckDB's message.
    tables : list of str
        The tables there are.
    words : set of str
        The words of the query in lower case: columns are sought in the tables among them.
    """
    if found := _NO_TABLE.search(why):
        return suggestion(found[1], tables)
    if found := _NO_COLUMN.search(why):
        asked = [table for table in tables if table in words]
        columns = dict.fromkeys(column.name for table in asked for column in TABLES[table])
        return suggestion(found[1] or found[2], columns)
    return ""
