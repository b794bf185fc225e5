"""SQL over a store, a result or a night's file: its tables, and the marts of its days, which are counted when they are first read."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from poolpipe.errors import InputError
from poolpipe.nightly.database import open_night, tables_shown
from poolpipe.nightly.marts import mart_headings
from poolpipe.nightly.on_demand import MartsOnDemand, mart_types
from poolpipe.nightly.sources import opened_tables, opened_version
from poolpipe.results.queries import answer
from poolpipe.store.ledger import is_store
from poolpipe.store.queries import connect as connect_tables
from poolpipe.store.queries import query as query_tables
from poolpipe.store.reader import StoreReader
from poolpipe.tables import EVENTS, KINDS, TABLES
from poolpipe.words import COLUMN_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    import polars as pl
    from duckdb import DuckDBPyConnection

    from poolpipe.events.reference import Reference

__all__ = ["asks_marts_alone", "connect", "headings_asked", "query"]

_WORD = re.compile(r"\w+")
_TABLES = frozenset({*TABLES, *KINDS, "concluded"})


def connect(
    source: StoreReader | str | os.PathLike[str],
    *,
    version: int | None = None,
    days: Iterable[date] | None = None,
    reference: Reference | None = None,
) -> DuckDBPyConnection:
    """Open a DuckDB connection in which every table and every mart of a store or a result is a view.

    It reads the files of these tables and nothing else on the disk. The column `at` is written `"at"`. Times are `timestamptz`,
    shown in UTC; take answers as frames (`.pl()`, `.arrow()`): `fetchall` asks for the package pytz to give times. In a store people are
    their pseudonyms, in hexadecimal digits, and names are nowhere; the table `concluded` says of which version and moment the
    conclusions are, which are no tables where the version was not concluded. Every file is proved first.

    A mart (docs/marts.md) is counted when it is first read, for the days asked for, and then kept with the connection; small
    counts by place are hidden by the store's policy, as in the night's file.

    Parameters
    ----------
    source : Store, str or Path
        A store, the folder of a result, or a file that `poolpipe nightly` wrote, whose tables are then the views.
    version : int, optional
        Of a store; the newest by default.
    days : iterable of date, optional
        Days of the marts, in the policy's time zone; by default all on which somebody was swabbed.
    reference : Reference, optional
        Residents, sites and laboratories, without which there is no coverage, no township and no capacity. Residents are
        found in a store only where its key is.

    Returns
    -------
    duckdb.DuckDBPyConnection

    Raises
    ------
    InputError
        If it is none of these, has no such version, or a file is damaged.

    Examples
    --------
    >>> import poolpipe, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = poolpipe.run("data/samples/town/events").write(folder)
    ...     with poolpipe.connect(result) as connection:
    ...         connection.execute("select count(*) from pools where call = 'positive'").fetchone()
    ...         connection.execute("select sum(tubes)::int from losses where outcome = 'no_result'").fetchone()
    (64,)
    (16,)
    """
    if not isinstance(source, StoreReader) and _is_file(source):
        _no_version(source, version)
        return open_night(Path(source))
    connection = connect_tables(source, version=version)
    try:
        if isinstance(source, StoreReader) or is_store(Path(source)):
            if not _has_tables(connection):
                return connection
            given = source if isinstance(source, StoreReader) else Path(source)
            number = connection.execute("select max(version) from concluded").fetchall()[0][0]
            marts = MartsOnDemand(lambda: opened_version(given, int(number)), days, reference)
        else:
            marts = MartsOnDemand(lambda: opened_tables(Path(source)), days, reference)
        marts.register(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def query(source: str | os.PathLike[str], text: str, *, version: int | None = None) -> pl.DataFrame:
    """Answer a SELECT over a store, the folder of a result, or a night's file; see `connect`.

    Parameters
    ----------
    source, version
        As in `connect`.
    text : str
        The query. Marts that it does not name are not counted.

    Raises
    ------
    InputError
        If DuckDB refuses it, it is not one SELECT, or it asks for conclusions or marts of a version that was not concluded; or
        as `connect`.
    """
    if not isinstance(text, str):
        raise InputError.of("sql_no_text", where="sql", type=type(text).__name__)
    asked, words = _marts_named(text), _words(text)
    if not _is_file(source) and not asked and words & _TABLES:
        return query_tables(source, text, version=version)
    if asked and is_store(Path(source)):
        with StoreReader(source) as store:
            store.files("pools", version)  # says what to do where the version was not concluded
    with connect(source, version=version) as connection:
        columns: dict[str, list[str]] = {}
        for table, column in connection.execute(
            "select table_name, column_name from duckdb_columns() where not internal order by table_name, column_index"
        ).fetchall():
            columns.setdefault(table, []).append(column)
        return answer(connection, text, columns)


def asks_marts_alone(source: Path, text: str) -> bool:
    """Whether a query can only be answered from marts, in which nobody is named."""
    return source.is_file() or bool(_marts_named(text) and not _words(text) & _TABLES)


def headings_asked(text: str, columns: Iterable[str]) -> dict[str, str]:
    """Give columns of an answer a heading in both languages: what the tables and marts that the query names call them.

    A column that none of these has, or that two of them call differently, has no heading: a wrong one is worse.
    """
    asked, words = list(columns), _words(text)
    told: dict[str, set[str]] = {each: set() for each in asked}
    for name in _marts_named(text):
        for column, heading in mart_headings(
            name, [each for each in asked if each in mart_types(name).names]
        ).items():
            told[column].add(heading)
    for name in words & _TABLES:
        for column in _columns_of(name) & {*asked}:
            told[column].add(f"{column} {COLUMN_WORDS[column]}")
    return {column: min(headings) for column, headings in told.items() if len(headings) == 1}


def _columns_of(table: str) -> set[str]:
    """Columns of a table of docs/tables.md that have a word in Chinese."""
    if table in TABLES:
        return {column.name for column in TABLES[table]}
    return {*EVENTS[table].columns} if table in EVENTS else {*COLUMN_WORDS} & {"version", "as_of"}


def _marts_named(text: str) -> list[str]:
    words = _words(text)
    return [name for name in tables_shown() if name in words]


def _words(text: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(text)}


def _has_tables(connection: DuckDBPyConnection) -> bool:
    found = connection.execute("select count(*) from duckdb_views() where view_name = 'pools'").fetchall()
    return bool(found[0][0])


def _is_file(source: object) -> bool:
    return isinstance(source, str | os.PathLike) and Path(source).is_file()


def _no_version(source: object, version: int | None) -> None:
    if version is not None:
        raise InputError.of("no_versions", where=str(source))
