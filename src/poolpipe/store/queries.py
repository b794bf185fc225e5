"""SQL over a store or the folder of a result, in DuckDB."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from poolpipe.errors import InputError
from poolpipe.paths import arrow_file
from poolpipe.results.queries import answer, tables_named
from poolpipe.results.written import opened
from poolpipe.store.ledger import is_store
from poolpipe.store.reader import StoreReader
from poolpipe.store.views import TableView, open_views

if TYPE_CHECKING:
    from collections.abc import Iterator

    import polars as pl
    from duckdb import DuckDBPyConnection

__all__ = ["connect", "query"]


def connect(
    source: StoreReader | str | os.PathLike[str], *, version: int | None = None
) -> DuckDBPyConnection:
    """Open a DuckDB connection in which every table of a store or a result is a view; `poolpipe.connect` adds the marts.

    Parameters
    ----------
    source : Store, str or Path
        A store, or the folder of a result.
    version : int, optional
        Of a store; the newest by default.

    Raises
    ------
    InputError
        If it is neither, has no such version, or a file is damaged.
    """
    if isinstance(source, StoreReader):
        return source.connect(version)
    if not isinstance(source, str | os.PathLike):
        raise InputError.of("no_path", where="source", given=repr(source))
    if is_store(Path(source)):
        with StoreReader(source) as store:
            return store.connect(version)
    with _views_of_result(Path(source), version) as views:
        return open_views(views)


def query(source: str | os.PathLike[str], text: str, *, version: int | None = None) -> pl.DataFrame:
    """Answer a SELECT over a store or the folder of a result; see `connect`.

    Parameters
    ----------
    source, version
        As in `connect`.
    text : str
        The query.

    Raises
    ------
    InputError
        If DuckDB refuses it, it is not one SELECT, or it asks for conclusions of a version that has none; or as `connect`.
    """
    if is_store(Path(source)):
        with StoreReader(source) as store:
            return store.sql(text, version)
    with _views_of_result(Path(source), version) as views:
        named = {name: views[name] for name in tables_named(text, list(views))}
        with open_views(named) as connection:
            return answer(connection, text, {name: view.schema.names for name, view in views.items()})


@contextmanager
def _views_of_result(folder: Path, version: int | None) -> Iterator[dict[str, TableView]]:
    """The tables of a result, proved to be those that its summary names, before and after they are read."""
    if version is not None:
        raise InputError.of("no_versions", where=str(folder))
    with opened(folder) as written:
        views = {}
        for name in written.tables:
            path = written.path(name)
            with arrow_file(path) as file:
                views[name] = TableView(pq.read_schema(file), [path])
        yield views
        written.check()
